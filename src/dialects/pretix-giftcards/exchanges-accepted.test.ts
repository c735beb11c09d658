import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type CardJson,
  type PretixServer,
  startPretix,
  TOKENS,
} from '../../../test/support/pretix-cards.ts'

/** Cards of issuers that an organizer accepts (specs/pretix-giftcards.md 6.3, 6.6, 8, 9, 14.7, 14.21, 15). */

const NO_CARD = { detail: 'No GiftCard matches the given query.' }
const NO_CREDIT = { value: ['The gift card does not have sufficient credit for this operation.'] }
type Page = { count: number; results: CardJson[] }

describe('accepted pretix gift cards', () => {
  let server: PretixServer
  let own: CardJson
  let theirs: CardJson
  let later: CardJson
  let unrelated: CardJson
  let former: CardJson
  before(async () => {
    server = await startPretix()
    own = await server.issue({ secret: 'OWN-1' })
    theirs = await server.issue({ secret: 'THEIRS-2', value: '40.00' }, 'beta')
    later = await server.issue({ secret: 'OWN-3' })
    unrelated = await server.issue({ secret: 'UNRELATED-4' }, 'gamma')
    former = await server.issue({ secret: 'FORMER-5' }, 'delta')
  })
  after(() => server.close())

  const list = async (query: string): Promise<Page> => {
    const answer = await server.send('GET', `acme/giftcards/${query}`)
    assert.equal(answer.status, 200)
    return answer.json as Page
  }

  test('are in the list when asked for by the very word true, in order of issue', async () => {
    const page = await list('?include_accepted=true')
    assert.deepEqual(page.results, [own, theirs, later])
    assert.equal(page.count, 3)
    assert.deepEqual(
      page.results.map(({ issuer }) => issuer),
      ['acme', 'beta', 'acme'],
    )
  })

  for (const value of [
    'True',
    'TRUE',
    '1',
    'yes',
    'on',
    'false',
    '',
    '%20true',
    'true%20',
    'true&include_accepted=false',
  ])
    test(`are not asked for by ${JSON.stringify(value)}`, async () => {
      const query = `?include_accepted=${value}`
      assert.deepEqual((await list(query)).results, [own, later])
      const single = await server.send('GET', `acme/giftcards/${theirs.id}/${query}`)
      assert.deepEqual([single.status, single.json], [404, NO_CARD])
    })

  test('are asked for by the last of several include_accepted', async () => {
    assert.equal((await list('?include_accepted=false&include_accepted=true')).count, 3)
  })

  test('pass the same filters and pages', async () => {
    assert.deepEqual((await list('?include_accepted=true&value=40')).results, [theirs])
    assert.deepEqual((await list('?include_accepted=true&secret=theirs-2')).results, [theirs])
    assert.deepEqual((await list('?include_accepted=true&page_size=1&page=2')).results, [theirs])
    assert.deepEqual((await list('?include_accepted=true&testmode=false&expired=false')).count, 3)
  })

  test('are shown, with their real issuer, only when asked for', async () => {
    const answer = await server.send('GET', `acme/giftcards/${theirs.id}/?include_accepted=true`)
    assert.deepEqual([answer.status, answer.json], [200, theirs])
    assert.equal(theirs.issuer, 'beta')
  })

  test('do not include those of unrelated organizers, nor of those accepted no longer', async () => {
    await server.unchanged(async () => {
      for (const { id } of [unrelated, former])
        for (const [method, rest] of [
          ['GET', ''],
          ['PATCH', ''],
          ['DELETE', ''],
          ['POST', 'transact/'],
          ['GET', 'transactions/'],
        ] as const) {
          const answer = await server.send(
            method,
            `acme/giftcards/${id}/${rest}?include_accepted=true`,
            { json: { value: '1.00' } },
          )
          assert.deepEqual([answer.status, answer.json], [404, NO_CARD], `${method} ${rest}`)
        }
    })
  })

  test('go one way: whom we accept does not see our cards', async () => {
    for (const [path, count] of [
      ['beta/giftcards/?include_accepted=true', 1],
      ['beta/giftcards/', 1],
    ] as const) {
      const answer = await server.send('GET', path, { token: TOKENS.beta })
      assert.equal((answer.json as Page).count, count)
    }
    const answer = await server.send('GET', `beta/giftcards/${own.id}/?include_accepted=true`, {
      token: TOKENS.beta,
    })
    assert.equal(answer.status, 404)
  })

  test('cannot be deleted either: 405, as our own', async () => {
    const path = `acme/giftcards/${theirs.id}/`
    assert.equal((await server.send('DELETE', `${path}?include_accepted=true`)).status, 405)
    assert.equal((await server.send('DELETE', path)).status, 404)
  })

  test('are booked on by whoever accepts them, and say so; the issuer and we see all bookings', async () => {
    const path = `acme/giftcards/${theirs.id}/transact/`
    await server.unchanged(async () => {
      const hidden = await server.send('POST', path, { json: { value: '1' } })
      assert.deepEqual([hidden.status, hidden.json], [404, NO_CARD])
      const poor = await server.send('POST', `${path}?include_accepted=true`, {
        json: { value: '-1000' },
      })
      assert.deepEqual([poor.status, poor.json], [409, NO_CREDIT])
      const faulty = await server.send('POST', `${path}?include_accepted=true`, {
        json: { value: 'x' },
      })
      assert.equal(faulty.status, 400)
    })
    const booked = await server.send('POST', `${path}?include_accepted=true`, {
      json: { value: '-10.00', text: 'ours' },
    })
    assert.deepEqual([booked.status, booked.json], [200, { ...theirs, value: '30.00' }])
    await server.send('POST', `beta/giftcards/${theirs.id}/transact/`, {
      token: TOKENS.beta,
      json: { value: '5.00' },
    })
    const issuer = await server.send('GET', `beta/giftcards/${theirs.id}/transactions/`, {
      token: TOKENS.beta,
    })
    const { results } = issuer.json as { results: Record<string, unknown>[] }
    assert.deepEqual(
      results.map(({ value, acceptor }) => [value, acceptor]),
      [
        ['40.00', 'beta'],
        ['-10.00', 'acme'],
        ['5.00', 'beta'],
      ],
    )
    assert.deepEqual(await server.bookings(theirs.id), results)
    const hidden = await server.send('GET', `acme/giftcards/${theirs.id}/transactions/`)
    assert.deepEqual([hidden.status, hidden.json], [404, NO_CARD])
    const one = `acme/giftcards/${theirs.id}/transactions/${results[0]?.id}/`
    assert.equal((await server.send('GET', one)).status, 404)
    assert.equal((await server.send('GET', `${one}?include_accepted=true`)).status, 200)
  })

  test('do not matter on creating: include_accepted is ignored there', async () => {
    for (const query of [
      '?include_accepted=true',
      '?include_accepted=false',
      '?include_accepted',
    ]) {
      const answer = await server.send('POST', `acme/giftcards/${query}`, {
        json: { secret: `NEW-${query.length}`, value: '1.00', currency: 'EUR' },
      })
      assert.equal(answer.status, 201)
      assert.equal((answer.json as CardJson).issuer, 'acme')
    }
  })

  test('come and go with the acceptance, while the server runs', async () => {
    const accept = (active: boolean) =>
      server.apply({
        merchants: [
          {
            slug: 'acme',
            name: 'acme',
            country: 'DE',
            currency: 'EUR',
            timezone: 'Europe/Berlin',
            accepts_cards_of: [{ issuer: 'delta', active }],
          },
        ],
      })
    const until = async (status: number) => {
      for (let attempt = 0; attempt < 200; attempt++) {
        const answer = await server.send(
          'GET',
          `acme/giftcards/${former.id}/?include_accepted=true`,
        )
        if (answer.status === status) return
      }
      assert.fail(`never ${status}`)
    }
    await accept(true)
    await until(200)
    await accept(false)
    await until(404)
  })
})
