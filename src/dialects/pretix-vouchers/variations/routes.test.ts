import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'

/** Variations (specs/pretix-vouchers.md 10.1, 0.1, 7). */

type Variation = { id: number; price: string }

const SHIRT = {
  ...GALA,
  items: [
    {
      ref: 'shirt',
      name: 'Shirt',
      default_price: '12.00',
      variations: [
        { ref: 's', value: 'S' },
        { ref: 'l', value: 'L', default_price: '14.00' },
      ],
    },
    { ref: 'plain', name: 'Plain', default_price: '1.00' },
  ],
}

describe('variations', () => {
  let server: TicketServer
  before(async () => {
    server = await openTicketServer()
  })
  after(() => server.close())

  async function open() {
    const shop = await server.shop(SHIRT)
    const item = await shop.idOf('ticket_items', 'shirt')
    return { shop, path: `events/gala/items/${item}/variations/` }
  }
  async function refused(shop: Shop, send: () => Promise<{ status: number; json: unknown }>) {
    const before = await shop.rows('ticket_variations')
    const answer = await send()
    assert.deepEqual(await shop.rows('ticket_variations'), before)
    return answer
  }

  test('POST with a value gives exactly the documented keys and defaults', async () => {
    const { shop, path } = await open()
    const made = await shop.post(path, { value: 'XL' })
    assert.equal(made.status, 201)
    const { id, ...rest } = made.json as Variation
    assert.deepEqual(rest, {
      value: { en: 'XL' },
      default_price: null,
      price: '12.00',
      active: true,
      description: null,
      position: 0,
      hide_without_voucher: false,
    })
    assert.deepEqual((await shop.get(`${path}${id}/`)).json, made.json)
  })

  test('POST takes every field, and its price is its own', async () => {
    const { shop, path } = await open()
    const body = {
      value: { de: 'Sehr groß' },
      default_price: '15.50',
      active: false,
      description: { de: 'Weit' },
      position: 9,
      hide_without_voucher: true,
    }
    const { json } = await shop.post(path, { ...body, price: '1.00' })
    const { id: _id, ...rest } = json as Variation
    assert.deepEqual(rest, { ...body, price: '15.50' })
  })

  test('an item without variations gets none', async () => {
    const { shop } = await open()
    const plain = await shop.idOf('ticket_items', 'plain')
    const path = `events/gala/items/${plain}/variations/`
    assert.deepEqual((await shop.get(path)).json, {
      count: 0,
      next: null,
      previous: null,
      results: [],
    })
    const answer = await refused(shop, () => shop.post(path, { value: 'One' }))
    assert.equal(answer.status, 403)
    assert.deepEqual(answer.json, {
      detail:
        'This variation cannot be created because the item does not have variations. Changing a product without variations to a product with variations is not allowed.',
    })
    const faulty = await refused(shop, () => shop.post(path, {}))
    assert.equal(faulty.status, 400)
  })

  test('PATCH changes what is given, PUT needs the value', async () => {
    const { shop, path } = await open()
    const id = await shop.idOf('ticket_variations', 'l')
    const changed = await shop.patch(`${path}${id}/`, { default_price: null, position: 4 })
    assert.equal(changed.status, 200)
    const { default_price, price, position } = changed.json as Record<string, unknown>
    assert.deepEqual([default_price, price, position], [null, '12.00', 4])
    const bare = await refused(shop, () => shop.put(`${path}${id}/`, { position: 1 }))
    assert.equal(bare.status, 400)
    assert.deepEqual(bare.json, { value: ['This field is required.'] })
    const put = await shop.put(`${path}${id}/`, { value: 'Large' })
    assert.equal(put.status, 200)
    assert.equal((put.json as { position: number }).position, 4)
    const faulty = await refused(shop, () => shop.patch(`${path}${id}/`, { default_price: 'x' }))
    assert.deepEqual(faulty.json, { default_price: ['A valid number is required.'] })
  })

  test('the list goes by position, or as asked, and can be narrowed', async () => {
    const { shop, path } = await open()
    const small = await shop.idOf('ticket_variations', 's')
    const large = await shop.idOf('ticket_variations', 'l')
    await shop.patch(`${path}${small}/`, { position: 2 })
    await shop.patch(`${path}${large}/`, { position: 1, active: false })
    const ids = async (query: string) => {
      const { json } = await shop.get(`${path}${query}`)
      return (json as { results: Variation[] }).results.map(({ id }) => id)
    }
    assert.deepEqual(await ids(''), [large, small])
    assert.deepEqual(await ids('?ordering=id'), [small, large])
    assert.deepEqual(await ids('?ordering=-position'), [small, large])
    assert.deepEqual(await ids('?active=true'), [small])
    assert.deepEqual(await ids('?active=perhaps'), [large, small])
    assert.equal((await shop.get(`${path}${large}/?active=true`)).status, 404)
  })

  test('an item that is unknown or of another event has none', async () => {
    const { shop, path } = await open()
    const missing = await shop.get('events/gala/items/999999/variations/')
    assert.equal(missing.status, 404)
    assert.deepEqual(missing.json, { detail: 'No Item matches the given query.' })
    const odd = await shop.get('events/gala/items/abc/variations/')
    assert.deepEqual(odd.json, { detail: 'Not found.' })
    const plain = await shop.idOf('ticket_items', 'plain')
    const small = await shop.idOf('ticket_variations', 's')
    assert.equal((await shop.get(`events/gala/items/${plain}/variations/${small}/`)).status, 404)
    assert.equal((await shop.get(`${path}${small}/`)).status, 200)
  })

  test('DELETE takes it away, but not the last one', async () => {
    const { shop, path } = await open()
    const small = await shop.idOf('ticket_variations', 's')
    const large = await shop.idOf('ticket_variations', 'l')
    const gone = await shop.del(`${path}${small}/`)
    assert.equal(gone.status, 204)
    assert.equal((await shop.get(`${path}${small}/`)).status, 404)
    const answer = await refused(shop, () => shop.del(`${path}${large}/`))
    assert.equal(answer.status, 403)
    assert.deepEqual(answer.json, {
      detail:
        'This variation cannot be deleted because it is the only variation. Changing a product with variations to a product without variations is not allowed.',
    })
  })

  test('two that are taken away at once leave one', async () => {
    const { shop, path } = await open()
    const small = await shop.idOf('ticket_variations', 's')
    const large = await shop.idOf('ticket_variations', 'l')
    const answers = await Promise.all([small, large].map((id) => shop.del(`${path}${id}/`)))
    assert.deepEqual(answers.map(({ status }) => status).sort(), [204, 403])
    assert.equal((await shop.rows('ticket_variations')).length, 1)
  })

  test('one that was ordered or that an open voucher names stays', async () => {
    const { shop, path } = await open()
    const small = await shop.idOf('ticket_variations', 's')
    const item = BigInt(await shop.idOf('ticket_items', 'shirt'))
    const large = await shop.idOf('ticket_variations', 'l')
    await shop.apply({
      ...GALA,
      orders: [{ code: 'ABCDE', positions: [{ item: 'shirt', variation: 's', price: '1' }] }],
    })
    const ordered = await refused(shop, () => shop.del(`${path}${small}/`))
    assert.equal(ordered.status, 403)
    assert.match(
      (ordered.json as { detail: string }).detail,
      /^This variation cannot be deleted because it has already been ordered/,
    )
    await shop.voucher('gala', { itemId: item, variationId: BigInt(large) })
    const named = await refused(shop, () => shop.del(`${path}${large}/`))
    assert.equal(named.status, 403)
  })

  test('a voucher that is used up lets go of it, of the item too', async () => {
    const { shop, path } = await open()
    const item = BigInt(await shop.idOf('ticket_items', 'shirt'))
    const large = await shop.idOf('ticket_variations', 'l')
    await shop.voucher('gala', { itemId: item, variationId: BigInt(large), redeemed: 1 })
    assert.equal((await shop.del(`${path}${large}/`)).status, 204)
    const [row] = await shop.rows('vouchers')
    assert.deepEqual([row?.item_id, row?.variation_id], [null, null])
  })
})
