import { CURRENCIES } from '../../../money/currency.ts'
import type { Instant } from '../../../money/instant.ts'
import {
  bodyFaults,
  characterFaults,
  type Faults,
  Fields,
  type Reading,
  readBoolean,
  readChoice,
  readInstant,
  readText,
  TEXT,
  text,
} from '../../../wire/fields.ts'
import {
  isJsonObject,
  JsonNumber,
  type JsonObject,
  type JsonValue,
  stringifyJson,
} from '../../../wire/json.ts'
import { readValue } from '../wire.ts'

/** What a body says about a card; undefined is absent, null clears. */
export type GiftCardFields = {
  readonly secret?: string
  readonly value?: bigint
  readonly currency?: string
  readonly testmode?: boolean
  readonly expires?: Instant | null
  readonly conditions?: string | null
  readonly owner?: OwnerReference | null
}

/** An order position by id, or by ticket secret (also a string of digits is a secret). */
export type OwnerReference =
  | { readonly id: bigint; readonly input: string }
  | { readonly secret: string; readonly input: string }

/** A body as far as it can be read: what is wrong with its fields, and what the others say. */
export type DecodedGiftCard = {
  readonly faults: Faults
  readonly fields: GiftCardFields
  readonly sent: JsonObject
}

const SECRET = /^[A-Za-z0-9][A-Za-z0-9.-]+$/
const SECRET_LENGTH_MAX = 190
const SECRET_TEXT = 'The gift card code may only contain letters, numbers, dots and dashes.'

/**
 * Reads the fields of POST (`create`), PUT (`replace`) and PATCH (`change`); all faults together. The
 * owner is only a reference yet: whether it exists is for the caller to add to the faults.
 */
export function decodeGiftCard(
  body: JsonValue,
  mode: 'create' | 'replace' | 'change',
): DecodedGiftCard {
  const wrong = bodyFaults(body)
  if (wrong || !isJsonObject(body)) return { faults: wrong ?? {}, fields: {}, sent: {} }
  const fields = new Fields(body, { partial: mode === 'change' })
  const secret = fields.read('secret', { required: true, read: readSecret })
  const value = fields.read('value', {
    required: true,
    read: (input) => readValue(input, 'not-negative'),
  })
  const currency = fields.read('currency', {
    required: true,
    read: (input) => readChoice(input, CURRENCIES),
  })
  const testmode = fields.read('testmode', { read: readBoolean })
  const expires = fields.read('expires', { nullable: true, read: (input) => readInstant(input) })
  const conditions = fields.read('conditions', { nullable: true, read: text({ blank: true }) })
  const owner = fields.read('owner_ticket', { nullable: true, emptyIsNull: true, read: readOwner })
  return {
    faults: fields.faults,
    sent: body,
    fields: {
      ...(secret === undefined ? {} : { secret }),
      ...(value === undefined ? {} : { value }),
      ...(currency === undefined ? {} : { currency }),
      ...(testmode === undefined ? {} : { testmode }),
      ...(expires === undefined ? {} : { expires }),
      ...(conditions === undefined ? {} : { conditions }),
      ...(owner === undefined ? {} : { owner }),
    },
  }
}

function readSecret(input: JsonValue): Reading<string> {
  const reading = readText(input)
  if ('faults' in reading) return reading
  const secret = reading.value
  if (secret === '') return { faults: [TEXT.blank] }
  const faults = [
    ...(SECRET.test(secret) ? [] : [SECRET_TEXT]),
    ...([...secret].length > SECRET_LENGTH_MAX ? [TEXT.maxLength(SECRET_LENGTH_MAX)] : []),
    ...characterFaults(secret),
  ]
  return faults.length > 0 ? { faults } : reading
}

function readOwner(input: JsonValue): Reading<OwnerReference> {
  if (typeof input === 'string') return { value: { secret: input, input } }
  if (input instanceof JsonNumber && /^-?\d+$/.test(input.source)) {
    const id = BigInt(input.source)
    const known = id > 0n && id < 2n ** 63n
    // An id that no row can have is as unknown as any other.
    return { value: { id: known ? id : 0n, input: id.toString() } }
  }
  return { faults: [TEXT.pkType(pkTypeWord(input))] }
}

function pkTypeWord(input: JsonValue): string {
  if (typeof input === 'boolean') return 'bool'
  if (input instanceof JsonNumber) return 'float'
  return Array.isArray(input) ? 'list' : 'dict'
}

/** What `transact` books. */
export type TransactFields = {
  readonly value: bigint
  readonly text: string
  /** JSON text as sent; undefined for null. */
  readonly info: string | undefined
}

/** Reads a `transact` body: a fault is a bare list of one field's texts, `value` before `text` (8). */
export function decodeTransact(
  body: JsonValue,
): { readonly value: TransactFields } | { readonly faults: readonly string[] | Faults } {
  const wrong = bodyFaults(body)
  if (wrong || !isJsonObject(body)) return { faults: wrong ?? {} }
  const own = (name: string): JsonValue | undefined =>
    Object.hasOwn(body, name) ? body[name] : undefined
  const amount = own('value') ?? null
  const value = amount === null ? { faults: [TEXT.number] } : readValue(amount, 'signed')
  if ('faults' in value) return value
  const given = own('text')
  const label =
    given === undefined
      ? { value: '' }
      : given === null
        ? { faults: [TEXT.string] }
        : readText(given)
  if ('faults' in label) return label
  const faults = characterFaults(label.value)
  if (faults.length > 0) return { faults }
  const info = own('info')
  return {
    value: {
      value: value.value,
      text: label.value,
      info: info === undefined ? '{}' : info === null ? undefined : stringifyJson(info),
    },
  }
}
