import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromDate } from './instant.ts'
import { createZone, fromReading, isZone, toReading } from './zone.ts'

const at = (text: string) => fromDate(new Date(text))
const berlin = createZone('Europe/Berlin')

test('a zone knows its offset in winter, in summer and before 1970', () => {
  assert.equal(berlin.offsetAt(at('2031-01-15T12:00:00Z')), 3_600_000_000n)
  assert.equal(berlin.offsetAt(at('2031-07-15T12:00:00Z')), 7_200_000_000n)
  assert.equal(berlin.offsetAt(at('1969-12-31T23:59:59.500Z') + 7n), 3_600_000_000n)
  assert.equal(
    createZone('America/St_Johns').offsetAt(at('2031-01-15T12:00:00Z')),
    -12_600_000_000n,
  )
})

test('a reading that never comes lies past the gap', () => {
  // 30 March 2031: clocks go from 02:00 to 03:00.
  assert.equal(fromReading(berlin, at('2031-03-30T02:30:00Z')), at('2031-03-30T01:30:00Z'))
  assert.equal(fromReading(berlin, at('2031-03-30T01:59:59Z')), at('2031-03-30T00:59:59Z'))
  assert.equal(fromReading(berlin, at('2031-03-30T03:00:00Z')), at('2031-03-30T01:00:00Z'))
})

test('a reading that comes twice is its first coming', () => {
  // 26 October 2031: clocks go from 03:00 back to 02:00.
  assert.equal(fromReading(berlin, at('2031-10-26T02:30:00Z')), at('2031-10-26T00:30:00Z'))
  assert.equal(fromReading(berlin, at('2031-10-26T03:00:00Z')), at('2031-10-26T02:00:00Z'))
})

test('what the clocks show leads back to the instant, except in the repeated hour', () => {
  const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia'].map(
    createZone,
  )
  fc.assert(
    fc.property(
      fc.bigInt({ min: at('1980-01-01T00:00:00Z'), max: at('2100-01-01T00:00:00Z') }),
      fc.constantFrom(...zones),
      (instant, zone) => {
        const back = fromReading(zone, toReading(zone, instant))
        assert.equal(toReading(zone, back), toReading(zone, instant))
        assert.ok(back <= instant)
      },
    ),
    { numRuns: 300 },
  )
})

test('an unknown zone is refused', () => {
  assert.ok(isZone('Europe/Berlin'))
  assert.ok(!isZone('Europe/Atlantis'))
  assert.throws(() => createZone(''), RangeError)
})
