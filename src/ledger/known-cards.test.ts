import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openTestLedger, type TestLedger } from '../../test/support/ledger.ts'
import type { Database } from '../db/database.ts'
import { wallClock } from '../money/instant.ts'
import { saveRemembered } from '../services/idempotency.ts'
import { verify } from '../verify.ts'
import type { Card } from './card.ts'
import { createGroupCommit, type GroupCommit } from './group-commit.ts'
import { createKnownCards } from './known-cards.ts'
import { type Command, type Outcome, postKnown } from './post.ts'
import { removeCards } from './removals.ts'

const DAY = 86_400_000_000n

describe('cards as they were when last seen', () => {
  let ledger: TestLedger
  before(async () => {
    ledger = await openTestLedger()
  })
  after(() => ledger.close())

  /** One more server process on the same database. */
  const processOf = (db: Database = ledger.db): GroupCommit =>
    createGroupCommit({ db, now: wallClock, saveRemembered })
  /** A database that opens no transaction: what goes through it needs no lock. */
  const withoutTransactions = (): Database =>
    new Proxy(ledger.db, {
      get: (target, name) => {
        if (name === 'begin') throw new Error('a transaction was opened')
        return Reflect.get(target, name)
      },
    })
  const command = (card: Card, verb: Record<string, unknown>) => ({
    merchantId: ledger.merchantId,
    command: { cardId: card.id, origin: ledger.origin, ...verb } as Command, // Spelled out by each test.
  })
  const redeem = (card: Card, amount: bigint) => command(card, { verb: 'redeem', amount })
  const codeOf = (outcome: Outcome): string => (outcome.ok ? 'ok' : outcome.refusal.code)
  const balanceOf = async (card: Card): Promise<bigint | undefined> =>
    (await ledger.services.cards.find([ledger.merchantId], card.id))?.balance
  const assertWhole = async () => assert.equal((await verify(ledger.owner)).broken, undefined)

  test('a plain command on a card that nobody else changes opens no transaction', async () => {
    const commit = processOf(withoutTransactions())
    const card = await ledger.issue({ amount: 100n })
    const verbs = [
      { verb: 'redeem', amount: 10n },
      { verb: 'load', amount: 5n },
      { verb: 'book', amount: 0n },
      { verb: 'set', balance: 50n },
      { verb: 'adjust', amount: -1n },
      { verb: 'block' },
      { verb: 'unblock' },
      { verb: 'cashOut', amount: 9n },
      { verb: 'expire' },
      { verb: 'close' },
    ]
    const seen: string[] = []
    for (const verb of verbs) {
      const outcome = await commit.submit(command(card, verb))
      assert.ok(outcome.ok && outcome.entry)
      seen.push(`${outcome.entry.kind} ${outcome.entry.amount} ${outcome.entry.balanceAfter}`)
      assert.equal(outcome.card.balance, outcome.entry.balanceAfter)
    }
    await commit.close()
    assert.deepEqual(seen, [
      'redeem -10 90',
      'load 5 95',
      'adjust 0 95',
      'adjust -45 50',
      'adjust -1 49',
      'block 0 49',
      'unblock 0 49',
      'cash_out -9 40',
      'expire -40 0',
      'close 0 0',
    ])
    await assertWhole()
  })

  /** A database that notes which of these texts its statements have. */
  const noting = (...texts: readonly string[]) => {
    const seen: string[] = []
    const db = new Proxy(ledger.db, {
      apply: (target, _this, args: [unknown, ...unknown[]]) => {
        const [first] = args
        if (Array.isArray(first)) seen.push(...texts.filter((text) => first.join().includes(text)))
        return Reflect.apply(target, undefined, args)
      },
      get: (target, name) => {
        if (name === 'begin') seen.push('begin')
        if (name === 'unsafe')
          return (text: string, ...rest: []) => {
            seen.push(...texts.filter((one) => text.includes(one)))
            return target.unsafe(text, ...rest)
          }
        return Reflect.get(target, name)
      },
    })
    return { db, seen }
  }
  const READ = 'cards.xmin::text'
  const WRITE = 'cards.xmin = '

  test('a card is read once, and then known as the last statement left it', async () => {
    const { db, seen } = noting(READ, WRITE)
    const mine = processOf(db)
    const card = await ledger.issue({ amount: 100n })
    for (let time = 0; time < 3; time++)
      assert.equal(codeOf(await mine.submit(redeem(card, 1n))), 'ok')
    assert.deepEqual(seen, [READ, WRITE, WRITE, WRITE])
    // Refused, so judged under the lock, and nothing is taken for known after it.
    assert.equal(codeOf(await mine.submit(redeem(card, 1_000n))), 'insufficient_value')
    assert.equal(codeOf(await mine.submit(redeem(card, 1n))), 'ok')
    await mine.close()
    assert.deepEqual(seen.slice(4), ['begin', READ, WRITE])
    assert.equal(await balanceOf(card), 96n)
  })

  test('what no lock was needed for looks like what was posted under one', async () => {
    const [known, locked] = [processOf(withoutTransactions()), processOf()]
    const [one, other] = [
      await ledger.issue({ amount: 100n }),
      await ledger.issue({ amount: 100n }),
    ]
    const remember = () => undefined
    for (const verb of [
      { verb: 'redeem', amount: 30n },
      { verb: 'load', amount: 7n },
      { verb: 'block' },
    ]) {
      const a = await known.submit(command(one, verb))
      const b = await locked.submit({ ...command(other, verb), remember })
      const shape = (outcome: Outcome) => {
        assert.ok(outcome.ok && outcome.entry)
        const { id, eventId, cardId, createdAt, hash, ...entry } = outcome.entry
        assert.equal(eventId, id)
        const { id: _id, code, createdAt: _made, modifiedAt, lastHash, ...card } = outcome.card
        assert.deepEqual([cardId, createdAt, hash], [_id, modifiedAt, lastHash])
        return { entry, card }
      }
      assert.deepEqual(shape(a), shape(b))
      for (const outcome of [a, b]) {
        assert.ok(outcome.ok)
        assert.deepEqual(
          await ledger.services.cards.find([ledger.merchantId], outcome.card.id),
          outcome.card,
          'the answer is what is stored',
        )
      }
    }
    await Promise.all([known.close(), locked.close()])
  })

  /** What others do to a card of 100 that this process knows, and what then becomes of a redemption of 60. */
  const changes: readonly {
    what: string
    act: (card: Card, other: GroupCommit) => Promise<unknown>
    says: string
    leaves: bigint | undefined
  }[] = [
    {
      what: 'spent from',
      act: (card, other) => other.submit(redeem(card, 50n)),
      says: 'insufficient_value',
      leaves: 49n,
    },
    {
      what: 'loaded',
      act: (card, other) => other.submit(command(card, { verb: 'load', amount: 1n })),
      says: 'ok',
      leaves: 40n,
    },
    {
      what: 'blocked',
      act: (card, other) => other.submit(command(card, { verb: 'block' })),
      says: 'card_blocked',
      leaves: 99n,
    },
    {
      what: 'reserved',
      act: (card) =>
        ledger.services.holds.place({
          merchantId: ledger.merchantId,
          cardId: card.id,
          amount: 45n,
          owner: 'till',
          expiresAt: wallClock() + DAY,
          origin: ledger.origin,
        }),
      says: 'insufficient_value',
      leaves: 99n,
    },
    {
      what: 'expired',
      act: (card) =>
        ledger.owner`update cards set expires_at = now() - interval '1 day' where id = ${card.id}`,
      says: 'card_expired',
      leaves: 99n,
    },
    {
      what: 'taken back',
      act: async (card, other) => {
        await other.submit(command(card, { verb: 'set', balance: 0n }))
        await ledger.owner.begin((tx) =>
          removeCards(tx as never, ledger.merchantId, [card.id], wallClock()),
        )
      },
      says: 'card_not_found',
      leaves: undefined,
    },
  ]
  for (const { what, act, says, leaves } of changes)
    test(`a card that was ${what} elsewhere is judged as it is now`, async () => {
      const [mine, other] = [processOf(), processOf()]
      const card = await ledger.issue({ amount: 100n })
      assert.equal(codeOf(await mine.submit(redeem(card, 1n))), 'ok')
      await act(card, other)
      assert.equal(codeOf(await mine.submit(redeem(card, 60n))), says)
      assert.equal(await balanceOf(card), leaves)
      await Promise.all([mine.close(), other.close()])
      await assertWhole()
    })

  test('a refusal that rests on an old version is not told', async () => {
    const [mine, other] = [processOf(), processOf()]
    const card = await ledger.issue({ amount: 10n })
    assert.equal(codeOf(await mine.submit(redeem(card, 10n))), 'ok')
    await other.submit(command(card, { verb: 'load', amount: 100n }))
    assert.equal(codeOf(await mine.submit(redeem(card, 100n))), 'ok')
    assert.equal(await balanceOf(card), 0n)
    await Promise.all([mine.close(), other.close()])
  })

  test('a change that is under way is waited for, and then seen', async () => {
    const mine = processOf()
    const card = await ledger.issue({ amount: 100n })
    assert.equal(codeOf(await mine.submit(redeem(card, 1n))), 'ok')
    let late: Promise<Outcome> | undefined
    await ledger.owner.begin(async (tx) => {
      await tx`update cards set state = 'blocked' where id = ${card.id}`
      late = mine.submit(redeem(card, 1n))
      for (let waiting = false; !waiting; ) {
        const [row] = await ledger.owner<{ waits: boolean }[]>`
          select exists (select 1 from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock') as waits`
        waiting = row?.waits === true
      }
    })
    assert.ok(late)
    assert.equal(codeOf(await late), 'card_blocked')
    assert.equal(await balanceOf(card), 99n)
    await mine.close()
  })

  test('one card that was changed elsewhere holds up none of its neighbours', async () => {
    const [mine, other] = [processOf(), processOf()]
    const cards = await Promise.all(Array.from({ length: 5 }, () => ledger.issue({ amount: 100n })))
    await Promise.all(cards.map((card) => mine.submit(redeem(card, 1n))))
    const [changed] = cards
    assert.ok(changed)
    await other.submit(redeem(changed, 1n))
    const outcomes = await Promise.all(cards.map((card) => mine.submit(redeem(card, 1n))))
    assert.deepEqual(outcomes.map(codeOf), ['ok', 'ok', 'ok', 'ok', 'ok'])
    assert.deepEqual(await Promise.all(cards.map(balanceOf)), [97n, 98n, 98n, 98n, 98n])
    await Promise.all([mine.close(), other.close()])
    await assertWhole()
  })

  test('what is committed is told and stays, also when the rest of its batch fails', async () => {
    let isBroken = false
    const db = new Proxy(ledger.db, {
      get: (target, name) => {
        if (name === 'begin' && isBroken) throw new Error('no transaction can be opened')
        return Reflect.get(target, name)
      },
    })
    // One lane, so that both are of one batch.
    const mine = createGroupCommit({ db, now: wallClock, saveRemembered, lanes: 1 })
    const [good, short] = [
      await ledger.issue({ amount: 100n }),
      await ledger.issue({ amount: 100n }),
    ]
    await Promise.all([mine.submit(redeem(good, 1n)), mine.submit(redeem(short, 1n))])
    isBroken = true
    const [kept, failed] = await Promise.allSettled([
      mine.submit(redeem(good, 1n)),
      mine.submit(redeem(short, 1_000n)),
    ])
    assert.equal(kept.status, 'fulfilled')
    assert.equal(failed.status, 'rejected')
    assert.deepEqual(await Promise.all([good, short].map(balanceOf)), [98n, 99n])
    isBroken = false
    assert.equal(codeOf(await mine.submit(redeem(short, 1_000n))), 'insufficient_value')
    await mine.close()
    await assertWhole()
  })

  test('a database that cannot compare versions is asked under locks', async () => {
    const refused: string[] = []
    const refuse = (text: string) => {
      refused.push(text)
      return ledger.db`select 1 / 0`
    }
    const db = new Proxy(ledger.db, {
      apply: (target, _this, args: [readonly string[], ...unknown[]]) => {
        const found = args[0].find((text) => text.includes(WRITE))
        return found === undefined ? Reflect.apply(target, undefined, args) : refuse(found)
      },
      get: (target, name) =>
        name === 'unsafe' ? (text: string) => refuse(text) : Reflect.get(target, name),
    })
    // One lane, so that there are batches of one and of several.
    const mine = createGroupCommit({ db, now: wallClock, saveRemembered, lanes: 1 })
    const cards = await Promise.all([1, 2, 3].map(() => ledger.issue({ amount: 100n })))
    const [first] = cards
    assert.ok(first)
    const outcomes = [
      await mine.submit(redeem(first, 1n)),
      ...(await Promise.all(cards.map((card) => mine.submit(redeem(card, 1n))))),
    ]
    assert.deepEqual(outcomes.map(codeOf), ['ok', 'ok', 'ok', 'ok'])
    assert.deepEqual(await Promise.all(cards.map(balanceOf)), [98n, 99n, 99n])
    assert.equal(refused.length, 2)
    await mine.close()
    await assertWhole()
  })

  test('two processes over the same cards spend each of them exactly once', async () => {
    const processes = [processOf(), processOf()]
    const cards = await Promise.all(Array.from({ length: 6 }, () => ledger.issue({ amount: 40n })))
    const outcomes = await Promise.all(
      Array.from({ length: 600 }, async (_, index) => {
        const [mine, card] = [processes[index % 2], cards[index % 6]]
        assert.ok(mine && card)
        // In waves: the processes take turns at knowing better.
        await new Promise((resolve) => setTimeout(resolve, index % 40))
        return codeOf(await mine.submit(redeem(card, 1n)))
      }),
    )
    const count = (code: string) => outcomes.filter((outcome) => outcome === code).length
    assert.equal(count('ok'), 240)
    assert.equal(count('insufficient_value'), 360)
    assert.deepEqual(await Promise.all(cards.map(balanceOf)), [0n, 0n, 0n, 0n, 0n, 0n])
    await Promise.all(processes.map((one) => one.close()))
    await assertWhole()
  })

  test('a version that came again with another history is not the same', async () => {
    const card = await ledger.issue({ amount: 100n })
    const mine = processOf()
    assert.equal(codeOf(await mine.submit(redeem(card, 1n))), 'ok')
    const { command: plain } = redeem(card, 1n)
    const [row] = await ledger.owner<{ version: string }[]>`
      select xmin::text as version from cards where id = ${card.id}`
    assert.ok(row)
    const known = new Map([[card.id, { card, version: row.version }]])
    const posted = await postKnown(ledger.db, ledger.merchantId, [plain], known, {
      now: wallClock(),
    })
    assert.deepEqual(posted.outcomes, [undefined])
    assert.equal(await balanceOf(card), 99n)
    await mine.close()
    await assertWhole()
  })

  test('a webhook that is new is told of the next change', async () => {
    const { db, seen } = noting(WRITE)
    const mine = processOf(db)
    const card = await ledger.issue({ amount: 100n })
    const spend = () =>
      mine.submit(command(card, { verb: 'redeem', amount: 1n, topic: 'transaction.manual' }))
    assert.equal(codeOf(await spend()), 'ok')
    await ledger.owner`
      insert into webhooks (merchant_id, name, url, actions)
      values (${ledger.merchantId}, 'new', 'https://example.com/', ${['pretix.giftcards.*']})`
    for (const left of [98n, 97n]) {
      assert.equal(codeOf(await spend()), 'ok')
      assert.equal(await balanceOf(card), left)
    }
    const told = await ledger.owner`select 1 from notifications where card_id = ${card.id}`
    assert.equal(told.length, 2)
    assert.deepEqual(seen, [WRITE, WRITE, 'begin', 'begin'], 'and then it is expected for a while')
    await ledger.owner`delete from notifications`
    await ledger.owner`delete from webhooks`
    await mine.close()
  })

  test('a card of another merchant is not found, however well it is known', async () => {
    const mine = processOf()
    const card = await ledger.issue({ amount: 100n })
    assert.equal(codeOf(await mine.submit(redeem(card, 1n))), 'ok')
    const theirs = { ...redeem(card, 1n), merchantId: ledger.merchantId + 1n }
    assert.equal(codeOf(await mine.submit(theirs)), 'card_not_found')
    assert.equal(await balanceOf(card), 99n)
    await mine.close()
  })

  test('a card with long conditions is read again each time', async () => {
    const known = createKnownCards()
    const [short, long] = await Promise.all(
      [1_000, 1_001].map((length) => ledger.issue({ amount: 1n, conditions: 'x'.repeat(length) })),
    )
    assert.ok(short && long)
    let reads = 0
    const counting = new Proxy(ledger.db, {
      apply: (target, _this, args) => {
        reads += args[0].some?.((text: string) => text.includes('cards.xmin')) ? 1 : 0
        return Reflect.apply(target, undefined, args)
      },
    })
    for (const [card, expected] of [
      [short, 1],
      [long, 2],
    ] as const) {
      reads = 0
      for (let time = 0; time < 2; time++) {
        const read = await known.recall(counting, ledger.merchantId, [card.id])
        assert.deepEqual(
          [...read.values()].map((one) => one.card),
          [card],
        )
        known.remember([...read.values()])
      }
      assert.equal(reads, expected)
    }
  })

  test('only so many cards are remembered', async () => {
    const known = createKnownCards(2)
    const cards = await Promise.all([1n, 2n, 3n].map((amount) => ledger.issue({ amount })))
    const ids = cards.map(({ id }) => id)
    const read = await known.recall(ledger.db, ledger.merchantId, ids)
    const [a, b, c] = ids.map((id) => read.get(id))
    assert.ok(a && b && c)
    known.remember([a, b])
    known.remember([b, c])
    const nowhere = new Proxy(ledger.db, {
      apply: (_target, _this, [, , missing]: [unknown, unknown, bigint[]]) => {
        throw new Error(`reads ${missing.join()}`)
      },
    })
    assert.deepEqual(
      [...(await known.recall(nowhere, ledger.merchantId, [b.card.id, c.card.id])).values()],
      [b, c],
    )
    await assert.rejects(known.recall(nowhere, ledger.merchantId, [a.card.id]))
    known.forget([b.card.id])
    await assert.rejects(known.recall(nowhere, ledger.merchantId, [b.card.id]))
  })
})
