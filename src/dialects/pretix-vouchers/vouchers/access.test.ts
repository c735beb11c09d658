import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type Caller,
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'

/** Who may do what with vouchers, in which order it is checked, and how a request is repeated (2, 1.1). */

const VOUCHERS = 'events/gala/vouchers/'
const DENIED = { detail: 'You do not have permission to perform this action.' }

describe('access to vouchers', () => {
  let server: TicketServer
  let shop: Shop
  let id: number

  before(async () => {
    server = await openTicketServer()
    shop = await server.shop(GALA, { ...GALA, slug: 'other' })
    id = ((await shop.post(VOUCHERS, { code: 'first' })).json as { id: number }).id
  })
  after(() => server.close())

  const statuses = async (caller: Caller, voucher = id) => [
    (await caller.get(VOUCHERS)).status,
    (await caller.get(`${VOUCHERS}${voucher}/`)).status,
    (await caller.post(VOUCHERS, { code: 'abc' })).status,
    (await caller.post(`${VOUCHERS}batch_create/`, {})).status,
    (await caller.patch(`${VOUCHERS}${voucher}/`, { code: 'abc' })).status,
    (await caller.put(`${VOUCHERS}${voucher}/`, { code: 'abc' })).status,
  ]

  test('reading and writing are two permissions, by their old names and their new ones', async () => {
    for (const name of ['event.vouchers:read', 'can_view_vouchers'])
      assert.deepEqual(
        await statuses(await shop.as({ permissions: [name] })),
        [200, 200, 403, 403, 403, 403],
      )
    for (const name of ['event.vouchers:write', 'can_change_vouchers'])
      assert.deepEqual(
        await statuses(await shop.as({ permissions: [name] })),
        [403, 403, 400, 400, 400, 400],
      )
  })

  test('without permission an unknown voucher is 403, and so is an unknown event', async () => {
    const nobody = await shop.as({ permissions: [] })
    assert.deepEqual(await statuses(nobody, 999_999), [403, 403, 403, 403, 403, 403])
    const answer = await shop.get('events/nowhere/vouchers/')
    assert.deepEqual([answer.status, answer.json], [403, DENIED])
    const limited = await shop.as({ permissions: ['event.vouchers:read'], events: ['other'] })
    assert.equal((await limited.get(VOUCHERS)).status, 403)
    assert.equal((await limited.get('events/other/vouchers/')).status, 200)
  })

  test('without a token everything is 401, before anything else', async () => {
    const answer = await shop.anonymous().get('events/nowhere/vouchers/')
    assert.equal(answer.status, 401)
    assert.equal(answer.headers.get('www-authenticate'), 'Token')
    assert.equal((await shop.anonymous().del(VOUCHERS)).status, 401)
  })

  test('a voucher of another event, an unknown id and what is no id are 404', async () => {
    const match = { detail: 'No Voucher matches the given query.' }
    assert.deepEqual((await shop.get(`events/other/vouchers/${id}/`)).json, match)
    assert.deepEqual((await shop.get(`${VOUCHERS}999999/`)).json, match)
    assert.deepEqual((await shop.patch(`${VOUCHERS}999999/`, { code: 'x' })).json, match)
    assert.deepEqual((await shop.get(`${VOUCHERS}FIRST/`)).json, { detail: 'Not found.' })
    assert.equal((await shop.get(`${VOUCHERS}99999999999999999999999/`)).status, 404)
  })

  test('a wrong method is 405, also where a path looks like an id', async () => {
    const cases = [
      ['DELETE', VOUCHERS],
      ['PUT', VOUCHERS],
      ['GET', `${VOUCHERS}batch_create/`],
      ['POST', `${VOUCHERS}${id}/`],
    ] as const
    for (const [method, path] of cases) {
      const answer = await shop.send(method, path)
      assert.equal(answer.status, 405, `${method} ${path}`)
      assert.deepEqual(answer.json, { detail: `Method "${method}" not allowed.` })
    }
  })

  test('without its slash a read is redirected and a write is not executed', async () => {
    const read = await shop.get(`${VOUCHERS.slice(0, -1)}?tag=a`)
    assert.equal(read.status, 301)
    assert.match(read.headers.get('location') ?? '', /\/vouchers\/\?tag=a$/)
    const before = (await shop.rows('vouchers')).length
    assert.equal((await shop.post(VOUCHERS.slice(0, -1), {})).status, 404)
    assert.equal((await shop.rows('vouchers')).length, before)
  })

  test('every answer varies by Accept, and bodies are read by their type', async () => {
    const answer = await shop.get(VOUCHERS)
    assert.equal(answer.headers.get('vary'), 'Accept')
    assert.equal(answer.headers.get('content-type'), 'application/json')
    const plain = await shop.send('POST', VOUCHERS, {
      body: 'x',
      headers: { 'content-type': 'text/plain' },
    })
    assert.deepEqual(
      [plain.status, plain.text],
      [415, '{"detail":"Unsupported media type \\"text/plain\\" in request."}'],
    )
    const broken = await shop.send('POST', VOUCHERS, {
      body: '{',
      headers: { 'content-type': 'application/json' },
    })
    assert.equal(broken.status, 400)
    assert.match(broken.text, /^\{"detail":"JSON parse error - /)
    const empty = await shop.send('POST', VOUCHERS)
    assert.equal(empty.status, 201)
  })

  test('a repeated key replays the first answer and makes nothing twice', async () => {
    const headers = { 'x-idempotency-key': 'once' }
    const before = (await shop.rows('vouchers')).length
    const first = await shop.send('POST', VOUCHERS, { json: { code: 'replayed' }, headers })
    const second = await shop.send('POST', VOUCHERS, { json: { code: 'replayed' }, headers })
    assert.deepEqual([second.status, second.text], [201, first.text])
    const elsewhere = await shop.send('DELETE', `${VOUCHERS}${id}/`, { headers })
    assert.deepEqual([elsewhere.status, elsewhere.text], [201, first.text])
    assert.equal((await shop.rows('vouchers')).length, before + 1)
    const refused = { 'x-idempotency-key': 'refused' }
    const bad = await shop.send('POST', VOUCHERS, { json: { code: 'x' }, headers: refused })
    const again = await shop.send('POST', VOUCHERS, {
      json: { code: 'fine-code' },
      headers: refused,
    })
    assert.deepEqual([again.status, again.text], [400, bad.text])
  })

  test('a deletion, a change and a batch are replayed too', async () => {
    const made = await shop.post(VOUCHERS, { code: 'gone-soon' })
    const { id: gone } = made.json as { id: number }
    const key = (name: string) => ({ 'x-idempotency-key': name })
    const change = { json: { tag: 'changed' }, headers: key('change') }
    const changed = await shop.send('PATCH', `${VOUCHERS}${gone}/`, change)
    const removal = { headers: key('removal') }
    assert.equal((await shop.send('DELETE', `${VOUCHERS}${gone}/`, removal)).status, 204)
    assert.equal((await shop.send('DELETE', `${VOUCHERS}${gone}/`, removal)).status, 204)
    const replayed = await shop.send('PATCH', `${VOUCHERS}${gone}/`, change)
    assert.equal(replayed.text, changed.text)
    const batch = { json: [{ tag: 'batch' }], headers: key('batch') }
    const one = await shop.send('POST', `${VOUCHERS}batch_create/`, batch)
    const two = await shop.send('POST', `${VOUCHERS}batch_create/`, batch)
    assert.equal(two.text, one.text)
    const list = await shop.get(`${VOUCHERS}?tag=batch`)
    assert.equal((list.json as { count: number }).count, 1)
  })

  test('whoever holds a lock for too long makes others busy, not wrong', async () => {
    const body = { code: 'waiting' }
    const made = await shop.post(VOUCHERS, body)
    const { id: locked } = made.json as { id: number }
    const release = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const holder = server.app.owner.begin(async (tx) => {
      await tx`select 1 from vouchers where id = ${locked} for update`
      held.resolve()
      await release.promise
    })
    await held.promise
    const answer = await shop.patch(`${VOUCHERS}${locked}/`, { tag: 'x' })
    release.resolve()
    await holder
    assert.deepEqual(
      [answer.status, answer.headers.get('retry-after'), answer.json],
      [409, '5', { detail: 'The server was too busy to process your request. Please try again.' }],
    )
    assert.equal((await shop.patch(`${VOUCHERS}${locked}/`, { tag: 'x' })).status, 200)
  })
})
