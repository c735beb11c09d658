import type { Quota } from '../../../commerce/catalogue.ts'
import { availableNumber, isAvailable, type QuotaUse } from '../../../commerce/quota.ts'
import { encodeId } from '../catalogue-wire.ts'

/** A quota, with exactly the keys of specs/pretix-vouchers.md 10.1. */
export const encodeQuota = (quota: Quota) => ({
  id: encodeId(quota.id),
  name: quota.name,
  size: quota.size ?? null,
  items: quota.itemIds.map(encodeId),
  variations: quota.variationIds.map(encodeId),
  subevent: encodeId(quota.subeventId),
  close_when_sold_out: quota.closeWhenSoldOut,
  closed: quota.closed,
  release_after_exit: quota.releaseAfterExit,
})

/** How much of a quota is left; an unlimited one has no numbers of its own, but real counts (10.1). */
export function encodeAvailability(quota: Quota, use: QuotaUse) {
  const number = availableNumber(quota, use)
  return {
    available: isAvailable(number),
    available_number: number ?? null,
    total_size: quota.size ?? null,
    pending_orders: use.pending,
    paid_orders: use.paid,
    exited_orders: 0,
    cart_positions: use.carts,
    blocking_vouchers: use.blocked,
    waiting_list: 0,
  }
}
