import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'

/** Quotas and what is left of them (specs/pretix-vouchers.md 5, 7, 10.1). */

type Quota = { id: number; closed: boolean }

const SHOP = {
  ...GALA,
  items: [
    { ref: 'seat', name: 'Seat', default_price: '5.00' },
    {
      ref: 'shirt',
      name: 'Shirt',
      default_price: '12.00',
      variations: [
        { ref: 's', value: 'S' },
        { ref: 'l', value: 'L' },
      ],
    },
  ],
}
const TOUR = {
  ...GALA,
  slug: 'tour',
  has_subevents: true,
  items: [{ ref: 'entry', name: 'Entry', default_price: '5.00' }],
  subevents: [
    { ref: 'may', name: 'May', date_from: '2031-05-01T08:00:00Z' },
    { ref: 'june', name: 'June', date_from: '2031-06-01T08:00:00Z' },
  ],
}
const HOUR = 3_600_000_000n

describe('quotas', () => {
  let server: TicketServer
  before(async () => {
    server = await openTicketServer()
  })
  after(() => server.close())
  const path = 'events/gala/quotas/'

  async function open() {
    const shop = await server.shop(SHOP, TOUR)
    const id = (table: string) => (ref: string) => shop.idOf(table, ref)
    return {
      shop,
      item: id('ticket_items'),
      variation: id('ticket_variations'),
      date: id('ticket_subevents'),
    }
  }
  async function refused(shop: Shop, send: () => Promise<{ status: number; json: unknown }>) {
    const tables = ['ticket_quotas', 'ticket_quota_items', 'ticket_quota_variations', 'vouchers']
    const before = await Promise.all(tables.map(shop.rows))
    const answer = await send()
    assert.deepEqual(await Promise.all(tables.map(shop.rows)), before)
    return answer
  }
  const now = () => BigInt(Date.now()) * 1_000n

  test('POST with a name gives exactly the documented keys and defaults', async () => {
    const { shop } = await open()
    const made = await shop.post(path, { name: 'Hall' })
    assert.equal(made.status, 201)
    const { id, ...rest } = made.json as Quota
    assert.deepEqual(rest, {
      name: 'Hall',
      size: null,
      items: [],
      variations: [],
      subevent: null,
      close_when_sold_out: false,
      closed: false,
      release_after_exit: false,
    })
    assert.deepEqual((await shop.get(`${path}${id}/`)).json, made.json)
  })

  test('POST takes every field', async () => {
    const { shop, item, date, variation } = await open()
    const shirts = {
      name: 'Shirts',
      size: 5,
      items: [await item('seat'), await item('shirt')],
      variations: [await variation('l')],
      subevent: null,
      close_when_sold_out: true,
      closed: true,
      release_after_exit: true,
    }
    const made = await shop.post(path, shirts)
    assert.equal(made.status, 201, made.text)
    const { id: _id, ...rest } = made.json as Quota
    assert.deepEqual(rest, shirts)
    const dated = await shop.post('events/tour/quotas/', {
      name: 'May',
      items: [await item('entry')],
      subevent: await date('may'),
    })
    assert.equal(dated.status, 201)
    assert.equal((dated.json as { subevent: number }).subevent, await date('may'))
  })

  test('what it names must fit together', async () => {
    const { shop, item, variation, date } = await open()
    const cases: readonly [string, object, string][] = [
      [
        path,
        { variations: [await variation('s')] },
        'All variations must belong to an item contained in the items list.',
      ],
      [path, { items: [await item('entry')] }, 'One or more items do not belong to this event.'],
      [
        path,
        { items: [await item('shirt')] },
        'One or more items has variations but none of these are in the variations list.',
      ],
      ['events/tour/quotas/', {}, 'Subevent cannot be null for event series.'],
      [path, { subevent: await date('may') }, 'The subevent does not belong to this event.'],
    ]
    for (const [to, body, text] of cases) {
      const answer = await refused(shop, () => shop.post(to, { name: 'Q', ...body }))
      assert.equal(answer.status, 400, text)
      assert.deepEqual(answer.json, { non_field_errors: [text] })
    }
    await shop.apply({
      ...TOUR,
      slug: 'tour2',
      items: [],
      subevents: [{ ref: 'july', name: 'July', date_from: '2031-07-01T00:00:00Z' }],
    })
    const july = await date('july')
    const foreign = await refused(shop, () =>
      shop.post('events/tour/quotas/', { name: 'Q', subevent: july }),
    )
    assert.deepEqual(foreign.json, {
      non_field_errors: ['The subevent does not belong to this event.'],
    })
  })

  test('what it names must exist in the organizer', async () => {
    const { shop } = await open()
    const stranger = await open()
    const theirs = await stranger.item('seat')
    const answer = await refused(shop, () =>
      shop.post(path, { items: [theirs], variations: 'x', subevent: 999999 }),
    )
    assert.equal(answer.status, 400)
    assert.deepEqual(answer.json, {
      name: ['This field is required.'],
      items: [`Invalid pk "${theirs}" - object does not exist.`],
      variations: ['Expected a list of items but got type "str".'],
      subevent: ['Invalid pk "999999" - object does not exist.'],
    })
  })

  test('PATCH is judged on what is stored and what is given together', async () => {
    const { shop, item, variation } = await open()
    const shirt = await item('shirt')
    const { json } = await shop.post(path, {
      name: 'Q',
      size: 3,
      items: [shirt],
      variations: [await variation('s')],
    })
    const { id } = json as Quota
    const none = await refused(shop, () => shop.patch(`${path}${id}/`, { items: [] }))
    assert.deepEqual(none.json, {
      non_field_errors: ['All variations must belong to an item contained in the items list.'],
    })
    const empty = await refused(shop, () => shop.patch(`${path}${id}/`, { variations: [] }))
    assert.equal(empty.status, 400)
    const swapped = await shop.patch(`${path}${id}/`, {
      variations: [await variation('l')],
      size: null,
    })
    assert.equal(swapped.status, 200)
    assert.deepEqual(swapped.json, {
      ...(json as object),
      variations: [await variation('l')],
      size: null,
    })
    const cleared = await shop.patch(`${path}${id}/`, { items: [], variations: [] })
    assert.equal(cleared.status, 200)
    const bare = await refused(shop, () => shop.put(`${path}${id}/`, { size: 1 }))
    assert.deepEqual(bare.json, { name: ['This field is required.'] })
    assert.equal((await shop.put(`${path}${id}/`, { name: 'R' })).status, 200)
  })

  test('the list goes by id, or as asked, and can be narrowed to a date', async () => {
    const { shop, date, item } = await open()
    const sizes = [5, null, 1]
    const ids: number[] = []
    for (const size of sizes)
      ids.push(((await shop.post(path, { name: 'Q', size })).json as Quota).id)
    const [five, endless, one] = ids
    const listed = async (query: string, to = path) => {
      const { json } = await shop.get(`${to}${query}`)
      return (json as { results: Quota[] }).results.map(({ id }) => id)
    }
    assert.deepEqual(await listed(''), [five, endless, one])
    assert.deepEqual(await listed('?ordering=-id'), [one, endless, five])
    assert.deepEqual(await listed('?ordering=size'), [one, five, endless])
    assert.deepEqual(await listed('?ordering=-size'), [endless, five, one])
    assert.deepEqual(await listed('?ordering=position'), [five, endless, one])
    const tour = 'events/tour/quotas/'
    const may = ((await shop.post(tour, { name: 'M', subevent: await date('may') })).json as Quota)
      .id
    await shop.post(tour, { name: 'J', subevent: await date('june') })
    assert.deepEqual(await listed(`?subevent=${await date('may')}`, tour), [may])
    assert.deepEqual(await listed(`?subevent=${await date('may')}`), [])
    const unknown = await shop.get(`${tour}?subevent=999999`)
    assert.equal(unknown.status, 400)
    assert.deepEqual(unknown.json, {
      subevent: ['Select a valid choice. That choice is not one of the available choices.'],
    })
    assert.equal((await shop.get(`${tour}${may}/?subevent=${await date('june')}`)).status, 404)
    assert.equal((await shop.get(`${tour}${may}/?subevent=${await item('seat')}x`)).status, 400)
  })

  test('what is left counts paid, pending and what vouchers withhold', async () => {
    const { shop, item } = await open()
    const seat = await item('seat')
    const { id } = (await shop.post(path, { name: 'Hall', size: 10, items: [seat] })).json as Quota
    const position = { item: 'seat', price: '5.00' }
    await shop.apply({
      ...GALA,
      orders: [
        {
          code: 'PAID1',
          status: 'p',
          positions: [position, position, position, { ...position, canceled: true }],
        },
        { code: 'WAIT1', status: 'n', positions: [position, position] },
        { code: 'GONE1', status: 'e', positions: [position] },
        { code: 'GONE2', status: 'c', positions: [position] },
      ],
    })
    const blocking = { itemId: BigInt(seat), blockQuota: true }
    await shop.voucher('gala', { ...blocking, maxUsages: 4, redeemed: 1 })
    await shop.voucher('gala', { ...blocking, blockQuota: false })
    await shop.voucher('gala', { ...blocking, validUntil: now() - HOUR })
    const answer = await shop.get(`${path}${id}/availability/`)
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, {
      available: true,
      available_number: 2,
      total_size: 10,
      pending_orders: 2,
      paid_orders: 3,
      exited_orders: 0,
      cart_positions: 0,
      blocking_vouchers: 3,
      waiting_list: 0,
    })
    await shop.voucher('gala', { ...blocking, validUntil: now() + HOUR })
    await shop.voucher('gala', {
      quotaId: BigInt(id),
      blockQuota: true,
      allowIgnoreQuota: true,
      maxUsages: 50,
    })
    const full = await shop.get(`${path}${id}/availability/`)
    assert.deepEqual(full.json, {
      ...(answer.json as object),
      available: false,
      available_number: 0,
      blocking_vouchers: 54,
    })
  })

  test('an unlimited one is available and still counts', async () => {
    const { shop, item } = await open()
    const seat = await item('seat')
    const { id } = (await shop.post(path, { name: 'Hall', items: [seat] })).json as Quota
    await shop.apply({
      ...GALA,
      orders: [{ code: 'PAID2', status: 'p', positions: [{ item: 'seat', price: '5.00' }] }],
    })
    const answer = await shop.get(`${path}${id}/availability/`)
    assert.deepEqual(answer.json, {
      available: true,
      available_number: null,
      total_size: null,
      pending_orders: 0,
      paid_orders: 1,
      exited_orders: 0,
      cart_positions: 0,
      blocking_vouchers: 0,
      waiting_list: 0,
    })
  })

  test('one of size 0 and a closed one have nothing', async () => {
    const { shop } = await open()
    for (const body of [{ size: 0 }, { size: 5, closed: true }, { size: null, closed: true }]) {
      const { id } = (await shop.post(path, { name: 'Q', ...body })).json as Quota
      const { json } = await shop.get(`${path}${id}/availability/`)
      const { available, available_number } = json as Record<string, unknown>
      assert.deepEqual([available, available_number], [false, 0])
    }
  })

  test('a position counts by its variation, on its date', async () => {
    const { shop, item, variation, date } = await open()
    const make = async (to: string, body: object) =>
      ((await shop.post(to, { name: 'Q', size: 5, ...body })).json as Quota).id
    const shirt = [await item('shirt')]
    const small = await make(path, { items: shirt, variations: [await variation('s')] })
    const large = await make(path, { items: shirt, variations: [await variation('l')] })
    const entry = [await item('entry')]
    const may = await make('events/tour/quotas/', { items: entry, subevent: await date('may') })
    const june = await make('events/tour/quotas/', { items: entry, subevent: await date('june') })
    await shop.apply(
      {
        ...GALA,
        orders: [{ code: 'ABCDE', positions: [{ item: 'shirt', variation: 's', price: '1' }] }],
      },
      {
        ...GALA,
        slug: 'tour',
        orders: [
          {
            code: 'FGHJK',
            status: 'p',
            positions: [{ item: 'entry', subevent: 'may', price: '1' }],
          },
        ],
      },
    )
    const left = async (to: string, id: number) => {
      const { json } = await shop.get(`${to}${id}/availability/`)
      return (json as { available_number: number }).available_number
    }
    assert.equal(await left(path, small), 4)
    assert.equal(await left(path, large), 5)
    assert.equal(await left('events/tour/quotas/', may), 4)
    assert.equal(await left('events/tour/quotas/', june), 5)
  })

  test('with_availability=true adds two keys to the rows of the list, nothing else does', async () => {
    const { shop, item } = await open()
    await shop.post(path, { name: 'Q', size: 2, items: [await item('seat')] })
    await shop.post(path, { name: 'R' })
    await shop.apply({
      ...GALA,
      orders: [{ code: 'ABCDE', positions: [{ item: 'seat', price: '1' }] }],
    })
    const plain = (await shop.get(path)).json as { results: object[] }
    const rich = (await shop.get(`${path}?with_availability=true`)).json as { results: object[] }
    assert.deepEqual(rich.results, [
      { ...plain.results[0], available: true, available_number: 1 },
      { ...plain.results[1], available: true, available_number: null },
    ])
    const other = await shop.get(`${path}?with_availability=1`)
    assert.deepEqual((other.json as { results: object[] }).results, plain.results)
  })

  test('a smaller size takes nothing back', async () => {
    const { shop, item } = await open()
    const { id } = (await shop.post(path, { name: 'Q', size: 5, items: [await item('seat')] }))
      .json as Quota
    const position = { item: 'seat', price: '1' }
    await shop.apply({
      ...GALA,
      orders: [{ code: 'ABCDE', status: 'p', positions: [position, position] }],
    })
    assert.equal((await shop.patch(`${path}${id}/`, { size: 1 })).status, 200)
    const { json } = await shop.get(`${path}${id}/availability/`)
    const { available, available_number, paid_orders } = json as Record<string, unknown>
    assert.deepEqual([available, available_number, paid_orders], [false, 0, 2])
  })

  test('one that closes when it is sold out is closed once it is, until it is opened', async () => {
    const { shop, item } = await open()
    const { json } = await shop.post(path, {
      name: 'Q',
      size: 5,
      items: [await item('seat')],
      close_when_sold_out: true,
    })
    const { id, closed } = json as Quota
    assert.equal(closed, false)
    await shop.apply({
      ...GALA,
      orders: [{ code: 'ABCDE', status: 'p', positions: [{ item: 'seat', price: '1' }] }],
    })
    const sold = await shop.patch(`${path}${id}/`, { size: 1 })
    assert.equal((sold.json as Quota).closed, true)
    const larger = await shop.patch(`${path}${id}/`, { size: 3 })
    assert.equal((larger.json as Quota).closed, true, 'more room does not open it')
    assert.equal(
      ((await shop.get(`${path}${id}/availability/`)).json as { available: boolean }).available,
      false,
    )
    const opened = await shop.patch(`${path}${id}/`, { closed: false })
    assert.equal((opened.json as Quota).closed, false)
  })

  test('the order that takes the last place closes it, and a cancellation does not open it', async () => {
    const { shop, item } = await open()
    const seat = await item('seat')
    const { id } = (
      await shop.post(path, { name: 'Q', size: 2, items: [seat], close_when_sold_out: true })
    ).json as Quota
    const order = async (positions: number) => {
      const answer = await shop.post('events/gala/orders/', {
        positions: Array.from({ length: positions }, () => ({ item: seat })),
      })
      assert.equal(answer.status, 201, answer.text)
      return (answer.json as { code: string }).code
    }
    const closed = async () => ((await shop.get(`${path}${id}/`)).json as Quota).closed
    await order(1)
    assert.equal(await closed(), false)
    const code = await order(1)
    assert.equal(await closed(), true)
    assert.equal((await shop.post(`events/gala/orders/${code}/mark_canceled/`, {})).status, 200)
    assert.equal(await closed(), true)
    const { json } = await shop.get(`${path}${id}/availability/`)
    const { available, available_number, pending_orders } = json as Record<string, unknown>
    assert.deepEqual([available, available_number, pending_orders], [false, 0, 1])
  })

  test('the worked example of the specification, with its numbers', async () => {
    const { shop, item } = await open()
    const seat = await item('seat')
    const { id } = (await shop.post(path, { name: 'Q', size: 10, items: [seat] })).json as Quota
    const vouchers = 'events/gala/vouchers/'
    const left = async () => {
      const { json } = await shop.get(`${path}${id}/availability/`)
      return (json as { available_number: number }).available_number
    }
    const position = { item: 'seat', price: '5.00' }
    await shop.apply({
      ...GALA,
      orders: [
        { code: 'PAIDX', status: 'p', positions: [position, position, position] },
        { code: 'WAITX', status: 'n', positions: [position, position, position] },
      ],
    })
    assert.equal(await left(), 4)
    const v1 = await shop.voucher('gala', {
      code: 'V1',
      itemId: BigInt(seat),
      blockQuota: true,
      maxUsages: 4,
      redeemed: 1,
    })
    assert.equal(await left(), 1)
    const two = await shop.post(vouchers, { item: seat, block_quota: true, max_usages: 2 })
    assert.equal(two.status, 400)
    const one = await shop.post(vouchers, { item: seat, block_quota: true })
    assert.equal(one.status, 201, one.text)
    assert.equal(await left(), 0)
    const v2 = (one.json as Quota).id
    const ordered = await shop.post('events/gala/orders/', {
      positions: [{ item: seat, voucher: 'V1' }],
    })
    assert.equal(ordered.status, 201, ordered.text)
    assert.equal(await left(), 0)
    const past = await shop.patch(`${vouchers}${v2}/`, { valid_until: '2020-01-01T00:00:00Z' })
    assert.equal(past.status, 200)
    assert.equal(await left(), 1)
    const revived = await shop.patch(`${vouchers}${v2}/`, { valid_until: '2040-01-01T00:00:00Z' })
    assert.equal(revived.status, 200)
    assert.equal(await left(), 0)
    const { code } = ordered.json as { code: string }
    assert.equal((await shop.post(`events/gala/orders/${code}/mark_canceled/`, {})).status, 200)
    assert.equal(await left(), 0)
    assert.equal((await shop.patch(`${vouchers}${v1}/`, { max_usages: 6 })).status, 400)
    const ignoring = { item: seat, block_quota: true, allow_ignore_quota: true, max_usages: 50 }
    assert.equal((await shop.post(vouchers, ignoring)).status, 201)
    assert.equal(await left(), 0)
  })

  test('DELETE takes it away, unless a voucher with uses left names it', async () => {
    const { shop } = await open()
    const { id } = (await shop.post(path, { name: 'Q', size: 5 })).json as Quota
    const voucher = await shop.voucher('gala', { quotaId: BigInt(id), maxUsages: 2, redeemed: 1 })
    const kept = await refused(shop, () => shop.del(`${path}${id}/`))
    assert.equal(kept.status, 403)
    assert.equal(typeof (kept.json as { detail: unknown }).detail, 'string')
    const other = (await shop.post(path, { name: 'R' })).json as Quota
    await shop.voucher('gala', { quotaId: BigInt(other.id), redeemed: 1 })
    const gone = await shop.del(`${path}${other.id}/`)
    assert.equal(gone.status, 204)
    assert.equal((await shop.get(`${path}${other.id}/`)).status, 404)
    const rows = await shop.rows('vouchers')
    const quotaOf = (row: Record<string, unknown> | undefined) => row?.quota_id
    assert.equal(quotaOf(rows.find((row) => row.id === voucher)), BigInt(id))
    assert.equal(quotaOf(rows.find((row) => row.id !== voucher)), null)
  })
})
