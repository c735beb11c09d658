import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  createTill,
  type Json,
  OTHER_TILL,
  shopWorld,
  type Till,
} from '../../../../test/support/inventorum.ts'

let app: TestApp
let till: Till
let taxes: Record<'19' | '7' | '0', number>
let categories: Json[]
const REQUIRED = ['This field is required.']

before(async () => {
  app = await startTestApp({ world: shopWorld(), flags: { publicUrl: 'https://pos.example' } })
  till = createTill(app.http)
  const list = await till.ok(200, 'GET', '/api/taxes/')
  taxes = { '19': list[0].id, '7': list[1].id, '0': list[2].id }
  const rows = await app.owner<{ id: bigint }[]>`
    insert into inventorum_categories (merchant_id, name, parent_id)
    select id, 'Wellness', null::int8 from merchants where slug = 'acme' returning id`
  await app.owner`
    insert into inventorum_categories (merchant_id, name, parent_id)
    select merchant_id, 'Massage', id from inventorum_categories where id = ${rows[0]?.id ?? 0n}`
  categories = await app.owner`select id::int4, name from inventorum_categories order by id`
})
after(() => app.close())

const spa = (changes: object = {}) => ({
  type: 'gift_card',
  name: 'Spa voucher',
  tax_type: taxes['19'],
  price: '42.0168',
  quantity: 4,
  giftcard_template: { type: 'single-purpose', valid_until_value: 2, valid_until_unit: 'year' },
  ...changes,
})
const make = (changes: object = {}): Promise<Json> =>
  till.ok(201, 'POST', '/api/v2/giftcards/', spa(changes))

test('a new template is answered with every key of the full shape', async () => {
  const made = await make()
  const { id, inv_id, ...rest } = made
  assert.equal(typeof id, 'number')
  assert.match(inv_id, /^\d+$/)
  assert.deepEqual(rest, {
    giftcard_template: {
      valid_until_value: 2,
      valid_until_unit: 'year',
      valid_until_date: null,
      valid_products: null,
      valid_categories: null,
      accounts: null,
      is_precoded: false,
      type: 'single-purpose',
    },
    attributes: {},
    name: 'Spa voucher',
    quantity: '4.00',
    reorder_level: '0.00',
    safety_stock: '0.00',
    price: '42.0168',
    tax_type: taxes['19'],
    custom_price: false,
    ebay_product_id: null,
    ebay_url: null,
    in_shop: false,
    shop_url: null,
    thumbnail: null,
    variation_count: 0,
    variations: [],
    average_purchase_price: '0',
    description: '',
    product_code: null,
    ean: null,
    categories: [],
    images: [],
    custom_sale: false,
    shipping_services: [],
    is_favourite: false,
    brand: '',
    supplier: '',
    meta: {},
    is_giftcard: true,
    gross_price: '50.00',
    purchase_price: '0',
    states: [],
    attributes_str: '',
    package_size_value: null,
    package_size_unit: null,
    base_price: null,
    base_size_value: null,
    base_size_unit: null,
    recommended_price: null,
    type: 'gift_card',
    source: null,
    external_id: null,
  })
})

test('later reads are compact: fifteen keys, ten decimals, a number for the inventory', async () => {
  const made = await make({ purchase_price: '1E+2', product_code: 'A1', ean: '78687868' })
  const read = await till.ok(200, 'GET', `/api/v2/giftcards/${made.id}/`)
  assert.deepEqual(read, {
    id: made.id,
    name: 'Spa voucher',
    description: '',
    quantity: '4.00',
    price: '42.0168000000',
    purchase_price: '100',
    gross_price: '50.00',
    custom_price: false,
    tax_type: taxes['19'],
    product_code: 'A1',
    ean: '78687868',
    inv_id: Number(made.inv_id),
    giftcard_template: made.giftcard_template,
    categories: [],
    images: [],
  })
})

test('a price is net; a gross price alone sets the net that gives it', async () => {
  assert.equal((await make({ price: '84.0336' })).gross_price, '100.00')
  assert.equal((await make({ price: 100, tax_type: taxes['7'] })).gross_price, '107.00')
  const gross = await make({ price: undefined, gross_price: '111.11' })
  assert.deepEqual([gross.price, gross.gross_price], ['93.3697478992', '111.11'])
  const both = await make({ price: '1', gross_price: '111.11' })
  assert.deepEqual([both.price, both.gross_price], ['1', '1.19'])
  const none = await make({ price: undefined })
  assert.deepEqual([none.price, none.gross_price], ['0', '0.00'])
  assert.equal((await make({ price: '150.0000000000' })).price, '150')
})

test('a date is repeated as it was spelled, and read later in UTC', async () => {
  const dated = (valid_until_date: string) =>
    make({ giftcard_template: { type: 'single-purpose', valid_until_date } })
  const made = await dated('2033-07-21T22:59:59')
  assert.equal(made.giftcard_template.valid_until_date, '2033-07-21T22:59:59')
  assert.equal(made.giftcard_template.valid_until_unit, 'month')
  assert.equal(made.giftcard_template.valid_until_value, null)
  const read = await till.ok(200, 'GET', `/api/v2/giftcards/${made.id}/`)
  assert.equal(read.giftcard_template.valid_until_date, '2033-07-21T20:59:59Z')
  const past = await dated('2001-01-01T00:00:00+05:30')
  assert.equal(past.giftcard_template.valid_until_date, '2001-01-01T00:00:00+05:30')
})

test('type and tax rate must agree, and pre-coded templates start without stock', async () => {
  const fault = (changes: object) => till.ok(400, 'POST', '/api/v2/giftcards/', spa(changes))
  const inner = { valid_until_value: 2, valid_until_unit: 'year' }
  assert.deepEqual(await fault({ tax_type: taxes['0'] }), {
    giftcard_template: { type: ['Single-purpose gift cards require a non-zero tax rate.'] },
  })
  assert.deepEqual(
    await fault({
      quantity: 1,
      giftcard_template: { ...inner, type: 'multi-purpose', is_precoded: true },
    }),
    {
      quantity: ['For Precoded Cards quantity should be 0.'],
      giftcard_template: { type: ['Multi-purpose gift cards require a zero tax rate.'] },
    },
  )
  assert.deepEqual(
    await fault({
      giftcard_template: {
        type: 'single-purpose',
        valid_until_value: 36500,
        valid_until_unit: 'year',
      },
    }),
    {
      giftcard_template: {
        valid_until_value: [
          `Ensure this value is less than or equal to ${9_998 - new Date().getUTCFullYear()}.`,
        ],
      },
    },
  )
})

test('unknown references are told with everything else that is wrong', async () => {
  const mine = categories[0].id
  assert.deepEqual(
    await till.ok(400, 'POST', '/api/v2/giftcards/', {
      type: 'gift_card',
      tax_type: 999_999,
      categories: [{ id: mine }, { id: 888_888 }],
      images: [{ id: -777_777, new: true }],
    }),
    {
      name: REQUIRED,
      giftcard_template: REQUIRED,
      tax_type: ['Invalid pk "999999" - object does not exist.'],
      categories: [{}, { id: ['Invalid pk "888888" - object does not exist.'] }],
      images: [{ id: ['Invalid pk "-777777" - object does not exist.'] }],
    },
  )
  assert.deepEqual(await till.ok(400, 'POST', '/api/v2/giftcards/', spa({ tax_type: 999_999 })), {
    tax_type: ['Invalid pk "999999" - object does not exist.'],
  })
  const other = createTill(app.http, OTHER_TILL)
  assert.deepEqual(await other.ok(400, 'POST', '/api/v2/giftcards/', spa()), {
    tax_type: [`Invalid pk "${taxes['19']}" - object does not exist.`],
  })
})

test('a refused template leaves nothing behind', async () => {
  const before = (await till.ok(200, 'GET', '/api/v2/giftcards/')).count
  await till.ok(400, 'POST', '/api/v2/giftcards/', spa({ tax_type: taxes['0'] }))
  await till.ok(400, 'POST', '/api/v2/giftcards/', spa({ categories: [{ id: 888_888 }] }))
  assert.equal((await till.ok(200, 'GET', '/api/v2/giftcards/')).count, before)
})

test('categories are shown behind their parents', async () => {
  const made = await make({
    categories: [{ id: categories[1].id }, { id: categories[0].id }, { id: categories[1].id }],
  })
  assert.deepEqual(made.categories, [
    { id: categories[1].id, hint: 'Wellness > Massage', name: 'Massage' },
    { id: categories[0].id, hint: 'Wellness', name: 'Wellness' },
  ])
})

test('PUT and PATCH are partial; what cannot be written is ignored', async () => {
  const made = await make()
  const path = `/api/v2/giftcards/${made.id}/`
  const changed = await till.ok(200, 'PUT', path, {
    name: 'SP GC updated',
    description: 'new description',
    purchase_price: '89.99',
    gross_price: '111.11',
    valid_until_value: 12,
    valid_until_unit: 'month',
    valid_until_date: '2101-01-01T00:00:00Z',
    ean: '222333444',
    product_code: 'abcd1122',
    custom_price: true,
    categories: [{ id: categories[0].id }],
    tax_type: taxes['0'],
    quantity: 99,
    type: 'whatever',
    is_giftcard: false,
    giftcard_template: { type: 'multi-purpose', is_precoded: true },
  })
  assert.deepEqual(changed, {
    id: made.id,
    name: 'SP GC updated',
    description: 'new description',
    quantity: '4.00',
    price: '93.3697478992',
    purchase_price: '89.99',
    gross_price: '111.11',
    custom_price: true,
    tax_type: taxes['19'],
    product_code: 'abcd1122',
    ean: '222333444',
    inv_id: Number(made.inv_id),
    giftcard_template: {
      ...made.giftcard_template,
      valid_until_value: 12,
      valid_until_unit: 'month',
      valid_until_date: '2101-01-01T00:00:00Z',
    },
    categories: [{ id: categories[0].id, hint: 'Wellness', name: 'Wellness' }],
    images: [],
  })
  const patched = await till.ok(200, 'PATCH', path, { ean: null, categories: [] })
  assert.deepEqual(patched, { ...changed, ean: null, categories: [] })
  assert.equal((await till.ok(200, 'GET', path)).price, '93.3697478992')
  assert.equal(
    (await till.ok(200, 'PATCH', path, { price: '10', gross_price: '50' })).gross_price,
    '11.90',
  )
  assert.deepEqual(await till.ok(400, 'PUT', path, { name: '', categories: [{ id: 888_888 }] }), {
    name: ['This field may not be blank.'],
    categories: [{ id: ['Invalid pk "888888" - object does not exist.'] }],
  })
})

test('an update may not leave a template without validity', async () => {
  const dated = await make({
    giftcard_template: { type: 'single-purpose', valid_until_date: '2033-01-01T00:00:00Z' },
  })
  const path = `/api/v2/giftcards/${dated.id}/`
  assert.deepEqual(await till.ok(400, 'PATCH', path, { valid_until_date: null }), {
    giftcard_template: { valid_until_value: REQUIRED },
  })
  const spanned = await till.ok(200, 'PATCH', path, {
    giftcard_template: { valid_until_date: null, valid_until_value: 3, valid_until_unit: 'week' },
  })
  assert.deepEqual(
    [spanned.giftcard_template.valid_until_date, spanned.giftcard_template.valid_until_value],
    [null, 3],
  )
  assert.deepEqual(await till.ok(400, 'PATCH', path, { valid_until_value: null }), {
    giftcard_template: { valid_until_value: REQUIRED },
  })
  const top = await till.ok(200, 'PATCH', path, {
    valid_until_unit: 'day',
    giftcard_template: { valid_until_unit: 'year' },
  })
  assert.equal(top.giftcard_template.valid_until_unit, 'day')
})

test('a deleted template is gone, and deleting it again is 404', async () => {
  const made = await make()
  const path = `/api/v2/giftcards/${made.id}`
  const deleted = await till.send('DELETE', path, {
    body: '',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  assert.equal(deleted.status, 204)
  assert.equal(deleted.text, '')
  for (const method of ['DELETE', 'GET', 'PUT', 'PATCH']) {
    const answer = await till.send(method, path)
    assert.equal(answer.status, 404)
    assert.deepEqual(answer.json, { detail: 'Not found.' })
  }
  const list = await till.ok(200, 'GET', '/api/v2/giftcards/?limit=100')
  assert.ok(!list.results.some(({ id }: Json) => id === made.id))
})

test('another account neither sees nor changes a template', async () => {
  const made = await make()
  const other = createTill(app.http, OTHER_TILL)
  for (const method of ['GET', 'PUT', 'DELETE'])
    assert.equal((await other.send(method, `/api/v2/giftcards/${made.id}/`)).status, 404)
  assert.equal((await other.ok(200, 'GET', '/api/v2/giftcards/')).count, 0)
})

test('a word is no template, whatever stands there', async () => {
  for (const path of [
    '/api/v2/giftcards/abc/',
    '/api/v2/giftcards/-1/',
    '/api/v2/giftcards/99999999999999999999999/',
  ])
    assert.deepEqual(await till.ok(404, 'GET', path), { detail: 'Not found.' })
})
