import { parseDecimal, rescaleExact } from '../../money/decimal.ts'
import { isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../../wire/json.ts'
import type { Body } from './body.ts'
import type { FaultList } from './errors.ts'
import { type AmountFault, readAmount } from './wire.ts'

/** `gift_card.amount` reads "gift card.amount", as Laravel words it. */
const words = (field: string): string => field.replace(/_id$/, '').replaceAll('_', ' ')

export const TEXT = {
  required: (field: string) => `The ${words(field)} field is required.`,
  string: (field: string) => `The ${words(field)} must be a string.`,
  characters: (field: string) => `The ${words(field)} contains characters that are not allowed.`,
  longest: (field: string, max: number) =>
    `The ${words(field)} may not be longer than ${max} characters.`,
  integer: (field: string) => `The ${words(field)} must be an integer.`,
  boolean: (field: string) => `The ${words(field)} must be true or false.`,
  array: (field: string) => `The ${words(field)} must be an array.`,
  object: (field: string) => `The ${words(field)} must be an object.`,
  taken: (field: string) => `The ${words(field)} has already been taken.`,
  invalid: (field: string) => `The selected ${words(field)} is invalid.`,
  zero: (field: string) => `The ${words(field)} must not be zero.`,
  negative: (field: string) => `The ${words(field)} must not be negative.`,
  positive: (field: string) => `The ${words(field)} must be greater than 0.`,
  'not-numeric': (field: string) => `The ${words(field)} must be a number.`,
  'too-fine': (field: string) => `The ${words(field)} may not have more than 5 decimal places.`,
  'too-large': (field: string) => `The ${words(field)} may not be beyond 9999999999.99999.`,
} as const satisfies Record<AmountFault, (field: string) => string> &
  Record<string, (field: string, max: number) => string>

/** What no text in the database can hold: NUL, and half of a surrogate pair. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

const BOOLEAN_TEXTS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/**
 * Reads one object's fields and puts every fault on the list, under `prefix` and the field's name
 * (specs/foodics.md 8). An absent field reads `undefined`, and so does a faulty one.
 */
export class Fields {
  readonly #object: JsonObject
  readonly #isForm: boolean
  readonly #faults: FaultList
  readonly #prefix: string

  constructor({ object, isForm }: Body, faults: FaultList, prefix = '') {
    this.#object = object
    this.#isForm = isForm
    this.#faults = faults
    this.#prefix = prefix
  }

  /** Whether the body names the field at all; inherited names do not count. */
  has(name: string): boolean {
    return Object.hasOwn(this.#object, name)
  }

  raw(name: string): JsonValue | undefined {
    return this.has(name) ? this.#object[name] : undefined
  }

  addFault(name: string, text: (field: string) => string): undefined {
    const field = this.#prefix + name
    this.#faults.add(field, text(field))
    return undefined
  }

  /** Absent, null and blank are all missing. */
  #required(name: string): JsonValue | undefined {
    const input = this.raw(name)
    if (input === undefined || input === null || (typeof input === 'string' && !input.trim()))
      return this.addFault(name, TEXT.required)
    return input
  }

  requiredText(name: string, max?: number): string | undefined {
    const input = this.#required(name)
    return input === undefined ? undefined : this.#text(name, input, max)
  }

  /** A text or null. */
  text(name: string): string | null | undefined {
    const input = this.raw(name)
    return input === undefined || input === null ? input : this.#text(name, input)
  }

  #text(name: string, input: JsonValue, max?: number): string | undefined {
    if (typeof input !== 'string') return this.addFault(name, TEXT.string)
    if (!isStorable(input)) return this.addFault(name, TEXT.characters)
    if (max !== undefined && input.length > max)
      return this.addFault(name, (field) => TEXT.longest(field, max))
    return input
  }

  /** One of a few whole numbers; the value counts, not its spelling. */
  requiredChoice<T extends number>(name: string, choices: readonly T[]): T | undefined {
    const input = this.#required(name)
    if (input === undefined) return undefined
    const source = input instanceof JsonNumber ? input.source : this.#isForm ? input : undefined
    const value = typeof source === 'string' ? parseDecimal(source) : undefined
    const whole = value && rescaleExact(value, 0)?.units
    if (whole === undefined) return this.addFault(name, TEXT.integer)
    return choices.find((choice) => BigInt(choice) === whole) ?? this.addFault(name, TEXT.invalid)
  }

  boolean(name: string): boolean | undefined {
    const input = this.raw(name)
    if (input === undefined || typeof input === 'boolean') return input
    const text = input instanceof JsonNumber ? input.source : this.#isForm ? input : undefined
    const value = typeof text === 'string' ? BOOLEAN_TEXTS.get(text) : undefined
    return value ?? this.addFault(name, TEXT.boolean)
  }

  /** An amount in ledger units. */
  amount(name: string): bigint | undefined {
    const input = this.raw(name)
    if (input === undefined) return undefined
    const units = readAmount(input)
    return typeof units === 'bigint' ? units : this.addFault(name, TEXT[units])
  }

  requiredAmount(name: string): bigint | undefined {
    return this.#required(name) === undefined ? undefined : this.amount(name)
  }

  /** A list, as sent; null counts as absent. */
  list(name: string): readonly JsonValue[] | undefined {
    const input = this.raw(name)
    if (input === undefined || input === null) return undefined
    return Array.isArray(input) ? input : this.addFault(name, TEXT.array)
  }

  /** An object inside this one, read with the same rules; null counts as absent. */
  object(name: string): Fields | undefined {
    const input = this.raw(name)
    if (input === undefined || input === null) return undefined
    if (!isJsonObject(input)) return this.addFault(name, TEXT.object)
    return new Fields(
      { object: input, isForm: this.#isForm },
      this.#faults,
      `${this.#prefix}${name}.`,
    )
  }
}
