import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { wallClock } from '../money/instant.ts'
import { applyWorld, parseWorld } from './apply.ts'

describe('events of a world file', () => {
  let database: TestDatabase
  let merchants = 0
  before(async () => {
    database = await openTestDatabase()
  })
  after(() => database.close())

  /** A merchant of one's own for each test. */
  const merchant = () => {
    merchants += 1
    return `m${merchants}`
  }
  const apply = (slug: string, ...events: object[]) =>
    applyWorld(
      database.db,
      parseWorld(
        JSON.stringify({
          merchants: [
            { slug, name: slug, country: 'DE', currency: 'EUR', timezone: 'Europe/Berlin', events },
          ],
        }),
      ),
      wallClock(),
    )
  const rejects = (slug: string, event: object, path: string, reason: RegExp) =>
    assert.rejects(apply(slug, event), (error: Error & { path?: string; reason?: string }) => {
      assert.equal(error.path, path)
      assert.match(error.reason ?? '', reason)
      return true
    })
  const snapshot = async (slug: string) => {
    const tables = [
      'ticket_events',
      'ticket_subevents',
      'ticket_items',
      'ticket_variations',
      'ticket_quotas',
      'ticket_quota_items',
      'ticket_quota_variations',
      'ticket_seats',
      'ticket_orders',
      'ticket_positions',
      'ticket_payments',
    ]
    const rows: Record<string, unknown> = {}
    for (const table of tables)
      rows[table] = await database.owner`
        select t.* from ${database.owner(table)} t
        join merchants m on m.id = t.merchant_id where m.slug = ${slug} order by t::text`
    return rows
  }

  const democon = {
    slug: 'democon',
    name: { en: 'Democon' },
    currency: 'EUR',
    date_from: '2031-05-01T08:00:00Z',
    has_subevents: false,
    live: true,
    testmode: false,
    items: [
      { ref: 'standard', name: { en: 'Standard' }, default_price: '23.00' },
      {
        ref: 'shirt',
        name: { en: 'Shirt' },
        default_price: '12.00',
        variations: [
          { ref: 'shirt-s', value: { en: 'S' } },
          { ref: 'shirt-l', value: { en: 'L' }, default_price: '14.00' },
        ],
      },
    ],
    subevents: [],
    quotas: [{ ref: 'hall', name: 'Hall', size: 10, items: ['standard'], variations: [] }],
    seats: [
      {
        seat_guid: 'A-1',
        zone_name: 'Stalls',
        row_name: 'A',
        seat_number: '1',
        item: 'standard',
        subevent: null,
      },
    ],
    orders: [
      {
        code: 'FXQYW',
        status: 'p',
        email: 'kim@example.org',
        datetime: '2031-01-02T10:00:00Z',
        positions: [
          {
            positionid: 1,
            item: 'standard',
            price: '23.00',
            secret: 'z3fsn8jyufm5kpk768q69gkbyr5f4h6w',
          },
        ],
      },
    ],
  }
  const series = {
    slug: 'series',
    name: 'Series',
    date_from: '2031-05-01T08:00:00Z',
    has_subevents: true,
    items: [{ ref: 'seat', name: 'Seat', default_price: '5.00' }],
    subevents: [
      { ref: 'may', name: 'May', date_from: '2031-05-01T08:00:00Z', active: true },
      { ref: 'june', name: { de: 'Juni' }, date_from: '2031-06-01T08:00:00Z' },
    ],
    quotas: [{ ref: 'may', name: 'May', size: null, items: ['seat'], subevent: 'may' }],
    seats: [
      { seat_guid: 'A-1', subevent: 'may', item: 'seat' },
      { seat_guid: 'A-1', subevent: 'june', blocked: true },
    ],
  }

  test('the file of the contract makes what it says', async () => {
    const slug = merchant()
    const bare = await apply(merchant())
    const applied = await apply(slug, democon)
    // Event, two items, two variations, quota, seat, order.
    assert.equal(applied.created - bare.created, 8)
    assert.equal(applied.updated, 0)
    const [row] = await database.owner`
      select e.name, e.live, i.default_price, q.size, s.zone_name, o.status, o.total, p.price, p.secret,
        p.holds, y.state, y.amount, o.expires
      from merchants m
      join ticket_events e on e.merchant_id = m.id
      join ticket_items i on i.merchant_id = m.id and i.ref = 'standard'
      join ticket_quotas q on q.merchant_id = m.id
      join ticket_quota_items qi on qi.merchant_id = m.id and qi.quota_id = q.id and qi.item_id = i.id
      join ticket_seats s on s.merchant_id = m.id and s.item_id = i.id
      join ticket_orders o on o.merchant_id = m.id
      join ticket_positions p on p.merchant_id = m.id and p.order_id = o.id and p.item_id = i.id
      join ticket_payments y on y.merchant_id = m.id and y.order_id = o.id
      where m.slug = ${slug}`
    const { expires, ...rest } = row ?? {}
    assert.deepEqual(rest, {
      name: { en: 'Democon' },
      live: true,
      default_price: 2_300_000n,
      size: 10,
      zone_name: 'Stalls',
      status: 'p',
      total: 2_300_000n,
      price: 2_300_000n,
      secret: 'z3fsn8jyufm5kpk768q69gkbyr5f4h6w',
      holds: 'p',
      state: 'confirmed',
      amount: 2_300_000n,
    })
    // The end of the 14th day after 2 January, in UTC: a Thursday.
    assert.equal(expires, BigInt(Date.parse('2031-01-16T23:59:59Z')) * 1_000n)
  })

  test('applying twice changes nothing', async () => {
    const slug = merchant()
    await apply(slug, democon, series)
    const before = await snapshot(slug)
    const applied = await apply(slug, democon, series)
    assert.equal(applied.created, 0)
    assert.deepEqual(await snapshot(slug), before)
  })

  test('a file that says what is there already waits for nobody', { timeout: 20_000 }, async () => {
    const slug = merchant()
    await apply(slug, democon, series)
    const locker = await database.owner.reserve()
    try {
      await locker`begin`
      await locker`
        select 1 from ticket_quotas q join merchants m on m.id = q.merchant_id
        join ticket_items i on i.merchant_id = m.id join ticket_seats s on s.merchant_id = m.id
        join ticket_events e on e.merchant_id = m.id
        where m.slug = ${slug} for update of q, i, s, e`
      await apply(slug, democon, series)
    } finally {
      await locker`rollback`
      locker.release()
    }
  })

  test('what exists is updated by its natural key and nothing is deleted', async () => {
    const slug = merchant()
    await apply(slug, democon)
    const before = await snapshot(slug)
    await apply(slug, {
      slug: 'democon',
      name: 'Democon II',
      items: [
        {
          ref: 'shirt',
          name: 'Shirt',
          default_price: '13.00',
          variations: [{ ref: 'shirt-l', value: 'Large', default_price: null }],
        },
      ],
      quotas: [
        {
          ref: 'hall',
          name: 'Big hall',
          size: null,
          items: ['standard', 'shirt'],
          variations: ['shirt-s', 'shirt-l'],
        },
      ],
      seats: [{ seat_guid: 'A-1', blocked: true }],
    })
    const rows = await database.owner`
      select e.name, e.live, e.currency, i.default_price, v.value, v.default_price as variation_price,
        q.name as quota, q.size, s.blocked, s.zone_name
      from merchants m
      join ticket_events e on e.merchant_id = m.id
      join ticket_items i on i.merchant_id = m.id and i.ref = 'shirt'
      join ticket_variations v on v.merchant_id = m.id and v.ref = 'shirt-l'
      join ticket_quotas q on q.merchant_id = m.id join ticket_seats s on s.merchant_id = m.id
      where m.slug = ${slug}`
    assert.deepEqual(
      [...rows],
      [
        {
          name: { en: 'Democon II' },
          live: true,
          currency: 'EUR',
          default_price: 1_300_000n,
          value: { en: 'Large' },
          variation_price: null,
          quota: 'Big hall',
          size: null,
          blocked: true,
          zone_name: 'Stalls',
        },
      ],
    )
    const later = await snapshot(slug)
    for (const table of ['ticket_items', 'ticket_variations', 'ticket_orders', 'ticket_positions'])
      assert.equal((later[table] as unknown[]).length, (before[table] as unknown[]).length, table)
  })

  test('an order that exists is left as it is', async () => {
    const slug = merchant()
    await apply(slug, democon)
    const before = await snapshot(slug)
    const [order] = democon.orders
    await apply(slug, {
      ...democon,
      orders: [{ ...order, status: 'c', email: null, positions: [] }],
    })
    const later = await snapshot(slug)
    assert.deepEqual(later.ticket_orders, before.ticket_orders)
    assert.deepEqual(later.ticket_positions, before.ticket_positions)
  })

  test('a canceled order does not by itself cancel its positions', async () => {
    const slug = merchant()
    const position = { item: 'standard', price: '23.00' }
    await apply(slug, {
      ...democon,
      orders: [
        { code: 'AAAAA', status: 'c', positions: [position] },
        { code: 'BBBBB', status: 'p', positions: [position, { ...position, canceled: true }] },
        { code: 'CCCCC', status: 'e', positions: [position] },
        { code: 'DDDDD', positions: [position] },
      ],
    })
    const rows = await database.owner<{ code: string; positionid: number; canceled: boolean }[]>`
      select o.code, o.total, p.positionid, p.canceled, p.holds from ticket_orders o
      join merchants m on m.id = o.merchant_id
      join ticket_positions p on p.merchant_id = o.merchant_id and p.order_id = o.id
      where m.slug = ${slug} order by o.code, p.positionid`
    const total = 2_300_000n
    assert.deepEqual(
      [...rows],
      [
        { code: 'AAAAA', total, positionid: 1, canceled: false, holds: null },
        { code: 'BBBBB', total, positionid: 1, canceled: false, holds: 'p' },
        { code: 'BBBBB', total, positionid: 2, canceled: true, holds: null },
        { code: 'CCCCC', total, positionid: 1, canceled: false, holds: 'e' },
        { code: 'DDDDD', total, positionid: 1, canceled: false, holds: 'n' },
      ],
    )
  })

  test('a position may name variation, date, seat, attendee and secrets', async () => {
    const slug = merchant()
    await apply(slug, {
      ...series,
      orders: [
        {
          code: 'SEATS',
          status: 'p',
          expires: '2031-02-01T00:00:00Z',
          testmode: true,
          positions: [
            {
              item: 'seat',
              price: '5.00',
              subevent: 'may',
              seat: 'A-1',
              attendee_name: 'Kim',
              attendee_email: 'kim@example.org',
              secret: 'abc',
              pseudonymization_id: 'XYZ',
            },
          ],
        },
      ],
    })
    const [row] = await database.owner`
      select o.testmode, o.expires, s.seat_guid, d.ref, p.attendee_email, p.secret, p.pseudonymization_id
      from ticket_positions p join merchants m on m.id = p.merchant_id
      join ticket_orders o on o.merchant_id = m.id
      join ticket_seats s on s.merchant_id = m.id and s.id = p.seat_id
      join ticket_subevents d on d.merchant_id = m.id and d.id = p.subevent_id and d.id = s.subevent_id
      where m.slug = ${slug}`
    assert.deepEqual(
      { ...row },
      {
        testmode: true,
        expires: BigInt(Date.parse('2031-02-01T00:00:00Z')) * 1_000n,
        seat_guid: 'A-1',
        ref: 'may',
        attendee_email: 'kim@example.org',
        secret: 'abc',
        pseudonymization_id: 'XYZ',
      },
    )
  })

  test('what may be left out has a default', async () => {
    const slug = merchant()
    await apply(slug, {
      slug: 'bare',
      items: [
        { ref: 'a', variations: [{ ref: 'b' }, { ref: 'c', default_price: '2.00' }] },
        { ref: 'd', default_price: '1.50' },
      ],
      quotas: [{ ref: 'q' }],
      orders: [
        {
          code: 'ABCDE',
          positions: [{ item: 'a', variation: 'c' }, { item: 'a', variation: 'b' }, { item: 'd' }],
        },
      ],
    })
    const [event] = await database.owner`
      select e.name, e.live, e.timezone, e.currency, q.name as quota, q.size, i.name as item, v.value, o.total, o.status
      from merchants m join ticket_events e on e.merchant_id = m.id
      join ticket_quotas q on q.merchant_id = m.id
      join ticket_items i on i.merchant_id = m.id and i.ref = 'a'
      join ticket_variations v on v.merchant_id = m.id and v.ref = 'b'
      join ticket_orders o on o.merchant_id = m.id where m.slug = ${slug}`
    assert.deepEqual(
      { ...event },
      {
        name: { en: 'bare' },
        live: false,
        timezone: 'UTC',
        currency: 'EUR',
        quota: 'q',
        size: null,
        item: { en: 'a' },
        value: { en: 'b' },
        total: 350_000n,
        status: 'n',
      },
    )
    const before = await snapshot(slug)
    await apply(slug, { slug: 'bare', items: [{ ref: 'a', variations: [{ ref: 'b' }] }] })
    assert.deepEqual(await snapshot(slug), before)
  })

  test('a quota without limit and a blocked seat are possible', async () => {
    const slug = merchant()
    await apply(slug, series)
    const [row] = await database.owner`
      select q.size, s.blocked from merchants m join ticket_quotas q on q.merchant_id = m.id
      join ticket_seats s on s.merchant_id = m.id
      join ticket_subevents d on d.merchant_id = m.id and d.id = s.subevent_id and d.ref = 'june'
      where m.slug = ${slug}`
    assert.deepEqual({ ...row }, { size: null, blocked: true })
  })

  test('later parts and later files may refer to what earlier ones made', async () => {
    const slug = merchant()
    await apply(slug, democon)
    await apply(slug, {
      slug: 'democon',
      name: 'Democon',
      quotas: [{ ref: 'more', name: 'More', size: 1, items: ['standard'] }],
      orders: [{ code: 'LATER', positions: [{ item: 'standard', price: '1.00' }] }],
    })
    const [row] = await database.owner<{ count: bigint }[]>`
      select count(*) from ticket_quotas q join merchants m on m.id = q.merchant_id where m.slug = ${slug}`
    assert.equal(row?.count, 2n)
  })

  test('two merchants may have events, refs and seats of the same names, not orders of each other', async () => {
    const [one, two] = [merchant(), merchant()]
    await apply(one, democon)
    await apply(two, democon)
    assert.equal(((await snapshot(two)).ticket_orders as unknown[]).length, 1)
  })

  describe('errors name the path and nothing is written', () => {
    const cases: readonly [string, object, string, RegExp][] = [
      ['an unknown currency', { currency: 'ABC' }, 'currency', /ISO 4217/],
      ['an unknown time zone', { timezone: 'Mars/Base' }, 'timezone', /time zone/],
      ['a start that is no time', { date_from: 'tomorrow' }, 'date_from', /date and time/],
      ['an end before the start', { date_to: '2030-01-01T00:00:00Z' }, 'date_to', /before/],
      [
        'a price with three decimals',
        { items: [{ ref: 'a', name: 'A', default_price: '1.005' }] },
        'items[0].default_price',
        /two decimals/,
      ],
      [
        'a variation price with three decimals',
        {
          items: [
            {
              ref: 'a',
              name: 'A',
              default_price: '1.00',
              variations: [{ ref: 'b', value: 'B', default_price: '0.001' }],
            },
          ],
        },
        'items[0].variations[0].default_price',
        /two decimals/,
      ],
      [
        'a ref of a variation that another item has',
        {
          items: [
            ...democon.items,
            {
              ref: 'hat',
              name: 'Hat',
              default_price: '1.00',
              variations: [{ ref: 'shirt-s', value: 'S' }],
            },
          ],
        },
        'items[2].variations[0].ref',
        /another item/,
      ],
      ['dates without a series', { subevents: series.subevents }, 'subevents[0]', /not a series/],
      [
        'a quota of an unknown item',
        { quotas: [{ ref: 'q', name: 'Q', items: ['standard', 'nope'] }] },
        'quotas[0].items[1]',
        /no item nope/,
      ],
      [
        'a quota of an unknown variation',
        { quotas: [{ ref: 'q', name: 'Q', items: ['shirt'], variations: ['nope'] }] },
        'quotas[0].variations[0]',
        /no variation nope/,
      ],
      [
        'a quota of an item without any of its variations',
        { quotas: [{ ref: 'q', name: 'Q', items: ['shirt'] }] },
        'quotas[0].variations',
        /has variations/,
      ],
      [
        'a quota of a variation without its item',
        { quotas: [{ ref: 'q', name: 'Q', items: [], variations: ['shirt-s'] }] },
        'quotas[0].variations',
        /not in items/,
      ],
      [
        'a seat of an unknown item',
        { seats: [{ seat_guid: 'A', item: 'nope' }] },
        'seats[0].item',
        /no item nope/,
      ],
      [
        'a seat on a date of no series',
        { seats: [{ seat_guid: 'A', subevent: 'may' }] },
        'seats[0].subevent',
        /needs an event series/,
      ],
      [
        'a position of an unknown item',
        { orders: [{ code: 'NOPES', positions: [{ item: 'nope', price: '1.00' }] }] },
        'orders[0].positions[0].item',
        /no item nope/,
      ],
      [
        'a position of an item with variations, but of none',
        { orders: [{ code: 'NOPES', positions: [{ item: 'shirt', price: '1.00' }] }] },
        'orders[0].positions[0].variation',
        /needed/,
      ],
      [
        'a position of a variation of another item',
        {
          orders: [
            {
              code: 'NOPES',
              positions: [{ item: 'standard', variation: 'shirt-s', price: '1.00' }],
            },
          ],
        },
        'orders[0].positions[0].variation',
        /is none of standard/,
      ],
      [
        'a position on an unknown seat',
        {
          orders: [{ code: 'NOPES', positions: [{ item: 'standard', price: '1.00', seat: 'Z' }] }],
        },
        'orders[0].positions[0].seat',
        /no seat Z/,
      ],
      [
        'a seat that is sold twice',
        {
          orders: ['ONE', 'TWO'].map((code) => ({
            code,
            positions: [{ item: 'standard', price: '1.00', seat: 'A-1' }],
          })),
        },
        'orders[1].positions[0].seat',
        /sold already/,
      ],
      [
        'the same number of a position twice',
        {
          orders: [
            {
              code: 'NOPES',
              positions: [1, 1].map((positionid) => ({ positionid, item: 'standard', price: '1' })),
            },
          ],
        },
        'orders[0].positions',
        /twice/,
      ],
      [
        'an order whose time is none',
        { orders: [{ code: 'NOPES', datetime: 'once upon a time', positions: [] }] },
        'orders[0].datetime',
        /date and time/,
      ],
    ]
    for (const [name, changes, path, reason] of cases)
      test(name, async () => {
        const slug = merchant()
        await rejects(slug, { ...democon, ...changes }, `merchants[0].events[0].${path}`, reason)
        assert.equal((await database.owner`select 1 from merchants where slug = ${slug}`).length, 0)
      })

    test('a series that needs dates', async () => {
      const slug = merchant()
      const path = 'merchants[0].events[0]'
      const quota = { ref: 'q', name: 'Q', items: ['seat'] }
      await rejects(slug, { ...series, quotas: [quota] }, `${path}.quotas[0].subevent`, /is needed/)
      const seat = { seat_guid: 'A' }
      await rejects(slug, { ...series, seats: [seat] }, `${path}.seats[0].subevent`, /is needed/)
      const unknown = { ...quota, subevent: 'july' }
      await rejects(
        slug,
        { ...series, quotas: [unknown] },
        `${path}.quotas[0].subevent`,
        /no date july/,
      )
      const order = { code: 'NOPES', positions: [{ item: 'seat', price: '1' }] }
      await rejects(
        slug,
        { ...series, orders: [order] },
        `${path}.orders[0].positions[0].subevent`,
        /is needed/,
      )
      assert.equal((await database.owner`select 1 from merchants where slug = ${slug}`).length, 0)
    })

    test('an event stays a series or none, and an error in the second event undoes the first', async () => {
      const slug = merchant()
      await apply(slug, democon)
      const before = await snapshot(slug)
      await assert.rejects(
        apply(
          slug,
          { ...democon, name: 'Changed', slug: 'new' },
          { ...democon, has_subevents: true },
        ),
        /merchants\[0\]\.events\[1\]\.has_subevents: cannot be changed/,
      )
      assert.deepEqual(await snapshot(slug), before)
    })
  })
})
