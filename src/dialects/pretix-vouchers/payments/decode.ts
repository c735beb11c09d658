import { toUnits } from '../../../money/money.ts'
import type { PaymentDraft, RefundDraft } from '../../../services/ticket-payments.ts'
import {
  bodyFaults,
  type Faults,
  Fields,
  type Reading,
  readChoice,
  readDecimal,
  text,
} from '../../../wire/fields.ts'
import { isJsonObject, type JsonObject, type JsonValue, stringifyJson } from '../../../wire/json.ts'
import { type Decoded, idIn, instant, nullable, optional, required } from '../catalogue-fields.ts'

/** Bodies of payments and refunds (specs/pretix-vouchers.md 10.2, 12). */

const PROVIDERS = new Set(['free', 'manual', 'banktransfer', 'giftcard'])
const STATES = ['created', 'pending', 'confirmed', 'canceled', 'failed', 'refunded'] as const

/** A payment provider that this server knows. */
export function readProvider(input: JsonValue): Reading<string> {
  const reading = text()(input)
  if ('faults' in reading || PROVIDERS.has(reading.value)) return reading
  return { faults: ['The given payment provider is not known.'] }
}

/** What a provider keeps: an object of any shape. */
export const readInfo =
  (name: string) =>
  (input: JsonValue): Reading<JsonObject> =>
    isJsonObject(input) ? { value: input } : { faults: [`${name} must be a JSON object.`] }

/** An id that no card has: what is named so is not known. */
const NO_CARD = -1n

/** The gift card that a payment's info names by its id. */
export function cardIn(info: JsonObject): bigint | undefined {
  const named = Object.hasOwn(info, 'gift_card') ? info.gift_card : undefined
  if (named === undefined || named === null) return undefined
  return idIn(named) ?? NO_CARD
}

/** An amount with two decimals; a payment is never negative. */
function readAmount(input: JsonValue): Reading<bigint> {
  const reading = readDecimal(input, {
    digits: 13,
    places: 2,
    min: { value: { units: 0n, scale: 0 }, text: '0' },
  })
  // Two decimals always fit the ledger's five.
  return 'value' in reading ? { value: toUnits(reading.value) ?? 0n } : reading
}

export function decodePayment(body: JsonValue): Decoded<PaymentDraft> {
  const wrong = bodyFaults(body)
  if (wrong || !isJsonObject(body)) return { faults: wrong ?? {} }
  const fields = new Fields(body)
  const provider = fields.read('provider', required(readProvider))
  const amount = fields.read('amount', required(readAmount))
  const state = fields.read(
    'state',
    optional((input) => readChoice(input, STATES)),
  )
  const paymentDate = fields.read('payment_date', instant)
  const info = fields.read('info', nullable(readInfo('info')))
  if (!fields.ok || provider === undefined || amount === undefined) return { faults: fields.faults }
  return {
    value: {
      provider,
      amount,
      state: state ?? 'created',
      paymentDate: paymentDate ?? undefined,
      info: info ? stringifyJson(info) : '{}',
      cardId: info ? cardIn(info) : undefined,
    },
  }
}

/** What is given back, the whole payment unless it says how much, and why (specs/pretix-giftcards.md 10). */
export function decodeRefund(body: JsonValue): Decoded<RefundDraft> {
  const wrong = bodyFaults(body)
  if (wrong || !isJsonObject(body)) return { faults: wrong ?? {} }
  const fields = new Fields(body)
  // Zero and less are refused in words of their own.
  const amount = fields.read('amount', nullable(readSigned))
  const comment = fields.read('comment', nullable(text({ blank: true })))
  const faults: Faults = fields.faults
  return fields.ok
    ? { value: { amount: amount ?? undefined, comment: comment || undefined } }
    : { faults }
}

function readSigned(input: JsonValue): Reading<bigint> {
  const reading = readDecimal(input, { digits: 13, places: 2 })
  return 'value' in reading ? { value: toUnits(reading.value) ?? 0n } : reading
}
