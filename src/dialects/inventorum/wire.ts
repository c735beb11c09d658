import {
  compare,
  type Decimal,
  formatFixed,
  formatShortest,
  parseDecimal,
} from '../../money/decimal.ts'
import { fromDate, type Instant, microsOfSecond, toDate } from '../../money/instant.ts'
import { formatCents, fromUnits } from '../../money/money.ts'
import { fromReading, toReading, type Zone } from '../../money/zone.ts'
import { type Reading, readInstant, TEXT, typeWord } from '../../wire/fields.ts'
import { JsonNumber, type JsonValue, rawNumber } from '../../wire/json.ts'

/** Texts of this protocol that Django REST Framework does not bring along (specs/inventorum.md). */
export const SHOP_TEXT = {
  above: (n: string) => `Ensure this value is greater than ${n}.`,
  elements: (n: number) => `Ensure this field has no more than ${n} elements.`,
  empty: 'This list may not be empty.',
  discount: 'Discounts are not supported.',
  enterNumber: 'Enter a number.',
  codeCharacters: 'Redeem code contains invalid characters',
} as const

const fault = (...faults: string[]): { faults: string[] } => ({ faults })

// --- Input ------------------------------------------------------------------------------------------

/** More digits than any money, rate or quantity has; what is longer is no sensible number. */
const NUMBER_LENGTH_MAX = 1_000
/** Digits before the point of any amount (specs/inventorum.md 14). */
const WHOLE_DIGITS_MAX = 10

export type NumberRules = {
  readonly places: number
  /** Smallest allowed value. */
  readonly min?: Decimal
  /** Must be larger than this. */
  readonly above?: Decimal
  readonly max?: Decimal
}

/**
 * A decimal from its source text, number or string, first fault only; zeros past the scale are harmless
 * and exponents are read (specs/inventorum.md 1.6).
 */
export const number =
  ({ places, min, above, max }: NumberRules) =>
  (input: JsonValue): Reading<Decimal> => {
    const source = input instanceof JsonNumber ? input.source : input
    if (typeof source !== 'string') return fault(TEXT.number)
    if (source.length > NUMBER_LENGTH_MAX) return fault(TEXT.tooLarge)
    const parsed = parseDecimal(source.trim())
    if (!parsed) return fault(TEXT.number)
    const value = stripZeros(parsed)
    if (value.scale > places) return fault(TEXT.maxPlaces(places))
    if (wholeDigits(value) > WHOLE_DIGITS_MAX) return fault(TEXT.maxWhole(WHOLE_DIGITS_MAX))
    if (min && compare(value, min) < 0) return fault(TEXT.min(spelled(min)))
    if (above && compare(value, above) <= 0) return fault(SHOP_TEXT.above(spelled(above)))
    if (max && compare(value, max) > 0) return fault(TEXT.max(spelled(max)))
    return { value }
  }

/** A bound as it was written in the rules: `0.10`. */
const spelled = (bound: Decimal): string => formatFixed(bound, bound.scale, 'down')

function stripZeros(value: Decimal): Decimal {
  if (value.units === 0n) return { units: 0n, scale: 0 }
  let { units, scale } = value
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n
    scale -= 1
  }
  return { units, scale }
}

function wholeDigits({ units, scale }: Decimal): number {
  if (units === 0n) return 0
  return Math.max((units < 0n ? -units : units).toString().length - scale, 0)
}

const INT8_MAX = 9_223_372_036_854_775_807n

/** PrimaryKeyRelatedField: an integer or its digits; whether it exists is asked later. */
export function readKey(input: JsonValue): Reading<bigint> {
  const source = input instanceof JsonNumber ? input.source : input
  if (typeof source !== 'string' || !/^\s*[+-]?\d{1,100}\s*$/.test(source))
    return fault(TEXT.pkType(typeWord(input)))
  const key = BigInt(source.trim().replace('+', ''))
  return key > INT8_MAX || key < -INT8_MAX ? fault(TEXT.pk(source.trim())) : { value: key }
}

/** Digits of a path segment as an id, or undefined: such an id cannot exist. */
export function parseId(segment: string): bigint | undefined {
  if (!/^\d{1,19}$/.test(segment)) return undefined
  const id = BigInt(segment)
  return id > INT8_MAX ? undefined : id
}

/** A redeem code as it was submitted: a string, or an integer digit for digit (specs/inventorum.md 5.1). */
export function readCode(input: JsonValue): Reading<string> {
  if (typeof input === 'string') return { value: input }
  if (input instanceof JsonNumber && /^-?\d+$/.test(input.source)) return { value: input.source }
  return fault(TEXT.string)
}

/** DateTimeField whose texts without an offset are wall-clock readings of the account. */
export const localInstant =
  (zone: Zone) =>
  (input: JsonValue): Reading<Instant> =>
    readInstant(input, (reading) => fromReading(zone, reading))

/** `DD.MM.YYYY`, a day on the account's calendar, or undefined. */
export function parseDay(text: string): string | undefined {
  const match = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(text.trim())
  const [day, month, year] = match?.slice(1).map(Number) ?? []
  if (day === undefined || month === undefined || year === undefined || year < 1) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
    ? date.toISOString().slice(0, 10)
    : undefined
}

/** `YYYY.MM.DD hh:mm:ss` on the account's clock, or undefined. */
export function parseLocalTime(text: string, zone: Zone): Instant | undefined {
  const match = /^(\d{4})\.(\d{2})\.(\d{2})(?:[ T+](\d{2}):(\d{2}):(\d{2}))?$/.exec(text.trim())
  if (!match) return undefined
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = match
  const reading = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  // A 31 February would be read as a day in March.
  return reading.getUTCDate() === Number(day) ? fromReading(zone, fromDate(reading)) : undefined
}

// --- Output: decimals (specs/inventorum.md 1.7) ------------------------------------------------------

/** Two decimals of ledger units: `-95.62`; what is finer than a cent is cut off. */
export const money = formatCents

/** Ten decimals of ledger units: payments. */
export const money10 = (units: bigint): string => formatFixed(fromUnits(units), 10, 'down')

export const fixed2 = (value: Decimal): string => formatFixed(value, 2, 'half-up')
export const fixed3 = (value: Decimal): string => formatFixed(value, 3, 'half-up')
export const fixed10 = (value: Decimal): string => formatFixed(value, 10, 'half-up')
/** The shortest plain form: `84.0336`, `100`, `0`. */
export const shortest = formatShortest

/** A JSON number, an integer when it is whole: item quantities. */
export const plainNumber = (value: Decimal): unknown => rawNumber(formatShortest(value))

/** Ids are far below 2^53; they are numbers on the wire. */
export const id = (value: bigint): number => Number(value)
export const idOrNull = (value: bigint | undefined): number | null =>
  value === undefined ? null : Number(value)

// --- Output: times (specs/inventorum.md 1.8) ---------------------------------------------------------

const seconds = (reading: Instant): string => toDate(reading).toISOString().slice(0, 19)

function offset(zone: Zone, instant: Instant): string {
  const minutes = Number(zone.offsetAt(instant) / 60_000_000n)
  const size = Math.abs(minutes)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${minutes < 0 ? '-' : '+'}${two(Math.trunc(size / 60))}:${two(size % 60)}`
}

/** `2031-02-03T09:15:20.125+01:00`: local, always three decimals; the basket summary. */
export function localMillis(zone: Zone, instant: Instant): string {
  const millis = String(Math.trunc(microsOfSecond(instant) / 1_000)).padStart(3, '0')
  return `${seconds(toReading(zone, instant))}.${millis}${offset(zone, instant)}`
}

/** `2031-02-03T09:15:20.125001+01:00`: local, no fraction when it is zero; issued cards and jobs. */
export function localMicros(zone: Zone, instant: Instant): string {
  const micros = microsOfSecond(instant)
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`
  return `${seconds(toReading(zone, instant))}${fraction}${offset(zone, instant)}`
}

/** `2031-02-03T08:15:20+00:00`: UTC, whole seconds; the order object. */
export const utcSeconds = (instant: Instant): string => `${seconds(instant)}+00:00`

// `valid_until` of validate and of templates is `formatUtc` in wire/dates.ts.
export { formatUtc as utcZulu } from '../../wire/dates.ts'
