import type { Zone } from '../../../money/zone.ts'
import type { OrderLine, Payment } from '../../../services/inventorum-order-rows.ts'
import type { Order, UsedCard } from '../../../services/inventorum-order-views.ts'
import type { Merchant } from '../../../services/merchants.ts'
import { rawNumber } from '../../../wire/json.ts'
import {
  fixed2,
  fixed3,
  fixed10,
  id,
  idOrNull,
  localMillis,
  money,
  money10,
  plainNumber,
  utcSeconds,
} from '../wire.ts'
import { encodeReceipt, lineName } from './receipt.ts'

/** Orders: a short summary while they are made, the whole object later (specs/inventorum.md 4.4, 7). */

const PENDING = 2
const COMPLETED = 360
const CHANNEL = { id: 1, name: 'ipad' }
const REFUND_TYPES = ['0', '6', '1', '3', '2', '19', '20']

/** `completed_at` is the time of creation here, and never null (specs/inventorum.md 13, 16). */
export const encodeSummary = (order: Order, zone: Zone) => ({
  total: money(order.total),
  id: id(order.id),
  user: id(order.userId),
  customer: customerOf(order),
  basket: id(order.basketId),
  state: order.state === PENDING ? '02' : '01',
  completed_at: localMillis(zone, order.createdAt),
  channel: CHANNEL.id,
  shipment: null,
  description: order.description ?? null,
  external_id: order.externalId ?? null,
})

export function encodeOrder(order: Order, merchant: Merchant, base: string) {
  const isPaid = order.completedAt !== undefined
  const paid = order.payments.reduce((sum, { amount }) => sum + amount, 0n)
  return {
    id: id(order.id),
    basket: {
      note_internal: order.noteInternal ?? null,
      note_external: order.noteExternal ?? null,
      items: order.lines.map(encodeLine),
      discount: null,
      receipt: encodeReceipt(order, merchant, base),
      invoice_number: order.invoiceNumber?.toString() ?? null,
      used_giftcards: order.usedCards.map(encodeUsedCard),
    },
    state: order.state,
    customer: customerOf(order),
    amount_paid: money10(paid),
    payments: order.payments.map(encodePayment),
    shipment: null,
    channel: CHANNEL.name,
    time_added: utcSeconds(order.createdAt),
    completed_at: order.completedAt === undefined ? null : utcSeconds(order.completedAt),
    description: order.description ?? null,
    user: id(order.userId),
    total: money(order.total),
    external_id: order.externalId ?? null,
    delta_state: isPaid ? 'updated' : 'created',
    user_id: id(order.userId),
    available_refund_types: order.state === COMPLETED ? REFUND_TYPES : [],
    ksv_payloads: [],
    printable: [],
  }
}

/** Any number of 64 bits, as it was sent. */
const customerOf = ({ customer }: Order): unknown =>
  customer === undefined ? null : rawNumber(customer.toString())

const PURPOSES = { single: 'single-purpose', multi: 'multi-purpose' } as const

const encodeLine = (line: OrderLine) => ({
  id: id(line.id),
  name: lineName(line),
  discount: null,
  original_quantity: fixed2(line.quantity),
  price: fixed10(line.unitNet),
  product: id(line.productId),
  quantity: plainNumber(line.quantity),
  tax_rate: fixed3(line.rate),
  gross_price: money(line.gross),
  type: line.purpose ? 'gift_card' : 'product',
  external_id: null,
  unit_gross_price: money(line.unitGross),
  product_code: line.productCode ?? null,
  giftcard_id: idOrNull(line.cardId),
  giftcard_type: line.purpose ? PURPOSES[line.purpose] : null,
  info: null,
  user: null,
  employees: [],
})

/** A multi-purpose card has no tax rate at all, not an empty one (specs/inventorum.md 12, trap 18). */
const encodeUsedCard = ({ id: cardId, purpose, rate, code, applied }: UsedCard) => ({
  ...(purpose === 'single' && rate ? { tax_rate: fixed10(rate) } : {}),
  type: PURPOSES[purpose],
  redeem_code: code,
  amount_applied: money(-applied),
  id: id(cardId),
})

const encodePayment = ({ id: paymentId, method, amount, createdAt }: Payment) => ({
  id: id(paymentId),
  payment_method: method.toString(),
  payment_amount: money10(amount),
  date: utcSeconds(createdAt),
  transaction_id: null,
  transaction_duration: null,
  paypal_invoice_id: null,
  paypal_tab_id: null,
  external_payment_method: null,
  giftcard_id: null,
  giftcard_type: null,
  giftcard_discount: null,
  state: { name: 'Accepted', id: 0 },
})
