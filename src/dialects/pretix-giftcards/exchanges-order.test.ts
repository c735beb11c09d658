import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type PretixServer, startPretix, TOKENS } from '../../../test/support/pretix-cards.ts'
import type { RawAnswer } from '../../../test/support/raw-http.ts'

/** First failure wins (specs/pretix-giftcards.md 2, 14.7, 14.10, 14.13). */

const MISSING = 999_999_999

describe('the order of checks of pretix gift cards', () => {
  let server: PretixServer
  let id: number
  before(async () => {
    server = await startPretix()
    id = (await server.issue()).id
  })
  after(() => server.close())

  type Fault = readonly [status: number, change: (request: Draft) => void]
  type Draft = {
    path: string
    token: string | null
    query: string
    accept: string
    type: string
    body: string
  }
  /** One fault of each step from 3 to 13 of section 2, for `transact`; first failure wins. */
  const faults: Record<string, Fault> = {
    'a NUL in the query': [
      400,
      (r) => {
        r.query = '?a=%00'
      },
    ],
    'an Accept that cannot be met': [
      406,
      (r) => {
        r.accept = 'text/html'
      },
    ],
    'no credentials': [
      401,
      (r) => {
        r.token = null
      },
    ],
    'another organizer': [
      403,
      (r) => {
        r.path = r.path.replace('acme', 'beta')
      },
    ],
    'a filter that is no number': [
      400,
      (r) => {
        r.query ||= '?value=abc'
      },
    ],
    'a card that does not exist': [
      404,
      (r) => {
        r.path = r.path.replace(`${id}`, `${MISSING}`)
      },
    ],
    'a media type nobody reads': [
      415,
      (r) => {
        r.type = 'text/plain'
      },
    ],
    'a body that is no JSON': [
      400,
      (r) => {
        r.body = '{"value":'
      },
    ],
  }
  const words: Record<string, (answer: RawAnswer) => boolean> = {
    'a NUL in the query': ({ json }) => !('value' in (json as object)),
    'a filter that is no number': ({ text }) => text === '{"value":["Enter a number."]}',
    'a body that is no JSON': ({ text }) => text.startsWith('{"detail":"JSON parse error - '),
  }

  test('is the same whichever two things are wrong', async () => {
    const names = Object.keys(faults)
    await server.unchanged(async () => {
      for (const [index, first] of names.entries())
        for (const second of names.slice(index)) {
          const request: Draft = {
            path: `acme/giftcards/${id}/transact/`,
            token: TOKENS.all,
            query: '',
            accept: '*/*',
            type: 'application/json',
            body: '{"value":"-1.00"}',
          }
          for (const name of [first, second]) faults[name]?.[1](request)
          const { path, query, token, accept, type, body } = request
          const answer = await server.send('POST', `${path}${query}`, {
            token,
            type,
            body,
            headers: [['Accept', accept]],
          })
          assert.equal(answer.status, faults[first]?.[0], `${first}, then ${second}`)
          assert.ok(words[first]?.(answer) ?? true, `${first}: ${answer.text}`)
        }
    })
  })

  test('anonymous and text/html is 406, anonymous DELETE 401, both on a list', async () => {
    const answer = await server.send('GET', 'acme/giftcards/', {
      token: null,
      headers: [['Accept', 'text/html']],
    })
    assert.equal(answer.status, 406)
    assert.deepEqual(answer.json, { detail: 'Could not satisfy the request Accept header.' })
    assert.equal((await server.send('DELETE', 'acme/giftcards/', { token: null })).status, 401)
  })

  test('an unparsable body on a missing card is 404, without permission 403', async () => {
    for (const [method, rest] of [
      ['PATCH', ''],
      ['PUT', ''],
      ['POST', 'transact/'],
    ] as const) {
      const path = `acme/giftcards/${MISSING}/${rest}`
      const broken = { body: '{', type: 'application/json' }
      assert.equal((await server.send(method, path, broken)).status, 404)
      assert.equal((await server.send(method, path, { ...broken, type: 'text/plain' })).status, 404)
      assert.equal(
        (await server.send(method, path, { ...broken, token: TOKENS.reader })).status,
        403,
      )
    }
  })

  test('bad filters come before a missing or nonsensical card, and after 405', async () => {
    for (const card of [MISSING, 'abc'])
      for (const [method, rest] of [
        ['GET', ''],
        ['PUT', ''],
        ['PATCH', ''],
        ['DELETE', ''],
        ['POST', 'transact/'],
      ] as const) {
        const answer = await server.send(method, `acme/giftcards/${card}/${rest}?value=abc`)
        assert.deepEqual([answer.status, answer.json], [400, { value: ['Enter a number.'] }])
      }
    const wrong = await server.send('POST', `acme/giftcards/${id}/?value=abc`)
    assert.equal(wrong.status, 405)
  })

  test('400 for a field comes before 403 for include_accepted, and that before nothing else', async () => {
    const card = await server.issue()
    await server.unchanged(async () => {
      for (const query of [
        '?include_accepted',
        '?include_accepted=',
        '?include_accepted=false',
        '?include_accepted=true',
      ]) {
        const path = `acme/giftcards/${card.id}/${query}`
        const faulty = await server.send('PATCH', path, { json: { value: 'x' } })
        assert.deepEqual(
          [faulty.status, faulty.json],
          [400, { value: ['A valid number is required.'] }],
        )
        const valid = await server.send('PATCH', path, { json: { value: '1.00' } })
        assert.equal(valid.status, 403)
        assert.deepEqual(valid.json, {
          detail: 'Accepted gift cards cannot be updated, use transact instead.',
        })
      }
      const missing = await server.send(
        'PATCH',
        `acme/giftcards/${MISSING}/?include_accepted=false`,
      )
      assert.equal(missing.status, 404)
    })
  })

  test('validation comes before the credit check of transact', async () => {
    const answer = await server.send('POST', `acme/giftcards/${id}/transact/`, {
      json: { value: '-9999', text: null },
    })
    assert.deepEqual([answer.status, answer.json], [400, ['Not a valid string.']])
  })
})
