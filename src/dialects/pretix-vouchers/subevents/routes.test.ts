import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'

/** Dates of a series (specs/pretix-vouchers.md 10.1, 0.1, 0.2, 12). */

type Subevent = { id: number }

const TOUR = {
  ...GALA,
  slug: 'tour',
  has_subevents: true,
  items: [
    {
      ref: 'shirt',
      name: 'Shirt',
      default_price: '5.00',
      variations: [{ ref: 's', value: 'S' }],
    },
    { ref: 'entry', name: 'Entry', default_price: '5.00' },
  ],
}
const MINIMAL = { name: 'May', date_from: '2031-05-01T08:00:00Z' }

describe('dates', () => {
  let server: TicketServer
  before(async () => {
    server = await openTicketServer()
  })
  after(() => server.close())
  const path = 'events/tour/subevents/'

  async function refused(shop: Shop, send: () => Promise<{ status: number; json: unknown }>) {
    const tables = ['ticket_subevents', 'ticket_subevent_items', 'ticket_subevent_variations']
    const before = await Promise.all(tables.map(shop.rows))
    const answer = await send()
    assert.deepEqual(await Promise.all(tables.map(shop.rows)), before)
    return answer
  }

  test('POST with what is required gives exactly the documented keys and defaults', async () => {
    const shop = await server.shop(TOUR)
    const made = await shop.post(path, MINIMAL)
    assert.equal(made.status, 201)
    const { id, ...rest } = made.json as Subevent
    assert.deepEqual(rest, {
      name: { en: 'May' },
      event: 'tour',
      active: false,
      is_public: true,
      date_from: '2031-05-01T08:00:00Z',
      date_to: null,
      date_admission: null,
      presale_start: null,
      presale_end: null,
      location: null,
      item_price_overrides: [],
      variation_price_overrides: [],
      seating_plan: null,
      seat_category_mapping: {},
      meta_data: {},
    })
    assert.deepEqual((await shop.get(`${path}${id}/`)).json, made.json)
  })

  test('POST takes every field, with what the date changes about products', async () => {
    const shop = await server.shop(TOUR)
    const entry = await shop.idOf('ticket_items', 'entry')
    const small = await shop.idOf('ticket_variations', 's')
    const body = {
      name: { de: 'Mai' },
      active: true,
      is_public: false,
      date_from: '2031-05-01T08:00:00Z',
      date_to: '2031-05-01T10:00:00Z',
      date_admission: '2031-05-01T07:00:00Z',
      presale_start: '2031-01-01T00:00:00Z',
      presale_end: '2031-04-01T00:00:00Z',
      location: { en: 'Hall' },
      item_price_overrides: [
        {
          item: entry,
          disabled: true,
          available_from: '2031-01-01T00:00:00Z',
          available_until: null,
          price: '9.00',
        },
      ],
      variation_price_overrides: [
        {
          variation: small,
          disabled: false,
          available_from: null,
          available_until: null,
          price: null,
        },
      ],
      seating_plan: null,
      seat_category_mapping: { a: 1 },
      meta_data: { b: 'c' },
    }
    const made = await shop.post(path, { ...body, event: 'gala' })
    assert.equal(made.status, 201, made.text)
    const { id, ...rest } = made.json as Subevent
    assert.deepEqual(rest, { ...body, event: 'tour' })
    const emptied = await shop.patch(`${path}${id}/`, {
      item_price_overrides: [{ item: entry, price: '8' }],
    })
    assert.deepEqual((emptied.json as typeof body).item_price_overrides, [
      { item: entry, disabled: false, available_from: null, available_until: null, price: '8.00' },
    ])
    assert.deepEqual(
      (emptied.json as typeof body).variation_price_overrides,
      body.variation_price_overrides,
    )
  })

  test('an event that is no series has none', async () => {
    const shop = await server.shop(GALA)
    assert.equal((await shop.get('events/gala/subevents/')).status, 200)
    const answer = await refused(shop, () => shop.post('events/gala/subevents/', MINIMAL))
    assert.equal(answer.status, 400)
    assert.deepEqual(Object.keys(answer.json as object), ['non_field_errors'])
  })

  test('what it changes must exist and be of this event', async () => {
    const shop = await server.shop(TOUR, {
      ...GALA,
      items: [
        {
          ref: 'other',
          name: 'Other',
          default_price: '1',
          variations: [{ ref: 'o', value: 'O' }],
        },
      ],
    })
    const other = await shop.idOf('ticket_items', 'other')
    const variation = await shop.idOf('ticket_variations', 'o')
    const unknown = await refused(shop, () =>
      shop.post(path, { ...MINIMAL, item_price_overrides: [{ item: 999999 }] }),
    )
    assert.equal(unknown.status, 400)
    assert.deepEqual(unknown.json, {
      item_price_overrides: [{ item: ['Invalid pk "999999" - object does not exist.'] }],
    })
    const items = await refused(shop, () =>
      shop.post(path, { ...MINIMAL, item_price_overrides: [{ item: other }] }),
    )
    assert.deepEqual(items.json, {
      non_field_errors: ['One or more items do not belong to this event.'],
    })
    const variations = await refused(shop, () =>
      shop.post(path, { ...MINIMAL, variation_price_overrides: [{ variation }] }),
    )
    assert.deepEqual(variations.json, {
      non_field_errors: ['One or more variations do not belong to this event.'],
    })
  })

  test('PATCH changes what is given, PUT needs what is required', async () => {
    const shop = await server.shop(TOUR)
    const { json } = await shop.post(path, { ...MINIMAL, location: 'Hall' })
    const { id } = json as Subevent
    const changed = await shop.patch(`${path}${id}/`, { active: true, location: null })
    assert.equal(changed.status, 200)
    assert.deepEqual(changed.json, { ...(json as object), active: true, location: null })
    const late = await refused(shop, () =>
      shop.patch(`${path}${id}/`, { date_to: '2030-01-01T00:00:00Z' }),
    )
    assert.deepEqual(late.json, { non_field_errors: ['The event cannot end before it starts.'] })
    const bare = await refused(shop, () => shop.put(`${path}${id}/`, {}))
    assert.deepEqual(bare.json, {
      name: ['This field is required.'],
      date_from: ['This field is required.'],
    })
    const put = await shop.put(`${path}${id}/`, { ...MINIMAL, name: 'Mai' })
    assert.equal(put.status, 200)
    assert.equal((put.json as { active: boolean }).active, true)
  })

  test('the list goes by date, or as asked, and can be narrowed', async () => {
    const shop = await server.shop(TOUR)
    const make = async (body: object) =>
      ((await shop.post(path, { ...MINIMAL, ...body })).json as Subevent).id
    const june = await make({ date_from: '2031-06-01T00:00:00Z', active: true })
    const may = await make({ is_public: false })
    const ids = async (query: string) => {
      const { json } = await shop.get(`${path}${query}`)
      return (json as { results: Subevent[] }).results.map(({ id }) => id)
    }
    assert.deepEqual(await ids(''), [may, june])
    assert.deepEqual(await ids('?ordering=id'), [june, may])
    assert.deepEqual(await ids('?ordering=-date_from'), [june, may])
    assert.deepEqual(await ids('?active=true'), [june])
    assert.deepEqual(await ids('?is_public=0'), [may])
    assert.equal((await shop.get(`${path}${may}/?active=true`)).status, 404)
  })

  test('DELETE takes it away with its seats when nothing refers to it', async () => {
    const shop = await server.shop({
      ...TOUR,
      subevents: [{ ref: 'may', ...MINIMAL }],
      seats: [{ seat_guid: 'A', subevent: 'may' }],
    })
    const may = await shop.idOf('ticket_subevents', 'may')
    const gone = await shop.del(`${path}${may}/`)
    assert.equal(gone.status, 204)
    assert.equal((await shop.get(`${path}${may}/`)).status, 404)
    assert.deepEqual(await shop.rows('ticket_seats'), [])
  })

  test('one that was ordered stays, and so does one that a voucher or quota is for', async () => {
    const shop = await server.shop({
      ...TOUR,
      subevents: ['ordered', 'dated', 'counted'].map((ref) => ({ ref, ...MINIMAL })),
      quotas: [{ ref: 'q', name: 'Q', items: [], subevent: 'counted' }],
      orders: [
        {
          code: 'ABCDE',
          status: 'c',
          positions: [{ item: 'entry', subevent: 'ordered', price: '1' }],
        },
      ],
    })
    const dated = await shop.idOf('ticket_subevents', 'dated')
    await shop.voucher('tour', { subeventId: BigInt(dated) })
    const ordered = await shop.idOf('ticket_subevents', 'ordered')
    const answer = await refused(shop, () => shop.del(`${path}${ordered}/`))
    assert.equal(answer.status, 403)
    assert.deepEqual(answer.json, {
      detail:
        "The sub-event can not be deleted as it has already been used in orders. Please set 'active' to false instead to hide it from users.",
    })
    for (const id of [dated, await shop.idOf('ticket_subevents', 'counted')]) {
      const kept = await refused(shop, () => shop.del(`${path}${id}/`))
      assert.equal(kept.status, 403)
      assert.equal(typeof (kept.json as { detail: unknown }).detail, 'string')
    }
  })
})
