import { type Decimal, formatShortest, rescaleExact } from './decimal.ts'

/**
 * The ledger's one scale: amounts are whole `bigint` units of 1/100000 of the main unit, the finest
 * any protocol can say (design.md section 3).
 */
export const LEDGER_SCALE = 5
/** Ledger units in one main unit, and in one hundredth of it. */
export const UNITS_PER_MAIN = 100_000n
export const UNITS_PER_CENT = 1_000n

/** An amount of one currency in ledger units. Two currencies never meet. */
export type Money = { readonly units: bigint; readonly currency: string }

/** Ledger units of a decimal, or undefined if it is finer than the ledger. */
export const toUnits = (value: Decimal): bigint | undefined =>
  rescaleExact(value, LEDGER_SCALE)?.units

/** The exact decimal of ledger units. */
export const fromUnits = (units: bigint): Decimal => ({ units, scale: LEDGER_SCALE })

/** Cuts off, towards zero, what a two-decimal protocol cannot show; never rounds up. */
export const cutToCents = (units: bigint): bigint => units - (units % UNITS_PER_CENT)

/** Two decimals, the rest cut off: `12.34999` is `12.34`, and nothing is `-0.00`. */
export function formatCents(units: bigint): string {
  const cents = units / UNITS_PER_CENT
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0')
  return `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/** All five decimals, without trailing zeros. */
export const formatExact = (units: bigint): string => formatShortest(fromUnits(units))
