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

let app: TestApp
let till: Till
let shop: Shop
let template: number
let serial = 0

before(async () => {
  app = await startTestApp({ world: shopWorld(), flags: { publicUrl: 'https://pos.example' } })
  till = createTill(app.http)
  shop = await openShop(till)
  template = await makePrecoded(till, shop.taxes['19'], [])
})
after(() => app.close())

const fresh = (): string => {
  serial += 1
  return `PC-${serial}`
}
const path = (id: number | string = '', product = template) =>
  `/api/v2/giftcards/${product}/pre_coded/${id === '' ? '' : `${id}/`}`
const add = async (
  redeem_code: unknown,
  card_code: unknown = fresh(),
  product = template,
): Promise<Json> =>
  (await till.ok(200, 'POST', path('', product), [{ redeem_code, card_code, product }]))[0]
const refuse = (cards: unknown, product = template) =>
  till.ok(400, 'POST', path('', product), cards)
const stock = async (product = template): Promise<string> =>
  (await till.ok(200, 'GET', `/api/v2/giftcards/${product}/`)).quantity
const TAKEN = ['Redeem code already exists.']
const CARD_TAKEN = ['Card code already exists.']

test('a card that is not issued never shows its code, and its template counts it', async () => {
  const before = Number(await stock())
  const made = await add('16587189', '1669641141')
  assert.deepEqual(made, {
    id: made.id,
    redeem_code: 'xxxxxxxxxx',
    card_code: '1669641141',
    is_issued: false,
    product: template,
  })
  assert.deepEqual(await till.ok(200, 'GET', path(made.id)), made)
  assert.equal(Number(await stock()), before + 1)
  assert.deepEqual(await till.ok(200, 'POST', path(), []), [])
})

test('cards come back in input order, long numbers digit for digit', async () => {
  const [one, two] = await till.ok(200, 'POST', path(), [
    { redeem_code: 'Z-ORDER', card_code: 'z-order', product: template },
    { redeem_code: 'A-ORDER', card_code: 'a-order', product: template },
  ])
  assert.deepEqual([one.card_code, two.card_code], ['z-order', 'a-order'])
  assert.ok(one.id < two.id)
  const answer = await till.send('POST', path(), {
    body: `[{"redeem_code": 12345678901234567890123, "card_code": 98765432109876543210, "product": ${template}}]`,
    headers: { 'content-type': 'application/json' },
  })
  assert.equal((answer.json as Json)[0].card_code, '98765432109876543210')
  const [row] = await app.owner`
    select redeem_code from inventorum_precoded_cards where card_code = '98765432109876543210'`
  assert.equal(row?.redeem_code, '12345678901234567890123')
})

test('faults are a list along the input, and nothing is stored', async () => {
  await add('TAKEN-1', 'taken-card')
  const before = await stock()
  const twin = fresh()
  assert.deepEqual(
    await refuse([
      { redeem_code: twin, card_code: fresh(), product: template },
      { redeem_code: 'taken-1', card_code: 'TAKEN-CARD', product: template },
      { redeem_code: twin.toLowerCase(), card_code: fresh(), product: 999_999 },
      { redeem_code: 'a b', product: shop.single },
      { redeem_code: '..', card_code: '', product: 'x' },
    ]),
    [
      {},
      { redeem_code: TAKEN, card_code: CARD_TAKEN },
      { redeem_code: TAKEN, product: ['Invalid pk "999999" - object does not exist.'] },
      {
        redeem_code: ['Redeem code contains invalid characters'],
        card_code: ['This field is required.'],
        product: ['Product does not match the URL.'],
      },
      {
        redeem_code: ['Redeem code contains invalid characters'],
        card_code: ['This field may not be blank.'],
        product: ['Incorrect type. Expected pk value, received str.'],
      },
    ],
  )
  assert.deepEqual(
    await refuse([{ redeem_code: 'Taken-1', card_code: fresh(), product: template }]),
    [{ redeem_code: TAKEN }],
  )
  assert.deepEqual(await refuse({}), {
    non_field_errors: ['Expected a list of items but got type "dict".'],
  })
  assert.equal(await stock(), before)
})

test('a code is taken for every protocol and shown in none', async () => {
  await add('EVERYWHERE-1')
  const pretix = createClient(app.http, { authorization: `Token ${PRETIX}` })
  const giftcards = '/api/v1/organizers/acme/giftcards/'
  const json = { secret: 'EVERYWHERE-1', value: '1.00', currency: 'EUR' }
  assert.equal((await pretix.send('POST', giftcards, { json })).status, 400)
  const listed = (await pretix.send('GET', `${giftcards}?secret=EVERYWHERE-1`)).json as Json
  assert.equal(listed.count, 0)
  assert.equal((await till.send('GET', '/api/v2/giftcards/EVERYWHERE-1/validate')).status, 404)
  const issued = await till.ok(200, 'GET', '/api/giftcards/')
  assert.equal(issued.count, 0)
  const made = await pretix.send('POST', giftcards, { json: { ...json, secret: 'FROM-PRETIX' } })
  assert.equal(made.status, 201)
  assert.deepEqual(
    await refuse([{ redeem_code: 'from-pretix', card_code: fresh(), product: template }]),
    [{ redeem_code: TAKEN }],
  )
  const [sold = ''] = await sellCards(till, shop.multi, ['5.00'])
  assert.deepEqual(await refuse([{ redeem_code: sold, card_code: fresh(), product: template }]), [
    { redeem_code: TAKEN },
  ])
})

test('two accounts may hold the same code', async () => {
  await add('BOTH-1', 'both-1')
  const other = createTill(app.http, OTHER_TILL)
  const otherShop = await openShop(other)
  const id = await makePrecoded(other, otherShop.taxes['19'], ['BOTH-1'])
  assert.equal((await other.ok(200, 'GET', `/api/v2/giftcards/${id}/pre_coded/`)).count, 1)
  assert.equal((await other.send('GET', path())).status, 404)
  assert.equal((await other.send('POST', path(), { json: [] })).status, 404)
})

test('only pre-coded templates have such cards', async () => {
  const faults = { product: ['Product is not a pre-coded gift card.'] }
  assert.deepEqual(await refuse([], shop.single), faults)
  assert.deepEqual(await refuse('no list', shop.single), faults)
  for (const product of [999_999, shop.pants])
    for (const method of ['GET', 'POST']) {
      const answer = await till.send(method, path('', product), {
        ...(method === 'POST' ? { json: [] } : {}),
      })
      assert.deepEqual([answer.status, answer.json], [404, { detail: 'Not found.' }])
    }
  const made = await add(fresh())
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
    assert.equal((await till.send(method, path(made.id, shop.single))).status, 404)
    assert.equal((await till.send(method, path(999_999))).status, 404)
    assert.equal((await till.send(method, path('abc'))).status, 404)
  }
})

test('cards are listed by id in pages', async () => {
  const product = await makePrecoded(till, shop.taxes['19'], [fresh(), fresh(), fresh()])
  const all = await till.ok(200, 'GET', path('', product))
  assert.equal(all.count, 3)
  const page = await till.ok(200, 'GET', `${path('', product)}?limit=2&page=2`)
  assert.deepEqual(page.results, [all.results[2]])
  assert.equal(page.previous, `https://pos.example${path('', product)}?limit=2`)
})

test('a card can be recoded, or moved to another pre-coded template with its stock', async () => {
  const target = await makePrecoded(till, shop.taxes['19'], [])
  const made = await add('RECODE-1', 'recode-1')
  const changed = await till.ok(200, 'PUT', path(made.id), {
    redeem_code: 91666595,
    card_code: '1669671715',
    product: target,
  })
  assert.deepEqual(changed, {
    id: made.id,
    redeem_code: 'xxxxxxxxxx',
    card_code: '1669671715',
    is_issued: false,
    product: target,
  })
  assert.equal(await stock(target), '1.00')
  assert.equal((await till.send('GET', path(made.id))).status, 404)
  assert.deepEqual(await till.ok(200, 'GET', path(made.id, target)), changed)
  await add('RECODE-1', 'recode-1')
  assert.deepEqual(
    await refuse([{ redeem_code: '91666595', card_code: fresh(), product: template }]),
    [{ redeem_code: TAKEN }],
  )
  assert.deepEqual(
    await till.ok(200, 'PATCH', path(made.id, target), { redeem_code: '91666595' }),
    changed,
  )
  assert.deepEqual(await till.ok(200, 'PATCH', path(made.id, target), {}), changed)
  const basket = await makeBasket(till, [{ product: target }])
  await payBasket(till, basket.id)
  assert.equal((await till.ok(200, 'GET', path(made.id, target))).redeem_code, '91666595')
})

test('a change tells everything that is wrong with it', async () => {
  const made = await add('CHANGE-1', 'change-1')
  await add('OTHER-1', 'other-1')
  assert.deepEqual(await till.ok(400, 'PUT', path(made.id), {}), {
    product: ['This field is required.'],
  })
  assert.deepEqual(
    await till.ok(400, 'PUT', path(made.id), {
      redeem_code: 'other-1',
      card_code: 'OTHER-1',
      product: template,
    }),
    { redeem_code: TAKEN, card_code: CARD_TAKEN },
  )
  assert.deepEqual(
    await till.ok(400, 'PUT', path(made.id), { redeem_code: 'other-1', card_code: '' }),
    {
      card_code: ['This field may not be blank.'],
      product: ['This field is required.'],
      redeem_code: TAKEN,
    },
  )
  assert.deepEqual(await till.ok(400, 'PUT', path(made.id), { product: shop.single }), {
    product: ['Product is not a pre-coded gift card.'],
  })
  assert.deepEqual(await till.ok(400, 'PUT', path(made.id), { product: 999_999 }), {
    product: ['Invalid pk "999999" - object does not exist.'],
  })
  assert.equal((await till.ok(200, 'GET', path(made.id))).card_code, 'change-1')
})

test('its own codes in another spelling are no conflict', async () => {
  const made = await add('Spelling-1', 'spelling-card')
  await till.ok(200, 'PATCH', path(made.id), {
    redeem_code: 'SPELLING-1',
    card_code: 'SPELLING-CARD',
  })
  const basket = await makeBasket(till, [{ product: template, pre_coded: made.id }])
  await payBasket(till, basket.id)
  assert.equal((await till.ok(200, 'GET', path(made.id))).redeem_code, 'SPELLING-1')
})

test('an issued card cannot be changed or deleted, and is shown with its code', async () => {
  const made = await add('ISSUED-1', 'issued-1')
  await payBasket(till, (await makeBasket(till, [{ product: template, pre_coded: made.id }])).id)
  assert.deepEqual(await till.ok(200, 'GET', path(made.id)), {
    ...made,
    redeem_code: 'ISSUED-1',
    is_issued: true,
  })
  const issued = { non_field_errors: ['Gift card is already issued.'] }
  for (const [method, json] of [
    ['PUT', { product: template }],
    ['PUT', {}],
    ['PATCH', { card_code: 'x' }],
    ['DELETE', undefined],
  ] as const)
    assert.deepEqual(await till.ok(400, method, path(made.id), json), issued)
})

test('a deleted card gives its codes back', async () => {
  const made = await add('DELETED-1', 'deleted-1')
  const before = Number(await stock())
  assert.equal((await till.send('DELETE', path(made.id))).status, 204)
  assert.equal((await till.send('DELETE', path(made.id))).status, 404)
  assert.equal(Number(await stock()), before - 1)
  await add('DELETED-1', 'deleted-1')
})

test('a deleted template lets go of its unissued cards; issued ones stay redeemable', async () => {
  const id = await makePrecoded(till, shop.taxes['19'], ['KEEP-1', 'FREE-1'])
  await payBasket(till, (await makeBasket(till, [{ product: id }])).id)
  assert.equal((await till.send('DELETE', `/api/v2/giftcards/${id}/`)).status, 204)
  assert.equal((await till.send('GET', path('', id))).status, 404)
  await add('FREE-1', 'card-FREE-1')
  assert.deepEqual(
    await refuse([{ redeem_code: 'KEEP-1', card_code: 'card-keep-1', product: template }]),
    [{ redeem_code: TAKEN, card_code: CARD_TAKEN }],
  )
  const basket = await makeBasket(till, [{ product: shop.pants, price: '30.00' }], {
    redeem_code: ['keep-1'],
  })
  await payBasket(till, basket.id, '0')
})

test('an adjustment is accepted and recorded, but the cards are the stock', async () => {
  const id = await makePrecoded(till, shop.taxes['19'], [fresh(), fresh()])
  const json = await till.ok(200, 'PUT', `/api/products/${id}/adjust_inventory/`, {
    stock: { quantity: '2', date: '03.02.2031' },
  })
  assert.deepEqual(json, { id, quantity: '2.00' })
  assert.equal(await stock(id), '2.00')
  const rows = await app.owner`
    select quantity, booked_on::text as day from inventorum_stock_adjustments where product_id = ${id}`
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [{ quantity: '2.00', day: '2031-02-03' }],
  )
})

test('of two requests for one code one wins', async () => {
  for (let round = 0; round < 4; round += 1) {
    const answers = await Promise.all(
      ['Once', 'ONCE', 'once'].map((spelling, index) =>
        till.send('POST', path(), {
          json: [
            {
              redeem_code: `${spelling}-${round}`,
              card_code: `${index}-${round}`,
              product: template,
            },
          ],
        }),
      ),
    )
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400])
    for (const { status, json } of answers)
      if (status === 400) assert.deepEqual(json, [{ redeem_code: TAKEN }])
  }
})

test('a code is never in an answer, an error or a log before it is issued', async () => {
  const secret = 'NEVER-SHOWN-77'
  await add(secret, 'never-card')
  const answers = [
    await till.send('GET', path()),
    await till.send('GET', '/api/v2/giftcards/'),
    await till.send('GET', `/api/products/${template}/`),
    await till.send('GET', '/api/giftcards/?limit=100'),
    await till.send('POST', path(), {
      json: [{ redeem_code: secret, card_code: 'x', product: template }],
    }),
  ]
  for (const { text } of answers) assert.doesNotMatch(text, /NEVER-SHOWN/i)
})
