import type { OpaqueJson, Translations } from '../../commerce/catalogue.ts'
import type { Instant } from '../../money/instant.ts'
import { toUnits } from '../../money/money.ts'
import {
  bodyFaults,
  characterFaults,
  type Faults,
  type FaultValue,
  type FieldRules,
  Fields,
  pythonText,
  type Reading,
  readBoolean,
  readDecimal,
  readInstant,
  readInteger,
  TEXT,
  text,
  typeWord,
} from '../../wire/fields.ts'
import {
  isJsonObject,
  JsonNumber,
  type JsonObject,
  type JsonValue,
  stringifyJson,
} from '../../wire/json.ts'

/**
 * The field types of the catalogue (specs/pretix-vouchers.md 1.3, 1.4). A decoder reads a body into the
 * fields that were given, so that one and the same serves creating (defaults fill the rest) and changing.
 */

/** What a body says, or every fault in it. */
export type Decoded<T> = { readonly value: T } | { readonly faults: Faults }

const INT_MAX = 2_147_483_647n

/** Whether an id that a body names exists in the organizer. */
export type IsKnown = (id: bigint) => boolean

/** Reads an object body; `read` adds its faults to the fields it is given. */
export function decodeBody<T>(
  body: JsonValue,
  { partial }: { readonly partial: boolean },
  read: (fields: Fields) => T,
): Decoded<T> {
  const wrong = bodyFaults(body)
  if (wrong) return { faults: wrong }
  const fields = new Fields(body as JsonObject, { partial }) // Nothing but an object has no body faults.
  const value = read(fields)
  return fields.ok ? { value } : { faults: fields.faults }
}

/**
 * The given ones of some readings: what was absent has no key, an accepted null has the value undefined.
 * Spread over defaults or over a stored row this is the effective state.
 */
export function given<T extends object>(
  readings: {
    readonly [K in keyof T]: T[K] | null | undefined
  },
): Partial<T> {
  const known = Object.entries(readings).filter(([, value]) => value !== undefined)
  return Object.fromEntries(known.map(([key, value]) => [key, value ?? undefined])) as Partial<T> // Same keys.
}

const LANGUAGE = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$/

/** A text in several languages: an object, or a plain string that is taken as English. */
export function readTranslations(input: JsonValue): Reading<Translations> {
  if (typeof input === 'string') {
    if (input.trim() === '') return { faults: [TEXT.blank] }
    const faults = characterFaults(input)
    return faults.length > 0 ? { faults } : { value: { en: input } }
  }
  if (!isJsonObject(input)) return { faults: ['Invalid data type.'] }
  if (!Object.keys(input).every((language) => LANGUAGE.test(language)))
    return { faults: ['Invalid languages included.'] }
  const texts = Object.entries(input)
  if (!texts.every((entry): entry is [string, string] => typeof entry[1] === 'string'))
    return { faults: ['Invalid data type.'] }
  const faults = texts.flatMap(([, value]) => characterFaults(value))
  const [first] = faults
  return first === undefined ? { value: Object.fromEntries(texts) } : { faults: [first] }
}

/** Like `readTranslations`, but a plain string may be empty. */
export const readOptionalTranslations = (input: JsonValue): Reading<Translations> =>
  typeof input === 'string' && input.trim() === '' ? { value: { en: '' } } : readTranslations(input)

export const required = <T>(read: (input: JsonValue) => Reading<T>): FieldRules<T> => ({
  required: true,
  read,
})
export const optional = <T>(read: (input: JsonValue) => Reading<T>): FieldRules<T> => ({ read })
export const nullable = <T>(
  read: (input: JsonValue) => Reading<T>,
): FieldRules<T> & { nullable: true } => ({ nullable: true, read })
/** Numbers and references, for which an empty string is null (specs/pretix-vouchers.md 0.1). */
export const nullableOrEmpty = <T>(
  read: (input: JsonValue) => Reading<T>,
): FieldRules<T> & { nullable: true } => ({ nullable: true, emptyIsNull: true, read })

export const flag = optional(readBoolean)
export const instant = nullable((input) => readInstant(input))
export const shortText = (max: number) => text({ max })

/** A 32-bit integer from `min` on. */
export const integer =
  (min = -INT_MAX - 1n) =>
  (input: JsonValue): Reading<number> => {
    const reading = readInteger(input, min, INT_MAX)
    return 'value' in reading ? { value: Number(reading.value) } : reading
  }

/** An amount with two decimals and 13 digits, in ledger units. */
export function readPrice(input: JsonValue): Reading<bigint> {
  const reading = readDecimal(input, { digits: 13, places: 2 })
  // Two decimals always fit the ledger's five.
  return 'value' in reading ? { value: toUnits(reading.value) ?? 0n } : reading
}

/** Longer numbers are nobody's id. */
const ID_DIGITS_MAX = 18

/** The id in a JSON value, as a reference field reads it; undefined if it is not a whole number. */
export function idIn(input: JsonValue | undefined): bigint | undefined {
  const source = (input instanceof JsonNumber ? input.source : input) ?? ''
  if (typeof source !== 'string' || !/^[+-]?\d+$/.test(source.trim())) return undefined
  return source.length > ID_DIGITS_MAX ? -1n : BigInt(source.trim())
}

/** A reference: an id, as a number or in a string, of something that exists in the organizer. */
export const reference =
  (isKnown: IsKnown) =>
  (input: JsonValue): Reading<bigint> => {
    const id = idIn(input)
    if (id === undefined) return { faults: [TEXT.pkType(typeWord(input))] }
    return isKnown(id) ? { value: id } : { faults: [TEXT.pk(pythonText(input))] }
  }

/** A list of references; its first fault speaks for the whole list. */
export const references =
  (isKnown: IsKnown) =>
  (input: JsonValue): Reading<readonly bigint[]> => {
    if (!Array.isArray(input)) return { faults: [TEXT.list(typeWord(input))] }
    const ids = new Set<bigint>()
    for (const element of input as readonly JsonValue[]) {
      const reading = reference(isKnown)(element)
      if ('faults' in reading) return reading
      ids.add(reading.value)
    }
    return { value: [...ids] }
  }

/** An object that is kept as it was sent. */
export function readObject(input: JsonValue): Reading<OpaqueJson> {
  if (!isJsonObject(input))
    return { faults: [`Expected a dictionary of items but got type "${typeWord(input)}".`] }
  return { value: stringifyJson(input) }
}

/** A list that is kept as it was sent. */
export function readList(input: JsonValue): Reading<OpaqueJson> {
  if (!Array.isArray(input)) return { faults: [TEXT.list(typeWord(input))] }
  return { value: stringifyJson(input) }
}

/**
 * A list of objects, each read by `read`; faults mirror the list, `{}` standing for a good element.
 * Undefined if the field is absent or anything in it is wrong.
 */
export function readObjects<T>(
  fields: Fields,
  name: string,
  read: (element: Fields) => T,
): readonly T[] | undefined {
  const input = fields.raw(name)
  if (input === undefined) return undefined
  if (input === null) {
    fields.addFault(name, TEXT.null)
    return undefined
  }
  if (!Array.isArray(input)) {
    fields.faults[name] = { non_field_errors: [TEXT.list(typeWord(input))] }
    return undefined
  }
  const decoded = (input as readonly JsonValue[]).map((element) =>
    decodeBody(element, { partial: false }, read),
  )
  const values = decoded.flatMap((one) => ('value' in one ? [one.value] : []))
  if (values.length === decoded.length) return values
  const faults: FaultValue = decoded.map((one) => ('value' in one ? {} : one.faults))
  fields.faults[name] = faults
  return undefined
}

/** The schedule of an event or of a date (specs/pretix-vouchers.md 10.1). */
export const readSchedule = (fields: Fields) => ({
  dateFrom: fields.read<Instant>(
    'date_from',
    required((input) => readInstant(input)),
  ),
  dateTo: fields.read('date_to', instant),
  dateAdmission: fields.read('date_admission', instant),
  presaleStart: fields.read('presale_start', instant),
  presaleEnd: fields.read('presale_end', instant),
})
