import type { VoucherFields } from './voucher.ts'

/**
 * What may be written into a voucher, judged on its effective state: the stored voucher overlaid with
 * the request (specs/pretix-vouchers.md 4, step B). Pure; the first failing check is the answer. The
 * quota check (B14) lies between `judgeVoucher` and `judgeSeat` and is commerce/quota.ts's.
 */

/** A voucher that may not be written as it is, with what its words need. */
export type VoucherFault =
  | { readonly code: 'quota_of_other_event' }
  | { readonly code: 'quota_and_item' }
  | { readonly code: 'item_not_sold_alone' }
  | { readonly code: 'item_of_other_event' }
  | { readonly code: 'variation_without_item' }
  | { readonly code: 'variation_of_other_item' }
  | { readonly code: 'blocks_without_target' }
  | { readonly code: 'blocks_without_date' }
  | { readonly code: 'date_without_series' }
  | { readonly code: 'max_below_redeemed'; readonly redeemed: number }
  | { readonly code: 'max_below_min' }
  | { readonly code: 'quota_exhausted' }
  | { readonly code: 'code_taken' }
  | { readonly code: 'seat_without_date' }
  | { readonly code: 'seat_unknown'; readonly guid: string }
  | { readonly code: 'seat_unavailable'; readonly guid: string }
  | { readonly code: 'seat_without_item' }
  | { readonly code: 'seat_used_twice' }
  | { readonly code: 'seat_of_other_item'; readonly itemName: string | undefined }
  /** Two rows of one batch. */
  | { readonly code: 'seat_repeated' }
  | { readonly code: 'code_repeated' }

export type VoucherFaultCode = VoucherFault['code']

/** What a voucher's foreign ids stand for; each undefined exactly if the voucher does not name it. */
export type VoucherTargets = {
  readonly event: { readonly id: bigint; readonly hasSubevents: boolean }
  readonly quota: { readonly eventId: bigint; readonly subeventId: bigint | undefined } | undefined
  readonly item:
    | {
        readonly id: bigint
        readonly eventId: bigint
        readonly hasVariations: boolean
        /** In an add-on category, or sold in bundles only. */
        readonly soldAlone: boolean
      }
    | undefined
  readonly variation: { readonly itemId: bigint } | undefined
}

/** Which request is judged: a creation is bound by `min_usages` only if it says so (section 0.1, B13). */
export type VoucherOccasion = { readonly redeemed: number; readonly checkMinUsages: boolean }

/** B1 to B13. */
export function judgeVoucher(
  voucher: VoucherFields,
  { event, quota, item, variation }: VoucherTargets,
  { redeemed, checkMinUsages }: VoucherOccasion,
): VoucherFault | undefined {
  if (quota) {
    if (quota.eventId !== event.id) return { code: 'quota_of_other_event' }
    if (item) return { code: 'quota_and_item' }
    if (variation) return { code: 'variation_without_item' }
  } else if (item) {
    if (!item.soldAlone) return { code: 'item_not_sold_alone' }
    if (item.eventId !== event.id) return { code: 'item_of_other_event' }
    if (variation && !item.hasVariations) return { code: 'variation_without_item' }
    if (variation && variation.itemId !== item.id) return { code: 'variation_of_other_item' }
  } else {
    if (voucher.blockQuota) return { code: 'blocks_without_target' }
    if (variation) return { code: 'variation_without_item' }
  }
  if (event.hasSubevents && voucher.blockQuota) {
    if (voucher.subeventId === undefined) return { code: 'blocks_without_date' }
    // It would count nowhere: a quota of one date, a voucher for another (section 5.3, gap 2).
    if (quota && quota.subeventId !== voucher.subeventId) return { code: 'blocks_without_date' }
  }
  if (!event.hasSubevents && voucher.subeventId !== undefined)
    return { code: 'date_without_series' }
  if (voucher.maxUsages < redeemed) return { code: 'max_below_redeemed', redeemed }
  if (checkMinUsages && voucher.maxUsages < voucher.minUsages) return { code: 'max_below_min' }
  return undefined
}

/** The seat that a voucher names, if there is one; `taken` leaves the voucher itself out. */
export type SeatFacts = {
  readonly itemId: bigint | undefined
  readonly itemName: string | undefined
  readonly taken: boolean
}

/** B16, for a voucher that names a seat. */
export function judgeSeat(
  voucher: VoucherFields & { readonly seatGuid: string },
  event: { readonly hasSubevents: boolean },
  seat: SeatFacts | undefined,
): VoucherFault | undefined {
  const guid = voucher.seatGuid
  if (event.hasSubevents && voucher.subeventId === undefined) return { code: 'seat_without_date' }
  if (!seat) return { code: 'seat_unknown', guid }
  if (seat.taken) return { code: 'seat_unavailable', guid }
  if (voucher.quotaId !== undefined) return { code: 'seat_without_item' }
  if (voucher.maxUsages > 1 || voucher.minUsages > 1) return { code: 'seat_used_twice' }
  if (voucher.itemId !== undefined && voucher.itemId !== seat.itemId)
    return { code: 'seat_of_other_item', itemName: seat.itemName }
  return undefined
}

/**
 * What only rows of one batch do to each other (section 6.3): the same seat first, and then the row's
 * code is not looked at, else the same code ignoring case. `earlier` collects what rows so far took.
 */
export function judgeRepetition(
  voucher: Pick<VoucherFields, 'code' | 'seatGuid' | 'subeventId'>,
  earlier: { readonly seats: Set<string>; readonly codes: Set<string> },
): VoucherFault | undefined {
  if (voucher.seatGuid !== undefined) {
    const seat = `${voucher.subeventId ?? ''}/${voucher.seatGuid}`
    if (earlier.seats.has(seat)) return { code: 'seat_repeated' }
    earlier.seats.add(seat)
  }
  if (earlier.codes.has(voucher.code)) return { code: 'code_repeated' }
  earlier.codes.add(voucher.code)
  return undefined
}
