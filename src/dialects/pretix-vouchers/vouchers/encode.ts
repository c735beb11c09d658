import type { Voucher } from '../../../instruments/voucher.ts'
import { encodeId, encodeInstant, encodePrice } from '../catalogue-wire.ts'

/** What the merchant option `voucher_budget` adds: what is given of the budget so far. */
export type BudgetUse = { readonly used: bigint }

/** A voucher, with exactly the keys of specs/pretix-vouchers.md 3, in the order of 0.1. */
export const encodeVoucher = (voucher: Voucher, budget?: BudgetUse) => ({
  id: encodeId(voucher.id),
  ...(budget && { created: encodeInstant(voucher.createdAt) }),
  code: voucher.code,
  max_usages: voucher.maxUsages,
  redeemed: voucher.redeemed,
  min_usages: voucher.minUsages,
  valid_until: encodeInstant(voucher.validUntil),
  block_quota: voucher.blockQuota,
  allow_ignore_quota: voucher.allowIgnoreQuota,
  price_mode: voucher.priceMode,
  value: encodePrice(voucher.value),
  item: encodeId(voucher.itemId),
  variation: encodeId(voucher.variationId),
  quota: encodeId(voucher.quotaId),
  tag: voucher.tag,
  comment: voucher.comment,
  subevent: encodeId(voucher.subeventId),
  show_hidden_items: voucher.showHiddenItems,
  seat: voucher.seatGuid ?? null,
  all_addons_included: voucher.allAddonsIncluded,
  all_bundles_included: voucher.allBundlesIncluded,
  ...(budget && {
    budget: encodePrice(voucher.budget),
    budget_used: encodePrice(budget.used),
  }),
})
