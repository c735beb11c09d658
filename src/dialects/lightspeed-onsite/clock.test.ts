import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { formatInstant } from '../../money/instant.ts'
import { createZone, toReading } from '../../money/zone.ts'
import { createClock } from './clock.ts'

const at = (text: string): bigint => BigInt(Date.parse(text)) * 1_000n

it('a time is the store’s wall clock, six digits, no zone', () => {
  const instant = at('2026-07-04T22:15:30Z') + 120_034n
  assert.equal(createClock('UTC').format(instant), '2026-07-04T22:15:30.120034')
  assert.equal(createClock('Europe/Berlin').format(instant), '2026-07-05T00:15:30.120034')
  assert.equal(createClock('America/New_York').format(instant), '2026-07-04T18:15:30.120034')
  assert.equal(createClock('UTC').format(instant - 120_034n), '2026-07-04T22:15:30.000000')
})

it('a clock shows what its zone shows, on days of change, before 1970 and in far years too', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia']
  const pairs = zones.map((name) => [createZone(name), createClock(name)] as const)
  const changes = ['2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z', '2011-12-30T10:00:00Z']
  const near = fc
    .tuple(fc.constantFrom(...changes), fc.bigInt({ min: -90_000_000_000n, max: 90_000_000_000n }))
    .map(([text, micros]) => at(text) + micros)
  const any = fc.bigInt({ min: at('1900-01-01T00:00:00Z'), max: at('9999-12-30T00:00:00Z') })
  fc.assert(
    fc.property(fc.constantFrom(...pairs), fc.oneof(near, any), ([zone, clock], instant) => {
      assert.equal(clock.format(instant), formatInstant(toReading(zone, instant)).slice(0, -1))
    }),
    { numRuns: 800 },
  )
})

it('an unknown zone is refused', () => assert.throws(() => createClock('Tea/Time'), RangeError))
