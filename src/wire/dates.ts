import {
  formatInstant,
  fromDate,
  INSTANT_MAX,
  INSTANT_MIN,
  type Instant,
  microsOfSecond,
  toDate,
} from '../money/instant.ts'

/** Why a text is no instant: its spelling, or a year that cannot be printed. */
export type InstantFault = 'format' | 'range'

const PATTERN =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/

/** ISO 8601 without dashes and colons, as `20310501T080000Z`. */
const BASIC_DATE = /^(\d{4})(\d{2})(\d{2})(?=$|[T ])/
const BASIC_TIME = /([T ])(\d{2})(\d{2})(\d{2})?(?![\d:])/

/**
 * Reads ISO 8601 as Django REST Framework does (specs/pretix-giftcards.md 5.6): `T` or a space, seconds
 * and zone optional, 1 to 9 fractional digits cut to six, or a bare date (midnight); also without dashes
 * and colons. Blanks around it are not part of it.
 * A text without a zone is handed to `local`, by default read as UTC.
 */
export function parseInstant(
  text: string,
  local: (utcReading: Instant) => Instant = (reading) => reading,
): Instant | InstantFault {
  const extended = text
    .replace(BASIC_DATE, '$1-$2-$3')
    .replace(BASIC_TIME, (_all, mark: string, ...parts: (string | undefined)[]) => {
      return (
        mark +
        parts
          .slice(0, 3)
          .filter((part) => part !== undefined)
          .join(':')
      )
    })
  const match = PATTERN.exec(extended)
  if (!match) return 'format'
  const [, year = '', month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] =
    match
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (y < 1 || h > 23 || mi > 59 || s > 59) return 'format'
  const date = new Date(0)
  date.setUTCFullYear(y, mo - 1, d)
  if (date.getUTCMonth() !== mo - 1 || date.getUTCDate() !== d) return 'format'
  date.setUTCHours(h, mi, s)
  const reading = fromDate(date) + BigInt(fraction.padEnd(6, '0').slice(0, 6))
  const offset = zone === undefined ? undefined : zoneOffset(zone)
  if (offset === 'format') return 'format'
  const instant = offset === undefined ? local(reading) : reading - offset
  return instant < INSTANT_MIN || instant > INSTANT_MAX ? 'range' : instant
}

function zoneOffset(zone: string): Instant | 'format' {
  if (zone === 'Z') return 0n
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  const [hour, minute] = [Number(digits.slice(0, 2)), Number(digits.slice(2))]
  if (hour > 23 || minute > 59) return 'format'
  const minutes = BigInt(hour * 60 + minute)
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000_000n
}

/** UTC with `Z`; no fraction when it is zero, else six digits (specs/pretix-giftcards.md 4). */
export function formatUtc(instant: Instant): string {
  return microsOfSecond(instant) === 0
    ? `${toDate(instant).toISOString().slice(0, 19)}Z`
    : formatInstant(instant)
}
