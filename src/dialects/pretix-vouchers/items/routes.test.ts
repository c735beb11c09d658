import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'

/** Items (specs/pretix-vouchers.md 10.1, 0.1, 0.2, 7). */

type Item = { id: number; variations: { id: number }[] }

describe('items', () => {
  let server: TicketServer
  before(async () => {
    server = await openTicketServer()
  })
  after(() => server.close())
  const path = 'events/gala/items/'

  async function refused(shop: Shop, send: () => Promise<{ status: number; json: unknown }>) {
    const tables = ['ticket_items', 'ticket_variations', 'vouchers', 'voucher_tallies']
    const before = await Promise.all(tables.map(shop.rows))
    const answer = await send()
    assert.deepEqual(await Promise.all(tables.map(shop.rows)), before)
    return answer
  }

  test('POST with what is required gives exactly the documented keys and defaults', async () => {
    const shop = await server.shop(GALA)
    const made = await shop.post(path, { name: 'Seat', default_price: '23' })
    assert.equal(made.status, 201)
    const { id, ...rest } = made.json as Item
    assert.deepEqual(rest, {
      name: { en: 'Seat' },
      default_price: '23.00',
      internal_name: null,
      category: null,
      active: true,
      description: null,
      free_price: false,
      tax_rate: '0.00',
      tax_rule: null,
      admission: false,
      position: 0,
      available_from: null,
      available_until: null,
      require_voucher: false,
      hide_without_voucher: false,
      require_bundling: false,
      allow_cancel: true,
      min_per_order: null,
      max_per_order: null,
      has_variations: false,
      variations: [],
      addons: [],
      bundles: [],
      issue_giftcard: false,
    })
    assert.deepEqual((await shop.get(`${path}${id}/`)).json, made.json)
  })

  test('POST takes every field', async () => {
    const shop = await server.shop(GALA)
    const { json: category } = await shop.post('events/gala/categories/', { name: 'C' })
    const body = {
      name: { en: 'Seat', de: 'Platz' },
      default_price: '99999999999.99',
      internal_name: 'S',
      category: (category as Item).id,
      active: false,
      description: { en: 'Soft' },
      free_price: true,
      admission: true,
      position: 7,
      available_from: '2030-01-01T00:00:00Z',
      available_until: '2031-01-01T00:00:00.500000Z',
      require_voucher: true,
      hide_without_voucher: true,
      require_bundling: true,
      allow_cancel: false,
      min_per_order: 1,
      max_per_order: 4,
      addons: [{ addon_category: 1, min_count: 0 }],
      bundles: [],
      issue_giftcard: true,
    }
    const made = await shop.post(path, { ...body, tax_rate: '19.00', has_variations: true })
    assert.equal(made.status, 201, made.text)
    const { id: _id, ...rest } = made.json as Item
    assert.deepEqual(rest, {
      ...body,
      tax_rate: '0.00',
      tax_rule: null,
      has_variations: false,
      variations: [],
    })
  })

  test('POST takes variations, which know the price of the item', async () => {
    const shop = await server.shop(GALA)
    const made = await shop.post(path, {
      name: 'Shirt',
      default_price: '12.00',
      variations: [
        { value: { en: 'L' }, position: 2, default_price: '14.00' },
        { value: 'S', position: 1 },
      ],
    })
    assert.equal(made.status, 201)
    const item = made.json as Item & { has_variations: boolean }
    assert.equal(item.has_variations, true)
    const blank = { active: true, description: null, hide_without_voucher: false }
    assert.deepEqual(
      item.variations.map(({ id: _id, ...rest }) => rest),
      [
        { ...blank, value: { en: 'S' }, default_price: null, price: '12.00', position: 1 },
        { ...blank, value: { en: 'L' }, default_price: '14.00', price: '14.00', position: 2 },
      ],
    )
    const faulty = await refused(shop, () =>
      shop.post(path, { name: 'X', default_price: '1', variations: [{ value: 'S' }, {}] }),
    )
    assert.equal(faulty.status, 400)
    assert.deepEqual(faulty.json, { variations: [{}, { value: ['This field is required.'] }] })
  })

  test('a category is one of this event', async () => {
    const shop = await server.shop(GALA, { ...GALA, slug: 'other' })
    const stranger = await server.shop(GALA)
    const theirs = (await stranger.post('events/gala/categories/', { name: 'C' })).json as Item
    const elsewhere = (await shop.post('events/other/categories/', { name: 'C' })).json as Item
    const body = { name: 'Seat', default_price: '1' }
    const unknown = await refused(shop, () => shop.post(path, { ...body, category: theirs.id }))
    assert.equal(unknown.status, 400)
    assert.deepEqual(unknown.json, {
      category: [`Invalid pk "${theirs.id}" - object does not exist.`],
    })
    const other = await refused(shop, () => shop.post(path, { ...body, category: elsewhere.id }))
    assert.equal(other.status, 400)
    assert.deepEqual(other.json, {
      category: ["The item's category must belong to the same event as the item."],
    })
    const both = await refused(shop, () => shop.post(path, { category: 'x' }))
    assert.deepEqual(both.json, {
      name: ['This field is required.'],
      default_price: ['This field is required.'],
      category: ['Incorrect type. Expected pk value, received str.'],
    })
  })

  test('times and numbers must not contradict each other', async () => {
    const shop = await server.shop(GALA)
    const body = { name: 'Seat', default_price: '1' }
    const times = await refused(shop, () =>
      shop.post(path, {
        ...body,
        available_from: '2031-01-02T00:00:00Z',
        available_until: '2031-01-01T00:00:00Z',
      }),
    )
    assert.deepEqual(times.json, {
      non_field_errors: ["The item's availability cannot end before it starts."],
    })
    const { id } = (await shop.post(path, { ...body, min_per_order: 3 })).json as Item
    const numbers = await refused(shop, () => shop.patch(`${path}${id}/`, { max_per_order: 2 }))
    assert.equal(numbers.status, 400)
    assert.deepEqual(numbers.json, {
      non_field_errors: [
        'The maximum number per order can not be lower than the minimum number per order.',
      ],
    })
  })

  test('PATCH changes what is given, PUT needs what is required', async () => {
    const shop = await server.shop(GALA)
    const { json } = await shop.post(path, {
      name: 'Seat',
      default_price: '1',
      variations: [{ value: 'A' }],
    })
    const { id, variations } = json as Item
    const changed = await shop.patch(`${path}${id}/`, { active: false, default_price: 2.5 })
    assert.equal(changed.status, 200)
    assert.deepEqual(changed.json, {
      ...(json as object),
      active: false,
      default_price: '2.50',
      variations: [{ ...variations[0], price: '2.50' }],
    })
    const bare = await refused(shop, () => shop.put(`${path}${id}/`, {}))
    assert.deepEqual(bare.json, {
      name: ['This field is required.'],
      default_price: ['This field is required.'],
    })
    const put = await shop.put(`${path}${id}/`, { name: 'Chair', default_price: '3.00' })
    assert.equal(put.status, 200)
    assert.equal((put.json as { active: boolean }).active, false)
  })

  test('nested lists cannot be changed with the item', async () => {
    const shop = await server.shop(GALA)
    const { id } = (await shop.post(path, { name: 'Seat', default_price: '1' })).json as Item
    for (const key of ['variations', 'addons', 'bundles', 'program_times'])
      for (const method of ['PATCH', 'PUT']) {
        const json = { name: 'X', default_price: '2', [key]: [] }
        const answer = await refused(shop, () => shop.send(method, `${path}${id}/`, { json }))
        assert.equal(answer.status, 400)
        assert.deepEqual(answer.json, {
          non_field_errors: [
            'Updating add-ons, bundles, program times or variations via PATCH/PUT is not supported. Please use the dedicated nested endpoint.',
          ],
        })
      }
  })

  test('filters apply to the list and to the item itself', async () => {
    const shop = await server.shop(GALA, { ...GALA, slug: 'other' })
    const { id: category } = (await shop.post('events/gala/categories/', { name: 'C' }))
      .json as Item
    const { id: elsewhere } = (await shop.post('events/other/categories/', { name: 'C' }))
      .json as Item
    const make = async (body: object) =>
      ((await shop.post(path, { name: 'I', default_price: '1', ...body })).json as Item).id
    const plain = await make({ category })
    const off = await make({ active: false })
    const entry = await make({ admission: true })
    const gift = await make({ free_price: true })
    const ids = async (query: string) => {
      const { json } = await shop.get(`${path}?${query}`)
      return (json as { results: Item[] }).results.map(({ id }) => id)
    }
    assert.deepEqual(await ids('active=false'), [off])
    assert.deepEqual(await ids('active=true&admission=false&free_price=0'), [plain])
    assert.deepEqual(await ids('admission=1'), [entry])
    assert.deepEqual(await ids('free_price=TRUE'), [gift])
    assert.deepEqual(await ids(`category=${category}`), [plain])
    assert.deepEqual(await ids(`category=${elsewhere}`), [], 'known elsewhere: nothing matches')
    assert.deepEqual(await ids('category='), [plain, off, entry, gift])
    assert.deepEqual(await ids('active=maybe&nonsense=1'), [plain, off, entry, gift])
    for (const unknown of ['999999999', 'abc', '-1']) {
      const answer = await shop.get(`${path}?category=${unknown}`)
      assert.equal(answer.status, 400)
      assert.deepEqual(answer.json, {
        category: ['Select a valid choice. That choice is not one of the available choices.'],
      })
    }
    assert.equal((await shop.get(`${path}${off}/?active=false`)).status, 200)
    const hidden = await shop.get(`${path}${off}/?active=true`)
    assert.equal(hidden.status, 404)
    assert.deepEqual(hidden.json, { detail: 'No Item matches the given query.' })
    assert.equal((await shop.patch(`${path}${off}/?active=true`, {})).status, 404)
    assert.equal((await shop.patch(`${path}${off}/?category=abc`, {})).status, 400)
    assert.equal((await shop.del(`${path}${off}/?active=true`)).status, 404)
  })

  test('the list goes by position, or as asked', async () => {
    const shop = await server.shop(GALA)
    const ids: number[] = []
    for (const position of [2, 1, 2]) {
      const { json } = await shop.post(path, { name: 'I', default_price: '1', position })
      ids.push((json as Item).id)
    }
    const [first, second, third] = ids
    const listed = async (query: string) => {
      const { json } = await shop.get(`${path}${query}`)
      return (json as { results: Item[] }).results.map(({ id }) => id)
    }
    assert.deepEqual(await listed(''), [second, first, third])
    assert.deepEqual(await listed('?ordering=id'), [first, second, third])
    assert.deepEqual(await listed('?ordering=-position'), [third, first, second])
    assert.deepEqual(await listed('?ordering=name'), [second, first, third])
    assert.deepEqual(await listed('?ordering=-position,id'), [first, third, second])
  })

  test('DELETE takes it out of quotas, dates, seats and used-up vouchers', async () => {
    const shop = await server.shop({
      ...GALA,
      items: [
        { ref: 'i', name: 'I', default_price: '1', variations: [{ ref: 'v', value: 'V' }] },
        { ref: 'j', name: 'J', default_price: '1' },
      ],
      quotas: [{ ref: 'q', name: 'Q', size: 5, items: ['i', 'j'], variations: ['v'] }],
      seats: [{ seat_guid: 'A', item: 'i' }],
    })
    const id = await shop.idOf('ticket_items', 'i')
    const variation = await shop.idOf('ticket_variations', 'v')
    const voucher = await shop.voucher('gala', {
      itemId: BigInt(id),
      variationId: BigInt(variation),
      redeemed: 1,
    })
    assert.equal((await shop.del(`${path}${id}/`)).status, 204)
    assert.equal((await shop.get(`${path}${id}/`)).status, 404)
    const quotas = (await shop.get('events/gala/quotas/')).json as {
      results: { items: number[]; variations: number[] }[]
    }
    const [quota] = quotas.results
    assert.deepEqual(quota?.items, [await shop.idOf('ticket_items', 'j')])
    assert.deepEqual(quota?.variations, [])
    assert.equal((await shop.rows('ticket_seats'))[0]?.item_id, null)
    const [row] = await shop.rows('vouchers')
    assert.equal(row?.id, voucher)
    assert.deepEqual([row?.item_id, row?.variation_id, row?.quota_id], [null, null, null])
  })

  test('one that was ordered stays, whatever became of the order', async () => {
    const shop = await server.shop({
      ...GALA,
      items: [{ ref: 'i', name: 'I', default_price: '1' }],
      orders: [{ code: 'ABCDE', status: 'c', positions: [{ item: 'i', price: '1' }] }],
    })
    const id = await shop.idOf('ticket_items', 'i')
    const answer = await refused(shop, () => shop.del(`${path}${id}/`))
    assert.equal(answer.status, 403)
    assert.deepEqual(answer.json, {
      detail:
        'This item cannot be deleted because it has already been ordered by a user or currently is in a users\'s cart. Please set the item as "inactive" instead.',
    })
  })

  test('who takes it away and who sells it at once never both have their way', async () => {
    const shop = await server.shop(GALA)
    for (let round = 0; round < 8; round += 1) {
      const { id } = (await shop.post(path, { name: 'Seat', default_price: '1' })).json as Item
      const quota = { name: 'Q', size: 5, items: [id] }
      const { id: quotaId } = (await shop.post('events/gala/quotas/', quota)).json as Item
      const [gone, order, voucher, other] = await Promise.all([
        shop.del(`${path}${id}/`),
        shop.post('events/gala/orders/', { positions: [{ item: id }] }),
        shop.post('events/gala/vouchers/', { item: id, block_quota: true }),
        shop.post('events/gala/quotas/', { ...quota, name: 'R' }),
      ])
      const kept = (await shop.get(`${path}${id}/`)).status === 200
      assert.equal(gone?.status, kept ? 403 : 204, gone?.text)
      for (const answer of [order, voucher])
        assert.ok(
          (kept ? [201, 400] : [400, 409]).includes(answer?.status ?? 0),
          `${kept}: ${answer?.status} ${answer?.text}`,
        )
      assert.ok([201, 400, 409].includes(other?.status ?? 0), other?.text)
      const members = (await shop.get(`events/gala/quotas/${quotaId}/`)).json as { items: number[] }
      assert.deepEqual(members.items, kept ? [id] : [])
    }
  })

  test('one that a voucher with uses left names stays', async () => {
    const shop = await server.shop({
      ...GALA,
      items: [{ ref: 'i', name: 'I', default_price: '1' }],
    })
    const id = await shop.idOf('ticket_items', 'i')
    await shop.voucher('gala', { itemId: BigInt(id), validUntil: 0n })
    const answer = await refused(shop, () => shop.del(`${path}${id}/`))
    assert.equal(answer.status, 403)
    assert.equal(typeof (answer.json as { detail: unknown }).detail, 'string')
  })
})
