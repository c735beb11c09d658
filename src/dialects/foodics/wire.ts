import { parseDecimal } from '../../money/decimal.ts'
import { INSTANT_MIN, type Instant, MICROS_PER_SECOND, toDate } from '../../money/instant.ts'
import { formatExact, toUnits } from '../../money/money.ts'
import { JsonNumber, type JsonValue, rawNumber } from '../../wire/json.ts'

/** 9999999999.99999: 15 digits survive any client's double (specs/foodics.md 7). */
export const UNITS_MAX = 999_999_999_999_999n

/** Why an input is no amount; the words are chosen by the field that has it. */
export type AmountFault = 'not-numeric' | 'too-fine' | 'too-large'

/** In a text, unlike in a JSON number, neither an exponent nor a plus is a number here. */
const PLAIN = /^-?\d+(\.\d+)?$/

/** Reads a JSON number from its source text, or a plain decimal text; exact or a fault, never rounded. */
export function readAmount(input: JsonValue): bigint | AmountFault {
  const source = input instanceof JsonNumber ? input.source : input
  if (typeof source !== 'string') return 'not-numeric'
  if (source === input && !PLAIN.test(source)) return 'not-numeric'
  const value = parseDecimal(source)
  // Longer than any amount can sensibly be spelled.
  if (!value) return 'too-large'
  const units = toUnits(value)
  if (units === undefined) return value.scale > 0 ? 'too-fine' : 'too-large'
  return units > UNITS_MAX || units < -UNITS_MAX ? 'too-large' : units
}

/** The shortest plain JSON number: no exponent, no trailing zeros, zero is `0`. */
export const encodeAmount = (units: bigint): unknown => rawNumber(formatExact(units))

/** `YYYY-MM-DD HH:MM:SS` in UTC; what is finer than a second is cut off. */
export const encodeStamp = (instant: Instant): string =>
  toDate(instant).toISOString().slice(0, 19).replace('T', ' ')

/** `YYYY-MM-DD` in UTC. */
export const encodeDay = (instant: Instant): string => encodeStamp(instant).slice(0, 10)

const MICROS_PER_DAY = 86_400n * MICROS_PER_SECOND

/** From the first instant that is in to the first that is not. */
export type Span = { readonly from: Instant; readonly until: Instant }

function readMidnight(text: string): Instant | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!match) return undefined
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number] // Three groups.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  const instant = BigInt(date.getTime()) * 1_000n
  return instant < INSTANT_MIN ? undefined : instant
}

/** A real calendar day `YYYY-MM-DD`, in UTC; a time of day makes it something else. */
export function parseDay(text: string): Span | undefined {
  const from = readMidnight(text)
  return from === undefined ? undefined : { from, until: from + MICROS_PER_DAY }
}

/** `YYYY-MM-DD HH:MM:SS`, any run of spaces between, or `…T…Z`, or a day alone, which is its midnight. */
export function parseStamp(text: string): Instant | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?: +(\d{2}:\d{2}:\d{2})|T(\d{2}:\d{2}:\d{2})Z)?$/.exec(text)
  if (!match) return undefined
  const midnight = readMidnight(match[1] ?? '')
  const time = (match[2] ?? match[3] ?? '00:00:00').split(':').map(Number)
  const [hour = 0, minute = 0, second = 0] = time
  if (midnight === undefined || hour > 23 || minute > 59 || second > 59) return undefined
  return midnight + BigInt(hour * 3_600 + minute * 60 + second) * MICROS_PER_SECOND
}
