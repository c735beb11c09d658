import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type CardJson,
  freshCode,
  type PretixServer,
  pretixWorld,
  startPretix,
  TOKENS,
} from '../../../test/support/pretix-cards.ts'
import { type Receiver, startReceiver } from '../../../test/support/receiver.ts'

/** Which requests tell webhooks what, and whose (specs/pretix-giftcards.md 12.1, 14.21). */

describe('webhooks of pretix gift cards', () => {
  let server: PretixServer
  let acme: Receiver
  let beta: Receiver
  let id: number
  const ids: Record<string, number> = {}
  before(async () => {
    ;[acme, beta] = await Promise.all([startReceiver(), startReceiver()])
    const world = pretixWorld({
      webhooks: [{ name: 'all', url: acme.url, actions: ['pretix.giftcards.*'] }],
    })
    for (const merchant of world.merchants ?? [])
      if (merchant.slug === 'beta')
        merchant.webhooks = [{ name: 'all', url: beta.url, actions: ['pretix.giftcards.*'] }]
    server = await startPretix({ world })
    for (const { slug, id: merchantId } of await server.owner<{ slug: string; id: bigint }[]>`
      select slug, id from merchants`)
      ids[slug] = Number(merchantId)
    id = (await server.issue()).id
    await acme.until(2)
  })
  after(async () => {
    await server.close()
    await Promise.all([acme.close(), beta.close()])
  })

  const short = (action: unknown): string => String(action).replace('pretix.giftcards.', '')
  /**
   * What each piece of work told acme's webhook. It hears everything in order, so that whatever comes
   * between the cards that are made before and after each is all there is.
   */
  const heard = async (...pieces: (() => Promise<unknown>)[]): Promise<string[][]> => {
    const marks = [await server.issue()]
    for (const work of pieces) {
      await work()
      marks.push(await server.issue())
    }
    const of = (mark: CardJson | undefined) =>
      acme.deliveries.flatMap(({ json }, index) => (json.giftcard === mark?.id ? [index] : []))
    while (of(marks.at(-1)).length < 2) await acme.until(acme.deliveries.length + 1)
    return pieces.map((_, index) => {
      const [, begin = 0] = of(marks[index])
      const [end] = of(marks[index + 1])
      return acme.deliveries.slice(begin + 1, end).map(({ json }) => short(json.action))
    })
  }
  const patch = (json: unknown, query = '') =>
    server.send('PATCH', `acme/giftcards/${id}/${query}`, { json })

  const cases: [what: string, work: () => Promise<unknown>, topics: string[]][] = [
    ['POST', () => server.issue(), ['created', 'transaction.manual']],
    ['PATCH of a field', () => patch({ conditions: 'x' }), ['modified']],
    ['PATCH of a field to what it was', () => patch({ conditions: 'x' }), ['modified']],
    ['PATCH of an unknown field', () => patch({ nonsense: 1 }), ['modified']],
    ['PATCH of a read-only field', () => patch({ id: 1 }), ['modified']],
    ['PATCH of an immutable field', () => patch({ currency: 'JPY' }), ['modified']],
    ['PATCH of the value', () => patch({ value: '7.00' }), ['transaction.manual']],
    ['PATCH of the value to what it was', () => patch({ value: '7.00' }), ['transaction.manual']],
    [
      'PATCH of both',
      () => patch({ value: '8.00', conditions: 'y' }),
      ['modified', 'transaction.manual'],
    ],
    ['PATCH of nothing', () => patch({}), []],
    ['PATCH without a body', () => server.send('PATCH', `acme/giftcards/${id}/`), []],
    [
      'PUT',
      () =>
        server.send('PUT', `acme/giftcards/${id}/`, {
          json: { secret: freshCode(), currency: 'EUR', value: '9.00' },
        }),
      ['modified', 'transaction.manual'],
    ],
    [
      'transact',
      () => server.send('POST', `acme/giftcards/${id}/transact/`, { json: { value: '-1.00' } }),
      ['transaction.manual'],
    ],
    [
      'transact of zero',
      () => server.send('POST', `acme/giftcards/${id}/transact/`, { json: { value: 0 } }),
      ['transaction.manual'],
    ],
    [
      'a replay of an idempotency key',
      async () => {
        for (let attempt = 0; attempt < 3; attempt++)
          await server.send('POST', `acme/giftcards/${id}/transact/`, {
            json: { value: '1.00' },
            headers: [['X-Idempotency-Key', 'told-once']],
          })
      },
      ['transaction.manual'],
    ],
  ]
  describe('after', () => {
    let all: string[][] = []
    before(async () => {
      all = await heard(...cases.map(([, work]) => work))
    })
    for (const [index, [what, , topics]] of cases.entries())
      test(`${what} hear ${topics.join(', then ') || 'nothing'}`, () => {
        assert.deepEqual(all[index], topics)
      })
  })

  test('no 4xx and no read tells anything', async () => {
    const taken = await server.issue()
    const requests: [
      status: number,
      method: string,
      path: string,
      json?: unknown,
      token?: string,
    ][] = [
      [400, 'POST', 'acme/giftcards/', {}],
      [400, 'POST', 'acme/giftcards/', { secret: taken.secret, value: '1', currency: 'EUR' }],
      [400, 'PATCH', `acme/giftcards/${id}/`, { value: '-1', conditions: 'x' }],
      [400, 'PATCH', `acme/giftcards/${id}/`, { secret: taken.secret, value: '1.00' }],
      [400, 'POST', `acme/giftcards/${id}/transact/`, { value: '1.001' }],
      [401, 'POST', `acme/giftcards/${id}/transact/`, { value: '1.00' }, 'unknown'],
      [403, 'POST', `acme/giftcards/${id}/transact/`, { value: '1.00' }, TOKENS.reader],
      [
        403,
        'PATCH',
        `acme/giftcards/${id}/?include_accepted=1`,
        { value: '1.00', conditions: 'x' },
      ],
      [404, 'POST', `acme/giftcards/${id}/transact/?testmode=true`, { value: '1.00' }],
      [404, 'POST', `acme/giftcards/${id}/transact`, { value: '1.00' }],
      [405, 'DELETE', `acme/giftcards/${id}/`],
      [409, 'POST', `acme/giftcards/${id}/transact/`, { value: '-10000' }],
      [200, 'GET', `acme/giftcards/${id}/`],
      [200, 'GET', `acme/giftcards/${id}/transactions/`],
    ]
    const [topics] = await heard(async () => {
      for (const [status, method, path, json, token] of requests) {
        const answer = await server.send(method, path, {
          ...(json === undefined ? {} : { json }),
          ...(token === undefined ? {} : { token }),
        })
        assert.equal(answer.status, status, `${method} ${path}`)
      }
    })
    assert.deepEqual(topics, [])
  })

  test('the issuer is told when an acceptor books, and who that was; the acceptor is not', async () => {
    const card = await server.issue({}, 'beta')
    const before = (await beta.until(2)).length
    const [topics] = await heard(() =>
      server.send('POST', `acme/giftcards/${card.id}/transact/?include_accepted=true`, {
        json: { value: '-1.00' },
      }),
    )
    assert.deepEqual(topics, [])
    await beta.until(before + 1)
    const { notification_id, ...booked } = beta.deliveries[before]?.json ?? {}
    assert.ok(Number.isSafeInteger(notification_id))
    assert.deepEqual(booked, {
      issuer_id: ids.beta,
      issuer_slug: 'beta',
      acceptor_id: ids.acme,
      acceptor_slug: 'acme',
      giftcard: card.id,
      action: 'pretix.giftcards.transaction.manual',
    })
    const { notification_id: _id, ...created } = beta.deliveries[before - 2]?.json ?? {}
    assert.deepEqual(created, {
      issuer_id: ids.beta,
      issuer_slug: 'beta',
      giftcard: card.id,
      action: 'pretix.giftcards.created',
    })
  })

  test('what could not be delivered is delivered by the next start, with the same id', async () => {
    beta.answerWith(() => {})
    const first = await startPretix({ database: server, world: { merchants: [] } })
    const made = await first.send('POST', 'beta/giftcards/', {
      token: TOKENS.beta,
      json: { secret: freshCode(), value: '1', currency: 'EUR' },
    })
    assert.equal(made.status, 201)
    const card = (made.json as CardJson).id
    const of = () => beta.deliveries.filter(({ json }) => json.giftcard === card)
    while (of().length === 0) await beta.until(beta.deliveries.length + 1)
    const started = performance.now()
    // Whichever process holds the delivery, none may be kept from stopping by it.
    await first.app.stop()
    assert.ok(performance.now() - started < 5_000)
    await server.app.stop()
    beta.answerWith(200)
    const second = await startPretix({ database: server, world: { merchants: [] } })
    try {
      while (of().length < 3) await beta.until(beta.deliveries.length + 1)
      const [lost, again, booked] = of()
      assert.equal(again?.text, lost?.text)
      assert.equal(short(booked?.json.action), 'transaction.manual')
    } finally {
      await second.app.stop()
    }
  })
})
