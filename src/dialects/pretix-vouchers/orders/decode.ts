import type { Instant } from '../../../money/instant.ts'
import type { OrderDraft } from '../../../services/ticket-order-draft.ts'
import {
  bodyFaults,
  type Faults,
  Fields,
  pythonText,
  type Reading,
  readChoice,
  readInstant,
  TEXT,
  text,
  typeWord,
} from '../../../wire/fields.ts'
import { isJsonObject, type JsonValue, stringifyJson } from '../../../wire/json.ts'
import {
  flag,
  instant,
  nullable,
  nullableOrEmpty,
  optional,
  readObjects,
  readPrice,
  reference,
  required,
} from '../catalogue-fields.ts'
import { cardIn, readInfo, readProvider } from '../payments/decode.ts'
import { readEmail } from './email.ts'
import { type DecodedPositions, decodePositions } from './positions.ts'

/** POST of an order (specs/pretix-vouchers.md 10.1, 0.1, 0.2, 12): what is judged without a look-up. */

const STATUSES = ['n', 'p'] as const
const FEE_TYPES = [
  'payment',
  'shipping',
  'service',
  'cancellation',
  'insurance',
  'late',
  'giftcard',
  'other',
] as const
/** The languages that pretix ships; the texts of this server are English in all of them. */
const LOCALES = (
  'en de de-informal ar bg ca cs da el es es-419 et eu fi fr gl he hr hu id it ja ko lt lv nb-no nl ' +
  'nl-informal pl pt-br pt-pt ro ru sk sl sv th tr uk vi zh-hans zh-hant'
).split(' ')
const CHANNEL = 'web'

/** What a body says of an order, and every fault that is visible in it. */
export type DecodedOrder = {
  /** Of use only if nothing is wrong. */
  readonly draft: OrderDraft
  readonly simulate: boolean
  readonly positions: DecodedPositions
  /** Of everything but the positions. */
  readonly faults: Faults
}

/** Reads a body; its own shape may be wrong altogether. */
export function decodeOrder(
  body: JsonValue,
  now: Instant,
): DecodedOrder | { readonly wrong: Faults } {
  const wrong = bodyFaults(body)
  if (wrong || !isJsonObject(body)) return { wrong: wrong ?? {} }
  const fields = new Fields(body)
  const info = fields.read('payment_info', nullable(readInfo('payment_info')))
  const provider = fields.read('payment_provider', nullable(readProvider)) ?? undefined
  const status =
    fields.read(
      'status',
      optional((input) => readChoice(input, STATUSES)),
    ) ?? 'n'
  const paidOtherwise = provider !== undefined || info != null
  const positions = decodePositions(body)
  fields.read('send_email', flag)
  fields.read('consume_carts', optional(readTexts))
  const simulate = fields.read('simulate', flag) ?? false
  const draft: OrderDraft = {
    code: fields.read('code', optional(readCode)),
    status,
    testmode: fields.read('testmode', flag) ?? false,
    email: fields.read('email', nullableOrEmpty(readEmail)) ?? undefined,
    locale:
      fields.read(
        'locale',
        optional((input) => readChoice(input, LOCALES)),
      ) ?? 'en',
    salesChannel: fields.read('sales_channel', nullable(readChannel)) ?? CHANNEL,
    comment: fields.read('comment', optional(text({ blank: true }))) ?? '',
    expires: fields.read('expires', nullable(readExpiry(now))) ?? undefined,
    provider,
    paymentInfo: info ? stringifyJson(info) : '{}',
    paymentCardId: info ? cardIn(info) : undefined,
    paymentDate: fields.read('payment_date', instant) ?? undefined,
    useGiftCards: fields.read('use_gift_cards', nullable(readCards(paidOtherwise, status))) ?? [],
    force: fields.read('force', flag) ?? false,
    fees: readFees(fields),
    positions: positions.drafts,
  }
  return { draft, simulate, positions, faults: fields.faults }
}

/** Letters without I and O, and digits. */
function readCode(input: JsonValue): Reading<string> {
  const reading = text({ min: 5, max: 16 })(input)
  if ('faults' in reading || /^[A-HJ-NP-Z0-9]*$/.test(reading.value)) return reading
  return { faults: ['This order code contains invalid characters.'] }
}

function readChannel(input: JsonValue): Reading<string> {
  const value = pythonText(input)
  return value === CHANNEL
    ? { value }
    : { faults: [`Object with identifier=${value} does not exist.`] }
}

const readExpiry =
  (now: Instant) =>
  (input: JsonValue): Reading<Instant> => {
    const reading = readInstant(input)
    if ('faults' in reading || reading.value > now) return reading
    return { faults: ['Expiration date must be in the future.'] }
  }

/** A list of texts; the first fault speaks for it. */
function readTexts(input: JsonValue): Reading<readonly string[]> {
  if (!Array.isArray(input)) return { faults: [TEXT.list(typeWord(input))] }
  const texts: string[] = []
  for (const element of input as readonly JsonValue[]) {
    const reading = text({ blank: true })(element)
    if ('faults' in reading) return reading
    texts.push(reading.value)
  }
  return { value: texts }
}

/** Gift cards to pay with, by code; nothing else may say how the order is paid (0.1). */
const readCards =
  (paidOtherwise: boolean, status: 'n' | 'p') =>
  (input: JsonValue): Reading<readonly string[]> => {
    const reading = readTexts(input)
    if ('faults' in reading || reading.value.length === 0) return reading
    if (paidOtherwise)
      return {
        faults: [
          'The attribute use_gift_cards is not compatible with payment_provider or payment_info',
        ],
      }
    if (status !== 'n')
      return {
        faults: [
          'The attribute use_gift_cards is only supported for orders that are created as pending',
        ],
      }
    if (new Set(reading.value).size < reading.value.length)
      return { faults: ['Multiple copies of the same gift card secret are not allowed'] }
    return reading
  }

/** With as many positions of the highest price, the total still is a number that can be stored. */
const FEES_MAX = 100

function readFees(fields: Fields): OrderDraft['fees'] {
  const fees = readObjects(fields, 'fees', readFee) ?? []
  if (fees.length > FEES_MAX)
    fields.addFault('fees', `Orders cannot have more than ${FEES_MAX} fees.`)
  return fees
}

function readFee(fields: Fields): OrderDraft['fees'][number] {
  const feeType = fields.read(
    'fee_type',
    required((input) => readChoice(input, FEE_TYPES)),
  )
  const value = fields.read('value', required(readPrice))
  // There are no tax rules here, so that none can be referred to.
  fields.read('tax_rule', nullableOrEmpty(reference(() => false)))
  return {
    // What is missing is a fault, so that the fee never gets further than this.
    feeType: feeType ?? '',
    value: value ?? 0n,
    description: fields.read('description', optional(text({ blank: true, max: 190 }))) ?? '',
    internalType: fields.read('internal_type', optional(text({ blank: true, max: 255 }))) ?? '',
  }
}

/** What the customer still owes after a cancellation (0.2); the rest of the body changes nothing. */
export function decodeCancel(
  body: JsonValue,
): { readonly value: bigint | undefined } | { readonly faults: Faults } {
  const wrong = bodyFaults(body)
  if (wrong || !isJsonObject(body)) return { faults: wrong ?? {} }
  const fields = new Fields(body)
  fields.read('send_email', flag)
  const fee = fields.read('cancellation_fee', nullableOrEmpty(readPrice)) ?? undefined
  if (fee !== undefined && fee < 0n) fields.addFault('cancellation_fee', TEXT.min('0'))
  return fields.ok ? { value: fee } : { faults: fields.faults }
}
