import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import {
  type CardJson,
  freshCode,
  type PretixServer,
  pretixWorld,
  startPretix,
  TOKENS,
} from '../../../test/support/pretix-cards.ts'
import type { RawAnswer } from '../../../test/support/raw-http.ts'

/** X-Idempotency-Key and idempotency_query (specs/pretix-giftcards.md 11, 14.19, 15). */

const UNSEEN = { detail: 'Idempotency key not seen before.' }
const DAY = 24n * 3_600n * 1_000_000n
const ATTEMPTS_MAX = 2_000

/** A head without what may differ from one answer to the next. */
const stable = ({ head }: RawAnswer): string =>
  head
    .split('\r\n')
    .filter((line) => !/^(date|connection|keep-alive):/i.test(line))
    .join('\n')

describe('idempotency keys of pretix gift cards', () => {
  let server: PretixServer
  let now = 1_900_000_000_000_000n
  before(async () => {
    server = await startPretix({ overrides: { now: () => now } })
  })
  after(() => server.close())

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

  describe('a second request with the same key', () => {
    test('gets the first answer byte for byte, and nothing is done again', async () => {
      const card = await server.issue()
      const key = randomUUID()
      const first = await debit(card.id, key)
      assert.equal(first.status, 200)
      await server.unchanged(async () => {
        for (let attempt = 0; attempt < 3; attempt++) {
          const again = await debit(card.id, key)
          assert.equal(stable(again), stable(first))
          assert.deepEqual(again.body, first.body)
        }
      })
      assert.equal((await server.read(card.id)).value, '19.00')
    })

    test('gets it whatever the answer was: 200, 201, 301 and every 4xx but 409', async () => {
      const { id } = await server.issue()
      const send =
        (method: string, path: string, json: unknown, more: object = {}) =>
        () => {
          const { headers = [], ...rest } = more as { headers?: (readonly [string, string])[] }
          return (key: string) =>
            server.send(method, path, {
              ...(json === undefined ? {} : { json }),
              ...rest,
              ...withKey(key, ...headers),
            })
        }
      const secret = freshCode()
      const cases: [status: number, send: () => (key: string) => Promise<RawAnswer>][] = [
        [201, send('POST', 'acme/giftcards/', { secret, value: '1', currency: 'EUR' })],
        [200, send('PATCH', `acme/giftcards/${id}/`, { value: '9.00' })],
        [
          200,
          send('PUT', `acme/giftcards/${id}/`, {
            secret: freshCode(),
            currency: 'EUR',
            value: '8',
          }),
        ],
        [200, send('POST', `acme/giftcards/${id}/transact/`, { value: '1.00' })],
        [400, send('POST', 'acme/giftcards/', {})],
        [400, send('POST', 'acme/giftcards/', { secret, value: '1', currency: 'EUR' })],
        [400, send('POST', `acme/giftcards/${id}/transact/`, { value: 'x' })],
        [400, send('POST', `acme/giftcards/${id}/transact/?a=%00`, { value: '1' })],
        [400, send('PATCH', `acme/giftcards/${id}/?value=x`, {})],
        [401, send('POST', 'acme/giftcards/', {}, { token: null })],
        [401, send('POST', 'acme/giftcards/', {}, { token: 'unknown' })],
        [401, send('POST', 'acme/giftcards/', {}, { token: TOKENS.inactive })],
        [403, send('POST', 'acme/giftcards/', {}, { token: TOKENS.reader })],
        [403, send('POST', 'beta/giftcards/', {})],
        [403, send('PATCH', `acme/giftcards/${id}/?include_accepted=false`, {})],
        [404, send('POST', 'acme/giftcards/999999999/transact/', { value: '1' })],
        [404, send('DELETE', 'acme/giftcards/abc/', undefined)],
        [404, send('POST', 'acme/giftcards', {})],
        [404, send('POST', '/api/v1/nothing', {})],
        [404, send('POST', 'acme/giftcards/%zz/transact/', { value: '1' })],
        [404, send('POST', '/api/v1/%ff/%', {})],
        [404, send('PUT', '/api/v1/idempotency_query?key=x', {})],
        [405, send('DELETE', `acme/giftcards/${id}/`, undefined)],
        [405, send('DELETE', 'acme/giftcards/', undefined)],
        [406, send('POST', 'acme/giftcards/', {}, { headers: [['Accept', 'text/html']] })],
        [413, send('POST', 'acme/giftcards/', { conditions: 'x'.repeat(1_100_000) })],
        [415, send('POST', 'acme/giftcards/', {}, { type: 'text/plain' })],
        [301, send('DELETE', `acme/giftcards/${id}?a=b`, undefined)],
      ]
      for (const [status, make] of cases) {
        const key = randomUUID()
        const first = await make()(key)
        assert.equal(first.status, status, first.text)
        await server.unchanged(async () => {
          const again = await make()(key)
          assert.equal(stable(again), stable(first))
          assert.deepEqual(again.body, first.body)
        })
      }
    })

    test('gets it although path, method, query and body are others', async () => {
      const card = await server.issue()
      const key = randomUUID()
      const first = await debit(card.id, key)
      await server.unchanged(async () => {
        const others = [
          await server.send('POST', 'acme/giftcards/', { json: {}, ...withKey(key) }),
          await server.send('DELETE', `acme/giftcards/${card.id}/`, withKey(key)),
          await server.send('PATCH', `acme/giftcards/${card.id}/?x=y`, {
            body: '{',
            type: 'x',
            ...withKey(key),
          }),
          await server.send('PUT', '/api/v1/does/not/exist', withKey(key)),
          await server.send('POST', 'acme/giftcards/%zz/transact/', withKey(key)),
          await server.send('DELETE', '/api/v1/%', withKey(key)),
          await server.send('POST', 'gamma/giftcards', withKey(key)),
          await server.send('POST', 'acme/giftcards/', withKey(key, ['Accept', 'text/html'])),
          await server.send('POST', 'acme/giftcards/?a=%00', withKey(key)),
        ]
        for (const answer of others) {
          assert.equal(stable(answer), stable(first))
          assert.deepEqual(answer.body, first.body)
        }
      })
    })

    test('is executed if the first was 409, as an overdraft is', async () => {
      const card = await server.issue({ value: '1.00' })
      const key = randomUUID()
      assert.equal((await debit(card.id, key, '-5.00')).status, 409)
      assert.equal((await debit(card.id, key, '-5.00')).status, 409)
      assert.deepEqual((await query(key)).json, UNSEEN)
      await server.send('POST', `acme/giftcards/${card.id}/transact/`, { json: { value: '9.00' } })
      const third = await debit(card.id, key, '-5.00')
      assert.deepEqual([third.status, (third.json as CardJson).value], [200, '5.00'])
      assert.deepEqual((await debit(card.id, key, '-5.00')).body, third.body)
    })

    test('by GET, HEAD and OPTIONS is no second request: the key does not count there', async () => {
      const card = await server.issue()
      const key = randomUUID()
      await debit(card.id, key)
      const read = await server.send('GET', `acme/giftcards/${card.id}/`, withKey(key))
      assert.deepEqual([read.status, (read.json as CardJson).value], [200, '19.00'])
      assert.equal((await server.send('OPTIONS', 'acme/giftcards/', withKey(key))).text, '{}')
      const other = randomUUID()
      for (const method of ['GET', 'HEAD', 'OPTIONS'])
        await server.send(method, `acme/giftcards/${card.id}/`, withKey(other))
      assert.deepEqual((await query(other)).json, UNSEEN)
    })
  })

  describe('a key', () => {
    test('that is empty is none', async () => {
      const card = await server.issue()
      await debit(card.id, '')
      await debit(card.id, '  ')
      assert.equal((await debit(card.id, '')).status, 200)
      assert.equal((await server.read(card.id)).value, '17.00')
    })

    test('belongs to its token, to the spelling of the header, and to the cookie', async () => {
      const card = await server.issue()
      const key = randomUUID()
      const path = `acme/giftcards/${card.id}/transact/`
      const send = (authorization: string, ...more: (readonly [string, string])[]) =>
        server.send('POST', path, {
          token: null,
          json: { value: '-1.00' },
          ...withKey(key, ['Authorization', authorization], ...more),
        })
      const values: string[] = []
      for (const answer of [
        await send(`Token ${TOKENS.all}`),
        await send(`Token ${TOKENS.writer}`),
        await send(`token ${TOKENS.all}`),
        await send(`Token  ${TOKENS.all}`),
        await send(`Token ${TOKENS.all}`, ['Cookie', 'pretix_session=a']),
        await send(`Token ${TOKENS.all}`, ['Cookie', 'pretix_session=b']),
        await send(`Token ${TOKENS.all}`),
        await send(`Token ${TOKENS.all}`, ['Cookie', 'pretix_session=a']),
        await send(`token ${TOKENS.all}`),
      ]) {
        assert.equal(answer.status, 200)
        values.push((answer.json as CardJson).value)
      }
      assert.deepEqual(values, [
        '19.00',
        '18.00',
        '17.00',
        '16.00',
        '15.00',
        '14.00',
        '19.00',
        '15.00',
        '17.00',
      ])
    })

    test('of 190 characters is fine, a longer one 400', async () => {
      const card = await server.issue()
      const key = randomUUID().padEnd(190, 'k')
      assert.equal((await debit(card.id, key)).status, 200)
      assert.deepEqual((await query(key)).status, 200)
      await server.unchanged(async () => {
        const answer = await debit(card.id, `${key}k`)
        assert.deepEqual(
          [answer.status, answer.json],
          [400, { detail: 'Idempotency key too long.' }],
        )
      })
    })

    test('is told from others by every character, and is free in its characters', async () => {
      const card = await server.issue()
      const key = randomUUID()
      for (const odd of [`${key}a`, `${key}A`, `${key} b`, `${key}"',;\\`, `${key}\u00fc`])
        assert.equal((await debit(card.id, odd)).status, 200)
      assert.equal((await server.read(card.id)).value, '15.00')
    })

    test('is kept for 24 hours from its first use', async () => {
      const card = await server.issue()
      const key = randomUUID()
      const first = await debit(card.id, key)
      const refused = randomUUID()
      assert.equal((await debit(card.id, refused, 'x')).status, 400)
      now += DAY - 1n
      assert.deepEqual((await debit(card.id, key)).body, first.body)
      assert.equal((await debit(card.id, refused)).status, 400)
      now += 1n
      assert.deepEqual((await query(key)).json, UNSEEN)
      const second = await debit(card.id, key)
      assert.deepEqual([second.status, (second.json as CardJson).value], [200, '18.00'])
      assert.equal((await debit(card.id, refused)).status, 200)
      now += DAY - 1n
      assert.deepEqual((await debit(card.id, key)).body, second.body)
    })

    test('replays although its token was deactivated or rotated meanwhile', async () => {
      const credential = (more: object) =>
        server.apply({
          merchants: [
            {
              ...(pretixWorld().merchants?.[0] ?? {
                slug: '',
                name: '',
                country: '',
                currency: '',
                timezone: '',
              }),
              credentials: [{ name: 'passing', dialect: 'pretix' as const, ...more }],
            },
          ],
        })
      const until = async (token: string, status: number) => {
        for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++)
          if ((await server.send('GET', 'acme/giftcards/', { token })).status === status) return
        assert.fail(`${token} never ${status}`)
      }
      const card = await server.issue()
      const [early, key] = [randomUUID(), randomUUID()]
      const before = await debit(card.id, early, '-1.00', 'passing-token-1-0123456789')
      assert.equal(before.status, 401)
      await credential({ token: 'passing-token-1-0123456789' })
      await until('passing-token-1-0123456789', 200)
      const first = await debit(card.id, key, '-1.00', 'passing-token-1-0123456789')
      assert.equal(first.status, 200)
      const check = async () => {
        const again = await debit(card.id, key, '-1.00', 'passing-token-1-0123456789')
        assert.equal(stable(again), stable(first))
        assert.deepEqual(again.body, first.body)
        assert.deepEqual((await query(key, 'passing-token-1-0123456789')).body, first.body)
        const still = await debit(card.id, early, '-1.00', 'passing-token-1-0123456789')
        assert.equal(still.status, 401)
      }
      await check()
      await credential({ active: false })
      await until('passing-token-1-0123456789', 401)
      await check()
      await credential({ active: true, token: 'passing-token-2-0123456789' })
      await until('passing-token-2-0123456789', 200)
      await until('passing-token-1-0123456789', 401)
      await check()
      assert.equal((await server.read(card.id)).value, '19.00')
    })
  })

  describe('idempotency_query', () => {
    test('replays the stored answer with its status and the headers of its path', async () => {
      const card = await server.issue()
      const [key, faulty] = [randomUUID(), randomUUID()]
      const first = await debit(card.id, key)
      const found = await query(key)
      assert.equal(stable(found), stable(first))
      assert.deepEqual(found.body, first.body)
      assert.equal(found.headers.get('allow'), 'POST, OPTIONS')
      const refused = await debit(card.id, faulty, 'x')
      assert.equal(stable(await query(faulty)), stable(refused))
      const head = await server.send('HEAD', `/api/v1/idempotency_query?key=${key}`)
      assert.deepEqual([head.status, head.body.length], [200, 0])
      assert.equal(head.headers.get('content-length'), String(first.body.length))
    })

    test('reads the last of several keys', async () => {
      const card = await server.issue()
      const key = randomUUID()
      await debit(card.id, key)
      const ask = (...keys: readonly string[]) =>
        server.send('GET', `/api/v1/idempotency_query?${keys.map((k) => `key=${k}`).join('&')}`)
      assert.equal((await ask('unseen', key)).status, 200)
      assert.deepEqual((await ask(key, 'unseen')).json, UNSEEN)
      assert.deepEqual((await ask(key, '')).json, { detail: 'No idempotency key given.' })
    })

    test('needs a key', async () => {
      for (const path of ['', '?key=', '?Key=x', '?other=1']) {
        const answer = await server.send('GET', `/api/v1/idempotency_query${path}`)
        assert.deepEqual(
          [answer.status, answer.json],
          [404, { detail: 'No idempotency key given.' }],
          path,
        )
      }
    })

    test('knows only keys that were seen with the same Authorization and cookie', async () => {
      const card = await server.issue()
      const key = randomUUID()
      await debit(card.id, key)
      for (const [token, ...headers] of [
        [null],
        [TOKENS.writer],
        [TOKENS.beta],
        [TOKENS.all, ['Cookie', 'pretix_session=x']],
        [null, ['Authorization', `token ${TOKENS.all}`]],
      ] as [string | null, ...(readonly [string, string])[]][]) {
        const answer = await query(key, token, ...headers)
        assert.deepEqual([answer.status, answer.json], [404, UNSEEN])
      }
      assert.deepEqual((await query(randomUUID())).json, UNSEEN)
      assert.deepEqual((await query('k'.repeat(300))).json, UNSEEN)
      assert.deepEqual((await query('a\u0000b')).json, UNSEEN)
    })

    test('needs no token of its own: an anonymous 401 can be looked up by nobody in particular', async () => {
      const key = randomUUID()
      const first = await server.send('POST', 'acme/giftcards/', { token: null, ...withKey(key) })
      assert.equal(first.status, 401)
      assert.equal(stable(await query(key, null)), stable(first))
    })

    test('knows no large answers to strangers, who may not fill the database', async () => {
      const ask = async (size: number, token: string | null) => {
        const key = randomUUID()
        const path = `acme/giftcards?${'a'.repeat(size)}`
        const first = await server.send('DELETE', path, { token, ...withKey(key) })
        assert.equal(first.status, 301)
        return (await query(key, token)).status
      }
      assert.equal(await ask(1_000, null), 301)
      assert.equal(await ask(5_000, null), 404)
      assert.equal(await ask(5_000, TOKENS.all), 301)
    })

    test('has no trailing slash', async () => {
      const answer = await server.send('GET', '/api/v1/idempotency_query/?key=x')
      assert.equal(answer.status, 404)
      assert.notDeepEqual(answer.json, UNSEEN)
    })
  })
})
