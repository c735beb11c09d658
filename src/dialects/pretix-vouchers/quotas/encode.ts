import type { Quota } from '../../../commerce/catalogue.ts'
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
