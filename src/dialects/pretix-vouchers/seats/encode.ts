import type { Seat } from '../../../commerce/catalogue.ts'
import { encodeId } from '../catalogue-wire.ts'

/**
 * A seat, with exactly the keys of specs/pretix-vouchers.md 10.1. `voucher` stands in for the id of the
 * voucher that holds it, for `expand=voucher`. Nothing is ever in a cart here.
 */
export const encodeSeat = (seat: Seat, voucher: unknown = encodeId(seat.voucherId)) => ({
  id: encodeId(seat.id),
  subevent: encodeId(seat.subeventId),
  zone_name: seat.zoneName,
  row_name: seat.rowName,
  row_label: seat.rowLabel ?? null,
  seat_number: seat.seatNumber,
  seat_label: seat.seatLabel ?? null,
  seat_guid: seat.guid,
  product: encodeId(seat.itemId),
  blocked: seat.blocked,
  orderposition: encodeId(seat.orderPositionId),
  cartposition: null,
  voucher,
})
