import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  createClock,
  formatInstant,
  fromDate,
  INSTANT_MAX,
  INSTANT_MIN,
  microsOfSecond,
  toDate,
  wallClock,
} from './instant.ts'

const instants = fc.bigInt({ min: INSTANT_MIN, max: INSTANT_MAX })

test('an instant is printed in UTC with all six digits, whatever was printed before', () => {
  for (const [instant, text] of [
    [0n, '1970-01-01T00:00:00.000000Z'],
    [1n, '1970-01-01T00:00:00.000001Z'],
    [-1n, '1969-12-31T23:59:59.999999Z'],
    [-1_000_000n, '1969-12-31T23:59:59.000000Z'],
    [1_935_648_000_123_456n, '2031-05-04T08:00:00.123456Z'],
    [INSTANT_MIN, '0001-01-01T00:00:00.000000Z'],
    [INSTANT_MAX, '9999-12-31T23:59:59.999999Z'],
  ] as const) {
    assert.equal(formatInstant(instant), text)
    assert.equal(formatInstant(instant), text)
  }
})

test('a date and the microseconds beyond it are the whole instant', () => {
  fc.assert(
    fc.property(instants, (instant) => {
      const date = toDate(instant)
      const rest = instant - fromDate(date)
      assert.ok(rest >= 0n && rest < 1_000n, 'a date is never later than its instant')
      const micros = microsOfSecond(instant)
      assert.ok(micros >= 0 && micros < 1_000_000)
      assert.equal(BigInt(date.getUTCMilliseconds()) * 1_000n + rest, BigInt(micros))
      assert.equal(formatInstant(instant).slice(0, 23), date.toISOString().slice(0, 23))
    }),
  )
})

test('the wall clock tells the time of the system', () => {
  const [before, at, after] = [Date.now(), wallClock(), Date.now()]
  assert.ok(at >= BigInt(before - 3) * 1_000n && at <= BigInt(after + 3) * 1_000n)
})

test('a clock runs steadily, and follows the system where that was set or had to sleep', () => {
  let steady = 1_000_000.25
  let ahead = 0
  const clock = createClock(
    () => Math.floor(steady + ahead),
    () => steady,
  )
  assert.equal(clock(), 1_000_000_250n)
  steady += 0.003
  assert.equal(clock(), 1_000_000_253n, 'the system has not moved')
  for (const change of [8 * 3_600_000, -3_600_000, 5, -5]) {
    ahead += change
    steady += 0.5
    const off = clock() - BigInt(Math.round((steady + ahead) * 1_000))
    assert.ok(off <= 0n && off > -1_000n, `set by ${change} ms`)
    const before = clock()
    steady += 0.1
    assert.equal(clock() - before, 100n, 'and runs on from there')
  }
})
