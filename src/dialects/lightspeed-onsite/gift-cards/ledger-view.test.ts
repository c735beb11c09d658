import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  at,
  cookieOf,
  createOnSite,
  type OnSite,
  type OnSiteAnswer,
  teashop,
  textAt,
} from '../../../../test/support/lightspeed.ts'
import { transact } from '../../../db/transact.ts'
import type { Verb } from '../../../ledger/decide.ts'
import { type Command, post } from '../../../ledger/post.ts'
import { wallClock } from '../../../money/instant.ts'
import type { XmlElement } from '../../../wire/xml.ts'

describe('what other protocols do to a card', () => {
  let server: TestApp
  let till: OnSite
  let merchantId: bigint
  let productId: bigint
  let serial = 0
  let cookie: string | undefined

  before(async () => {
    server = await startTestApp({
      world: teashop({ cards: [{ code: 'WELCOME-7Q2', value: '50.00' }] }),
    })
    till = createOnSite(server.http)
    const [row] = await server.owner<{ merchant: bigint; product: bigint }[]>`
      select merchant_id as merchant, min(id) as product from lightspeed_products
      where gift_card group by merchant_id`
    merchantId = row?.merchant ?? 0n
    productId = row?.product ?? 0n
    cookie = cookieOf(await till.send('GET', '/api/sessions/current/'))
  })
  after(() => server.close())

  const issue = async (inside = ''): Promise<bigint> => {
    serial += 1
    const { root } = await till.send('POST', '/api/gift_cards/', {
      headers: { cookie },
      body: `<gift_card><product id="${productId}"/><serial_number>LV-${serial}</serial_number>${inside}</gift_card>`,
    })
    return BigInt(root?.attributes.get('id') ?? 0)
  }
  const withCredit = (credit: string): Promise<bigint> =>
    issue(`<totals><credit>${credit}</credit></totals>`)
  const get = (card: bigint): Promise<OnSiteAnswer> =>
    till.send('GET', `/api/gift_cards/${card}/`, { headers: { cookie } })

  /** Books as another protocol would, and returns the entry's id if the ledger took it. */
  const book = async (
    card: bigint,
    verb: Verb,
    origin: Partial<Command['origin']> = {},
  ): Promise<bigint | undefined> => {
    const command: Command = {
      ...verb,
      cardId: card,
      origin: { protocol: 'foodics', actingMerchantId: merchantId, ...origin },
    }
    const [outcome] = await transact(server.db, (tx) =>
      post(tx, merchantId, [command], { now: wallClock() }),
    )
    return outcome?.ok ? outcome.entry?.id : undefined
  }

  const entriesOf = (root: XmlElement | undefined): readonly XmlElement[] =>
    at(root, 'history_entries')?.children ?? []
  const cents = (root: XmlElement | undefined, path: string): bigint => {
    const text = textAt(root, path) ?? ''
    assert.match(text, /^-?\d+\.\d{2}$/)
    return BigInt(text.replace('.', ''))
  }

  /** Everything that a client can check on every response (specs/lightspeed-onsite.md 7.9). */
  function assertCloses({ root }: OnSiteAnswer): void {
    const entries = entriesOf(root)
    const credit = cents(root, 'totals/credit')
    let [previous, sum] = [0n, 0n]
    let lastId = 0n
    for (const [index, entry] of entries.entries()) {
      assert.equal(cents(entry, 'totals/before'), previous)
      previous = cents(entry, 'totals/after')
      assert.equal(previous, cents(entry, 'totals/before') + cents(entry, 'totals/amount'))
      sum += cents(entry, 'totals/amount')
      assert.equal(textAt(entry, 'activity') === 'created', index === 0)
      const id = BigInt(entry.attributes.get('id') ?? 0)
      assert.ok(id > lastId)
      lastId = id
    }
    assert.equal(previous, credit)
    assert.equal(sum, credit)
    assert.equal(cents(root, 'totals/total'), cents(root, 'totals/used') + credit)
  }

  const totalsOf = (root: XmlElement | undefined): (string | undefined)[] =>
    ['total', 'used', 'credit'].map((name) => textAt(root, `totals/${name}`))
  const wordsOf = (root: XmlElement | undefined): (string | undefined)[] =>
    entriesOf(root).map((entry) => textAt(entry, 'activity'))

  it('is history at once, each booking with its word, its amount and its effect on the totals', async () => {
    const card = await withCredit('60.00')
    const other = await withCredit('10.00')
    const spend = await book(card, { verb: 'redeem', amount: 1_525_000n })
    const load = await book(card, { verb: 'load', amount: 2_000_000n })
    assert.ok(spend && load)
    const steps: readonly (readonly [Verb, string, string, readonly string[]])[] = [
      [{ verb: 'book', amount: 0n }, 'adjusted', '0.00', ['80.00', '15.25', '64.75']],
      [
        { verb: 'reverse', entryId: spend, amount: 525_000n },
        'refunded',
        '5.25',
        ['80.00', '10.00', '70.00'],
      ],
      [{ verb: 'reverse', entryId: load }, 'withdrawn', '-20.00', ['60.00', '10.00', '50.00']],
      [{ verb: 'adjust', amount: 300_000n }, 'adjusted', '3.00', ['63.00', '10.00', '53.00']],
      [{ verb: 'adjust', amount: -100_000n }, 'adjusted', '-1.00', ['63.00', '11.00', '52.00']],
      [{ verb: 'set', balance: 4_000_000n }, 'adjusted', '-12.00', ['63.00', '23.00', '40.00']],
      [{ verb: 'transfer', amount: -500_000n }, 'redeemed', '-5.00', ['63.00', '28.00', '35.00']],
      [{ verb: 'transfer', amount: 100_000n }, 'recharged', '1.00', ['64.00', '28.00', '36.00']],
      [{ verb: 'cashOut', amount: 600_000n }, 'redeemed', '-6.00', ['64.00', '34.00', '30.00']],
      [{ verb: 'block' }, 'deactivated', '0.00', ['64.00', '34.00', '30.00']],
      [{ verb: 'unblock' }, 'activated', '0.00', ['64.00', '34.00', '30.00']],
      [{ verb: 'expire' }, 'expired', '-30.00', ['64.00', '64.00', '0.00']],
      [{ verb: 'close' }, 'deactivated', '0.00', ['64.00', '64.00', '0.00']],
    ]
    let modified = ''
    for (const [verb, word, amount, totals] of steps) {
      const entryId = await book(card, verb)
      const answer = await get(card)
      assertCloses(answer)
      const last = entriesOf(answer.root).at(-1)
      assert.equal(last?.attributes.get('id'), String(entryId), verb.verb)
      assert.equal(textAt(last, 'activity'), word, verb.verb)
      assert.equal(textAt(last, 'totals/amount'), amount, verb.verb)
      assert.deepEqual(totalsOf(answer.root), totals, verb.verb)
      const now = textAt(answer.root, 'modified') ?? ''
      assert.equal(now, textAt(last, 'created'))
      assert.ok(now >= modified)
      modified = now
    }
    assert.deepEqual(wordsOf((await get(other)).root), ['created'])
  })

  it('shows the flag of a card that is blocked, and of one that is ended', async () => {
    const card = await withCredit('1.00')
    const active = async (): Promise<string | undefined> =>
      textAt((await get(card)).root, 'flags/active')
    assert.equal(await active(), 'true')
    await book(card, { verb: 'block' })
    assert.equal(await active(), 'false')
    await book(card, { verb: 'unblock' })
    assert.equal(await active(), 'true')
  })

  it('shows no entry for a hold, whose value is still booked', async () => {
    const card = await withCredit('10.00')
    await book(card, {
      verb: 'hold',
      holdId: card,
      amount: 400_000n,
      owner: 'x',
      expiresAt: wallClock() + 60_000_000n,
    })
    const { root } = await get(card)
    assert.deepEqual(wordsOf(root), ['created'])
    assert.deepEqual(totalsOf(root), ['10.00', '0.00', '10.00'])
    await book(card, { verb: 'capture', holdId: card, owner: 'x', amount: 300_000n })
    assert.deepEqual(wordsOf((await get(card)).root), ['created', 'redeemed'])
  })

  it('gives a refund beyond what was used to the total', async () => {
    // Used and loaded elsewhere, spent here, and then more came back than was ever used.
    const card = await withCredit('20.00')
    const spend = await book(card, { verb: 'redeem', amount: 1_500_000n })
    await book(card, { verb: 'load', amount: 100_000n })
    await book(card, { verb: 'reverse', entryId: spend ?? 0n })
    const answer = await get(card)
    assertCloses(answer)
    assert.deepEqual(totalsOf(answer.root), ['21.00', '0.00', '21.00'])
  })

  it('is cut off to two decimals, so that every sum closes', async () => {
    const amounts = fc.array(fc.integer({ min: -400_000, max: 400_000 }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(amounts, async (list) => {
        const card = await withCredit('2.00')
        for (const amount of list) await book(card, { verb: 'book', amount: BigInt(amount) })
        assertCloses(await get(card))
      }),
      { numRuns: 25 },
    )
  })

  it('names orders and invoices as sources and texts as notes, and no user of ours', async () => {
    const card = await issue('<note>Counter</note><totals><credit>9</credit></totals>')
    await book(card, { verb: 'redeem', amount: 1n }, { orderRef: 'web-7741', text: 'Cake & <tea>' })
    await book(card, { verb: 'redeem', amount: 1n }, { invoiceRef: 'R-2026-1' })
    await book(card, { verb: 'redeem', amount: 1n }, { orderRef: 'FXQYW', invoiceRef: 'R-2' })
    await book(card, { verb: 'redeem', amount: 1n })
    const entries = entriesOf((await get(card)).root)
    assert.deepEqual(
      entries.map((entry) => [textAt(entry, 'note'), textAt(entry, 'source_id')]),
      [
        ['Counter', ''],
        ['Cake & <tea>', 'web-7741'],
        ['', 'R-2026-1'],
        ['', 'FXQYW'],
        ['', ''],
      ],
    )
    assert.deepEqual(
      entries.map((entry) => at(entry, 'user')?.attributes.size),
      [2, 0, 0, 0, 0],
    )
  })

  it('shows a card that another protocol made, with the store’s product and no user', async () => {
    const [{ id } = { id: 0n }] = await server.owner<{ id: bigint }[]>`
      select id from cards where code = 'WELCOME-7Q2'`
    const answer = await get(id)
    assertCloses(answer)
    assert.equal(textAt(answer.root, 'serial_number'), 'WELCOME-7Q2')
    assert.deepEqual(totalsOf(answer.root), ['50.00', '0.00', '50.00'])
    assert.equal(at(answer.root, 'product')?.attributes.get('id'), productId.toString())
    assert.ok(answer.text.includes('<user/><product '))
    assert.ok(answer.text.includes('<invoice/>'))
    assert.deepEqual(wordsOf(answer.root), ['created'])
  })

  it('meets a card made here at once, by its serial; an inactive one is refused', async () => {
    const pretix = (path: string, body?: object): Promise<Response> =>
      fetch(`${server.http}/api/v1/organizers/tea/giftcards/${path}`, {
        method: body ? 'POST' : 'GET',
        headers: {
          authorization: 'Token tea-pretix-token-0123456789',
          'content-type': 'application/json',
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
    const card = await issue('<note>Counter</note><totals><credit>9.50</credit></totals>')
    const seen = (await (await pretix(`${card}/`)).json()) as Record<string, unknown>
    assert.equal(seen.secret, `LV-${serial}`)
    assert.equal(seen.value, '9.50')
    const bookings = (await (await pretix(`${card}/transactions/`)).json()) as {
      results: Record<string, unknown>[]
    }
    assert.equal(bookings.results[0]?.text, 'Counter')
    assert.equal(bookings.results[0]?.order, null)

    const inactive = await issue(
      '<flags><active>false</active></flags><totals><credit>9.50</credit></totals>',
    )
    const refused = await pretix(`${inactive}/transact/`, { value: '-1.00' })
    assert.equal(refused.status, 409)
    assert.deepEqual(wordsOf((await get(inactive)).root), ['created'])
  })

  it('never shows half: readers among writers always see sums that close', async () => {
    const card = await withCredit('50.00')
    let writing = true
    const writers = Promise.all(
      [1, 2].map(async (n) => {
        for (let turn = 0; turn < 25; turn += 1)
          await book(
            card,
            turn % 2 === 0
              ? { verb: 'redeem', amount: BigInt(n * 12_345) }
              : { verb: 'load', amount: 100_001n },
          )
      }),
    ).finally(() => {
      writing = false
    })
    let reads = 0
    while (writing) {
      assertCloses(await get(card))
      reads += 1
    }
    await writers
    assert.ok(reads > 5)
    assert.equal(entriesOf((await get(card)).root).length, 51)
  })
})
