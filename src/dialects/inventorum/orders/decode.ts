import { compare, decimal } from '../../../money/decimal.ts'
import { toUnits } from '../../../money/money.ts'
import type {
  BasketDraft,
  LineDraft,
  PaymentDraft,
  RefundDraft,
} from '../../../services/inventorum-commands.ts'
import {
  Fields,
  numberText,
  pythonText,
  type Reading,
  readInteger,
  TEXT,
  text,
} from '../../../wire/fields.ts'
import { JsonNumber, type JsonValue } from '../../../wire/json.ts'
import { asObject, assertOk, readObjects, readScalars } from '../decode.ts'
import { number, readCode, readKey, SHOP_TEXT } from '../wire.ts'

/** Baskets, attached cards, payments and refunds as clients send them (specs/inventorum.md 4 to 6, 10.7). */

export const LINES_MAX = 500
const CODES_MAX = 100
const ONE = decimal(1)

/** Payment methods with a number; none of them is a gift card (specs/inventorum.md 6.1). */
export const METHODS: ReadonlySet<string> = new Set(['0', '1', '2', '3', '4', '6', '19', '20'])

// A gross price is rounded to cents, so floats of sloppy clients (95.61999999999999) are no fault.
const grossPrice = number({ places: 100, min: decimal(0) })
const quantity = number({ places: 2, above: decimal(0), max: decimal(9_999) })
const amount = number({ places: 2, min: decimal(0) })
const rounded = number({ places: 2, min: decimal(-10n, 2), max: decimal(10n, 2) })
const note = text({ blank: true, max: 10_000 })
const int8 = (input: JsonValue) =>
  readInteger(input, -9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n)

/** A basket that was read; `command` is undefined if anything is wrong. */
export type BasketRead = {
  readonly fields: Fields
  readonly command: BasketDraft | undefined
  /** Products named by the lines that could be read, by their place; for the full list of faults. */
  readonly productIds: readonly (bigint | undefined)[]
  readonly codes: readonly string[]
}

export function decodeBasket(body: JsonValue): BasketRead {
  const fields = new Fields(asObject(body))
  const lines = readObjects(fields, 'items', readLine, {
    required: true,
    filled: true,
    max: LINES_MAX,
  })
  const codes =
    readScalars(fields, 'redeem_code', readCode, { nullable: true, max: CODES_MAX }) ?? []
  refuseDiscount(fields)
  const optional = (name: string, max?: number) =>
    fields.read(name, {
      nullable: true,
      read: max === undefined ? note : text({ blank: true, max }),
    }) ?? undefined
  const command = {
    codes,
    noteInternal: optional('note_internal'),
    noteExternal: optional('note_external'),
    customer: fields.read('customer', { nullable: true, read: int8 }) ?? undefined,
    description: optional('description'),
    externalId: optional('external_id', 255),
  }
  const whole = lines?.filter((line) => line !== undefined) ?? []
  return {
    fields,
    command: fields.ok ? { ...command, lines: whole } : undefined,
    productIds: lines?.map((line) => line?.productId) ?? [],
    // What a code may be comes before whether there is one.
    codes: fields.faults.redeem_code === undefined ? codes : [],
  }
}

/** One line, or undefined if it names no product. */
function readLine(line: Fields): LineDraft | undefined {
  const productId = line.read('product', { required: true, read: readKey })
  const price = line.read('price', { read: grossPrice })
  const alias = line.read('gross_price', { read: grossPrice })
  const count = line.read('quantity', { read: quantity }) ?? ONE
  const name = line.read('name', { nullable: true, read: text({ max: 255 }) }) ?? undefined
  const precodedId = line.read('pre_coded', { nullable: true, read: readKey }) ?? undefined
  const cardCode = line.read('card_code', { nullable: true, read: readCode }) ?? undefined
  if ((precodedId !== undefined || cardCode !== undefined) && compare(count, ONE) !== 0)
    line.addFault('quantity', TEXT.max('1'))
  refuseDiscount(line)
  if (productId === undefined) return undefined
  return { productId, gross: alias ?? price, quantity: count, name, precodedId, cardCode }
}

/** Refused loudly: an ignored discount would be a wrong total. */
function refuseDiscount(fields: Fields): void {
  const discount = fields.raw('discount')
  if (discount !== undefined && discount !== null) fields.addFault('discount', SHOP_TEXT.discount)
}

/** Codes to attach or remove, each as it was submitted. */
export function decodeCodes(body: JsonValue): readonly string[] {
  const fields = new Fields(asObject(body))
  const rules = { required: true, filled: true, max: CODES_MAX }
  const codes = readScalars(fields, 'redeem_code', readCode, rules)
  assertOk(fields)
  return codes ?? []
}

/** Codes of a DELETE without a body: repeated or comma-separated (specs/inventorum.md 5.3). */
export function codesOfQuery(query: URLSearchParams): readonly string[] | undefined {
  const codes = query.getAll('redeem_code').flatMap((value) => value.split(','))
  return codes.length > 0 ? codes : undefined
}

export function decodePayment(body: JsonValue): PaymentDraft {
  const fields = new Fields(asObject(body))
  const paid = fields.read('amount', { required: true, read: amount })
  const method = fields.read('method', { required: true, read: readMethod })
  const cash = fields.read('rounded', { read: rounded }) ?? decimal(0)
  assertOk(fields)
  if (paid === undefined || method === undefined) throw new Error(TEXT.required)
  return { amount: toUnits(paid) ?? 0n, method, rounded: toUnits(cash) ?? 0n }
}

function readMethod(input: JsonValue): Reading<number> {
  const method = input instanceof JsonNumber ? numberText(input) : input
  return typeof method === 'string' && METHODS.has(method)
    ? { value: Number(method) }
    : { faults: [TEXT.choice(pythonText(input))] }
}

export function decodeRefund(body: JsonValue): RefundDraft {
  const fields = new Fields(asObject(body))
  const method = fields.read('method', { nullable: true, read: readMethod }) ?? undefined
  const lineIds = readObjects(
    fields,
    'items',
    (line) => line.read('id', { required: true, read: readKey }),
    { filled: true, nullable: true, max: LINES_MAX },
  )
  assertOk(fields)
  return { method, lineIds: lineIds?.filter((id) => id !== undefined) }
}
