import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  CARD_KEYS,
  freshCode,
  type PretixServer,
  startPretix,
  TOKENS,
} from '../../../test/support/pretix-cards.ts'

/** Paths, slashes and methods (specs/pretix-giftcards.md 1, 7.4, 14.11 to 14.13, 15). */

const NO_CARD = { detail: 'No GiftCard matches the given query.' }
const NONE = { detail: 'Authentication credentials were not provided.' }
const DENIED = { detail: 'You do not have permission to perform this action.' }
const MISSING = 999_999_999

describe('paths and methods of pretix gift cards', () => {
  let server: PretixServer
  let id: number
  let txid: unknown
  /** The five paths, and their `Allow`. */
  let paths: Record<string, readonly [path: string, allow: string]>
  before(async () => {
    server = await startPretix()
    id = (await server.issue()).id
    txid = (await server.bookings(id))[0]?.id
    paths = {
      list: ['acme/giftcards/', 'GET, POST, HEAD, OPTIONS'],
      card: [`acme/giftcards/${id}/`, 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS'],
      transact: [`acme/giftcards/${id}/transact/`, 'POST, OPTIONS'],
      bookings: [`acme/giftcards/${id}/transactions/`, 'GET, HEAD, OPTIONS'],
      booking: [`acme/giftcards/${id}/transactions/${txid}/`, 'GET, HEAD, OPTIONS'],
    }
  })
  after(() => server.close())

  test('a created card has its ten keys, issuance included, as JSON without a charset and without Location', async () => {
    const secret = freshCode()
    const answer = await server.send('POST', 'acme/giftcards/', {
      json: { secret, currency: 'CHF', value: '40' },
    })
    assert.equal(answer.status, 201)
    assert.equal(answer.headers.get('content-type'), 'application/json')
    assert.equal(answer.headers.get('location'), undefined)
    const { id: made, issuance, ...rest } = answer.json as Record<string, unknown>
    assert.deepEqual(Object.keys(answer.json as object), CARD_KEYS)
    assert.ok(Number.isSafeInteger(made))
    assert.match(String(issuance), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/)
    assert.deepEqual(rest, {
      secret,
      value: '40.00',
      currency: 'CHF',
      testmode: false,
      expires: null,
      conditions: null,
      owner_ticket: null,
      issuer: 'acme',
    })
  })

  test('every answer of a path says what the path allows, refusals too', async () => {
    for (const [path, allow] of Object.values(paths)) {
      const method = allow.startsWith('POST') ? 'OPTIONS' : 'GET'
      const answers = [
        await server.send(method, path),
        await server.send(method, path, { token: null }),
        await server.send(method, path, { token: TOKENS.nobody }),
        await server.send(method, path, { headers: [['Accept', 'text/html']] }),
        await server.send(method, `${path}?a=%00`),
      ]
      assert.deepEqual(
        answers.map(({ status, headers }) => [status, headers.get('allow')]),
        [200, 401, 403, 406, 400].map((status) => [status, allow]),
        path,
      )
      for (const { headers } of answers)
        assert.equal(headers.get('content-type'), 'application/json')
    }
    const missing = await server.send('GET', `acme/giftcards/${MISSING}/`)
    assert.deepEqual([missing.status, missing.headers.get('allow')], [404, paths.card?.[1]])
  })

  test('a method that a path lacks is 405 with its own name and the path’s Allow', async () => {
    const lacking: Record<string, string[]> = {
      list: ['PUT', 'PATCH', 'DELETE', 'LOCK', 'TRACE', 'PROPFIND'],
      card: ['POST', 'LOCK', 'UNLOCK', 'MKCOL'],
      transact: ['GET', 'PUT', 'PATCH', 'DELETE', 'LOCK'],
      bookings: ['POST', 'PUT', 'PATCH', 'DELETE'],
      booking: ['POST', 'PUT', 'PATCH', 'DELETE'],
    }
    await server.unchanged(async () => {
      for (const [name, methods] of Object.entries(lacking))
        for (const method of methods) {
          const [path = '', allow] = paths[name] ?? []
          const answer = await server.send(method, path)
          assert.equal(answer.status, 405, `${method} ${path}`)
          assert.deepEqual(answer.json, { detail: `Method "${method}" not allowed.` })
          assert.equal(answer.headers.get('allow'), allow)
        }
    })
  })

  test('a wrong method is 401 without a token and 403 without permission, before it is 405', async () => {
    for (const [method, name] of [
      ['DELETE', 'list'],
      ['DELETE', 'card'],
      ['POST', 'bookings'],
      ['GET', 'transact'],
    ] as const) {
      const [path = ''] = paths[name] ?? []
      const anonymous = await server.send(method, path, { token: null })
      assert.deepEqual([anonymous.status, anonymous.json], [401, NONE], `${method} ${path}`)
      const token = method === 'GET' ? TOKENS.writer : TOKENS.reader
      const denied = await server.send(method, path, { token })
      assert.deepEqual([denied.status, denied.json], [403, DENIED], `${method} ${path}`)
    }
  })

  test('a card is never deleted: 405 if it exists, else 404', async () => {
    await server.unchanged(async () => {
      const existing = await server.send('DELETE', `acme/giftcards/${id}/`)
      assert.equal(existing.status, 405)
      assert.deepEqual(existing.json, {
        detail: 'Method "Gift cards cannot be deleted." not allowed.',
      })
      assert.equal(existing.headers.get('allow'), paths.card?.[1])
      const missing = await server.send('DELETE', `acme/giftcards/${MISSING}/`)
      assert.deepEqual([missing.status, missing.json], [404, NO_CARD])
    })
  })

  test('HEAD is GET without its body, and on transact 405 or, without the right to read, 403', async () => {
    for (const [name, [path]] of Object.entries(paths)) {
      if (name === 'transact') continue
      const [head, get] = [await server.send('HEAD', path), await server.send('GET', path)]
      assert.equal(head.status, 200, path)
      assert.equal(head.body.length, 0)
      assert.equal(head.headers.get('content-type'), 'application/json')
      assert.equal(head.headers.get('content-length'), get.headers.get('content-length'))
    }
    const [path = ''] = paths.transact ?? []
    assert.equal((await server.send('HEAD', path)).status, 405)
    assert.equal((await server.send('HEAD', path, { token: TOKENS.writer })).status, 403)
    assert.equal((await server.send('HEAD', `acme/giftcards/${MISSING}/`)).status, 404)
  })

  test('OPTIONS needs the right to read, on every path', async () => {
    for (const [path, allow] of Object.values(paths)) {
      const answer = await server.send('OPTIONS', path, { token: TOKENS.reader })
      assert.equal(answer.status, 200, path)
      assert.equal(typeof answer.json, 'object')
      assert.equal(answer.headers.get('allow'), allow)
      assert.equal((await server.send('OPTIONS', path, { token: TOKENS.writer })).status, 403)
      assert.equal((await server.send('OPTIONS', path, { token: null })).status, 401)
    }
  })

  test('reads without the trailing slash are redirected before authentication, query kept', async () => {
    for (const [path] of Object.values(paths))
      for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS'])
        for (const query of ['', '?page=2&x=a?b%20c'])
          for (const token of [null, TOKENS.all]) {
            const bare = `/api/v1/organizers/${path.slice(0, -1)}`
            const answer = await server.send(method, `${bare}${query}`, { token })
            assert.equal(answer.status, 301, `${method} ${bare}${query}`)
            assert.equal(answer.headers.get('location'), `${bare}/${query}`)
          }
  })

  test('a NUL in the query does not keep a path without slash from its redirect', async () => {
    const answer = await server.send('GET', 'acme/giftcards?a=%00')
    assert.equal(answer.status, 301)
  })

  test('writes without the trailing slash are 404 and never executed', async () => {
    await server.unchanged(async () => {
      for (const [path] of Object.values(paths))
        for (const method of ['POST', 'PUT', 'PATCH']) {
          const answer = await server.send(method, path.slice(0, -1), {
            json: { secret: freshCode(), value: '-1.00', currency: 'EUR' },
          })
          assert.equal(answer.status, 404, `${method} ${path}`)
        }
    })
    assert.equal((await server.read(id)).value, '20.00')
  })

  test('leading zeros of an id do not count; a percent-escaped digit is the digit', async () => {
    for (const spelling of [`0${id}`, `000${id}`, String(id).replace(/^./, (d) => `%3${d}`)]) {
      const answer = await server.send('GET', `acme/giftcards/${spelling}/`)
      assert.deepEqual([answer.status, (answer.json as { id: number }).id], [200, id], spelling)
    }
    const booking = await server.send('GET', `acme/giftcards/0${id}/transactions/0${txid}/`)
    assert.deepEqual([booking.status, (booking.json as { id: unknown }).id], [200, txid])
  })

  test('an id that is no number is 404 on every card route', async () => {
    for (const word of [
      'abc',
      '-1',
      '1.0',
      '1e0',
      '0x1',
      '%00',
      '%20',
      'a%2Fb',
      '١'.codePointAt(0),
    ]) {
      const text = typeof word === 'number' ? encodeURIComponent('١') : String(word)
      for (const [method, rest] of [
        ['GET', ''],
        ['PATCH', ''],
        ['DELETE', ''],
        ['POST', 'transact/'],
        ['GET', 'transactions/'],
        ['GET', 'transactions/1/'],
      ] as const) {
        const answer = await server.send(method, `acme/giftcards/${text}/${rest}`)
        assert.equal(answer.status, 404, `${method} ${text}/${rest}`)
        assert.deepEqual(answer.json, { detail: 'Not found.' })
      }
    }
  })

  test('a number that no card has is 404 with the card’s own words, however large', async () => {
    for (const number of ['0', String(MISSING), '9223372036854775808', '9'.repeat(60)])
      for (const [method, rest] of [
        ['GET', ''],
        ['PUT', ''],
        ['PATCH', ''],
        ['DELETE', ''],
        ['POST', 'transact/'],
        ['GET', 'transactions/'],
        ['GET', `transactions/${txid}/`],
      ] as const) {
        const answer = await server.send(method, `acme/giftcards/${number}/${rest}`)
        assert.deepEqual(
          [answer.status, answer.json],
          [404, NO_CARD],
          `${method} ${number}/${rest}`,
        )
      }
  })

  test('what is not routed is 404, whoever asks', async () => {
    for (const path of [
      'acme/giftcards/1/nothing/',
      `acme/giftcards/${id}/transact/1/`,
      'acme/giftcard/',
      'acme//giftcards/',
      '/api/v1/',
      '/api/v1',
      '/api/v1/giftcards/',
    ])
      for (const token of [null, TOKENS.all]) {
        const answer = await server.send('GET', path, { token })
        assert.equal(answer.status, 404, path)
        assert.ok(answer.json, path)
      }
  })

  test('an escape that cannot be decoded is letters, which are no id', async () => {
    for (const path of ['acme/giftcards/%zz/', 'acme/giftcards/%ff/', 'acme/giftcards/%/'])
      for (const [token, status] of [
        [null, 401],
        [TOKENS.all, 404],
      ] as const)
        assert.equal((await server.send('GET', path, { token })).status, status, path)
  })
})
