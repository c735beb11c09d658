import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  createTill,
  type Json,
  OTHER_TILL,
  openShop,
  type Shop,
  shopWorld,
  type Till,
} from '../../../../test/support/inventorum.ts'

let app: TestApp
let till: Till
let shop: Shop

before(async () => {
  app = await startTestApp({ world: shopWorld(), flags: { publicUrl: 'https://pos.example' } })
  till = createTill(app.http)
  shop = await openShop(till)
})
after(() => app.close())

const make = (changes: object = {}): Promise<Json> =>
  till.ok(201, 'POST', '/api/products/', {
    name: 'Tea',
    tax_type: shop.taxes['7'],
    price: 2,
    ...changes,
  })

test('a product has the full shape without a template, prices at ten decimals', async () => {
  const made = await make({
    purchase_price: '1.50',
    product_code: 'T-1',
    ean: '123',
    quantity: '7.5',
    description: 'd',
  })
  assert.ok(!('giftcard_template' in made))
  assert.deepEqual(
    [made.type, made.is_giftcard, made.price, made.gross_price, made.purchase_price, made.quantity],
    ['product', false, '2.0000000000', '2.14', '1.5', '7.50'],
  )
  assert.equal(typeof made.inv_id, 'string')
  const read = await till.ok(200, 'GET', `/api/products/${made.id}/`)
  assert.deepEqual(read, { ...made, inv_id: Number(made.inv_id) })
})

test('goods and templates share one space of ids, and templates are goods too', async () => {
  const list = await till.ok(200, 'GET', '/api/products/?limit=3')
  assert.deepEqual(Object.keys(list), ['total', 'data'])
  const template = await till.ok(200, 'GET', `/api/products/${shop.single}/`)
  assert.deepEqual(
    [template.is_giftcard, template.type, template.price],
    [true, 'gift_card', '84.0336134454'],
  )
  assert.equal(template.giftcard_template.type, 'single-purpose')
  assert.equal((await till.send('GET', `/api/v2/giftcards/${shop.pants}/`)).status, 404)
})

test('lists have 40 rows at most, search in three fields, and two envelopes', async () => {
  await Promise.all(
    Array.from({ length: 42 }, (_, index) => make({ name: `Bulk ${index}`, ean: `9000${index}` })),
  )
  const all = await till.ok(200, 'GET', '/api/products/?limit=100')
  assert.equal(all.data.length, 40)
  assert.deepEqual((await till.ok(200, 'GET', '/api/products/?page=999')).data, [])
  assert.deepEqual((await till.ok(200, 'GET', '/api/products/?page=x&limit=y')).data.length, 40)
  await make({ name: '100% Linen_1', product_code: 'LIN-1' })
  const found = async (search: string) =>
    (await till.ok(200, 'GET', `/api/products/?search=${encodeURIComponent(search)}`)).data.map(
      ({ name }: Json) => name,
    )
  assert.deepEqual(await found('100% l'), ['100% Linen_1'])
  assert.deepEqual(await found('lin-'), ['100% Linen_1'])
  assert.deepEqual(await found('n_1'), ['100% Linen_1'])
  assert.deepEqual(await found('900041'), ['Bulk 41'])
  assert.deepEqual(await found('\0'), [])
  const paged = await till.send('GET', '/api/products/?limit=2&search=Bulk', {
    headers: { 'x-api-version': '13' },
  })
  const json = paged.json as Json
  assert.deepEqual([json.count, json.results.length, json.previous], [42, 2, null])
  assert.equal(json.next, 'https://pos.example/api/products/?limit=2&search=Bulk&page=2')
  // Only the envelope is another: 40 rows, and no more.
  for (const query of ['', '?limit=60']) {
    const page = await till.send('GET', `/api/products/${query}`, {
      headers: { 'x-api-version': '14' },
    })
    assert.equal((page.json as Json).results.length, 40)
  }
  const past = await till.send('GET', '/api/products/?page=999', {
    headers: { 'x-api-version': '13' },
  })
  assert.deepEqual([past.status, (past.json as Json).detail], [404, 'Invalid page.'])
})

test('PUT is partial; of a template tax and stock are left alone', async () => {
  const made = await make()
  const changed = await till.ok(200, 'PUT', `/api/products/${made.id}`, {
    name: 'Coffee',
    gross_price: '11.90',
    tax_type: shop.taxes['19'],
    quantity: 5,
  })
  assert.deepEqual(
    [changed.name, changed.price, changed.gross_price, changed.tax_type, changed.quantity],
    ['Coffee', '10.0000000000', '11.90', shop.taxes['19'], '5.00'],
  )
  const template = await till.ok(200, 'PUT', `/api/products/${shop.multi}/`, {
    name: 'Renamed',
    tax_type: shop.taxes['19'],
    quantity: 99,
  })
  assert.deepEqual(
    [template.name, template.tax_type, template.quantity],
    ['Renamed', shop.taxes['0'], '10.00'],
  )
})

test('faults come in the wrapped shape, with unknown references', async () => {
  const json = await till.ok(400, 'POST', '/api/products/', { tax_type: 999_999, price: 'x' })
  assert.deepEqual(json.error.fields, {
    name: ['This field is required.'],
    price: ['A valid number is required.'],
    tax_type: ['Invalid pk "999999" - object does not exist.'],
  })
  assert.deepEqual(json.name, json.error.fields.name)
})

test('what is not there has its own key', async () => {
  const gone = await make()
  assert.equal((await till.send('DELETE', `/api/products/${gone.id}/`)).status, 204)
  for (const id of [gone.id, 999_999, 'abc'])
    for (const [method, path] of [
      ['GET', ''],
      ['PUT', ''],
      ['DELETE', ''],
      ['PUT', 'adjust_inventory/'],
    ] as const) {
      const answer = await till.send(method, `/api/products/${id}/${path}`)
      assert.equal(answer.status, 404)
      assert.deepEqual(answer.json, {
        detail: 'Not found.',
        error: { fields: {}, description: null, key: 'product.not_found' },
      })
    }
  assert.equal(
    (await createTill(app.http, OTHER_TILL).send('GET', `/api/products/${shop.pants}/`)).status,
    404,
  )
})

test('quantities are told for several products at once', async () => {
  const one = await make({ quantity: 4 })
  const json = await till.ok(
    200,
    'GET',
    `/api/products/quantity/?id=${shop.single}&id=${one.id}&id=999999`,
  )
  assert.deepEqual(json, [
    { quantity: '10.00', id: shop.single },
    { quantity: '4.00', id: one.id },
  ])
  assert.deepEqual(await till.ok(200, 'GET', '/api/products/quantity/'), [])
  assert.deepEqual((await till.ok(400, 'GET', '/api/products/quantity/?id=x')).error.fields, {
    id: ['Enter a number.'],
  })
})

test('stock is adjusted by a signed delta, below zero too', async () => {
  const made = await make({ quantity: 2 })
  const path = `/api/products/${made.id}/adjust_inventory/`
  assert.deepEqual(
    await till.ok(200, 'PUT', path, { stock: { quantity: '-3', date: '03.02.2031' } }),
    {
      id: made.id,
      quantity: '-1.00',
    },
  )
  assert.equal((await till.ok(200, 'PUT', path, { stock: { quantity: 2.5 } })).quantity, '1.50')
  assert.deepEqual((await till.ok(400, 'PUT', path, {})).error.fields, {
    stock: ['This field is required.'],
  })
  assert.deepEqual(
    (await till.ok(400, 'PUT', path, { stock: { quantity: 'x', date: '2031-02-03' } })).error
      .fields,
    {
      stock: {
        quantity: ['A valid number is required.'],
        date: ['Date has wrong format. Use one of these formats instead: DD.MM.YYYY.'],
      },
    },
  )
  assert.equal(
    (
      await till.ok(200, 'PUT', `/api/products/${shop.single}/adjust_inventory/`, {
        stock: { quantity: 1 },
      })
    ).quantity,
    '11.00',
  )
})

test('adjustments at once all count', async () => {
  const made = await make({ quantity: 0 })
  const path = `/api/products/${made.id}/adjust_inventory/`
  await Promise.all(
    Array.from({ length: 10 }, () => till.ok(200, 'PUT', path, { stock: { quantity: 1 } })),
  )
  assert.equal((await till.ok(200, 'GET', `/api/products/${made.id}/`)).quantity, '10.00')
})

test('the account and its taxes are told at once', async () => {
  const info = await till.ok(200, 'GET', '/api/info/')
  assert.equal(info.tax_types.length, 3)
  assert.deepEqual(
    { ...info.account, id: 0 },
    {
      id: 0,
      name: 'Corner Shöp & Söhne',
      store_name: 'Corner Shöp & Söhne',
      country: 'DE',
      email: 'till@example.org',
    },
  )
})
