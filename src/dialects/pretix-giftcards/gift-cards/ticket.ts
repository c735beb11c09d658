import type { Ticket } from '../../../commerce/tickets.ts'
import { formatValue } from '../wire.ts'

/** The expanded ticket: exactly the keys of specs/pretix-giftcards.md 6.4. */
export const encodeTicket = (ticket: Ticket) => ({
  id: Number(ticket.id),
  order: { code: ticket.orderCode, event: ticket.eventSlug },
  positionid: ticket.positionid,
  item: Number(ticket.itemId),
  variation: idOrNull(ticket.variationId),
  price: formatValue(ticket.price),
  attendee_name: attendeeName(ticket.attendeeNameParts),
  attendee_name_parts: ticket.attendeeNameParts ?? {},
  attendee_email: ticket.attendeeEmail ?? null,
  company: null,
  street: null,
  zipcode: null,
  city: null,
  country: null,
  state: null,
  voucher: idOrNull(ticket.voucherId),
  voucher_budget_use:
    ticket.voucherBudgetUse === undefined ? null : formatValue(ticket.voucherBudgetUse),
  tax_rate: '0.00',
  tax_value: '0.00',
  tax_rule: null,
  tax_code: null,
  secret: ticket.secret,
  addon_to: idOrNull(ticket.addonTo),
  subevent: idOrNull(ticket.subeventId),
  discount: null,
  checkins: [],
  print_logs: [],
  downloads: [],
  answers: [],
  pseudonymization_id: ticket.pseudonymizationId,
  seat: ticket.seat
    ? {
        id: Number(ticket.seat.id),
        name: ticket.seat.name,
        seat_guid: ticket.seat.guid,
        zone_name: ticket.seat.zoneName,
        row_name: ticket.seat.rowName,
        row_label: ticket.seat.rowLabel ?? null,
        seat_number: ticket.seat.seatNumber,
        seat_label: ticket.seat.seatLabel ?? null,
      }
    : null,
  pdf_data: {},
  plugin_data: {},
  canceled: ticket.canceled,
  valid_from: null,
  valid_until: null,
  blocked: null,
})

const idOrNull = (id: bigint | undefined): number | null => (id === undefined ? null : Number(id))

/** The full name among the parts, as the newest releases store it. */
function attendeeName(parts: Ticket['attendeeNameParts']): string | null {
  const name =
    typeof parts === 'object' && parts !== null && '_legacy' in parts
      ? parts._legacy
      : typeof parts === 'object' && parts !== null && 'full_name' in parts
        ? parts.full_name
        : null
  return typeof name === 'string' ? name : null
}
