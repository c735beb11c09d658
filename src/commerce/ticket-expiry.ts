import { type Instant, MICROS_PER_SECOND, toDate } from '../money/instant.ts'
import { fromReading, toReading, type Zone } from '../money/zone.ts'

const DAY: Instant = 86_400n * MICROS_PER_SECOND
const DAYS = 14n

/**
 * When an order that nobody pays is given up: at the end of the 14th day in the event's time zone, moved
 * on to Monday from a weekend (specs/pretix-vouchers.md 0.1).
 */
export function defaultExpiry(datetime: Instant, zone: Zone): Instant {
  const reading = toReading(zone, datetime) + DAYS * DAY
  const midnight = reading - (((reading % DAY) + DAY) % DAY)
  const weekday = toDate(midnight).getUTCDay()
  const moved = midnight + (weekday === 6 ? 2n : weekday === 0 ? 1n : 0n) * DAY
  return fromReading(zone, moved + DAY - MICROS_PER_SECOND)
}
