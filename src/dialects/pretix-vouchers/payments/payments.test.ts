import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  GALA,
  merchantOptions,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'
import { verifyVouchers } from '../../../instruments/voucher-verify.ts'
import { verify } from '../../../verify.ts'

/** Payments of orders, and gift cards that pay (specs/pretix-vouchers.md 10.2, 12; pretix-giftcards.md 10). */

const ORDERS = 'events/gala/orders/'
type Json = { readonly [key: string]: unknown }
type Order = {
  readonly code: string
  readonly status: string
  readonly total: string
  readonly payments: readonly Json[]
  readonly refunds: readonly Json[]
}
const EVENT = {
  ...GALA,
  items: [
    { ref: 'standard', name: 'Standard', default_price: '23.00' },
    { ref: 'voucher', name: 'Gift card', default_price: '10.00' },
  ],
  quotas: [{ ref: 'hall', name: 'Hall', size: null, items: ['standard', 'voucher'] }],
}

describe('payments of an order', () => {
  let server: TicketServer
  const open = async () => {
    const shop = await server.shop(EVENT)
    const standard = await shop.idOf('ticket_items', 'standard')
    const giftCard = await shop.idOf('ticket_items', 'voucher')
    await shop.patch(`events/gala/items/${giftCard}/`, { issue_giftcard: true })
    return { shop, standard, giftCard }
  }
  const card = async (shop: Shop, value: string, more: Json = {}) => {
    const secret = `CARD.${Math.random().toString(36).slice(2)}`
    const answer = await shop.post('giftcards/', { secret, value, currency: 'EUR', ...more })
    assert.equal(answer.status, 201, answer.text)
    return answer.json as { id: number; secret: string }
  }
  const value = async (shop: Shop, { id }: { id: number }) =>
    ((await shop.get(`giftcards/${id}/`)).json as { value: string }).value
  const ordered = async (shop: Shop, body: Json) => {
    const answer = await shop.post(ORDERS, body)
    assert.equal(answer.status, 201, answer.text)
    return answer.json as Order
  }
  const read = async (shop: Shop, { code }: { code: string }) =>
    (await shop.get(`${ORDERS}${code}/`)).json as Order
  const pay = (shop: Shop, { code }: { code: string }, body: Json) =>
    shop.post(`${ORDERS}${code}/payments/`, body)
  const giftcard = ({ id }: { id: number }, amount: string, more: Json = {}) => ({
    provider: 'giftcard',
    amount,
    state: 'confirmed',
    info: { gift_card: id },
    ...more,
  })
  /** Everything that a refusal must leave alone. */
  const books = async (shop: Shop) =>
    JSON.stringify(
      await Promise.all(
        [
          'entries',
          'cards',
          'ticket_orders',
          'ticket_payments',
          'ticket_refunds',
          'notifications',
        ].map(async (table) =>
          (await shop.rows(table)).map((row) => Object.values(row).map(String)),
        ),
      ),
    )

  before(async () => {
    server = await openTicketServer()
  })
  after(async () => {
    assert.equal((await verify(server.app.owner)).broken, undefined)
    await server.close()
  })

  test('are recorded, listed and found by their number in the order', async () => {
    const { shop, standard } = await open()
    const order = await ordered(shop, { positions: [{ item: standard }] })
    const made = await pay(shop, order, { provider: 'banktransfer', amount: '3', info: { a: 1.1 } })
    assert.equal(made.status, 201)
    const { created, ...payment } = made.json as Json
    assert.equal(typeof created, 'string')
    assert.deepEqual(payment, {
      local_id: 1,
      state: 'created',
      amount: '3.00',
      payment_date: null,
      provider: 'banktransfer',
      payment_url: null,
      details: {},
    })
    await pay(shop, order, { provider: 'manual', amount: '20.00', state: 'pending' })
    const list = (await shop.get(`${ORDERS}${order.code}/payments/`)).json as Json
    assert.deepEqual([list.count, (list.results as Json[])[0]], [2, made.json])
    const one = await shop.get(`${ORDERS}${order.code}/payments/2/`)
    assert.equal((one.json as Json).state, 'pending')
    const match = { detail: 'No OrderPayment matches the given query.' }
    assert.deepEqual((await shop.get(`${ORDERS}${order.code}/payments/3/`)).json, match)
    assert.deepEqual((await shop.get(`${ORDERS}NOPE1/payments/`)).json, {
      detail: 'No Order matches the given query.',
    })
  })

  test('are refused with a body that says too little or nonsense', async () => {
    const { shop, standard } = await open()
    const order = await ordered(shop, { positions: [{ item: standard }] })
    const before = await books(shop)
    const faults = async (body: unknown) => {
      const answer = await shop.post(`${ORDERS}${order.code}/payments/`, body)
      assert.equal(answer.status, 400)
      return answer.json
    }
    assert.deepEqual(await faults({}), {
      provider: ['This field is required.'],
      amount: ['This field is required.'],
    })
    const nonsense = { provider: 'x', amount: '-1', state: 'y', info: 'z', payment_date: 'q' }
    assert.deepEqual(await faults(nonsense), {
      provider: ['The given payment provider is not known.'],
      amount: ['Ensure this value is greater than or equal to 0.'],
      state: ['"y" is not a valid choice.'],
      info: ['info must be a JSON object.'],
      payment_date: [
        'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].',
      ],
    })
    assert.equal(await books(shop), before)
  })

  test('make an order paid once they cover it', async () => {
    const { shop, standard } = await open()
    const order = await ordered(shop, { positions: [{ item: standard }] })
    const part = { provider: 'manual', amount: '13.00', state: 'confirmed' }
    await pay(shop, order, part)
    assert.equal((await read(shop, order)).status, 'n')
    await pay(shop, order, { ...part, amount: '10.00', state: 'created' })
    assert.equal((await read(shop, order)).status, 'n')
    const confirmed = await shop.post(`${ORDERS}${order.code}/payments/2/confirm/`, {})
    assert.deepEqual([confirmed.status, (confirmed.json as Json).state], [200, 'confirmed'])
    assert.equal((await read(shop, order)).status, 'p')
    const again = await shop.post(`${ORDERS}${order.code}/payments/2/confirm/`, {})
    assert.deepEqual([again.status, again.json], [400, { detail: 'Invalid state of payment' }])
  })

  test('with a gift card debit it in the commit that makes the order paid', async () => {
    const { shop, standard } = await open()
    const paying = await card(shop, '50.00')
    const order = await ordered(shop, { positions: [{ item: standard }] })
    const made = await pay(shop, order, giftcard(paying, '23.00'))
    assert.equal(made.status, 201)
    assert.deepEqual((made.json as Json).details, {
      gift_card: { id: paying.id, secret: paying.secret, organizer: shop.slug },
    })
    assert.equal(await value(shop, paying), '27.00')
    assert.equal((await read(shop, order)).status, 'p')
    const { json } = await shop.get(`giftcards/${paying.id}/transactions/`)
    const { id, datetime, ...booking } = (json as { results: Json[] }).results.at(-1) ?? {}
    assert.ok(id !== undefined && datetime !== undefined)
    assert.deepEqual(booking, {
      value: '-23.00',
      event: 'gala',
      order: order.code,
      text: null,
      info: null,
      acceptor: shop.slug,
    })
  })

  test('with a gift card are only recorded until they are confirmed', async () => {
    const { shop, standard } = await open()
    const paying = await card(shop, '50.00')
    const order = await ordered(shop, {
      positions: [{ item: standard }],
      payment_provider: 'giftcard',
      payment_info: { gift_card: paying.id },
    })
    assert.deepEqual([order.status, order.payments[0]?.state], ['n', 'created'])
    assert.equal(await value(shop, paying), '50.00')
    const confirmed = await shop.post(`${ORDERS}${order.code}/payments/1/confirm/`, {})
    assert.equal(confirmed.status, 200)
    assert.equal(await value(shop, paying), '27.00')
    assert.equal((await read(shop, order)).status, 'p')
    const nameless = await ordered(shop, {
      positions: [{ item: standard }],
      status: 'p',
      payment_provider: 'giftcard',
    })
    assert.deepEqual(nameless.payments[0]?.details, {})
  })

  test('of a paid order debit the gift card it names, or there is no order', async () => {
    const { shop, standard } = await open()
    const paying = await card(shop, '30.00')
    const body = {
      positions: [{ item: standard }],
      status: 'p',
      payment_provider: 'giftcard',
      payment_info: { gift_card: paying.id },
    }
    const order = await ordered(shop, body)
    assert.deepEqual([order.status, await value(shop, paying)], ['p', '7.00'])
    assert.deepEqual(await read(shop, order), order)
    const before = await books(shop)
    const refused = await shop.post(ORDERS, body)
    assert.deepEqual(
      [refused.status, refused.json],
      [400, { detail: 'This gift card was used in the meantime. Please try again.' }],
    )
    assert.equal(await books(shop), before)
  })

  test('are refused for each reason a gift card may have, in their order', async () => {
    const { shop, standard, giftCard } = await open()
    const beta = await server.shop()
    const gamma = await server.shop()
    const { owner } = server.app
    await server.app.apply(merchantOptions(shop, { accepts_cards_of: [beta.slug] }))
    const order = await ordered(shop, { positions: [{ item: standard }] })
    const trial = await ordered(shop, { positions: [{ item: standard }], testmode: true })
    const buying = await ordered(shop, { positions: [{ item: giftCard }] })
    const refused = async (on: { code: string }, body: Json) => {
      const before = await books(shop)
      const answer = await pay(shop, on, body)
      assert.equal(answer.status, 400, answer.text)
      assert.equal(await books(shop), before)
      return (answer.json as { detail: string }).detail
    }
    const live = await card(shop, '5.00')
    assert.equal(
      await refused(buying, giftcard(live, '5.00')),
      'You cannot pay with gift cards when buying a gift card.',
    )
    const unknown = 'This gift card is not known.'
    assert.equal(await refused(order, giftcard({ id: 999_999 }, '5.00')), unknown)
    assert.equal(
      await refused(order, giftcard(live, '5.00', { info: { gift_card: 'x' } })),
      unknown,
    )
    const francs = await card(gamma, '0.00', { currency: 'CHF' })
    const currency = 'This gift card does not support this currency.'
    assert.equal(await refused(order, giftcard(francs, '5.00')), currency)
    const foreign = await card(gamma, '0.00')
    const accepted = 'This gift card is not accepted by this event organizer.'
    assert.equal(await refused(order, giftcard(foreign, '5.00')), accepted)
    const empty = await card(shop, '0.00', { testmode: true })
    const credit = 'All credit on this gift card has been used.'
    assert.equal(await refused(order, giftcard(empty, '5.00')), credit)
    const test1 = await card(shop, '5.00', { testmode: true })
    const meantime = 'This gift card was used in the meantime. Please try again.'
    assert.equal(await refused(order, giftcard(test1, '5.01')), meantime)
    const testOnly = 'This gift card can only be used in test mode.'
    assert.equal(await refused(order, giftcard(test1, '5.00')), testOnly)
    const liveOnly = 'Only test gift cards can be used in test mode.'
    assert.equal(await refused(trial, giftcard(live, '5.00')), liveOnly)
    const over = await card(shop, '5.00', { expires: '2020-01-01T00:00:00Z' })
    const valid = 'This gift card is no longer valid.'
    assert.equal(await refused(order, giftcard(over, '5.00')), valid)
    const blocked = await card(shop, '5.00')
    await owner`update cards set state = 'blocked' where id = ${blocked.id}`
    const active = 'This gift card is not active.'
    assert.equal(await refused(order, giftcard(blocked, '5.00')), active)
    await owner`update cards set state = 'active' where id = ${blocked.id}`
    // A card of an issuer that is accepted pays, and its own books say where.
    const other = await card(beta, '5.00')
    const paid = await pay(shop, order, giftcard(other, '5.00'))
    assert.equal(paid.status, 201, paid.text)
    assert.equal(
      (paid.json as { details: { gift_card: Json } }).details.gift_card.organizer,
      beta.slug,
    )
    assert.equal(await value(beta, other), '0.00')
    assert.equal((await pay(shop, trial, giftcard(test1, '5.00'))).status, 201)
  })

  test('are refunded onto the card they came from, never more than they took', async () => {
    const { shop, standard } = await open()
    const paying = await card(shop, '50.00')
    const order = await ordered(shop, { positions: [{ item: standard }] })
    await pay(shop, order, giftcard(paying, '10.00'))
    await pay(shop, order, giftcard(paying, '13.00'))
    const path = `${ORDERS}${order.code}/payments/1/refund/`
    const refused = async (body: unknown, at = path) => {
      const before = await books(shop)
      const answer = await shop.post(at, body)
      assert.equal(answer.status, 400, answer.text)
      assert.equal(await books(shop), before)
      return answer.json
    }
    const invalid = { amount: ['Invalid refund amount.'] }
    assert.deepEqual(await refused({ amount: '0.00' }), invalid)
    assert.deepEqual(await refused({ amount: '-1.00' }), invalid)
    assert.deepEqual(await refused({ amount: 'x' }), { amount: ['A valid number is required.'] })
    const part = await shop.post(path, { amount: '3.00' })
    assert.deepEqual([part.status, (part.json as Json).state], [200, 'confirmed'])
    assert.equal(await value(shop, paying), '30.00')
    const only = { amount: ['Invalid refund amount, only 7.00 are available to refund.'] }
    assert.deepEqual(await refused({ amount: '7.01' }), only)
    assert.deepEqual(await refused({}), only)
    assert.deepEqual(await refused({ comment: 'a\0' }), {
      comment: ['Null characters are not allowed.'],
    })
    const rest = await shop.post(path, { amount: '7', comment: 'Rain check' })
    assert.deepEqual([rest.status, (rest.json as Json).state], [200, 'refunded'])
    assert.deepEqual(await refused({}), { detail: 'Invalid state of payment.' })
    const whole = await shop.post(`${ORDERS}${order.code}/payments/2/refund/`, {})
    assert.deepEqual([whole.status, (whole.json as Json).state], [200, 'refunded'])
    assert.equal(await value(shop, paying), '50.00')
    const { refunds } = await read(shop, order)
    assert.deepEqual(
      refunds.map(({ local_id, payment, amount, state }) => [local_id, payment, amount, state]),
      [
        [1, 1, '3.00', 'done'],
        [2, 1, '7.00', 'done'],
        [3, 2, '13.00', 'done'],
      ],
    )
    const entries = await shop.rows('entries')
    const back = entries.filter(({ kind }) => kind === 'refund')
    assert.deepEqual(
      back.map(({ text }) => text),
      [null, 'Rain check', null],
    )
    assert.deepEqual(
      refunds.map(({ comment }) => comment),
      [null, 'Rain check', null],
    )
    assert.equal(back.length, 3)
    assert.ok(
      back.every(({ reverses, order_ref }) => reverses !== null && order_ref === order.code),
    )
  })

  test('of a provider that cannot give back are not refunded', async () => {
    const { shop, standard } = await open()
    const order = await ordered(shop, { positions: [{ item: standard }] })
    await pay(shop, order, { provider: 'manual', amount: '23.00', state: 'confirmed' })
    await pay(shop, order, { provider: 'manual', amount: '1.00' })
    const path = (id: number) => `${ORDERS}${order.code}/payments/${id}/refund/`
    const before = await books(shop)
    assert.deepEqual((await shop.post(path(1), {})).json, {
      amount: ['Full refund not available for this payment method.'],
    })
    assert.deepEqual((await shop.post(path(1), { amount: '1.00' })).json, {
      amount: ['Partial refund not available for this payment method.'],
    })
    const state = await shop.post(path(2), {})
    assert.deepEqual([state.status, state.json], [400, { detail: 'Invalid state of payment.' }])
    assert.equal((await shop.post(path(9), {})).status, 404)
    assert.equal(await books(shop), before)
  })

  test('of an order that cannot exist are not found', async () => {
    const { shop } = await open()
    for (const code of ['NOPE1', '%00', 'A%00B'])
      for (const answer of [
        await shop.get(`${ORDERS}${code}/payments/`),
        await shop.get(`${ORDERS}${code}/payments/1/`),
        await shop.post(`${ORDERS}${code}/payments/`, { provider: 'manual', amount: '1.00' }),
        await shop.post(`${ORDERS}${code}/payments/1/confirm/`, {}),
        await shop.post(`${ORDERS}${code}/payments/1/refund/`, {}),
      ])
        assert.deepEqual(
          [answer.status, answer.json],
          [404, { detail: 'No Order matches the given query.' }],
        )
  })

  test('with gift cards at creation take from each in turn until nothing is left to pay', async () => {
    const { shop, standard } = await open()
    const [first, second, third] = [
      await card(shop, '10.00'),
      await card(shop, '20.00'),
      await card(shop, '5.00'),
    ]
    const empty = await card(shop, '0.00')
    const cards = [first, empty, second, third].map(({ secret }) => secret)
    const order = await ordered(shop, {
      positions: [{ item: standard }],
      use_gift_cards: [...cards.slice(0, 2), 'NO.SUCH', ...cards.slice(2)],
    })
    assert.deepEqual(
      order.payments.map(({ local_id, state, amount, provider }) => [
        local_id,
        state,
        amount,
        provider,
      ]),
      [
        [1, 'confirmed', '10.00', 'giftcard'],
        [2, 'failed', '13.00', 'giftcard'],
        [3, 'failed', '13.00', 'giftcard'],
        [4, 'confirmed', '13.00', 'giftcard'],
      ],
    )
    assert.equal(order.status, 'p')
    assert.deepEqual(
      [await value(shop, first), await value(shop, second), await value(shop, third)],
      ['0.00', '7.00', '5.00'],
    )
    assert.deepEqual(await read(shop, order), order)
    const short = await ordered(shop, {
      positions: [{ item: standard }],
      use_gift_cards: [second.secret],
    })
    assert.deepEqual([short.status, short.payments[0]?.amount], ['n', '7.00'])
  })

  test('with gift cards at creation go with nothing else that says how it is paid', async () => {
    const { shop, standard } = await open()
    const before = await books(shop)
    const faults = async (more: Json) => {
      const body = { positions: [{ item: standard }], use_gift_cards: ['A.1'], ...more }
      const answer = await shop.post(ORDERS, body)
      assert.equal(answer.status, 400, answer.text)
      return answer.json
    }
    const apart = {
      use_gift_cards: [
        'The attribute use_gift_cards is not compatible with payment_provider or payment_info',
      ],
    }
    assert.deepEqual(await faults({ payment_provider: 'manual', status: 'p' }), apart)
    assert.deepEqual(await faults({ payment_info: {} }), apart)
    assert.deepEqual(await faults({ status: 'p' }), {
      use_gift_cards: [
        'The attribute use_gift_cards is only supported for orders that are created as pending',
      ],
    })
    assert.deepEqual(await faults({ use_gift_cards: ['A.1', 'A.1'] }), {
      use_gift_cards: ['Multiple copies of the same gift card secret are not allowed'],
    })
    assert.deepEqual(await faults({ use_gift_cards: 'A.1' }), {
      use_gift_cards: ['Expected a list of items but got type "str".'],
    })
    assert.equal(await books(shop), before)
  })

  test('tell the webhooks of the issuer, and only when something was booked', async () => {
    const { shop, standard } = await open()
    const paying = await card(shop, '50.00')
    await server.app.owner`
      insert into webhooks (merchant_id, name, url, actions)
      select id, 'w', 'http://127.0.0.1:9/', '{pretix.giftcards.transaction.*}' from merchants where slug = ${shop.slug}`
    const order = await ordered(shop, { positions: [{ item: standard }] })
    await pay(shop, order, giftcard(paying, '10.00'))
    await pay(shop, order, giftcard(paying, '100.00'))
    await shop.post(`${ORDERS}${order.code}/payments/1/refund/`, { amount: '4.00' })
    const told = (await shop.rows('notifications')).map(({ action, card_id }) => [
      action,
      Number(card_id),
    ])
    assert.deepEqual(told, [
      ['pretix.giftcards.transaction.payment', paying.id],
      ['pretix.giftcards.transaction.refund', paying.id],
    ])
  })

  test('are made once for a repeated key', async () => {
    const { shop, standard } = await open()
    const paying = await card(shop, '50.00')
    const order = await ordered(shop, { positions: [{ item: standard }] })
    const send = (path: string, json: Json, key: string) =>
      shop.send('POST', `${ORDERS}${order.code}/payments/${path}`, {
        json,
        headers: { 'x-idempotency-key': key },
      })
    const first = await send('', giftcard(paying, '10.00'), 'pay')
    assert.equal((await send('', giftcard(paying, '10.00'), 'pay')).text, first.text)
    assert.equal(await value(shop, paying), '40.00')
    const back = await send('1/refund/', { amount: '4.00' }, 'back')
    assert.equal((await send('1/refund/', { amount: '4.00' }, 'back')).text, back.text)
    assert.equal(await value(shop, paying), '44.00')
    const used = { positions: [{ item: standard }], use_gift_cards: [paying.secret] }
    const headers = { 'x-idempotency-key': 'order' }
    const made = await shop.send('POST', ORDERS, { json: used, headers })
    const again = await shop.send('POST', ORDERS, { json: used, headers })
    assert.deepEqual([again.status, again.text], [201, made.text])
    assert.equal(await value(shop, paying), '21.00')
  })

  test('are proven by verify to be what their entries took', async () => {
    const { shop, standard } = await open()
    const paying = await card(shop, '50.00')
    const order = await ordered(shop, { positions: [{ item: standard }] })
    await pay(shop, order, giftcard(paying, '10.00'))
    const { owner } = server.app
    const [merchant] = await owner<
      { id: bigint }[]
    >`select id from merchants where slug = ${shop.slug}`
    const id = merchant?.id ?? 0n
    assert.equal(await verifyVouchers(owner, id), undefined)
    await owner`update ticket_payments set amount = amount + 1 where merchant_id = ${id}`
    assert.match((await verifyVouchers(owner, id)) ?? '', /^payment 1 of order \d+/)
    await owner`update ticket_payments set amount = amount - 1 where merchant_id = ${id}`
  })
})
