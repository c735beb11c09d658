import type { OrderFee, OrderPosition, TicketOrder } from '../../../commerce/ticket-orders.ts'
import { encodeId, encodeInstant, encodeKept, encodePrice } from '../catalogue-wire.ts'
import { encodePayment, encodeRefund } from '../payments/encode.ts'

/** An order, with exactly the keys of specs/pretix-vouchers.md 10.1; taxes are not kept here. */
export const encodeOrder = (
  order: TicketOrder,
  {
    event,
    url,
    canceledToo = false,
  }: { readonly event: string; readonly url: string; readonly canceledToo?: boolean },
) => ({
  code: order.code,
  event,
  status: order.status,
  testmode: order.testmode,
  secret: order.secret,
  email: order.email ?? null,
  phone: null,
  customer: null,
  locale: order.locale,
  sales_channel: order.salesChannel,
  datetime: encodeInstant(order.datetime),
  expires: encodeInstant(order.expires),
  total: encodePrice(order.total),
  comment: order.comment,
  require_approval: false,
  valid_if_pending: false,
  positions: order.positions
    .filter(({ canceled }) => canceledToo || !canceled)
    .map((position) => encodePosition(position, order.code)),
  fees: order.fees.map(encodeFee),
  payments: order.payments.map(encodePayment),
  refunds: order.refunds.map(encodeRefund),
  downloads: [],
  invoice_address: null,
  last_modified: encodeInstant(order.lastModified),
  cancellation_date: encodeInstant(order.cancellationDate),
  url: `${url}/${order.code}/${order.secret}/`,
})

export const encodePosition = (position: OrderPosition, order: string) => {
  const parts = encodeKept(position.attendeeNameParts)
  return {
    id: encodeId(position.id),
    order,
    positionid: position.positionid,
    canceled: position.canceled,
    item: encodeId(position.itemId),
    variation: encodeId(position.variationId),
    price: encodePrice(position.price),
    attendee_name: nameIn(position.attendeeNameParts),
    attendee_name_parts: parts,
    attendee_email: position.attendeeEmail ?? null,
    voucher: encodeId(position.voucherId),
    voucher_budget_use: encodePrice(position.voucherBudgetUse),
    tax_rate: '0.00',
    tax_value: '0.00',
    tax_rule: null,
    secret: position.secret,
    addon_to: encodeId(position.addonTo),
    subevent: encodeId(position.subeventId),
    seat: position.seat
      ? {
          id: encodeId(position.seat.id),
          name: position.seat.name,
          seat_guid: position.seat.guid,
          zone_name: position.seat.zoneName,
          row_name: position.seat.rowName,
          row_label: position.seat.rowLabel ?? null,
          seat_number: position.seat.seatNumber,
          seat_label: position.seat.seatLabel ?? null,
        }
      : null,
    answers: [],
    checkins: [],
    downloads: [],
  }
}

/** A name in parts as one text: whole if it is kept whole, else its parts in their order. */
function nameIn(source: string): string | null {
  const parts = JSON.parse(source) as Readonly<Record<string, unknown>> // Kept as a JSON object.
  const { full_name: full, _legacy: legacy } = parts
  const whole = typeof full === 'string' && full !== '' ? full : legacy
  if (typeof whole === 'string' && whole !== '') return whole
  const texts = Object.entries(parts).flatMap(([key, value]) =>
    !key.startsWith('_') && typeof value === 'string' && value !== '' ? [value] : [],
  )
  return texts.length > 0 ? texts.join(' ') : null
}

const encodeFee = (fee: OrderFee) => ({
  id: encodeId(fee.id),
  fee_type: fee.feeType,
  value: encodePrice(fee.value),
  description: fee.description,
  internal_type: fee.internalType,
  tax_rate: '0.00',
  tax_value: '0.00',
  tax_rule: null,
  canceled: false,
})
