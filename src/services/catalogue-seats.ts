import type { Seat } from '../commerce/catalogue.ts'
import type { Page } from '../commerce/catalogue-rows.ts'
import {
  countSeats,
  findSeat,
  listSeats,
  type SeatFilter,
  type SeatPlace,
  setSeatBlocked,
} from '../commerce/catalogue-seats.ts'
import { transact } from '../db/transact.ts'
import type { Voucher } from '../instruments/voucher.ts'
import { budgetsUsed } from '../instruments/voucher-uses.ts'
import { readVouchers } from '../instruments/vouchers.ts'
import type { Finish } from './cards.ts'
import type { Outcome } from './catalogue.ts'
import type { Deps } from './deps.ts'

/** Seats of an event, or of one date of a series; they are made by world files only. */
export function createSeats({ db, now }: Pick<Deps, 'db' | 'now'>) {
  return {
    find: (merchantId: bigint, place: SeatPlace, id: bigint, filter: SeatFilter = {}) =>
      findSeat(db, merchantId, place, id, filter, now()),
    count: (merchantId: bigint, place: SeatPlace, filter: SeatFilter) =>
      countSeats(db, merchantId, place, filter),
    list: (merchantId: bigint, place: SeatPlace, filter: SeatFilter, page: Page) =>
      listSeats(db, merchantId, place, filter, page, now()),

    /** The vouchers that hold seats, with what is given of their budgets. */
    vouchers: async (
      merchantId: bigint,
      eventId: bigint,
      ids: readonly bigint[],
    ): Promise<readonly { readonly voucher: Voucher; readonly used: bigint }[]> => {
      const vouchers = await readVouchers(db, merchantId, eventId, ids)
      const used = await budgetsUsed(db, merchantId, ids)
      return [...vouchers.values()].map((voucher) => ({
        voucher,
        used: used.get(voucher.id) ?? 0n,
      }))
    },

    /** Keeps a seat from being sold, or lets go of it; who has it already keeps it. */
    setBlocked: (
      merchantId: bigint,
      place: SeatPlace,
      id: bigint,
      blocked: boolean | undefined,
      finish?: Finish<Seat>,
    ): Promise<Outcome<Seat>> =>
      transact(db, async (tx) => {
        if (blocked !== undefined) await setSeatBlocked(tx, merchantId, place, id, blocked)
        const seat = await findSeat(tx, merchantId, place, id, {}, now())
        if (!seat) return { obstacle: 'not_found' }
        await finish?.(tx, seat)
        return { done: seat }
      }),
  }
}
