import { formatShortest, parseDecimal, rescale } from '../money/decimal.ts'

/** A cell that is not empty, as far as an import cares: it never needs to know which day a date is. */
export type Cell =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'date' }
  | { readonly kind: 'boolean' }

/** Excel's own limit for the text of a cell. */
export const CELL_TEXT_MAX = 32_767

/** A text cell, trimmed, or undefined if there is nothing left of it. */
export function textCell(text: string): Cell | undefined {
  const trimmed = unescapeText(text).trim()
  return trimmed === '' ? undefined : { kind: 'text', text: trimmed }
}

/** Excel works with this many digits; what a file holds beyond them is binary noise. */
const SIGNIFICANT_DIGITS = 15
const EXPONENT_MAX = 400

/**
 * A number as Excel shows it, from its source text and without a float: 19.989999999999998 is 19.99
 * (specs/inventorum.md 14). What is no number stays the text that it is.
 */
export function numberCell(source: string): Cell | undefined {
  const value = parseDecimal(source.trim())
  if (!value || Math.abs(value.scale) > EXPONENT_MAX) return textCell(source)
  const digits = (value.units < 0n ? -value.units : value.units).toString().length
  const rounded =
    digits > SIGNIFICANT_DIGITS
      ? rescale(value, value.scale - (digits - SIGNIFICANT_DIGITS), 'half-up')
      : value
  return {
    kind: 'number',
    text: formatShortest(rescale(rounded, Math.max(rounded.scale, 0), 'down')),
  }
}

/** Characters that XML cannot hold are spelled `_x000D_`; those no text may hold stay spelled. */
const unescapeText = (text: string): string =>
  text.replace(/_x([0-9A-Fa-f]{4})_/g, (spelled, hex: string) => {
    const unit = Number.parseInt(hex, 16)
    return unit === 0 || (unit >= 0xd800 && unit <= 0xdfff) ? spelled : String.fromCharCode(unit)
  })

/** Built-in formats that show a date or a time (ECMA-376 part 1, 18.8.30, with its East Asian ones). */
const DATE_FORMATS: ReadonlySet<number> = new Set([
  14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 45, 46, 47, 50, 51,
  52, 53, 54, 55, 56, 57, 58,
])

/** Whether a number shown in this format is a date or a time: built-in by its id, else by its code. */
export function isDateFormat(id: number, code: string | undefined): boolean {
  if (code === undefined) return DATE_FORMATS.has(id)
  const [first = ''] = code
    // Elapsed time counts as time; colours, locales and conditions in brackets do not count at all.
    .replace(/\[(h+|m+|s+)\]/gi, '$1')
    .replace(/\[[^\]]*\]|"[^"]*"|\\.|_.|\*./g, '')
    .split(';')
  return !/general/i.test(first) && /[dmyhs]/i.test(first)
}
