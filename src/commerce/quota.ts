import type { Instant } from '../money/instant.ts'
import type { Quota } from './catalogue.ts'

/**
 * How much of a quota is left, who counts in it, and when a voucher may withhold from it
 * (specs/pretix-vouchers.md 5). Pure: the numbers come from quota-counts.ts, read under the quota's lock.
 */

/** What is taken from one quota, by kind. */
export type QuotaUse = {
  readonly paid: number
  readonly pending: number
  /** Withheld by vouchers that block quota. */
  readonly blocked: number
  /** In open carts, which this server does not have yet (section 10.3). */
  readonly carts: number
}

/** What is left: undefined is without limit, and never less than 0. */
export function availableNumber(
  { size, closed }: Pick<Quota, 'size' | 'closed'>,
  { paid, pending, blocked, carts }: QuotaUse,
): number | undefined {
  if (closed) return 0
  return size === undefined ? undefined : Math.max(size - paid - pending - blocked - carts, 0)
}

export const isAvailable = (number: number | undefined): boolean =>
  number === undefined || number >= 1

type Membership = Pick<Quota, 'id' | 'itemIds' | 'variationIds' | 'subeventId'>

/** What is sold, or withheld by a voucher that names a product. */
export type Target = {
  readonly itemId: bigint
  readonly variationId: bigint | undefined
  readonly subeventId: bigint | undefined
}

/** Whether a position counts in a quota: by its variation if it has one, and only on the same date. */
export const takesPosition = (
  quota: Membership,
  { itemId, variationId, subeventId }: Target,
): boolean =>
  quota.subeventId === subeventId &&
  (variationId === undefined
    ? quota.itemIds.includes(itemId)
    : quota.variationIds.includes(variationId))

/** What a voucher is good for. */
export type Restriction = {
  readonly itemId: bigint | undefined
  readonly variationId: bigint | undefined
  readonly quotaId: bigint | undefined
  readonly subeventId: bigint | undefined
}

/** What decides which quotas a voucher withholds from, and how much. */
export type Withholding = Restriction & {
  readonly blockQuota: boolean
  readonly validUntil: Instant | undefined
  readonly maxUsages: number
  readonly redeemed: number
}

/**
 * Whether a voucher counts in a quota. One for an item with variations but for none of them counts
 * wherever any variation of the item does (section 0.1); `variationsOf` lists them.
 */
export function takesVoucher(
  quota: Membership,
  { itemId, variationId, quotaId, subeventId }: Restriction,
  variationsOf: (itemId: bigint) => readonly bigint[],
): boolean {
  if (quota.subeventId !== subeventId) return false
  if (quotaId !== undefined) return quota.id === quotaId
  if (itemId === undefined) return false
  if (variationId !== undefined) return quota.variationIds.includes(variationId)
  const variations = variationsOf(itemId)
  return variations.length === 0
    ? quota.itemIds.includes(itemId)
    : variations.some((id) => quota.variationIds.includes(id))
}

/**
 * Whether a voucher reserves places in every quota of its product, so that whoever redeems it asks none of
 * them. One for a quota reserves in that alone; one whose product or quota is gone reserves nowhere.
 */
export const reservesProduct = ({
  blockQuota,
  itemId,
}: Pick<Withholding, 'blockQuota' | 'itemId'>): boolean => blockQuota && itemId !== undefined

/** How much a voucher keeps from others now, also one that may ignore quota. */
export function withheld(
  { blockQuota, validUntil, maxUsages, redeemed }: Withholding,
  now: Instant,
): number {
  if (!blockQuota || (validUntil !== undefined && validUntil < now)) return 0
  return Math.max(maxUsages - redeemed, 0)
}

const isWithholding = (voucher: Withholding, now: Instant): boolean =>
  voucher.blockQuota && (voucher.validUntil === undefined || voucher.validUntil >= now)

/** What is taken from a quota, which must have room for it. */
export type Need = {
  readonly quotaId: bigint
  readonly amount: number
  /** The voucher names the quota itself: then it must also not be sold out when nothing is needed. */
  readonly named: boolean
}

/**
 * What a voucher that is written takes from quotas (section 5.3): nothing if it does not block now. A
 * quota that its stored state held already only needs the increase; with none of the
 * five triggers of the specification every quota is such a one and the increase is what counts.
 */
export function takenBy(
  after: Withholding,
  before: Withholding | undefined,
  quotas: readonly Membership[],
  variationsOf: (itemId: bigint) => readonly bigint[],
  now: Instant,
): readonly Need[] {
  if (!isWithholding(after, now)) return []
  const amount = withheld(after, now)
  const held = before && isWithholding(before, now) ? before : undefined
  const increase = held ? amount - withheld(held, now) : amount
  const needs: Need[] = []
  for (const quota of quotas) {
    if (!takesVoucher(quota, after, variationsOf)) continue
    const already = held !== undefined && takesVoucher(quota, held, variationsOf)
    if (already && increase <= 0) continue
    const named = !already && after.quotaId !== undefined
    needs.push({ quotaId: quota.id, amount: already ? increase : amount, named })
  }
  return needs
}

/** Who may ignore quota takes the same, but needs none of it to be there. */
export const neededOf = (
  { allowIgnoreQuota }: { readonly allowIgnoreQuota: boolean },
  takes: readonly Need[],
): readonly Need[] => (allowIgnoreQuota ? [] : takes)

/**
 * What is left in each quota while several writes are judged in turn: undefined is without limit,
 * below 0 is more sold than there is.
 */
export type QuotaRoom = Map<bigint, number | undefined>

/** Whether all needs fit; `room` is left as it is. */
export const fits = (room: QuotaRoom, needs: readonly Need[]): boolean =>
  needs.every(({ quotaId, amount, named }) => {
    const left = room.get(quotaId)
    return left === undefined || (Math.max(left, 0) >= amount && (!named || left >= 1))
  })

/** Takes from `room` what fits: the next write is judged on what is left. */
export function takeRoom(room: QuotaRoom, needs: readonly Need[]): void {
  for (const { quotaId, amount } of needs) {
    const left = room.get(quotaId)
    if (left !== undefined) room.set(quotaId, left - amount)
  }
}
