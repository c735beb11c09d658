import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  createTill,
  type Json,
  makeBasket,
  makeTemplate,
  OTHER_TILL,
  openShop,
  payBasket,
  type Shop,
  shopWorld,
  type Till,
} from '../../../../test/support/inventorum.ts'
import { fromDate, type Instant } from '../../../money/instant.ts'

let app: TestApp
let till: Till
let shop: Shop
let now: Instant = fromDate(new Date('2031-02-03T08:15:20.125Z')) + 1n

before(async () => {
  app = await startTestApp({
    world: shopWorld(),
    flags: { publicUrl: 'https://pos.example' },
    overrides: { now: () => now },
  })
  till = createTill(app.http)
  shop = await openShop(till)
})
after(() => app.close())

const items = (json: Json): Json[] => json.error.fields.items
const refuse = (items: unknown, more: object = {}): Promise<Json> =>
  till.ok(400, 'POST', '/api/basket/', { items, ...more })

test('a basket is answered with its summary', async () => {
  const made = await makeBasket(
    till,
    [
      { product: shop.single, price: 100.0 },
      { product: shop.multi, price: 50 },
    ],
    {
      note_internal: 'internal',
      note_external: 'external',
      customer: 77,
      description: 'd',
      external_id: 'e-1',
    },
  )
  const { id, basket, user, ...rest } = made
  assert.ok(Number.isInteger(id) && Number.isInteger(basket) && Number.isInteger(user))
  assert.deepEqual(rest, {
    total: '150.00',
    customer: 77,
    state: '01',
    completed_at: '2031-02-03T09:15:20.125+01:00',
    channel: 1,
    shipment: null,
    description: 'd',
    external_id: 'e-1',
  })
})

test('a draft reads as an order that nobody paid, under either path', async () => {
  const made = await makeBasket(till, [{ product: shop.multi }], {
    note_internal: 'n',
    external_id: 'x',
  })
  const order = await till.ok(200, 'GET', `/api/orders/${made.id}/`)
  assert.deepEqual(await till.ok(200, 'GET', `/api/basket/${made.id}`), order)
  const [line] = order.basket.items
  assert.deepEqual(order, {
    id: made.id,
    basket: {
      note_internal: 'n',
      note_external: null,
      items: [
        {
          id: line.id,
          name: 'GC_MP-',
          discount: null,
          original_quantity: '1.00',
          price: '50.0000000000',
          product: shop.multi,
          quantity: 1,
          tax_rate: '0.000',
          gross_price: '50.00',
          type: 'gift_card',
          external_id: null,
          unit_gross_price: '50.00',
          product_code: null,
          giftcard_id: null,
          giftcard_type: 'multi-purpose',
          info: null,
          user: null,
          employees: [],
        },
      ],
      discount: null,
      receipt: null,
      invoice_number: null,
      used_giftcards: [],
    },
    state: 1,
    customer: null,
    amount_paid: '0.0000000000',
    payments: [],
    shipment: null,
    channel: 'ipad',
    time_added: '2031-02-03T08:15:20+00:00',
    completed_at: null,
    description: null,
    user: made.user,
    total: '50.00',
    external_id: 'x',
    delta_state: 'created',
    user_id: made.user,
    available_refund_types: [],
    ksv_payloads: [],
    printable: [],
  })
})

test("the price of a line is gross, and the net is the product's own where the gross is", async () => {
  const made = await makeBasket(till, [
    { product: shop.pants, price: 95.62 },
    { product: shop.pants, price: '100' },
    { product: shop.pants },
    { product: shop.pants, price: 1, gross_price: '10.005', quantity: '2.5' },
    { product: shop.keyboard, price: '10.00' },
    { product: shop.shirt, price: 0 },
  ])
  const { basket, total } = await till.ok(200, 'GET', `/api/orders/${made.id}/`)
  assert.deepEqual(
    basket.items.map((line: Json) => [
      line.price,
      line.unit_gross_price,
      line.gross_price,
      line.quantity,
    ]),
    [
      ['80.3500000000', '95.62', '95.62', 1],
      ['84.0336134454', '100.00', '100.00', 1],
      ['80.3500000000', '95.62', '95.62', 1],
      ['8.4117647059', '10.01', '25.03', 2.5],
      ['9.3460000000', '10.00', '10.00', 1],
      ['0.0000000000', '0.00', '0.00', 1],
    ],
  )
  assert.equal(total, '326.27')
  assert.equal(made.total, '326.27')
})

test('a name overrides that of goods, not that of cards, and is a snapshot', async () => {
  const product = await till.ok(201, 'POST', '/api/products/', {
    name: 'Old name',
    tax_type: shop.taxes['7'],
    price: 1,
    product_code: 'P-1',
  })
  const made = await makeBasket(till, [
    { product: product.id },
    { product: product.id, name: 'Blue' },
    { product: shop.multi, name: 'Ignored' },
  ])
  await till.ok(200, 'PUT', `/api/products/${product.id}/`, {
    name: 'New name',
    product_code: null,
  })
  const { basket } = await till.ok(200, 'GET', `/api/orders/${made.id}/`)
  assert.deepEqual(
    basket.items.map(({ name }: Json) => name),
    ['Old name', 'Blue', 'GC_MP-'],
  )
  assert.deepEqual(
    basket.items.map(({ product_code }: Json) => product_code),
    ['P-1', 'P-1', null],
  )
})

test('several cards of one line are lines of their own', async () => {
  const made = await makeBasket(till, [
    { product: shop.multi, price: 20, quantity: 3 },
    { product: shop.shirt, quantity: 2 },
  ])
  assert.equal(made.total, '111.52')
  const { basket } = await till.ok(200, 'GET', `/api/orders/${made.id}/`)
  assert.deepEqual(
    basket.items.map(({ quantity, gross_price, original_quantity }: Json) => [
      quantity,
      gross_price,
      original_quantity,
    ]),
    [
      [1, '20.00', '1.00'],
      [1, '20.00', '1.00'],
      [1, '20.00', '1.00'],
      [2, '51.52', '2.00'],
    ],
  )
})

test('gift card lines have rules of their own, told at the line', async () => {
  const expired = await makeTemplate(till, {
    tax_type: shop.taxes['19'],
    giftcard_template: { type: 'single-purpose', valid_until_date: '2031-01-01' },
  })
  const precoded = await makeTemplate(till, {
    tax_type: shop.taxes['19'],
    quantity: 0,
    giftcard_template: {
      type: 'single-purpose',
      is_precoded: true,
      valid_until_value: 1,
      valid_until_unit: 'year',
    },
  })
  await till.ok(200, 'POST', `/api/v2/giftcards/${precoded.id}/pre_coded/`, [
    { redeem_code: 'SALE-1', card_code: 'SALE-CARD-1', product: precoded.id },
  ])
  const [card] = (await till.ok(200, 'GET', `/api/v2/giftcards/${precoded.id}/pre_coded/`)).results
  const none = ['Not enough pre-coded gift cards in stock.']
  const cases: [object[], object[]][] = [
    [[{ product: shop.multi, price: 0 }], [{ price: ['Ensure this value is greater than 0.'] }]],
    [
      [{ product: shop.multi, price: '0.004' }],
      [{ price: ['Ensure this value is greater than 0.'] }],
    ],
    [[{ product: shop.multi, quantity: 1.5 }], [{ quantity: ['A valid integer is required.'] }]],
    [[{ product: expired.id }], [{ product: ['Gift card template has expired.'] }]],
    [[{ product: precoded.id, quantity: 2 }], [{ quantity: none }]],
    [
      [{ product: precoded.id }, { product: shop.shirt }, { product: precoded.id }],
      [{}, {}, { quantity: none }],
    ],
    [
      [{ product: precoded.id, pre_coded: 999_999 }],
      [{ pre_coded: ['Invalid pk "999999" - object does not exist.'] }],
    ],
    [
      [{ product: precoded.id, card_code: 'nothing' }],
      [{ pre_coded: ['Invalid pk "nothing" - object does not exist.'] }],
    ],
    [
      [{ product: shop.multi, pre_coded: card.id }],
      [{ pre_coded: [`Invalid pk "${card.id}" - object does not exist.`] }],
    ],
    [
      [
        { product: precoded.id, pre_coded: card.id },
        { product: precoded.id, card_code: 'sale-card-1' },
      ],
      [{}, { pre_coded: ['Invalid pk "sale-card-1" - object does not exist.'], quantity: none }],
    ],
    [
      [{ product: 999_999 }, { product: shop.shirt }],
      [{ product: ['Invalid pk "999999" - object does not exist.'] }, {}],
    ],
    [
      [{ product: shop.pants, price: '9999999999.99', quantity: 2 }],
      [{ price: ['Ensure that there are no more than 10 digits before the decimal point.'] }],
    ],
  ]
  for (const [sent, faults] of cases)
    assert.deepEqual(items(await refuse(sent)), faults, JSON.stringify(sent))
  await makeBasket(till, [{ product: precoded.id, card_code: ' sale-CARD-1 ' }])
})

test('faults of lines, references and cards are told together', async () => {
  const answer = await refuse([{ product: 999_999, quantity: 'x' }, { quantity: 1 }], {
    redeem_code: ['nobody', 'nobody'],
    discount: 5,
  })
  assert.deepEqual(answer.error.fields, {
    items: [
      {
        quantity: ['A valid number is required.'],
        product: ['Invalid pk "999999" - object does not exist.'],
      },
      { product: ['This field is required.'] },
    ],
    redeem_code: [
      'Gift card with redeem code nobody does not exist.',
      "Duplicate redeem codes ['nobody'].",
    ],
    discount: ['Discounts are not supported.'],
  })
  assert.deepEqual(answer.items, answer.error.fields.items)
})

test('no more than 500 lines, counted after cards have a line each', async () => {
  const text = ['Ensure this field has no more than 500 elements.']
  assert.deepEqual(items(await refuse([{ product: shop.multi, quantity: 501 }])), text)
  assert.deepEqual(
    items(await refuse([{ product: shop.multi, quantity: 500 }, { product: shop.shirt }])),
    text,
  )
  await makeBasket(till, [{ product: shop.multi, quantity: 500 }])
})

test('a refused basket leaves no order', async () => {
  const count = async () => (await app.owner`select 1 from inventorum_orders`).length
  const before = await count()
  await refuse([{ product: shop.multi, price: 0 }])
  await refuse([{ product: shop.shirt }], { redeem_code: ['nobody'] })
  assert.equal(await count(), before)
})

test("another account's products do not exist, and neither do its orders", async () => {
  const other = createTill(app.http, OTHER_TILL)
  const faults = await other.ok(400, 'POST', '/api/basket/', { items: [{ product: shop.shirt }] })
  assert.deepEqual(items(faults), [
    { product: [`Invalid pk "${shop.shirt}" - object does not exist.`] },
  ])
  const made = await makeBasket(till, [{ product: shop.shirt }])
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', 'payment/'],
    ['POST', 'add_giftcard'],
    ['DELETE', 'add_giftcard'],
  ] as const) {
    const answer = await other.send(method, `/api/basket/${made.id}/${path}`)
    assert.equal(answer.status, 404)
    assert.equal((answer.json as Json).error.key, 'order.not_found')
  }
  for (const id of ['0', 'abc', '99999999999999999999'])
    assert.equal((await till.ok(404, 'GET', `/api/orders/${id}/`)).error.key, 'order.not_found')
})

test('a paid order shows codes, payment, receipt and number; drafts do not count', async () => {
  const made = await makeBasket(till, [
    { product: shop.single, price: 100.0 },
    { product: shop.multi, price: 50 },
  ])
  now += 2_500_000n
  const order = await till.ok(200, 'POST', `/api/basket/${made.id}/payment/`, {
    rounded: '0',
    amount: 150.0,
    method: 0,
  })
  const [single, multi] = order.basket.items
  assert.match(single.name, /^SP GC- [1-9]\d{11}$/)
  assert.match(multi.name, /^GC_MP- [1-9]\d{11}$/)
  assert.deepEqual([single.giftcard_type, multi.giftcard_type], ['single-purpose', 'multi-purpose'])
  assert.ok(Number.isInteger(single.giftcard_id) && multi.giftcard_id > single.giftcard_id)
  assert.deepEqual([single.price, single.tax_rate], ['84.0336134454', '19.000'])
  assert.equal(order.basket.invoice_number, '1')
  assert.equal(order.state, 360)
  assert.equal(order.amount_paid, '150.0000000000')
  assert.equal(order.total, '150.00')
  assert.equal(order.delta_state, 'updated')
  assert.equal(order.time_added, '2031-02-03T08:15:20+00:00')
  assert.equal(order.completed_at, '2031-02-03T08:15:22+00:00')
  assert.deepEqual(order.available_refund_types, ['0', '6', '1', '3', '2', '19', '20'])
  const [payment] = order.payments
  assert.deepEqual(payment, {
    id: payment.id,
    payment_method: '0',
    payment_amount: '150.0000000000',
    date: '2031-02-03T08:15:22+00:00',
    transaction_id: null,
    transaction_duration: null,
    paypal_invoice_id: null,
    paypal_tab_id: null,
    external_payment_method: null,
    giftcard_id: null,
    giftcard_type: null,
    giftcard_discount: null,
    state: { name: 'Accepted', id: 0 },
  })
  assert.deepEqual(await till.ok(200, 'GET', `/api/orders/${made.id}/`), order)
})

test('a sold card is worth what was paid for it, whatever its template says', async () => {
  const made = await makeBasket(till, [{ product: shop.multi, price: '12.34' }])
  const order = await payBasket(till, made.id)
  const code = order.basket.items[0].name.split(' ')[1]
  const card = await till.ok(200, 'GET', `/api/v2/giftcards/${code}/validate`)
  assert.deepEqual([card.original_amount, card.remaining_value], ['12.34', '12.34'])
})

test('stock moves when an order is completed, below zero if need be', async () => {
  const stock = async (id: number) =>
    (await till.ok(200, 'GET', `/api/products/quantity/?id=${id}`))[0].quantity
  const made = await makeBasket(till, [
    { product: shop.shirt, quantity: '101.50' },
    { product: shop.shirt, quantity: 1 },
    { product: shop.multi, quantity: 12 },
  ])
  assert.deepEqual([await stock(shop.shirt), await stock(shop.multi)], ['100.00', '8.00'])
  await payBasket(till, made.id)
  assert.deepEqual([await stock(shop.shirt), await stock(shop.multi)], ['-2.50', '-4.00'])
})

test('what was sold keeps its rate when the tax type changes', async () => {
  const tax = await till.ok(200, 'POST', '/api/taxes/', { name: '13%', tax_rate: 13 })
  const product = await till.ok(201, 'POST', '/api/products/', {
    name: 'Tea',
    tax_type: tax.id,
    price: 100,
  })
  const template = await makeTemplate(till, { tax_type: tax.id, name: 'T' })
  const made = await makeBasket(till, [{ product: product.id }, { product: template.id }])
  await till.ok(200, 'PUT', `/api/taxes/${tax.id}/`, { name: '14%', tax_rate: 14 })
  assert.equal((await till.ok(200, 'GET', `/api/products/${product.id}/`)).gross_price, '114.00')
  const order = await payBasket(till, made.id)
  assert.deepEqual(
    order.basket.items.map(({ tax_rate }: Json) => tax_rate),
    ['13.000', '13.000'],
  )
  const code = order.basket.items[1].name.split(' ')[1]
  assert.equal(
    (await till.ok(200, 'GET', `/api/v2/giftcards/${code}/validate`)).tax_rate,
    '13.0000000000',
  )
})

test('a rate that gift cards rely on does not change its kind', async () => {
  const used = { tax_rate: ['Tax rate is used by gift cards.'] }
  const untaxed = `/api/taxes/${shop.taxes['0']}/`
  const refused = await till.ok(400, 'PUT', untaxed, { name: '6%', tax_rate: 6 })
  assert.deepEqual(refused.error.fields, used)
  assert.equal((await till.ok(200, 'GET', untaxed)).tax_rate, '0.000')
})

test('a cancelled order is cancelled for good', async () => {
  const made = await makeBasket(till, [{ product: shop.shirt }])
  assert.equal((await till.send('DELETE', `/api/basket/${made.id}/`)).status, 204)
  const order = await till.ok(200, 'GET', `/api/orders/${made.id}/`)
  assert.deepEqual([order.state, order.basket.used_giftcards, order.completed_at], [4, [], null])
  const again = await till.ok(400, 'DELETE', `/api/basket/${made.id}/`)
  assert.deepEqual(again.error, {
    fields: { non_field_errors: ['Order is not in state Draft or Pending.'] },
    description: 'Order is not in state Draft or Pending.',
    key: 'order.invalid_state',
  })
  assert.equal(
    (await till.ok(400, 'POST', `/api/basket/${made.id}/payment/`, {})).error.key,
    'order.invalid_state',
  )
  assert.equal(
    (await till.ok(405, 'DELETE', `/api/orders/${made.id}/`)).detail,
    'Method "DELETE" not allowed.',
  )
})

test('a pending order is open as a draft is', async () => {
  const made = await makeBasket(till, [{ product: shop.shirt, price: 1 }])
  await app.owner`update inventorum_orders set state = 2 where id = ${made.id}`
  const order = await payBasket(till, made.id)
  assert.equal(order.state, 360)
})

test('completed orders are listed newest first, by their local time of completion', async () => {
  now = fromDate(new Date('2031-07-01T10:00:00Z'))
  const first = await payBasket(till, (await makeBasket(till, [{ product: shop.shirt }])).id)
  now = fromDate(new Date('2031-07-01T11:00:00Z'))
  const second = await payBasket(till, (await makeBasket(till, [{ product: shop.shirt }])).id)
  await makeBasket(till, [{ product: shop.shirt }])
  const ids = async (query: string) =>
    (await till.ok(200, 'GET', `/api/orders/?${query}`)).data.map(({ id }: Json) => id)
  assert.deepEqual((await ids('')).slice(0, 2), [second.id, first.id])
  const july = 'start=2031.07.01+12:00:00'
  assert.deepEqual(await ids(july), [second.id, first.id])
  assert.deepEqual(await ids(`${july}&end=2031.07.01%2012:59:59`), [first.id])
  assert.deepEqual(await ids(`${july}&limit=1&page=2`), [first.id])
  assert.deepEqual(await ids(`${july}&page=9`), [])
  assert.deepEqual(await ids('channel=ipad&limit=1'), [second.id])
  assert.deepEqual(await ids('channel=ebay'), [])
  const all = await till.ok(200, 'GET', `/api/orders/?${july}`)
  assert.deepEqual(Object.keys(all), ['total', 'data'])
  assert.equal(all.total, 2)
  assert.deepEqual(all.data[1], await till.ok(200, 'GET', `/api/orders/${first.id}/`))
  assert.ok('start' in (await till.ok(400, 'GET', '/api/orders/?start=yesterday')).error.fields)
})
