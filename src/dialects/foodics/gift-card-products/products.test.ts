import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { DATA, faultsOf, type Kitchen, startKitchen } from '../../../../test/support/foodics.ts'

const PATH = '/v5/gift_card_products'
const FIXED = { name: 'Fifty', sku: 'F-50', pricing_method: 1, price: 50, category_id: 'gifts' }
const names = (rows: readonly Record<string, unknown>[]): unknown[] => rows.map(({ name }) => name)

describe('gift card products', () => {
  let kitchen: Kitchen
  before(async () => {
    kitchen = await startKitchen()
  })
  after(() => kitchen.close())

  test('a product is created with 201 and all its fields', async () => {
    const shop = await kitchen.open()
    kitchen.setClock('2031-03-05T09:01:10Z')
    const answer = await shop.send('POST', PATH, { json: FIXED })
    kitchen.setClock(undefined)
    assert.equal(answer.status, 201)
    const { id, ...rest } = DATA(answer)
    assert.match(String(id), /^[0-9a-f-]{36}$/)
    assert.deepEqual(rest, {
      name: 'Fifty',
      name_localized: null,
      image: null,
      barcode: null,
      sku: 'F-50',
      pricing_method: 1,
      price: 50,
      is_active: true,
      category: { id: 'gifts' },
      created_at: '2031-03-05 09:01:10',
      updated_at: '2031-03-05 09:01:10',
      deleted_at: null,
    })
    assert.equal((await shop.send('GET', `${PATH}/${id}`)).text, answer.text)
    assert.equal((await shop.send('GET', `/gift_card_products/${id}/`)).text, answer.text)
  })

  test('an open price is null, a price is printed as a plain number', async () => {
    const shop = await kitchen.open()
    const open = await shop.send('POST', PATH, {
      body: '{"name":"Open","sku":"O","pricing_method":2,"category_id":"c"}',
    })
    assert.match(open.text, /"pricing_method":2,"price":null,"is_active":true,/)
    const fixed = await shop.send('POST', PATH, {
      body: '{"name":"Fixed","sku":"F","pricing_method":1,"price":1.2500e1,"category_id":"c","is_active":false}',
    })
    assert.match(fixed.text, /"price":12.5,"is_active":false,/)
  })

  test('all faults are told together, a SKU that is taken among them', async () => {
    const shop = await kitchen.open()
    await shop.send('POST', PATH, { json: FIXED })
    assert.deepEqual(faultsOf(await shop.send('POST', PATH, { json: {} })), [
      'name',
      'sku',
      'category_id',
      'pricing_method',
    ])
    assert.deepEqual(
      faultsOf(await shop.send('POST', PATH, { json: { sku: 'F-50', pricing_method: 1 } })),
      ['name', 'category_id', 'price', 'sku'],
    )
    const other = await kitchen.open()
    assert.equal((await other.send('POST', PATH, { json: FIXED })).status, 201)
    assert.equal((await shop.list(PATH)).meta.total, 1)
  })

  test('PUT, PATCH and POST to its address change only what was sent', async () => {
    const shop = await kitchen.open()
    kitchen.setClock('2031-03-05T09:00:00Z')
    const id = await shop.product({ ...FIXED, tags: [{ id: 't1' }] })
    kitchen.setClock('2031-03-05T10:00:00Z')
    for (const [method, name] of [
      ['PUT', 'By PUT'],
      ['PATCH', 'By PATCH'],
      ['POST', 'By POST'],
    ] as const) {
      const answer = await shop.send(method, `${PATH}/${id}?include=tags`, { json: { name } })
      assert.equal(answer.status, 200)
      const product = DATA(answer)
      assert.deepEqual(
        [product.name, product.sku, product.price, product.tags],
        [name, 'F-50', 50, [{ id: 't1' }]],
      )
      assert.equal(product.created_at, '2031-03-05 09:00:00')
      assert.equal(product.updated_at, '2031-03-05 10:00:00')
    }
    kitchen.setClock(undefined)
  })

  test('an update judges the product as it would become, and writes nothing when it refuses', async () => {
    const shop = await kitchen.open()
    const id = await shop.product(FIXED)
    await shop.product({ name: 'Other', sku: 'TAKEN' })
    const path = `${PATH}/${id}`
    assert.deepEqual(faultsOf(await shop.send('PUT', path, { json: { sku: 'TAKEN' } })), ['sku'])
    assert.deepEqual(faultsOf(await shop.send('PUT', path, { json: { price: null, name: '' } })), [
      'name',
      'price',
    ])
    assert.equal((await shop.send('PUT', path, { json: { sku: 'F-50' } })).status, 200)
    assert.deepEqual((await shop.get(path)).name, 'Fifty')
    assert.equal((await shop.send('PUT', path, { body: '{' })).status, 400)
    assert.equal((await shop.send('PUT', `${PATH}/nope`, { json: { sku: 5 } })).status, 404)
  })

  test('deleting marks a product, restoring takes the mark off, both as often as one likes', async () => {
    const shop = await kitchen.open()
    kitchen.setClock('2031-03-05T09:00:00Z')
    const id = await shop.product(FIXED)
    const marks: unknown[] = []
    for (const [time, method, path] of [
      ['2031-03-05T10:00:00Z', 'DELETE', `${PATH}/${id}`],
      ['2031-03-05T11:00:00Z', 'DELETE', `${PATH}/${id}`],
      ['2031-03-05T12:00:00Z', 'PUT', `${PATH}/${id}/restore`],
      ['2031-03-05T13:00:00Z', 'PUT', `${PATH}/${id}/restore`],
    ] as const) {
      kitchen.setClock(time)
      const answer = await shop.send(method, path)
      assert.equal(answer.status, 200)
      marks.push(DATA(answer).deleted_at)
      assert.equal((await shop.list(PATH)).meta.total, 1)
    }
    kitchen.setClock(undefined)
    assert.deepEqual(marks, ['2031-03-05 10:00:00', '2031-03-05 10:00:00', null, null])
    assert.equal((await shop.get(`${PATH}/${id}`)).updated_at, '2031-03-05 12:00:00')
    assert.equal((await shop.send('PUT', `${PATH}/nope/restore`)).status, 404)
  })

  test('includes add the category with all its keys, and the lists as they were sent', async () => {
    const shop = await kitchen.open()
    const answer = await shop.send('POST', PATH, {
      body: '{"name":"P","sku":"P","pricing_method":2,"category_id":"cat-7","branches":[{"id":"b1","x":1.50}],"tags":[{"id":"t1"}],"unknown":1}',
    })
    const id = DATA(answer).id
    const whole = await shop.send('GET', `${PATH}/${id}?include=category,branches,tags,groups`)
    assert.match(
      whole.text,
      /"branches":\[\{"id":"b1","x":1.50\}\],"tags":\[\{"id":"t1"\}\],"groups":\[\]/,
    )
    assert.deepEqual(DATA(whole).category, {
      id: 'cat-7',
      name: 'cat-7',
      name_localized: null,
      reference: null,
      image: null,
      created_at: null,
      updated_at: null,
      deleted_at: null,
    })
    const plain = await shop.get(`${PATH}/${id}`)
    for (const name of ['branches', 'tags', 'groups']) assert.ok(!(name in plain), name)
    assert.equal((await shop.send('GET', `${PATH}/${id}?include=price`)).status, 400)
  })

  test('every filter picks its products', async () => {
    const shop = await kitchen.open()
    kitchen.setClock('2031-01-01T10:00:00Z')
    const a = await shop.product({
      name: 'A',
      sku: 'SA',
      barcode: 'BA',
      category_id: 'CA',
      tags: [{ id: 't1' }, { id: 't2' }],
    })
    kitchen.setClock('2031-01-02T10:00:00Z')
    const b = await shop.product({
      name: 'B',
      sku: 'SB',
      barcode: 'BB',
      category_id: 'CB',
      is_active: false,
      tags: [{ id: 't2' }],
    })
    kitchen.setClock('2031-01-03T10:00:00Z')
    await shop.send('DELETE', `${PATH}/${b}`)
    kitchen.setClock(undefined)
    for (const [query, expected] of [
      [`id]=${a}`, ['A']],
      [`id]=${a},${b}`, ['A', 'B']],
      ['id]=nope', []],
      ['name]=A', ['A']],
      ['name]=a', []],
      ['name]=%00', []],
      ['sku]=SA,SB', ['A', 'B']],
      ['barcode]=BB', ['B']],
      ['is_active]=true', ['A']],
      ['is_active]=0', ['B']],
      ['is_active]=true,false', ['A', 'B']],
      ['category_id]=CB', ['B']],
      ['tags.id]=t1', ['A']],
      ['tags.id]=t2', ['A', 'B']],
      ['is_deleted]=false', ['A']],
      ['is_deleted]=1', ['B']],
      ['created_on]=2031-01-01', ['A']],
      ['updated_on]=2031-01-03', ['B']],
      ['deleted_on]=2031-01-03', ['B']],
      ['deleted_on]=2031-01-04', []],
      ['updated_after]=2031-01-01 10:00:00', ['B']],
      ['updated_after]=2031-01-01 09:59:59', ['A', 'B']],
    ] as const)
      assert.deepEqual(names((await shop.list(`${PATH}?filter[${query}`)).data), expected, query)
    assert.deepEqual(
      faultsOf(await shop.send('GET', `${PATH}?filter[is_active]=yes&filter[deleted_on]=x`)),
      ['filter.is_active', 'filter.deleted_on'],
    )
    assert.equal((await shop.send('GET', `${PATH}?filter[price]=1`)).status, 400)
  })

  test('products sort by name, sku, price and time, reversed exactly', async () => {
    const shop = await kitchen.open()
    kitchen.setClock('2031-01-01T10:00:00Z')
    await shop.product({ name: 'b', sku: '1', pricing_method: 1, price: 100 })
    await shop.product({ name: 'C', sku: '3', pricing_method: 1, price: 20 })
    await shop.product({ name: 'a', sku: '2' })
    kitchen.setClock(undefined)
    for (const [sort, expected] of [
      ['name', ['C', 'a', 'b']],
      ['sku', ['b', 'a', 'C']],
      ['price', ['C', 'b', 'a']],
      ['created_at', ['b', 'C', 'a']],
      ['updated_at', ['b', 'C', 'a']],
    ] as const) {
      assert.deepEqual(names((await shop.list(`${PATH}?sort=${sort}`)).data), expected, sort)
      const reversed = names((await shop.list(`${PATH}?sort=-${sort}`)).data)
      assert.deepEqual(reversed, expected.toReversed(), `-${sort}`)
    }
    assert.equal((await shop.send('GET', `${PATH}?sort=id`)).status, 400)
  })

  test('of two products with one SKU made at the same time one is refused', async () => {
    const shop = await kitchen.open()
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => shop.send('POST', PATH, { json: FIXED })),
    )
    const made = answers.filter(({ status }) => status === 201)
    assert.equal(made.length, 1)
    for (const answer of answers)
      if (answer.status !== 201) assert.deepEqual(faultsOf(answer), ['sku'])
    assert.equal((await shop.list(PATH)).meta.total, 1)
  })
})
