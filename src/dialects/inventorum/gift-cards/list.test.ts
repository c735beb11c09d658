import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../../../test/support/app.ts'
import { createTill, type Json, shopWorld, type Till } from '../../../../test/support/inventorum.ts'

let app: TestApp
let till: Till
let taxes: Json
let ids: number[]
let category: number

before(async () => {
  app = await startTestApp({ world: shopWorld(), flags: { publicUrl: 'https://pos.example' } })
  till = createTill(app.http)
  taxes = await till.ok(200, 'GET', '/api/taxes/')
  const [row] = await app.owner<{ id: bigint }[]>`
    insert into inventorum_categories (merchant_id, name)
    select id, 'Wellness' from merchants where slug = 'acme' returning id`
  category = Number(row?.id)
  const make = async (name: string, gross_price: string, quantity: number, changes: object = {}) =>
    (
      await till.ok(201, 'POST', '/api/v2/giftcards/', {
        is_giftcard: true,
        name,
        tax_type: taxes[0].id,
        gross_price,
        quantity,
        giftcard_template: {
          type: 'single-purpose',
          valid_until_value: 1,
          valid_until_unit: 'year',
        },
        ...changes,
      })
    ).id as number
  ids = [
    await make('beta', '100.00', 10, { product_code: 'B-1', ean: '4012345678901' }),
    await make('Alpha', '20.00', 2, { categories: [{ id: category }] }),
    await make('gamma', '100.00', 3, { tax_type: taxes[1].id }),
    await make('Alpha', '9.99', 10),
  ]
})
after(() => app.close())

const list = (query: string): Promise<Json> => till.ok(200, 'GET', `/api/v2/giftcards/?${query}`)
const places = async (query: string): Promise<number[]> =>
  (await list(query)).results.map(({ id }: Json) => ids.indexOf(id))

test('templates are listed by id, with exactly four keys around them', async () => {
  const all = await list('')
  assert.deepEqual(Object.keys(all), ['count', 'next', 'previous', 'results'])
  assert.equal(all.count, 4)
  assert.deepEqual(await places(''), [0, 1, 2, 3])
  assert.equal(Object.keys(all.results[0]).length, 15)
})

test('pages link to their neighbours and keep every other parameter', async () => {
  const first = await list('limit=2&ordering=name&filters=x%3D1')
  assert.equal(first.previous, null)
  assert.equal(
    first.next,
    'https://pos.example/api/v2/giftcards/?limit=2&ordering=name&filters=x%3D1&page=2',
  )
  const second = await list('page=2&limit=2')
  assert.equal(second.previous, 'https://pos.example/api/v2/giftcards/?limit=2')
  assert.equal(second.next, null)
  const slashless = await till.ok(200, 'GET', '/api/v2/giftcards?limit=1')
  assert.equal(slashless.next, 'https://pos.example/api/v2/giftcards?limit=1&page=2')
})

test('a limit that is none is the default, a page that is none is 404', async () => {
  for (const limit of ['0', '-1', 'x', '', '1.5', '1000'])
    assert.equal((await list(`limit=${limit}`)).results.length, 4, limit)
  for (const page of ['0', '-1', 'x', '2', '99999999999', ''])
    assert.deepEqual(await till.ok(404, 'GET', `/api/v2/giftcards/?page=${page}`), {
      detail: 'Invalid page.',
    })
  assert.equal((await list('page=1&filters=name=nothing')).count, 0)
  assert.deepEqual(await till.ok(404, 'GET', '/api/v2/giftcards/?page=2&name=nothing'), {
    detail: 'Invalid page.',
  })
})

test('elide leaves keys out, of lists and of single templates', async () => {
  const [row] = (await list('elide=categories,giftcard_template,nothing&limit=1')).results
  assert.equal(Object.keys(row).length, 13)
  assert.ok(!('categories' in row) && !('giftcard_template' in row))
  const one = await till.ok(200, 'GET', `/api/v2/giftcards/${ids[0]}/?elide=name`)
  assert.ok(!('name' in one) && 'id' in one)
})

test('ordering sorts by several names, numbers as numbers, names without case, ties by id', async () => {
  assert.deepEqual(await places('ordering=name'), [1, 3, 0, 2])
  assert.deepEqual(await places('ordering=-name'), [2, 0, 1, 3])
  assert.deepEqual(await places('ordering=quantity'), [1, 2, 0, 3])
  assert.deepEqual(await places('ordering=-quantity,price'), [3, 0, 2, 1])
  assert.deepEqual(await places('ordering=price'), [3, 1, 0, 2])
  assert.deepEqual(await places('ordering=-time_added'), [3, 2, 1, 0])
  assert.deepEqual(await places('ordering=nothing,-id'), [0, 1, 2, 3])
  await till.ok(200, 'PATCH', `/api/v2/giftcards/${ids[1]}/`, { description: 'changed' })
  assert.deepEqual(await places('ordering=-time_modified&limit=1'), [1])
})

test('filters come as pairs or as parameters of their own, and all must hold', async () => {
  const cases: [string, number[]][] = [
    ['filters=gross_price=100', [0, 2]],
    ['filters=gross_price%3D100.00', [0, 2]],
    ['gross_price=1E%2B2', [0, 2]],
    ['filters=name=ALPHA', [1, 3]],
    ['name=alpha&quantity=2', [1]],
    ['filters=name=alpha,quantity=10.00', [3]],
    ['filters=name=alpha&filters=quantity=2', [1]],
    ['product_code=b-1', [0]],
    ['ean=4012345678901', [0]],
    [`tax_type=${'TAX7'}`, [2]],
    [`filters=categories=${'CATEGORY'}`, [1]],
    ['price=84.0336134454', [0]],
    ['filters=nothing=1,name=beta', [0]],
    ['name=al', []],
    ['name=alpha&name=ALPHA', [1, 3]],
    ['name=alpha&name=beta', []],
    ['filters=name=alpha,name=beta', []],
    ['gross_price=100&filters=gross_price=119', []],
    [`categories=${'CATEGORY'}&filters=categories=${'CATEGORY'}`, [1]],
    [`categories=${'CATEGORY'}&categories=${'OTHER'}`, []],
    [`filters=categories=${'OTHER'}&filters=categories=${'CATEGORY'}`, []],
    ['tax_type=99999999999999999', []],
  ]
  for (const [query, expected] of cases) {
    const text = query
      .replace('TAX7', taxes[1].id)
      .replaceAll('CATEGORY', String(category))
      .replace('OTHER', '999999')
    assert.deepEqual(await places(text), expected, text)
  }
})

test('a filter that is no number is told so', async () => {
  for (const name of ['gross_price', 'price', 'quantity', 'tax_type', 'categories'])
    for (const query of [`${name}=x`, `filters=${name}=`, `${name}=1&filters=${name}=x`])
      assert.deepEqual(await till.ok(400, 'GET', `/api/v2/giftcards/?${query}`), {
        [name]: ['Enter a number.'],
      })
  assert.equal((await till.send('GET', '/api/v2/giftcards/?name=%00')).status, 200)
  assert.equal((await till.send('GET', '/api/v2/giftcards/?price=1e999999')).status, 400)
})
