import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  createTill,
  type Json,
  makeBasket,
  makeTemplate,
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
  // What is shown as a whole second is found by it.
  now = fromDate(new Date('2031-07-02T10:00:00.250Z'))
  const third = await payBasket(till, (await makeBasket(till, [{ product: shop.shirt }])).id)
  const instant = 'start=2031.07.02+12:00:00&end=2031.07.02+12:00:00'
  assert.deepEqual(await ids(instant), [third.id])
  assert.deepEqual(await ids(`${july}&page=9`), [])
  assert.deepEqual(await ids('channel=ipad&limit=1'), [third.id])
  assert.deepEqual(await ids('channel=ebay'), [])
  const all = await till.ok(200, 'GET', `/api/orders/?${july}`)
  assert.deepEqual(Object.keys(all), ['total', 'data'])
  assert.equal(all.total, 3)
  assert.deepEqual(all.data[2], await till.ok(200, 'GET', `/api/orders/${first.id}/`))
  assert.ok('start' in (await till.ok(400, 'GET', '/api/orders/?start=yesterday')).error.fields)
})
