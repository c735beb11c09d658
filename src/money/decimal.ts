/**
 * Exact decimal numbers: `units × 10^-scale`. Nothing here ever touches a binary float.
 *
 * `scale` counts the decimals as they were written (`1.50` has scale 2) and is negative for `1e2`,
 * because some protocols judge a number by its spelling (specs/pretix-giftcards.md 5.3).
 */
export type Decimal = { readonly units: bigint; readonly scale: number }

/** How a result that does not fit is made to fit: away from zero at .5, or cut off towards zero. */
export type Rounding = 'half-up' | 'down'

/** Longer texts are not numbers to us: the bound keeps parsing linear and small. */
const TEXT_LENGTH_MAX = 1_100
/** Beyond this many digits either way no protocol has a valid amount; it bounds 10^n. */
const SCALE_SPAN_MAX = 2_000

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,15}))?$/

/** Reads a decimal from its source text, ASCII digits only; undefined if it is not one. */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > TEXT_LENGTH_MAX) return undefined
  const match = PATTERN.exec(text)
  if (!match) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  if (whole === '' && fraction === '') return undefined
  const units = BigInt(whole + fraction)
  return { units: sign === '-' ? -units : units, scale: fraction.length - Number(exponent) }
}

/** An integer as a decimal. */
export const decimal = (units: bigint | number, scale = 0): Decimal => ({
  units: BigInt(units),
  scale,
})

function power(exponent: number): bigint {
  if (exponent > SCALE_SPAN_MAX) throw new RangeError('decimal out of range')
  return 10n ** BigInt(exponent)
}

/** `numerator / denominator` as a whole number, rounded as named. */
export function divideUnits(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  const quotient = numerator / denominator
  if (rounding === 'down') return quotient
  const rest = numerator % denominator
  const twice = (rest < 0n ? -rest : rest) * 2n
  const size = denominator < 0n ? -denominator : denominator
  if (twice < size) return quotient
  return numerator < 0n === denominator < 0n ? quotient + 1n : quotient - 1n
}

/** The same number at another scale, or undefined if it would lose a digit. */
export function rescaleExact(value: Decimal, scale: number): Decimal | undefined {
  if (value.units === 0n) return { units: 0n, scale }
  if (scale >= value.scale) {
    if (scale - value.scale > SCALE_SPAN_MAX) return undefined
    return { units: value.units * power(scale - value.scale), scale }
  }
  if (value.scale - scale > SCALE_SPAN_MAX) return undefined
  const divisor = power(value.scale - scale)
  return value.units % divisor === 0n ? { units: value.units / divisor, scale } : undefined
}

/** The number at another scale, rounded as named. Refuses (RangeError) absurd exponents. */
export function rescale(value: Decimal, scale: number, rounding: Rounding): Decimal {
  if (value.units === 0n) return { units: 0n, scale }
  if (scale >= value.scale) return { units: value.units * power(scale - value.scale), scale }
  return { units: divideUnits(value.units, power(value.scale - scale), rounding), scale }
}

function aligned(a: Decimal, b: Decimal): readonly [bigint, bigint, number] {
  const scale = Math.max(a.scale, b.scale)
  return [rescale(a, scale, 'down').units, rescale(b, scale, 'down').units, scale]
}

export function add(a: Decimal, b: Decimal): Decimal {
  const [left, right, scale] = aligned(a, b)
  return { units: left + right, scale }
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, negate(b))
}

export const negate = (value: Decimal): Decimal => ({ units: -value.units, scale: value.scale })

/** Negative, zero or positive, like a comparator; compares values, not spellings. */
export function compare(a: Decimal, b: Decimal): number {
  const [left, right] = aligned(a, b)
  return left < right ? -1 : left > right ? 1 : 0
}

export const multiply = (a: Decimal, b: Decimal): Decimal => ({
  units: a.units * b.units,
  scale: a.scale + b.scale,
})

/** `a / b` with `scale` decimals, rounded as named; `b` must not be zero. */
export function divide(a: Decimal, b: Decimal, scale: number, rounding: Rounding): Decimal {
  const shift = scale - a.scale + b.scale
  const [numerator, denominator] =
    shift >= 0 ? [a.units * power(shift), b.units] : [a.units, b.units * power(-shift)]
  return { units: divideUnits(numerator, denominator, rounding), scale }
}

/** Fixed number of decimals, no grouping, no exponent, never a negative zero: `-9.00`. */
export function formatFixed(value: Decimal, places: number, rounding: Rounding): string {
  const { units } = rescale(value, places, rounding)
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0')
  const sign = units < 0n ? '-' : ''
  if (places === 0) return sign + digits
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** The shortest plain form: no exponent, no trailing zeros, zero is `0`. */
export function formatShortest(value: Decimal): string {
  const text = formatFixed(value, Math.max(value.scale, 0), 'down')
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
