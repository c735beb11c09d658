import { ShopError } from '../../services/inventorum-problems.ts'
import { type Faults, Fields, type Reading, TEXT, typeWord } from '../../wire/fields.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../wire/json.ts'
import { SHOP_TEXT } from './wire.ts'

/** Reading of bodies that nest: objects in lists in objects, every fault in its place. */

/** One wrong field or several, in the shape of the input; 400 in either family. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
  /** A list when the body itself is one. */
  readonly faults: Faults | readonly Faults[]

  constructor(faults: Faults | readonly Faults[]) {
    super('invalid input')
    this.faults = faults
  }
}

/** A body as an object; anything else is one fault of the whole. */
export function asObject(body: JsonValue): JsonObject {
  if (isJsonObject(body)) return body
  throw new InvalidInput({ non_field_errors: [TEXT.dictionary(typeWord(body))] })
}

/** Ends the request unless everything that was read is fine. */
export function assertOk(fields: Fields): void {
  if (!fields.ok) throw new InvalidInput(fields.faults)
}

/** Faults of a list field; `{}` stands for an element that is fine, undefined for a list that is. */
export function listFaults(elements: readonly Faults[]): readonly Faults[] | undefined {
  return elements.some((faults) => Object.keys(faults).length > 0) ? elements : undefined
}

export type ListRules = {
  readonly required?: boolean
  /** An empty list is a fault. */
  readonly filled?: boolean
  readonly nullable?: boolean
  readonly max?: number
}

/** The elements of a list field, or undefined if it is absent, null or no list (the fault is noted). */
export function readList(
  fields: Fields,
  name: string,
  { required = false, filled = false, nullable = false, max }: ListRules = {},
): readonly JsonValue[] | undefined {
  const input = fields.raw(name)
  if (input === undefined || input === null) {
    if (input === undefined && required) fields.addFault(name, TEXT.required)
    if (input === null && !nullable) fields.addFault(name, TEXT.null)
    return undefined
  }
  if (!Array.isArray(input)) fields.addFault(name, TEXT.list(typeWord(input)))
  else if (filled && input.length === 0) fields.addFault(name, SHOP_TEXT.empty)
  else if (max !== undefined && input.length > max) fields.addFault(name, SHOP_TEXT.elements(max))
  else return input as readonly JsonValue[] // Array.isArray does not narrow a readonly union.
  return undefined
}

/** A list of objects, each read on its own; the faults keep their places. */
export function readObjects<T>(
  fields: Fields,
  name: string,
  read: (element: Fields) => T,
  rules?: ListRules,
): readonly T[] | undefined {
  const list = readList(fields, name, rules)
  if (!list) return undefined
  const faults: Faults[] = []
  const values = list.map((item) => {
    const element = new Fields(isJsonObject(item) ? item : {})
    const value = read(element)
    faults.push(
      isJsonObject(item) ? element.faults : { non_field_errors: [TEXT.dictionary(typeWord(item))] },
    )
    return value
  })
  const found = listFaults(faults)
  if (found) fields.faults[name] = found
  return values
}

/** A nested object; undefined if it is absent or no object (the fault is noted). */
export function readObject<T>(
  fields: Fields,
  name: string,
  read: (inner: Fields) => T,
  { required = false, partial = false }: { required?: boolean; partial?: boolean } = {},
): T | undefined {
  const input = fields.raw(name)
  if (input === undefined || input === null) {
    if (required || input === null)
      fields.addFault(name, input === null ? TEXT.null : TEXT.required)
    return undefined
  }
  if (!isJsonObject(input)) {
    fields.faults[name] = { non_field_errors: [TEXT.dictionary(typeWord(input))] }
    return undefined
  }
  const inner = new Fields(input, { partial })
  const value = read(inner)
  if (!inner.ok) fields.faults[name] = inner.faults
  return value
}

/** Texts of a list of scalars, one for each element that is wrong, in order. */
export function readScalars<T>(
  fields: Fields,
  name: string,
  read: (input: JsonValue) => Reading<T>,
  rules?: ListRules,
): readonly T[] | undefined {
  const list = readList(fields, name, rules)
  if (!list) return undefined
  const readings = list.map(read)
  const faults = readings.flatMap((reading) => ('faults' in reading ? reading.faults : []))
  if (faults.length > 0) fields.addFault(name, ...faults)
  return readings.flatMap((reading) => ('value' in reading ? [reading.value] : []))
}

/** Whether an error is the client's, to be told field by field. */
export const isFieldError = (error: unknown): error is InvalidInput | ShopError =>
  error instanceof InvalidInput || error instanceof ShopError
