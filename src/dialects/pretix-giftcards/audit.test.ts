import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type CardJson,
  type PretixServer,
  startPretix,
  TICKETS,
  TOKENS,
} from '../../../test/support/pretix-cards.ts'

/** Who did what: audit records, and entries, which are their own (specs/pretix-giftcards.md 12.2). */

type Row = {
  readonly action: string
  readonly data: unknown
  readonly credential: string | null
  readonly entry: number | null
}

describe('the audit trail of pretix gift cards', () => {
  let server: PretixServer
  const ids: Record<string, number> = {}
  before(async () => {
    server = await startPretix()
    for (const { slug, id } of await server.owner<{ slug: string; id: bigint }[]>`
      select slug, id from merchants`)
      ids[slug] = Number(id)
  })
  after(() => server.close())

  const trail = async (cardId: number): Promise<Row[]> => {
    const rows = await server.owner<
      { action: string; data: string | null; credential: string | null; entry: number | null }[]
    >`
      select replace(action, 'pretix.giftcards.', '') as action, data, c.name as credential,
        (select card_seq from entries e where e.merchant_id = a.merchant_id and e.id = a.entry_id) as entry
      from audit_records a left join credentials c on c.id = a.credential_id
      where a.card_id = ${cardId} order by a.id`
    return rows.map(({ data, ...row }) => ({
      ...row,
      data: data === null ? undefined : JSON.parse(data),
    }))
  }

  test('of creating is two records: nothing more about the card, and the request of its booking', async () => {
    const card = await server.issue({
      value: '12.50',
      conditions: 'x',
      note: { api_key: 'k', a: 1 },
    })
    assert.deepEqual(await trail(card.id), [
      { action: 'created', credential: 'all', entry: null, data: undefined },
      {
        action: 'transaction.manual',
        credential: 'all',
        entry: 1,
        data: {
          secret: '********',
          value: '12.50',
          currency: 'EUR',
          conditions: 'x',
          note: { api_key: '********', a: 1 },
          card_id: card.id,
          acceptor_id: ids.acme,
          acceptor_slug: 'acme',
        },
      },
    ])
  })

  test('of a change is the request, and of a value the difference', async () => {
    const card = await server.issue({ value: '40.00' })
    const send = (method: string, json: unknown, token: string) =>
      server.send(method, `acme/giftcards/${card.id}/`, { json, token })
    await send('PATCH', { conditions: 'y', owner_ticket: TICKETS.plain }, TOKENS.writer)
    await send('PATCH', { value: '31.50' }, TOKENS.writer)
    await send('PATCH', { value: 31.5, expires: null, nonsense: [1.5] }, TOKENS.all)
    await send('PATCH', {}, TOKENS.all)
    await send('PUT', { secret: card.secret, currency: 'EUR', value: '40' }, TOKENS.all)
    const acceptor = { acceptor_id: ids.acme, acceptor_slug: 'acme' }
    assert.deepEqual((await trail(card.id)).slice(2), [
      {
        action: 'modified',
        credential: 'writer',
        entry: null,
        data: { conditions: 'y', owner_ticket: TICKETS.plain },
      },
      {
        action: 'transaction.manual',
        credential: 'writer',
        entry: 2,
        data: { value: '-8.50', ...acceptor },
      },
      {
        action: 'modified',
        credential: 'all',
        entry: null,
        data: { value: 31.5, expires: null, nonsense: [1.5] },
      },
      {
        action: 'transaction.manual',
        credential: 'all',
        entry: 3,
        data: { value: '0.00', ...acceptor },
      },
      {
        action: 'modified',
        credential: 'all',
        entry: null,
        data: { secret: '********', currency: 'EUR', value: '40' },
      },
      {
        action: 'transaction.manual',
        credential: 'all',
        entry: 4,
        data: { value: '8.50', ...acceptor },
      },
    ])
  })

  test('masks whatever a key calls a secret, a password or an API key, at any depth and in any case', async () => {
    const card = await server.issue()
    const sent = {
      client_secret: 'a',
      Password: ['b'],
      'x-API_KEY-x': { c: 1 },
      list: [{ password2: 1, plain: 2 }],
      plain: 'secret',
    }
    await server.send('PATCH', `acme/giftcards/${card.id}/`, { json: sent })
    const [, , modified] = await trail(card.id)
    assert.deepEqual(modified?.data, {
      client_secret: '********',
      Password: '********',
      'x-API_KEY-x': '********',
      list: [{ password2: '********', plain: 2 }],
      plain: 'secret',
    })
  })

  test('never holds a code of a card', async () => {
    const card = await server.issue()
    await server.send('PUT', `acme/giftcards/${card.id}/`, {
      json: { secret: card.secret, currency: 'EUR', value: '1' },
    })
    const [found] = await server.owner`
      select 1 from audit_records where data like ${`%${card.secret}%`}`
    assert.equal(found, undefined)
  })

  test('of transact is its entry: value, text, acceptor, token and time', async () => {
    const card = await server.issue({}, 'beta')
    const answer = await server.send(
      'POST',
      `acme/giftcards/${card.id}/transact/?include_accepted=true`,
      {
        token: TOKENS.older,
        json: { value: '-1.25', text: 'bar', info: { till: 3 } },
      },
    )
    assert.equal(answer.status, 200)
    const [entry] = await server.owner`
      select e.amount, e.text, e.info, e.protocol, c.name as credential, m.slug as acceptor,
        e.created_at is not null as timed
      from entries e join credentials c on c.id = e.credential_id
      join merchants m on m.id = e.acting_merchant_id
      where e.card_id = ${card.id} and e.card_seq = 2`
    assert.deepEqual(
      { ...entry },
      {
        amount: -125_000n,
        text: 'bar',
        info: '{"till":3}',
        protocol: 'pretix',
        credential: 'older',
        acceptor: 'acme',
        timed: true,
      },
    )
    assert.equal((await trail(card.id)).length, 2)
  })

  test('grows with nothing that was refused or only read', async () => {
    const card = await server.issue()
    const before = await trail(card.id)
    for (const [method, path, json] of [
      ['GET', '', undefined],
      ['PATCH', '', { value: 'x' }],
      ['PATCH', '', {}],
      ['PATCH', '?include_accepted=true', { conditions: 'x' }],
      ['DELETE', '', undefined],
      ['POST', 'transact/', { value: '-100' }],
      ['POST', 'transact/', { value: '1', text: null }],
    ] as const)
      await server.send(
        method,
        `acme/giftcards/${card.id}/${path}`,
        json === undefined ? {} : { json },
      )
    assert.deepEqual(await trail(card.id), before)
    const [{ n } = { n: -1 }] = await server.owner<{ n: number }[]>`
      select count(*)::int4 as n from audit_records where card_id is null`
    assert.equal(n, 0)
    assert.equal((await server.send('POST', 'acme/giftcards/', { json: {} })).status, 400)
    assert.deepEqual((await server.read(card.id)) satisfies CardJson, card)
  })
})
