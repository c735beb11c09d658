import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { UNITS_PER_CENT } from '../../../money/money.ts'
import { activityOf, stepOf, totalsOf } from './history.ts'

it('every kind of entry has its word', () => {
  for (const [kind, amount, word] of [
    ['issue', 0n, 'created'],
    ['issue', 5n, 'created'],
    ['load', 5n, 'recharged'],
    ['redeem', -5n, 'redeemed'],
    ['refund', 5n, 'refunded'],
    ['void', -5n, 'withdrawn'],
    ['void', 5n, 'refunded'],
    ['adjust', 5n, 'adjusted'],
    ['adjust', -5n, 'adjusted'],
    ['adjust', 0n, 'adjusted'],
    ['transfer', 5n, 'recharged'],
    ['transfer', -5n, 'redeemed'],
    ['cash_out', -5n, 'redeemed'],
    ['expire', -5n, 'expired'],
    ['block', 0n, 'deactivated'],
    ['unblock', 0n, 'activated'],
    ['close', 0n, 'deactivated'],
  ] as const)
    assert.equal(activityOf({ kind, amount }), word, `${kind} ${amount}`)
})

it('before and after are cut off and the amount is their difference', () => {
  // 10.009 less 0.005 is 10.004: no cent is seen to move.
  assert.deepEqual(stepOf({ amount: -500n, balanceAfter: 1_000_400n }), {
    before: 1_000_000n,
    after: 1_000_000n,
    amount: 0n,
  })
  // 10.001 less 0.002 is 9.999: one cent is.
  assert.deepEqual(stepOf({ amount: -200n, balanceAfter: 999_900n }), {
    before: 1_000_000n,
    after: 999_000n,
    amount: -1_000n,
  })
})

it('whatever the ledger holds, the sums of a response close', () => {
  const steps = fc.array(fc.bigInt({ min: -500_000n, max: 500_000n }), { maxLength: 30 })
  fc.assert(
    fc.property(fc.nat(10_000_000), steps, (opening, amounts) => {
      let balance = 0n
      let loaded = 0n
      const history: ReturnType<typeof stepOf>[] = []
      for (const wanted of [BigInt(opening), ...amounts]) {
        const amount = wanted < -balance ? -balance : wanted
        balance += amount
        if (amount > 0n) loaded += amount
        history.push(stepOf({ amount, balanceAfter: balance }))
      }
      const { total, used, credit } = totalsOf({ loaded, balance })
      assert.equal(history[0]?.before, 0n)
      assert.equal(history.at(-1)?.after, credit)
      history.forEach((step, at) => {
        assert.equal(step.after, step.before + step.amount)
        if (at > 0) assert.equal(step.before, history[at - 1]?.after)
        assert.equal(step.amount % UNITS_PER_CENT, 0n)
      })
      assert.equal(
        history.reduce((sum, { amount }) => sum + amount, 0n),
        credit,
      )
      assert.equal(total, used + credit)
      assert.ok(used >= 0n && credit <= balance && total <= loaded)
    }),
  )
})
