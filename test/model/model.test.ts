import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { DomainError } from '../../src/errors.ts'
import type { Verb } from '../../src/ledger/decide.ts'
import { verify } from '../../src/verify.ts'
import { openTestLedger, type TestLedger } from '../support/ledger.ts'

/**
 * Random commands through the whole stack (services, group commit, PostgreSQL) against a toy ledger that
 * knows nothing of the real one. A failure prints the seed; `MODEL_SEED=… npm run test:only --
 * test/model/model.test.ts` replays it.
 */
const SEQUENCES = 2_000
const seed = Number(process.env.MODEL_SEED ?? Date.now() % 2 ** 31)

/** What the toy is asked: holds and reversals are named by their position among those that succeeded. */
type Step =
  | { do: 'load' | 'redeem' | 'set' | 'cashOut'; amount: number }
  | { do: 'hold'; amount: number }
  | { do: 'capture'; nth: number; amount: number; keepRest: boolean }
  | { do: 'release'; nth: number }
  | { do: 'reverse'; nth: number; amount: number }
  | { do: 'block' | 'unblock' | 'expire' }

const amount = fc.integer({ min: 1, max: 60 })
const nth = fc.integer({ min: 0, max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('load', 'redeem', 'set', 'cashOut'), amount }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('hold'), amount }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('capture'), nth, amount, keepRest: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release'), nth }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('reverse'), nth, amount }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('block', 'unblock', 'expire') }) },
) as fc.Arbitrary<Step> // Each record is one of the steps.

/** A card in whole numbers: the least that could be right. */
class Toy {
  balance = 100
  blocked = false
  readonly holds: { left: number; open: boolean }[] = []
  readonly moves: { amount: number; left: number }[] = [{ amount: 100, left: 100 }]

  get free(): number {
    return this.balance - this.holds.reduce((sum, hold) => sum + (hold.open ? hold.left : 0), 0)
  }

  move(amount: number, reversible: boolean): boolean {
    this.balance += amount
    this.moves.push({ amount, left: reversible ? Math.abs(amount) : 0 })
    return true
  }

  /** Does a step if it is allowed, and says whether it was. */
  take(next: Step): boolean {
    switch (next.do) {
      case 'load':
        return !this.blocked && this.move(next.amount, true)
      case 'redeem':
      case 'cashOut':
        return !this.blocked && next.amount <= this.free && this.move(-next.amount, true)
      case 'set':
        if (this.blocked || next.amount < this.balance - this.free) return false
        return this.move(next.amount - this.balance, true)
      case 'hold':
        if (this.blocked || next.amount > this.free) return false
        this.holds.push({ left: next.amount, open: true })
        return true
      case 'capture': {
        const hold = this.holds[next.nth]
        if (!hold?.open || this.blocked || next.amount > hold.left) return false
        hold.left -= next.amount
        hold.open = next.keepRest && hold.left > 0
        return this.move(-next.amount, true)
      }
      case 'release': {
        const hold = this.holds[next.nth]
        if (!hold?.open) return false
        hold.open = false
        return true
      }
      case 'reverse': {
        const move = this.moves[next.nth]
        if (!move || move.left < next.amount) return false
        const back = move.amount < 0 ? next.amount : -next.amount
        if (-back > this.free) return false
        move.left -= next.amount
        return this.move(back, false)
      }
      case 'expire':
        return this.move(-this.free, false)
      case 'block':
      case 'unblock':
        if (this.blocked === (next.do === 'block')) return false
        this.blocked = next.do === 'block'
        return this.move(0, false)
    }
  }
}

describe('a model of the ledger', () => {
  let ledger: TestLedger
  before(async () => {
    ledger = await openTestLedger()
  })
  after(() => ledger.close())

  /** One sequence on a card of its own; many run side by side, so batches mix them. */
  async function play(steps: readonly Step[]): Promise<void> {
    const { services, merchantId, origin } = ledger
    const toy = new Toy()
    const card = await ledger.issue({ amount: 100n })
    const [first] = await services.cards.entries(card)
    const entryIds: bigint[] = first ? [first.id] : []
    const holdIds: bigint[] = []
    for (const next of steps) {
      const verb = toVerb(next, entryIds, holdIds)
      if (!verb) {
        assert.equal(toy.take(next), false)
        continue
      }
      let accepted = true
      try {
        if (next.do === 'hold') {
          const hold = { amount: BigInt(next.amount), owner: 'model', expiresAt: FAR }
          const { holdId } = await services.holds.place({
            merchantId,
            cardId: card.id,
            origin,
            ...hold,
          })
          holdIds.push(holdId)
        } else {
          const { entry } = await services.book({
            merchantId,
            command: { ...verb, cardId: card.id, origin },
          })
          if (entry) entryIds.push(entry.id)
        }
      } catch (error) {
        if (!(error instanceof DomainError)) throw error
        accepted = false
      }
      assert.equal(
        accepted,
        toy.take(next),
        `${JSON.stringify(next)} after ${JSON.stringify(steps)}`,
      )
    }
    const now = await services.cards.find([merchantId], card.id)
    assert.equal(now?.balance, BigInt(toy.balance))
    assert.equal(now?.held, BigInt(toy.balance - toy.free))
    const entries = await services.cards.entries(card)
    assert.deepEqual(
      entries.map((entry) => Number(entry.amount)),
      toy.moves.map((move) => (Object.is(move.amount, -0) ? 0 : move.amount)),
    )
  }

  test(`${SEQUENCES} random sequences agree with a toy ledger, and the books verify`, async () => {
    const sequences = fc.sample(fc.array(step, { minLength: 1, maxLength: 8 }), {
      numRuns: SEQUENCES,
      seed,
    })
    const waiting = [...sequences]
    const worker = async (): Promise<void> => {
      for (let steps = waiting.pop(); steps; steps = waiting.pop()) await play(steps)
    }
    try {
      await Promise.all(Array.from({ length: 64 }, worker))
    } catch (error) {
      throw new Error(`replay with MODEL_SEED=${seed}`, { cause: error })
    }
    const report = await verify(ledger.owner)
    assert.equal(report.broken, undefined)
    assert.equal(report.cards, SEQUENCES)
  })
})

const FAR = 10n ** 17n

function toVerb(
  next: Step,
  entryIds: readonly bigint[],
  holdIds: readonly bigint[],
): Verb | undefined {
  switch (next.do) {
    case 'set':
      return { verb: 'set', balance: BigInt(next.amount) }
    case 'load':
    case 'redeem':
    case 'cashOut':
      return { verb: next.do, amount: BigInt(next.amount) }
    case 'hold':
    case 'block':
    case 'unblock':
    case 'expire':
      return { verb: next.do === 'hold' ? 'lapse' : next.do }
    case 'capture': {
      const holdId = holdIds[next.nth]
      const { keepRest } = next
      return holdId === undefined
        ? undefined
        : { verb: 'capture', holdId, owner: 'model', amount: BigInt(next.amount), keepRest }
    }
    case 'release': {
      const holdId = holdIds[next.nth]
      return holdId === undefined ? undefined : { verb: 'release', holdId, owner: 'model' }
    }
    case 'reverse': {
      const entryId = entryIds[next.nth]
      return entryId === undefined
        ? undefined
        : { verb: 'reverse', entryId, amount: BigInt(next.amount) }
    }
  }
}
