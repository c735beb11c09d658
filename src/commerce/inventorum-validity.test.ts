import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatInstant, fromDate, INSTANT_MAX, type Instant } from '../money/instant.ts'
import { createZone, toReading } from '../money/zone.ts'
import {
  addMonths,
  type ValidityUnit,
  validityValueMax,
  validUntil,
} from './inventorum-validity.ts'

const at = (text: string): Instant => fromDate(new Date(text))
const end = (issued: string, value: number, unit: ValidityUnit) =>
  formatInstant(validUntil({ until: undefined, unit, value }, at(issued)) ?? assert.fail()).replace(
    '.000000',
    '',
  )

test('days and weeks are spans of UTC, so the local reading shifts with daylight saving', () => {
  const issued = at('2031-03-20T10:00:00+01:00')
  const until = validUntil({ until: undefined, unit: 'day', value: 10 }, issued) ?? assert.fail()
  assert.equal(
    formatInstant(toReading(createZone('Europe/Berlin'), until)),
    '2031-03-30T11:00:00.000000Z',
  )
  assert.equal(end('2031-10-20T10:00:00Z', 2, 'week'), '2031-11-03T10:00:00Z')
})

test('months and years keep the UTC time of day and clamp the day to the month', () => {
  assert.equal(end('2031-01-31T09:15:20Z', 1, 'month'), '2031-02-28T09:15:20Z')
  assert.equal(end('2032-01-31T09:15:20Z', 1, 'month'), '2032-02-29T09:15:20Z')
  assert.equal(end('2031-11-30T23:59:59Z', 3, 'month'), '2032-02-29T23:59:59Z')
  assert.equal(end('2032-02-29T12:00:00Z', 2, 'year'), '2034-02-28T12:00:00Z')
  assert.equal(end('2032-02-29T12:00:00Z', 4, 'year'), '2036-02-29T12:00:00Z')
  assert.equal(end('2031-12-31T00:00:00Z', 12, 'month'), '2032-12-31T00:00:00Z')
})

test('the microseconds of the issue survive', () => {
  const issued = at('2031-02-03T09:16:02.330Z') + 100n
  assert.equal(formatInstant(addMonths(issued, 24)), '2033-02-03T09:16:02.330100Z')
})

test('a fixed date goes before a span, and neither means for ever', () => {
  const until = at('2031-07-21T20:59:59Z')
  const now = at('2031-01-01T00:00:00Z')
  assert.equal(validUntil({ until, unit: 'day', value: 1 }, now), until)
  assert.equal(validUntil({ until: undefined, unit: 'month', value: undefined }, now), undefined)
})

test('nothing ends after the year 9999', () => {
  const now = at('2031-06-01T00:00:00Z')
  assert.deepEqual(
    (['day', 'week', 'month', 'year'] as const).map((unit) => validityValueMax(unit, now)),
    [7_967 * 365, 7_967 * 52, 7_967 * 12, 7_967],
  )
  assert.equal(validUntil({ until: undefined, unit: 'year', value: 36_500 }, now), INSTANT_MAX)
  for (const unit of ['day', 'week', 'month', 'year'] as const) {
    const value = validityValueMax(unit, now)
    assert.ok((validUntil({ until: undefined, unit, value }, now) ?? INSTANT_MAX) < INSTANT_MAX)
  }
})
