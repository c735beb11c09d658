import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openTestLedger, type TestLedger } from '../../test/support/ledger.ts'
import { transact } from '../db/transact.ts'
import { verify } from '../verify.ts'
import type { Card } from './card.ts'
import { listLapsedCards, loadHolds, nextHoldId } from './holds.ts'
import { issueCards } from './issue.ts'
import { type Command, post } from './post.ts'

const NOW = 1_900_000_000_000_000n

describe('holds, as they are read', () => {
  let ledger: TestLedger
  let other: bigint
  let now = NOW
  before(async () => {
    ledger = await openTestLedger({ now: () => now })
    const [merchant] = await ledger.owner<{ id: bigint }[]>`
      insert into merchants (slug, name, country, currency, timezone)
      values ('beta', 'Beta', 'DE', 'EUR', 'UTC') returning id`
    other = merchant?.id ?? 0n
  })
  after(() => ledger.close())

  async function run(merchantId: bigint, card: Card, verb: Record<string, unknown>) {
    const command = { cardId: card.id, origin: ledger.origin, ...verb } as Command // Spelled out by each test.
    const [outcome] = await transact(ledger.db, (tx) => post(tx, merchantId, [command], { now }))
    assert.ok(outcome?.ok)
  }
  async function hold(merchantId: bigint, card: Card, expiresAt: bigint): Promise<bigint> {
    const holdId = await nextHoldId(ledger.db)
    await run(merchantId, card, { verb: 'hold', holdId, amount: 1n, owner: 'till', expiresAt })
    return holdId
  }
  async function issueTheirs(): Promise<Card> {
    const draft = { code: 'BETA', currency: 'EUR', amount: 100n, origin: ledger.origin }
    const [issued] = await transact(ledger.db, (tx) => issueCards(tx, other, [draft], { now }))
    assert.ok(issued)
    return issued.card
  }

  test('are the open ones of the cards, and those that are named, of one merchant', async () => {
    const [a, b] = [await ledger.issue({ amount: 100n }), await ledger.issue({ amount: 100n })]
    const theirs = await issueTheirs()
    const { merchantId } = ledger
    const [open, ended, ofB] = [
      await hold(merchantId, a, NOW + 10n),
      await hold(merchantId, a, NOW + 10n),
      await hold(merchantId, b, NOW + 10n),
    ]
    const ofOther = await hold(other, theirs, NOW + 10n)
    await run(merchantId, a, { verb: 'release', holdId: ended, owner: 'till' })
    const read = async (cardIds: readonly bigint[], holdIds: readonly bigint[]) => {
      const found = await loadHolds(ledger.db, merchantId, cardIds, holdIds)
      return [...found].map(([cardId, holds]) => [cardId, [...holds.keys()]])
    }
    assert.deepEqual(await read([a.id, theirs.id], []), [[a.id, [open]]])
    assert.deepEqual(await read([], [ofB, ofOther]), [[b.id, [ofB]]])
    const [[, both] = []] = await read([a.id], [ended])
    assert.deepEqual(new Set(both as bigint[]), new Set([open, ended]))
  })

  test('a card is swept once, when any of its holds is past its time and still open', async () => {
    const { merchantId } = ledger
    const cards = await Promise.all([1, 2, 3].map(() => ledger.issue({ amount: 100n })))
    const [due, later, released] = cards
    assert.ok(due && later && released)
    await hold(merchantId, due, NOW + 5n)
    await hold(merchantId, due, NOW + 6n)
    await hold(merchantId, later, NOW + 7n)
    const holdId = await hold(merchantId, released, NOW + 5n)
    await run(merchantId, released, { verb: 'release', holdId, owner: 'till' })
    const lapsed = (at: bigint, limit = 10) => listLapsedCards(ledger.db, merchantId, at, limit)
    assert.deepEqual(await lapsed(NOW + 4n), [])
    assert.deepEqual(await lapsed(NOW + 5n), [due.id])
    assert.deepEqual(await lapsed(NOW + 6n), [due.id])
    assert.deepEqual(new Set(await lapsed(NOW + 7n)), new Set([due.id, later.id]))
    assert.equal((await lapsed(NOW + 7n, 1)).length, 1)
    now = NOW + 7n
    await ledger.services.holds.sweep()
    assert.deepEqual(await lapsed(now), [])
    const { held } = (await ledger.services.cards.find([merchantId], due.id)) ?? {}
    assert.equal(held, 0n)
    assert.equal((await verify(ledger.owner)).broken, undefined)
  })
})
