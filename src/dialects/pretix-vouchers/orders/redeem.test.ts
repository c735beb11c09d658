import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  budgetsOn,
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'
import { verifySales } from '../../../commerce/ticket-sales.ts'
import { verifyVouchers } from '../../../instruments/voucher-verify.ts'

/** Vouchers that are used by orders, and given back (specs/pretix-vouchers.md 8). */

const VOUCHERS = 'events/gala/vouchers/'
const ORDERS = 'events/gala/orders/'

type Json = { readonly [key: string]: unknown }
type Order = {
  readonly code: string
  readonly status: string
  readonly total: string
  readonly positions: readonly Json[]
  readonly [key: string]: unknown
}
const USED_UP = 'The voucher has already been used the maximum number of times.'

describe('a voucher in an order', () => {
  let server: TicketServer
  const open = async (currency = 'EUR', budgets = false) => {
    const shop = await server.shop(
      {
        ...GALA,
        currency,
        items: [
          { ref: 'standard', name: 'Standard', default_price: '30.00' },
          { ref: 'other', name: 'Other', default_price: '0.20' },
          {
            ref: 'shirt',
            name: 'Shirt',
            default_price: '19.99',
            variations: [
              { ref: 's', value: 'S' },
              { ref: 'l', value: 'L' },
            ],
          },
          { ref: 'seated', name: 'Seated', default_price: '50.00' },
        ],
        quotas: [
          {
            ref: 'hall',
            name: 'Hall',
            size: 100,
            items: ['standard', 'other', 'shirt', 'seated'],
            variations: ['s', 'l'],
          },
          { ref: 'small', name: 'Small', size: 100, items: ['shirt'], variations: ['s'] },
        ],
        seats: [
          { seat_guid: 'A-1', row_name: '3', seat_number: '7', item: 'seated' },
          { seat_guid: 'A-2', row_name: '3', seat_number: '8', item: 'seated' },
        ],
      },
      {
        ...GALA,
        slug: 'tour',
        has_subevents: true,
        items: [{ ref: 'standing', name: 'Standing', default_price: '20.00' }],
        subevents: [
          { ref: 'may', name: 'May', date_from: '2031-05-01T08:00:00Z' },
          { ref: 'june', name: 'June', date_from: '2031-06-01T08:00:00Z' },
        ],
        quotas: [
          { ref: 'mh', name: 'MH', size: null, items: ['standing'], subevent: 'may' },
          { ref: 'jh', name: 'JH', size: null, items: ['standing'], subevent: 'june' },
        ],
      },
    )
    if (budgets) {
      await server.app.apply(budgetsOn(shop))
    }
    const item = (ref: string) => shop.idOf('ticket_items', ref)
    return {
      shop,
      standard: await item('standard'),
      other: await item('other'),
      shirt: await item('shirt'),
      seated: await item('seated'),
      standing: await item('standing'),
      s: await shop.idOf('ticket_variations', 's'),
      l: await shop.idOf('ticket_variations', 'l'),
      hall: await shop.idOf('ticket_quotas', 'hall'),
      small: await shop.idOf('ticket_quotas', 'small'),
      may: await shop.idOf('ticket_subevents', 'may'),
      june: await shop.idOf('ticket_subevents', 'june'),
    }
  }
  const make = async (shop: Shop, body: Json, event = 'gala'): Promise<{ id: number } & Json> => {
    const answer = await shop.post(`events/${event}/vouchers/`, body)
    assert.equal(answer.status, 201, answer.text)
    return answer.json as { id: number } & Json
  }
  const ordered = async (shop: Shop, positions: Json[], more: Json = {}, event = 'gala') => {
    const answer = await shop.post(`events/${event}/orders/`, { positions, ...more })
    assert.equal(answer.status, 201, answer.text)
    return answer.json as Order
  }
  const refused = async (shop: Shop, positions: Json[], more: Json = {}, event = 'gala') => {
    const state = async () =>
      JSON.stringify(
        await Promise.all(
          ['ticket_orders', 'ticket_positions', 'vouchers', 'voucher_tallies', 'ticket_sales'].map(
            async (table) => (await shop.rows(table)).map((row) => Object.values(row).map(String)),
          ),
        ),
      )
    const before = await state()
    const answer = await shop.post(`events/${event}/orders/`, { positions, ...more })
    assert.equal(answer.status, 400, answer.text)
    assert.equal(await state(), before)
    return (answer.json as { positions: unknown }).positions
  }
  const redeemed = async (shop: Shop, { id }: { id: number }, event = 'gala') =>
    ((await shop.get(`events/${event}/vouchers/${id}/`)).json as { redeemed: number }).redeemed
  const left = async (shop: Shop, quota: number) =>
    ((await shop.get(`events/gala/quotas/${quota}/availability/`)).json as Json).available_number

  before(async () => {
    server = await openTicketServer()
  })
  after(async () => {
    // Whatever the tests above did, the books must be right at the end.
    for (const { id } of await server.app.owner<{ id: bigint }[]>`select id from merchants`) {
      assert.equal(await verifyVouchers(server.app.owner, id), undefined)
      assert.equal(await verifySales(server.app.owner, id), undefined)
    }
    await server.close()
  })

  test('is named by its exact code and shown by its id', async () => {
    const { shop, standard } = await open()
    const voucher = await make(shop, { code: 'press-1', max_usages: 2 })
    const order = await ordered(shop, [{ item: standard, voucher: 'PRESS-1' }])
    assert.equal(order.positions[0]?.voucher, voucher.id)
    assert.equal(order.positions[0]?.voucher_budget_use, '0.00')
    assert.equal(await redeemed(shop, voucher), 1)
    assert.deepEqual(
      await refused(shop, [
        { item: standard, voucher: 'press-1' },
        { item: standard, voucher: ' PRESS-1' },
        { item: standard, voucher: 5 },
        { item: standard, voucher: true },
        { item: standard, voucher: '' },
        { item: standard, voucher: null },
      ]),
      [
        { voucher: ['Object with code=press-1 does not exist.'] },
        { voucher: ['Object with code= PRESS-1 does not exist.'] },
        { voucher: ['Object with code=5 does not exist.'] },
        { voucher: ['Object with code=True does not exist.'] },
        {},
        {},
      ],
    )
    await make(shop, { code: 'tour-code' }, 'tour')
    assert.deepEqual(await refused(shop, [{ item: standard, voucher: 'TOUR-CODE' }]), [
      { voucher: ['Object with code=TOUR-CODE does not exist.'] },
    ])
  })

  test('R1 is said before anything else about any position', async () => {
    const { shop, standard, seated } = await open()
    await make(shop, { code: 'over-1', valid_until: '2020-01-01' })
    const positions = [
      { item: standard, voucher: 'OVER-1' },
      { item: seated },
      { item: standard, voucher: 'NOPE-1' },
    ]
    assert.deepEqual(await refused(shop, positions), [
      {},
      {},
      { voucher: ['Object with code=NOPE-1 does not exist.'] },
    ])
  })

  test('R2: is not for add-ons', async () => {
    const { shop, standard } = await open()
    await make(shop, { code: 'any-1', valid_until: '2020-01-01' })
    const positions = [
      { item: standard, positionid: 1 },
      { item: standard, positionid: 2, addon_to: 1, voucher: 'ANY-1' },
    ]
    assert.deepEqual(await refused(shop, positions), [
      {},
      { voucher: ['Vouchers are currently not supported for add-on products.'] },
    ])
  })

  test('R3: is for its product, its variation, or what its quota holds', async () => {
    const { shop, standard, shirt, s, l, small } = await open()
    await make(shop, { code: 'shirts', item: shirt, max_usages: 9, valid_until: '2035-01-01' })
    await make(shop, { code: 'small-shirts', item: shirt, variation: s, max_usages: 9 })
    await make(shop, { code: 'quota-1', quota: small, max_usages: 9 })
    await make(shop, { code: 'for-all', max_usages: 9 })
    const wrong = { voucher: ['This voucher is not valid for this product.'] }
    assert.deepEqual(
      await refused(shop, [
        { item: standard, voucher: 'SHIRTS' },
        { item: shirt, variation: l, voucher: 'SMALL-SHIRTS' },
        { item: shirt, variation: l, voucher: 'QUOTA-1' },
        { item: standard, voucher: 'QUOTA-1' },
        { item: shirt, variation: l, voucher: 'SHIRTS' },
      ]),
      [wrong, wrong, wrong, wrong, {}],
    )
    const order = await ordered(shop, [
      { item: shirt, variation: l, voucher: 'SHIRTS' },
      { item: shirt, variation: s, voucher: 'SMALL-SHIRTS' },
      { item: shirt, variation: s, voucher: 'QUOTA-1' },
      { item: standard, voucher: 'FOR-ALL' },
    ])
    assert.equal(order.positions.length, 4)
  })

  test('R4: is for its date, or for all dates if it names none', async () => {
    const { shop, standing, may, june } = await open()
    await make(shop, { code: 'may-only', subevent: may, max_usages: 9 }, 'tour')
    await make(shop, { code: 'all-dates', max_usages: 9 }, 'tour')
    const on = (subevent: number, voucher: string) => ({ item: standing, subevent, voucher })
    assert.deepEqual(
      await refused(shop, [on(june, 'MAY-ONLY'), on(june, 'ALL-DATES')], {}, 'tour'),
      [{ voucher: ['This voucher is not valid for this event date.'] }, {}],
    )
    await ordered(shop, [on(may, 'MAY-ONLY'), on(june, 'ALL-DATES')], {}, 'tour')
  })

  test('R5: ends, R6: keeps to its seat, each before a use too many', async () => {
    const { shop, standard, seated } = await open()
    await make(shop, { code: 'over-1', valid_until: '2020-01-01', max_usages: 0 })
    assert.deepEqual(await refused(shop, [{ item: standard, voucher: 'OVER-1' }]), [
      { voucher: ['This voucher is expired.'] },
    ])
    const voucher = await make(shop, { code: 'seat-1', seat: 'A-1', item: seated })
    const free = 'The selected seat "Row 3, Seat 7" is not available.'
    assert.deepEqual(
      await refused(shop, [
        { item: seated, voucher: 'SEAT-1', seat: 'A-2' },
        { item: seated, seat: 'A-1' },
        { item: seated, voucher: 'SEAT-1' },
      ]),
      [
        { voucher: ['This voucher is not valid for this seat.'] },
        { seat: [free] },
        { voucher: ['This voucher is not valid for this seat.'] },
      ],
    )
    const order = await ordered(shop, [{ item: seated, voucher: 'SEAT-1', seat: 'A-1' }])
    assert.equal((order.positions[0]?.seat as Json | undefined)?.seat_guid, 'A-1')
    assert.equal(await redeemed(shop, voucher), 1)
  })

  test('R7: each position is one use; nothing is written when one is too many', async () => {
    const { shop, standard } = await open()
    const voucher = await make(shop, { code: 'twice-1', max_usages: 2 })
    const position = { item: standard, voucher: 'TWICE-1' }
    await ordered(shop, [position])
    assert.deepEqual(await refused(shop, [position, position, position]), [
      {},
      { voucher: [USED_UP] },
      { voucher: [USED_UP] },
    ])
    assert.equal(await redeemed(shop, voucher), 1)
    await ordered(shop, [position])
    assert.deepEqual(await refused(shop, [position], { force: true }), [{ voucher: [USED_UP] }])
    assert.equal(await redeemed(shop, voucher), 2)
  })

  test('min_usages is not asked of an order', async () => {
    const { shop, standard } = await open()
    await make(shop, { code: 'four-or-more', max_usages: 8, min_usages: 4 })
    await ordered(shop, [{ item: standard, voucher: 'FOUR-OR-MORE' }])
  })

  test('a quota error stands beside a voucher error, except for one that blocks or ignores', async () => {
    const { shop, standard, hall } = await open()
    await make(shop, { code: 'used-up', max_usages: 0 })
    await make(shop, { code: 'expired', valid_until: '2020-01-01' })
    await make(shop, { code: 'blocks', item: standard, block_quota: true, max_usages: 3 })
    await make(shop, { code: 'ignores', allow_ignore_quota: true })
    await make(shop, {
      code: 'blocked-once',
      item: standard,
      block_quota: true,
      valid_until: '2020-01-01',
    })
    await shop.patch(`events/gala/quotas/${hall}/`, { size: 3 })
    const item = ['There is not enough quota available on quota "Hall" to perform the operation.']
    const use = (voucher: string) => ({ item: standard, voucher })
    const positions = ['USED-UP', 'EXPIRED', 'BLOCKS', 'IGNORES', 'BLOCKED-ONCE'].map(use)
    assert.deepEqual(await refused(shop, positions), [
      { voucher: [USED_UP], item },
      { voucher: ['This voucher is expired.'], item },
      {},
      {},
      { voucher: ['This voucher is expired.'] },
    ])
    assert.equal((await ordered(shop, [use('BLOCKS'), use('IGNORES')])).positions.length, 2)
  })

  test('the place it withheld becomes the place of its order', async () => {
    const { shop, standard, hall } = await open()
    await shop.patch(`events/gala/quotas/${hall}/`, { size: 2 })
    await make(shop, { code: 'blocks', item: standard, block_quota: true, max_usages: 2 })
    assert.equal(await left(shop, hall), 0)
    const first = await ordered(shop, [{ item: standard, voucher: 'BLOCKS' }])
    assert.equal(await left(shop, hall), 0)
    await ordered(shop, [{ item: standard, voucher: 'BLOCKS' }])
    await shop.post(`${ORDERS}${first.code}/mark_canceled/`, {})
    // The use comes back, and with it what it withholds.
    assert.equal(await left(shop, hall), 0)
    assert.deepEqual((await refused(shop, [{ item: standard }])) as unknown, [
      { item: ['There is not enough quota available on quota "Hall" to perform the operation.'] },
    ])
    await ordered(shop, [{ item: standard, voucher: 'BLOCKS' }])
  })

  test('one for a quota has its place there; the other quotas of the product are asked', async () => {
    const { shop, standard, hall } = await open()
    const quota = await shop.post('events/gala/quotas/', {
      name: 'Day',
      size: 0,
      items: [standard],
    })
    const { id: day } = quota.json as { id: number }
    await make(shop, { code: 'hall-1', quota: hall, block_quota: true, max_usages: 5 })
    const positions = [{ item: standard, voucher: 'HALL-1' }]
    assert.deepEqual(await refused(shop, positions), [
      { item: ['There is not enough quota available on quota "Day" to perform the operation.'] },
    ])
    await shop.patch(`events/gala/quotas/${day}/`, { size: 1 })
    await ordered(shop, positions)
    assert.deepEqual([await left(shop, day), await left(shop, hall)], [0, 95])
  })

  test('reduces the price in every mode, in exact decimals', async () => {
    const { shop, shirt, other, s } = await open()
    const cases = [
      ['percent', '15', '16.99', '3.00'],
      ['subtract', '25.00', '0.00', '19.99'],
      ['set', '25.00', '25.00', '0.00'],
      ['set', null, '19.99', '0.00'],
      ['none', '5.00', '19.99', '0.00'],
      ['percent', '120', '0.00', '19.99'],
    ] as const
    for (const [price_mode, value, price, use] of cases) {
      const code = `${price_mode}-${value}`.toUpperCase()
      await make(shop, { code, price_mode, value })
      const order = await ordered(shop, [{ item: shirt, variation: s, voucher: code }])
      const position = order.positions[0]
      assert.deepEqual([position?.price, position?.voucher_budget_use], [price, use], code)
    }
    await make(shop, { code: 'half-a-cent', price_mode: 'percent', value: '12.50' })
    const order = await ordered(shop, [{ item: other, voucher: 'HALF-A-CENT' }])
    assert.equal(order.positions[0]?.price, '0.18')
  })

  test('rounds to whole units in a currency without smaller ones', async () => {
    const { shop, standard } = await open('JPY')
    await shop.patch(`events/gala/items/${standard}/`, { default_price: '1500' })
    await make(shop, { code: 'percent', price_mode: 'percent', value: '12.35' })
    const order = await ordered(shop, [{ item: standard, voucher: 'PERCENT' }])
    assert.equal(order.positions[0]?.price, '1315.00')
  })

  test('is used up by a given price too, which wins over it', async () => {
    const { shop, standard } = await open()
    const voucher = await make(shop, { code: 'given', price_mode: 'set', value: '24.00' })
    const order = await ordered(shop, [{ item: standard, voucher: 'GIVEN', price: '29.00' }])
    assert.deepEqual(
      [order.positions[0]?.price, order.positions[0]?.voucher_budget_use],
      ['29.00', '1.00'],
    )
    assert.equal(await redeemed(shop, voucher), 1)
  })

  test('gives no more than its budget, in order, and to orders that live', async () => {
    const { shop, standard } = await open('EUR', true)
    const voucher = await make(shop, {
      code: 'budget',
      price_mode: 'set',
      value: '24.00',
      budget: '10.00',
      max_usages: 9,
    })
    const use = { item: standard, voucher: 'BUDGET' }
    const none = (discount: string, remaining = '0.00') => ({
      voucher: [
        `The voucher has a remaining budget of ${remaining}, therefore a discount of ${discount} can not be given.`,
      ],
    })
    assert.deepEqual(await refused(shop, [use, use, use]), [{}, {}, none('6.00')])
    const order = await ordered(shop, [use, use])
    assert.deepEqual(
      order.positions.map(({ price, voucher_budget_use }) => [price, voucher_budget_use]),
      [
        ['24.00', '6.00'],
        ['26.00', '4.00'],
      ],
    )
    assert.deepEqual(await refused(shop, [{ ...use, price: '28.50' }]), [none('1.50')])
    // A price that takes nothing off is always fine.
    await ordered(shop, [{ ...use, price: '30.00' }])
    await shop.post(`${ORDERS}${order.code}/mark_canceled/`, {})
    assert.deepEqual(await refused(shop, [{ ...use, price: '19.00' }]), [none('11.00', '10.00')])
    const used = await shop.get(`${VOUCHERS}${voucher.id}/`)
    assert.equal((used.json as Json).budget_used, '0.00')
    const cheap = await ordered(shop, [{ ...use, price: '20.00' }])
    assert.equal(cheap.positions[0]?.voucher_budget_use, '6.00')
  })

  test('without the merchant option a budget does not exist', async () => {
    const { shop, standard } = await open()
    await make(shop, { code: 'budget', price_mode: 'set', value: '24.00', max_usages: 9 })
    await server.app.owner`
      update vouchers set budget = 0 where merchant_id = (select id from merchants where slug = ${shop.slug})`
    const order = await ordered(shop, [{ item: standard, voucher: 'BUDGET' }])
    assert.equal(order.positions[0]?.price, '24.00')
  })

  test('comes back when its order is canceled, never below zero and only once', async () => {
    const { shop, standard, hall } = await open()
    const voucher = await make(shop, { code: 'back-1', max_usages: 3 })
    const use = { item: standard, voucher: 'BACK-1' }
    const order = await ordered(shop, [use, use])
    assert.deepEqual([await redeemed(shop, voucher), await left(shop, hall)], [2, 98])
    const path = `${ORDERS}${order.code}/mark_canceled/`
    const canceled = await shop.send('POST', path)
    assert.equal(canceled.status, 200)
    const after = canceled.json as Order
    assert.equal(after.status, 'c')
    assert.equal(typeof after.cancellation_date, 'string')
    assert.deepEqual(
      after.positions.map((position) => position.canceled),
      [false, false],
    )
    assert.deepEqual([await redeemed(shop, voucher), await left(shop, hall)], [0, 100])
    const again = await shop.post(path, {})
    assert.deepEqual(
      [again.status, again.json],
      [400, { detail: 'The order is not allowed to be canceled.' }],
    )
    assert.equal(await redeemed(shop, voucher), 0)
  })

  test('comes back too when a cancellation costs a fee, and the order stays to be paid', async () => {
    const { shop, standard, hall } = await open()
    const voucher = await make(shop, { code: 'fee-1', max_usages: 3 })
    const order = await ordered(shop, [{ item: standard, voucher: 'FEE-1' }])
    const path = `${ORDERS}${order.code}/mark_canceled/`
    const above = await shop.post(path, { cancellation_fee: '30.01' })
    assert.deepEqual(
      [above.status, above.json],
      [
        400,
        {
          detail: 'The cancellation fee cannot be higher than the total amount of this order.',
        },
      ],
    )
    const charged = (await shop.post(path, { cancellation_fee: '5.00' })).json as Order
    assert.deepEqual([charged.status, charged.total, charged.positions.length], ['n', '5.00', 1])
    assert.deepEqual(
      (charged.fees as Json[]).map(({ fee_type, value }) => [fee_type, value]),
      [['cancellation', '5.00']],
    )
    assert.deepEqual([await redeemed(shop, voucher), await left(shop, hall)], [0, 100])
    // Nothing is given back twice, and paying the fee takes no place again.
    const paid = await shop.post(`${ORDERS}${order.code}/payments/`, {
      provider: 'manual',
      amount: '5.00',
      state: 'confirmed',
    })
    assert.equal(paid.status, 201)
    assert.equal(((await shop.get(`${ORDERS}${order.code}/`)).json as Order).status, 'p')
    assert.deepEqual([await redeemed(shop, voucher), await left(shop, hall)], [0, 100])
    await shop.post(path, {})
    assert.equal(await redeemed(shop, voucher), 0)
  })

  test('stays used when its order expires, whose places and seat are free again', async () => {
    const { shop, standard, seated, hall } = await open()
    const voucher = await make(shop, { code: 'late-1', item: standard })
    const order = await ordered(shop, [
      { item: standard, voucher: 'LATE-1' },
      { item: seated, seat: 'A-1' },
    ])
    await server.app.owner`
      update ticket_orders set expires = now() - interval '1 hour' where code = ${order.code}`
    // It counts until it is given up.
    assert.equal(await left(shop, hall), 98)
    await expire(shop, order.code)
    assert.equal(await left(shop, hall), 100)
    assert.equal(await redeemed(shop, voucher), 1)
    assert.deepEqual(await refused(shop, [{ item: standard, voucher: 'LATE-1' }]), [
      { voucher: [USED_UP] },
    ])
    await ordered(shop, [{ item: seated, seat: 'A-1' }])
    const canceled = await shop.post(`${ORDERS}${order.code}/mark_canceled/`, {})
    assert.equal(canceled.status, 200)
    assert.equal(await redeemed(shop, voucher), 0)
  })

  test('an expired order that is paid takes its places again, if they can be had', async () => {
    const { shop, standard, hall } = await open()
    const pay = (code: string) =>
      shop.post(`${ORDERS}${code}/payments/`, {
        provider: 'manual',
        amount: '30.00',
        state: 'confirmed',
      })
    const status = async (code: string) =>
      ((await shop.get(`${ORDERS}${code}/`)).json as Order).status
    await shop.patch(`events/gala/quotas/${hall}/`, { size: 1 })
    const first = await ordered(shop, [{ item: standard }])
    await server.app.owner`
      update ticket_orders set expires = now() - interval '1 hour' where code = ${first.code}`
    await expire(shop, first.code)
    const second = await ordered(shop, [{ item: standard }])
    assert.equal((await pay(first.code)).status, 201)
    assert.equal(await status(first.code), 'e')
    await shop.post(`${ORDERS}${second.code}/mark_canceled/`, {})
    const manual = { provider: 'manual', amount: '0.00', state: 'confirmed' }
    assert.equal((await shop.post(`${ORDERS}${first.code}/payments/`, manual)).status, 201)
    assert.equal(await status(first.code), 'p')
    assert.equal(await left(shop, hall), 0)
  })

  /** Runs the worker's step until the order is given up. */
  const expire = async (shop: Shop, code: string) => {
    const { createTicketOrders } = await import('../../../services/ticket-orders.ts')
    const { wallClock } = await import('../../../money/instant.ts')
    const { randomBytes } = await import('node:crypto')
    await createTicketOrders({ db: server.app.db, now: wallClock, randomBytes }).expire()
    assert.equal(((await shop.get(`${ORDERS}${code}/`)).json as Order).status, 'e')
  }
})
