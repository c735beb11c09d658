import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type CardJson,
  freshCode,
  type PretixServer,
  startPretix,
  TICKETS,
  TOKENS,
} from '../../../test/support/pretix-cards.ts'

/** The ticket that owns a card, and how it is expanded (specs/pretix-giftcards.md 5.8, 6.4, 14.18, 15). */

const unknown = (input: string | number) => ({
  owner_ticket: [`Invalid pk "${input}" - object does not exist.`],
})
const wrongType = (type: string) => ({
  owner_ticket: [`Incorrect type. Expected pk value, received ${type}.`],
})

describe('owner tickets of pretix gift cards', () => {
  let server: PretixServer
  let plain: number
  let fair: number
  before(async () => {
    server = await startPretix()
    plain = await server.ticketId(TICKETS.plain)
    fair = await server.ticketId(TICKETS.fair)
  })
  after(() => server.close())

  /** What a card with this owner answers on creating, and on a PATCH of an existing one. */
  const set = async (json: string) => {
    const card = await server.issue()
    return [
      await server.send('POST', 'acme/giftcards/', {
        body: `{"secret":"${freshCode()}","value":"1","currency":"EUR","owner_ticket":${json}}`,
        type: 'application/json',
      }),
      await server.send('PATCH', `acme/giftcards/${card.id}/`, {
        body: `{"owner_ticket":${json}}`,
        type: 'application/json',
      }),
    ] as const
  }
  const accepts = async (json: string, owner: number | null) => {
    for (const answer of await set(json)) {
      assert.ok(answer.status < 300, answer.text)
      const card = answer.json as CardJson
      assert.equal(card.owner_ticket, owner)
      assert.equal((await server.read(card.id)).owner_ticket, owner)
    }
  }
  const refuses = async (json: string, faults: object) => {
    for (const answer of await set(json))
      assert.deepEqual([answer.status, answer.json], [400, faults])
  }

  test('are named by id, by ticket secret or by pseudonymization id', async () => {
    await accepts(String(plain), plain)
    await accepts(JSON.stringify(TICKETS.plain), plain)
    await accepts('"PSEUDO7890"', plain)
  })

  test('are cleared by null and by an empty text', async () => {
    await accepts('null', null)
    await accepts('""', null)
    const card = await server.issue({ owner_ticket: plain })
    assert.equal(card.owner_ticket, plain)
    for (const owner of ['', null]) {
      const answer = await server.send('PATCH', `acme/giftcards/${card.id}/`, {
        json: { owner_ticket: owner },
      })
      assert.equal((answer.json as CardJson).owner_ticket, null)
    }
  })

  test('are never named by an id in quotes: digits are a secret too', async () => {
    await accepts(JSON.stringify(TICKETS.digits), await server.ticketId(TICKETS.digits))
    await refuses(`"${plain}"`, unknown(plain))
  })

  test('of a canceled order are as good as any, if the ticket itself is not canceled', async () => {
    await accepts(
      JSON.stringify(TICKETS.inCanceledOrder),
      await server.ticketId(TICKETS.inCanceledOrder),
    )
  })

  test('that are canceled, unknown, or of another organizer do not exist', async () => {
    const canceled = await server.ticketId(TICKETS.canceled)
    const foreign = await server.ticketId(TICKETS.beta)
    await refuses(String(canceled), unknown(canceled))
    await refuses(JSON.stringify(TICKETS.canceled), unknown(TICKETS.canceled))
    await refuses(String(foreign), unknown(foreign))
    await refuses(JSON.stringify(TICKETS.beta), unknown(TICKETS.beta))
    await refuses('17', unknown(17))
    await refuses('0', unknown(0))
    await refuses('-1', unknown(-1))
    await refuses('99999999999999999999', unknown('99999999999999999999'))
    await refuses('"abc"', unknown('abc'))
    await refuses(JSON.stringify(TICKETS.plain.toUpperCase()), unknown(TICKETS.plain.toUpperCase()))
    await refuses(JSON.stringify(` ${TICKETS.plain}`), unknown(` ${TICKETS.plain}`))
    await refuses('" "', unknown(' '))
    await refuses('"a\\u0000b"', unknown('a\u0000b'))
    await refuses('"say \\"hi\\""', unknown('say "hi"'))
  })

  test('that a text fits several times do not exist', () => refuses('"TWINA"', unknown('TWINA')))

  test('are neither booleans, fractions, lists nor objects', async () => {
    await refuses('true', wrongType('bool'))
    await refuses('false', wrongType('bool'))
    await refuses('1.5', wrongType('float'))
    await refuses(`${plain}.0`, wrongType('float'))
    await refuses('1e2', wrongType('float'))
    await refuses('[1]', wrongType('list'))
    await refuses('{"id":1}', wrongType('dict'))
  })

  test('that are refused leave nothing behind', async () => {
    const card = await server.issue()
    await server.unchanged(async () => {
      for (const owner_ticket of ['nobody', 1.5, true])
        await server.send('PATCH', `acme/giftcards/${card.id}/`, {
          json: { owner_ticket, conditions: 'x', value: '1.00' },
        })
    })
  })

  test('that are canceled later stay and show it, and cannot be named again', async () => {
    const card = await server.issue({ owner_ticket: fair })
    await server.owner`update ticket_positions set canceled = true, holds = null where id = ${fair}`
    const shown = await server.send('GET', `acme/giftcards/${card.id}/?expand=owner_ticket`)
    const ticket = (shown.json as { owner_ticket: Record<string, unknown> }).owner_ticket
    assert.deepEqual([ticket.id, ticket.canceled], [fair, true])
    const kept = await server.send('PATCH', `acme/giftcards/${card.id}/`, {
      json: { conditions: 'x' },
    })
    assert.deepEqual([kept.status, (kept.json as CardJson).owner_ticket], [200, fair])
    const again = await server.send('PATCH', `acme/giftcards/${card.id}/`, {
      json: { owner_ticket: fair },
    })
    assert.deepEqual([again.status, again.json], [400, unknown(fair)])
    await server.owner`update ticket_positions set canceled = false, holds = 'n' where id = ${fair}`
  })

  describe('expand=owner_ticket', () => {
    test('shows exactly the keys of a plain unpaid ticket', async () => {
      const card = await server.issue({ owner_ticket: plain })
      const answer = await server.send('GET', `acme/giftcards/${card.id}/?expand=owner_ticket`)
      const [row] = await server.owner<{ item_id: bigint }[]>`
        select item_id from ticket_positions where id = ${plain}`
      assert.deepEqual((answer.json as CardJson).owner_ticket, {
        id: plain,
        order: { code: 'QX7PL', event: 'expo' },
        positionid: 1,
        item: Number(row?.item_id),
        variation: null,
        price: '14.00',
        attendee_name: null,
        attendee_name_parts: {},
        attendee_email: null,
        company: null,
        street: null,
        zipcode: null,
        city: null,
        country: null,
        state: null,
        voucher: null,
        voucher_budget_use: null,
        tax_rate: '0.00',
        tax_value: '0.00',
        tax_rule: null,
        tax_code: null,
        secret: TICKETS.plain,
        addon_to: null,
        subevent: null,
        discount: null,
        checkins: [],
        print_logs: [],
        downloads: [],
        answers: [],
        pseudonymization_id: 'PSEUDO7890',
        seat: null,
        pdf_data: {},
        plugin_data: {},
        canceled: false,
        valid_from: null,
        valid_until: null,
        blocked: null,
      })
    })

    test('works on every answer that shows a card', async () => {
      const secret = freshCode()
      const query = '?expand=owner_ticket'
      const made = await server.send('POST', `acme/giftcards/${query}`, {
        json: { secret, value: '5', currency: 'EUR', owner_ticket: TICKETS.plain },
      })
      const path = `acme/giftcards/${(made.json as CardJson).id}/`
      const answers = [
        made,
        await server.send('GET', `${path}${query}`),
        await server.send('PATCH', `${path}${query}`, { json: { value: '6' } }),
        await server.send('PUT', `${path}${query}`, {
          json: { secret, value: '6', currency: 'EUR' },
        }),
        await server.send('POST', `${path}transact/${query}`, { json: { value: '1' } }),
        await server.send('POST', `${path}transact/${query}&testmode=false`, {
          json: { value: '1' },
        }),
      ]
      for (const { json } of answers)
        assert.equal(
          (json as { owner_ticket: { secret: string } }).owner_ticket.secret,
          TICKETS.plain,
        )
      const list = await server.send('GET', `acme/giftcards/${query}&secret=${secret}`)
      const [card] = (list.json as { results: { owner_ticket: { id: number } }[] }).results
      assert.equal(card?.owner_ticket.id, plain)
    })

    test('shows the owner that a change just set, and null when it took one away', async () => {
      const card = await server.issue({ owner_ticket: plain })
      const path = `acme/giftcards/${card.id}/?expand=owner_ticket`
      const moved = await server.send('PATCH', path, { json: { owner_ticket: fair } })
      assert.equal(
        (moved.json as { owner_ticket: { secret: string } }).owner_ticket.secret,
        TICKETS.fair,
      )
      const none = await server.send('PATCH', path, { json: { owner_ticket: null } })
      assert.equal((none.json as CardJson).owner_ticket, null)
    })

    test('leaves null as it is', async () => {
      const card = await server.issue()
      const answer = await server.send('GET', `acme/giftcards/${card.id}/?expand=owner_ticket`)
      assert.deepEqual(answer.json, card)
    })

    test('is one value of a parameter that may come several times, and nothing but that value', async () => {
      const card = await server.issue({ owner_ticket: plain })
      const owner = async (query: string) =>
        ((await server.send('GET', `acme/giftcards/${card.id}/${query}`)).json as CardJson)
          .owner_ticket
      for (const query of ['?expand=owner_ticket&expand=foo', '?expand=foo&expand=owner_ticket'])
        assert.equal(typeof (await owner(query)), 'object', query)
      for (const query of [
        '?expand=owner_ticket,foo',
        '?expand=Owner_ticket',
        '?expand=owner_ticket%20',
        '?expand=',
        '?expand=customer',
        '?Expand=owner_ticket',
      ])
        assert.equal(await owner(query), plain, query)
    })

    test('is reduced to the id for who may not read orders, or not those of the event', async () => {
      const [expo, other] = [
        await server.issue({ owner_ticket: plain }),
        await server.issue({ owner_ticket: fair }),
      ]
      const owner = async (token: string, card: CardJson) => {
        const answer = await server.send('GET', `acme/giftcards/${card.id}/?expand=owner_ticket`, {
          token,
        })
        assert.equal(answer.status, 200)
        return (answer.json as CardJson).owner_ticket
      }
      for (const token of [TOKENS.noOrders, TOKENS.reader, TOKENS.older])
        assert.deepEqual(await owner(token, expo), { id: plain })
      assert.deepEqual(await owner(TOKENS.fairOnly, expo), { id: plain })
      assert.equal(
        ((await owner(TOKENS.fairOnly, other)) as { secret: string }).secret,
        TICKETS.fair,
      )
      const booked = await server.send(
        'POST',
        `acme/giftcards/${expo.id}/transact/?expand=owner_ticket`,
        {
          token: TOKENS.writer,
          json: { value: '1' },
        },
      )
      assert.deepEqual((booked.json as CardJson).owner_ticket, { id: plain })
      const made = await server.send('POST', 'acme/giftcards/?expand=owner_ticket', {
        token: TOKENS.writer,
        json: { secret: freshCode(), value: '5', currency: 'EUR', owner_ticket: plain },
      })
      assert.deepEqual((made.json as CardJson).owner_ticket, { id: plain })
    })

    test('is reduced to the id for tickets of an accepted organizer, whatever the token may do', async () => {
      const foreign = await server.ticketId(TICKETS.beta)
      const card = await server.issue({ owner_ticket: foreign }, 'beta')
      const query = '?include_accepted=true&expand=owner_ticket'
      const answers = [
        await server.send('GET', `acme/giftcards/${card.id}/${query}`),
        await server.send('POST', `acme/giftcards/${card.id}/transact/${query}`, {
          json: { value: '1' },
        }),
      ]
      for (const { json } of answers)
        assert.deepEqual((json as CardJson).owner_ticket, { id: foreign })
      const list = await server.send('GET', `acme/giftcards/${query}&page=last`)
      const { results } = list.json as { results: CardJson[] }
      assert.deepEqual(results.find(({ id }) => id === card.id)?.owner_ticket, { id: foreign })
      const issuer = await server.send('GET', `beta/giftcards/${card.id}/?expand=owner_ticket`, {
        token: TOKENS.beta,
      })
      assert.equal(
        (issuer.json as { owner_ticket: { secret: string } }).owner_ticket.secret,
        TICKETS.beta,
      )
    })
  })
})
