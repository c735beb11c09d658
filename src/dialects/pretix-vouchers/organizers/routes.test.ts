import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openTicketServer, type TicketServer } from '../../../../test/support/tickets.ts'

describe('organizers', () => {
  let server: TicketServer
  before(async () => {
    server = await openTicketServer()
  })
  after(() => server.close())

  const of = (slug: string) => ({
    name: `Merchant ${slug}`,
    slug,
    public_url: `${server.app.http}/${slug}/`,
  })

  test('a key sees its own organizer and no other', async () => {
    const shop = await server.shop()
    await server.shop()
    const list = await shop.get('../')
    assert.equal(list.status, 200)
    assert.deepEqual(list.json, {
      count: 1,
      next: null,
      previous: null,
      results: [of(shop.slug)],
    })
    const one = await shop.get('')
    assert.deepEqual(one.json, of(shop.slug))
  })

  test('the list may be ordered, and has one page', async () => {
    const shop = await server.shop()
    assert.equal((await shop.get('../?ordering=-name')).status, 200)
    assert.equal((await shop.get('../?ordering=slug&page=last')).status, 200)
    const beyond = await shop.get('../?page=2')
    assert.equal(beyond.status, 404)
    assert.deepEqual(beyond.json, { detail: 'Invalid page.' })
  })

  test('the list needs a credential and has no other method', async () => {
    const shop = await server.shop()
    assert.equal((await shop.anonymous().get('../')).status, 401)
    const post = await shop.post('../', {})
    assert.equal(post.status, 405)
    const bare = await fetch(`${server.app.http}/api/v1/organizers`, { redirect: 'manual' })
    assert.equal(bare.status, 301)
    assert.equal(bare.headers.get('location'), '/api/v1/organizers/')
  })
})
