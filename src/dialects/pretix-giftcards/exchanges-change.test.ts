import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  CARD_KEYS,
  type CardJson,
  freshCode,
  type PretixServer,
  startPretix,
  TOKENS,
} from '../../../test/support/pretix-cards.ts'
import { verify } from '../../verify.ts'

/** PATCH and PUT (specs/pretix-giftcards.md 7.2, 7.3, 14.6, 14.7, 14.16, 14.25). */

const REQUIRED = 'This field is required.'
const NO_CARD = { detail: 'No GiftCard matches the given query.' }
const TAKEN = {
  secret: [
    'A gift card with the same secret already exists in your or an affiliated organizer account.',
  ],
}

describe('changing pretix gift cards', () => {
  let server: PretixServer
  before(async () => {
    server = await startPretix()
  })
  after(async () => {
    assert.equal((await verify(server.owner)).broken, undefined)
    await server.close()
  })

  const patch = ({ id }: { id: number }, json: unknown, query = '') =>
    server.send('PATCH', `acme/giftcards/${id}/${query}`, { json })
  const put = ({ id }: { id: number }, json: unknown) =>
    server.send('PUT', `acme/giftcards/${id}/`, { json })
  const rich = () =>
    server.issue({
      testmode: true,
      expires: '2031-01-01T00:00:00Z',
      conditions: 'for tea',
      currency: 'CHF',
    })

  describe('PATCH', () => {
    test('changes what it names and nothing else, and answers with the whole card', async () => {
      const card = await rich()
      const answer = await patch(card, { conditions: ' not for food ' })
      assert.equal(answer.status, 200)
      assert.deepEqual(Object.keys(answer.json as object), CARD_KEYS)
      assert.deepEqual(answer.json, { ...card, conditions: 'not for food' })
      assert.deepEqual(await server.read(card.id), answer.json)
      assert.equal((await server.bookings(card.id)).length, 1)
    })

    test('clears with null what may be null, and keeps an empty text', async () => {
      const card = await rich()
      const answer = await patch(card, { expires: null, conditions: null, owner_ticket: null })
      assert.deepEqual(answer.json, { ...card, expires: null, conditions: null })
      assert.equal(((await patch(card, { conditions: '' })).json as CardJson).conditions, '')
      assert.equal((await server.read(card.id)).conditions, '')
    })

    for (const [name, json] of [
      ['an empty object', {}],
      ['read-only fields', { id: 1, issuance: 'never', issuer: 'beta' }],
      ['unknown fields', { customer: 7, nonsense: null }],
    ] as const)
      test(`with ${name} changes nothing`, async () => {
        const card = await rich()
        const answer = await patch(card, json)
        assert.deepEqual([answer.status, answer.json], [200, card])
        assert.deepEqual(await server.read(card.id), card)
        assert.equal((await server.bookings(card.id)).length, 1)
      })

    test('of a differing secret, currency or test mode succeeds and changes nothing', async () => {
      const card = await rich()
      const answer = await patch(card, { secret: freshCode(), currency: 'JPY', testmode: false })
      assert.deepEqual([answer.status, answer.json], [200, card])
      assert.deepEqual(await server.read(card.id), card)
    })

    test('of an invalid secret, currency or test mode fails, and nothing else is changed', async () => {
      const card = await rich()
      await server.unchanged(async () => {
        const answer = await patch(card, {
          secret: 'a b',
          currency: 'eur',
          testmode: 'x',
          conditions: 'x',
          value: '1.00',
        })
        assert.equal(answer.status, 400)
        assert.deepEqual(answer.json, {
          secret: ['The gift card code may only contain letters, numbers, dots and dashes.'],
          currency: ['"eur" is not a valid choice.'],
          testmode: ['Must be a valid boolean.'],
        })
        const nulls = await patch(card, {
          secret: null,
          value: null,
          currency: null,
          testmode: null,
        })
        const text = ['This field may not be null.']
        assert.deepEqual(nulls.json, { secret: text, value: text, currency: text, testmode: text })
      })
    })

    test('of a code that another card has fails; its own is fine', async () => {
      const [card, other] = [await rich(), await server.issue()]
      const theirs = await server.issue({}, 'beta')
      await server.unchanged(async () => {
        for (const { secret } of [other, theirs]) {
          const answer = await patch(card, { secret, conditions: 'x' })
          assert.deepEqual([answer.status, answer.json], [400, TAKEN])
        }
        const faulty = await patch(card, { secret: other.secret, value: 'x' })
        assert.deepEqual(faulty.json, { value: ['A valid number is required.'] })
      })
      for (const secret of [card.secret, other.secret.toLowerCase()]) {
        const answer = await patch(card, { secret })
        assert.deepEqual([answer.status, answer.json], [200, card])
      }
      const unrelated = await server.issue({}, 'gamma')
      assert.equal((await patch(card, { secret: unrelated.secret })).status, 200)
    })

    test('of a taken code comes before the refusal of include_accepted', async () => {
      const [card, other] = [await rich(), await server.issue()]
      await server.unchanged(async () => {
        const answer = await patch(card, { secret: other.secret }, '?include_accepted=false')
        assert.deepEqual([answer.status, answer.json], [400, TAKEN])
        const own = await patch(card, { secret: card.secret }, '?include_accepted=false')
        assert.equal(own.status, 403)
      })
    })
  })

  describe('a value', () => {
    test('sets the balance by a booking of the difference, without text and info', async () => {
      const card = await server.issue({ value: '40.00' })
      const answer = await patch(card, { value: '31.50', conditions: 'not for food' })
      assert.equal(answer.status, 200)
      assert.deepEqual(answer.json, { ...card, value: '31.50', conditions: 'not for food' })
      const [, booking, ...more] = await server.bookings(card.id)
      assert.equal(more.length, 0)
      const { id: _id, datetime: _datetime, ...rest } = booking ?? {}
      assert.deepEqual(rest, {
        value: '-8.50',
        event: null,
        order: null,
        text: null,
        info: null,
        acceptor: 'acme',
      })
      await patch(card, { value: '100' })
      assert.equal((await server.bookings(card.id))[2]?.value, '68.50')
    })

    test('that is the present one is booked as 0.00, by PATCH and by PUT', async () => {
      const card = await server.issue({ value: '5.00' })
      await patch(card, { value: '5.00' })
      await put(card, { secret: card.secret, currency: card.currency, value: 5 })
      assert.deepEqual(
        (await server.bookings(card.id)).map(({ value }) => value),
        ['5.00', '0.00', '0.00'],
      )
    })

    test('that is not sent is not booked', async () => {
      const card = await server.issue()
      await patch(card, { conditions: 'x' })
      assert.equal((await server.bookings(card.id)).length, 1)
    })

    test('below zero is refused, zero is fine', async () => {
      const card = await server.issue()
      await server.unchanged(async () => {
        const answer = await patch(card, { value: '-10.00' })
        assert.deepEqual(answer.json, {
          value: ['Ensure this value is greater than or equal to 0.00.'],
        })
        assert.equal(answer.status, 400)
      })
      assert.equal(((await patch(card, { value: 0 })).json as CardJson).value, '0.00')
    })

    test('set while others book loses none of their bookings', async () => {
      const card = await server.issue({ value: '100.00' })
      await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          index % 4 === 0
            ? patch(card, { value: '50.00' })
            : server.send('POST', `acme/giftcards/${card.id}/transact/`, {
                json: { value: '-0.01' },
              }),
        ),
      )
      const bookings = await server.bookings(card.id)
      assert.equal(bookings.length, 41)
      let cents = 0
      for (const { value } of bookings) cents += Math.round(Number(value) * 100)
      assert.equal((await server.read(card.id)).value, (cents / 100).toFixed(2))
    })
  })

  describe('PUT', () => {
    test('needs secret, value and currency', async () => {
      const card = await rich()
      await server.unchanged(async () => {
        for (const json of [{}, { conditions: 'x' }]) {
          const answer = await put(card, json)
          assert.deepEqual(
            [answer.status, answer.json],
            [400, { secret: [REQUIRED], value: [REQUIRED], currency: [REQUIRED] }],
          )
        }
      })
    })

    test('leaves what it omits unchanged, contrary to the page', async () => {
      const card = await rich()
      const answer = await put(card, { secret: freshCode(), currency: 'EUR', value: '9.00' })
      assert.deepEqual([answer.status, answer.json], [200, { ...card, value: '9.00' }])
      assert.deepEqual(await server.read(card.id), answer.json)
    })

    test('changes what it names', async () => {
      const card = await rich()
      const answer = await put(card, {
        secret: card.secret,
        currency: 'CHF',
        value: '20.00',
        expires: null,
        conditions: 'new',
        testmode: 'no',
      })
      assert.deepEqual(
        [answer.status, answer.json],
        [200, { ...card, expires: null, conditions: 'new' }],
      )
    })

    test('never creates', async () => {
      await server.unchanged(async () => {
        const answer = await server.send('PUT', 'acme/giftcards/999999999/', {
          json: { secret: freshCode(), currency: 'EUR', value: '1.00' },
        })
        assert.deepEqual([answer.status, answer.json], [404, NO_CARD])
      })
    })
  })

  test('is for the issuer alone: a card of somebody else is 404, an accepted one 403 when asked for', async () => {
    const [theirs, foreign] = [await server.issue({}, 'beta'), await server.issue({}, 'gamma')]
    await server.unchanged(async () => {
      for (const method of ['PATCH', 'PUT'] as const) {
        const json = { secret: freshCode(), currency: 'EUR', value: '1.00' }
        const send = (id: number, query = '') =>
          server.send(method, `acme/giftcards/${id}/${query}`, { json })
        assert.deepEqual((await send(theirs.id)).json, NO_CARD)
        assert.equal((await send(theirs.id, '?include_accepted=false')).status, 404)
        assert.equal((await send(foreign.id, '?include_accepted=true')).status, 404)
        const asked = await send(theirs.id, '?include_accepted=true')
        assert.deepEqual(
          [asked.status, asked.json],
          [403, { detail: 'Accepted gift cards cannot be updated, use transact instead.' }],
        )
      }
      const faulty = await patch(theirs, { value: 'x' }, '?include_accepted=true')
      assert.equal(faulty.status, 400)
    })
    const own = await server.send('PATCH', `beta/giftcards/${theirs.id}/`, {
      token: TOKENS.beta,
      json: { value: '1.00' },
    })
    assert.equal(own.status, 200)
  })
})
