import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type Caller,
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'

/** Lists of orders, one order, and who may see and change them (specs/pretix-vouchers.md 10.1, 2). */

const ORDERS = 'events/gala/orders/'
type List = { readonly count: number; readonly results: readonly { readonly code: string }[] }

describe('orders that are there', () => {
  let server: TicketServer
  let shop: Shop
  let standard: number
  let other: number

  before(async () => {
    server = await openTicketServer()
    const position = { positionid: 1, item: 'standard', price: '23.00' }
    shop = await server.shop(
      {
        ...GALA,
        items: [
          { ref: 'standard', name: 'Standard', default_price: '23.00' },
          { ref: 'other', name: 'Other', default_price: '9.00' },
          { ref: 'unsold', name: 'Unsold', default_price: '9.00' },
        ],
        orders: [
          {
            code: 'FIRST',
            status: 'p',
            email: 'Kim@Example.org',
            datetime: '2030-01-01T10:00:00Z',
            positions: [position, { ...position, positionid: 2, canceled: true }],
          },
          {
            code: 'THREE',
            status: 'n',
            email: 'lee@example.org',
            datetime: '2030-01-03T10:00:00Z',
            positions: [position, { ...position, positionid: 2, item: 'other' }],
          },
          {
            code: 'SECND',
            status: 'c',
            datetime: '2030-01-02T10:00:00Z',
            positions: [position],
          },
        ],
      },
      { ...GALA, slug: 'empty' },
    )
    standard = await shop.idOf('ticket_items', 'standard')
    other = await shop.idOf('ticket_items', 'other')
  })
  after(() => server.close())

  const codes = async (query: string) => {
    const answer = await shop.get(`${ORDERS}?${query}`)
    assert.equal(answer.status, 200, answer.text)
    return (answer.json as List).results.map(({ code }) => code)
  }

  test('are listed by their time, with when the page was made', async () => {
    assert.deepEqual(await codes(''), ['FIRST', 'SECND', 'THREE'])
    assert.deepEqual(await codes('ordering=-datetime'), ['THREE', 'SECND', 'FIRST'])
    const answer = await shop.get(ORDERS)
    assert.match(answer.headers.get('x-page-generated') ?? '', /^20\d\d-.*Z$/)
    assert.equal((answer.json as List).count, 3)
    assert.deepEqual(await codes('page_size=1&page=last'), ['THREE'])
  })

  test('are narrowed by code, status, e-mail address and product', async () => {
    assert.deepEqual(await codes('code=FIRST'), ['FIRST'])
    assert.deepEqual(await codes('status=n'), ['THREE'])
    assert.deepEqual(await codes('email=kim@example.ORG'), ['FIRST'])
    assert.deepEqual(await codes(`item=${other}`), ['THREE'])
    assert.deepEqual(await codes(`item=${standard}&status=c`), ['SECND'])
    assert.deepEqual(await codes(`item=${await shop.idOf('ticket_items', 'unsold')}`), [])
    const bad = await shop.get(`${ORDERS}?status=x&item=777777`)
    assert.deepEqual(bad.json, {
      status: ['Select a valid choice. x is not one of the available choices.'],
      item: ['Select a valid choice. That choice is not one of the available choices.'],
    })
  })

  test('show canceled positions only to those who ask for them', async () => {
    const positions = async (query: string) => {
      const { json } = await shop.get(`${ORDERS}FIRST/${query}`)
      return (json as { positions: { positionid: number; canceled: boolean }[] }).positions.map(
        ({ positionid, canceled }) => [positionid, canceled],
      )
    }
    assert.deepEqual(await positions(''), [[1, false]])
    const both = [
      [1, false],
      [2, true],
    ]
    assert.deepEqual(await positions('?include_canceled_positions=true'), both)
  })

  test('are found by code in their own event alone', async () => {
    assert.equal((await shop.get(`${ORDERS}FIRST/`)).status, 200)
    const match = { detail: 'No Order matches the given query.' }
    for (const path of [`${ORDERS}NOPE1/`, 'events/empty/orders/FIRST/'])
      assert.deepEqual((await shop.get(path)).json, match)
    assert.deepEqual((await shop.post(`${ORDERS}NOPE1/mark_canceled/`, {})).json, match)
  })

  test('have positions that are listed and found by themselves', async () => {
    const list = async (query: string) => {
      const answer = await shop.get(`events/gala/orderpositions/?${query}`)
      assert.equal(answer.status, 200, answer.text)
      const { results } = answer.json as {
        results: { id: number; order: string; positionid: number }[]
      }
      return results
    }
    const shown = async (query: string) =>
      (await list(query)).map(({ order, positionid }) => `${order} ${positionid}`)
    assert.deepEqual(await shown(''), ['FIRST 1', 'SECND 1', 'THREE 1', 'THREE 2'])
    assert.deepEqual(await shown('order=first&include_canceled_positions=true'), [
      'FIRST 1',
      'FIRST 2',
    ])
    assert.deepEqual(await shown(`item=${other}`), ['THREE 2'])
    const [first] = await list('')
    const one = await shop.get(`events/gala/orderpositions/${first?.id}/`)
    assert.deepEqual(one.json, first)
    const { json } = await shop.get(`${ORDERS}FIRST/`)
    assert.deepEqual((json as { positions: unknown[] }).positions[0], first)
    const elsewhere = await shop.get(`events/empty/orderpositions/${first?.id}/`)
    assert.deepEqual(elsewhere.json, { detail: 'No OrderPosition matches the given query.' })
    const reader = await shop.as({ permissions: ['event.items:write'] })
    assert.equal((await reader.get('events/gala/orderpositions/')).status, 403)
  })

  test('are canceled with a body that makes sense, or with none', async () => {
    const path = `${ORDERS}THREE/mark_canceled/`
    assert.deepEqual((await shop.post(path, { cancellation_fee: '-1.00' })).json, {
      cancellation_fee: ['Ensure this value is greater than or equal to 0.'],
    })
    assert.deepEqual((await shop.post(path, { cancellation_fee: 'x', send_email: 'maybe' })).json, {
      send_email: ['Must be a valid boolean.'],
      cancellation_fee: ['A valid number is required.'],
    })
    assert.deepEqual((await shop.post(path, [])).json, {
      non_field_errors: ['Invalid data. Expected a dictionary, but got list.'],
    })
    assert.equal((await shop.get(`${ORDERS}?status=n`)).status, 200)
    assert.deepEqual(await codes('status=n'), ['THREE'])
  })

  test('are seen with one permission and changed with another', async () => {
    const statuses = async (caller: Caller) => [
      (await caller.get(ORDERS)).status,
      (await caller.get(`${ORDERS}FIRST/`)).status,
      (await caller.get(`${ORDERS}FIRST/payments/`)).status,
      (await caller.post(ORDERS, {})).status,
      (await caller.post(`${ORDERS}SECND/mark_canceled/`, {})).status,
      (await caller.post(`${ORDERS}FIRST/payments/`, {})).status,
    ]
    for (const name of ['event.orders:read', 'can_view_orders'])
      assert.deepEqual(
        await statuses(await shop.as({ permissions: [name] })),
        [200, 200, 200, 403, 403, 403],
      )
    for (const name of ['event.orders:write', 'can_change_orders'])
      assert.deepEqual(
        await statuses(await shop.as({ permissions: [name] })),
        [403, 403, 403, 400, 400, 400],
      )
    assert.deepEqual(await statuses(shop.anonymous()), [401, 401, 401, 401, 401, 401])
  })
})
