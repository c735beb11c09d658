import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openTestLedger, type TestLedger } from '../../test/support/ledger.ts'
import { DomainError } from '../errors.ts'
import { wallClock } from '../money/instant.ts'
import { saveRemembered } from '../services/idempotency.ts'
import { verify } from '../verify.ts'
import { createGroupCommit } from './group-commit.ts'

describe('the group commit', () => {
  let ledger: TestLedger
  before(async () => {
    ledger = await openTestLedger()
  })
  after(() => ledger.close())

  const commitOf = (options: { queueMax?: number; onBatch?: (size: number) => void } = {}) =>
    createGroupCommit({ db: ledger.db, now: wallClock, saveRemembered, ...options })
  const redeem = (cardId: bigint, amount: bigint) => ({
    merchantId: ledger.merchantId,
    command: { verb: 'redeem', cardId, amount, origin: ledger.origin } as const,
  })

  test('many callers share a commit, and each hears what became of its own command', async () => {
    const sizes: number[] = []
    const commit = commitOf({ onBatch: (size) => sizes.push(size) })
    const card = await ledger.issue({ amount: 100n })
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => commit.submit(redeem(card.id, 3n))),
    )
    await commit.close()
    assert.equal(outcomes.filter(({ ok }) => ok).length, 33)
    for (const outcome of outcomes)
      if (!outcome.ok) assert.equal(outcome.refusal.code, 'insufficient_value')
    assert.ok(sizes.length < 10, `50 commands took ${sizes.length} commits`)
    const entries = outcomes.flatMap((outcome) =>
      outcome.ok && outcome.entry ? [outcome.entry] : [],
    )
    assert.equal(
      new Set(entries.map(({ eventId }) => eventId)).size,
      33,
      'each is an event of its own',
    )
    for (const entry of entries) assert.equal(entry.eventId, entry.id)
  })

  test('a command that the database refuses hurts no neighbour', async () => {
    const commit = commitOf()
    const card = await ledger.issue({ amount: 100n })
    const bad = redeem(card.id, 1n)
    // A NUL cannot be stored as text; decoders refuse it long before, so this stands for any bad row.
    const broken = { ...bad, command: { ...bad.command, origin: { ...ledger.origin, text: '\0' } } }
    const results = await Promise.allSettled([
      commit.submit(redeem(card.id, 5n)),
      commit.submit(broken),
      commit.submit(redeem(card.id, 6n)),
    ])
    await commit.close()
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    const now = await ledger.services.cards.find([ledger.merchantId], card.id)
    assert.equal(now?.balance, 89n)
    assert.equal((await verify(ledger.owner)).broken, undefined)
  })

  test('a full queue refuses before anything was begun', async () => {
    const commit = commitOf({ queueMax: 2 })
    const card = await ledger.issue({ amount: 100n })
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () => commit.submit(redeem(card.id, 1n))),
    )
    await commit.close()
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason] : [],
    )
    assert.equal(refused.length, 3)
    for (const reason of refused)
      assert.ok(reason instanceof DomainError && reason.refusal.code === 'overloaded')
    assert.equal((await ledger.services.cards.find([ledger.merchantId], card.id))?.balance, 98n)
  })

  test('closing waits for what was submitted, and refuses more', async () => {
    const commit = commitOf()
    const card = await ledger.issue({ amount: 100n })
    const under = commit.submit(redeem(card.id, 1n))
    await commit.close()
    assert.equal((await under).ok, true)
    await assert.rejects(commit.submit(redeem(card.id, 1n)), DomainError)
  })

  /** Both ways of committing: without locks, and under them because an answer is to be remembered too. */
  for (const [how, remember] of [
    ['a connection lost while a batch is written', undefined],
    ['a connection lost between the locks and the writes', () => undefined],
  ] as const)
    test(`${how} leaves nothing half done`, async () => {
      const commit = commitOf()
      const card = await ledger.issue({ amount: 1_000_000n })
      let acknowledged = 0
      let kills = 0
      const client = async (): Promise<void> => {
        while (kills < 5)
          try {
            const submission = { ...redeem(card.id, 1n), ...(remember && { remember }) }
            if ((await commit.submit(submission)).ok) acknowledged += 1
          } catch {
            // The connection was killed; what became of this one the books will say.
          }
      }
      const clients = Array.from({ length: 16 }, client)
      const killer = async (): Promise<void> => {
        while (kills < 5) {
          const killed = await ledger.owner`
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
              and query like ${remember ? '%no key update%' : '%with listening as%'}`
          kills += killed.length
        }
      }
      await Promise.all([...clients, killer()])
      await commit.close()
      const now = await ledger.services.cards.find([ledger.merchantId], card.id)
      const spent = 1_000_000n - (now?.balance ?? 0n)
      assert.ok(spent >= BigInt(acknowledged), 'what was acknowledged is there')
      assert.ok(spent <= BigInt(acknowledged) + 16n * 5n, 'nothing was tried again by itself')
      assert.equal((await verify(ledger.owner)).broken, undefined)
    })
})
