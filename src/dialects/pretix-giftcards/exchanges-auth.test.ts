import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type PretixServer, startPretix, TOKENS } from '../../../test/support/pretix-cards.ts'

/** Tokens and permissions (specs/pretix-giftcards.md 3, 14.10, 15). */

const NONE = 'Authentication credentials were not provided.'
const DENIED = { detail: 'You do not have permission to perform this action.' }
/** Attempts of something that another connection has to hear of first. */
const ATTEMPTS_MAX = 200

describe('who may use pretix gift cards', () => {
  let server: PretixServer
  let id: number
  before(async () => {
    server = await startPretix()
    id = (await server.issue()).id
  })
  after(() => server.close())

  const withHeader = (value: string | undefined, path = 'acme/giftcards/') =>
    server.send('GET', path, {
      token: null,
      headers: value === undefined ? [] : [['Authorization', value]],
    })

  describe('a token', () => {
    const refused: [header: string | undefined, detail: string][] = [
      [undefined, NONE],
      ['', NONE],
      ['Basic YTpi', NONE],
      ['Bearer whatever', NONE],
      [TOKENS.all, NONE],
      [`Tokens ${TOKENS.all}`, NONE],
      ['Token nobody-has-this', 'Invalid token.'],
      ['Device nobody-has-this', 'Invalid token.'],
      [`Token ${TOKENS.all.toUpperCase()}`, 'Invalid token.'],
      ['Token acme-foodics-0123456789abcdef', 'Invalid token.'],
      [`Token ${TOKENS.inactive}`, 'Token inactive or deleted.'],
      ['Token', 'Invalid token header. No credentials provided.'],
      ['Token ', 'Invalid token header. No credentials provided.'],
      ['Token a b', 'Invalid token header. Token string should not contain spaces.'],
      ['Token a b c', 'Invalid token header. Token string should not contain spaces.'],
      [
        'Token t\u00f6ken',
        'Invalid token header. Token string should not contain invalid characters.',
      ],
      [
        'Token a\u00a0b',
        'Invalid token header. Token string should not contain invalid characters.',
      ],
    ]
    for (const [header, detail] of refused)
      test(`as ${JSON.stringify(header)} is 401: ${detail}`, async () => {
        for (const path of ['acme/giftcards/', 'nobody/giftcards/', `acme/giftcards/${id}/`]) {
          const answer = await withHeader(header, path)
          assert.equal(answer.status, 401)
          assert.deepEqual(answer.json, { detail })
          assert.equal(answer.headers.get('www-authenticate'), 'Token')
        }
      })

    test('is announced by a keyword in any case, and may stand apart', async () => {
      for (const keyword of ['Token', 'token', 'TOKEN', 'tOkEn '])
        assert.equal((await withHeader(`${keyword} ${TOKENS.all}`)).status, 200, keyword)
    })

    test('in a second Authorization header does not count', async () => {
      const answer = await server.send('GET', 'acme/giftcards/', {
        token: null,
        headers: [
          ['Authorization', 'Basic YTpi'],
          ['Authorization', `Token ${TOKENS.all}`],
        ],
      })
      assert.equal(answer.status, 401)
    })

    test('that was deactivated or rotated while the server runs is refused soon after', async () => {
      const credential = (more: object) => ({
        merchants: [
          {
            slug: 'acme',
            name: 'acme',
            country: 'DE',
            currency: 'EUR',
            timezone: 'Europe/Berlin',
            credentials: [{ name: 'changing', dialect: 'pretix' as const, ...more }],
          },
        ],
      })
      const until = async (token: string, status: number, detail?: string) => {
        for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
          const answer = await withHeader(`Token ${token}`)
          if (answer.status !== status) continue
          if (detail) assert.deepEqual(answer.json, { detail })
          return
        }
        assert.fail(`${token} never answered ${status}`)
      }
      await server.apply(credential({ token: 'first-token-0123456789' }))
      await until('first-token-0123456789', 200)
      await server.apply(credential({ active: false }))
      await until('first-token-0123456789', 401, 'Token inactive or deleted.')
      await server.apply(credential({ token: 'second-token-012345678', active: true }))
      await until('second-token-012345678', 200)
      await until('first-token-0123456789', 401, 'Invalid token.')
    })
  })

  describe('a permission', () => {
    const routes = (): [method: string, path: string, needs: 'read' | 'write'][] => [
      ['GET', 'acme/giftcards/', 'read'],
      ['HEAD', 'acme/giftcards/', 'read'],
      ['OPTIONS', 'acme/giftcards/', 'read'],
      ['GET', `acme/giftcards/${id}/`, 'read'],
      ['GET', `acme/giftcards/${id}/transactions/`, 'read'],
      ['GET', `acme/giftcards/${id}/transactions/1/`, 'read'],
      ['OPTIONS', `acme/giftcards/${id}/transact/`, 'read'],
      ['GET', `acme/giftcards/${id}/transact/`, 'read'],
      ['GET', 'acme/giftcards/999999999/', 'read'],
      ['POST', 'acme/giftcards/', 'write'],
      ['PUT', 'acme/giftcards/', 'write'],
      ['PATCH', `acme/giftcards/${id}/`, 'write'],
      ['PUT', `acme/giftcards/${id}/`, 'write'],
      ['DELETE', `acme/giftcards/${id}/`, 'write'],
      ['DELETE', 'acme/giftcards/', 'write'],
      ['POST', `acme/giftcards/${id}/transact/`, 'write'],
      ['POST', 'acme/giftcards/999999999/transact/', 'write'],
      ['POST', `acme/giftcards/${id}/transactions/`, 'write'],
      ['DELETE', 'acme/giftcards/999999999/', 'write'],
    ]

    test('to read and one to write are independent; without the right one everything is 403', async () => {
      await server.unchanged(async () => {
        for (const [method, path, needs] of routes()) {
          const wrong = needs === 'read' ? TOKENS.writer : TOKENS.reader
          for (const token of [wrong, TOKENS.nobody]) {
            const answer = await server.send(method, path, { token, json: { value: 'x' } })
            assert.equal(answer.status, 403, `${method} ${path}`)
            if (method !== 'HEAD') assert.deepEqual(answer.json, DENIED)
          }
          const right = needs === 'read' ? TOKENS.reader : TOKENS.writer
          for (const token of [right, TOKENS.older]) {
            const answer = await server.send(method, path, { token, json: { value: 'x' } })
            assert.notEqual(answer.status, 403, `${method} ${path}`)
          }
        }
      })
    })

    test('to write alone creates, changes and books, and sees the card it touched', async () => {
      const token = TOKENS.writer
      const made = await server.send('POST', 'acme/giftcards/', {
        token,
        json: { secret: 'WRITTEN.1', value: '5.00', currency: 'EUR' },
      })
      assert.equal(made.status, 201)
      const { id: own, value } = made.json as { id: number; value: string }
      assert.equal(value, '5.00')
      const changed = await server.send('PATCH', `acme/giftcards/${own}/`, {
        token,
        json: { value: '6.00' },
      })
      assert.deepEqual([changed.status, (changed.json as { value: string }).value], [200, '6.00'])
      const booked = await server.send('POST', `acme/giftcards/${own}/transact/`, {
        token,
        json: { value: '-1.00' },
      })
      assert.deepEqual([booked.status, (booked.json as { value: string }).value], [200, '5.00'])
      assert.equal((await server.send('GET', `acme/giftcards/${own}/`, { token })).status, 403)
    })
  })

  describe('an organizer', () => {
    test('that is unknown, spelled otherwise or somebody else’s is 403, never 404', async () => {
      await server.unchanged(async () => {
        for (const slug of ['nobody', 'ACME', 'beta', 'gamma', 'acme%00', '%20acme', 'a%2Fb'])
          for (const [method, rest] of [
            ['GET', ''],
            ['POST', ''],
            ['GET', `${id}/`],
            ['GET', '999999999/'],
            ['POST', `${id}/transact/`],
          ] as const) {
            const answer = await server.send(method, `${slug}/giftcards/${rest}`, {
              json: { secret: 'ELSEWHERE', value: '1', currency: 'EUR' },
            })
            assert.deepEqual(
              [answer.status, answer.json],
              [403, DENIED],
              `${method} ${slug}/${rest}`,
            )
          }
      })
    })

    test('whose cards are accepted is no more open than any other', async () => {
      const answer = await server.send('GET', 'beta/giftcards/?include_accepted=true')
      assert.deepEqual([answer.status, answer.json], [403, DENIED])
    })
  })

  test('there is no rate limit: four hundred requests in a row are all answered', async () => {
    const answers = await Promise.all(
      Array.from({ length: 400 }, () => server.send('HEAD', `acme/giftcards/${id}/`)),
    )
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  })
})
