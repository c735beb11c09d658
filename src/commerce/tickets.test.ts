import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { wallClock } from '../money/instant.ts'
import { applyWorld } from '../world/apply.ts'
import { findOwnerTicket, listTickets } from './tickets.ts'

/** Tickets as owners of gift cards (specs/pretix-giftcards.md 5.8, 6.4). */

describe('owner tickets', () => {
  let database: TestDatabase
  let merchants = 0
  before(async () => {
    database = await openTestDatabase()
  })
  after(() => database.close())

  async function open(positions: readonly object[], status: 'n' | 'p' | 'e' | 'c' = 'p') {
    merchants += 1
    const slug = `m${merchants}`
    const event = {
      slug: 'expo',
      date_from: '2031-05-01T08:00:00Z',
      items: [{ ref: 'entry', default_price: '14.00' }],
      seats: [
        {
          seat_guid: 'A-3',
          zone_name: 'Stalls',
          row_name: '3',
          seat_number: '7',
          item: 'entry',
        },
      ],
      orders: [
        {
          code: 'QX7PL',
          status,
          positions: positions.map((position) => ({ item: 'entry', ...position })),
        },
      ],
    }
    const merchant = { slug, name: slug, country: 'DE', currency: 'EUR', timezone: 'UTC' }
    await applyWorld(database.db, { merchants: [{ ...merchant, events: [event] }] }, wallClock())
    const rows = await database.owner<{ merchantId: bigint; id: bigint }[]>`
      select p.merchant_id as "merchantId", p.id from ticket_positions p
      join merchants m on m.id = p.merchant_id where m.slug = ${slug} order by p.id`
    return { merchantId: rows[0]?.merchantId ?? 0n, ids: rows.map(({ id }) => id) }
  }
  const find = (merchantId: bigint, reference: { id: bigint } | { secret: string }) =>
    findOwnerTicket(database.db, merchantId, reference)

  test('is found by id, by secret in exact case and by pseudonymization id', async () => {
    const { merchantId, ids } = await open([{ secret: 'abcDEF', pseudonymization_id: 'PSEUDO1' }])
    const [id = 0n] = ids
    assert.deepEqual(await find(merchantId, { id }), { id })
    assert.deepEqual(await find(merchantId, { secret: 'abcDEF' }), { id })
    assert.deepEqual(await find(merchantId, { secret: 'PSEUDO1' }), { id })
    assert.equal(await find(merchantId, { secret: 'abcdef' }), undefined)
    assert.equal(await find(merchantId, { secret: 'pseudo1' }), undefined)
    assert.equal(await find(merchantId, { secret: String(id) }), undefined, 'never an id')
  })

  test('is of this merchant, of whatever event and order', async () => {
    const mine = await open([{ secret: 'mine' }], 'c')
    const theirs = await open([{ secret: 'theirs' }])
    assert.deepEqual(await find(mine.merchantId, { secret: 'mine' }), { id: mine.ids[0] })
    assert.equal(await find(mine.merchantId, { id: theirs.ids[0] ?? 0n }), undefined)
    assert.equal(await find(mine.merchantId, { secret: 'theirs' }), undefined)
  })

  test('is not one that was canceled itself', async () => {
    const { merchantId, ids } = await open([{ secret: 'gone', canceled: true }])
    assert.equal(await find(merchantId, { id: ids[0] ?? 0n }), undefined)
    assert.equal(await find(merchantId, { secret: 'gone' }), undefined)
  })

  test('is not one of several that a text fits', async () => {
    const { merchantId } = await open([
      { secret: 'twice' },
      { secret: 'twice' },
      { secret: 'other', pseudonymization_id: 'single' },
      { secret: 'single' },
      { secret: 'once' },
      { secret: 'once', canceled: true },
    ])
    assert.equal(await find(merchantId, { secret: 'twice' }), undefined)
    assert.equal(await find(merchantId, { secret: 'single' }), undefined)
    assert.notEqual(await find(merchantId, { secret: 'once' }), undefined)
  })

  test('are listed with event, order, attendee and seat, canceled ones too', async () => {
    const { merchantId, ids } = await open([
      {
        secret: 'first',
        pseudonymization_id: 'P1',
        seat: 'A-3',
        attendee_name: 'Kim Lee',
        attendee_email: 'kim@example.org',
      },
      { secret: 'second', pseudonymization_id: 'P2', price: '1.50', canceled: true },
    ])
    const [first, second] = await listTickets(database.db, merchantId, [...ids, 999_999_999n])
    assert.ok(first)
    const { seat, attendeeNameParts, ...rest } = first
    assert.deepEqual(rest, {
      id: ids[0],
      eventSlug: 'expo',
      orderCode: 'QX7PL',
      positionid: 1,
      itemId: rest.itemId,
      variationId: undefined,
      subeventId: undefined,
      price: 1_400_000n,
      attendeeEmail: 'kim@example.org',
      voucherId: undefined,
      voucherBudgetUse: undefined,
      addonTo: undefined,
      secret: 'first',
      pseudonymizationId: 'P1',
      canceled: false,
    })
    assert.equal(attendeeNameParts?.full_name, 'Kim Lee')
    assert.equal(seat?.name, 'Stalls, Row 3, Seat 7')
    assert.equal(seat?.guid, 'A-3')
    assert.deepEqual(
      [second?.id, second?.positionid, second?.price, second?.canceled, second?.seat],
      [ids[1], 2, 150_000n, true, undefined],
    )
    assert.deepEqual(second?.attendeeNameParts, {})
    assert.deepEqual(await listTickets(database.db, merchantId, []), [])
    assert.deepEqual(await listTickets(database.db, merchantId + 1n, ids), [])
  })
})
