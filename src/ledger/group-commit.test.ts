import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { openTestLedger, type TestLedger } from '../../test/support/ledger.ts'
import { transact } from '../db/transact.ts'
import { DomainError } from '../errors.ts'
import { wallClock } from '../money/instant.ts'
import { IdempotencyConflict, saveRemembered } from '../services/idempotency.ts'
import { verify } from '../verify.ts'
import { createGroupCommit, type GroupCommitOptions, type Remembered } from './group-commit.ts'
import { issueCards } from './issue.ts'

describe('the group commit', () => {
  let ledger: TestLedger
  before(async () => {
    ledger = await openTestLedger()
  })
  after(() => ledger.close())

  const commitOf = (options: Partial<GroupCommitOptions> = {}) =>
    createGroupCommit({ db: ledger.db, now: wallClock, saveRemembered, ...options })
  const balanceOf = async (cardId: bigint): Promise<bigint | undefined> =>
    (await ledger.services.cards.find([ledger.merchantId], cardId))?.balance
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

  test('what shared a commit is counted with the time it took, each command once', async () => {
    const batches: [size: number, seconds: number][] = []
    const onBatch = (size: number, seconds: number) => void batches.push([size, seconds])
    const commit = commitOf({ lanes: 1, onBatch })
    const cards = await Promise.all([1, 2, 3, 4].map(() => ledger.issue({ amount: 10n })))
    const began = performance.now()
    const [refused] = cards
    assert.ok(refused)
    await Promise.all(
      cards.map((card) => commit.submit(redeem(card.id, card === refused ? 11n : 1n))),
    )
    // Refused without anything written: judged under a lock, in a commit of its own.
    assert.equal((await commit.submit(redeem(refused.id, 11n))).ok, false)
    await commit.close()
    assert.deepEqual(
      batches.map(([size]) => size),
      [3, 1, 1],
    )
    const took = batches.reduce((sum, [, seconds]) => sum + seconds, 0)
    assert.ok(took > 0 && took <= (performance.now() - began) / 1_000)
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
    assert.equal(await balanceOf(card.id), 89n)
    assert.equal((await verify(ledger.owner)).broken, undefined)
  })

  test('a text that cannot be stored as it was hashed is refused, alone and in company', async () => {
    const commit = commitOf({ lanes: 1 })
    const card = await ledger.issue({ amount: 100n })
    const { merchantId, command } = redeem(card.id, 1n)
    const half = { ...command, origin: { ...ledger.origin, text: 'half a pair: \ud83d' } }
    const whole = { ...command, origin: { ...ledger.origin, text: 'a whole one: \ud83d\ude00' } }
    await assert.rejects(commit.submit({ merchantId, command: half }))
    assert.ok((await commit.submit({ merchantId, command: whole })).ok)
    const results = await Promise.allSettled(
      [half, whole].map((one) => commit.submit({ merchantId, command: one })),
    )
    await commit.close()
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'fulfilled'],
    )
    assert.equal(await balanceOf(card.id), 98n)
    assert.equal((await verify(ledger.owner)).broken, undefined)
  })

  /** What a dialect remembers with the effect, under a key of its own. */
  const answerOf = (key: string): Remembered => ({
    merchantId: ledger.merchantId,
    scope: createHash('sha256').update(key).digest(),
    status: 200,
    headers: '{}',
    body: key,
  })
  const answersLike = async (prefix: string) => {
    const rows = await ledger.owner<{ body: string }[]>`
      select convert_from(body, 'UTF8') as body from idempotency_keys
      where convert_from(body, 'UTF8') like ${`${prefix}%`} order by 1`
    return rows.map(({ body }) => body)
  }

  test('whichever of a batch want their answers remembered, all effects and those answers stay', async () => {
    const commit = commitOf({ lanes: 1 })
    const cards = await Promise.all([1, 2, 3].map(() => ledger.issue({ amount: 100n })))
    for (const wanting of [[0], [1], [2], [0, 2], [0, 1, 2]]) {
      const name = `wanted by ${wanting.join()}: `
      const outcomes = await Promise.all(
        cards.map(({ id }, index) =>
          commit.submit({
            ...redeem(id, 1n),
            ...(wanting.includes(index) && { remember: () => answerOf(`${name}${index}`) }),
          }),
        ),
      )
      assert.deepEqual(
        outcomes.map(({ ok }) => ok),
        [true, true, true],
      )
      assert.deepEqual(
        await answersLike(name),
        wanting.map((index) => `${name}${index}`),
      )
    }
    await commit.close()
    for (const card of cards) assert.equal(await balanceOf(card.id), 95n)
    assert.equal((await verify(ledger.owner)).broken, undefined)
  })

  test('a key that somebody else has finished undoes the effect it came with, and no other', async () => {
    const commit = commitOf({ lanes: 1 })
    const cards = await Promise.all([1, 2, 3].map(() => ledger.issue({ amount: 100n })))
    const [first, second, third] = cards.map(({ id }) => redeem(id, 1n))
    assert.ok(first && second && third)
    const remember = () => answerOf('finished')
    await commit.submit({ ...first, remember })
    const results = await Promise.allSettled([
      commit.submit(first),
      commit.submit({ ...second, remember }),
      commit.submit({ ...third, remember: () => answerOf('another') }),
    ])
    await commit.close()
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    const [, conflict] = results
    assert.ok(conflict?.status === 'rejected' && conflict.reason instanceof IdempotencyConflict)
    assert.deepEqual(await Promise.all(cards.map(({ id }) => balanceOf(id))), [98n, 100n, 99n])
    assert.deepEqual(await answersLike('another'), ['another'])
  })

  test('a refusal may be remembered too, and wrote nothing else', async () => {
    const commit = commitOf()
    const card = await ledger.issue({ amount: 1n })
    const outcome = await commit.submit({
      ...redeem(card.id, 2n),
      remember: ({ ok }) => answerOf(`refused: ${!ok}`),
    })
    await commit.close()
    assert.equal(outcome.ok, false)
    assert.deepEqual(await answersLike('refused'), ['refused: true'])
    assert.equal(await balanceOf(card.id), 1n)
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
    assert.equal(await balanceOf(card.id), 98n)
  })

  test('closing waits for what was submitted, and refuses more', async () => {
    const commit = commitOf()
    const card = await ledger.issue({ amount: 100n })
    const told: string[] = []
    const under = commit.submit(redeem(card.id, 1n)).then(({ ok }) => told.push(`under way: ${ok}`))
    assert.equal(commit.queued(), 1)
    await commit.close().then(() => told.push('closed'))
    await under
    assert.deepEqual(told, ['under way: true', 'closed'])
    assert.equal(commit.queued(), 0)
    await assert.rejects(commit.submit(redeem(card.id, 1n)), DomainError)
  })

  test('a batch is of one merchant and of so many commands at most, and nobody is passed over', async () => {
    const [other] = await ledger.owner<{ id: bigint }[]>`
      insert into merchants (slug, name, country, currency, timezone)
      values ('beta', 'Beta', 'DE', 'EUR', 'Europe/Berlin') returning id`
    assert.ok(other)
    const origin = { ...ledger.origin, actingMerchantId: other.id }
    const draft = { code: 'BETA', currency: 'EUR', amount: 1_000n, origin }
    const [issued] = await transact(ledger.db, (tx) =>
      issueCards(tx, other.id, [draft], { now: wallClock() }),
    )
    assert.ok(issued)
    const mine = await ledger.issue({ amount: 1_000n })
    const theirs = {
      merchantId: other.id,
      command: { verb: 'redeem', cardId: issued.card.id, amount: 1n, origin } as const,
    }
    const sizes: number[] = []
    const commit = commitOf({ lanes: 1, onBatch: (size) => void sizes.push(size) })
    const outcomes = await Promise.all(
      Array.from({ length: 600 }, (_, index) =>
        commit.submit(index % 3 === 0 ? theirs : redeem(mine.id, 1n)),
      ),
    )
    await commit.close()
    assert.ok(outcomes.every(({ ok }) => ok))
    assert.deepEqual(sizes, [200, 256, 144])
    assert.equal(await balanceOf(mine.id), 600n)
    assert.equal((await ledger.services.cards.find([other.id], issued.card.id))?.balance, 800n)
  })

  test('the commands of a card keep their order, because a lane does one batch at a time', async () => {
    let open = 0
    const most: number[] = []
    const db = new Proxy(ledger.db, {
      get: (target, name) => {
        const member = Reflect.get(target, name)
        if (name !== 'begin') return member
        return async (...args: unknown[]) => {
          open += 1
          most.push(open)
          try {
            return await Reflect.apply(member as () => Promise<unknown>, target, args)
          } finally {
            open -= 1
          }
        }
      },
    })
    const commit = commitOf({ db, lanes: 1 })
    const card = await ledger.issue({ amount: 100n })
    const remember = () => undefined
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, index))
        return await commit.submit({ ...redeem(card.id, 1n), remember })
      }),
    )
    await commit.close()
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.ok ? outcome.entry?.cardSeq : undefined)),
      Array.from({ length: 40 }, (_, index) => index + 2),
    )
    assert.equal(Math.max(...most), 1)
  })

  test('a card that somebody holds locked makes its own commands busy, and no others', async () => {
    const commit = commitOf({ lanes: 1 })
    const cards = await Promise.all([1, 2, 3].map(() => ledger.issue({ amount: 10n })))
    const [locked] = cards
    assert.ok(locked)
    const results = await ledger.owner.begin(async (tx) => {
      await tx`select 1 from cards where id = ${locked.id} for update`
      return await Promise.allSettled(
        cards.flatMap(({ id }) => [
          commit.submit({ ...redeem(id, 1n), remember: () => undefined }),
          commit.submit(redeem(id, 1n)),
        ]),
      )
    })
    await commit.close()
    for (const [index, result] of results.entries())
      if (index > 1) assert.ok(result.status === 'fulfilled' && result.value.ok)
      else
        assert.ok(
          result.status === 'rejected' &&
            result.reason instanceof DomainError &&
            result.reason.refusal.code === 'busy',
        )
    assert.deepEqual(await Promise.all(cards.map(({ id }) => balanceOf(id))), [10n, 8n, 8n])
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
              and query ~ ${remember ? 'no key update' : 'with (listening|moved) as'}`
          kills += killed.length
        }
      }
      await Promise.all([...clients, killer()])
      await commit.close()
      const spent = 1_000_000n - ((await balanceOf(card.id)) ?? 0n)
      assert.ok(spent >= BigInt(acknowledged), 'what was acknowledged is there')
      assert.ok(spent <= BigInt(acknowledged) + 16n * 5n, 'nothing was tried again by itself')
      assert.equal((await verify(ledger.owner)).broken, undefined)
    })
})
