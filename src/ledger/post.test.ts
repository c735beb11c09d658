import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openTestLedger, type TestLedger } from '../../test/support/ledger.ts'
import { transact } from '../db/transact.ts'
import { DomainError } from '../errors.ts'
import { verify } from '../verify.ts'
import type { Card } from './card.ts'
import type { Verb } from './decide.ts'
import { nextHoldId } from './holds.ts'
import { type Command, type Outcome, type PostOptions, post } from './post.ts'
import { removeCards } from './removals.ts'

/** What one call of `post` leaves in the database (design.md section 3). */

const DAY = 86_400_000_000n

describe('post', () => {
  let ledger: TestLedger
  let now = 1_900_000_000_000_000n
  before(async () => {
    ledger = await openTestLedger({ now: () => now })
  })
  after(() => ledger.close())

  const on = (card: Card, verb: Verb, more: Pick<Command, 'topic' | 'event'> = {}): Command => ({
    cardId: card.id,
    origin: ledger.origin,
    ...verb,
    ...more,
  })
  const run = (commands: readonly Command[], options: Partial<PostOptions> = {}) => {
    now += 1n
    return transact(
      ledger.db,
      (tx) => post(tx, ledger.merchantId, commands, { now, ...options }),
      // As the group commit does: the first statement only locks and reads.
      { isEager: true },
    )
  }
  const one = async (command: Command, options: Partial<PostOptions> = {}) => {
    const [outcome] = await run([command], options)
    assert.ok(outcome)
    return outcome
  }
  const codeOf = (outcome: Outcome | undefined) =>
    outcome === undefined || outcome.ok ? 'ok' : outcome.refusal.code
  const entryOf = (outcome: Outcome | undefined) => {
    assert.ok(outcome?.ok && outcome.entry, codeOf(outcome))
    return outcome.entry
  }
  const cardOf = async ({ id }: Card) => {
    const card = await ledger.services.cards.find([ledger.merchantId], id)
    assert.ok(card)
    return card
  }
  const holdsOf = (card: Card) =>
    ledger.owner`
      select captured, state, ended_at is not null as ended from holds
      where merchant_id = ${ledger.merchantId} and card_id = ${card.id} order by id`
  const rowsOf = (table: 'entries' | 'notifications' | 'reversal_totals') =>
    ledger.owner<{ count: bigint }[]>`select count(*) from ${ledger.owner(table)}`.then(
      ([row]) => row?.count,
    )
  const assertWhole = async () => assert.equal((await verify(ledger.owner)).broken, undefined)
  const redeem = (amount: bigint): Verb => ({ verb: 'redeem', amount })

  test('commands of one call are one event, unless they name several', async () => {
    const [a, b] = [await ledger.issue({ amount: 100n }), await ledger.issue({ amount: 100n })]
    const together = (await run([on(a, redeem(1n)), on(b, redeem(2n)), on(a, redeem(3n))])).map(
      entryOf,
    )
    const [first] = together
    assert.ok(first)
    for (const { eventId } of together) assert.equal(eventId, first.id)
    const apart = (
      await run([
        on(a, redeem(1n), { event: 7 }),
        on(b, redeem(2n), { event: 3 }),
        on(b, redeem(3n), { event: 7 }),
      ])
    ).map(entryOf)
    const [x, y, z] = apart
    assert.ok(x && y && z)
    assert.deepEqual(
      apart.map(({ eventId }) => eventId),
      [x.id, y.id, x.id],
    )
    assert.ok(x.id < y.id && y.id < z.id, 'ids rise in the order of the commands')
    const stored = await ledger.owner<{ id: bigint; event_id: bigint }[]>`
      select id, event_id from entries where id >= ${first.id} order by id`
    assert.deepEqual(
      stored.map(({ event_id }) => event_id),
      [first.id, first.id, first.id, x.id, y.id, x.id],
    )
    await assertWhole()
  })

  test('the commands of a card follow each other; one that is refused disturbs nobody', async () => {
    const [card, other] = [await ledger.issue({ amount: 10n }), await ledger.issue({ amount: 10n })]
    const unknown = { ...card, id: 1n << 60n }
    const outcomes = await run([
      on(card, redeem(6n)),
      on(unknown, redeem(1n)),
      on(card, redeem(5n)),
      on(other, { verb: 'block' }),
      on(card, redeem(4n)),
      on(other, redeem(1n)),
    ])
    assert.deepEqual(outcomes.map(codeOf), [
      'ok',
      'card_not_found',
      'insufficient_value',
      'ok',
      'ok',
      'card_blocked',
    ])
    assert.deepEqual(
      [0, 3, 4].map((index) => entryOf(outcomes[index]).cardSeq),
      [2, 2, 3],
    )
    for (const index of [3, 4]) {
      const outcome = outcomes[index]
      assert.ok(outcome?.ok)
      assert.deepEqual(outcome.card, await cardOf(outcome.card), 'the answer is what is stored')
    }
    await assertWhole()
  })

  test('a card that was removed is not found, whoever holds its id', async () => {
    const card = await ledger.issue({})
    await transact(ledger.db, (tx) => removeCards(tx, ledger.merchantId, [card.id], now))
    assert.equal(codeOf(await one(on(card, { verb: 'load', amount: 1n }))), 'card_not_found')
  })

  test('all or nothing: one refusal is thrown, and nothing is there of the others', async () => {
    const [card, other] = [await ledger.issue({ amount: 10n }), await ledger.issue({ amount: 10n })]
    const entries = await rowsOf('entries')
    await assert.rejects(
      run([on(card, redeem(1n)), on(other, redeem(11n))], { allOrNothing: true }),
      (error) => error instanceof DomainError && error.refusal.code === 'insufficient_value',
    )
    assert.equal(await rowsOf('entries'), entries)
    assert.deepEqual(await cardOf(card), card)
    const both = await run([on(card, redeem(1n)), on(other, redeem(2n))], { allOrNothing: true })
    assert.deepEqual(both.map(codeOf), ['ok', 'ok'])
  })

  test('what was given back is counted over all calls, and bounded', async () => {
    const card = await ledger.issue({ amount: 100n })
    const spent = entryOf(await one(on(card, redeem(60n))))
    const back = (amount?: bigint): Verb => ({
      verb: 'reverse',
      entryId: spent.id,
      ...(amount !== undefined && { amount }),
    })
    assert.equal(entryOf(await one(on(card, back(10n)))).reverses, spent.id)
    assert.equal(codeOf(await one(on(card, back(51n)))), 'reversal_exceeds_original')
    // Twice in one call, beside a card that has nothing to do with it.
    const other = await ledger.issue({ amount: 1n })
    const outcomes = await run([on(card, back(20n)), on(other, back(1n)), on(card, back(31n))])
    assert.deepEqual(outcomes.map(codeOf), ['ok', 'entry_not_found', 'reversal_exceeds_original'])
    assert.equal(entryOf(await one(on(card, back()))).amount, 30n)
    assert.equal(codeOf(await one(on(card, back()))), 'reversal_exceeds_original')
    const [total] = await ledger.owner`
      select original, reversed from reversal_totals where entry_id = ${spent.id}`
    assert.deepEqual({ ...total }, { original: 60n, reversed: 60n })
    assert.equal((await cardOf(card)).balance, 100n)
    await assertWhole()
  })

  test('a hold is placed, taken in parts and let go, each in a call of its own', async () => {
    const card = await ledger.issue({ amount: 100n })
    const holdId = await nextHoldId(ledger.db)
    const held = { holdId, owner: 'till' }
    const placed = await one(
      on(card, { verb: 'hold', ...held, amount: 60n, expiresAt: now + DAY, reason: 'table 4' }),
    )
    assert.ok(placed.ok)
    assert.deepEqual([placed.holdId, placed.entry], [holdId, undefined])
    assert.deepEqual(await cardOf(card), { ...card, held: 60n }, 'no entry, only the hold')
    assert.equal(codeOf(await one(on(card, redeem(41n)))), 'insufficient_value')

    const part = await one(on(card, { verb: 'capture', ...held, amount: 25n, keepRest: true }))
    assert.ok(part.ok)
    assert.deepEqual([part.holdId, entryOf(part).holdId, part.card.held], [holdId, holdId, 35n])
    assert.deepEqual([...(await holdsOf(card))], [{ captured: 25n, state: 'open', ended: false }])

    const released = await one(on(card, { verb: 'release', ...held }))
    assert.ok(released.ok)
    assert.equal(released.entry, undefined)
    assert.deepEqual(await cardOf(card), released.card)
    assert.deepEqual([released.card.balance, released.card.held], [75n, 0n])
    assert.deepEqual(
      [...(await holdsOf(card))],
      [{ captured: 25n, state: 'released', ended: true }],
    )
    for (const verb of ['capture', 'release'] as const)
      assert.equal(codeOf(await one(on(card, { verb, ...held }))), 'hold_ended')
    await assertWhole()
  })

  test('a hold of another card is not found', async () => {
    const [card, other] = [await ledger.issue({ amount: 10n }), await ledger.issue({ amount: 10n })]
    const held = { holdId: await nextHoldId(ledger.db), owner: 'till' }
    await one(on(card, { verb: 'hold', ...held, amount: 5n, expiresAt: now + DAY }))
    for (const verb of ['capture', 'release'] as const)
      assert.equal(codeOf(await one(on(other, { verb, ...held }))), 'hold_not_found')
    assert.equal(codeOf(await one(on(card, { verb: 'release', ...held }))), 'ok')
  })

  for (const amount of [60n, 1n])
    test(`whatever comes next lets go of a hold of ${amount} that is past its time`, async () => {
      const card = await ledger.issue({ amount: 100n })
      const held = { holdId: await nextHoldId(ledger.db), owner: 'till' }
      await one(on(card, { verb: 'hold', ...held, amount, expiresAt: now + 1_000n }))
      assert.equal(codeOf(await one(on(card, redeem(100n)))), 'insufficient_value')
      now += 1_000n
      const outcome = await one(on(card, redeem(100n)))
      assert.ok(outcome.ok)
      assert.deepEqual(await cardOf(card), outcome.card)
      assert.deepEqual([outcome.card.balance, outcome.card.held], [0n, 0n])
      const gone = { captured: 0n, state: 'expired', ended: true }
      assert.deepEqual([...(await holdsOf(card))], [gone])
      await assertWhole()
    })

  describe('with a commit that may go out along', () => {
    const isLast = { isLast: true }

    test('entries and cards are committed with it', async () => {
      const card = await ledger.issue({ amount: 10n })
      const outcomes = await run([on(card, redeem(1n)), on(card, redeem(99n))], isLast)
      assert.deepEqual(outcomes.map(codeOf), ['ok', 'insufficient_value'])
      assert.equal((await cardOf(card)).balance, 9n)
      assert.equal(codeOf(await one(on(card, redeem(99n)), isLast)), 'insufficient_value')
    })

    test('so is all that belongs to them: reversals, holds, and what the world must hear', async () => {
      const cards = await Promise.all([1, 2, 3, 4].map(() => ledger.issue({ amount: 100n })))
      const [a, b, c, d] = cards
      assert.ok(a && b && c && d)
      const spent = await run([on(a, redeem(10n)), on(b, redeem(10n))])
      await ledger.owner`
        insert into webhooks (merchant_id, name, url, actions)
        values (${ledger.merchantId}, 'shop', 'https://example.org', ${['pretix.giftcards.*']})`
      const back = (outcome: Outcome | undefined): Verb => ({
        verb: 'reverse',
        entryId: entryOf(outcome).id,
        amount: 1n,
      })
      const hold = async (): Promise<Verb> => ({
        verb: 'hold',
        holdId: await nextHoldId(ledger.db),
        amount: 1n,
        owner: 'till',
        expiresAt: now + DAY,
      })
      const topic = { topic: 'transaction.refund' } as const
      const batches: readonly (readonly [Command[], reversals: bigint, notices: bigint])[] = [
        [[on(a, back(spent[0]))], 1n, 0n],
        [[on(b, back(spent[1]), topic)], 1n, 1n],
        [[on(c, await hold())], 0n, 0n],
        [[on(c, redeem(1n), topic)], 0n, 1n],
        [[on(a, back(spent[0]), topic), on(d, await hold())], 0n, 1n],
        [[on(a, back(spent[0]), topic), on(b, redeem(1n), topic), on(d, redeem(1n))], 0n, 2n],
      ]
      for (const [index, [commands, reversals, notices]] of batches.entries()) {
        const before = [await rowsOf('reversal_totals'), await rowsOf('notifications')]
        const outcomes = await run(commands, isLast)
        assert.deepEqual(new Set(outcomes.map(codeOf)), new Set(['ok']), `batch ${index}`)
        const after = [await rowsOf('reversal_totals'), await rowsOf('notifications')]
        assert.deepEqual(
          after.map((count, at) => (count ?? 0n) - (before[at] ?? 0n)),
          [reversals, notices],
          `batch ${index}`,
        )
      }
      assert.deepEqual(await Promise.all(cards.map(async (card) => (await cardOf(card)).held)), [
        0n,
        0n,
        1n,
        1n,
      ])
      const told = await ledger.owner`
        select action, card_id, acting_merchant_id from notifications order by id`
      assert.deepEqual(
        told.map((row) => ({ ...row })),
        [b, c, a, a, b].map((card) => ({
          action: 'pretix.giftcards.transaction.refund',
          card_id: card.id,
          acting_merchant_id: ledger.merchantId,
        })),
      )
      await assertWhole()
    })
  })
})
