import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { GALA, openTicketServer, type TicketServer } from '../../../../test/support/tickets.ts'

/** Seats (specs/pretix-vouchers.md 10.1, 0.2, 12). */

type Seat = { id: number; seat_guid: string; voucher: unknown }

const HALL = {
  ...GALA,
  items: [{ ref: 'seat', name: 'Seat', default_price: '5.00' }],
  seats: [
    {
      seat_guid: 'A-1',
      zone_name: 'Stalls',
      row_name: 'A',
      row_label: 'First',
      seat_number: '1',
      seat_label: 'Aisle',
      item: 'seat',
    },
    { seat_guid: 'A-2', zone_name: 'Stalls', row_name: 'A', seat_number: '2', item: 'seat' },
    { seat_guid: 'B-1', blocked: true },
  ],
}
const TOUR = {
  ...GALA,
  slug: 'tour',
  has_subevents: true,
  subevents: [
    { ref: 'may', name: 'May', date_from: '2031-05-01T08:00:00Z' },
    { ref: 'june', name: 'June', date_from: '2031-06-01T08:00:00Z' },
  ],
  seats: [
    { seat_guid: 'A-1', subevent: 'may' },
    { seat_guid: 'A-1', subevent: 'june' },
  ],
}
const HOUR = 3_600_000_000n

describe('seats', () => {
  let server: TicketServer
  before(async () => {
    server = await openTicketServer()
  })
  after(() => server.close())
  const path = 'events/gala/seats/'

  async function open() {
    const shop = await server.shop(HALL, TOUR)
    const list = async (query = '', to = path) => {
      const { json } = await shop.get(`${to}${query}`)
      return (json as { results: Seat[] }).results
    }
    const seat = async (guid: string) => {
      const found = (await list()).find(({ seat_guid }) => seat_guid === guid)
      assert.ok(found)
      return found
    }
    return { shop, list, seat }
  }
  const now = () => BigInt(Date.now()) * 1_000n

  test('the list has exactly the documented keys, in the order of the file', async () => {
    const { shop, list } = await open()
    const product = await shop.idOf('ticket_items', 'seat')
    const nobody = { orderposition: null, cartposition: null, voucher: null }
    assert.deepEqual(
      (await list()).map(({ id: _id, ...rest }) => rest),
      [
        {
          subevent: null,
          zone_name: 'Stalls',
          row_name: 'A',
          row_label: 'First',
          seat_number: '1',
          seat_label: 'Aisle',
          seat_guid: 'A-1',
          product,
          blocked: false,
          ...nobody,
        },
        {
          subevent: null,
          zone_name: 'Stalls',
          row_name: 'A',
          row_label: null,
          seat_number: '2',
          seat_label: null,
          seat_guid: 'A-2',
          product,
          blocked: false,
          ...nobody,
        },
        {
          subevent: null,
          zone_name: '',
          row_name: '',
          row_label: null,
          seat_number: '',
          seat_label: null,
          seat_guid: 'B-1',
          product: null,
          blocked: true,
          ...nobody,
        },
      ],
    )
  })

  test('each filter narrows the list', async () => {
    const { list } = await open()
    const guids = async (query: string) => (await list(`?${query}`)).map((one) => one.seat_guid)
    assert.deepEqual(await guids('zone_name=Stalls'), ['A-1', 'A-2'])
    assert.deepEqual(await guids('row_name=A&seat_number=2'), ['A-2'])
    assert.deepEqual(await guids('row_label=First'), ['A-1'])
    assert.deepEqual(await guids('seat_label=Aisle'), ['A-1'])
    assert.deepEqual(await guids('seat_guid=B-1'), ['B-1'])
    assert.deepEqual(await guids('seat_guid=b-1'), [])
    assert.deepEqual(await guids('blocked=true'), ['B-1'])
    assert.deepEqual(await guids('blocked=False'), ['A-1', 'A-2'])
    assert.deepEqual(await guids('blocked=perhaps&zone_name='), ['A-1', 'A-2', 'B-1'])
    assert.deepEqual(await guids('zone_name=Stall'), [])
  })

  test('a series has its seats below its dates, another event below itself', async () => {
    const { shop, list } = await open()
    const may = await shop.idOf('ticket_subevents', 'may')
    const seats = await list('', `events/tour/subevents/${may}/seats/`)
    assert.equal(seats.length, 1)
    const { id } = seats[0] as Seat
    assert.equal((seats[0] as unknown as { subevent: number }).subevent, may)
    assert.equal((await shop.get(`events/tour/subevents/${may}/seats/${id}/`)).status, 200)
    const june = await shop.idOf('ticket_subevents', 'june')
    assert.equal((await shop.get(`events/tour/subevents/${june}/seats/${id}/`)).status, 404)
    for (const wrong of ['events/tour/seats/', `events/tour/seats/${id}/`]) {
      const answer = await shop.get(wrong)
      assert.equal(answer.status, 404)
      assert.deepEqual(answer.json, { detail: 'Please use the subevent-specific endpoint' })
    }
    for (const wrong of [
      `events/gala/subevents/${may}/seats/`,
      'events/gala/subevents/1/seats/1/',
    ]) {
      const answer = await shop.get(wrong)
      assert.equal(answer.status, 404)
      assert.deepEqual(answer.json, { detail: 'This event has no subevents' })
    }
    const missing = await shop.get('events/tour/subevents/999999/seats/')
    assert.equal(missing.status, 404)
    assert.deepEqual(missing.json, { detail: 'No SubEvent matches the given query.' })
  })

  test('PATCH changes blocked and nothing else', async () => {
    const { shop, seat } = await open()
    const before = await seat('A-1')
    const changed = await shop.patch(`${path}${before.id}/`, {
      blocked: true,
      zone_name: 'Balcony',
      seat_guid: 'X',
      product: null,
    })
    assert.equal(changed.status, 200)
    assert.deepEqual(changed.json, { ...before, blocked: true })
    assert.deepEqual((await shop.get(`${path}${before.id}/`)).json, { ...before, blocked: true })
    assert.deepEqual((await shop.patch(`${path}${before.id}/`, {})).json, changed.json)
    const faulty = await shop.patch(`${path}${before.id}/`, { blocked: 'perhaps' })
    assert.equal(faulty.status, 400)
    assert.deepEqual(faulty.json, { blocked: ['Must be a valid boolean.'] })
    const filtered = await shop.patch(`${path}${before.id}/?blocked=false`, { blocked: false })
    assert.equal(filtered.status, 404)
    assert.equal(((await seat('A-1')) as unknown as { blocked: boolean }).blocked, true)
  })

  test('a live order position has its seat, a canceled one does not', async () => {
    const { shop, seat } = await open()
    const position = { item: 'seat', price: '5.00' }
    await shop.apply({
      ...GALA,
      orders: [
        { code: 'ABCDE', status: 'p', positions: [{ ...position, seat: 'A-1' }] },
        { code: 'FGHJK', status: 'c', positions: [{ ...position, seat: 'A-2' }] },
      ],
    })
    const rows = await shop.rows('ticket_positions')
    const live = rows.find((row) => row.holds === 'p')
    assert.equal(
      ((await seat('A-1')) as unknown as { orderposition: number }).orderposition,
      Number(live?.id),
    )
    assert.equal(((await seat('A-2')) as unknown as { orderposition: unknown }).orderposition, null)
  })

  test('a voucher that can be used has its seat, one that cannot does not', async () => {
    const { shop, seat } = await open()
    const [first, second, third] = [await seat('A-1'), await seat('A-2'), await seat('B-1')]
    const held = await shop.voucher('gala', { seatId: BigInt(first.id), validUntil: now() + HOUR })
    await shop.voucher('gala', { seatId: BigInt(second.id), validUntil: now() - HOUR })
    await shop.voucher('gala', { seatId: BigInt(third.id), redeemed: 1 })
    assert.equal((await seat('A-1')).voucher, Number(held))
    assert.equal((await seat('A-2')).voucher, null)
    assert.equal((await seat('B-1')).voucher, null)
  })

  test('expand=voucher puts the voucher in place of its id', async () => {
    const { shop, seat, list } = await open()
    const { id } = await seat('A-1')
    const voucher = await shop.voucher('gala', { seatId: BigInt(id), code: 'ROW-A-1' })
    const [expanded, empty] = await list('?expand=voucher')
    assert.deepEqual(expanded?.voucher, {
      id: Number(voucher),
      code: 'ROW-A-1',
      max_usages: 1,
      redeemed: 0,
      min_usages: 1,
      valid_until: null,
      block_quota: false,
      allow_ignore_quota: false,
      price_mode: 'none',
      value: null,
      item: null,
      variation: null,
      quota: null,
      tag: '',
      comment: '',
      subevent: null,
      show_hidden_items: true,
      seat: 'A-1',
      all_addons_included: false,
      all_bundles_included: false,
    })
    assert.equal(empty?.voucher, null)
    const one = await shop.get(`${path}${id}/?expand=voucher`)
    assert.deepEqual((one.json as Seat).voucher, expanded?.voucher)
    const changed = await shop.patch(`${path}${id}/?expand=voucher`, { blocked: true })
    assert.deepEqual((changed.json as Seat).voucher, expanded?.voucher)
    const other = await shop.get(`${path}${id}/?expand=nonsense`)
    assert.equal((other.json as Seat).voucher, Number(voucher))
  })

  test('expand=voucher takes the permission to see vouchers, in both spellings', async () => {
    const { shop } = await open()
    const blind = await shop.as({ permissions: ['event.vouchers:write'] })
    const answer = await blind.get(`${path}?expand=voucher`)
    assert.equal(answer.status, 403)
    assert.deepEqual(answer.json, {
      detail: 'You do not have permission to perform this action.',
    })
    assert.equal((await blind.get(path)).status, 200)
    for (const permission of ['event.vouchers:read', 'can_view_vouchers']) {
      const seeing = await shop.as({ permissions: [permission] })
      assert.equal((await seeing.get(`${path}?expand=voucher`)).status, 200)
    }
  })
})
