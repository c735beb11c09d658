import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  createTill,
  type Json,
  makeBasket,
  makePrecoded,
  makeTemplate,
  openShop,
  payBasket,
  SECOND_TILL,
  type Shop,
  sellCards,
  shopWorld,
  type Till,
} from '../../../../test/support/inventorum.ts'
import { fromDate, type Instant } from '../../../money/instant.ts'

let app: TestApp
let till: Till
let shop: Shop
const DAY = 86_400_000_000n
let now: Instant = fromDate(new Date('2031-02-03T08:15:20Z'))

before(async () => {
  app = await startTestApp({
    world: shopWorld({ inventorum: { invoice_counter: 40 } }),
    overrides: { now: () => now },
  })
  till = createTill(app.http)
  shop = await openShop(till)
})
after(() => app.close())

const pay = (id: number, json: unknown) => till.ok(400, 'POST', `/api/basket/${id}/payment/`, json)
const lastNumber = async (): Promise<bigint> => {
  const [row] = await app.owner<{ last_invoice_number: bigint }[]>`
    select last_invoice_number from inventorum_accounts a join merchants m on m.id = a.merchant_id
    where m.slug = 'acme'`
  return row?.last_invoice_number ?? -1n
}

test('the amount is what remains, neither less nor more', async () => {
  const [code = ''] = await sellCards(till, shop.multi, ['50.00'])
  const basket = await makeBasket(till, [{ product: shop.shirt, price: '85.76' }], {
    redeem_code: [code],
  })
  const before = await lastNumber()
  for (const amount of ['35.75', '35.77', '85.76', '0', 0]) {
    const json = await pay(basket.id, { amount, method: 0 })
    assert.deepEqual(json, {
      detail: 'Serialization error',
      error: {
        fields: { amount: ['Amount must be equal to the remaining amount of 35.76.'] },
        description: 'Serialization error',
        key: 'common.serializer_error',
      },
      amount: ['Amount must be equal to the remaining amount of 35.76.'],
    })
  }
  assert.equal(await lastNumber(), before)
  assert.equal(
    (await till.ok(200, 'GET', `/api/v2/giftcards/${code}/validate`)).remaining_value,
    '50.00',
  )
  const order = await till.ok(200, 'POST', `/api/orders/${basket.id}/payment`, {
    amount: '35.7600',
    method: '4',
  })
  assert.deepEqual([order.state, order.payments[0].payment_method], [360, '4'])
})

test('cash rounding shifts what is to be paid, by ten cents at most', async () => {
  const basket = await makeBasket(till, [{ product: shop.shirt, price: '9.98' }])
  assert.deepEqual(
    (await pay(basket.id, { amount: '10.00', method: 0, rounded: '0.11' })).error.fields,
    {
      rounded: ['Ensure this value is less than or equal to 0.10.'],
    },
  )
  assert.deepEqual(
    (await pay(basket.id, { amount: '9.98', method: 0, rounded: '0.02' })).error.fields,
    {
      amount: ['Amount must be equal to the remaining amount of 9.98.'],
    },
  )
  const order = await till.ok(200, 'POST', `/api/basket/${basket.id}/payment/`, {
    amount: '10.00',
    method: 0,
    rounded: '0.02',
  })
  assert.deepEqual([order.total, order.amount_paid], ['9.98', '10.0000000000'])
  const down = await makeBasket(till, [{ product: shop.shirt, price: '9.98' }])
  await till.ok(200, 'POST', `/api/basket/${down.id}/payment/`, {
    amount: '9.95',
    method: 0,
    rounded: '-0.03',
  })
})

test("the order's existence comes first, then its state, then the body", async () => {
  assert.equal(
    (await till.ok(404, 'POST', '/api/basket/999999/payment/', {})).error.key,
    'order.not_found',
  )
  const basket = await makeBasket(till, [{ product: shop.shirt }])
  const missing = { amount: ['This field is required.'], method: ['This field is required.'] }
  assert.deepEqual((await pay(basket.id, {})).error.fields, missing)
  assert.deepEqual((await pay(basket.id, { amount: 'x', method: 99 })).error.fields, {
    amount: ['A valid number is required.'],
    method: ['"99" is not a valid choice.'],
  })
  await payBasket(till, basket.id)
  for (const body of [{}, { amount: '25.76', method: 0 }, { amount: 'x' }]) {
    const again = await pay(basket.id, body)
    assert.equal(again.error.key, 'order.invalid_state')
    assert.deepEqual(again.non_field_errors, ['Order is not in state Draft or Pending.'])
  }
})

test('products that went and templates that ended are told at their lines', async () => {
  const gone = await till.ok(201, 'POST', '/api/products/', {
    name: 'Gone',
    tax_type: shop.taxes['7'],
    price: 1,
  })
  const ending = await makeTemplate(till, {
    tax_type: shop.taxes['19'],
    giftcard_template: { type: 'single-purpose', valid_until_date: '2031-02-04T00:00:00Z' },
  })
  const deleted = await makeTemplate(till, { tax_type: shop.taxes['19'] })
  const basket = await makeBasket(till, [
    { product: gone.id },
    { product: shop.shirt },
    { product: ending.id },
    { product: deleted.id },
  ])
  await till.send('DELETE', `/api/products/${gone.id}/`)
  await till.send('DELETE', `/api/v2/giftcards/${deleted.id}/`)
  now += DAY
  const before = await lastNumber()
  const json = await pay(basket.id, { amount: '226.83', method: 0 })
  assert.deepEqual(json.error.fields, {
    items: [
      { product: [`Invalid pk "${gone.id}" - object does not exist.`] },
      {},
      { product: ['Gift card template has expired.'] },
      { product: [`Invalid pk "${deleted.id}" - object does not exist.`] },
    ],
  })
  assert.equal(await lastNumber(), before)
})

test('cards that went bad since they were attached stop the payment; one that was emptied does not', async () => {
  const soon = await makeTemplate(till, {
    tax_type: shop.taxes['19'],
    giftcard_template: { type: 'single-purpose', valid_until_unit: 'day', valid_until_value: 2 },
  })
  const [expiring = ''] = await sellCards(till, soon.id, ['10.00'])
  const [blocked = '', emptied = ''] = await sellCards(till, shop.multi, ['9.00', '8.00'])
  const basket = await makeBasket(till, [{ product: shop.pants, price: '100.00' }], {
    redeem_code: [blocked, emptied, expiring],
  })
  const spend = await makeBasket(till, [{ product: shop.shirt, price: '8.00' }], {
    redeem_code: [emptied],
  })
  await payBasket(till, spend.id, '0')
  await app.owner`update cards set state = 'blocked' where code = ${blocked}`
  now += 3n * DAY
  assert.deepEqual((await pay(basket.id, { amount: '100.00', method: 0 })).error.fields, {
    redeem_code: [
      `Gift card with redeem code ${blocked} is not active.`,
      `Gift card with redeem code ${expiring} has expired.`,
    ],
  })
  await app.owner`update cards set state = 'active' where code = ${blocked}`
  await till.send('DELETE', `/api/basket/${basket.id}/add_giftcard`, {
    json: { redeem_code: [expiring] },
  })
  const order = await payBasket(till, basket.id, '91.00')
  assert.deepEqual(
    order.basket.used_giftcards.map(({ redeem_code, amount_applied }: Json) => [
      redeem_code,
      amount_applied,
    ]),
    [[blocked, '-9.00']],
  )
})

test('a card is good at its last microsecond and not after it', async () => {
  const soon = await makeTemplate(till, {
    tax_type: shop.taxes['19'],
    giftcard_template: { type: 'single-purpose', valid_until_unit: 'day', valid_until_value: 1 },
  })
  const [one = '', two = ''] = await sellCards(till, soon.id, ['10.00', '10.00'])
  const make = (code: string) =>
    makeBasket(till, [{ product: shop.pants, price: '10.00' }], { redeem_code: [code] })
  const [first, second] = [await make(one), await make(two)]
  now += DAY
  await payBasket(till, first.id, '0')
  now += 1n
  assert.ok('redeem_code' in (await pay(second.id, { amount: '0', method: 0 })).error.fields)
})

test('invoice numbers continue where the account stood, without a gap for what failed', async () => {
  const before = await lastNumber()
  assert.ok(before >= 41n)
  const one = await payBasket(till, (await makeBasket(till, [{ product: shop.shirt }])).id)
  const draft = await makeBasket(till, [{ product: shop.shirt }])
  await pay(draft.id, { amount: '1.00', method: 0 })
  const other = await payBasket(
    createTill(app.http, SECOND_TILL),
    (await makeBasket(till, [{ product: shop.shirt }])).id,
  )
  assert.deepEqual(
    [one.basket.invoice_number, other.basket.invoice_number],
    [`${before + 1n}`, `${before + 2n}`],
  )
})

test('pre-coded cards are handed out lowest id first, a particular one to who asked for it', async () => {
  const template = await makePrecoded(till, shop.taxes['19'], ['PC-A', 'PC-B', 'PC-C', 'PC-D'])
  const path = `/api/v2/giftcards/${template}/pre_coded/`
  const list = (await till.ok(200, 'GET', path)).results
  const basket = await makeBasket(till, [
    { product: template },
    { product: template, pre_coded: list[0].id },
    { product: template, card_code: 'CARD-pc-c' },
  ])
  const order = await payBasket(till, basket.id)
  assert.deepEqual(
    order.basket.items.map(({ name }: Json) => name),
    ['Plastic card-PC-B', 'Plastic card-PC-A', 'Plastic card-PC-C'],
  )
  assert.doesNotMatch(JSON.stringify(order), /"PC-[ABCD]"| PC-[ABCD]/)
  const after = (await till.ok(200, 'GET', path)).results
  assert.deepEqual(
    after.map(({ redeem_code, is_issued }: Json) => [redeem_code, is_issued]),
    [
      ['PC-A', true],
      ['PC-B', true],
      ['PC-C', true],
      ['xxxxxxxxxx', false],
    ],
  )
  assert.equal((await till.ok(200, 'GET', `/api/v2/giftcards/${template}/`)).quantity, '1.00')
  const card = await till.ok(200, 'GET', '/api/v2/giftcards/pc-b/validate')
  assert.deepEqual([card.remaining_value, card.type], ['100.00', 'single-purpose'])
})

test('when pre-coded cards run out nothing is sold and no number is used', async () => {
  const template = await makePrecoded(till, shop.taxes['19'], ['LAST-1'])
  const [card = ''] = await sellCards(till, shop.multi, ['5.00'])
  const one = await makeBasket(till, [{ product: template }])
  const two = await makeBasket(till, [{ product: shop.shirt }, { product: template }], {
    redeem_code: [card],
  })
  await payBasket(till, one.id)
  const before = await lastNumber()
  const json = await pay(two.id, { amount: '120.76', method: 0 })
  assert.deepEqual(json.error.fields, {
    items: [{}, { quantity: ['Not enough pre-coded gift cards in stock.'] }],
  })
  assert.equal(await lastNumber(), before)
  assert.equal(
    (await till.ok(200, 'GET', `/api/v2/giftcards/${card}/validate`)).remaining_value,
    '5.00',
  )
  assert.equal((await till.ok(200, 'GET', `/api/orders/${two.id}/`)).state, 1)
})

test('the particular card that was asked for may be gone at the payment', async () => {
  const template = await makePrecoded(till, shop.taxes['19'], ['PICK-1', 'PICK-2'])
  const [first] = (await till.ok(200, 'GET', `/api/v2/giftcards/${template}/pre_coded/`)).results
  const basket = await makeBasket(till, [{ product: template, pre_coded: first.id }])
  await payBasket(till, (await makeBasket(till, [{ product: template }])).id)
  assert.deepEqual((await pay(basket.id, { amount: '100.00', method: 0 })).error.fields, {
    items: [{ quantity: ['Not enough pre-coded gift cards in stock.'] }],
  })
})

test('validity begins at the sale: spans in UTC, dates as they are', async () => {
  now = fromDate(new Date('2031-03-20T09:00:00Z')) + 100n
  const validity = async (giftcard_template: object) => {
    const template = await makeTemplate(till, {
      tax_type: shop.taxes['19'],
      giftcard_template: { type: 'single-purpose', ...giftcard_template },
    })
    const [code = ''] = await sellCards(till, template.id, ['10.00'])
    const { results } = await till.ok(200, 'GET', '/api/giftcards/?limit=100')
    const listed = results.find(({ redeem_code }: Json) => redeem_code === code)
    return [
      (await till.ok(200, 'GET', `/api/v2/giftcards/${code}/validate`)).valid_until,
      listed.valid_until,
    ]
  }
  assert.deepEqual(await validity({ valid_until_unit: 'day', valid_until_value: 10 }), [
    '2031-03-30T09:00:00.000100Z',
    '2031-03-30T11:00:00.000100+02:00',
  ])
  assert.deepEqual(await validity({ valid_until_unit: 'month', valid_until_value: 11 }), [
    '2032-02-20T09:00:00.000100Z',
    '2032-02-20T10:00:00.000100+01:00',
  ])
  assert.deepEqual(
    await validity({
      valid_until_date: '2033-07-21T22:59:59',
      valid_until_unit: 'day',
      valid_until_value: 1,
    }),
    ['2033-07-21T20:59:59Z', '2033-07-21T22:59:59+02:00'],
  )
})

test('an issued card keeps its name, tax and end when its template changes or goes', async () => {
  const template = await makeTemplate(till, { tax_type: shop.taxes['19'], name: 'Before' })
  const [code = ''] = await sellCards(till, template.id, ['10.00'])
  const card = await till.ok(200, 'GET', `/api/v2/giftcards/${code}/validate`)
  await till.ok(200, 'PATCH', `/api/v2/giftcards/${template.id}/`, {
    name: 'After',
    valid_until_value: 9,
  })
  await till.send('DELETE', `/api/v2/giftcards/${template.id}/`)
  assert.deepEqual(await till.ok(200, 'GET', `/api/v2/giftcards/${code}/validate`), card)
  assert.equal(card.name, 'Before')
  const basket = await makeBasket(till, [{ product: shop.pants, price: '10.00' }], {
    redeem_code: [code],
  })
  await payBasket(till, basket.id, '0')
})
