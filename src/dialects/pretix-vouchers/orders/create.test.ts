import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import {
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'

/** POST of an order: its fields, its positions, prices and payments (specs/pretix-vouchers.md 8, 10.1, 0). */

const ORDERS = 'events/gala/orders/'
const EVENT = {
  ...GALA,
  timezone: 'UTC',
  items: [
    { ref: 'standard', name: 'Standard', default_price: '23.00' },
    { ref: 'seated', name: 'Seated', default_price: '30.00' },
    {
      ref: 'shirt',
      name: 'Shirt',
      default_price: '12.00',
      variations: [
        { ref: 's', value: 'S' },
        { ref: 'l', value: 'L', default_price: '14.00' },
      ],
    },
    { ref: 'cap', name: 'Cap', default_price: '9.00', variations: [{ ref: 'red', value: 'Red' }] },
    { ref: 'lonely', name: { en: 'Gala seat' }, default_price: '5.00' },
    { ref: 'free', name: 'Free', default_price: '0.00' },
    { ref: 'off', name: 'Off', default_price: '1.00' },
  ],
  quotas: [
    {
      ref: 'hall',
      name: 'Hall',
      size: null,
      items: ['standard', 'seated', 'shirt', 'cap', 'free', 'off'],
      variations: ['s', 'l', 'red'],
    },
  ],
  seats: [
    { seat_guid: 'A-1', zone_name: 'Stalls', row_name: '3', seat_number: '7', item: 'seated' },
    { seat_guid: 'A-2', row_name: '3', seat_number: '8', item: 'seated' },
  ],
}
const TOUR = {
  ...GALA,
  slug: 'tour',
  has_subevents: true,
  items: [
    { ref: 'standing', name: 'Standing', default_price: '20.00' },
    {
      ref: 'poster',
      name: 'Poster',
      default_price: '8.00',
      variations: [
        { ref: 'a3', value: 'A3' },
        { ref: 'a2', value: 'A2', default_price: '9.00' },
      ],
    },
  ],
  subevents: [
    { ref: 'may', name: 'May', date_from: '2031-05-01T08:00:00Z' },
    { ref: 'june', name: 'June', date_from: '2031-06-01T08:00:00Z' },
  ],
  quotas: [
    {
      ref: 'may-hall',
      name: 'May hall',
      size: 100,
      items: ['standing', 'poster'],
      variations: ['a3', 'a2'],
      subevent: 'may',
    },
  ],
}

type Position = { readonly [key: string]: unknown }
type Order = {
  readonly code: string
  readonly status: string
  readonly total: string
  readonly secret: string
  readonly positions: readonly Position[]
  readonly payments: readonly { readonly [key: string]: unknown }[]
  readonly fees: readonly { readonly [key: string]: unknown }[]
  readonly [key: string]: unknown
}

describe('a new order', () => {
  let server: TicketServer
  let shop: Shop
  const ids: Record<string, number> = {}

  const counts = async () =>
    await Promise.all(
      ['ticket_orders', 'ticket_positions', 'ticket_payments', 'ticket_fees', 'ticket_sales'].map(
        async (table) =>
          JSON.stringify((await shop.rows(table)).map((row) => Object.values(row).map(String))),
      ),
    )
  /** A refused body: the answer, and that nothing was written. */
  const refused = async (body: unknown, event = 'gala') => {
    const before = await counts()
    const answer = await shop.post(`events/${event}/orders/`, body)
    assert.equal(answer.status, 400, answer.text)
    assert.deepEqual(await counts(), before)
    return answer.json
  }
  const made = async (body: unknown, event = 'gala'): Promise<Order> => {
    const answer = await shop.post(`events/${event}/orders/`, body)
    assert.equal(answer.status, 201, answer.text)
    return answer.json as Order
  }
  const standard = () => ({ item: ids.standard })

  before(async () => {
    server = await openTicketServer()
    shop = await server.shop(EVENT, TOUR)
    for (const [table, refs] of Object.entries({
      ticket_items: [
        'standard',
        'seated',
        'shirt',
        'cap',
        'lonely',
        'free',
        'off',
        'standing',
        'poster',
      ],
      ticket_variations: ['s', 'l', 'red', 'a3', 'a2'],
      ticket_subevents: ['may', 'june'],
    }))
      for (const ref of refs) ids[ref] = await shop.idOf(table, ref)
    await shop.patch(`events/gala/items/${ids.off}/`, { active: false })
  })
  after(() => server.close())

  test('answers with the whole order, exactly these keys, and reads the same again', async () => {
    const order = await made({
      email: 'kim@example.org',
      positions: [{ ...standard(), attendee_name: 'Kim', attendee_email: 'k@example.org' }],
      fees: [{ fee_type: 'service', value: '1.50', description: 'Handling', internal_type: 'x' }],
      comment: 'hello',
      locale: 'de',
    })
    assert.match(order.code, /^[A-HJ-NP-Z3789]{5}$/)
    assert.deepEqual(Object.keys(order), [
      ...['code', 'event', 'status', 'testmode', 'secret', 'email', 'phone', 'customer', 'locale'],
      ...['sales_channel', 'datetime', 'expires', 'total', 'comment', 'require_approval'],
      ...['valid_if_pending', 'positions', 'fees', 'payments', 'refunds', 'downloads'],
      ...['invoice_address', 'last_modified', 'cancellation_date', 'url'],
    ])
    const { id, secret, ...position } = order.positions[0] ?? {}
    assert.equal(typeof id, 'number')
    assert.match(String(secret), /^[a-z2-9]{32}$/)
    assert.deepEqual(position, {
      order: order.code,
      positionid: 1,
      canceled: false,
      item: ids.standard,
      variation: null,
      price: '23.00',
      attendee_name: 'Kim',
      attendee_name_parts: { _scheme: 'full', full_name: 'Kim' },
      attendee_email: 'k@example.org',
      voucher: null,
      voucher_budget_use: null,
      tax_rate: '0.00',
      tax_value: '0.00',
      tax_rule: null,
      addon_to: null,
      subevent: null,
      seat: null,
      answers: [],
      checkins: [],
      downloads: [],
    })
    const { id: feeId, ...fee } = order.fees[0] ?? {}
    assert.equal(typeof feeId, 'number')
    assert.equal(fee.fee_type, 'service')
    assert.equal(fee.value, '1.50')
    assert.deepEqual(
      [order.event, order.status, order.total, order.email, order.locale, order.sales_channel],
      ['gala', 'n', '24.50', 'kim@example.org', 'de', 'web'],
    )
    assert.deepEqual(order.payments, [])
    assert.deepEqual((await shop.get(`${ORDERS}${order.code}/`)).json, order)
  })

  test('expires at the end of the 14th day, on a working day, unless it says when', async () => {
    const order = await made({ positions: [standard()] })
    const end = new Date(String(order.expires))
    assert.match(String(order.expires), /T23:59:59Z$/)
    const days = (end.getTime() - Date.parse(String(order.datetime))) / 86_400_000
    assert.ok(days >= 14 && days < 17)
    assert.ok(end.getUTCDay() >= 1 && end.getUTCDay() <= 5)
    const given = await made({ positions: [standard()], expires: '2040-01-01T00:00:00Z' })
    assert.equal(given.expires, '2040-01-01T00:00:00Z')
  })

  test('refuses what its fields cannot be, together with what positions name wrongly', async () => {
    const body = {
      code: 'x',
      status: 'q',
      email: 'nobody',
      locale: 'xx',
      sales_channel: 'foo',
      testmode: 'maybe',
      expires: '2020-01-01T00:00:00Z',
      payment_provider: 'gold',
      payment_info: 'x',
      force: null,
      fees: [{}, { fee_type: 'foo', value: 'x' }],
      positions: [{ item: 777_777 }],
    }
    assert.deepEqual(await refused(body), {
      code: ['Ensure this field has at least 5 characters.'],
      status: ['"q" is not a valid choice.'],
      email: ['Enter a valid email address.'],
      locale: ['"xx" is not a valid choice.'],
      sales_channel: ['Object with identifier=foo does not exist.'],
      testmode: ['Must be a valid boolean.'],
      expires: ['Expiration date must be in the future.'],
      payment_provider: ['The given payment provider is not known.'],
      payment_info: ['payment_info must be a JSON object.'],
      force: ['This field may not be null.'],
      fees: [
        { fee_type: ['This field is required.'], value: ['This field is required.'] },
        { fee_type: ['"foo" is not a valid choice.'], value: ['A valid number is required.'] },
      ],
      positions: [{ item: ['Invalid pk "777777" - object does not exist.'] }],
    })
  })

  test('has an own code if one is given that is free and readable', async () => {
    const order = await made({ code: 'GALA9', positions: [standard()] })
    assert.equal(order.code, 'GALA9')
    const taken = { code: ['This order code is already in use.'] }
    assert.deepEqual(await refused({ code: 'GALA9', positions: [standard()] }), taken)
    // Unique in the organizer, and said beside other faults.
    const elsewhere = { code: 'GALA9', positions: [{ item: 777_777 }] }
    assert.deepEqual(await refused(elsewhere, 'tour'), {
      ...taken,
      positions: [{ item: ['Invalid pk "777777" - object does not exist.'] }],
    })
    const invalid = { code: ['This order code contains invalid characters.'] }
    for (const code of ['GALAO', 'gala8', 'GALA-'])
      assert.deepEqual(await refused({ code, positions: [standard()] }), invalid)
    assert.deepEqual(await refused({ code: 'A'.repeat(17), positions: [standard()] }), {
      code: ['Ensure this field has no more than 16 characters.'],
    })
  })

  test('needs positions, a list of one to five hundred', async () => {
    assert.deepEqual(await refused({}), { positions: ['This field is required.'] })
    assert.deepEqual(await refused({ positions: null }), {
      positions: ['This field may not be null.'],
    })
    assert.deepEqual(await refused({ positions: [] }), { positions: ['An order cannot be empty.'] })
    assert.deepEqual(await refused({ positions: {} }), {
      positions: { non_field_errors: ['Expected a list of items but got type "dict".'] },
    })
    assert.deepEqual(await refused({ positions: Array.from({ length: 501 }, standard) }), {
      positions: ['Orders cannot have more than 500 positions.'],
    })
    assert.deepEqual(await refused([]), {
      non_field_errors: ['Invalid data. Expected a dictionary, but got list.'],
    })
    const order = await made({ positions: Array.from({ length: 500 }, standard) })
    assert.equal(order.positions.length, 500)
  })

  test('refuses positions field by field, an empty object for each that is fine', async () => {
    const positions = [
      standard(),
      {},
      { item: null },
      { item: '' },
      { item: 'x', price: 'y', attendee_email: 'z', attendee_name: [], positionid: 'q' },
      { item: ids.standing },
      { item: ids.off },
      'x',
    ]
    assert.deepEqual(await refused({ positions }), {
      positions: [
        {},
        { item: ['This field is required.'] },
        { item: ['This field may not be null.'] },
        { item: ['This field may not be null.'] },
        {
          item: ['Incorrect type. Expected pk value, received str.'],
          price: ['A valid number is required.'],
          attendee_email: ['Enter a valid email address.'],
          attendee_name: ['Not a valid string.'],
          positionid: ['A valid integer is required.'],
        },
        { item: ['The specified item does not belong to this event.'] },
        { item: ['The specified item is not active.'] },
        { non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] },
      ],
    })
  })

  test('refuses variations that are missing, of another product, or of none', async () => {
    const positions = [
      { item: ids.shirt },
      { item: ids.shirt, variation: ids.red },
      { item: ids.standard, variation: ids.s },
      { item: ids.shirt, variation: 777_777 },
      { item: ids.shirt, variation: ids.s },
    ]
    assert.deepEqual(await refused({ positions }), {
      positions: [
        { variation: ['You should specify a variation for this item.'] },
        { variation: ['The specified variation does not belong to the specified item.'] },
        { variation: ['You cannot specify a variation for this item.'] },
        { variation: ['Invalid pk "777777" - object does not exist.'] },
        {},
      ],
    })
  })

  test('refuses dates that are missing, of another event, or where there are none', async () => {
    const other = await server.shop({
      ...TOUR,
      subevents: [{ ref: 'x', name: 'X', date_from: '2031-05-01T08:00:00Z' }],
      items: [],
      quotas: [],
    })
    const foreign = await other.idOf('ticket_subevents', 'x')
    const positions = [
      { item: ids.standing },
      { item: ids.standing, subevent: null },
      { item: ids.standing, subevent: foreign },
    ]
    assert.deepEqual(await refused({ positions }, 'tour'), {
      positions: [
        { subevent: ['You need to set a subevent.'] },
        { subevent: ['You need to set a subevent.'] },
        { subevent: [`Invalid pk "${foreign}" - object does not exist.`] },
      ],
    })
    assert.deepEqual(await refused({ positions: [{ item: ids.standard, subevent: ids.may }] }), {
      positions: [{ subevent: ['You cannot set a subevent for this event.'] }],
    })
    await shop.apply({
      ...TOUR,
      slug: 'tour2',
      items: [],
      quotas: [],
      subevents: [{ ref: 'other', name: 'O', date_from: '2031-05-01T08:00:00Z' }],
    })
    const second = await shop.idOf('ticket_subevents', 'other')
    const crossed = { positions: [{ item: ids.standing, subevent: second }] }
    assert.deepEqual(await refused(crossed, 'tour'), {
      positions: [{ subevent: ['The specified subevent does not belong to this event.'] }],
    })
  })

  test('numbers its positions itself, or as they are numbered from 1 on', async () => {
    const own = await made({ positions: [standard(), standard()] })
    assert.deepEqual(
      own.positions.map(({ positionid }) => positionid),
      [1, 2],
    )
    const number = (...numbers: (number | undefined)[]) => ({
      positions: numbers.map((positionid) => ({
        ...standard(),
        ...(positionid && { positionid }),
      })),
    })
    assert.deepEqual(await refused(number(1, undefined)), {
      positions: [
        {},
        { positionid: ['If you set position IDs manually, you need to do so for all positions.'] },
      ],
    })
    assert.deepEqual(await refused(number(1, 3, 4)), {
      positions: [{}, { positionid: ['Position IDs need to be consecutive.'] }, {}],
    })
    assert.deepEqual(await refused(number(2)), {
      positions: [{ positionid: ['Position IDs need to be consecutive.'] }],
    })
    assert.equal((await made(number(1, 2))).positions.length, 2)
  })

  test('adds on to the position directly before, by its number', async () => {
    const order = await made({
      positions: [
        { ...standard(), positionid: 1 },
        { ...standard(), positionid: 2, addon_to: 1 },
        { ...standard(), positionid: 3, addon_to: 1 },
        { ...standard(), positionid: 4 },
      ],
    })
    const [first, second, third] = order.positions
    assert.deepEqual([second?.addon_to, third?.addon_to], [first?.id, first?.id])
    const manual = 'If you set addon_to on any position, you need to specify position IDs manually.'
    assert.deepEqual(await refused({ positions: [standard(), { ...standard(), addon_to: 1 }] }), {
      positions: [{ positionid: [manual] }, { positionid: [manual] }],
    })
    const stray = {
      addon_to: [
        'If you set addon_to, you need to make sure that the referenced position ID exists and is transmitted directly before its add-ons.',
      ],
    }
    const positions = [
      { ...standard(), positionid: 1 },
      { ...standard(), positionid: 2 },
      { ...standard(), positionid: 3, addon_to: 1 },
      { ...standard(), positionid: 4, addon_to: 9 },
    ]
    assert.deepEqual(await refused({ positions }), { positions: [{}, {}, stray, stray] })
  })

  test('costs what is listed, unless a price is given; a price may be negative', async () => {
    const order = await made({
      positions: [
        { item: ids.shirt, variation: ids.s },
        { item: ids.shirt, variation: ids.l },
        { ...standard(), price: '-3.00' },
        { ...standard(), price: null },
        { ...standard(), price: '' },
        { ...standard(), price: 1.5 },
      ],
    })
    assert.deepEqual(
      order.positions.map(({ price }) => price),
      ['12.00', '14.00', '-3.00', '23.00', '23.00', '1.50'],
    )
    assert.equal(order.total, '70.50')
    assert.deepEqual(await refused({ positions: [{ ...standard(), price: '1.005' }] }), {
      positions: [{ price: ['Ensure that there are no more than 2 decimal places.'] }],
    })
  })

  test('costs what its date says, but a price of the variation beats one of the product', async () => {
    await shop.patch(`events/tour/subevents/${ids.may}/`, {
      item_price_overrides: [
        { item: ids.standing, price: '25.00' },
        { item: ids.poster, price: '7.00' },
      ],
    })
    const on = (position: object) => ({ ...position, subevent: ids.may })
    const prices = async () => {
      const order = await made(
        {
          positions: [
            on({ item: ids.standing }),
            on({ item: ids.poster, variation: ids.a3 }),
            on({ item: ids.poster, variation: ids.a2 }),
          ],
        },
        'tour',
      )
      return order.positions.map(({ price }) => price)
    }
    assert.deepEqual(await prices(), ['25.00', '7.00', '9.00'])
    await shop.patch(`events/tour/subevents/${ids.may}/`, {
      item_price_overrides: [{ item: ids.standing, price: null }],
      variation_price_overrides: [{ variation: ids.a2, price: '6.00' }],
    })
    assert.deepEqual(await prices(), ['20.00', '8.00', '6.00'])
    await shop.patch(`events/tour/subevents/${ids.may}/`, {
      item_price_overrides: [{ item: ids.standing, disabled: true }],
      variation_price_overrides: [],
    })
    const off = {
      positions: [on({ item: ids.standing }), on({ item: ids.poster, variation: ids.a3 })],
    }
    assert.deepEqual(await refused(off, 'tour'), {
      positions: [{ item: ['The product "Standing" is not available on this date.'] }, {}],
    })
    assert.equal((await made({ ...off, force: true }, 'tour')).positions.length, 2)
    await shop.patch(`events/tour/subevents/${ids.may}/`, { item_price_overrides: [] })
  })

  test('is paid with a confirmed payment, pending with a created one, or has none', async () => {
    const paid = await made({
      positions: [standard()],
      status: 'p',
      payment_provider: 'banktransfer',
      payment_info: { reference: 1.1 },
      payment_date: '2031-01-02T03:04:05Z',
    })
    const { created, ...payment } = paid.payments[0] ?? {}
    assert.equal(created, paid.datetime)
    assert.deepEqual(payment, {
      local_id: 1,
      state: 'confirmed',
      amount: '23.00',
      payment_date: '2031-01-02T03:04:05Z',
      provider: 'banktransfer',
      payment_url: null,
      details: {},
    })
    assert.equal(paid.status, 'p')
    const pending = await made({ positions: [standard()], payment_provider: 'manual' })
    assert.deepEqual(
      [pending.status, pending.payments[0]?.state, pending.payments[0]?.payment_date],
      ['n', 'created', null],
    )
    const none = await made({ positions: [standard()] })
    assert.deepEqual([none.status, none.payments], ['n', []])
  })

  test('for nothing is paid already, with the provider that is free', async () => {
    const order = await made({ positions: [{ item: ids.free }] })
    assert.deepEqual(
      [order.status, order.total, order.payments[0]?.provider, order.payments[0]?.state],
      ['p', '0.00', 'free', 'confirmed'],
    )
    assert.deepEqual(await refused({ positions: [standard()], payment_provider: 'free' }), [
      'You cannot use the "free" payment provider for non-free orders.',
    ])
    assert.deepEqual(await refused({ positions: [standard()], status: 'p' }), [
      'You cannot create a paid order without a payment provider.',
    ])
    const free = { positions: [{ item: ids.free }], status: 'p', payment_provider: 'free' }
    assert.equal((await made(free)).status, 'p')
  })

  test('that only simulates says the same and writes nothing', async () => {
    const before = await counts()
    const body = {
      positions: [standard(), { item: ids.seated, seat: 'A-1' }],
      fees: [{ fee_type: 'other', value: '1.00' }],
      status: 'p',
      payment_provider: 'manual',
      simulate: true,
    }
    const order = await made(body)
    assert.deepEqual(
      [order.code, order.total, order.positions.map(({ id }) => id), order.fees[0]?.id],
      ['PREVIEW', '54.00', [0, 0], 0],
    )
    assert.deepEqual(await counts(), before)
    const bad = await refused({ ...body, positions: [{ item: ids.seated }] })
    assert.deepEqual(bad, {
      positions: [{ seat: ['The specified product requires to choose a seat.'] }],
    })
  })

  test('gives each position its seat, and refuses seats that cannot be had', async () => {
    const order = await made({ positions: [{ item: ids.seated, seat: 'A-1' }] })
    const seat = order.positions[0]?.seat as { id: number }
    assert.deepEqual(seat, {
      id: seat.id,
      name: 'Stalls, Row 3, Seat 7',
      seat_guid: 'A-1',
      zone_name: 'Stalls',
      row_name: '3',
      row_label: null,
      seat_number: '7',
      seat_label: null,
    })
    const taken = { seat: ['The selected seat "Stalls, Row 3, Seat 7" is not available.'] }
    const positions = [
      { item: ids.seated, seat: 'A-1' },
      { item: ids.seated },
      { item: ids.standard, seat: 'A-2' },
      { item: ids.seated, seat: 'Z-9' },
      { item: ids.seated, seat: 'A-2' },
      { item: ids.seated, seat: 'A-2' },
    ]
    assert.deepEqual(await refused({ positions }), {
      positions: [
        taken,
        { seat: ['The specified product requires to choose a seat.'] },
        { seat: ['The specified product does not allow to choose a seat.'] },
        { seat: ['The specified seat does not exist.'] },
        {},
        { seat: ['The selected seat "Row 3, Seat 8" is not available.'] },
      ],
    })
    const addon = [
      { ...standard(), positionid: 1 },
      { item: ids.seated, seat: 'A-2', positionid: 2, addon_to: 1 },
    ]
    assert.deepEqual(await refused({ positions: addon }), {
      positions: [{}, { seat: ['Seats are currently not supported for add-on products.'] }],
    })
    await shop.post(`${ORDERS}${order.code}/mark_canceled/`, {})
    assert.equal((await made({ positions: [{ item: ids.seated, seat: 'A-1' }] })).status, 'n')
  })

  test('needs a quota that has room; force lifts that and nothing else', async () => {
    const none = { positions: [{ item: ids.lonely }] }
    assert.deepEqual(await refused(none), {
      positions: [{ item: ['The product "Gala seat" is not assigned to a quota.'] }],
    })
    assert.equal((await made({ ...none, force: true })).status, 'n')
    const quota = await shop.post('events/gala/quotas/', {
      name: 'Few',
      size: 1,
      items: [ids.lonely],
    })
    const { id } = quota.json as { id: number }
    await made({ ...none, force: true })
    const full = {
      item: ['There is not enough quota available on quota "Few" to perform the operation.'],
    }
    assert.deepEqual(await refused({ positions: [{ item: ids.lonely }, standard()] }), {
      positions: [full, {}],
    })
    await shop.patch(`events/gala/quotas/${id}/`, { size: 3 })
    assert.deepEqual(await refused({ positions: [{ item: ids.lonely }, { item: ids.lonely }] }), {
      positions: [{}, full],
    })
    await shop.patch(`events/gala/quotas/${id}/`, { closed: true })
    assert.deepEqual(await refused(none), { positions: [full] })
    const forced = { positions: [{ item: ids.lonely, voucher: 'NOPE-1' }], force: true }
    assert.deepEqual(await refused(forced), {
      positions: [{ voucher: ['Object with code=NOPE-1 does not exist.'] }],
    })
  })

  test('counts a position by its variation alone', async () => {
    const quota = await shop.post('events/gala/quotas/', {
      name: 'Red caps',
      size: 1,
      items: [ids.cap],
      variations: [ids.red],
    })
    const position = { item: ids.cap, variation: ids.red }
    await made({ positions: [position] })
    assert.deepEqual(await refused({ positions: [position] }), {
      positions: [
        {
          item: [
            'There is not enough quota available on quota "Red caps" to perform the operation.',
          ],
        },
      ],
    })
    const { id } = quota.json as { id: number }
    const { json } = await shop.get(`events/gala/quotas/${id}/availability/`)
    assert.deepEqual(
      [(json as Position).pending_orders, (json as Position).available_number],
      [1, 0],
    )
  })

  test('counts on its date only, and closes a quota that closes when it is sold out', async () => {
    const quota = await shop.post('events/tour/quotas/', {
      name: 'June',
      size: 1,
      items: [ids.standing],
      subevent: ids.june,
      close_when_sold_out: true,
    })
    const { id } = quota.json as { id: number }
    await made({ positions: [{ item: ids.standing, subevent: ids.may }] }, 'tour')
    const june = { positions: [{ item: ids.standing, subevent: ids.june }] }
    const order = await made(june, 'tour')
    assert.equal(((await shop.get(`events/tour/quotas/${id}/`)).json as Position).closed, true)
    await shop.post(`events/tour/orders/${order.code}/mark_canceled/`, {})
    assert.deepEqual(await refused(june, 'tour'), {
      positions: [
        { item: ['There is not enough quota available on quota "June" to perform the operation.'] },
      ],
    })
  })

  describe('whose quota closes when it is sold out', () => {
    let item: number
    let quota: number
    const state = async () => {
      const { closed } = (await shop.get(`events/gala/quotas/${quota}/`)).json as Position
      const left = (await shop.get(`events/gala/quotas/${quota}/availability/`)).json as Position
      return [closed, left.available_number]
    }
    const voucher = async (fields: object): Promise<string> =>
      ((await shop.post('events/gala/vouchers/', { item, ...fields })).json as { code: string })
        .code
    beforeEach(async () => {
      const make = async (path: string, json: object) =>
        ((await shop.post(`events/gala/${path}/`, json)).json as { id: number }).id
      item = await make('items', { name: 'Rare', default_price: '5.00' })
      const rest = { items: [item], close_when_sold_out: true }
      quota = await make('quotas', { name: 'Rare', size: 2, ...rest })
    })

    test('leaves it open while there is room, whoever need not ask', async () => {
      await made({ positions: [{ item }], force: true })
      assert.deepEqual(await state(), [false, 1])
    })

    test('closes it with the last place, whoever need not ask', async () => {
      await made({ positions: [{ item }, { item }], force: true })
      assert.deepEqual(await state(), [true, 0])
    })

    test('leaves it open when a place moves from a blocking voucher to the order', async () => {
      const code = await voucher({ block_quota: true })
      await made({ positions: [{ item, voucher: code }] })
      assert.deepEqual(await state(), [false, 1])
    })

    test('closes it when a voucher that ignores quota takes the last place', async () => {
      const codes = await Promise.all([0, 1].map(() => voucher({ allow_ignore_quota: true })))
      await made({ positions: [{ item, voucher: codes[0] }] })
      assert.deepEqual(await state(), [false, 1])
      await made({ positions: [{ item, voucher: codes[1] }] })
      assert.deepEqual(await state(), [true, 0])
    })

    test('is closed by vouchers that withhold the last place, also by those that ignore quota', async () => {
      const ignoring = { block_quota: true, allow_ignore_quota: true }
      await voucher(ignoring)
      assert.deepEqual(await state(), [false, 1])
      const { id } = (await shop.post('events/gala/vouchers/', { item })).json as { id: number }
      assert.deepEqual(await state(), [false, 1])
      await shop.send('PATCH', `events/gala/vouchers/${id}/`, { json: ignoring })
      assert.deepEqual(await state(), [true, 0])
    })
  })

  test('with a blocking voucher whose quota is gone asks every quota of its product', async () => {
    const make = async (path: string, json: object) =>
      (await shop.post(`events/gala/${path}/`, json)).json as { id: number; code: string }
    const { id: i } = await make('items', { name: 'I', default_price: '5.00' })
    const { id: j } = await make('items', { name: 'J', default_price: '5.00' })
    const { id: q } = await make('quotas', { name: 'Q', size: 5, items: [i] })
    await make('quotas', { name: 'R', size: 1, items: [j] })
    const { code } = await make('vouchers', { quota: q, block_quota: true })
    const order = await made({ positions: [{ item: i, voucher: code }] })
    assert.equal((await shop.send('DELETE', `events/gala/quotas/${q}/`)).status, 204)
    assert.equal((await shop.post(`${ORDERS}${order.code}/mark_canceled/`, {})).status, 200)
    await made({ positions: [{ item: j }] })
    const before = await counts()
    assert.deepEqual(await refused({ positions: [{ item: j, voucher: code }] }), {
      positions: [
        { item: ['There is not enough quota available on quota "R" to perform the operation.'] },
      ],
    })
    assert.deepEqual(await counts(), before)
  })

  test('has at most a hundred fees, so that every total can be stored', async () => {
    const fees = (count: number) =>
      Array.from({ length: count }, () => ({ fee_type: 'other', value: '99999999999.99' }))
    assert.deepEqual(await refused({ positions: [standard()], fees: fees(101) }), {
      fees: ['Orders cannot have more than 100 fees.'],
    })
    const most = await made({
      positions: Array.from({ length: 500 }, () => ({ ...standard(), price: '99999999999.99' })),
      fees: fees(100),
    })
    assert.equal(most.total, '59999999999994.00')
  })

  test('is canceled for a fee that takes the place of those it had', async () => {
    const other = { fee_type: 'other', value: '2.00' }
    const { code } = await made({ positions: [standard()], fees: [other] })
    for (const fee of ['3.00', '1.00']) {
      const path = `${ORDERS}${code}/`
      await shop.post(`${path}mark_canceled/`, { cancellation_fee: fee })
      const { total, fees } = (await shop.get(path)).json as Order
      assert.deepEqual(
        [total, fees.map(({ fee_type, value }) => [fee_type, value])],
        [fee, [['cancellation', fee]]],
      )
    }
  })

  test('refuses NUL and half a surrogate pair in the codes of its gift cards', async () => {
    for (const [code, text] of [
      ['a\u0000', 'Null characters are not allowed.'],
      ['a\ud800', 'Surrogate characters are not allowed: U+D800.'],
    ])
      assert.deepEqual(await refused({ positions: [standard()], use_gift_cards: [code] }), {
        use_gift_cards: [text],
      })
  })

  test('is made once for a repeated key, and refused the same way again', async () => {
    const send = (key: string, json: unknown) =>
      shop.send('POST', ORDERS, { json, headers: { 'x-idempotency-key': key } })
    const first = await send('order-1', { positions: [standard()] })
    const before = await counts()
    const second = await send('order-1', { positions: [standard()] })
    assert.deepEqual([second.status, second.text], [201, first.text])
    assert.deepEqual(await counts(), before)
    const bad = await send('order-2', { positions: [] })
    assert.equal((await send('order-2', { positions: [standard()] })).text, bad.text)
  })
})
