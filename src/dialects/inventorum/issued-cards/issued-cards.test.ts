import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createClient, startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  createTill,
  type Json,
  makeBasket,
  OTHER_TILL,
  openShop,
  PRETIX,
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
let now: Instant = fromDate(new Date('2031-02-03T08:16:02.330Z')) + 100n
/** How far the clock moves each time it is read. */
let tick = 0n

before(async () => {
  app = await startTestApp({
    world: shopWorld({
      cards: [
        { code: 'FROM-FILE', value: '12.34567', currency: 'EUR', expires: '2031-06-30T21:59:59Z' },
        { code: 'DOLLARS', value: '5.00', currency: 'USD' },
        { code: 'TESTING', value: '5.00', currency: 'EUR', testmode: true },
      ],
    }),
    flags: { publicUrl: 'https://pos.example' },
    overrides: {
      now: () => {
        now += tick
        return now
      },
    },
  })
  till = createTill(app.http)
  shop = await openShop(till)
})
after(() => app.close())

const list = (query = ''): Promise<Json> => till.ok(200, 'GET', `/api/giftcards/?${query}`)
const find = async (code: string): Promise<Json> =>
  (await list('limit=100')).results.find(({ redeem_code }: Json) => redeem_code === code)
const validate = (code: string): Promise<Json> =>
  till.ok(200, 'GET', `/api/v2/giftcards/${code}/validate`)

test('a sold card is listed with where it comes from, and without an id', async () => {
  now += 1_000_000n
  const order = await payBasket(till, (await makeBasket(till, [{ product: shop.single }])).id)
  const code = order.basket.items[0].name.split(' ').at(-1)
  const listed = (await list('limit=1')).results[0]
  assert.deepEqual(listed, {
    order_id: order.id,
    invoice_number: order.basket.invoice_number,
    product_id: shop.single,
    user_id: order.user,
    tax_type: shop.taxes['19'],
    current_value: '100.00',
    created_at: '2031-02-03T09:16:03.330100+01:00',
    returned_at: '1970-01-01T01:00:00+01:00',
    redemption: [],
    valid_until: '2033-02-03T09:16:03.330100+01:00',
    redeem_code: code,
    name: 'SP GC-',
    amount: '100.00',
    is_valid: true,
  })
  assert.deepEqual(await validate(code), {
    name: 'SP GC-',
    original_amount: '100.00',
    remaining_value: '100.00',
    was_used: false,
    tax_rate: '19.0000000000',
    type: 'single-purpose',
    valid_until: '2033-02-03T08:16:03.330100Z',
  })
})

test('redemptions are listed with their orders, and lower what a card is worth', async () => {
  now += 1_000_000n
  const [code = ''] = await sellCards(till, shop.multi, ['50.00'])
  const basket = await makeBasket(till, [{ product: shop.shirt, price: '37.50' }], {
    redeem_code: [code],
  })
  now = fromDate(new Date('2031-03-01T16:02:10Z'))
  const order = await payBasket(createTill(app.http, SECOND_TILL), basket.id)
  const card = await find(code)
  assert.deepEqual(card.redemption, [
    {
      order_id: order.id,
      invoice_number: order.basket.invoice_number,
      amount: '37.50',
      created_at: '2031-03-01T17:02:10+01:00',
    },
  ])
  assert.deepEqual([card.amount, card.current_value, card.is_valid], ['50.00', '12.50', true])
  const validated = await validate(code.toUpperCase())
  assert.deepEqual(
    [validated.remaining_value, validated.was_used, validated.tax_rate],
    ['12.50', true, '0.0000000000'],
  )
  const rest = await makeBasket(till, [{ product: shop.shirt, price: '20.00' }], {
    redeem_code: [code],
  })
  assert.equal((await validate(code)).remaining_value, '12.50')
  await payBasket(till, rest.id)
  const empty = await find(code)
  assert.deepEqual([empty.current_value, empty.is_valid], ['0.00', false])
  assert.equal((await validate(code)).remaining_value, '0.00')
})

test('a card of a world file looks like an imported one; other currencies and test cards do not exist', async () => {
  const card = await find('FROM-FILE')
  assert.deepEqual(
    { ...card, created_at: '' },
    {
      order_id: null,
      invoice_number: null,
      product_id: null,
      user_id: null,
      tax_type: shop.taxes['0'],
      current_value: '12.34',
      created_at: '',
      returned_at: '1970-01-01T01:00:00+01:00',
      redemption: [],
      valid_until: '2031-06-30T23:59:59+02:00',
      redeem_code: 'FROM-FILE',
      name: 'Gift card',
      amount: '12.34',
      is_valid: true,
    },
  )
  assert.deepEqual(await validate('from-file'), {
    name: 'Gift card',
    original_amount: '12.34',
    remaining_value: '12.34',
    was_used: false,
    tax_rate: '0.0000000000',
    type: 'multi-purpose',
    valid_until: '2031-06-30T21:59:59Z',
  })
  for (const code of ['DOLLARS', 'TESTING']) {
    assert.equal(await find(code), undefined)
    assert.deepEqual(await till.ok(404, 'GET', `/api/v2/giftcards/${code}/validate`), {
      detail: 'Not found.',
    })
    const refused = await till.ok(400, 'POST', '/api/basket/', {
      items: [{ product: shop.pants }],
      redeem_code: [code],
    })
    assert.deepEqual(refused.redeem_code, [`Gift card with redeem code ${code} does not exist.`])
  }
  const { count, results } = await list('limit=100')
  assert.equal(count, results.length)
})

test('pretix sells and spends the same card', async () => {
  const pretix = createClient(app.http, { authorization: `Token ${PRETIX}` })
  const base = '/api/v1/organizers/acme/giftcards/'
  const made = await pretix.send('POST', base, {
    json: { secret: 'PX-1', value: '40.00', currency: 'EUR' },
  })
  assert.equal(made.status, 201)
  assert.equal((await find('PX-1')).user_id, null)
  const { id } = made.json as Json
  await pretix.send('POST', `${base}${id}/transact/`, { json: { value: '-10.00', text: 'coffee' } })
  const basket = await makeBasket(till, [{ product: shop.shirt, price: '100.00' }], {
    redeem_code: ['px-1'],
  })
  assert.equal(basket.total, '70.00')
  const order = await payBasket(till, basket.id)
  const card = await find('PX-1')
  assert.deepEqual(
    card.redemption.map(({ order_id, invoice_number, amount }: Json) => [
      order_id,
      invoice_number,
      amount,
    ]),
    [
      [null, null, '10.00'],
      [order.id, order.basket.invoice_number, '30.00'],
    ],
  )
  const again = (await pretix.send('GET', `${base}${id}/`)).json as Json
  assert.equal(again.value, '0.00')
  const [sold = ''] = await sellCards(till, shop.multi, ['15.00'])
  const seen = (await pretix.send('GET', `${base}?secret=${sold}`)).json as Json
  assert.deepEqual([seen.results[0].value, seen.results[0].issuer], ['15.00', 'acme'])
  await pretix.send('POST', `${base}${seen.results[0].id}/transact/`, { json: { value: '5.00' } })
  const loaded = await find(sold)
  assert.deepEqual([loaded.amount, loaded.current_value], ['20.00', '20.00'])
  await pretix.send('PATCH', `${base}${seen.results[0].id}/`, { json: { value: '1.00' } })
  assert.deepEqual((await find(sold)).redemption, [])
})

test('an expired card tells its real value and that it is over', async () => {
  const [code = ''] = await sellCards(till, shop.multi, ['50.00'])
  const until = (await validate(code)).valid_until
  now = fromDate(new Date(until)) + 1_000_000n
  const card = await find(code)
  assert.deepEqual([card.current_value, card.is_valid], ['50.00', false])
  assert.deepEqual(
    [(await validate(code)).remaining_value, (await validate(code)).valid_until],
    ['50.00', until],
  )
})

test('a stopped card is listed as not valid, and unknown to validation', async () => {
  const [code = ''] = await sellCards(till, shop.multi, ['50.00'])
  await app.owner`update cards set state = 'blocked' where code = ${code}`
  assert.equal((await find(code)).is_valid, false)
  assert.equal((await till.send('GET', `/api/v2/giftcards/${code}/validate`)).status, 404)
})

test('validation takes any code: digits, words, encoded slashes; unknown ones are 404', async () => {
  const pretix = createClient(app.http, { authorization: `Token ${PRETIX}` })
  const codes = ['123', 'import', 'validate', 'a.b-c']
  for (const secret of codes) {
    const made = await pretix.send('POST', '/api/v1/organizers/acme/giftcards/', {
      json: { secret, value: '1.00', currency: 'EUR' },
    })
    assert.equal(made.status, 201, made.text)
    assert.equal((await validate(secret)).remaining_value, '1.00')
    assert.equal(
      (await till.ok(200, 'GET', `/api/v2/giftcards/${secret}/validate/`)).remaining_value,
      '1.00',
    )
  }
  for (const code of ['nobody', '%00', 'a%2Fb', '%20', 'x'.repeat(500)])
    assert.deepEqual(await till.ok(404, 'GET', `/api/v2/giftcards/${code}/validate`), {
      detail: 'Not found.',
    })
  const other = createTill(app.http, OTHER_TILL)
  assert.equal((await other.send('GET', '/api/v2/giftcards/123/validate')).status, 404)
  assert.equal((await other.ok(200, 'GET', '/api/giftcards/')).count, 0)
})

test('newest sale first, inside one sale by id, on every page', async () => {
  now += 1_000_000n
  const first = await sellCards(till, shop.multi, ['1.00', '2.00', '3.00'])
  now += 1_000_000n
  const second = await sellCards(till, shop.multi, ['4.00', '5.00'])
  const expected = [...second, ...first]
  const codes = (json: Json) => json.results.map(({ redeem_code }: Json) => redeem_code)
  assert.deepEqual(codes(await list('limit=5')), expected)
  const pages = [await list('limit=2'), await list('limit=2&page=2'), await list('limit=2&page=3')]
  assert.deepEqual(pages.flatMap(codes).slice(0, 5), expected)
  assert.equal(pages[0].next, 'https://pos.example/api/giftcards/?limit=2&page=2')
  assert.equal((await till.ok(404, 'GET', '/api/giftcards/?page=99')).detail, 'Invalid page.')
  assert.equal((await till.send('GET', '/api/giftcards?limit=1')).status, 200)
})

test('sales that shared a commit are in the order of their invoices all the same', async () => {
  now += 1_000_000n
  const baskets = await Promise.all(
    Array.from({ length: 12 }, () => makeBasket(till, [{ product: shop.multi, quantity: 2 }])),
  )
  tick = 1n
  const orders = await Promise.all(baskets.map(({ id }) => payBasket(till, id)))
  tick = 0n
  const invoice = (order: Json): number => Number(order.basket.invoice_number)
  const newest = orders.sort((a, b) => invoice(b) - invoice(a)).map(({ id }) => id)
  const cards = (await list('limit=24')).results as Json[]
  assert.deepEqual(
    cards.map(({ order_id }) => order_id),
    newest.flatMap((id) => [id, id]),
  )
  const listed = (await till.ok(200, 'GET', '/api/orders/?limit=12')).data as Json[]
  assert.deepEqual(
    listed.map(({ id }) => id),
    newest,
  )
})

test('a deep page is the same as one that was counted row by row', async () => {
  const other = createTill(app.http, OTHER_TILL)
  const [merchant] = await app.owner<{ id: bigint }[]>`select id from merchants where slug = 'beta'`
  const id = merchant?.id ?? 0n
  // 30,000 cards in sales of seven, as the ledger would have made them.
  await app.owner`
    insert into cards (merchant_id, code, currency, balance, loaded, face, origin, created_at, modified_at, last_seq, last_hash)
    select ${id}, 'D' || n, 'EUR', 0, 0, 0, 'world', '2030-01-01'::timestamptz + (n / 7) * interval '1 second',
      '2030-01-01', 0, '' from generate_series(1, 30000) n`
  await app.owner`
    insert into card_blocks (merchant_id, block, live)
    select merchant_id, id >> 12, count(*) from cards where merchant_id = ${id} group by 1, 2`
  const all = await app.owner<{ code: string }[]>`
    select code from cards where merchant_id = ${id} order by created_at desc, id`
  assert.equal((await other.ok(200, 'GET', '/api/giftcards/')).count, 30_000)
  for (const page of [1, 199, 201, 205, 211, 255, 299, 300]) {
    const { results } = await other.ok(200, 'GET', `/api/giftcards/?limit=100&page=${page}`)
    assert.deepEqual(
      results.map(({ redeem_code }: Json) => redeem_code),
      all.slice((page - 1) * 100, page * 100).map(({ code }) => code),
    )
  }
})
