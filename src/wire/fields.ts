import { type Decimal, decimal, parseDecimal, rescaleExact } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import { parseInstant } from './dates.ts'
import { isJsonObject, JsonNumber, type JsonObject, type JsonValue } from './json.ts'

/**
 * Django REST Framework's field types and wording, which pretix and Inventorum share
 * (specs/pretix-giftcards.md 5, specs/pretix-vouchers.md 1.4, specs/inventorum.md 1.10).
 */
export const TEXT = {
  required: 'This field is required.',
  null: 'This field may not be null.',
  blank: 'This field may not be blank.',
  string: 'Not a valid string.',
  nul: 'Null characters are not allowed.',
  integer: 'A valid integer is required.',
  number: 'A valid number is required.',
  tooLarge: 'String value too large.',
  boolean: 'Must be a valid boolean.',
  datetime:
    'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].',
  datetimeRange: 'Datetime value out of range.',
  noData: 'No data provided',
  maxLength: (n: number) => `Ensure this field has no more than ${n} characters.`,
  minLength: (n: number) => `Ensure this field has at least ${n} characters.`,
  min: (n: string | number) => `Ensure this value is greater than or equal to ${n}.`,
  max: (n: string | number) => `Ensure this value is less than or equal to ${n}.`,
  maxDigits: (n: number) => `Ensure that there are no more than ${n} digits in total.`,
  maxPlaces: (n: number) => `Ensure that there are no more than ${n} decimal places.`,
  maxWhole: (n: number) =>
    `Ensure that there are no more than ${n} digits before the decimal point.`,
  choice: (input: string) => `"${input}" is not a valid choice.`,
  pk: (input: string) => `Invalid pk "${input}" - object does not exist.`,
  pkType: (type: string) => `Incorrect type. Expected pk value, received ${type}.`,
  dictionary: (type: string) => `Invalid data. Expected a dictionary, but got ${type}.`,
  list: (type: string) => `Expected a list of items but got type "${type}".`,
} as const

/** Texts by field; nested objects and lists mirror the input, `{}` standing for a valid element. */
export type Faults = { [field: string]: FaultValue }
export type FaultValue = readonly string[] | Faults | readonly (Faults | readonly string[])[]

/** Python's name of a JSON value's type, as DRF prints it. */
export function typeWord(value: JsonValue): string {
  if (value === null) return 'NoneType'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'str'
  if (value instanceof JsonNumber) return /^-?\d+$/.test(value.source) ? 'int' : 'float'
  return Array.isArray(value) ? 'list' : 'dict'
}

/** The text of a JSON number as Python's `str()` would show it: `1e2` is `100.0`, `1e16` is `1e+16`. */
export function numberText({ source }: JsonNumber): string {
  if (/^-?\d+$/.test(source)) return source.replace(/^-0+$/, '0')
  const value = Number(source)
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  if (!Number.isFinite(value)) return `${sign}inf`
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e')
  const [digits, places] = [mantissa.replace('.', ''), Number(exponent)]
  if (places < -4 || places >= 16)
    return `${sign}${mantissa}e${places < 0 ? '-' : '+'}${String(Math.abs(places)).padStart(2, '0')}`
  if (places < 0) return `${sign}0.${'0'.repeat(-places - 1)}${digits}`
  return `${sign}${digits.slice(0, places + 1).padEnd(places + 1, '0')}.${digits.slice(places + 1) || '0'}`
}

// Python counts four control characters as blanks, but not the byte order mark.
// biome-ignore lint/suspicious/noControlCharactersInRegex: as just said.
const BLANK = /(?!\ufeff)[\s\x1c-\x1f\x85]/

/**
 * Without the blanks around it, as Python's `str.strip()` sees them. From both ends, because one pattern
 * that looks for blanks at the end would begin anew at every blank of a long text.
 */
export function strip(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && BLANK.test(text.charAt(from))) from += 1
  while (from < to && BLANK.test(text.charAt(to - 1))) to -= 1
  return text.slice(from, to)
}

const TRUE = new Set(['true', 't', 'yes', 'y', 'on', '1'])
const FALSE = new Set(['false', 'f', 'no', 'n', 'off', '0'])

/** A value, or the texts that say what is wrong with it. */
export type Reading<T> = { readonly value: T } | { readonly faults: readonly string[] }
const fault = (...faults: string[]): { faults: string[] } => ({ faults })

/** CharField without its length rules: text or number, trimmed unless told otherwise. */
export function readText(input: JsonValue, trim = true): Reading<string> {
  if (input instanceof JsonNumber) return { value: numberText(input) }
  if (typeof input !== 'string') return fault(TEXT.string)
  return { value: trim ? strip(input) : input }
}

/** The characters that no text may hold, as DRF names them. */
export function characterFaults(text: string): string[] {
  const surrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.exec(
    text,
  )
  return [
    ...(text.includes('\0') ? [TEXT.nul] : []),
    ...(surrogate
      ? [
          `Surrogate characters are not allowed: U+${surrogate[0].charCodeAt(0).toString(16).toUpperCase()}.`,
        ]
      : []),
  ]
}

export type DecimalRules = {
  readonly digits: number
  readonly places: number
  /** Smallest allowed value, and how its fault spells it. */
  readonly min?: { readonly value: Decimal; readonly text: string }
  /** Trailing zeros past `places` are harmless (specs/inventorum.md 1.6). */
  readonly lenientZeros?: boolean
}

/** DecimalField: checks in DRF's order, first fault only (specs/pretix-giftcards.md 5.3). */
export function readDecimal(input: JsonValue, rules: DecimalRules): Reading<Decimal> {
  const source = input instanceof JsonNumber ? input.source : input
  if (typeof source !== 'string') return fault(TEXT.number)
  const text = strip(source)
  if (text.length > TEXT_LENGTH_MAX) return fault(TEXT.tooLarge)
  const parsed = parseDecimal(text)
  if (!parsed || isInfinite(input)) return fault(TEXT.number)
  // A JSON number has no trailing zeros: `1.500` arrives as 1.5.
  const value =
    input instanceof JsonNumber || rules.lenientZeros ? withoutTrailingZeros(parsed) : parsed
  const { total, places, whole } = spelling(value)
  if (total > rules.digits) return fault(TEXT.maxDigits(rules.digits))
  if (places > rules.places) return fault(TEXT.maxPlaces(rules.places))
  if (whole > rules.digits - rules.places) return fault(TEXT.maxWhole(rules.digits - rules.places))
  if (rules.min && rescaleTo(value, rules.places) < rescaleTo(rules.min.value, rules.places))
    return fault(TEXT.min(rules.min.text))
  return { value: { units: rescaleTo(value, rules.places), scale: rules.places } }
}

/** A JSON number with a point or an exponent is a double in Python: it may be too large to be one. */
const isInfinite = (input: JsonValue): boolean =>
  input instanceof JsonNumber &&
  typeWord(input) === 'float' &&
  !Number.isFinite(Number(input.source))

/** The digits were counted before, so the scale is small and nothing is lost. */
const rescaleTo = (value: Decimal, places: number): bigint =>
  rescaleExact(value, places)?.units ?? 0n

function withoutTrailingZeros(value: Decimal): Decimal {
  if (value.units === 0n) return decimal(0)
  let { units, scale } = value
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n
    scale -= 1
  }
  return { units, scale }
}

/** Digit counts of a number as it was spelled: coefficient × 10^-scale. */
function spelling({ units, scale }: Decimal): { total: number; places: number; whole: number } {
  const digits = units === 0n ? 1 : (units < 0n ? -units : units).toString().length
  if (scale <= 0) return { total: digits - scale, places: 0, whole: digits - scale }
  if (digits > scale) return { total: digits, places: scale, whole: digits - scale }
  return { total: scale, places: scale, whole: 0 }
}

/** Longer texts of numbers are not even looked at. */
const TEXT_LENGTH_MAX = 1_000

/** IntegerField: numbers and numeric strings, `1.0` included; booleans are not integers. */
export function readInteger(input: JsonValue, min?: bigint, max?: bigint): Reading<bigint> {
  if (typeof input === 'string' && input.length > TEXT_LENGTH_MAX) return fault(TEXT.tooLarge)
  const source = input instanceof JsonNumber ? input.source : input
  if (typeof source !== 'string') return fault(TEXT.integer)
  const match = /^([+-]?\d+)(?:\.0*)?$/.exec(source.trim())
  const value = match?.[1] === undefined ? undefined : BigInt(match[1])
  if (value === undefined) return fault(TEXT.integer)
  if (max !== undefined && value > max) return fault(TEXT.max(max.toString()))
  if (min !== undefined && value < min) return fault(TEXT.min(min.toString()))
  return { value }
}

/** BooleanField: JSON booleans, DRF's words in any case, and the numbers 1 and 0 (also as 1.0 and 0.0). */
export function readBoolean(input: JsonValue): Reading<boolean> {
  if (typeof input === 'boolean') return { value: input }
  const word = input instanceof JsonNumber ? String(Number(input.source)) : input
  if (typeof word === 'string') {
    if (TRUE.has(word.toLowerCase())) return { value: true }
    if (FALSE.has(word.toLowerCase())) return { value: false }
  }
  return fault(TEXT.boolean)
}

/** DateTimeField; `local` turns a wall-clock reading without a zone into an instant. */
export function readInstant(
  input: JsonValue,
  local?: (utcReading: Instant) => Instant,
): Reading<Instant> {
  if (typeof input !== 'string') return fault(TEXT.datetime)
  const instant = parseInstant(input, local)
  if (instant === 'format') return fault(TEXT.datetime)
  return instant === 'range' ? fault(TEXT.datetimeRange) : { value: instant }
}

/** ChoiceField: exact, no trimming, no folding. */
export function readChoice<T extends string>(
  input: JsonValue,
  choices: ReadonlySet<T> | readonly T[],
): Reading<T> {
  const text = input instanceof JsonNumber ? numberText(input) : input
  const all: ReadonlySet<string> = new Set(choices)
  if (typeof text === 'string' && all.has(text)) return { value: text as T } // `all` holds only T.
  return fault(TEXT.choice(typeof text === 'string' ? text : pythonText(input)))
}

/** How Python would print a JSON value inside a message. */
export const pythonText = (value: JsonValue): string =>
  typeof value === 'string' ? value : pythonRepr(value)

/** The same inside a list or a dictionary, where texts are quoted. */
function pythonRepr(value: JsonValue): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (value instanceof JsonNumber) return numberText(value)
  if (typeof value === 'string') {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'"
    const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
    return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote
  }
  if (!isJsonObject(value)) return `[${value.map(pythonRepr).join(', ')}]`
  const pairs = Object.entries(value).map(
    ([key, item]) => `${pythonRepr(key)}: ${pythonRepr(item)}`,
  )
  return `{${pairs.join(', ')}}`
}

export type FieldRules<T> = {
  /** Absent is a fault; ignored for partial updates. */
  readonly required?: boolean
  /** `null` is a value of its own. */
  readonly nullable?: boolean
  /** `""` means `null` for this kind of field. */
  readonly emptyIsNull?: boolean
  readonly read: (input: JsonValue) => Reading<T>
}

/**
 * One JSON object being read field by field, collecting every fault. A reader returns undefined for a
 * field that is absent or faulty, null for an accepted null, else the value.
 */
export class Fields {
  readonly faults: Faults = {}
  readonly #input: JsonObject
  readonly #partial: boolean

  constructor(input: JsonObject, { partial = false }: { partial?: boolean } = {}) {
    this.#input = input
    this.#partial = partial
  }

  /** Whether the body names the field at all; inherited names do not count. */
  has(name: string): boolean {
    return Object.hasOwn(this.#input, name)
  }

  raw(name: string): JsonValue | undefined {
    return this.has(name) ? this.#input[name] : undefined
  }

  get ok(): boolean {
    return Object.keys(this.faults).length === 0
  }

  addFault(name: string, ...texts: string[]): void {
    const known = this.faults[name]
    this.faults[name] = [...(Array.isArray(known) ? (known as string[]) : []), ...texts]
  }

  read<T>(name: string, rules: FieldRules<T> & { nullable: true }): T | null | undefined
  read<T>(name: string, rules: FieldRules<T>): T | undefined
  read<T>(name: string, rules: FieldRules<T>): T | null | undefined {
    const input = this.raw(name)
    if (input === undefined) {
      if (rules.required && !this.#partial) this.addFault(name, TEXT.required)
      return undefined
    }
    if (input === null || (rules.emptyIsNull && input === '')) {
      if (rules.nullable) return null
      this.addFault(name, TEXT.null)
      return undefined
    }
    const reading = rules.read(input)
    if ('value' in reading) return reading.value
    this.addFault(name, ...reading.faults)
    return undefined
  }
}

/** The non-object bodies' fault, or undefined for an object (specs/pretix-giftcards.md 5.1). */
export function bodyFaults(body: JsonValue): Faults | undefined {
  if (isJsonObject(body)) return undefined
  return {
    non_field_errors: [body === null ? TEXT.noData : TEXT.dictionary(typeWord(body))],
  }
}

/** CharField with its length rules, counted in code points. */
export const text =
  ({
    blank = false,
    min,
    max,
    trim = true,
  }: {
    blank?: boolean
    min?: number
    max?: number
    trim?: boolean
  } = {}) =>
  (input: JsonValue): Reading<string> => {
    const reading = readText(input, trim)
    if ('faults' in reading) return reading
    if (reading.value === '' && !blank) return fault(TEXT.blank)
    const length = [...reading.value].length
    const faults = [
      ...(max !== undefined && length > max ? [TEXT.maxLength(max)] : []),
      ...(min !== undefined && length < min && reading.value !== '' ? [TEXT.minLength(min)] : []),
      ...characterFaults(reading.value),
    ]
    return faults.length > 0 ? { faults } : reading
  }
