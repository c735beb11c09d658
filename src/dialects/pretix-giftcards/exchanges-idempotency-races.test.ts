import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import {
  type CardJson,
  freshCode,
  type PretixServer,
  startPretix,
  TOKENS,
} from '../../../test/support/pretix-cards.ts'
import type { RawAnswer } from '../../../test/support/raw-http.ts'
import { verify } from '../../verify.ts'

/** One idempotency key, several requests at a time (specs/pretix-giftcards.md 11). */

const CONCURRENT = { detail: 'Concurrent request with idempotency key.' }
const UNSEEN = { detail: 'Idempotency key not seen before.' }
const ATTEMPTS_MAX = 2_000

describe('idempotency keys of pretix gift cards that are used at once', () => {
  let server: PretixServer
  before(async () => {
    server = await startPretix()
  })
  after(async () => {
    assert.equal((await verify(server.owner)).broken, undefined)
    await server.close()
  })

  const withKey = (key: string, ...more: (readonly [string, string])[]) => ({
    headers: [['X-Idempotency-Key', key], ...more] as const,
  })
  const debit = (id: number, key: string, value = '-1.00', token: string = TOKENS.all) =>
    server.send('POST', `acme/giftcards/${id}/transact/`, {
      token,
      json: { value },
      ...withKey(key),
    })
  const query = (
    key: string,
    token: string | null = TOKENS.all,
    ...headers: (readonly [string, string])[]
  ) =>
    server.send('GET', `/api/v1/idempotency_query?key=${encodeURIComponent(key)}`, {
      token,
      headers,
    })

  describe('many requests at once with one key', () => {
    test('have exactly one effect', async () => {
      const card = await server.issue()
      const key = randomUUID()
      const answers = await Promise.all(Array.from({ length: 32 }, () => debit(card.id, key)))
      for (const { status, json, headers } of answers) {
        assert.ok(status === 200 || status === 409)
        if (status === 200) assert.equal((json as CardJson).value, '19.00')
        else assert.deepEqual([json, headers.get('retry-after')], [CONCURRENT, '5'])
      }
      assert.ok(answers.some(({ status }) => status === 200))
      assert.equal((await server.read(card.id)).value, '19.00')
      assert.equal((await server.bookings(card.id)).length, 2)
    })

    test('have exactly one effect over two server processes too', async () => {
      const other = await startPretix({ database: server })
      try {
        for (let round = 0; round < 5; round++) {
          const card = await server.issue()
          const key = randomUUID()
          const path = `acme/giftcards/${card.id}/transact/`
          const answers = await Promise.all(
            Array.from({ length: 16 }, (_, index) =>
              (index % 2 ? server : other).send('POST', path, {
                json: { value: '-1.00' },
                ...withKey(key),
              }),
            ),
          )
          const bodies = new Set(
            answers.filter(({ status }) => status === 200).map(({ text }) => text),
          )
          assert.equal(bodies.size, 1)
          assert.equal((await server.bookings(card.id)).length, 2)
          const secret = freshCode()
          const made = await Promise.all(
            Array.from({ length: 8 }, (_, index) =>
              (index % 2 ? server : other).send('POST', 'acme/giftcards/', {
                json: { secret, value: '1', currency: 'EUR' },
                ...withKey(`${key}-create`),
              }),
            ),
          )
          const final = made.filter(({ status }) => status !== 409)
          assert.deepEqual(new Set(final.map(({ status }) => status)), new Set([201]))
          assert.equal(new Set(final.map(({ text }) => text)).size, 1)
          for (const { status, json } of made)
            if (status === 409) assert.deepEqual(json, CONCURRENT)
          const poor = await server.issue({ value: '1.00' })
          const spent = await Promise.all(
            Array.from({ length: 8 }, (_, index) =>
              (index % 2 ? server : other).send('POST', `acme/giftcards/${poor.id}/transact/`, {
                json: { value: '-1.00' },
                ...withKey(`${key}-spend`),
              }),
            ),
          )
          for (const { status, json } of spent)
            if (status !== 200) assert.deepEqual([status, json], [409, CONCURRENT])
        }
      } finally {
        await other.app.stop()
      }
    })
  })

  describe('while the first request runs', () => {
    test('a second one and a look-up are 409 with Retry-After, and afterwards replay', async () => {
      const card = await server.issue()
      const key = randomUUID()
      let first: Promise<RawAnswer> | undefined
      await server.owner.begin(async (tx) => {
        await tx`select 1 from cards where id = ${card.id} for update`
        first = debit(card.id, key)
        // The server shows that it waits for this lock; then the second request can only come later.
        for (let attempt = 0; ; attempt++) {
          const [waiting] = await server.db`select 1 from pg_locks where not granted limit 1`
          if (waiting) break
          assert.ok(attempt < ATTEMPTS_MAX)
        }
        for (const answer of [await debit(card.id, key), await query(key)]) {
          assert.deepEqual([answer.status, answer.json], [409, CONCURRENT])
          assert.equal(answer.headers.get('retry-after'), '5')
        }
        assert.deepEqual((await query(key, TOKENS.writer)).json, UNSEEN)
      })
      const done = await first
      assert.equal(done?.status, 200)
      assert.deepEqual((await debit(card.id, key)).body, done?.body)
      assert.equal((await server.bookings(card.id)).length, 2)
    })

    test('a key is free again when its request was never sent to the end', async () => {
      const card = await server.issue()
      const key = randomUUID()
      const { hostname, port } = new URL(server.http)
      const socket = connect(Number(port), hostname)
      await once(socket, 'connect')
      socket.write(
        `POST /api/v1/organizers/acme/giftcards/${card.id}/transact/ HTTP/1.1\r\nHost: x\r\n` +
          `Authorization: Token ${TOKENS.all}\r\nContent-Type: application/json\r\n` +
          `X-Idempotency-Key: ${key}\r\nContent-Length: 100\r\n\r\n{"value":`,
      )
      for (let attempt = 0; ; attempt++) {
        assert.ok(attempt < ATTEMPTS_MAX)
        if ((await query(key)).status === 409) break
      }
      socket.destroy()
      for (let attempt = 0; ; attempt++) {
        assert.ok(attempt < ATTEMPTS_MAX)
        const answer = await debit(card.id, key)
        if (answer.status === 409) continue
        assert.deepEqual([answer.status, (answer.json as CardJson).value], [200, '19.00'])
        break
      }
    })
  })
})
