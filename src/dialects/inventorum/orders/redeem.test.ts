import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createClient, startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  createTill,
  type Json,
  makeBasket,
  makePrecoded,
  makeTemplate,
  openShop,
  PRETIX,
  payBasket,
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
  app = await startTestApp({ world: shopWorld(), overrides: { now: () => now } })
  till = createTill(app.http)
  shop = await openShop(till)
})
after(() => app.close())

const single = async (price = '100.00') => (await sellCards(till, shop.single, [price]))[0] ?? ''
const multi = async (price = '50.00') => (await sellCards(till, shop.multi, [price]))[0] ?? ''
const attach = (id: number, ...codes: unknown[]) =>
  till.ok(201, 'POST', `/api/basket/${id}/add_giftcard`, { redeem_code: codes })
const refuseAttach = async (id: number, ...codes: unknown[]) =>
  (await till.ok(400, 'POST', `/api/basket/${id}/add_giftcard`, { redeem_code: codes })).error
    .fields
const used = async (id: number): Promise<Json[]> =>
  (await till.ok(200, 'GET', `/api/orders/${id}/`)).basket.used_giftcards
const left = async (code: string): Promise<string> =>
  (await till.ok(200, 'GET', `/api/v2/giftcards/${code}/validate`)).remaining_value
const seedBasket = (more: object = {}) =>
  makeBasket(
    till,
    [
      { name: 'Pants', price: 95.62, product: shop.pants, quantity: 1 },
      { name: 'Keyboard', price: 10.0, product: shop.keyboard, quantity: 1 },
      { name: 'Shirt', price: 25.76, product: shop.shirt, quantity: 1 },
    ],
    more,
  )

test('attaching computes and changes nothing; paying takes it', async () => {
  const [sp, mp] = [await single(), await multi()]
  const basket = await seedBasket({ redeem_code: [Number(sp), Number(mp)] })
  assert.equal(basket.total, '0.00')
  assert.deepEqual([await left(sp), await left(mp)], ['100.00', '50.00'])
  const preview = await till.ok(200, 'GET', `/api/orders/${basket.id}/`)
  const order = await till.ok(200, 'POST', `/api/basket/${basket.id}/payment/`, {
    amount: '0',
    method: 0,
    rounded: '0',
  })
  const [first, second] = order.basket.used_giftcards
  assert.deepEqual(first, {
    tax_rate: '19.0000000000',
    type: 'single-purpose',
    redeem_code: sp,
    amount_applied: '-95.62',
    id: first.id,
  })
  assert.deepEqual(second, {
    type: 'multi-purpose',
    redeem_code: mp,
    amount_applied: '-35.76',
    id: second.id,
  })
  assert.deepEqual(preview.basket.used_giftcards, order.basket.used_giftcards)
  assert.deepEqual(
    [order.total, order.amount_paid, order.payments[0].payment_amount],
    ['0.00', '0.0000000000', '0.0000000000'],
  )
  assert.deepEqual([await left(sp), await left(mp)], ['4.38', '14.24'])
})

test('the order of codes does not matter between kinds, and codes come as strings too', async () => {
  const [sp, mp] = [await single(), await multi()]
  const basket = await seedBasket()
  assert.equal((await attach(basket.id, mp, ` ${sp} `)).total, '0.00')
  assert.deepEqual(
    (await used(basket.id)).map(({ amount_applied }) => amount_applied),
    ['-95.62', '-35.76'],
  )
})

test('four cards are applied as the second worked example says', async () => {
  const seven = await makeTemplate(till, { tax_type: shop.taxes['7'], name: 'SP7' })
  const mp = await multi('25.00')
  const a = await single('30.00')
  const [sp7 = ''] = await sellCards(till, seven.id, ['20.00'])
  const b = await single('50.00')
  const basket = await makeBasket(
    till,
    [
      { product: shop.pants, price: '60.00' },
      { product: shop.keyboard, price: '15.00' },
      { product: shop.shirt, price: '5.00' },
    ],
    { redeem_code: [mp, a, sp7, b] },
  )
  assert.equal(basket.total, '0.00')
  const order = await payBasket(till, basket.id)
  assert.deepEqual(
    order.basket.used_giftcards.map(({ redeem_code, amount_applied }: Json) => [
      redeem_code,
      amount_applied,
    ]),
    [
      [a, '-30.00'],
      [sp7, '-15.00'],
      [b, '-30.00'],
      [mp, '-5.00'],
    ],
  )
  assert.deepEqual(
    [await left(a), await left(sp7), await left(b), await left(mp)],
    ['0.00', '5.00', '20.00', '20.00'],
  )
})

test('what restricted money may not pay stays payable', async () => {
  const basket = await makeBasket(
    till,
    [
      { product: shop.pants, price: '40.00' },
      { product: shop.keyboard, price: '60.00' },
    ],
    { redeem_code: [await single(), await multi('30.00')] },
  )
  assert.equal(basket.total, '30.00')
  const order = await payBasket(till, basket.id, '30.00')
  assert.deepEqual([order.total, order.amount_paid], ['30.00', '30.0000000000'])
})

test('a card never pays for a card', async () => {
  const code = await multi('100.00')
  const basket = await makeBasket(
    till,
    [
      { product: shop.pants, price: '20.00' },
      { product: shop.multi, price: '50.00' },
    ],
    { redeem_code: [code] },
  )
  assert.equal(basket.total, '50.00')
  await payBasket(till, basket.id, '50.00')
  assert.equal(await left(code), '80.00')
  const cardsOnly = await makeBasket(till, [{ product: shop.multi }])
  assert.deepEqual(await refuseAttach(cardsOnly.id, code), {
    redeem_code: [
      `Gift card with redeem code ${code} cannot be applied to any item of this order.`,
    ],
  })
})

test('each card that cannot be attached is told why, in input order, as it was submitted', async () => {
  const seven = await makeTemplate(till, { tax_type: shop.taxes['7'], name: 'SP7' })
  const [sp7 = ''] = await sellCards(till, seven.id, ['20.00'])
  const usedUp = await multi('5.00')
  await payBasket(
    till,
    (await makeBasket(till, [{ product: shop.shirt, price: 5 }], { redeem_code: [usedUp] })).id,
  )
  const soon = await makeTemplate(till, {
    tax_type: shop.taxes['19'],
    giftcard_template: { type: 'single-purpose', valid_until_unit: 'day', valid_until_value: 1 },
  })
  const [expired = ''] = await sellCards(till, soon.id, ['10.00'])
  const returnedOrder = await payBasket(
    till,
    (await makeBasket(till, [{ product: shop.multi }])).id,
  )
  const returned = returnedOrder.basket.items[0].name.split(' ')[1]
  await till.ok(200, 'POST', `/api/orders/${returnedOrder.id}/refund/`, { method: 0 })
  const blocked = await multi('9.00')
  await app.owner`update cards set state = 'blocked' where code = ${blocked}`
  const good = await multi('10.00')
  const basket = await makeBasket(till, [{ product: shop.pants }], { redeem_code: [good] })
  now += DAY + 1n
  const text = (code: unknown, why: string) => `Gift card with redeem code ${code} ${why}`
  const faults = await refuseAttach(
    basket.id,
    'nobody',
    expired,
    returned,
    blocked,
    usedUp,
    sp7,
    ` ${good}`,
    Number(sp7),
    'NOBODY',
    '',
    'x\u0000y',
  )
  assert.deepEqual(faults, {
    redeem_code: [
      text('nobody', 'does not exist.'),
      text(expired, 'has expired.'),
      text(returned, 'has been returned.'),
      text(blocked, 'is not active.'),
      text(usedUp, 'has no remaining value.'),
      text(sp7, 'cannot be applied to any item of this order.'),
      text(` ${good}`, 'is already added to this order.'),
      `Duplicate redeem codes ['${sp7}'].`,
      "Duplicate redeem codes ['NOBODY'].",
      text('', 'does not exist.'),
      text('x\u0000y', 'does not exist.'),
    ],
  })
  assert.deepEqual((await used(basket.id)).length, 1)
})

test('attaching is all or nothing, here and when the basket is made', async () => {
  const good = await multi()
  const basket = await makeBasket(till, [{ product: shop.pants }])
  await refuseAttach(basket.id, good, 'nobody')
  assert.deepEqual(await used(basket.id), [])
  const refused = await till.ok(400, 'POST', '/api/basket/', {
    items: [{ product: shop.pants }],
    redeem_code: [good, 'nobody', good],
  })
  assert.deepEqual(refused.error.fields, {
    redeem_code: [
      'Gift card with redeem code nobody does not exist.',
      `Duplicate redeem codes ['${good}'].`,
    ],
  })
})

test('an unissued pre-coded card is as unknown as any other code', async () => {
  await makePrecoded(till, shop.taxes['19'], ['HIDDEN-1'])
  const basket = await makeBasket(till, [{ product: shop.pants }])
  assert.deepEqual(await refuseAttach(basket.id, 'HIDDEN-1'), {
    redeem_code: ['Gift card with redeem code HIDDEN-1 does not exist.'],
  })
  assert.equal((await till.send('GET', '/api/v2/giftcards/HIDDEN-1/validate')).status, 404)
})

test('a card that gets nothing because all is covered is accepted, shown, and left out after the payment', async () => {
  const [first, second] = [await multi('50.00'), await multi('50.00')]
  const basket = await makeBasket(till, [{ product: shop.shirt, price: '20.00' }], {
    redeem_code: [first, second],
  })
  assert.deepEqual(
    (await used(basket.id)).map(({ amount_applied }) => amount_applied),
    ['-20.00', '0.00'],
  )
  const order = await payBasket(till, basket.id)
  assert.deepEqual(
    order.basket.used_giftcards.map(({ redeem_code }: Json) => redeem_code),
    [first],
  )
  assert.equal(await left(second), '50.00')
})

test('one card may stand on several drafts; the second payment sees what is left', async () => {
  const code = await multi('50.00')
  const make = () =>
    makeBasket(till, [{ product: shop.shirt, price: '40.00' }], { redeem_code: [code] })
  const [one, two] = [await make(), await make()]
  assert.deepEqual([one.total, two.total], ['0.00', '0.00'])
  await payBasket(till, one.id, '0')
  const stale = await till.ok(400, 'POST', `/api/basket/${two.id}/payment/`, {
    amount: '0',
    method: 0,
  })
  assert.deepEqual(stale.error.fields, {
    amount: ['Amount must be equal to the remaining amount of 30.00.'],
  })
  const draft = await till.ok(200, 'GET', `/api/orders/${two.id}/`)
  assert.deepEqual([draft.state, draft.total], [1, '30.00'])
  const paid = await payBasket(till, two.id, '30.00')
  assert.equal(paid.basket.used_giftcards[0].amount_applied, '-10.00')
  assert.equal(await left(code), '0.00')
})

test('both paths attach and remove, in any state but a closed one', async () => {
  const [one, two] = [await multi(), await multi()]
  const basket = await makeBasket(till, [{ product: shop.shirt, price: '70.00' }])
  const summary = await till.ok(201, 'POST', `/api/orders/${basket.id}/add_giftcard`, {
    redeem_code: [one],
  })
  assert.deepEqual(summary, { ...basket, total: '20.00' })
  await till.ok(201, 'POST', `/api/basket/${basket.id}/add_giftcard/`, { redeem_code: [two] })
  const remove = await till.send('DELETE', `/api/orders/${basket.id}/add_giftcard`, {
    json: { redeem_code: [Number(one)] },
  })
  assert.deepEqual([remove.status, remove.text], [204, ''])
  assert.deepEqual(
    (await used(basket.id)).map(({ redeem_code }) => redeem_code),
    [two],
  )
  await payBasket(till, basket.id)
  for (const method of ['POST', 'DELETE'])
    for (const path of ['basket', 'orders']) {
      const answer = await till.send(method, `/api/${path}/${basket.id}/add_giftcard`, {
        json: { redeem_code: [two] },
      })
      assert.equal(answer.status, 400)
      assert.equal((answer.json as Json).error.key, 'order.invalid_state')
    }
  const other = await makeBasket(till, [{ product: shop.shirt }])
  assert.equal(
    (await till.ok(404, 'POST', '/api/basket/999999/add_giftcard', { redeem_code: [one] })).error
      .key,
    'order.not_found',
  )
  assert.deepEqual(
    await till
      .ok(400, 'POST', `/api/basket/${other.id}/add_giftcard`, {})
      .then((json) => json.error.fields),
    {
      redeem_code: ['This field is required.'],
    },
  )
})

test('removing is all or nothing, and an expired or empty card can be removed', async () => {
  const soon = await makeTemplate(till, {
    tax_type: shop.taxes['19'],
    giftcard_template: { type: 'single-purpose', valid_until_unit: 'day', valid_until_value: 1 },
  })
  const [expiring = ''] = await sellCards(till, soon.id, ['10.00'])
  const [one, emptied] = [await multi(), await multi('5.00')]
  const basket = await makeBasket(till, [{ product: shop.pants }], {
    redeem_code: [one, expiring, emptied],
  })
  const spend = await makeBasket(till, [{ product: shop.shirt, price: 5 }], {
    redeem_code: [emptied],
  })
  await payBasket(till, spend.id)
  now += 2n * DAY
  const path = `/api/basket/${basket.id}/add_giftcard`
  const refused = await till.send('DELETE', path, {
    json: { redeem_code: [one, 'nobody', expiring, one] },
  })
  assert.equal(refused.status, 400)
  assert.deepEqual((refused.json as Json).redeem_code, [
    'Gift card with redeem code nobody is not added to this order.',
    `Duplicate redeem codes ['${one}'].`,
  ])
  assert.equal((await used(basket.id)).length, 3)
  const expired = await till.ok(400, 'POST', `/api/basket/${basket.id}/payment/`, {
    amount: '0',
    method: 0,
  })
  assert.deepEqual(expired.error.fields, {
    redeem_code: [`Gift card with redeem code ${expiring} has expired.`],
  })
  assert.equal(
    (await till.send('DELETE', path, { json: { redeem_code: [expiring, emptied] } })).status,
    204,
  )
  assert.deepEqual(
    (await used(basket.id)).map(({ redeem_code }) => redeem_code),
    [one],
  )
  assert.equal(await left(one), '50.00')
})

test('a DELETE without a body takes its codes from the query', async () => {
  const codes = [await multi(), await multi(), await multi()]
  const basket = await makeBasket(till, [{ product: shop.pants }], { redeem_code: codes })
  const path = `/api/basket/${basket.id}/add_giftcard`
  const query = `redeem_code=${codes[0]},${codes[1]}&redeem_code=${codes[2]}`
  assert.equal((await till.send('DELETE', `${path}?${query}`)).status, 204)
  assert.deepEqual(await used(basket.id), [])
  const missing = await till.send('DELETE', path)
  assert.equal(missing.status, 400)
  assert.deepEqual((missing.json as Json).redeem_code, ['This field is required.'])
})

test('codes are compared without ASCII case, the exact spelling first', async () => {
  const shop1 = createClient(app.http, { authorization: `Token ${PRETIX}` })
  for (const secret of ['MixedCase-1', 'mixedcase-1']) {
    const json = { secret, value: '10.00', currency: 'EUR' }
    const made = await shop1.send('POST', '/api/v1/organizers/acme/giftcards/', { json })
    assert.equal(made.status, 201, made.text)
  }
  const template = await makePrecoded(till, shop.taxes['19'], ['Ümlaut-1'])
  await payBasket(till, (await makeBasket(till, [{ product: template }])).id)
  const applied = async (code: string) => {
    const basket = await makeBasket(till, [{ product: shop.pants }], { redeem_code: [code] })
    return (await used(basket.id)).map(({ redeem_code }) => redeem_code)
  }
  assert.deepEqual(await applied('mixedcase-1'), ['mixedcase-1'])
  assert.deepEqual(await applied('MixedCase-1'), ['MixedCase-1'])
  assert.deepEqual(await applied('MIXEDCASE-1'), ['MixedCase-1'])
  assert.deepEqual(await applied('ÜMLAUT-1'), ['Ümlaut-1'])
  const folded = await till.ok(400, 'POST', '/api/basket/', {
    items: [{ product: shop.pants }],
    redeem_code: ['ümlaut-1'],
  })
  assert.deepEqual(folded.redeem_code, ['Gift card with redeem code ümlaut-1 does not exist.'])
})

test('a remainder below a cent counts as no value, and only whole cents are spent', async () => {
  const code = await multi('10.00')
  await app.owner`
    update cards set balance = balance - 999 where code = ${code}`
  const basket = await makeBasket(till, [{ product: shop.shirt, price: '20.00' }], {
    redeem_code: [code],
  })
  assert.equal(basket.total, '10.01')
  const order = await payBasket(till, basket.id, '10.01')
  assert.equal(order.basket.used_giftcards[0].amount_applied, '-9.99')
  assert.equal(await left(code), '0.00')
  const again = await makeBasket(till, [{ product: shop.shirt }])
  assert.deepEqual(await refuseAttach(again.id, code), {
    redeem_code: [`Gift card with redeem code ${code} has no remaining value.`],
  })
})
