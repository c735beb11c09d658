import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { GALA, openTicketServer, type TicketServer } from '../../../../test/support/tickets.ts'

/** Categories (specs/pretix-vouchers.md 10.1, 0.1). */

type Category = { id: number; position: number }

describe('categories', () => {
  let server: TicketServer
  before(async () => {
    server = await openTicketServer()
  })
  after(() => server.close())
  const path = 'events/gala/categories/'

  test('POST with a name gives exactly the documented keys and defaults', async () => {
    const shop = await server.shop(GALA)
    const made = await shop.post(path, { name: 'Tickets' })
    assert.equal(made.status, 201)
    const { id, ...rest } = made.json as Category
    assert.deepEqual(rest, {
      name: { en: 'Tickets' },
      internal_name: null,
      description: { en: '' },
      position: 0,
      is_addon: false,
    })
    assert.deepEqual((await shop.get(`${path}${id}/`)).json, made.json)
  })

  test('POST takes every field', async () => {
    const shop = await server.shop(GALA)
    const body = {
      name: { de: 'Karten' },
      internal_name: 'K',
      description: { de: 'Alle' },
      position: -3,
      is_addon: true,
    }
    const { json } = await shop.post(path, { ...body, id: 7 })
    const { id, ...rest } = json as Category
    assert.notEqual(id, 7)
    assert.deepEqual(rest, body)
  })

  test('PATCH changes what is given, PUT needs the name', async () => {
    const shop = await server.shop(GALA)
    const { json } = await shop.post(path, { name: 'Tickets', position: 4 })
    const { id } = json as Category
    const changed = await shop.patch(`${path}${id}/`, { description: null, internal_name: '' })
    assert.equal(changed.status, 200)
    assert.deepEqual(changed.json, {
      ...(json as object),
      description: null,
      internal_name: '',
    })
    const bare = await shop.put(`${path}${id}/`, { position: 1 })
    assert.equal(bare.status, 400)
    assert.deepEqual(bare.json, { name: ['This field is required.'] })
    const put = await shop.put(`${path}${id}/`, { name: 'More' })
    assert.equal(put.status, 200)
    assert.deepEqual((await shop.get(`${path}${id}/`)).json, {
      ...(changed.json as object),
      name: { en: 'More' },
    })
  })

  test('a fault writes nothing', async () => {
    const shop = await server.shop(GALA)
    const answer = await shop.post(path, { name: '', position: 'first' })
    assert.equal(answer.status, 400)
    assert.deepEqual(answer.json, {
      name: ['This field may not be blank.'],
      position: ['A valid integer is required.'],
    })
    assert.deepEqual(await shop.rows('ticket_categories'), [])
  })

  test('the list goes by position, or as asked, and has only this event', async () => {
    const shop = await server.shop(GALA, { ...GALA, slug: 'other' })
    await shop.post('events/other/categories/', { name: 'Elsewhere' })
    const ids: number[] = []
    for (const position of [2, 1, 2]) {
      const { json } = await shop.post(path, { name: 'C', position })
      ids.push((json as Category).id)
    }
    const [first, second, third] = ids
    const listed = async (query: string) => {
      const { json } = await shop.get(`${path}${query}`)
      return (json as { results: Category[] }).results.map(({ id }) => id)
    }
    assert.deepEqual(await listed(''), [second, first, third])
    assert.deepEqual(await listed('?ordering=id'), [first, second, third])
    assert.deepEqual(await listed('?ordering=-id'), [third, second, first])
    assert.deepEqual(await listed('?ordering=position'), [second, third, first])
    assert.deepEqual(await listed('?ordering=-position,id'), [first, third, second])
    assert.deepEqual(await listed('?page_size=1&page=2'), [first])
  })

  test('DELETE leaves its items without one', async () => {
    const shop = await server.shop(GALA)
    const { id } = (await shop.post(path, { name: 'Tickets' })).json as Category
    const item = await shop.post('events/gala/items/', {
      name: 'Standard',
      default_price: '1.00',
      category: id,
    })
    const gone = await shop.del(`${path}${id}/`)
    assert.equal(gone.status, 204)
    assert.equal(gone.text, '')
    assert.equal((await shop.get(`${path}${id}/`)).status, 404)
    const itemPath = `events/gala/items/${(item.json as Category).id}/`
    assert.equal(((await shop.get(itemPath)).json as { category: unknown }).category, null)
  })
})
