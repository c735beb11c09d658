import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  CARD_KEYS,
  type CardJson,
  type PretixServer,
  startPretix,
  TOKENS,
} from '../../../test/support/pretix-cards.ts'

/** Lists, pages, filters and single cards (specs/pretix-giftcards.md 6.1 to 6.3, 6.5, 14, 15). */

const INVALID_PAGE = { detail: 'Invalid page.' }
const NO_CARD = { detail: 'No GiftCard matches the given query.' }
type Page = { count: number; next: string | null; previous: string | null; results: CardJson[] }

describe('lists of pretix gift cards', () => {
  let server: PretixServer
  /** Seven cards of `acme`, oldest first. */
  let cards: CardJson[]
  before(async () => {
    server = await startPretix()
    const empty = await server.send('GET', 'acme/giftcards/')
    assert.equal(empty.text, '{"count":0,"next":null,"previous":null,"results":[]}')
    for (const path of ['?page=1', '?page=last', '?page=&page_size=7'])
      assert.equal((await server.send('GET', `acme/giftcards/${path}`)).status, 200, path)
    assert.equal((await server.send('GET', 'acme/giftcards/?page=2')).status, 404)
    cards = [
      await server.issue({ secret: 'ONE-1', value: '0' }),
      await server.issue({ secret: 'TWO-2', value: '23.00' }),
      await server.issue({ secret: 'two-2', value: '23.50' }),
      await server.issue({ secret: 'TEST-4', value: '23.00', testmode: true }),
      await server.issue({ secret: 'PAST-5', expires: '2001-01-01T00:00:00Z' }),
      await server.issue({ secret: 'NEXT-6', expires: '2999-01-01T00:00:00Z' }),
      await server.issue({ secret: 'LAST-7', currency: 'JPY', value: '23' }),
    ]
  })
  after(() => server.close())

  const list = async (query = ''): Promise<Page> => {
    const answer = await server.send('GET', `acme/giftcards/${query}`)
    assert.equal(answer.status, 200, answer.text)
    return answer.json as Page
  }
  /** Which of the seven a query shows, by their last character. */
  const shown = async (query: string): Promise<string> =>
    (await list(query)).results.map(({ secret }) => secret.at(-1)).join('')

  test('show whole cards, oldest first, whatever ordering is asked for', async () => {
    const page = await list('?ordering=-issuance')
    assert.deepEqual(page, { count: 7, next: null, previous: null, results: cards })
    for (const card of page.results) assert.deepEqual(Object.keys(card), CARD_KEYS)
    const times = page.results.map(({ issuance }) => issuance)
    assert.deepEqual(times, times.toSorted())
  })

  describe('page_size', () => {
    for (const [size, length] of [
      ['1', 1],
      ['3', 3],
      ['7', 7],
      ['50', 7],
      ['51', 7],
      ['999999999999999999999', 7],
      ['0', 7],
      ['-3', 7],
      ['abc', 7],
      ['3.0', 7],
      ['', 7],
      ['%203', 3],
      ['%2B3', 3],
    ] as const)
      test(`${size} gives ${length} of 7`, async () => {
        const page = await list(`?page_size=${size}`)
        assert.deepEqual([page.count, page.results.length], [7, length])
      })

    test('is fifty at most and by default', async () => {
      const many = Array.from({ length: 53 }, () => server.issue({}, 'gamma'))
      await Promise.all(many)
      for (const query of ['', '?page_size=51', '?page_size=0', '?page_size=x']) {
        const answer = await server.send('GET', `gamma/giftcards/${query}`, { token: TOKENS.gamma })
        const { count, results, next } = answer.json as Page
        assert.deepEqual([count, results.length], [53, 50], query)
        assert.match(String(next), /[?&]page=2/)
      }
      const last = await server.send('GET', 'gamma/giftcards/?page=last', { token: TOKENS.gamma })
      assert.equal((last.json as Page).results.length, 3)
      const issued = (last.json as Page).results.map(({ issuance }) => issuance)
      assert.deepEqual(issued, issued.toSorted())
    })
  })

  describe('page', () => {
    test('links are absolute, sorted by name, and keep every other parameter', async () => {
      const base = `${server.http}/api/v1/organizers/acme/giftcards/`
      const first = await list('?page_size=3')
      assert.deepEqual([first.next, first.previous], [`${base}?page=2&page_size=3`, null])
      const second = await list('?page_size=3&page=2')
      assert.equal(second.next, `${base}?page=3&page_size=3`)
      assert.equal(second.previous, `${base}?page_size=3`)
      const third = await list('?page_size=3&page=3')
      assert.deepEqual([third.next, third.previous], [null, `${base}?page=2&page_size=3`])
      const odd = await list('?zz=1&page_size=2&expand=b&expand=a&q=%C3%A4%20%26*~?&page=2&empty=')
      const rest = 'page_size=2&q=%C3%A4+%26%2A~%3F&zz=1'
      assert.equal(odd.next, `${base}?empty=&expand=b&expand=a&page=3&${rest}`)
      assert.equal(odd.previous, `${base}?empty=&expand=b&expand=a&${rest}`)
    })

    test('links name the host that was asked', async () => {
      const answer = await server.send('GET', 'acme/giftcards/?page_size=3', {
        headers: [['Host', 'api.example']],
      })
      assert.equal(
        (answer.json as Page).next,
        'http://api.example/api/v1/organizers/acme/giftcards/?page=2&page_size=3',
      )
    })

    test('walks over all cards once', async () => {
      const seen: number[] = []
      let target: string | null = '?page_size=2'
      while (target !== null) {
        const page: Page = await list(target)
        seen.push(...page.results.map(({ id }) => id))
        target = page.next && new URL(page.next).search
      }
      assert.deepEqual(
        seen,
        cards.map(({ id }) => id),
      )
    })

    test('missing or empty is the first, `last` the last, of repeated ones the last counts', async () => {
      assert.equal(await shown('?page_size=3&page='), '122')
      assert.equal(await shown('?page_size=3&page=last'), '7')
      assert.equal(await shown('?page_size=3&page=7&page=2'), '456')
      assert.equal(await shown('?page_size=1&page_size=3&page=2'), '456')
      assert.equal(await shown('?page_size=3&page=0002'), '456')
    })

    for (const page of [
      '0',
      '-1',
      '4',
      '99999999999999999999',
      'abc',
      '1.0',
      'LAST',
      'Last',
      '1e0',
      'constructor',
    ])
      test(`${page} does not exist`, async () => {
        const answer = await server.send('GET', `acme/giftcards/?page_size=3&page=${page}`)
        assert.deepEqual([answer.status, answer.json], [404, INVALID_PAGE])
      })
  })

  describe('filter', () => {
    const filters: [query: string, shown: string, why: string][] = [
      ['?secret=TWO-2', '22', 'a code in any case'],
      ['?secret=tWo-2', '22', 'a code in any case'],
      ['?secret=%20one-1%0A', '1', 'blanks around a code'],
      ['?secret=ONE', '', 'no part of a code'],
      ['?secret=%25', '', 'no pattern'],
      ['?secret=ONE_1', '', 'no pattern'],
      ['?secret=', '1224567', 'an empty code is no filter'],
      ['?secret=%20', '1224567', 'a blank code is no filter'],
      ['?secret=x&secret=one-1', '1', 'the last of two codes'],
      ['?secret=%ff%fe', '', 'no bytes that are no text'],
      ['?secret=%zz', '', 'no broken escape'],
      ['?%ff=1&=2&&', '1224567', 'everything, whatever the names'],
      ['?testmode=true', '4', 'test cards'],
      ['?testmode=TrUe', '4', 'test cards in any case'],
      ['?testmode=1', '4', 'test cards by number'],
      ['?testmode=false', '122567', 'live cards'],
      ['?testmode=FALSE', '122567', 'live cards in any case'],
      ['?testmode=0', '122567', 'live cards by number'],
      ['?testmode=2', '1224567', 'a bad testmode is ignored'],
      ['?testmode=yes', '1224567', 'a bad testmode is ignored'],
      ['?testmode=', '1224567', 'a bad testmode is ignored'],
      ['?testmode=constructor', '1224567', 'a bad testmode is ignored'],
      ['?testmode=__proto__', '1224567', 'a bad testmode is ignored'],
      ['?expired=true', '5', 'expired'],
      ['?expired=True', '5', 'expired'],
      ['?expired=2', '5', 'expired'],
      ['?expired=false', '122467', 'not expired'],
      ['?expired=False', '122467', 'not expired'],
      ['?expired=3', '122467', 'not expired'],
      ['?expired=1', '1224567', 'a bad expired is ignored'],
      ['?expired=0', '1224567', 'a bad expired is ignored'],
      ['?expired=TRUE', '1224567', 'a bad expired is ignored'],
      ['?expired=', '1224567', 'a bad expired is ignored'],
      ['?expired=toString', '1224567', 'a bad expired is ignored'],
      ['?value=23', '247', 'a balance'],
      ['?value=23.0', '247', 'a balance however spelled'],
      ['?value=23.000', '247', 'a balance however spelled'],
      ['?value=2.3e1', '247', 'a balance however spelled'],
      ['?value=%2023%20', '247', 'blanks around a balance'],
      ['?value=%2B23', '247', 'a sign'],
      ['?value=0', '1', 'nothing'],
      ['?value=-0.00', '1', 'nothing'],
      ['?value=-1', '', 'less than nothing'],
      ['?value=23.005', '', 'what no card has'],
      ['?value=1e30', '', 'what no card has'],
      ['?value=99999999999999999999999', '', 'what no card has'],
      ['?value=1e-30', '', 'what no card has'],
      ['?value=', '1224567', 'an empty value is no filter'],
      ['?value=%20', '1224567', 'a blank value is no filter'],
      ['?value=23&testmode=true', '4', 'both'],
      ['?value=23&testmode=false&secret=two-2', '2', 'all three'],
      ['?testmode=true&expired=true', '', 'both'],
      ['?unknown=1&currency=JPY&issuer=beta&id=1', '1224567', 'nothing that is unknown'],
    ]
    for (const [query, wanted, why] of filters)
      test(`${query} finds ${why}`, async () => {
        assert.equal(await shown(query), wanted)
        assert.equal((await list(query)).count, wanted.length)
      })

    for (const value of ['abc', 'NaN', 'Infinity', '-inf', '1,5', '0x10', '1e', '--1', '٣'])
      test(`?value=${value} is 400, on the list and on a card`, async () => {
        for (const path of ['acme/giftcards/', `acme/giftcards/${cards[0]?.id}/`]) {
          const answer = await server.send('GET', `${path}?value=${encodeURIComponent(value)}`)
          assert.deepEqual([answer.status, answer.json], [400, { value: ['Enter a number.'] }])
        }
      })

    test('follows the balance', async () => {
      const card = await server.issue({ value: '7.77' }, 'gamma')
      const ids = async (value: string) => {
        const answer = await server.send('GET', `gamma/giftcards/?value=${value}`, {
          token: TOKENS.gamma,
        })
        return (answer.json as Page).results.map(({ id }) => id)
      }
      assert.deepEqual(await ids('7.77'), [card.id])
      await server.send('POST', `gamma/giftcards/${card.id}/transact/`, {
        token: TOKENS.gamma,
        json: { value: '-1.11' },
      })
      assert.deepEqual(await ids('7.77'), [])
      assert.deepEqual(await ids('6.66'), [card.id])
    })

    test('does not matter on creating, not even a bad one', async () => {
      const answer = await server.send(
        'POST',
        'gamma/giftcards/?value=abc&testmode=true&secret=x',
        {
          token: TOKENS.gamma,
          json: { secret: 'FILTERED-1', value: '1.00', currency: 'EUR' },
        },
      )
      assert.equal(answer.status, 201)
    })
  })

  describe('a single card', () => {
    test('is shown as in the list', async () => {
      for (const card of cards) {
        const answer = await server.send('GET', `acme/giftcards/${card.id}/`)
        assert.deepEqual([answer.status, answer.json], [200, card])
      }
    })

    test('that a filter of the query does not let through is 404 on every route', async () => {
      const [, two] = cards
      await server.unchanged(async () => {
        for (const query of ['?testmode=true', '?secret=one-1', '?value=24', '?expired=true'])
          for (const [method, rest] of [
            ['GET', ''],
            ['PATCH', ''],
            ['PUT', ''],
            ['DELETE', ''],
            ['POST', 'transact/'],
          ] as const) {
            const answer = await server.send(method, `acme/giftcards/${two?.id}/${rest}${query}`, {
              json: { value: '1.00' },
            })
            assert.deepEqual([answer.status, answer.json], [404, NO_CARD], `${method} ${query}`)
          }
      })
      const fits = '?testmode=false&secret=two-2&value=23&expired=false&page=9&ordering=x'
      assert.equal((await server.send('GET', `acme/giftcards/${two?.id}/${fits}`)).status, 200)
      assert.equal((await server.send('DELETE', `acme/giftcards/${two?.id}/${fits}`)).status, 405)
    })
  })
})

describe('a server with an address and a clock of its own', () => {
  const expires = 1_900_000_000_000_000n
  let now = expires
  let server: PretixServer
  before(async () => {
    server = await startPretix({
      overrides: { now: () => now },
      flags: { publicUrl: 'https://shop.example/scrip/' },
    })
  })
  after(() => server.close())

  test('links to its public address', async () => {
    await Promise.all([server.issue(), server.issue()])
    const answer = await server.send('GET', 'acme/giftcards/?page_size=1')
    assert.equal(
      (answer.json as Page).next,
      'https://shop.example/scrip/api/v1/organizers/acme/giftcards/?page=2&page_size=1',
    )
  })

  test('takes a card as expired only after the very instant of its expiry', async () => {
    const card = await server.issue(
      { expires: new Date(Number(expires / 1_000n)).toISOString() },
      'gamma',
    )
    const found = async (expired: boolean): Promise<number> => {
      const answer = await server.send('GET', `gamma/giftcards/?expired=${expired}`, {
        token: TOKENS.gamma,
      })
      return (answer.json as Page).count
    }
    assert.deepEqual([await found(true), await found(false)], [0, 1])
    now = expires + 1n
    assert.deepEqual([await found(true), await found(false)], [1, 0])
    const booked = await server.send('POST', `gamma/giftcards/${card.id}/transact/`, {
      token: TOKENS.gamma,
      json: { value: '-20.00' },
    })
    assert.equal(booked.status, 200)
  })
})
