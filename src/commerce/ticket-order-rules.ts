import type { Instant } from '../money/instant.ts'
import type { Quota, Seat } from './catalogue.ts'
import { charge, type Discount, listedPrice, type PriceTags } from './pricing.ts'
import { type QuotaRoom, type Restriction, reservesProduct, takesPosition } from './quota.ts'

/**
 * Whether an order's positions may be sold, and for how much (specs/pretix-vouchers.md 8.2 to 8.4,
 * section 0.1). Pure: everything that is counted was read under the locks of section 9.
 */

/** One ticket that a caller wants; ids are known to exist in the event. */
export type PositionWish = {
  readonly itemId: bigint
  readonly variationId: bigint | undefined
  readonly subeventId: bigint | undefined
  /** Taken as it is, voucher or not; undefined is computed. */
  readonly price: bigint | undefined
  readonly voucherId: bigint | undefined
  readonly seatGuid: string | undefined
  readonly isAddon: boolean
}

/** A voucher as an order sees it. */
export type OrderVoucher = Restriction &
  Discount & {
    readonly id: bigint
    readonly validUntil: Instant | undefined
    readonly blockQuota: boolean
    readonly allowIgnoreQuota: boolean
    readonly maxUsages: number
    readonly redeemed: number
    readonly seatGuid: string | undefined
    /** What its budget has left; undefined is no budget, or budgets are off. */
    readonly budgetRemaining: bigint | undefined
  }

/** A seat as an order sees it: free, but for what is said here. */
export type OrderSeat = Pick<
  Seat,
  'id' | 'zoneName' | 'rowName' | 'rowLabel' | 'seatNumber' | 'seatLabel' | 'blocked'
> & {
  /** In a live order. */
  readonly sold: boolean
  /** The usable voucher that keeps it for its holder. */
  readonly voucherId: bigint | undefined
}

/** What is for sale, as of now. */
export type Shop = {
  readonly currency: string
  readonly quotas: readonly Quota[]
  readonly room: QuotaRoom
  readonly vouchers: ReadonlyMap<bigint, OrderVoucher>
  readonly seats: ReadonlyMap<string, OrderSeat>
  readonly itemName: (itemId: bigint) => string
  readonly priceTags: (wish: PositionWish) => PriceTags
  /** Sold on other dates only. */
  readonly isDisabled: (wish: PositionWish) => boolean
  /** A seat of the event (of the date) names the product. */
  readonly needsSeat: (wish: PositionWish) => boolean
}

/** A seat's guid is unique in its date only. */
export const seatKey = (subeventId: bigint | undefined, guid: string): string =>
  `${subeventId ?? ''}/${guid}`

export type PositionFaults = {
  readonly voucher?:
    | {
        readonly code: 'addon' | 'other_item' | 'other_date' | 'expired' | 'other_seat' | 'used_up'
      }
    | { readonly code: 'budget'; readonly remaining: bigint; readonly discount: bigint }
  readonly item?:
    | { readonly code: 'disabled' | 'no_quota'; readonly itemName: string }
    | { readonly code: 'quota_exhausted'; readonly quotaName: string }
  readonly seat?:
    | { readonly code: 'addon' | 'required' | 'not_allowed' | 'unknown' }
    | { readonly code: 'unavailable'; readonly seatName: string }
}

/** A position that may be sold. */
export type PositionCharge = {
  readonly price: bigint
  readonly budgetUse: bigint | undefined
  readonly seatId: bigint | undefined
}

/** All positions with their prices, or one object of faults for each, empty where it is fine. */
export type Verdict =
  | { readonly charges: readonly PositionCharge[] }
  | { readonly faults: readonly PositionFaults[] }

/** What positions of this order took before the one that is judged. */
type Taken = {
  readonly uses: Map<bigint, number>
  readonly budget: Map<bigint, bigint>
  readonly seats: Set<bigint>
}

/** Judges an order as a whole; `force` lifts the quota rule only. */
export function judgePositions(
  wishes: readonly PositionWish[],
  shop: Shop,
  { force, now }: { readonly force: boolean; readonly now: Instant },
): Verdict {
  const taken: Taken = { uses: new Map(), budget: new Map(), seats: new Set() }
  const judged = wishes.map((wish) => judgeOne(wish, shop, taken, now))
  // A pass of its own: a position refused for its voucher may lack a quota too (section 0.1).
  const items = force ? [] : judgeQuotas(wishes, judged, shop)
  const faults = judged.map(({ faults }, index): PositionFaults => {
    const item = items[index]
    return item ? { ...faults, item } : faults
  })
  if (faults.some((fault) => Object.keys(fault).length > 0)) return { faults }
  return { charges: judged.flatMap(({ charge }) => charge ?? []) }
}

type Judged = { readonly faults: PositionFaults; readonly charge?: PositionCharge }

/** R2 to R8 and the seat, in this order. A use too many (R7) does not hide what is wrong with the seat. */
function judgeOne(wish: PositionWish, shop: Shop, taken: Taken, now: Instant): Judged {
  const voucher = wish.voucherId === undefined ? undefined : shop.vouchers.get(wish.voucherId)
  const unfit = voucher && judgeFit(voucher, wish, shop.quotas, now)
  if (unfit) return { faults: { voucher: unfit } }
  if (voucher && isUsedUp(voucher, taken)) {
    const { fault } = judgeSeat(wish, shop, taken)
    return { faults: { voucher: { code: 'used_up' }, ...(fault && { seat: fault }) } }
  }
  const spent = voucher ? (taken.budget.get(voucher.id) ?? 0n) : 0n
  const charged = charge({
    listed: listedPrice(shop.priceTags(wish)),
    given: wish.price,
    voucher,
    remaining: voucher?.budgetRemaining === undefined ? undefined : voucher.budgetRemaining - spent,
    currency: shop.currency,
  })
  if ('refused' in charged) return { faults: { voucher: { code: 'budget', ...charged.refused } } }
  if (voucher) taken.budget.set(voucher.id, spent + (charged.budgetUse ?? 0n))
  const { fault, seatId } = judgeSeat(wish, shop, taken)
  if (fault) return { faults: { seat: fault } }
  return { faults: {}, charge: { ...charged, seatId } }
}

/** R2 to R6: what does not depend on how often the voucher was used. */
function judgeFit(
  voucher: OrderVoucher,
  wish: PositionWish,
  quotas: readonly Quota[],
  now: Instant,
): PositionFaults['voucher'] {
  if (wish.isAddon) return { code: 'addon' }
  if (!appliesTo(voucher, wish, quotas)) return { code: 'other_item' }
  if (voucher.subeventId !== undefined && voucher.subeventId !== wish.subeventId)
    return { code: 'other_date' }
  if (isVoucherOver(voucher, now)) return { code: 'expired' }
  if (voucher.seatGuid !== undefined && voucher.seatGuid !== wish.seatGuid)
    return { code: 'other_seat' }
  return undefined
}

/** At the very instant `validUntil` it is still good. */
const isVoucherOver = ({ validUntil }: OrderVoucher, now: Instant): boolean =>
  validUntil !== undefined && validUntil < now

/** Section 8.2.1; the date is judged on its own. */
function appliesTo(
  { quotaId, itemId, variationId }: Restriction,
  wish: PositionWish,
  quotas: readonly Quota[],
): boolean {
  if (quotaId !== undefined) {
    const quota = quotas.find(({ id }) => id === quotaId)
    if (!quota) return false
    return wish.variationId === undefined
      ? quota.itemIds.includes(wish.itemId)
      : quota.variationIds.includes(wish.variationId)
  }
  if (itemId === undefined) return true
  return itemId === wish.itemId && (variationId === undefined || variationId === wish.variationId)
}

/** R7, counting this position; only positions that the voucher fits count. */
function isUsedUp({ id, maxUsages, redeemed }: OrderVoucher, { uses }: Taken): boolean {
  const count = (uses.get(id) ?? 0) + 1
  uses.set(id, count)
  return maxUsages - redeemed < count
}

function judgeSeat(
  wish: PositionWish,
  shop: Shop,
  taken: Taken,
): { readonly fault?: PositionFaults['seat']; readonly seatId?: bigint | undefined } {
  const { seatGuid, isAddon, subeventId, voucherId } = wish
  if (seatGuid === undefined)
    return !isAddon && shop.needsSeat(wish) ? { fault: { code: 'required' } } : {}
  if (isAddon) return { fault: { code: 'addon' } }
  if (!shop.needsSeat(wish)) return { fault: { code: 'not_allowed' } }
  const seat = shop.seats.get(seatKey(subeventId, seatGuid))
  if (!seat) return { fault: { code: 'unknown' } }
  // Kept for the holder of a voucher, a seat is free for a position that uses that very voucher.
  const kept = seat.voucherId !== undefined && seat.voucherId !== voucherId
  if (seat.blocked || seat.sold || kept || taken.seats.has(seat.id))
    return { fault: { code: 'unavailable', seatName: seatName(seat) } }
  taken.seats.add(seat.id)
  return { seatId: seat.id }
}

/** `Stalls, Row 3, Seat 7` (section 12). */
export const seatName = ({
  zoneName,
  rowName,
  rowLabel,
  seatNumber,
  seatLabel,
}: Pick<Seat, 'zoneName' | 'rowName' | 'rowLabel' | 'seatNumber' | 'seatLabel'>): string =>
  [
    zoneName,
    rowLabel || (rowName && `Row ${rowName}`),
    seatLabel || (seatNumber && `Seat ${seatNumber}`),
  ]
    .filter((part) => part !== '')
    .join(', ')

/**
 * Section 8.3, position by position on what earlier ones left. A voucher for a product that blocks quota
 * has its places reserved; one for a quota only has them there, so that the product's other quotas are
 * still asked. A position that its voucher refused anyway is not asked at all (section 0.1).
 */
function judgeQuotas(
  wishes: readonly PositionWish[],
  judged: readonly Judged[],
  { quotas, room, vouchers, itemName, isDisabled }: Shop,
): readonly PositionFaults['item'][] {
  const left: QuotaRoom = new Map(room)
  return wishes.map((wish, index) => {
    const voucher = wish.voucherId === undefined ? undefined : vouchers.get(wish.voucherId)
    const refused = judged[index]?.faults.voucher !== undefined
    if (voucher?.allowIgnoreQuota) return undefined
    if (voucher?.blockQuota && (refused || reservesProduct(voucher))) return undefined
    if (!voucher?.blockQuota && isDisabled(wish))
      return { code: 'disabled', itemName: itemName(wish.itemId) }
    const concerned = quotas.filter((quota) => takesPosition(quota, wish))
    if (concerned.length === 0) return { code: 'no_quota', itemName: itemName(wish.itemId) }
    const asked = concerned.filter(({ id }) => !voucher?.blockQuota || id !== voucher.quotaId)
    for (const { id } of asked) {
      const number = left.get(id)
      if (number !== undefined) left.set(id, number - 1)
    }
    const short = asked.find(({ id }) => (left.get(id) ?? 0) < 0)
    return short && { code: 'quota_exhausted', quotaName: short.name }
  })
}
