import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  budgetsOn,
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'

/** PATCH, PUT and DELETE of a voucher, and what they do to quotas (specs/pretix-vouchers.md 5, 6.4, 6.5). */

const VOUCHERS = 'events/gala/vouchers/'
const EXHAUSTED =
  'You cannot create a voucher that blocks quota as the selected product or quota is currently sold out or completely reserved.'

type Voucher = { readonly id: number; readonly code: string; readonly [key: string]: unknown }

describe('a voucher that is there', () => {
  let server: TicketServer
  /** A shop with a quota of ten for `standard`, and products around it. */
  const open = async () => {
    const shop = await server.shop({
      ...GALA,
      items: [
        { ref: 'standard', name: 'Standard', default_price: '23.00' },
        { ref: 'vip', name: 'VIP', default_price: '90.00' },
        {
          ref: 'shirt',
          name: 'Shirt',
          default_price: '12.00',
          variations: [
            { ref: '501', value: 'S' },
            { ref: '502', value: 'L' },
          ],
        },
        { ref: 'balcony', name: 'Balcony', default_price: '30.00' },
      ],
      quotas: [
        { ref: 'q', name: 'Hall', size: 10, items: ['standard', 'vip'] },
        { ref: 'none', name: 'None', size: 0, items: ['balcony'] },
      ],
      seats: [
        { seat_guid: 'A-1', row_name: 'A', seat_number: '1', item: 'balcony' },
        { seat_guid: 'A-2', row_name: 'A', seat_number: '2', item: 'balcony' },
      ],
    })
    const item = async (ref: string) => await shop.idOf('ticket_items', ref)
    return {
      shop,
      standard: await item('standard'),
      vip: await item('vip'),
      shirt: await item('shirt'),
      balcony: await item('balcony'),
      s: await shop.idOf('ticket_variations', '501'),
      l: await shop.idOf('ticket_variations', '502'),
      quota: await shop.idOf('ticket_quotas', 'q'),
      none: await shop.idOf('ticket_quotas', 'none'),
    }
  }
  const make = async (shop: Shop, body: unknown): Promise<Voucher> => {
    const answer = await shop.post(VOUCHERS, body)
    assert.equal(answer.status, 201, answer.text)
    return answer.json as Voucher
  }
  const order = async (shop: Shop, ...positions: unknown[]) => {
    const answer = await shop.post('events/gala/orders/', { positions })
    assert.equal(answer.status, 201, answer.text)
    return (answer.json as { code: string }).code
  }
  const left = async (shop: Shop, quota: number) => {
    const { json } = await shop.get(`events/gala/quotas/${quota}/availability/`)
    return (json as { available_number: number }).available_number
  }
  const patch = (shop: Shop, { id }: Voucher, body: unknown) =>
    shop.patch(`${VOUCHERS}${id}/`, body)
  /** A refused change: the text, and that the voucher is as before. */
  const refused = async (shop: Shop, voucher: Voucher, body: unknown) => {
    const before = (await shop.get(`${VOUCHERS}${voucher.id}/`)).text
    const answer = await patch(shop, voucher, body)
    assert.equal(answer.status, 400, answer.text)
    assert.equal((await shop.get(`${VOUCHERS}${voucher.id}/`)).text, before)
    return answer.json
  }

  before(async () => {
    server = await openTicketServer()
  })
  after(() => server.close())

  test('changes what is given and keeps the rest, with PATCH and PUT alike', async () => {
    const { shop, standard } = await open()
    const voucher = await make(shop, { code: 'first', item: standard, tag: 'a', max_usages: 4 })
    const changed = await patch(shop, voucher, { tag: 'b', redeemed: 3, id: 1, comment: ' hi ' })
    assert.equal(changed.status, 200)
    assert.deepEqual(changed.json, { ...voucher, tag: 'b', comment: 'hi' })
    const put = await shop.put(`${VOUCHERS}${voucher.id}/`, { code: 'second', value: '1.50' })
    assert.deepEqual(put.json, {
      ...voucher,
      tag: 'b',
      comment: 'hi',
      code: 'SECOND',
      value: '1.50',
    })
    assert.deepEqual((await patch(shop, voucher, {})).json, put.json)
  })

  test('switches from product to quota only with both keys in one request', async () => {
    const { shop, standard, quota } = await open()
    const voucher = await make(shop, { item: standard })
    assert.deepEqual(await refused(shop, voucher, { quota }), {
      non_field_errors: ['You cannot select a quota and a specific product at the same time.'],
    })
    const answer = await patch(shop, voucher, { quota, item: null })
    assert.deepEqual(answer.json, { ...voucher, quota, item: null })
  })

  test('is judged whole: an old defect makes an unrelated change fail', async () => {
    const { shop } = await open()
    const voucher = await make(shop, { max_usages: 0 })
    assert.deepEqual(await refused(shop, voucher, { comment: 'x' }), {
      non_field_errors: [
        'The maximum number of usages may not be lower than the minimum number of usages.',
      ],
    })
  })

  test('B12: usages cannot go below what was redeemed, which is said', async () => {
    const { shop, standard } = await open()
    const voucher = await make(shop, { code: 'thrice', item: standard, max_usages: 4 })
    const position = { item: standard, voucher: 'THRICE' }
    await order(shop, position, position, position)
    assert.deepEqual(await refused(shop, voucher, { max_usages: 2 }), {
      non_field_errors: [
        'This voucher has already been redeemed 3 times. You cannot reduce the maximum number of usages below this number.',
      ],
    })
    assert.equal((await patch(shop, voucher, { max_usages: 3 })).status, 200)
  })

  test('B15: its code may change, but not to one that another has', async () => {
    const { shop } = await open()
    await make(shop, { code: 'other' })
    const voucher = await make(shop, { code: 'mine-1' })
    assert.deepEqual(await refused(shop, voucher, { code: 'Other' }), {
      non_field_errors: ['A voucher with this code already exists.'],
    })
    assert.equal((await patch(shop, voucher, { code: 'MINE-1' })).status, 200)
    assert.equal(((await patch(shop, voucher, { code: 'mine-2' })).json as Voucher).code, 'MINE-2')
    assert.equal((await make(shop, { code: 'mine-1' })).code, 'MINE-1')
  })

  test('the worked example of the specification, step by step', async () => {
    const { shop, standard, quota } = await open()
    const paid = { status: 'p', payment_provider: 'manual' }
    const positions = Array.from({ length: 3 }, () => ({ item: standard }))
    assert.equal((await shop.post('events/gala/orders/', { ...paid, positions })).status, 201)
    await order(shop, { item: standard }, { item: standard })
    // One place more is taken than in the example's cart, which this server does not have.
    await order(shop, { item: standard })
    assert.equal(await left(shop, quota), 4)
    const v1 = await make(shop, {
      code: 'v1-code',
      item: standard,
      block_quota: true,
      max_usages: 4,
    })
    assert.equal(await left(shop, quota), 0)
    await order(shop, { item: standard, voucher: 'V1-CODE' })
    assert.equal(await left(shop, quota), 0)
    assert.equal((await patch(shop, v1, { max_usages: 3 })).status, 200)
    assert.equal(await left(shop, quota), 1)
    const two = await shop.post(VOUCHERS, { item: standard, block_quota: true, max_usages: 2 })
    assert.deepEqual(two.json, { non_field_errors: [EXHAUSTED] })
    const v2 = await make(shop, { item: standard, block_quota: true })
    assert.equal(await left(shop, quota), 0)
    const used = await order(shop, { item: standard, voucher: 'V1-CODE' })
    assert.equal(await left(shop, quota), 0)
    assert.equal((await patch(shop, v2, { valid_until: '2020-01-01' })).status, 200)
    assert.equal(await left(shop, quota), 1)
    assert.equal((await patch(shop, v2, { valid_until: '2035-01-01' })).status, 200)
    assert.equal(await left(shop, quota), 0)
    assert.equal((await shop.post(`events/gala/orders/${used}/mark_canceled/`, {})).status, 200)
    assert.equal(await left(shop, quota), 0)
    assert.deepEqual(await refused(shop, v1, { max_usages: 5 }), { non_field_errors: [EXHAUSTED] })
    const ignoring = { item: standard, block_quota: true, allow_ignore_quota: true, max_usages: 50 }
    await make(shop, ignoring)
    assert.equal(await left(shop, quota), 0)
  })

  test('every quota of a product must have room, a quota voucher asks its own alone', async () => {
    const { shop, standard } = await open()
    const r = await shop.post('events/gala/quotas/', { name: 'R', size: 2, items: [standard] })
    const { id: second } = r.json as { id: number }
    const product = await shop.post(VOUCHERS, { item: standard, block_quota: true, max_usages: 3 })
    assert.deepEqual(product.json, { non_field_errors: [EXHAUSTED] })
    const { quota } = await (async () => ({ quota: await shop.idOf('ticket_quotas', 'q') }))()
    await make(shop, { quota, block_quota: true, max_usages: 3 })
    assert.deepEqual([await left(shop, quota), await left(shop, second)], [7, 2])
  })

  test('a comment on a full quota passes, each of the five triggers asks for room', async () => {
    const { shop, standard, vip, quota, balcony, none } = await open()
    const full = await make(shop, { item: standard, block_quota: true, max_usages: 10 })
    assert.equal(await left(shop, quota), 0)
    assert.equal((await patch(shop, full, { comment: 'x' })).status, 200)
    // Within the quota it holds it may move.
    assert.equal((await patch(shop, full, { item: vip })).status, 200)
    assert.equal((await patch(shop, full, { item: null, quota })).status, 200)
    const exhausted = { non_field_errors: [EXHAUSTED] }
    assert.deepEqual(await refused(shop, full, { item: balcony, quota: null }), exhausted)
    assert.deepEqual(await refused(shop, full, { quota: none }), exhausted)
    const idle = await make(shop, { item: standard })
    assert.deepEqual(await refused(shop, idle, { block_quota: true }), exhausted)
    const over = { item: standard, block_quota: true, valid_until: '2020-01-01' }
    const expired = await make(shop, over)
    assert.deepEqual(await refused(shop, expired, { valid_until: null }), exhausted)
    assert.deepEqual(await refused(shop, full, { max_usages: 11 }), exhausted)
    assert.equal((await patch(shop, full, { max_usages: 9 })).status, 200)
    assert.equal((await patch(shop, idle, { block_quota: true })).status, 200)
  })

  test('letting go of allow_ignore_quota asks for nothing', async () => {
    const { shop, balcony } = await open()
    const voucher = await make(shop, { item: balcony, block_quota: true, allow_ignore_quota: true })
    assert.equal((await patch(shop, voucher, { allow_ignore_quota: false })).status, 200)
  })

  test('a voucher moves between variations that share a quota, not into a full one', async () => {
    const { shop, shirt, s, l } = await open()
    const quota = async (name: string, size: number, variations: number[]) =>
      (await shop.post('events/gala/quotas/', { name, size, items: [shirt], variations })).json as {
        id: number
      }
    const large = await quota('S', 2, [l])
    await quota('T', 2, [s])
    const voucher = await make(shop, { item: shirt, variation: s, block_quota: true })
    assert.equal((await patch(shop, voucher, { variation: l })).status, 200)
    assert.equal(await left(shop, large.id), 1)
    assert.equal((await patch(shop, voucher, { variation: s })).status, 200)
    await shop.patch(`events/gala/quotas/${large.id}/`, { size: 0 })
    assert.deepEqual(await refused(shop, voucher, { variation: l }), {
      non_field_errors: [EXHAUSTED],
    })
    // Without a variation it would count in both.
    assert.deepEqual(await refused(shop, voucher, { variation: null }), {
      non_field_errors: [EXHAUSTED],
    })
    await shop.patch(`events/gala/quotas/${large.id}/`, { size: 1 })
    assert.equal((await patch(shop, voucher, { variation: null })).status, 200)
    assert.equal(await left(shop, large.id), 0)
  })

  test('a quota that closes when it is sold out is closed by a voucher that takes the last', async () => {
    const { shop, standard, quota } = await open()
    await shop.patch(`events/gala/quotas/${quota}/`, { close_when_sold_out: true, size: 1 })
    const voucher = await make(shop, { item: standard, block_quota: true })
    const closed = await shop.get(`events/gala/quotas/${quota}/`)
    assert.equal((closed.json as { closed: boolean }).closed, true)
    assert.equal((await shop.del(`${VOUCHERS}${voucher.id}/`)).status, 204)
    assert.equal(await left(shop, quota), 0)
  })

  test('a seat is looked at again by every change, and the voucher itself does not count', async () => {
    const { shop, balcony } = await open()
    const voucher = await make(shop, { seat: 'A-1', item: balcony })
    assert.equal((await patch(shop, voucher, { comment: 'x' })).status, 200)
    assert.equal(((await patch(shop, voucher, { seat: 'A-2' })).json as Voucher).seat, 'A-2')
    const other = await make(shop, { seat: 'A-1' })
    assert.deepEqual(await refused(shop, other, { seat: 'A-2' }), {
      non_field_errors: [
        'The seat "A-2" is currently unavailable (blocked, already sold or a different voucher).',
      ],
    })
    const [seat] = (await shop.rows('ticket_seats')).filter((row) => row.seat_guid === 'A-2')
    await shop.patch(`events/gala/seats/${seat?.id}/`, { blocked: true })
    assert.equal((await refused(shop, voucher, { comment: 'y' })) !== undefined, true)
    assert.equal(((await patch(shop, voucher, { seat: null })).json as Voucher).seat, null)
  })

  test('is deleted if no order ever used it', async () => {
    const { shop, standard } = await open()
    const voucher = await make(shop, { code: 'unused', item: standard })
    const answer = await shop.del(`${VOUCHERS}${voucher.id}/`)
    assert.deepEqual([answer.status, answer.text], [204, ''])
    assert.equal((await shop.get(`${VOUCHERS}${voucher.id}/`)).status, 404)
    assert.equal((await shop.del(`${VOUCHERS}${voucher.id}/`)).status, 404)
    await make(shop, { code: 'unused' })
  })

  test('is kept once it was used, also when that order is canceled', async () => {
    const { shop, standard } = await open()
    const voucher = await make(shop, { code: 'used-1', item: standard })
    const code = await order(shop, { item: standard, voucher: 'USED-1' })
    const text = { detail: 'This voucher can not be deleted as it has already been used.' }
    const first = await shop.del(`${VOUCHERS}${voucher.id}/`)
    assert.deepEqual([first.status, first.json], [403, text])
    await shop.post(`events/gala/orders/${code}/mark_canceled/`, {})
    const stored = await shop.get(`${VOUCHERS}${voucher.id}/`)
    assert.equal((stored.json as Voucher).redeemed, 0)
    const second = await shop.del(`${VOUCHERS}${voucher.id}/`)
    assert.deepEqual([second.status, second.json], [403, text])
  })

  test('budgets are shown and kept only where the merchant has switched them on', async () => {
    const { shop, standard } = await open()
    const plain = await make(shop, { budget: '10.00' })
    assert.equal('budget' in plain, false)
    assert.equal((await shop.rows('vouchers'))[0]?.budget, null)
    await server.app.apply(budgetsOn(shop))
    const voucher = await make(shop, {
      code: 'budget-1',
      item: standard,
      budget: '10.00',
      price_mode: 'set',
      value: '17.00',
      max_usages: 9,
    })
    assert.deepEqual(Object.keys(voucher), [
      ...['id', 'created', 'code', 'max_usages', 'redeemed', 'min_usages', 'valid_until'],
      ...['block_quota', 'allow_ignore_quota', 'price_mode', 'value', 'item', 'variation', 'quota'],
      ...['tag', 'comment', 'subevent', 'show_hidden_items', 'seat', 'all_addons_included'],
      ...['all_bundles_included', 'budget', 'budget_used'],
    ])
    assert.deepEqual([voucher.budget, voucher.budget_used], ['10.00', '0.00'])
    await order(shop, { item: standard, voucher: 'BUDGET-1' })
    const used = (await shop.get(`${VOUCHERS}${voucher.id}/`)).json as Voucher
    assert.equal(used.budget_used, '6.00')
    const cleared = (await patch(shop, voucher, { budget: null })).json as Voucher
    assert.deepEqual([cleared.budget, cleared.budget_used], [null, '6.00'])
    assert.deepEqual(await refused(shop, voucher, { budget: '-1' }), {
      budget: ['Ensure this value is greater than or equal to 0.'],
    })
  })
})
