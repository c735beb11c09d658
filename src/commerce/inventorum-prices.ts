import { add, type Decimal, decimal, divide, multiply, rescale } from '../money/decimal.ts'
import { LEDGER_SCALE } from '../money/money.ts'

/** Net prices are kept at ten decimals, enough to give back any two-decimal gross exactly. */
export const NET_PLACES = 10
/** Gross prices are whole cents. */
export const GROSS_PLACES = 2
/** 9999999999.99 in ledger units: no line and no price is larger (specs/inventorum.md 14). */
export const GROSS_UNITS_MAX = 999_999_999_999_000n

const HUNDRED = decimal(100)

/** `round(net × (1 + rate/100), 2)`, half up (specs/inventorum.md 10.1). */
export function grossOf(net: Decimal, rate: Decimal): Decimal {
  const product = multiply(net, add(HUNDRED, rate))
  return rescale({ units: product.units, scale: product.scale + 2 }, GROSS_PLACES, 'half-up')
}

/** `round(gross / (1 + rate/100), places)`, half up; net prices are kept at ten decimals. */
export const netOf = (gross: Decimal, rate: Decimal, places: number = NET_PLACES): Decimal =>
  divide(multiply(gross, HUNDRED), add(HUNDRED, rate), places, 'half-up')

/** Ledger units of a number of whole cents or less, rounded half up to the cent. */
export const toCentUnits = (value: Decimal): bigint =>
  rescale(rescale(value, GROSS_PLACES, 'half-up'), LEDGER_SCALE, 'down').units

/** What one line of an order costs; gross amounts are ledger units of whole cents. */
export type LinePrice = {
  readonly unitNet: Decimal
  readonly unitGross: bigint
  readonly gross: bigint
}

/**
 * Prices a line (specs/inventorum.md 4.2). A gross price equal to the product's own keeps the product's
 * stored net: 95.62 at 19 % stays 80.35 and does not become 80.3529411765.
 */
export function priceLine(
  product: { readonly net: Decimal; readonly rate: Decimal },
  quantity: Decimal,
  sentGross?: Decimal,
): LinePrice {
  const ownGross = toCentUnits(grossOf(product.net, product.rate))
  const unitGross = sentGross === undefined ? ownGross : toCentUnits(sentGross)
  const unit = { units: unitGross, scale: LEDGER_SCALE }
  return {
    unitNet: unitGross === ownGross ? product.net : netOf(unit, product.rate),
    unitGross,
    gross: toCentUnits(multiply(unit, quantity)),
  }
}
