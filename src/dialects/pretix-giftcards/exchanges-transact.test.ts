import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  CARD_KEYS,
  type CardJson,
  type PretixServer,
  pretixWorld,
  startPretix,
  TOKENS,
} from '../../../test/support/pretix-cards.ts'
import { verify } from '../../verify.ts'

/** `transact` and the bookings of a card (specs/pretix-giftcards.md 8, 9, 14, 15; contract.md section 4). */

const NO_CREDIT = { value: ['The gift card does not have sufficient credit for this operation.'] }
const NO_CARD = { detail: 'No GiftCard matches the given query.' }
const NO_BOOKING = { detail: 'No GiftCardTransaction matches the given query.' }
const INACTIVE = { value: ['The gift card is not active.'] }

describe('booking on pretix gift cards', () => {
  let server: PretixServer
  before(async () => {
    server = await startPretix({
      world: pretixWorld({
        cards: [
          { code: 'BLOCKED-1', value: '10.00', active: false },
          { code: 'FINE-1', value: '10.00999' },
        ],
      }),
    })
  })
  after(async () => {
    assert.equal((await verify(server.owner)).broken, undefined)
    await server.close()
  })

  const book = (card: { id: number }, json: unknown, query = '') =>
    server.send('POST', `acme/giftcards/${card.id}/transact/${query}`, { json })
  const find = async (code: string): Promise<CardJson> => {
    const answer = await server.send('GET', `acme/giftcards/?secret=${code}`)
    return (answer.json as { results: [CardJson] }).results[0]
  }

  test('answers 200 with the card and its new balance, and writes one booking by the caller', async () => {
    const card = await server.issue({ value: '31.50' })
    const answer = await book(card, { value: '-6.25', text: ' bar tab ', info: { till: 3 } })
    assert.equal(answer.status, 200)
    assert.deepEqual(Object.keys(answer.json as object), CARD_KEYS)
    assert.deepEqual(answer.json, { ...card, value: '25.25' })
    const [, booking] = await server.bookings(card.id)
    const { id: _id, datetime, ...rest } = booking ?? {}
    assert.match(String(datetime), /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/)
    assert.deepEqual(rest, {
      value: '-6.25',
      event: null,
      order: null,
      text: 'bar tab',
      info: { till: 3 },
      acceptor: 'acme',
    })
  })

  test('needs only a value: text is then "" and info {}, unlike those of the first booking', async () => {
    const card = await server.issue()
    await book(card, { value: '1.00' })
    const [first, second] = await server.bookings(card.id)
    assert.deepEqual([first?.text, first?.info], [null, null])
    assert.deepEqual([second?.text, second?.info], ['', {}])
  })

  describe('text', () => {
    for (const [text, stored] of [
      ['', ''],
      ['  ', ''],
      [' a b\n', 'a b'],
      [7, '7'],
      [1.5, '1.5'],
      ['ü😀\u0001', 'ü😀\u0001'],
    ] as const)
      test(`${JSON.stringify(text)} is stored as ${JSON.stringify(stored)}`, async () => {
        const card = await server.issue()
        assert.equal((await book(card, { value: 0, text })).status, 200)
        assert.equal((await server.bookings(card.id))[1]?.text, stored)
      })
    for (const [text, fault] of [
      [null, 'Not a valid string.'],
      [true, 'Not a valid string.'],
      [['a'], 'Not a valid string.'],
      [{ a: 1 }, 'Not a valid string.'],
      ['a\u0000b', 'Null characters are not allowed.'],
      ['a\ud800', 'Surrogate characters are not allowed: U+D800.'],
    ] as const)
      test(`${JSON.stringify(text)} is refused in a bare list`, async () => {
        const card = await server.issue()
        await server.unchanged(async () => {
          const answer = await book(card, { value: '1.00', text })
          assert.deepEqual([answer.status, answer.json], [400, [fault]])
        })
      })
  })

  describe('info', () => {
    for (const info of [
      null,
      {},
      [],
      'text',
      '',
      7,
      true,
      false,
      { b: { c: [1, null, 'x'] }, a: 2, '10': 0, '9': 0 },
      '\u0000\ud800',
      { __proto__: null, '': { '\u0000': 1 } },
    ])
      test(`${JSON.stringify(info)} comes back as sent`, async () => {
        const card = await server.issue()
        assert.equal((await book(card, { value: '1.00', info })).status, 200)
        assert.deepEqual(
          (await server.bookings(card.id))[1]?.info,
          JSON.parse(JSON.stringify(info)),
        )
      })
    test('keeps its numbers as they were spelled, and its own __proto__', async () => {
      const card = await server.issue()
      const info = '{"a":1.500,"b":1e400,"c":123456789012345678901,"d":-0,"__proto__":{"x":1}}'
      const answer = await server.send('POST', `acme/giftcards/${card.id}/transact/`, {
        body: `{"value":"1.00","info":${info}}`,
        type: 'application/json',
      })
      assert.equal(answer.status, 200)
      const list = await server.send('GET', `acme/giftcards/${card.id}/transactions/`)
      assert.ok(list.text.includes(`"info":${info}`), list.text)
    })
  })

  test('ignores every other field, bad ones too', async () => {
    const card = await server.issue()
    const answer = await book(card, {
      value: '1.00',
      currency: 'nonsense',
      acceptor: 'beta',
      order: 7,
      datetime: 'never',
      id: 1,
    })
    assert.equal(answer.status, 200)
    const [, booking] = await server.bookings(card.id)
    assert.deepEqual([booking?.acceptor, booking?.order], ['acme', null])
  })

  test('reports one field only, the value before the text', async () => {
    const card = await server.issue()
    await server.unchanged(async () => {
      const answer = await book(card, { value: 'x', text: null })
      assert.deepEqual([answer.status, answer.json], [400, ['A valid number is required.']])
    })
  })

  test('spends down to exactly zero, and a cent more is 409 by field, without Retry-After', async () => {
    const card = await server.issue({ value: '5.00' })
    assert.equal(((await book(card, { value: '-5.00' })).json as CardJson).value, '0.00')
    await server.unchanged(async () => {
      for (const value of ['-0.01', '-99999999999.99']) {
        const answer = await book(card, { value })
        assert.deepEqual([answer.status, answer.json], [409, NO_CREDIT])
        assert.equal(answer.headers.get('retry-after'), undefined)
      }
    })
    assert.equal((await book(card, { value: '0.00' })).status, 200)
  })

  test('books zero, as any other amount', async () => {
    const card = await server.issue()
    for (const value of ['0.00', 0, '-0.00'])
      assert.equal((await book(card, { value })).status, 200)
    const values = (await server.bookings(card.id)).map(({ value }) => value)
    assert.deepEqual(values, ['20.00', '0.00', '0.00', '0.00'])
  })

  test('never beyond 99999999999.99: a bare list, and nothing is written', async () => {
    const card = await server.issue({ value: '99999999999.99' })
    await server.unchanged(async () => {
      for (const value of ['0.01', '99999999999.99']) {
        const answer = await book(card, { value })
        assert.equal(answer.status, 400)
        assert.deepEqual(answer.json, ['Ensure that there are no more than 13 digits in total.'])
      }
    })
    assert.equal((await book(card, { value: '-0.01' })).status, 200)
    assert.equal((await book(card, { value: '0.01' })).status, 200)
  })

  test('works on expired and on test cards, both ways', async () => {
    for (const fields of [{ expires: '2001-01-01T00:00:00Z' }, { testmode: true }]) {
      const card = await server.issue(fields)
      assert.equal((await book(card, { value: '-20.00' })).status, 200)
      assert.equal((await book(card, { value: '7.00' })).status, 200)
      assert.equal((await server.read(card.id)).value, '7.00')
    }
  })

  test('refuses an inactive card, after validation and before the credit is looked at', async () => {
    const card = await find('BLOCKED-1')
    await server.unchanged(async () => {
      for (const value of ['-1.00', '1.00', '0.00', '-99.00']) {
        const answer = await book(card, { value })
        assert.deepEqual([answer.status, answer.json], [409, INACTIVE])
      }
      assert.equal((await book(card, { value: 'x' })).status, 400)
      const set = await server.send('PATCH', `acme/giftcards/${card.id}/`, {
        json: { value: '1.00' },
      })
      assert.deepEqual([set.status, set.json], [409, INACTIVE])
    })
    const other = await server.send('PATCH', `acme/giftcards/${card.id}/`, {
      json: { conditions: 'x' },
    })
    assert.equal(other.status, 200)
  })

  test('shows what is finer than a cent cut off, and bookings that add up', async () => {
    const card = await find('FINE-1')
    assert.equal(card.value, '10.00')
    assert.equal(((await book(card, { value: '-10.00' })).json as CardJson).value, '0.00')
    assert.equal((await book(card, { value: '-0.01' })).status, 409)
    assert.deepEqual(
      (await server.bookings(card.id)).map(({ value }) => value),
      ['10.00', '-10.00'],
    )
  })

  test('shows the first booking of a card of the world file, which nobody wrote anything about', async () => {
    const { id } = await find('BLOCKED-1')
    const [booking, ...more] = await server.bookings(id)
    assert.equal(more.length, 0)
    const { id: _id, datetime: _datetime, ...rest } = booking ?? {}
    assert.deepEqual(rest, {
      value: '10.00',
      event: null,
      order: null,
      text: null,
      info: null,
      acceptor: 'acme',
    })
  })

  test('shows the order and the event of a booking that an order caused', async () => {
    const card = await server.issue({ value: '50.00' })
    const [ids] = await server.owner<{ item: bigint; event: string }[]>`
      select i.id as item, e.slug as event from ticket_items i join ticket_events e
        on e.merchant_id = i.merchant_id and e.id = i.event_id
      where e.slug = 'expo'`
    await server.apply({
      merchants: [
        {
          slug: 'acme',
          name: 'acme',
          country: 'DE',
          currency: 'EUR',
          timezone: 'Europe/Berlin',
          events: [
            {
              slug: 'expo',
              name: 'expo',
              quotas: [{ ref: 'hall', name: 'Hall', size: null, items: ['standard'] }],
            },
          ],
        },
      ],
    })
    const ordered = await server.send('POST', 'acme/events/expo/orders/', {
      json: {
        email: 'kim@example.org',
        locale: 'en',
        positions: [{ item: Number(ids?.item), variation: null, price: '14.00' }],
        use_gift_cards: [card.secret],
      },
    })
    assert.equal(ordered.status, 201, ordered.text)
    const [, booking] = await server.bookings(card.id)
    const { id: _id, datetime: _datetime, info: _info, ...rest } = booking ?? {}
    assert.deepEqual(rest, {
      value: '-14.00',
      event: 'expo',
      order: (ordered.json as { code: string }).code,
      text: null,
      acceptor: 'acme',
    })
  })

  test('passes over a card that the query filters away', async () => {
    const card = await server.issue({ value: '5.00' })
    await server.unchanged(async () => {
      for (const query of ['?testmode=true', '?secret=other', '?value=6', '?expired=true']) {
        const answer = await book(card, { value: '1.00' }, query)
        assert.deepEqual([answer.status, answer.json], [404, NO_CARD], query)
      }
    })
    const answer = await book(
      card,
      { value: '1.00' },
      `?testmode=false&value=5&expired=false&secret=${card.secret}`,
    )
    assert.equal(answer.status, 200)
  })

  test('of many debits at once never takes more than there is', async () => {
    const card = await server.issue({ value: '10.00' })
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => book(card, { value: '-0.70' })),
    )
    const done = answers.filter(({ status }) => status === 200)
    assert.equal(done.length, 14)
    for (const { status, json } of answers)
      if (status !== 200) assert.deepEqual([status, json], [409, NO_CREDIT])
    assert.equal((await server.read(card.id)).value, '0.20')
    assert.equal((await server.bookings(card.id)).length, 15)
  })

  describe('the list of bookings', () => {
    test('has the envelope and exactly the eight keys, oldest first', async () => {
      const card = await server.issue({ value: '23.00' })
      const one = await server.send('GET', `acme/giftcards/${card.id}/transactions/`)
      const { results, ...envelope } = one.json as { results: Record<string, unknown>[] }
      assert.deepEqual(envelope, { count: 1, next: null, previous: null })
      assert.deepEqual(Object.keys(results[0] ?? {}), [
        'id',
        'datetime',
        'value',
        'event',
        'order',
        'text',
        'info',
        'acceptor',
      ])
      for (const value of ['1.00', '-2.00', '3.00']) await book(card, { value })
      const bookings = await server.bookings(card.id)
      assert.deepEqual(
        bookings.map(({ value }) => value),
        ['23.00', '1.00', '-2.00', '3.00'],
      )
      const times = bookings.map(({ datetime }) => String(datetime))
      assert.deepEqual(times, times.toSorted())
    })

    test('is paged, and takes neither filters nor ordering', async () => {
      const card = await server.issue()
      for (const value of ['1.00', '2.00', '3.00', '4.00']) await book(card, { value })
      const path = `acme/giftcards/${card.id}/transactions/`
      const answer = await server.send(
        'GET',
        `${path}?page_size=2&page=2&ordering=-datetime&value=abc&testmode=true&secret=x&expired=true`,
      )
      assert.equal(answer.status, 200)
      const { count, next, previous, results } = answer.json as Record<string, unknown>
      assert.equal(count, 5)
      const base = `${server.http}/api/v1/organizers/${path}`
      const rest = 'page_size=2&secret=x&testmode=true&value=abc'
      assert.equal(next, `${base}?expired=true&ordering=-datetime&page=3&${rest}`)
      assert.equal(previous, `${base}?expired=true&ordering=-datetime&${rest}`)
      assert.deepEqual(
        (results as { value: string }[]).map(({ value }) => value),
        ['2.00', '3.00'],
      )
      assert.equal((await server.send('GET', `${path}?page=2`)).status, 404)
    })

    test('of a card that is not ours is 404', async () => {
      const card = await server.issue({}, 'gamma')
      for (const query of ['', '?include_accepted=true']) {
        const answer = await server.send('GET', `acme/giftcards/${card.id}/transactions/${query}`)
        assert.deepEqual([answer.status, answer.json], [404, NO_CARD])
      }
    })
  })

  describe('one booking', () => {
    test('is what the list shows', async () => {
      const card = await server.issue()
      await book(card, { value: '-1.00', text: 'x' })
      for (const booking of await server.bookings(card.id)) {
        const answer = await server.send(
          'GET',
          `acme/giftcards/${card.id}/transactions/${booking.id}/`,
        )
        assert.deepEqual([answer.status, answer.json], [200, booking])
        const reader = await server.send(
          'GET',
          `acme/giftcards/${card.id}/transactions/${booking.id}/`,
          {
            token: TOKENS.reader,
          },
        )
        assert.equal(reader.status, 200)
      }
    })

    test('that is unknown, or another card’s, is 404 with words of its own', async () => {
      const [card, other] = [await server.issue(), await server.issue()]
      const [foreign] = await server.bookings(other.id)
      for (const txid of ['0', '999999999', '9'.repeat(40), foreign?.id]) {
        const answer = await server.send('GET', `acme/giftcards/${card.id}/transactions/${txid}/`)
        assert.deepEqual([answer.status, answer.json], [404, NO_BOOKING], String(txid))
      }
      for (const txid of ['abc', '-1', '1.0']) {
        const answer = await server.send('GET', `acme/giftcards/${card.id}/transactions/${txid}/`)
        assert.deepEqual([answer.status, answer.json], [404, { detail: 'Not found.' }])
      }
      const nowhere = await server.send('GET', 'acme/giftcards/999999999/transactions/1/')
      assert.deepEqual([nowhere.status, nowhere.json], [404, NO_CARD])
    })
  })
})
