import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'

/** Events (specs/pretix-vouchers.md 10.1, 0.1). */

type Listing = { count: number; next: string | null; results: Record<string, unknown>[] }

const MINIMAL = { name: { en: 'Ball' }, slug: 'ball', date_from: '2031-05-01T10:00:00+02:00' }
const DEFAULTS = {
  name: { en: 'Ball' },
  slug: 'ball',
  currency: 'EUR',
  date_from: '2031-05-01T08:00:00Z',
  date_to: null,
  date_admission: null,
  presale_start: null,
  presale_end: null,
  live: false,
  testmode: false,
  is_public: true,
  has_subevents: false,
  location: null,
  meta_data: {},
  seating_plan: null,
  seat_category_mapping: {},
  timezone: 'UTC',
  plugins: [],
}

describe('events', () => {
  let server: TicketServer
  before(async () => {
    server = await openTicketServer()
  })
  after(() => server.close())

  /** Refusals write nothing: what the database holds stays as it is. */
  async function refused(shop: Shop, send: () => Promise<{ status: number; json: unknown }>) {
    const before = await shop.rows('ticket_events')
    const answer = await send()
    assert.deepEqual(await shop.rows('ticket_events'), before)
    return answer
  }

  test('POST with what is required gives exactly the documented keys and defaults', async () => {
    const shop = await server.shop()
    const made = await shop.post('events/', MINIMAL)
    assert.equal(made.status, 201)
    assert.deepEqual(made.json, DEFAULTS)
    assert.deepEqual((await shop.get('events/ball/')).json, DEFAULTS)
  })

  test('POST takes every field', async () => {
    const shop = await server.shop()
    const body = {
      name: { de: 'Ball', en: 'Ball' },
      slug: 'ball-26.x',
      currency: 'JPY',
      date_from: '2031-05-01T08:00:00Z',
      date_to: '2031-05-02T08:00:00.100000Z',
      date_admission: '2031-05-01T07:00:00Z',
      presale_start: '2030-05-01T00:00:00Z',
      presale_end: '2031-05-01T00:00:00Z',
      live: false,
      testmode: true,
      is_public: false,
      has_subevents: true,
      location: { en: 'Hall' },
      meta_data: { organizer: 'us', nested: { a: [1, 2.5] } },
      seating_plan: null,
      seat_category_mapping: { Stalls: 4 },
      timezone: 'Europe/Berlin',
      plugins: ['pretix.plugins.banktransfer'],
    }
    const made = await shop.post('events/', body)
    assert.equal(made.status, 201, made.text)
    assert.deepEqual(made.json, body)
    assert.deepEqual((await shop.get('events/ball-26.x/')).json, body)
  })

  test('a slug is used once in an organizer', async () => {
    const shop = await server.shop(GALA)
    const answer = await refused(shop, () => shop.post('events/', { ...MINIMAL, slug: 'gala' }))
    assert.equal(answer.status, 400)
    assert.deepEqual(answer.json, {
      slug: ['This slug has already been used for a different event.'],
    })
    const other = await server.shop()
    assert.equal((await other.post('events/', { ...MINIMAL, slug: 'gala' })).status, 201)
  })

  test('an event cannot be created live', async () => {
    const shop = await server.shop()
    const answer = await refused(shop, () => shop.post('events/', { ...MINIMAL, live: true }))
    assert.equal(answer.status, 400)
    assert.deepEqual(answer.json, {
      live: [
        "Events cannot be created as 'live'. Quotas and payment must be added to the event before sales can go live.",
      ],
    })
  })

  test('an event cannot end before it starts, nor its presale', async () => {
    const shop = await server.shop()
    const late = await refused(shop, () =>
      shop.post('events/', { ...MINIMAL, date_to: '2030-01-01T00:00:00Z' }),
    )
    assert.equal(late.status, 400)
    assert.deepEqual(late.json, {
      non_field_errors: ['The event cannot end before it starts.'],
    })
    const presale = { presale_start: '2030-01-02T00:00:00Z', presale_end: '2030-01-01T00:00:00Z' }
    const crossed = await refused(shop, () => shop.post('events/', { ...MINIMAL, ...presale }))
    assert.deepEqual(crossed.json, {
      non_field_errors: ["The event's presale cannot end before it starts."],
    })
  })

  test('PATCH changes what is given and nothing else', async () => {
    const shop = await server.shop()
    await shop.post('events/', MINIMAL)
    const changed = await shop.patch('events/ball/', {
      name: 'Masked ball',
      live: true,
      location: { en: 'Hall' },
      date_to: '2031-05-02T00:00:00Z',
    })
    assert.equal(changed.status, 200)
    const expected = {
      ...DEFAULTS,
      name: { en: 'Masked ball' },
      live: true,
      location: { en: 'Hall' },
      date_to: '2031-05-02T00:00:00Z',
    }
    assert.deepEqual(changed.json, expected)
    const cleared = await shop.patch('events/ball/', { location: null, date_to: null })
    assert.deepEqual(cleared.json, { ...expected, location: null, date_to: null })
    assert.deepEqual((await shop.patch('events/ball/', {})).json, cleared.json)
  })

  test('PUT needs what is required and leaves out of account what is not sent', async () => {
    const shop = await server.shop()
    await shop.post('events/', { ...MINIMAL, testmode: true })
    const bare = await refused(shop, () => shop.put('events/ball/', {}))
    assert.equal(bare.status, 400)
    assert.deepEqual(bare.json, {
      name: ['This field is required.'],
      slug: ['This field is required.'],
      date_from: ['This field is required.'],
    })
    const put = await shop.put('events/ball/', { ...MINIMAL, is_public: false })
    assert.equal(put.status, 200)
    assert.deepEqual(put.json, { ...DEFAULTS, testmode: true, is_public: false })
  })

  test('the slug cannot be changed', async () => {
    const shop = await server.shop(GALA)
    const answer = await refused(shop, () => shop.patch('events/gala/', { slug: 'ball' }))
    assert.equal(answer.status, 400)
    assert.deepEqual(answer.json, { slug: ['The event slug cannot be changed.'] })
    assert.equal((await shop.patch('events/gala/', { slug: 'gala' })).status, 200)
  })

  test('a single event cannot become a series, nor the other way round', async () => {
    const shop = await server.shop(GALA, { ...GALA, slug: 'tour', has_subevents: true })
    const text = 'Once created an event cannot change between an series and a single event.'
    for (const [slug, value] of [
      ['gala', true],
      ['tour', false],
    ] as const) {
      const answer = await refused(shop, () =>
        shop.patch(`events/${slug}/`, { has_subevents: value }),
      )
      assert.equal(answer.status, 400)
      assert.deepEqual(answer.json, { has_subevents: [text] })
      const same = await shop.patch(`events/${slug}/`, { has_subevents: !value })
      assert.equal(same.status, 200)
    }
  })

  test('faults are told together and nothing is written', async () => {
    const shop = await server.shop()
    const answer = await refused(shop, () =>
      shop.post('events/', { slug: 'a b', currency: 'eur', testmode: 'maybe' }),
    )
    assert.equal(answer.status, 400)
    assert.deepEqual(answer.json, {
      name: ['This field is required.'],
      slug: ['The slug may only contain letters, numbers, dots and dashes.'],
      currency: ['"eur" is not a valid choice.'],
      date_from: ['This field is required.'],
      testmode: ['Must be a valid boolean.'],
    })
  })

  test('the list goes by slug, or as asked', async () => {
    const shop = await server.shop(
      { ...GALA, slug: 'b', date_from: '2031-01-01T00:00:00Z' },
      { ...GALA, slug: 'a', date_from: '2031-02-01T00:00:00Z' },
      { ...GALA, slug: 'c', date_from: '2031-01-01T00:00:00Z' },
    )
    const slugs = async (query: string) =>
      ((await shop.get(`events/${query}`)).json as Listing).results.map(({ slug }) => slug)
    assert.deepEqual(await slugs(''), ['a', 'b', 'c'])
    assert.deepEqual(await slugs('?ordering=-slug'), ['c', 'b', 'a'])
    assert.deepEqual(await slugs('?ordering=nonsense'), ['a', 'b', 'c'])
    assert.deepEqual(await slugs('?ordering=-date_from,slug'), ['a', 'b', 'c'])
    // Ties go by descending id.
    assert.deepEqual(await slugs('?ordering=date_from'), ['c', 'b', 'a'])
  })

  test('the list has pages whose links keep the other parameters', async () => {
    const shop = await server.shop({ ...GALA, slug: 'a' }, { ...GALA, slug: 'b' })
    const { json } = await shop.get('events/?page_size=1&x=y')
    const { count, next, results } = json as Listing
    assert.equal(count, 2)
    assert.equal(results.length, 1)
    const path = `/api/v1/organizers/${shop.slug}/events/`
    assert.equal(next, `${server.app.http}${path}?page=2&page_size=1&x=y`)
    const last = await shop.get('events/?page_size=1&page=last')
    assert.deepEqual((last.json as Listing).results[0]?.slug, 'b')
    assert.equal((await shop.get('events/?page=3')).status, 404)
  })

  test('filters apply to the list and to the event itself', async () => {
    const shop = await server.shop(
      { ...GALA, slug: 'a', live: true },
      { ...GALA, slug: 'b', is_public: false },
      { ...GALA, slug: 'c', has_subevents: true },
    )
    const slugs = async (query: string) =>
      ((await shop.get(`events/?${query}`)).json as Listing).results.map(({ slug }) => slug)
    assert.deepEqual(await slugs('live=true'), ['a'])
    assert.deepEqual(await slugs('live=0'), ['b', 'c'])
    assert.deepEqual(await slugs('is_public=FALSE'), ['b'])
    assert.deepEqual(await slugs('has_subevents=1'), ['c'])
    assert.deepEqual(await slugs('live=perhaps'), ['a', 'b', 'c'])
    assert.deepEqual(await slugs('live='), ['a', 'b', 'c'])
    assert.equal((await shop.get('events/a/?live=true')).status, 200)
    assert.equal((await shop.get('events/a/?live=false')).status, 404)
    assert.equal((await shop.patch('events/a/?live=false', { testmode: true })).status, 404)
  })

  test('an event that sold nothing can be taken away with all it sells', async () => {
    const shop = await server.shop({
      ...GALA,
      has_subevents: true,
      items: [
        {
          ref: 'i',
          name: 'I',
          default_price: '1.00',
          variations: [{ ref: 'v', value: 'V' }],
        },
      ],
      subevents: [{ ref: 'd', name: 'D', date_from: '2031-01-01T00:00:00Z' }],
      quotas: [{ ref: 'q', name: 'Q', items: ['i'], variations: ['v'], subevent: 'd' }],
      seats: [{ seat_guid: 'A', item: 'i', subevent: 'd' }],
    })
    await shop.post('events/gala/categories/', { name: 'C' })
    const gone = await shop.del('events/gala/')
    assert.equal(gone.status, 204)
    assert.equal(gone.text, '')
    assert.equal((await shop.get('events/gala/')).status, 403)
    for (const table of ['ticket_events', 'ticket_items', 'ticket_quotas', 'ticket_seats'])
      assert.deepEqual(await shop.rows(table), [])
  })

  test('an event with orders stays', async () => {
    const shop = await server.shop({
      ...GALA,
      items: [{ ref: 'i', name: 'I', default_price: '1.00' }],
      orders: [{ code: 'ABCDE', status: 'c', positions: [{ item: 'i', price: '1.00' }] }],
    })
    const answer = await refused(shop, () => shop.del('events/gala/'))
    assert.equal(answer.status, 403)
    assert.match((answer.json as { detail: string }).detail, /^The event can not be deleted/)
  })
})
