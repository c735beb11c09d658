import type { Instant } from '../money/instant.ts'

/**
 * What a voucher is and when it counts (specs/pretix-vouchers.md 3, 5.2, 8.6). Pure: the rows are in
 * vouchers.ts, what may be written into one in voucher-rules.ts.
 */

export const PRICE_MODES = ['none', 'set', 'subtract', 'percent'] as const
export type PriceMode = (typeof PRICE_MODES)[number]

/** Everything about a voucher that a caller may choose. */
export type VoucherFields = {
  /** Upper-cased (`canonicalCode`). */
  readonly code: string
  readonly maxUsages: number
  readonly minUsages: number
  readonly validUntil: Instant | undefined
  readonly blockQuota: boolean
  readonly allowIgnoreQuota: boolean
  readonly priceMode: PriceMode
  /** Money units, or hundred thousandths of a per cent. */
  readonly value: bigint | undefined
  readonly itemId: bigint | undefined
  readonly variationId: bigint | undefined
  readonly quotaId: bigint | undefined
  readonly tag: string
  readonly comment: string
  readonly seatGuid: string | undefined
  readonly subeventId: bigint | undefined
  readonly showHiddenItems: boolean
  readonly allAddonsIncluded: boolean
  readonly allBundlesIncluded: boolean
  /** The most discount it gives altogether; undefined is without limit. */
  readonly budget: bigint | undefined
}

export type Voucher = VoucherFields & {
  readonly id: bigint
  readonly eventId: bigint
  readonly redeemed: number
  readonly seatId: bigint | undefined
  readonly createdAt: Instant
}

/** What a voucher is when nothing is said about it: good for everything, once. It has no code yet. */
export const VOUCHER_DEFAULTS: Omit<VoucherFields, 'code'> = {
  maxUsages: 1,
  minUsages: 1,
  validUntil: undefined,
  blockQuota: false,
  allowIgnoreQuota: false,
  priceMode: 'none',
  value: undefined,
  itemId: undefined,
  variationId: undefined,
  quotaId: undefined,
  tag: '',
  comment: '',
  seatGuid: undefined,
  subeventId: undefined,
  showHiddenItems: true,
  allAddonsIncluded: false,
  allBundlesIncluded: false,
  budget: undefined,
}

/** How a code is stored and compared: two spellings that differ in case are one code. */
export const canonicalCode = (code: string): string => code.toUpperCase()

type Validity = Pick<Voucher, 'validUntil'>

/** At the very instant `validUntil` it is still redeemable and still blocks quota. */
export const isVoucherExpired = ({ validUntil }: Validity, now: Instant): boolean =>
  validUntil !== undefined && validUntil < now

/** Whether it can be used once more; only such a voucher keeps its seat from others. */
export const isVoucherUsable = (
  voucher: Validity & Pick<Voucher, 'redeemed' | 'maxUsages'>,
  now: Instant,
): boolean => voucher.redeemed < voucher.maxUsages && !isVoucherExpired(voucher, now)

/** Generated codes, 79 bits: no I, J, O, 0 and 1, which are read for one another (section 3.1). */
export const VOUCHER_CODE = { alphabet: 'ABCDEFGHKLMNPQRSTUVWXYZ23456789', length: 16 } as const
