import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createClient, startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  createTill,
  type Json,
  makeBasket,
  makePrecoded,
  OTHER_TILL,
  openShop,
  PRETIX,
  payBasket,
  type Shop,
  sellCards,
  shopWorld,
  type Till,
} from '../../../../test/support/inventorum.ts'
import { fromDate, type Instant } from '../../../money/instant.ts'
import { verify } from '../../../verify.ts'

let app: TestApp
let till: Till
let shop: Shop
let now: Instant = fromDate(new Date('2031-02-03T08:16:02Z'))

before(async () => {
  app = await startTestApp({ world: shopWorld(), overrides: { now: () => now } })
  till = createTill(app.http)
  shop = await openShop(till)
})
after(() => app.close())

const sell = async (items: object[], more: object = {}): Promise<Json> =>
  payBasket(till, (await makeBasket(till, items, more)).id)
const refund = (id: number, json: object = { method: 0 }): Promise<Json> =>
  till.ok(200, 'POST', `/api/orders/${id}/refund/`, json)
const refuse = (id: number, json: object = { method: 0 }): Promise<Json> =>
  till.ok(400, 'POST', `/api/orders/${id}/refund/`, json)
const codeOf = ({ name }: Json): string => name.split(' ').at(-1)
const validate = (code: string): Promise<Json> =>
  till.ok(200, 'GET', `/api/v2/giftcards/${code}/validate`)
const listed = async (code: string): Promise<Json> =>
  (await till.ok(200, 'GET', '/api/giftcards/?limit=100')).results.find(
    ({ redeem_code }: Json) => redeem_code === code,
  )
const stock = async (id: number): Promise<string> =>
  (await till.ok(200, 'GET', `/api/products/quantity/?id=${id}`))[0].quantity

test('a sold card that was never used is returned: worthless, listed with its time, and gone for good', async () => {
  const order = await sell([{ product: shop.multi, price: '30.00' }])
  const code = codeOf(order.basket.items[0])
  now += 60_000_000n
  const back = await refund(order.id)
  assert.equal(back.state, 376)
  assert.deepEqual(back.available_refund_types, [])
  assert.deepEqual(
    back.payments.map(({ payment_amount, payment_method }: Json) => [
      payment_amount,
      payment_method,
    ]),
    [
      ['30.0000000000', '0'],
      ['-30.0000000000', '0'],
    ],
  )
  const card = await listed(code)
  assert.deepEqual(
    [card.amount, card.current_value, card.is_valid, card.returned_at],
    ['30.00', '0.00', false, '2031-02-03T09:17:02+01:00'],
  )
  const validated = await validate(code)
  assert.deepEqual(
    [validated.original_amount, validated.remaining_value, validated.was_used],
    ['30.00', '0.00', false],
  )
  const basket = await makeBasket(till, [{ product: shop.shirt }])
  const refused = await till.ok(400, 'POST', `/api/basket/${basket.id}/add_giftcard`, {
    redeem_code: [code],
  })
  assert.deepEqual(refused.redeem_code, [`Gift card with redeem code ${code} has been returned.`])
  const pretix = createClient(app.http, { authorization: `Token ${PRETIX}` })
  const seen = (await pretix.send('GET', `/api/v1/organizers/acme/giftcards/?secret=${code}`))
    .json as Json
  const load = await pretix.send(
    'POST',
    `/api/v1/organizers/acme/giftcards/${seen.results[0].id}/transact/`,
    {
      json: { value: '5.00' },
    },
  )
  assert.deepEqual([load.status, load.json], [409, { value: ['The gift card is not active.'] }])
  assert.equal((await refuse(order.id)).error.key, 'order.invalid_state')
})

test('a returned pre-coded card keeps its code and its place out of stock', async () => {
  const template = await makePrecoded(till, shop.taxes['19'], ['BACK-1', 'BACK-2'])
  const order = await sell([{ product: template }])
  await refund(order.id)
  assert.equal((await till.ok(200, 'GET', `/api/v2/giftcards/${template}/`)).quantity, '1.00')
  const again = await till.ok(400, 'POST', `/api/v2/giftcards/${template}/pre_coded/`, [
    { redeem_code: 'back-1', card_code: 'another', product: template },
  ])
  assert.deepEqual(again, [{ redeem_code: ['Redeem code already exists.'] }])
})

test('a card that was used, loaded or returned is not taken back, and then nothing is', async () => {
  const order = await sell([{ product: shop.multi, price: '30.00' }, { product: shop.shirt }])
  const [line] = order.basket.items
  const spend = await makeBasket(till, [{ product: shop.shirt, price: '1.00' }], {
    redeem_code: [codeOf(line)],
  })
  const before = await stock(shop.shirt)
  await payBasket(till, spend.id)
  const used = ['Gift card has already been used.']
  assert.deepEqual((await refuse(order.id)).error.fields, { items: [{ id: used }, {}] })
  assert.deepEqual((await refuse(order.id, { method: 0, items: [{ id: line.id }] })).error.fields, {
    items: [{ id: used }],
  })
  assert.equal(Number(await stock(shop.shirt)), Number(before) - 1)
  assert.equal((await validate(codeOf(line))).remaining_value, '29.00')
  await refund(spend.id)
  assert.equal((await validate(codeOf(line))).remaining_value, '30.00')
  const partly = await refund(order.id, { method: 0, items: [{ id: line.id }] })
  assert.deepEqual([partly.state, partly.payments[1].payment_amount], [360, '-30.0000000000'])
  assert.deepEqual((await refuse(order.id, { method: 0, items: [{ id: line.id }] })).error.fields, {
    items: [{ id: used }],
  })

  const loaded = await sell([{ product: shop.multi, price: '30.00' }])
  const code = codeOf(loaded.basket.items[0])
  const pretix = createClient(app.http, { authorization: `Token ${PRETIX}` })
  const seen = (await pretix.send('GET', `/api/v1/organizers/acme/giftcards/?secret=${code}`))
    .json as Json
  await pretix.send('POST', `/api/v1/organizers/acme/giftcards/${seen.results[0].id}/transact/`, {
    json: { value: '5.00' },
  })
  assert.deepEqual((await refuse(loaded.id)).error.fields, { items: [{ id: used }] })
  assert.equal((await validate(code)).remaining_value, '35.00')
})

test('cards that paid get back exactly what they gave, whole orders only', async () => {
  const [one = '', two = ''] = await sellCards(till, shop.multi, ['20.00', '50.00'])
  const order = await sell(
    [
      { product: shop.pants, price: '40.00' },
      { product: shop.shirt, price: '45.00', quantity: 1 },
    ],
    { redeem_code: [one, two] },
  )
  assert.equal(order.amount_paid, '15.0000000000')
  const [line] = order.basket.items
  assert.deepEqual((await refuse(order.id, { method: 0, items: [{ id: line.id }] })).error.fields, {
    items: ['An order that used gift cards can only be refunded as a whole.'],
  })
  assert.deepEqual((await refuse(order.id, {})).error.fields, {
    method: ['This field is required.'],
  })
  assert.equal((await validate(one)).remaining_value, '0.00')
  const back = await refund(order.id, {
    method: 6,
    items: order.basket.items.map(({ id }: Json) => ({ id })),
  })
  assert.deepEqual([back.state, back.amount_paid, back.total], [376, '0.0000000000', '15.00'])
  assert.deepEqual(back.payments[1].payment_method, '6')
  assert.deepEqual(back.basket.used_giftcards, order.basket.used_giftcards)
  assert.deepEqual(
    [(await validate(one)).remaining_value, (await validate(two)).remaining_value],
    ['20.00', '50.00'],
  )
  assert.deepEqual(
    (await listed(two)).redemption.map(({ amount, order_id }: Json) => [amount, order_id]),
    [
      ['50.00', order.id],
      ['-50.00', order.id],
    ],
  )
})

test('nothing to pay back needs no method, and an expired card gets its value all the same', async () => {
  const [code = ''] = await sellCards(till, shop.multi, ['50.00'])
  const order = await sell([{ product: shop.shirt, price: '50.00' }], { redeem_code: [code] })
  const until = (await validate(code)).valid_until
  now = fromDate(new Date(until)) + 1_000_000n
  const back = await refund(order.id, {})
  assert.deepEqual([back.state, back.payments.length], [376, 1])
  const card = await validate(code)
  assert.deepEqual([card.remaining_value, card.valid_until], ['50.00', until])
})

test('goods go back into the stock, line by line, and the last line ends the order', async () => {
  const before = await stock(shop.keyboard)
  const order = await sell([
    { product: shop.keyboard, quantity: '2.5' },
    { product: shop.keyboard, quantity: 1 },
    { product: shop.multi, price: '5.00' },
  ])
  const [one, two, card] = order.basket.items
  const first = await refund(order.id, { method: 0, items: [{ id: one.id }] })
  assert.deepEqual([first.state, first.payments[1].payment_amount], [360, '-25.0000000000'])
  assert.equal(Number(await stock(shop.keyboard)), Number(before) - 1)
  assert.deepEqual(
    (
      await refuse(order.id, {
        method: 0,
        items: [{ id: two.id }, { id: one.id }, { id: 999_999 }, { id: two.id }],
      })
    ).error.fields,
    {
      items: [
        {},
        { id: ['Item has already been refunded.'] },
        { id: ['Invalid pk "999999" - object does not exist.'] },
        { id: ['Item has already been refunded.'] },
      ],
    },
  )
  await refund(order.id, { method: 0, items: [{ id: card.id }] })
  const last = await refund(order.id, { method: 0 })
  assert.deepEqual([last.state, last.amount_paid], [376, '0.0000000000'])
  assert.equal(await stock(shop.keyboard), before)
})

test('an order that used and sold cards goes back whole, if the sold ones are unused', async () => {
  const [paying = ''] = await sellCards(till, shop.multi, ['10.00'])
  const order = await sell(
    [
      { product: shop.shirt, price: '10.00' },
      { product: shop.multi, price: '20.00' },
    ],
    { redeem_code: [paying] },
  )
  const sold = codeOf(order.basket.items[1])
  await refund(order.id)
  assert.deepEqual(
    [(await validate(paying)).remaining_value, (await validate(sold)).remaining_value],
    ['10.00', '0.00'],
  )
})

test('only a completed order can be given back, by its own account', async () => {
  const basket = await makeBasket(till, [{ product: shop.shirt }])
  assert.equal((await refuse(basket.id, { method: 'x' })).error.key, 'order.invalid_state')
  assert.equal(
    (await till.ok(404, 'POST', '/api/orders/999999/refund/', {})).error.key,
    'order.not_found',
  )
  const order = await payBasket(till, basket.id)
  assert.equal(
    (await createTill(app.http, OTHER_TILL).send('POST', `/api/orders/${order.id}/refund/`)).status,
    404,
  )
  assert.deepEqual((await refuse(order.id, { method: 99, items: [] })).error.fields, {
    method: ['"99" is not a valid choice.'],
    items: ['This list may not be empty.'],
  })
  const counter = order.basket.invoice_number
  await refund(order.id)
  const next = await sell([{ product: shop.shirt }])
  assert.equal(Number(next.basket.invoice_number), Number(counter) + 1)
})

test('the same return sent twice happens once', async () => {
  for (let round = 0; round < 4; round += 1) {
    const [code = ''] = await sellCards(till, shop.multi, ['10.00'])
    const order = await sell([{ product: shop.shirt, price: '10.00' }], { redeem_code: [code] })
    const answers = await Promise.all(
      [1, 2, 3].map(() => till.send('POST', `/api/orders/${order.id}/refund/`, { json: {} })),
    )
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400])
    assert.equal((await validate(code)).remaining_value, '10.00')
  }
})

test('a return of a card and its redemption come one after the other', async () => {
  for (let round = 0; round < 4; round += 1) {
    const sale = await sell([{ product: shop.multi, price: '10.00' }])
    const code = codeOf(sale.basket.items[0])
    const basket = await makeBasket(till, [{ product: shop.shirt, price: '10.00' }], {
      redeem_code: [code],
    })
    const [back, payment] = await Promise.all([
      till.send('POST', `/api/orders/${sale.id}/refund/`, { json: { method: 0 } }),
      till.send('POST', `/api/basket/${basket.id}/payment/`, { json: { amount: '0', method: 0 } }),
    ])
    assert.deepEqual([back.status, payment.status].sort(), [200, 400])
    assert.equal((await validate(code)).remaining_value, '0.00')
  }
})

test('after all of that every invariant of the ledger holds', async () => {
  assert.equal((await verify(app.db)).broken, undefined)
})
