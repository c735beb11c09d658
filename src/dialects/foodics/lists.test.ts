import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { faultsOf, type Kitchen, type Shop, startKitchen } from '../../../test/support/foodics.ts'

const PATH = '/v5/gift_card_transactions'
const ids = (rows: readonly Record<string, unknown>[]): unknown[] => rows.map(({ id }) => id)
const amounts = (rows: readonly Record<string, unknown>[]): unknown[] =>
  rows.map(({ amount }) => amount)

describe('lists of gift card transactions', () => {
  let kitchen: Kitchen
  before(async () => {
    kitchen = await startKitchen()
  })
  after(() => kitchen.close())

  /** Books these amounts on one card of 1000, one a second from noon unless `at` says otherwise. */
  async function booked(list: readonly string[], at?: readonly string[]) {
    const shop = await kitchen.open()
    kitchen.setClock('2031-01-01T00:00:00Z')
    const card = await shop.sell('1000')
    const order = await shop.order()
    for (const [index, amount] of list.entries()) {
      kitchen.setClock(at?.[index] ?? `2031-01-02T12:00:0${index}Z`)
      assert.equal((await shop.book(card.id, amount, order)).status, 201)
    }
    kitchen.setClock(undefined)
    return { shop, card, order }
  }

  const totalOf = async (shop: Shop, query: string): Promise<unknown> =>
    (await shop.list(`${PATH}?${query}`)).meta.total

  test('without sort the oldest comes first, and each balance follows from the one before', async () => {
    const { shop } = await booked(['-10', '5', '-20'])
    const { data } = await shop.list(PATH)
    assert.deepEqual(amounts(data), [-10, 5, -20])
    assert.deepEqual(
      data.map((row) => row.old_balance),
      [1000, 990, 995],
    )
    assert.deepEqual(
      data.map((row) => row.new_balance),
      [990, 995, 975],
    )
  })

  test('amounts sort as numbers', async () => {
    const { shop } = await booked(['-20', '100', '-180.5', '5'])
    assert.deepEqual(amounts((await shop.list(`${PATH}?sort=amount`)).data), [-180.5, -20, 5, 100])
    assert.deepEqual(amounts((await shop.list(`${PATH}?sort=-amount`)).data), [100, 5, -20, -180.5])
  })

  test('rows of one second keep their order, and sorted the other way they are the exact reverse', async () => {
    const noon = Array.from({ length: 5 }, (_, index) => `2031-01-02T12:00:00.${900 - index}Z`)
    const { shop } = await booked(['-1', '-2', '-3', '-1', '-2'], noon)
    const plain = ids((await shop.list(PATH)).data)
    for (const field of ['created_at', 'updated_at']) {
      assert.deepEqual(ids((await shop.list(`${PATH}?sort=${field}`)).data), plain)
      assert.deepEqual(ids((await shop.list(`${PATH}?sort=-${field}`)).data), plain.toReversed())
    }
    const byAmount = ids((await shop.list(`${PATH}?sort=amount`)).data)
    assert.deepEqual(ids((await shop.list(`${PATH}?sort=-amount`)).data), byAmount.toReversed())
    const mixed = (await shop.list(`${PATH}?sort[0]=-amount&sort[1]=created_at`)).data
    assert.deepEqual(ids(mixed), ids((await shop.list(`${PATH}?sort=-amount`)).data))
  })

  test('pages follow one another without a gap although all rows share a second', async () => {
    const { shop } = await booked(Array(7).fill('-1'), Array(7).fill('2031-01-02T12:00:00Z'))
    const seen: unknown[] = []
    for (const page of [1, 2, 3, 4]) {
      const { data, meta } = await shop.list(`${PATH}?sort=-created_at&per_page=2&page=${page}`)
      assert.equal(meta.last_page, 4)
      seen.push(...ids(data))
    }
    assert.deepEqual(seen, ids((await shop.list(PATH)).data).toReversed())
  })

  test('the envelope has absolute links that keep the query, and a page past the end is empty', async () => {
    const { shop, card } = await booked(['-1', '-2', '-3', '-4', '-5'])
    const { data, links, meta } = await shop.list(
      `${PATH}?filter[gift_card_id]=${card.id}&per_page=2&page=2`,
    )
    assert.deepEqual(amounts(data), [-3, -4])
    const url = (page: number) =>
      `${kitchen.http}${PATH}?filter%5Bgift_card_id%5D=${card.id}&per_page=2&page=${page}`
    assert.deepEqual(links, { first: url(1), last: url(3), prev: url(1), next: url(3) })
    const { links: _links, ...numbers } = meta
    assert.deepEqual(numbers, {
      current_page: 2,
      from: 3,
      last_page: 3,
      path: kitchen.http + PATH,
      per_page: 2,
      to: 4,
      total: 5,
    })
    const past = await shop.list(`${PATH}?per_page=2&page=9`)
    assert.deepEqual(past.data, [])
    assert.equal(past.meta.current_page, 9)
    assert.equal((await shop.list(`${PATH}?page=99999999999999999999`)).data.length, 0)
  })

  test('the public address of a list is what it was called by, and follows the Host header', async () => {
    const { shop } = await booked(['-1'])
    const bare = await shop.list('/gift_card_transactions/')
    assert.equal(bare.meta.path, `${kitchen.http}/gift_card_transactions`)
    assert.equal(bare.links.last, `${kitchen.http}/gift_card_transactions?page=1`)
  })

  test('per_page is 50 at most and never an error', async () => {
    const { shop } = await booked(['-1'])
    for (const perPage of ['5000', '500', '51', '0', '-1', 'x', ''])
      assert.equal((await shop.list(`${PATH}?per_page=${perPage}`)).meta.per_page, 50, perPage)
    assert.equal((await shop.list(`${PATH}?per_page=7`)).meta.per_page, 7)
  })

  test('ids filter exactly; unknown ones give an empty list', async () => {
    const { shop, card, order } = await booked(['-1', '-2'])
    const other = await shop.sell('10')
    const second = await shop.order()
    await shop.book(other.id, '-3', second)
    const [first] = (await shop.list(PATH)).data
    assert.equal(await totalOf(shop, `filter[gift_card_id]=${card.id}`), 2)
    assert.equal(await totalOf(shop, `filter[gift_card_id]=${card.id},${other.id}`), 3)
    assert.equal(await totalOf(shop, `filter[order_id]=${order}`), 2)
    assert.equal(await totalOf(shop, `filter[order_id][]=${order}&filter[order_id][]=${second}`), 3)
    assert.equal(
      await totalOf(shop, `filter[order_id]=${order}&filter[gift_card_id]=${other.id}`),
      0,
    )
    assert.equal(await totalOf(shop, `filter[id]=${first?.id}`), 1)
    for (const name of ['id', 'gift_card_id', 'order_id'])
      for (const value of [
        'nope',
        card.code,
        card.id.slice(0, 8),
        card.id.toUpperCase(),
        '%00',
        "'",
      ])
        assert.equal(await totalOf(shop, `filter[${name}]=${value}`), 0, `${name}=${value}`)
    assert.equal(await totalOf(shop, 'filter[id]='), 3)
  })

  test('created_on and updated_on are whole days in UTC, and may be listed', async () => {
    const { shop } = await booked(
      ['-1', '-2', '-3', '-4'],
      [
        '2031-01-02T23:59:59.999Z',
        '2031-01-03T00:00:00Z',
        '2031-01-03T23:59:59.999Z',
        '2031-01-04T00:00:00Z',
      ],
    )
    for (const name of ['created_on', 'updated_on']) {
      const days = async (value: string) =>
        amounts((await shop.list(`${PATH}?filter[${name}]=${value}`)).data)
      assert.deepEqual(await days('2031-01-03'), [-2, -3])
      assert.deepEqual(await days('2031-01-02,2031-01-04'), [-1, -4])
      assert.deepEqual(await days('2031-01-05'), [])
      assert.deepEqual(await days('9999-12-31'), [])
      assert.deepEqual(await days('0001-01-01'), [])
    }
    assert.equal(
      await totalOf(shop, 'filter[created_on]=2031-01-03&filter[updated_on]=2031-01-02'),
      0,
    )
  })

  test('updated_after is strict to the second: the stamp of a row leaves that row out', async () => {
    const { shop } = await booked(
      ['-1', '-2', '-3'],
      ['2031-01-02T12:00:00.000Z', '2031-01-02T12:00:00.700Z', '2031-01-02T12:00:01.000Z'],
    )
    const later = async (value: string) =>
      amounts((await shop.list(`${PATH}?filter[updated_after]=${value}`)).data)
    assert.deepEqual(await later('2031-01-02+12:00:00'), [-3])
    assert.deepEqual(await later('2031-01-02%2011:59:59'), [-1, -2, -3])
    assert.deepEqual(await later('2031-01-02T12:00:01Z'), [])
    assert.deepEqual(await later('2031-01-02'), [-1, -2, -3])
    assert.deepEqual(await later('9999-12-31 23:59:59'), [])
  })

  test('a bad date is 422 under its filter, an unknown name 400', async () => {
    const shop = await kitchen.open()
    assert.deepEqual(
      faultsOf(
        await shop.send('GET', `${PATH}?filter[created_on]=2024-02-30&filter[updated_after]=x`),
      ),
      ['filter.created_on', 'filter.updated_after'],
    )
    for (const query of ['filter[nope]=1', 'sort=id', 'sort=old_balance', 'include=nope']) {
      const answer = await shop.send('GET', `${PATH}?${query}&filter[created_on]=x`)
      assert.equal(answer.status, 400, query)
      assert.deepEqual(Object.keys(answer.json as object), ['message'])
    }
  })

  test('single objects ignore filter, sort, page and per_page but not a bad include', async () => {
    const { shop } = await booked(['-1'])
    const [row] = (await shop.list(PATH)).data
    const path = `${PATH}/${row?.id}`
    assert.equal((await shop.send('GET', `${path}?filter[nope]=1&sort=nope&page=7`)).status, 200)
    assert.equal((await shop.send('GET', `${path}?include=nope`)).status, 400)
  })

  test('the calls of known clients work as they send them', async () => {
    const { shop, card, order } = await booked(['-1'])
    const etl = await shop.list(
      `${PATH}?include=order,gift_card&filter[created_on]=2031-01-02&page=1&per_page=5000`,
    )
    const [row] = etl.data as { gift_card: { id: string }; order: { id: string } }[] // Expanded.
    assert.deepEqual([row?.gift_card.id, row?.order.id], [card.id, order])
    for (const query of [
      'per_page=500&page=1&include=order,gift_card,',
      'filters[nope]=1&limit=5&created_at[gte]=x',
      'include=order,%20gift_card&sort[0]=-created_at',
      'filter%5Bgift_card_id%5D=&include=&sort=',
    ])
      assert.equal((await shop.list(`${PATH}?${query}`)).data.length, 1, query)
    const plain = await fetch(`${kitchen.http}${PATH}/`, {
      headers: {
        authorization: `Bearer ${shop.token}`,
        accept: 'text/html;q=0.1',
        'content-type': 'application/json',
        'x-business': '1',
      },
    })
    assert.equal(plain.status, 200)
  })
})
