import { fromDate, INSTANT_MAX, type Instant, toDate } from '../money/instant.ts'

export type ValidityUnit = 'day' | 'week' | 'month' | 'year'

/** How long cards of a template are good; a fixed date goes before a span (specs/inventorum.md 10.6). */
export type Validity = {
  readonly until: Instant | undefined
  readonly unit: ValidityUnit
  readonly value: number | undefined
}

const DAY = 86_400_000_000n
const LAST_YEAR = 9_999

/**
 * When a card issued at `issuedAt` ends, to the microsecond. Days and weeks are spans of UTC, so the
 * local clock reading shifts across a change of daylight saving; months and years keep the UTC time
 * of day, the day clamped to the month's last. Nothing ends later than the year 9999.
 */
export function validUntil(validity: Validity, issuedAt: Instant): Instant | undefined {
  const { until, unit, value } = validity
  if (until !== undefined || value === undefined) return until
  if (unit === 'day' || unit === 'week') {
    const end = issuedAt + BigInt(value) * (unit === 'week' ? 7n : 1n) * DAY
    return end < INSTANT_MAX ? end : INSTANT_MAX
  }
  return addMonths(issuedAt, unit === 'year' ? value * 12 : value)
}

/** Calendar addition on the UTC date: 31 January plus one month is 28 or 29 February. */
export function addMonths(instant: Instant, months: number): Instant {
  const from = toDate(instant)
  const month = from.getUTCMonth() + months
  const year = from.getUTCFullYear() + Math.floor(month / 12)
  if (year > LAST_YEAR) return INSTANT_MAX
  // Day 0 of the following month is the last day of this one.
  const lastDay = new Date(Date.UTC(year, (month % 12) + 1, 0)).getUTCDate()
  const to = new Date(from)
  to.setUTCFullYear(year, month % 12, Math.min(from.getUTCDate(), lastDay))
  return fromDate(to) + (instant - fromDate(from))
}

/** The largest value of a unit that stays within the year 9999 when a card is issued about now. */
export function validityValueMax(unit: ValidityUnit, now: Instant): number {
  const years = LAST_YEAR - 1 - toDate(now).getUTCFullYear()
  return { day: years * 365, week: years * 52, month: years * 12, year: years }[unit]
}
