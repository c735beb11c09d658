import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/support/app.ts'
import {
  createTill,
  type Json,
  makeBasket,
  makePrecoded,
  openShop,
  payBasket,
  type Shop,
  sellCards,
  shopWorld,
  type Till,
} from '../../test/support/inventorum.ts'
import { wallClock } from '../money/instant.ts'
import { verify } from '../verify.ts'
import { type CheckoutStep, createCheckout } from './checkout.ts'
import type { Merchant } from './merchants.ts'
import { createMerchants } from './merchants.ts'

let app: TestApp
let till: Till
let shop: Shop
let merchant: Merchant
let userId: bigint

before(async () => {
  app = await startTestApp({ world: shopWorld() })
  till = createTill(app.http)
  shop = await openShop(till)
  merchant = (await createMerchants({ db: app.db }).findBySlug('acme')) ?? assert.fail()
  const [row] = await app.owner<{ id: bigint }[]>`
    select id from credentials where merchant_id = ${merchant.id} and name = 'till'`
  userId = row?.id ?? assert.fail()
})
after(() => app.close())

/** Every row that a payment could touch, as text. */
async function snapshot(): Promise<string> {
  const tables = [
    'inventorum_accounts',
    'inventorum_orders',
    'inventorum_order_lines',
    'inventorum_order_cards',
    'inventorum_payments',
    'inventorum_receipts',
    'inventorum_products',
    'inventorum_precoded_cards',
    'inventorum_cards',
    'cards',
    'entries',
    'card_blocks',
    'card_registers',
  ]
  const rows = await Promise.all(
    tables.map(
      (table) =>
        app.owner`select ${table} as name, t::text as row from ${app.owner(table)} t order by 2`,
    ),
  )
  return JSON.stringify(rows)
}

const STEPS: readonly CheckoutStep[] = ['locked', 'planned', 'redeemed', 'issued', 'written']

test('a payment that breaks off at any step leaves everything as it was', async () => {
  const template = await makePrecoded(till, shop.taxes['19'], ['BREAK-1'])
  const codes = await sellCards(till, shop.multi, ['50.00', '20.00'])
  const basket = await makeBasket(
    till,
    [
      { product: shop.pants },
      { product: template },
      { product: shop.single },
      { product: shop.shirt, quantity: 2 },
    ],
    { redeem_code: codes },
  )
  const before = await snapshot()
  for (const broken of STEPS) {
    const pay = createCheckout({
      db: app.db,
      now: wallClock,
      randomBytes,
      atStep: (step) => {
        if (step === broken) throw new Error(`broken at ${step}`)
      },
    })
    const payment = pay({
      caller: { merchant, userId },
      orderId: BigInt(basket.id),
      payment: () => ({
        amount: BigInt(basket.total.replace('.', '')) * 1_000n,
        method: 0,
        rounded: 0n,
      }),
    })
    await assert.rejects(payment, { message: `broken at ${broken}` })
    assert.equal(await snapshot(), before, broken)
  }
  const order = await payBasket(till, basket.id)
  assert.equal(order.state, 360)
  assert.notEqual(await snapshot(), before)
})

test('a generated code that exists already is drawn again', async () => {
  const [taken = ''] = await sellCards(till, shop.multi, ['5.00'])
  const basket = await makeBasket(till, [{ product: shop.multi }, { product: shop.multi }])
  const bytesOf = (code: string): Buffer => {
    const bytes = Buffer.alloc(5)
    bytes.writeUIntBE(Number(BigInt(code) - 100_000_000_000n), 0, 5)
    return bytes
  }
  const draws = [
    bytesOf(taken),
    bytesOf('777777777777'),
    bytesOf('888888888888'),
    bytesOf('888888888888'),
  ]
  const pay = createCheckout({
    db: app.db,
    now: wallClock,
    randomBytes: (size) => (size === 5 ? draws.shift() : undefined) ?? randomBytes(size),
  })
  const order = await pay({
    caller: { merchant, userId },
    orderId: BigInt(basket.id),
    payment: () => ({ amount: 10_000_000n, method: 0, rounded: 0n }),
  })
  const labels = order.lines.map(({ cardLabel }) => cardLabel)
  assert.equal(new Set(labels).size, 2)
  assert.ok(!labels.includes(taken) && !labels.includes('888888888888'))
})

test('the cards of one order are one event, those of its neighbours in the same commit are others', async () => {
  const codes = await sellCards(till, shop.multi, ['10.00', '10.00', '10.00', '10.00'])
  const baskets = await Promise.all(
    [codes.slice(0, 2), codes.slice(2)].map((redeem_code) =>
      makeBasket(till, [{ product: shop.shirt, price: '20.00' }], { redeem_code }),
    ),
  )
  await Promise.all(baskets.map(({ id }) => payBasket(till, id, '0')))
  const events = await app.owner<{ order_ref: string; entries: bigint; events: bigint }[]>`
    select order_ref, count(*) as entries, count(distinct event_id) as events from entries
    where order_ref = any(${baskets.map(({ id }) => String(id))}) group by order_ref`
  assert.deepEqual(
    events.map(({ entries, events }) => [entries, events]),
    [
      [2n, 1n],
      [2n, 1n],
    ],
  )
  const [all] = await app.owner<{ events: bigint }[]>`
    select count(distinct event_id) as events from entries
    where order_ref = any(${baskets.map(({ id }) => String(id))})`
  assert.equal(all?.events, 2n)
})

test('32 payments at once get 32 numbers in a row', async () => {
  const before = await payBasket(till, (await makeBasket(till, [{ product: shop.shirt }])).id)
  const baskets = await Promise.all(
    Array.from({ length: 32 }, () => makeBasket(till, [{ product: shop.shirt, price: '1.00' }])),
  )
  const orders = await Promise.all(baskets.map(({ id }) => payBasket(till, id, '1.00')))
  const first = Number(before.basket.invoice_number)
  assert.deepEqual(
    orders.map(({ basket }) => Number(basket.invoice_number)).toSorted((a, b) => a - b),
    Array.from({ length: 32 }, (_, index) => first + 1 + index),
  )
})

test('payments through several processes take turns, and failures leave no gap', async () => {
  const second = await startTestApp({ database: app })
  try {
    const before = Number(
      (await payBasket(till, (await makeBasket(till, [{ product: shop.shirt }])).id)).basket
        .invoice_number,
    )
    const tills = [till, createTill(second.http)]
    const baskets = await Promise.all(
      Array.from({ length: 24 }, () => makeBasket(till, [{ product: shop.shirt, price: '1.00' }])),
    )
    const answers = await Promise.all(
      baskets.map(({ id }, index) =>
        tills[index % 2]?.send('POST', `/api/basket/${id}/payment/`, {
          json: { amount: index % 3 === 0 ? '2.00' : '1.00', method: 0 },
        }),
      ),
    )
    const paid = answers.flatMap((answer) => (answer?.status === 200 ? [answer.json as Json] : []))
    assert.equal(paid.length, 16)
    assert.deepEqual(
      paid.map(({ basket }) => Number(basket.invoice_number)).toSorted((a, b) => a - b),
      Array.from({ length: 16 }, (_, index) => before + 1 + index),
    )
  } finally {
    await second.close()
  }
})

test('two payments that hold the same card spend it once', async () => {
  for (let round = 0; round < 4; round += 1) {
    const [code = ''] = await sellCards(till, shop.multi, ['50.00'])
    const baskets = await Promise.all(
      [1, 2, 3].map(() =>
        makeBasket(till, [{ product: shop.shirt, price: '50.00' }], { redeem_code: [code] }),
      ),
    )
    const answers = await Promise.all(
      baskets.map(({ id }) =>
        till.send('POST', `/api/basket/${id}/payment/`, { json: { amount: '0', method: 0 } }),
      ),
    )
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400])
    for (const { status, json } of answers)
      if (status === 400)
        assert.deepEqual((json as Json).amount, [
          'Amount must be equal to the remaining amount of 50.00.',
        ])
    const card = await till.ok(200, 'GET', `/api/v2/giftcards/${code}/validate`)
    assert.equal(card.remaining_value, '0.00')
  }
})

test('two payments for the last pre-coded card sell it once', async () => {
  for (let round = 0; round < 4; round += 1) {
    const template = await makePrecoded(till, shop.taxes['19'], [`RACE-${round}`])
    const baskets = await Promise.all([1, 2].map(() => makeBasket(till, [{ product: template }])))
    const answers = await Promise.all(
      baskets.map(({ id }) =>
        till.send('POST', `/api/basket/${id}/payment/`, { json: { amount: '100.00', method: 0 } }),
      ),
    )
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400])
    const refused = answers.find(({ status }) => status === 400)?.json as Json
    assert.deepEqual(refused.items, [{ quantity: ['Not enough pre-coded gift cards in stock.'] }])
  }
})

test('the same payment sent twice is taken once', async () => {
  for (let round = 0; round < 4; round += 1) {
    const [code = ''] = await sellCards(till, shop.multi, ['50.00'])
    const basket = await makeBasket(till, [{ product: shop.shirt, price: '60.00' }], {
      redeem_code: [code],
    })
    const answers = await Promise.all(
      [1, 2, 3].map(() =>
        till.send('POST', `/api/basket/${basket.id}/payment/`, {
          json: { amount: '10.00', method: 0 },
        }),
      ),
    )
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400])
    for (const { status, json } of answers)
      if (status === 400) assert.equal((json as Json).error.key, 'order.invalid_state')
    const order = await till.ok(200, 'GET', `/api/orders/${basket.id}/`)
    assert.deepEqual([order.payments.length, order.amount_paid], [1, '10.0000000000'])
  }
})

test('a payment and the removal of its card come one after the other', async () => {
  for (let round = 0; round < 6; round += 1) {
    const [code = ''] = await sellCards(till, shop.multi, ['50.00'])
    const basket = await makeBasket(till, [{ product: shop.shirt, price: '50.00' }], {
      redeem_code: [code],
    })
    const [payment, removal] = await Promise.all([
      till.send('POST', `/api/basket/${basket.id}/payment/`, { json: { amount: '0', method: 0 } }),
      till.send('DELETE', `/api/basket/${basket.id}/add_giftcard`, {
        json: { redeem_code: [code] },
      }),
    ])
    const { remaining_value } = await till.ok(200, 'GET', `/api/v2/giftcards/${code}/validate`)
    const order = await till.ok(200, 'GET', `/api/orders/${basket.id}/`)
    if (payment.status === 200) {
      assert.deepEqual([removal.status, remaining_value, order.state], [400, '0.00', 360])
      assert.equal((removal.json as Json).error.key, 'order.invalid_state')
    } else {
      assert.deepEqual(
        [payment.status, removal.status, remaining_value, order.state],
        [400, 204, '50.00', 1],
      )
      assert.equal(order.total, '50.00')
    }
  }
})

test('a payment and the deletion of what it sells come one after the other', async () => {
  for (let round = 0; round < 4; round += 1) {
    const template = await makePrecoded(till, shop.taxes['19'], [`DEL-${round}`])
    const [card] = (await till.ok(200, 'GET', `/api/v2/giftcards/${template}/pre_coded/`)).results
    const basket = await makeBasket(till, [{ product: template }])
    const [payment, removal] = await Promise.all([
      till.send('POST', `/api/basket/${basket.id}/payment/`, {
        json: { amount: '100.00', method: 0 },
      }),
      till.send('DELETE', `/api/v2/giftcards/${template}/pre_coded/${card.id}/`),
    ])
    assert.deepEqual(
      [payment.status, removal.status],
      payment.status === 200 ? [200, 400] : [400, 204],
    )
    const validated = await till.send('GET', `/api/v2/giftcards/DEL-${round}/validate`)
    assert.equal(validated.status, payment.status === 200 ? 200 : 404)
  }
})

test('after all of that every invariant of the ledger holds', async () => {
  assert.equal((await verify(app.db)).broken, undefined)
})
