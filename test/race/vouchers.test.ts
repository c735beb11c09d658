import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { verify } from '../../src/verify.ts'
import type { World } from '../../src/world/schema.ts'
import {
  type Client,
  createClient,
  type Received,
  startTestApp,
  type TestApp,
} from '../support/app.ts'
import type { TestDatabase } from '../support/database.ts'
import { type DelayProxy, openDelayProxy } from '../support/delay-proxy.ts'
import { openTarget, TARGETS } from '../support/target.ts'

/**
 * What must hold under any number of parallel requests (specs/pretix-vouchers.md 9), with two server
 * processes' worth of queues and pools on one database, and every message to it held back for a while.
 */

const DELAY_MS_MAX = 6
const CLIENTS = 20
const BASE = '/api/v1/organizers/acme/'

let number = 0
/** An event of its own for each test. */
const eventOf = (slug: string, quotaSize: number | null) => ({
  slug,
  name: { en: slug },
  date_from: '2031-05-01T08:00:00Z',
  items: [
    { ref: 'standard', name: 'Standard', default_price: '30.00' },
    { ref: 'seated', name: 'Seated', default_price: '30.00' },
  ],
  quotas: [{ ref: 'hall', name: 'Hall', size: quotaSize, items: ['standard', 'seated'] }],
  seats: [{ seat_guid: 'A-1', item: 'seated' }],
})

const merchantWith = (events: readonly ReturnType<typeof eventOf>[]): World => ({
  merchants: [
    {
      slug: 'acme',
      name: 'Acme',
      country: 'DE',
      currency: 'EUR',
      timezone: 'Europe/Berlin',
      pretix: { voucher_budget: true },
      credentials: [{ name: 'shop', dialect: 'pretix', token: 'acme-race-0123456789abcdef' }],
      events: [...events],
    },
  ],
})

for (const target of TARGETS)
  describe(`races for vouchers on a slow ${target} PostgreSQL`, () => {
    let database: TestDatabase
    let proxy: DelayProxy
    let servers: readonly TestApp[]
    let clients: readonly Client[]

    before(async () => {
      database = await openTarget(target)
      proxy = await openDelayProxy(database.url, DELAY_MS_MAX)
      const slow = { ...database, url: proxy.url }
      servers = [
        await startTestApp({ world: merchantWith([]), database: slow }),
        await startTestApp({ database: slow }),
      ]
      clients = servers.map(({ http }) =>
        createClient(http, { authorization: 'Token acme-race-0123456789abcdef' }),
      )
    })
    after(async () => {
      const { broken } = await verify(database.owner)
      for (const server of servers) await server.close()
      await proxy.close()
      await database.close()
      assert.equal(broken, undefined)
    })

    /** An event with its products; requests go to both servers in turn. */
    const open = async (quotaSize: number | null) => {
      number += 1
      const slug = `race${number}`
      await servers[0]?.apply(merchantWith([eventOf(slug, quotaSize)]))
      const id = async (table: string, ref: string) => {
        const [row] = await database.owner<{ id: bigint }[]>`
          select t.id from ${database.owner(table)} t
          join ticket_events e on e.merchant_id = t.merchant_id and e.id = t.event_id
          where e.slug = ${slug} and t.ref = ${ref}`
        return Number(row?.id)
      }
      const send = (method: string, path: string, json?: unknown, by = 0) => {
        const client = clients[by % clients.length]
        assert.ok(client)
        return client.send(method, `${BASE}events/${slug}/${path}`, { json })
      }
      const post = (path: string, json: unknown, by?: number) => send('POST', path, json, by)
      /** Sends as many at once as there are clients. */
      const together = (request: (index: number) => Promise<Received>, count = CLIENTS) =>
        Promise.all(Array.from({ length: count }, (_, index) => request(index)))
      return {
        slug,
        send,
        post,
        together,
        standard: await id('ticket_items', 'standard'),
        seated: await id('ticket_items', 'seated'),
        quota: await id('ticket_quotas', 'hall'),
        left: async () => {
          const { json } = await send(
            'GET',
            `quotas/${await id('ticket_quotas', 'hall')}/availability/`,
          )
          return json as { available_number: number } & Record<string, number>
        },
        voucher: async (body: object) => {
          const answer = await post('vouchers/', body)
          assert.equal(answer.status, 201, answer.text)
          return answer.json as { id: number; code: string }
        },
        read: async (voucher: { id: number }) =>
          (await send('GET', `vouchers/${voucher.id}/`)).json as Record<string, number | string>,
      }
    }
    /** How many were done; every other answer must be one of these texts, or busy. */
    const done = (answers: readonly Received[], status: number, ...texts: RegExp[]): number => {
      for (const { status: got, text } of answers) {
        if (got === status) continue
        if (got === 409) assert.match(text, /too busy/)
        else assert.ok(got === 400 && texts.some((expected) => expected.test(text)), text)
      }
      return answers.filter((answer) => answer.status === status).length
    }

    test('1: a quota with k places sells exactly k', async () => {
      const { post, together, standard, left } = await open(7)
      const answers = await together((by) =>
        post('orders/', { positions: [{ item: standard }] }, by),
      )
      assert.equal(done(answers, 201, /not enough quota/), 7)
      assert.equal((await left()).available_number, 0)
      assert.equal((await left()).pending_orders, 7)
    })

    test('1: a quota with k places is reserved by exactly k vouchers', async () => {
      const { post, together, standard, left } = await open(7)
      const body = { item: standard, block_quota: true }
      const answers = await together((by) => post('vouchers/', body, by))
      assert.equal(done(answers, 201, /sold out or completely reserved/), 7)
      assert.equal((await left()).blocking_vouchers, 7)
    })

    test('1: orders, vouchers, batches, redemptions and changes never oversell a quota together', async () => {
      const { post, send, together, standard, quota, left, voucher } = await open(20)
      const held = await voucher({
        code: 'held-1',
        item: standard,
        block_quota: true,
        max_usages: 6,
      })
      const requests = [
        (by: number) =>
          post('orders/', { positions: [{ item: standard }, { item: standard }] }, by),
        (by: number) => post('vouchers/', { quota, block_quota: true, max_usages: 2 }, by),
        (by: number) =>
          post('orders/', { positions: [{ item: standard, voucher: held.code }] }, by),
        (by: number) =>
          post('vouchers/batch_create/', [{ item: standard, block_quota: true }, {}], by),
        (by: number) => send('PATCH', `vouchers/${held.id}/`, { max_usages: 6 + (by % 5) }, by),
      ]
      const answers = await together((by) => {
        const request = requests[by % requests.length]
        assert.ok(request)
        return request(by)
      }, 40)
      for (const { status, text } of answers) assert.ok([200, 201, 400, 409].includes(status), text)
      const { total_size, pending_orders, paid_orders, blocking_vouchers } = await left()
      const taken = (pending_orders ?? 0) + (paid_orders ?? 0) + (blocking_vouchers ?? 0)
      assert.ok(taken <= (total_size ?? 0), `${taken} of ${total_size}`)
      assert.ok(taken >= 18, 'and hardly a place stays empty')
    })

    test('2: a voucher with k uses left is used exactly k times', async () => {
      const { post, together, standard, voucher, read } = await open(null)
      const made = await voucher({ code: 'five-uses', max_usages: 5 })
      const use = { item: standard, voucher: made.code }
      const answers = await together((by) => post('orders/', { positions: [use] }, by))
      assert.equal(done(answers, 201, /used the maximum number of times/), 5)
      assert.equal((await read(made)).redeemed, 5)
    })

    test('2: orders for several uses take all or none, and the maximum holds while it is lowered', async () => {
      const { post, send, together, standard, voucher, read } = await open(null)
      const made = await voucher({ code: 'ten-uses', max_usages: 10 })
      const use = { item: standard, voucher: made.code }
      const answers = await together((by) =>
        by % 4 === 3
          ? send('PATCH', `vouchers/${made.id}/`, { max_usages: 4 + (by % 3) }, by)
          : post('orders/', { positions: [use, use] }, by),
      )
      const orders = answers.filter((_, by) => by % 4 !== 3)
      const sold = done(orders, 201, /used the maximum number of times/)
      const changes = answers.filter((_, by) => by % 4 === 3)
      done(changes, 200, /already been redeemed \d+ times/)
      const { redeemed, max_usages } = await read(made)
      assert.equal(redeemed, 2 * sold)
      assert.ok(Number(redeemed) <= Number(max_usages))
    })

    test('2: an order is canceled once, however often it is asked at the same time', async () => {
      const { post, together, standard, voucher, read } = await open(null)
      const made = await voucher({ code: 'back-once', max_usages: 9 })
      const use = { item: standard, voucher: made.code }
      const [first] = await Promise.all([post('orders/', { positions: [use, use] })])
      await post('orders/', { positions: [use] })
      const { code } = first.json as { code: string }
      const answers = await together((by) => post(`orders/${code}/mark_canceled/`, {}, by), 12)
      assert.equal(done(answers, 200, /not allowed to be canceled/), 1)
      assert.equal((await read(made)).redeemed, 1)
    })

    test('3: a seat is sold once, or kept by one voucher', async () => {
      const { post, together, seated } = await open(null)
      const answers = await together((by) =>
        by % 3 === 0
          ? post('vouchers/', { seat: 'A-1', item: seated }, by)
          : post('orders/', { positions: [{ item: seated, seat: 'A-1' }] }, by),
      )
      assert.equal(done(answers, 201, /is not available/, /currently unavailable/), 1)
    })

    test('4: a code is made once in an event; who comes second is told so, never a 500', async () => {
      const { post, together } = await open(null)
      const answers = await together((by) =>
        by % 2 === 0
          ? post('vouchers/', { code: 'same-code' }, by)
          : post('vouchers/batch_create/', [{ code: `own-${by}` }, { code: 'SAME-CODE' }], by),
      )
      assert.equal(done(answers, 201, /A voucher with this code already exists/), 1)
    })

    test('5: a budget is never exceeded', async () => {
      const { post, together, standard, voucher, read } = await open(null)
      const made = await voucher({
        code: 'budget-1',
        price_mode: 'set',
        value: '24.00',
        budget: '32.00',
        max_usages: 100,
      })
      const use = { item: standard, voucher: made.code }
      const answers = await together((by) => post('orders/', { positions: [use] }, by))
      assert.equal(done(answers, 201, /remaining budget of 0.00/), 6)
      assert.equal((await read(made)).budget_used, '32.00')
    })

    test('6: an order or a batch is all or nothing', async () => {
      const { post, together, standard, left } = await open(5)
      const three = { positions: [{ item: standard }, { item: standard }, { item: standard }] }
      const rows = Array.from({ length: 3 }, () => ({ item: standard, block_quota: true }))
      const answers = await together((by) =>
        by % 2 === 0 ? post('orders/', three, by) : post('vouchers/batch_create/', rows, by),
      )
      assert.equal(done(answers, 201, /not enough quota/, /sold out or completely reserved/), 1)
      assert.equal((await left()).available_number, 2)
    })

    test('a gift card pays no more than it has, and gives back no more than it took', async () => {
      const { post, together, standard, slug } = await open(null)
      const client = clients[0]
      assert.ok(client)
      const made = await client.send('POST', `${BASE}giftcards/`, {
        json: { secret: `PAY.${slug}`, value: '100.00', currency: 'EUR' },
      })
      const { id } = made.json as { id: number }
      const balance = async () =>
        ((await client.send('GET', `${BASE}giftcards/${id}/`)).json as { value: string }).value
      const paid = {
        positions: [{ item: standard }],
        status: 'p',
        payment_provider: 'giftcard',
        payment_info: { gift_card: id },
      }
      const orders = await together((by) => post('orders/', paid, by), 12)
      assert.equal(done(orders, 201, /used in the meantime/), 3)
      assert.equal(await balance(), '10.00')
      const { code } = (orders.find(({ status }) => status === 201)?.json ?? {}) as {
        code?: string
      }
      const refunds = await together(
        (by) => post(`orders/${code}/payments/1/refund/`, { amount: '20.00' }, by),
        12,
      )
      assert.equal(done(refunds, 200, /only 10.00 are available/), 1)
      assert.equal(await balance(), '30.00')
    })
  })
