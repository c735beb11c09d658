import { currencyPlaces } from '../money/currency.ts'
import { divideUnits } from '../money/decimal.ts'
import { LEDGER_SCALE, UNITS_PER_CENT } from '../money/money.ts'

/**
 * What a ticket costs with a voucher, and how a voucher's budget is granted
 * (specs/pretix-vouchers.md 8.4). Pure; all amounts are money units, a per cent is hundred thousandths.
 */

/** 100 per cent as a voucher's value. */
const PERCENT_WHOLE = 10_000_000n

/** Where a price may be said; the first that says one is the listed price. */
export type PriceTags = {
  readonly variationOnDate: bigint | undefined
  readonly variation: bigint | undefined
  readonly itemOnDate: bigint | undefined
  readonly item: bigint
}

/** A variation's own price beats an item's price on the date. */
export const listedPrice = ({ variationOnDate, variation, itemOnDate, item }: PriceTags): bigint =>
  variationOnDate ?? variation ?? itemOnDate ?? item

export type Discount = {
  readonly priceMode: 'none' | 'set' | 'subtract' | 'percent'
  readonly value: bigint | undefined
}

/**
 * The price with a voucher, never below zero. A percentage is rounded to 0.01, half up, and then, like
 * every other mode, to the currency's own places if it has fewer: rounded twice, on purpose.
 */
export function voucherPrice(
  listed: bigint,
  { priceMode, value }: Discount,
  currency: string,
): bigint {
  return roundToCurrency(beforeRounding(listed, priceMode, value), currency)
}

function beforeRounding(
  listed: bigint,
  priceMode: Discount['priceMode'],
  value: bigint | undefined,
): bigint {
  if (value === undefined || priceMode === 'none') return listed
  if (priceMode === 'set') return value
  if (priceMode === 'subtract') return notNegative(listed - value)
  const exact = listed * (PERCENT_WHOLE - value)
  return notNegative(divideUnits(exact, PERCENT_WHOLE * UNITS_PER_CENT, 'half-up') * UNITS_PER_CENT)
}

const notNegative = (units: bigint): bigint => (units < 0n ? 0n : units)

function roundToCurrency(units: bigint, currency: string): bigint {
  const places = currencyPlaces(currency)
  if (places >= 2) return units
  const step = 10n ** BigInt(LEDGER_SCALE - places)
  return divideUnits(units, step, 'half-up') * step
}

/** What one position costs; or why its voucher's budget does not allow that. */
export type Charge =
  | { readonly price: bigint; readonly budgetUse: bigint | undefined }
  | { readonly refused: { readonly remaining: bigint; readonly discount: bigint } }

export type ChargeInput = {
  readonly listed: bigint
  /** What the caller wants it to cost, voucher or not; undefined is computed. */
  readonly given: bigint | undefined
  readonly voucher: Discount | undefined
  /** What the voucher's budget has left; undefined is no budget, or budgets are off. */
  readonly remaining: bigint | undefined
  readonly currency: string
}

/**
 * A position's price. Its voucher's budget must cover the discount; one that cannot is granted in part
 * if the caller left the price open and anything remains. What is booked against the budget is the part
 * of the discount that the voucher stands for, not what a caller took off further (section 0.1).
 */
export function charge({ listed, given, voucher, remaining, currency }: ChargeInput): Charge {
  if (!voucher) return { price: given ?? listed, budgetUse: undefined }
  const reduced = voucherPrice(listed, voucher, currency)
  const wanted = given ?? reduced
  const discount = notNegative(listed - wanted)
  // A budget that was lowered below what it has given has nothing left, not less.
  const left = remaining === undefined ? undefined : notNegative(remaining)
  const short = left !== undefined && discount > left
  if (short && (given !== undefined || left === 0n))
    return { refused: { remaining: left, discount } }
  const price = short ? listed - left : wanted
  return { price, budgetUse: notNegative(listed - (price > reduced ? price : reduced)) }
}
