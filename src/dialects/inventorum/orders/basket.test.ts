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
  type Shop,
  shopWorld,
  type Till,
} from '../../../../test/support/inventorum.ts'
import { fromDate, type Instant } from '../../../money/instant.ts'

let app: TestApp
let till: Till
let shop: Shop
const now: Instant = fromDate(new Date('2031-02-03T08:15:20.125Z')) + 1n

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

test('the customer is any number of 64 bits, to its last digit', async () => {
  const customer = '9007199254740993'
  const made = await till.send('POST', '/api/basket/', {
    body: `{"items":[{"product":${shop.multi}}],"customer":${customer}}`,
    headers: { 'content-type': 'application/json' },
  })
  assert.match(made.text, new RegExp(`"customer":${customer}[,}]`))
  const order = await till.send('GET', `/api/orders/${(made.json as Json).id}/`)
  assert.match(order.text, new RegExp(`"customer":${customer}[,}]`))
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

test('codes that are no text are told before any of them is looked up', async () => {
  const fields = { redeem_code: ['nobody', true, 'nobody else'] }
  assert.deepEqual((await refuse([{ product: shop.multi }], fields)).error.fields, {
    redeem_code: ['Not a valid string.'],
  })
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
