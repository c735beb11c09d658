import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  DATA,
  faultsOf,
  type Kitchen,
  type Shop,
  startKitchen,
} from '../../../../test/support/foodics.ts'

const PATH = '/v5/orders'
const references = (rows: readonly Record<string, unknown>[]): unknown[] =>
  rows.map(({ reference }) => reference)

/** Sells a card of a product; the members of `gift_card` as they stand in the JSON. */
const sale = (shop: Shop, productId: string, members = '') =>
  shop.send('POST', PATH, {
    body: `{"type":1,"branch_id":"b","gift_card":{"gift_card_product_id":"${productId}"${members}}}`,
  })

describe('orders', () => {
  let kitchen: Kitchen
  before(async () => {
    kitchen = await startKitchen()
  })
  after(() => kitchen.close())

  test('an order is created with 201, all its fields, and defaults for what was not sent', async () => {
    const shop = await kitchen.open()
    kitchen.setClock('2031-03-05T23:59:59Z')
    const answer = await shop.send('POST', PATH, { json: { type: 3, branch_id: 'b7' } })
    kitchen.setClock(undefined)
    assert.equal(answer.status, 201)
    const { id, ...rest } = DATA(answer)
    assert.match(String(id), /^[0-9a-f-]{36}$/)
    assert.deepEqual(rest, {
      app_id: null,
      reference: 1,
      number: 1,
      check_number: null,
      type: 3,
      source: 2,
      status: 1,
      delivery_status: null,
      guests: null,
      kitchen_notes: null,
      customer_notes: null,
      business_date: '2031-03-05',
      subtotal_price: 0,
      discount_amount: 0,
      rounding_amount: 0,
      total_price: 0,
      meta: null,
      branch: { id: 'b7' },
      customer: null,
      gift_card: null,
      products: [],
      combos: [],
      charges: [],
      payments: [],
      tags: [],
      opened_at: '2031-03-05 23:59:59',
      due_at: null,
      closed_at: null,
      created_at: '2031-03-05 23:59:59',
      updated_at: '2031-03-05 23:59:59',
    })
    assert.equal((await shop.send('GET', `${PATH}/${id}`)).text, answer.text)
    assert.equal((await shop.send('GET', `${PATH}/`)).status, 200)
  })

  test('what is sent besides is stored and echoed byte for byte, prices exactly', async () => {
    const shop = await kitchen.open()
    const answer = await shop.send('POST', PATH, {
      body: `{"type":1,"branch_id":"b","customer_id":"k1","guests":4,"kitchen_notes":"no \\u0000 onions","due_at":"2031-01-01 10:00:00",
        "meta":{"external":{"ref":1.50}},"products":[{"product_id":"p","quantity":1e2,"unit_price":10.10}],"payments":[{"amount":1.0}],
        "subtotal_price":10.50,"discount_amount":"0.00001","rounding_amount":-0.05,"total_price":1.045e1,"unknown":true}`,
    })
    assert.equal(answer.status, 201)
    assert.match(answer.text, /"guests":4,"kitchen_notes":"no \\u0000 onions",/)
    assert.match(answer.text, /"meta":\{"external":\{"ref":1.50\}\}/)
    assert.match(
      answer.text,
      /"products":\[\{"product_id":"p","quantity":1e2,"unit_price":10.10\}\]/,
    )
    assert.match(answer.text, /"payments":\[\{"amount":1.0\}\]/)
    assert.match(
      answer.text,
      /"subtotal_price":10.5,"discount_amount":0.00001,"rounding_amount":-0.05,"total_price":10.45,/,
    )
    assert.match(answer.text, /"customer":\{"id":"k1"\}/)
    assert.equal((await shop.send('GET', `${PATH}/${DATA(answer).id}`)).text, answer.text)
  })

  test('references count up for each business without a gap, also when all come at once', async () => {
    const [shop, other] = [await kitchen.open(), await kitchen.open()]
    await Promise.all(Array.from({ length: 20 }, () => shop.order()))
    await other.order()
    const { data } = await shop.list(`${PATH}?sort=reference`)
    assert.deepEqual(
      references(data),
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
    assert.deepEqual(references((await shop.list(PATH)).data), references(data))
    assert.deepEqual(references((await other.list(PATH)).data), [1])
  })

  test('an order that sells a card shows it whole, with an unguessable code', async () => {
    const shop = await kitchen.open()
    const product = await shop.product()
    const answer = await sale(shop, product, ',"amount":12.50')
    assert.equal(answer.status, 201)
    const order = DATA(answer)
    const card = order.gift_card as Record<string, unknown> // Expanded.
    assert.match(String(card.code), /^[A-HJKMNP-Z2-9]{16}$/)
    assert.deepEqual(
      [card.amount, card.balance, card.gift_card_product, card.order],
      [12.5, 12.5, { id: product }, { id: order.id }],
    )
    assert.deepEqual((await shop.get(`${PATH}/${order.id}`)).gift_card, { id: card.id })
    const deep = await shop.get(`${PATH}/${order.id}?include=gift_card.gift_card_product`)
    const shown = deep.gift_card as Record<string, Record<string, unknown>> // Expanded.
    assert.equal(shown.gift_card_product?.name, 'Card')
  })

  test('a fixed price is the value of the card; another amount is refused', async () => {
    const shop = await kitchen.open()
    const product = await shop.product({ pricing_method: 1, price: 50 })
    for (const members of ['', ',"amount":50', ',"amount":"50.00"']) {
      const card = DATA(await sale(shop, product, members)).gift_card as Record<string, unknown>
      assert.equal(card.balance, 50)
    }
    for (const amount of ['49.99999', '0', '-50', 'null', '"x"'])
      assert.deepEqual(faultsOf(await sale(shop, product, `,"amount":${amount}`)), [
        'gift_card.amount',
      ])
    assert.equal((await shop.list(PATH)).meta.total, 3)
  })

  test('an open price needs an amount above zero', async () => {
    const shop = await kitchen.open()
    const product = await shop.product()
    for (const members of [
      '',
      ',"amount":0',
      ',"amount":-1',
      ',"amount":0.000001',
      ',"amount":null',
    ])
      assert.deepEqual(faultsOf(await sale(shop, product, members)), ['gift_card.amount'], members)
    assert.equal((await shop.list(PATH)).meta.total, 0)
  })

  test('only a product that exists, is active and not deleted can be sold', async () => {
    const [shop, other] = [await kitchen.open(), await kitchen.open()]
    const inactive = await shop.product({ is_active: false })
    const deleted = await shop.product()
    await shop.send('DELETE', `/v5/gift_card_products/${deleted}`)
    const foreign = await other.product()
    for (const id of [inactive, deleted, foreign, 'nope', deleted.toUpperCase()])
      assert.deepEqual(faultsOf(await sale(shop, id, ',"amount":5')), [
        'gift_card.gift_card_product_id',
      ])
    await shop.send('PUT', `/v5/gift_card_products/${deleted}/restore`)
    assert.equal((await sale(shop, deleted, ',"amount":5')).status, 201)
  })

  test('a code is kept as given, and taken only once, whoever else races for it', async () => {
    const shop = await kitchen.open({ cards: [{ code: 'WORLD', value: '5' }] })
    const product = await shop.product()
    const sell = (code: string) => sale(shop, product, `,"amount":5,"code":${JSON.stringify(code)}`)
    const card = DATA(await sell('My Card 1')).gift_card as Record<string, unknown> // Sold.
    assert.equal(card.code, 'My Card 1')
    assert.deepEqual(faultsOf(await sell('My Card 1')), ['gift_card.code'])
    assert.deepEqual(faultsOf(await sell('WORLD')), ['gift_card.code'])
    const racers = await Promise.all(Array.from({ length: 6 }, () => sell('RACE')))
    assert.equal(racers.filter(({ status }) => status === 201).length, 1)
    for (const racer of racers)
      if (racer.status !== 201) assert.deepEqual(faultsOf(racer), ['gift_card.code'])
    // A refused order leaves no gap in the references.
    assert.deepEqual(references((await shop.list(PATH)).data), [1, 2])
  })

  test('all faults of an order are told together, those of its card among them', async () => {
    const shop = await kitchen.open({ cards: [{ code: 'WORLD', value: '5' }] })
    const answer = await shop.send('POST', PATH, {
      json: {
        type: 9,
        total_price: -1,
        gift_card: { gift_card_product_id: 'nope', amount: 0, code: 'WORLD' },
      },
    })
    assert.deepEqual(faultsOf(answer), [
      'type',
      'branch_id',
      'total_price',
      'gift_card.gift_card_product_id',
      'gift_card.amount',
      'gift_card.code',
    ])
  })

  test('payments of an order never move the balance of a card', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('50')
    await shop.order({ payments: [{ amount: 20, gift_card_id: card.id }], total_price: 20 })
    assert.equal(await shop.balance(card.code), 50)
  })

  test('every filter picks its orders', async () => {
    const shop = await kitchen.open()
    kitchen.setClock('2031-01-01T10:00:00Z')
    const first = await shop.order({ branch_id: 'b1', type: 1, customer_id: 'k1' })
    kitchen.setClock('2031-01-02T10:00:00Z')
    await shop.order({ branch_id: 'b2', type: 2 })
    kitchen.setClock('2031-01-03T10:00:00Z')
    await shop.order({ branch_id: 'b1', type: 4, customer_id: 'k2' })
    kitchen.setClock(undefined)
    const huge = '9'.repeat(30)
    for (const [query, expected] of [
      [`id]=${first}`, [1]],
      ['reference]=2,3', [2, 3]],
      [`reference]=${huge}`, []],
      ['number]=1', [1]],
      ['reference_after]=0', [1, 2, 3]],
      ['reference_after]=2', [3]],
      [`reference_after]=${huge}`, []],
      [`reference_after]=-${huge}`, [1, 2, 3]],
      ['branch_id]=b1', [1, 3]],
      ['customer_id]=k1,k2', [1, 3]],
      ['type]=2,4', [2, 3]],
      ['source]=2', [1, 2, 3]],
      ['source]=1', []],
      ['status]=1', [1, 2, 3]],
      ['status]=4,5', []],
      ['business_date]=2031-01-01,2031-01-03', [1, 3]],
      ['business_date_after]=2031-01-02', [3]],
      ['business_date_before]=2031-01-02', [1]],
      ['created_on]=2031-01-02', [2]],
      ['updated_on]=2031-01-02,2031-01-03', [2, 3]],
      ['updated_after]=2031-01-02 10:00:00', [3]],
    ] as const)
      assert.deepEqual(
        references((await shop.list(`${PATH}?filter[${query}`)).data),
        expected,
        query,
      )
    for (const name of ['reference_after', 'reference', 'number', 'type', 'source', 'status'])
      assert.deepEqual(faultsOf(await shop.send('GET', `${PATH}?filter[${name}]=x`)), [
        `filter.${name}`,
      ])
  })

  test('orders sort by each of their fields, reversed exactly', async () => {
    const shop = await kitchen.open()
    kitchen.setClock('2031-01-01T10:00:00Z')
    for (let count = 0; count < 3; count += 1) await shop.order()
    kitchen.setClock(undefined)
    for (const field of [
      'reference',
      'number',
      'id',
      'business_date',
      'created_at',
      'updated_at',
    ]) {
      assert.deepEqual(
        references((await shop.list(`${PATH}?sort=${field}`)).data),
        [1, 2, 3],
        field,
      )
      assert.deepEqual(
        references((await shop.list(`${PATH}?sort=-${field}`)).data),
        [3, 2, 1],
        field,
      )
    }
    assert.equal((await shop.send('GET', `${PATH}?sort=total_price`)).status, 400)
  })

  test('relations that clients name are accepted and have no effect', async () => {
    const shop = await kitchen.open()
    await shop.order()
    const plain = (await shop.list(PATH)).data
    const { data } = await shop.list(
      `${PATH}?sort[0]=-created_at&per_page=5&include=branch,customer,products.product,payments.payment_method,charges,gift_card,gift_card.gift_card_product,original_order.x.y`,
    )
    assert.deepEqual(data, plain)
    assert.equal((await shop.send('GET', `${PATH}?include=nope`)).status, 400)
  })

  test('orders end after page 10, transactions do not; reference_after leads on', async () => {
    const shop = await kitchen.open()
    for (let count = 0; count < 12; count += 1) await shop.order()
    const tenth = await shop.list(`${PATH}?per_page=1&page=10`)
    assert.deepEqual(references(tenth.data), [10])
    assert.deepEqual([tenth.meta.last_page, tenth.links.next], [10, null])
    const eleventh = await shop.list(`${PATH}?per_page=1&page=11`)
    assert.deepEqual([eleventh.data, eleventh.meta.last_page], [[], 10])
    assert.deepEqual(
      references((await shop.list(`${PATH}?filter[reference_after]=10`)).data),
      [11, 12],
    )
    const card = await shop.sell('50')
    const order = await shop.order()
    for (let count = 0; count < 11; count += 1) await shop.book(card.id, '-1', order)
    const beyond = await shop.list('/v5/gift_card_transactions?per_page=1&page=11')
    assert.equal(beyond.data.length, 1)
  })

  test('orders of another business are not there', async () => {
    const [shop, other] = [await kitchen.open(), await kitchen.open()]
    const id = await other.order()
    assert.equal((await shop.send('GET', `${PATH}/${id}`)).status, 404)
    assert.equal((await shop.list(`${PATH}?filter[id]=${id}`)).meta.total, 0)
  })
})
