import type { PrecodedChanges, PrecodedDraft } from '../../../services/inventorum-commands.ts'
import { type Faults, Fields, type Reading, TEXT, typeWord } from '../../../wire/fields.ts'
import { isJsonObject, type JsonValue } from '../../../wire/json.ts'
import { asObject, InvalidInput } from '../decode.ts'
import { readCode, readKey, SHOP_TEXT } from '../wire.ts'

/** Pre-coded cards as clients send them (specs/inventorum.md 3). */

const CODE_LENGTH_MAX = 64
const LIST_MAX = 1_000

/** One element: what of it could be read, and what is wrong with the rest. */
export type PrecodedRead = { readonly values: PrecodedChanges; readonly faults: Faults }

/** The elements of a bulk addition, in input order. */
export function decodePrecodedList(body: JsonValue): readonly PrecodedRead[] {
  if (!Array.isArray(body))
    throw new InvalidInput({ non_field_errors: [TEXT.list(typeWord(body))] })
  const list = body as readonly JsonValue[] // Array.isArray does not narrow a readonly union.
  if (list.length > LIST_MAX)
    throw new InvalidInput({ non_field_errors: [SHOP_TEXT.elements(LIST_MAX)] })
  return list.map((item) => {
    if (isJsonObject(item)) return readPrecoded(new Fields(item))
    return { values: {}, faults: { non_field_errors: [TEXT.dictionary(typeWord(item))] } }
  })
}

/** A change of one card: PUT names the product, PATCH nothing it does not want changed. */
export const decodePrecodedChanges = (body: JsonValue, method: 'PUT' | 'PATCH'): PrecodedRead => {
  const fields = new Fields(asObject(body), { partial: true })
  const read = readPrecoded(fields)
  if (method === 'PUT' && !fields.has('product')) fields.addFault('product', TEXT.required)
  return read
}

function readPrecoded(fields: Fields): PrecodedRead {
  const values = {
    redeemCode: fields.read('redeem_code', { required: true, read: readRedeemCode }),
    cardCode: fields.read('card_code', { required: true, read: readCardCode }),
    productId: fields.read('product', { required: true, read: readKey }),
  }
  return { values, faults: fields.faults }
}

/** The draft, once nothing is wrong with it. */
export function toPrecodedDraft({
  redeemCode,
  cardCode,
  productId,
}: PrecodedChanges): PrecodedDraft {
  if (redeemCode === undefined || cardCode === undefined || productId === undefined)
    throw new Error(TEXT.required)
  return { redeemCode, cardCode, productId }
}

/** A code is a path segment later on, which `.` and `..` cannot be. */
const readRedeemCode = (input: JsonValue): Reading<string> =>
  readTrimmed(input, (code) =>
    /[\s\p{Cc}\p{Cs}]/u.test(code) || code === '.' || code === '..'
      ? SHOP_TEXT.codeCharacters
      : undefined,
  )

const readCardCode = (input: JsonValue): Reading<string> =>
  readTrimmed(input, (code) =>
    /[\p{Cc}\p{Cs}]/u.test(code) ? 'Card code contains invalid characters' : undefined,
  )

function readTrimmed(
  input: JsonValue,
  wrong: (code: string) => string | undefined,
): Reading<string> {
  const reading = readCode(input)
  if ('faults' in reading) return reading
  const code = reading.value.trim()
  if (code === '') return { faults: [TEXT.blank] }
  if ([...code].length > CODE_LENGTH_MAX) return { faults: [TEXT.maxLength(CODE_LENGTH_MAX)] }
  const text = wrong(code)
  return text === undefined ? { value: code } : { faults: [text] }
}
