import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type Caller,
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../test/support/tickets.ts'

/** Who may call what, in which order things are checked, and what a path that is no path says (2, 1.1). */

const DENIED = { detail: 'You do not have permission to perform this action.' }
const NONE = { detail: 'Authentication credentials were not provided.' }

describe('access to the catalogue', () => {
  let server: TicketServer
  let shop: Shop
  /** Paths of everything there is, by what they are. */
  let paths: Record<string, string>

  before(async () => {
    server = await openTicketServer()
    shop = await server.shop(
      {
        ...GALA,
        items: [
          {
            ref: 'shirt',
            name: 'Shirt',
            default_price: '12.00',
            variations: [{ ref: 's', value: 'S' }],
          },
        ],
        quotas: [{ ref: 'q', name: 'Q', size: 5, items: ['shirt'], variations: ['s'] }],
        seats: [{ seat_guid: 'A-1', item: 'shirt' }],
      },
      {
        ...GALA,
        slug: 'tour',
        has_subevents: true,
        subevents: [{ ref: 'may', name: 'May', date_from: '2031-05-01T08:00:00Z' }],
        seats: [{ seat_guid: 'A-1', subevent: 'may' }],
      },
    )
    const id = async (table: string) => String((await shop.rows(table))[0]?.id)
    const category = (await shop.post('events/gala/categories/', { name: 'C' })).json
    const [item, variation, quota] = await Promise.all(
      ['ticket_items', 'ticket_variations', 'ticket_quotas'].map(id),
    )
    const date = await id('ticket_subevents')
    const seats = await shop.rows('ticket_seats')
    const seat = (subevent: boolean) =>
      seats.find((row) => (row.subevent_id !== null) === subevent)?.id
    paths = {
      organizer: '',
      events: 'events/',
      event: 'events/gala/',
      categories: 'events/gala/categories/',
      category: `events/gala/categories/${(category as { id: number }).id}/`,
      items: 'events/gala/items/',
      item: `events/gala/items/${item}/`,
      variations: `events/gala/items/${item}/variations/`,
      variation: `events/gala/items/${item}/variations/${variation}/`,
      quotas: 'events/gala/quotas/',
      quota: `events/gala/quotas/${quota}/`,
      availability: `events/gala/quotas/${quota}/availability/`,
      seats: 'events/gala/seats/',
      seat: `events/gala/seats/${seat(false)}/`,
      subevents: 'events/tour/subevents/',
      subevent: `events/tour/subevents/${date}/`,
      'seats of a date': `events/tour/subevents/${date}/seats/`,
      'seat of a date': `events/tour/subevents/${date}/seats/${seat(true)}/`,
    }
  })
  after(() => server.close())

  const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE']

  test('whoever may do everything reads every path', async () => {
    for (const [name, path] of Object.entries(paths))
      assert.equal((await shop.get(path)).status, 200, name)
  })

  test('without a credential every method of every path is 401', async () => {
    const nobody = shop.anonymous()
    for (const [name, path] of Object.entries(paths))
      for (const method of ['GET', ...WRITES]) {
        const answer = await nobody.send(method, path)
        assert.equal(answer.status, 401, `${method} ${name}`)
        assert.deepEqual(answer.json, NONE)
        assert.equal(answer.headers.get('www-authenticate'), 'Token')
      }
  })

  test('a bad credential says so', async () => {
    const unknown = await shop.anonymous('Token nobody-has-this').get('events/')
    assert.equal(unknown.status, 401)
    assert.deepEqual(unknown.json, { detail: 'Invalid token.' })
    const inactive = await (await shop.as({ active: false })).get('events/')
    assert.equal(inactive.status, 401)
    assert.deepEqual(inactive.json, { detail: 'Token inactive or deleted.' })
  })

  test('access to the event is enough to read, and for nothing else', async () => {
    const reader = await shop.as({ permissions: [] })
    for (const [name, path] of Object.entries(paths)) {
      assert.equal((await reader.get(path)).status, 200, name)
      assert.equal((await reader.send('OPTIONS', path)).status, 200, name)
      if (name === 'organizer') continue
      for (const method of WRITES) {
        const answer = await reader.send(method, path, { json: {} })
        assert.equal(answer.status, 403, `${method} ${name}`)
        assert.deepEqual(answer.json, DENIED)
      }
    }
  })

  /** What each permission opens, in both spellings: PATCH of these, and POST to those that are lists. */
  const MATRIX = [
    {
      permissions: ['event.items:write', 'can_change_items'],
      opens: [
        'categories',
        'category',
        'items',
        'item',
        'variations',
        'variation',
        'quotas',
        'quota',
      ],
    },
    { permissions: ['event.settings.general:write'], opens: ['event', 'seat', 'seat of a date'] },
    {
      permissions: ['can_change_event_settings'],
      opens: ['event', 'seat', 'seat of a date', 'subevents', 'subevent'],
    },
    { permissions: ['event.subevents:write'], opens: ['subevents', 'subevent'] },
    { permissions: ['organizer.events:create', 'can_create_events'], opens: ['events'] },
    {
      permissions: ['event.vouchers:write', 'event.orders:write', 'organizer.giftcards:write'],
      opens: [],
    },
  ] as const
  const methodOf: Record<string, string> = {
    events: 'POST',
    categories: 'POST',
    items: 'POST',
    variations: 'POST',
    quotas: 'POST',
    subevents: 'POST',
    event: 'PATCH',
    category: 'PATCH',
    item: 'PATCH',
    variation: 'PATCH',
    quota: 'PATCH',
    subevent: 'PATCH',
    seat: 'PATCH',
    'seat of a date': 'PATCH',
  }
  for (const { permissions, opens } of MATRIX)
    for (const permission of permissions)
      test(`${permission} opens ${opens.join(', ') || 'nothing here'}`, async () => {
        const holder = await shop.as({ permissions: [permission] })
        for (const [name, method] of Object.entries(methodOf)) {
          // A body that is a list is always refused, so that nothing changes.
          const answer = await holder.send(method, paths[name] ?? '', { json: [] })
          const open = (opens as readonly string[]).includes(name)
          assert.equal(answer.status, open ? 400 : 403, `${method} ${name}`)
        }
      })

  test('PUT and DELETE need what PATCH needs', async () => {
    const holder = await shop.as({ permissions: ['event.vouchers:read'] })
    for (const name of ['event', 'category', 'item', 'variation', 'quota', 'subevent'])
      for (const method of ['PUT', 'DELETE'])
        assert.equal(
          (await holder.send(method, paths[name] ?? '')).status,
          403,
          `${method} ${name}`,
        )
  })

  test('an organizer or event that is missing, foreign or hidden is 403, never 404', async () => {
    const other = await server.shop({ ...GALA, slug: 'theirs' })
    const limited = await shop.as({ events: ['tour'] })
    const tries: readonly [Caller, string][] = [
      [shop, 'events/nowhere/'],
      [shop, 'events/theirs/'],
      [shop, 'events/nowhere/items/'],
      [shop, 'events/nowhere/items/1/'],
      [shop, 'events/GALA/items/'],
      [shop, 'events/a%00b/items/'],
      [limited, 'events/gala/'],
      [limited, 'events/gala/items/'],
      [shop, `../${other.slug}/`],
      [shop, `../${other.slug}/events/`],
      [shop, `../${other.slug}/events/theirs/`],
      [shop, '../nobody/'],
      [shop, '../nobody/events/x/items/'],
    ]
    for (const [caller, path] of tries) {
      const answer = await caller.get(path)
      assert.equal(answer.status, 403, path)
      assert.deepEqual(answer.json, DENIED)
    }
    assert.equal((await limited.get('events/tour/')).status, 200)
  })

  test('a credential that is limited to some events sees only those in the list', async () => {
    const limited = await shop.as({ events: ['tour', 'nowhere'] })
    const { json } = await limited.get('events/')
    const { count, results } = json as { count: number; results: { slug: string }[] }
    assert.equal(count, 1)
    assert.deepEqual(
      results.map(({ slug }) => slug),
      ['tour'],
    )
  })

  test('one that may create events may use those it created', async () => {
    const limited = await shop.as({ events: ['tour'], permissions: ['organizer.events:create'] })
    const made = await limited.post('events/', {
      name: 'Mine',
      slug: 'mine',
      date_from: '2031-01-01T00:00:00Z',
    })
    assert.equal(made.status, 201, made.text)
    assert.equal((await limited.get('events/mine/')).status, 200)
    assert.equal((await limited.get('events/gala/')).status, 403)
    assert.equal((await shop.del('events/mine/')).status, 204)
  })

  test('an id that is unknown is 404 after 403, one that is no number too', async () => {
    const MODELS: Record<string, string> = {
      category: 'ItemCategory',
      item: 'Item',
      variation: 'ItemVariation',
      quota: 'Quota',
      availability: 'Quota',
      subevent: 'SubEvent',
      seat: 'Seat',
      'seat of a date': 'Seat',
    }
    const reader = await shop.as({ permissions: [] })
    for (const [name, model] of Object.entries(MODELS)) {
      const path = (paths[name] ?? '').replace(/\d+\/(availability\/)?$/, '')
      const rest = name === 'availability' ? '/availability/' : '/'
      for (const id of ['999999999', '99999999999999999999999']) {
        const unknown = await shop.get(`${path}${id}${rest}`)
        assert.equal(unknown.status, 404)
        assert.deepEqual(unknown.json, { detail: `No ${model} matches the given query.` })
      }
      for (const id of ['abc', '-1', '1.0']) {
        const odd = await shop.get(`${path}${id}${rest}`)
        assert.equal(odd.status, 404)
        assert.deepEqual(odd.json, { detail: 'Not found.' })
      }
      if (name === 'availability') continue
      const patch = await shop.send('PATCH', `${path}999999999/`, { body: '{"oops' })
      assert.equal(patch.status, 404, 'before the body is looked at')
      assert.equal((await reader.patch(`${path}999999999/`, {})).status, 403, name)
    }
  })

  test('an id of another event is 404', async () => {
    for (const name of ['category', 'item', 'variation', 'quota']) {
      const path = (paths[name] ?? '').replace('events/gala/', 'events/tour/')
      assert.equal((await shop.get(path)).status, 404, name)
      assert.equal((await shop.patch(path, {})).status, 404, name)
      assert.equal((await shop.del(path)).status, 404, name)
    }
    assert.equal((await shop.get((paths.subevent ?? '').replace('tour', 'gala'))).status, 404)
  })

  test('a leading zero is tolerated', async () => {
    const path = (paths.item ?? '').replace(/(\d+)\/$/, '0$1/')
    assert.equal((await shop.get(path)).status, 200)
  })

  test('a method that a path does not have is 405', async () => {
    const lacking: Record<string, readonly string[]> = {
      organizer: WRITES,
      events: ['PUT', 'PATCH', 'DELETE'],
      event: ['POST'],
      categories: ['PUT', 'PATCH', 'DELETE'],
      category: ['POST'],
      items: ['PUT', 'PATCH', 'DELETE'],
      item: ['POST'],
      variations: ['PUT', 'PATCH', 'DELETE'],
      variation: ['POST'],
      quotas: ['PUT', 'PATCH', 'DELETE'],
      quota: ['POST'],
      availability: WRITES,
      subevents: ['PUT', 'PATCH', 'DELETE'],
      subevent: ['POST'],
      seats: WRITES,
      seat: ['POST', 'PUT', 'DELETE'],
      'seats of a date': WRITES,
      'seat of a date': ['POST', 'PUT', 'DELETE'],
    }
    for (const [name, methods] of Object.entries(lacking))
      for (const method of methods) {
        const answer = await shop.send(method, paths[name] ?? '', { json: {} })
        assert.equal(answer.status, 405, `${method} ${name}`)
        assert.deepEqual(answer.json, { detail: `Method "${method}" not allowed.` })
      }
  })

  test('without the trailing slash reads are redirected and writes are never executed', async () => {
    for (const [name, path] of Object.entries(paths)) {
      const bare = path.replace(/\/$/, '')
      if (name === 'organizer') continue
      for (const method of ['GET', 'HEAD', 'DELETE']) {
        const answer = await shop.send(method, `${bare}?page=1&x=y`)
        assert.equal(answer.status, 301, `${method} ${name}`)
        assert.equal(
          answer.headers.get('location'),
          `/api/v1/organizers/${shop.slug}/${path}?page=1&x=y`,
        )
      }
      for (const method of ['POST', 'PUT', 'PATCH'])
        assert.equal((await shop.send(method, bare, { json: {} })).status, 404, `${method} ${name}`)
    }
    assert.equal((await shop.anonymous().get('events')).status, 301, 'before authentication')
  })

  test('HEAD is GET without a body', async () => {
    const head = await shop.send('HEAD', paths.items ?? '')
    assert.equal(head.status, 200)
    assert.equal(head.text, '')
  })

  test('answers are JSON and vary by Accept', async () => {
    const answer = await shop.get(paths.items ?? '')
    assert.equal(answer.headers.get('content-type'), 'application/json')
    assert.equal(answer.headers.get('vary'), 'Accept')
    assert.doesNotMatch(answer.text, /": |, "/)
  })

  test('bodies that cannot be read are told apart', async () => {
    const path = paths.categories ?? ''
    const broken = await shop.send('POST', path, {
      body: '{"name":',
      headers: { 'content-type': 'application/json' },
    })
    assert.equal(broken.status, 400)
    assert.match((broken.json as { detail: string }).detail, /^JSON parse error - /)
    const plain = await shop.send('POST', path, {
      body: 'name=x',
      headers: { 'content-type': 'text/plain' },
    })
    assert.equal(plain.status, 415)
    assert.deepEqual(plain.json, { detail: 'Unsupported media type "text/plain" in request.' })
    const empty = await shop.send('POST', path)
    assert.equal(empty.status, 400)
    assert.deepEqual(empty.json, { name: ['This field is required.'] })
    const list = await shop.post(path, [])
    assert.deepEqual(list.json, {
      non_field_errors: ['Invalid data. Expected a dictionary, but got list.'],
    })
    const nothing = await shop.post(path, null)
    assert.deepEqual(nothing.json, { non_field_errors: ['No data provided'] })
  })

  test('a key that was used answers again and creates nothing', async () => {
    const path = paths.categories ?? ''
    const options = { json: { name: 'Once' }, headers: { 'x-idempotency-key': 'catalogue-1' } }
    const before = (await shop.rows('ticket_categories')).length
    const first = await shop.send('POST', path, options)
    const second = await shop.send('POST', path, options)
    assert.equal(first.status, 201)
    assert.equal(second.status, 201)
    assert.equal(second.text, first.text)
    assert.equal((await shop.rows('ticket_categories')).length, before + 1)
  })

  test('nothing of all this changed what is sold', async () => {
    assert.equal((await shop.rows('ticket_events')).length, 2)
    assert.equal((await shop.rows('ticket_items')).length, 1)
    assert.equal((await shop.rows('ticket_variations')).length, 1)
    assert.equal((await shop.rows('ticket_quotas')).length, 1)
    assert.equal((await shop.rows('ticket_subevents')).length, 1)
  })
})
