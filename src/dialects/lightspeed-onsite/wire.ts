import { formatFixed, parseDecimal, rescaleExact } from '../../money/decimal.ts'
import { formatCents, fromUnits, LEDGER_SCALE, toUnits } from '../../money/money.ts'
import { element, type Markup } from '../../wire/xml.ts'
import type { Clock } from './clock.ts'

/** The atoms of OnSite's XML (specs/lightspeed-onsite.md 4.2). Readers give undefined for a fault. */

/** An id as a reference carries it: up to 15 digits, so that it always fits a client's integer. */
export const readId = (text: string): bigint | undefined =>
  /^[0-9]{1,15}$/.test(text.trim()) ? BigInt(text.trim()) : undefined

/**
 * An amount of a card in ledger units: no sign, no exponent, at most two decimals however they are
 * spelled, and nothing below the currency's smallest coin.
 */
export function readAmount(text: string, currencyPlaces: number): bigint | undefined {
  if (!/^[0-9]{1,8}(\.[0-9]{1,2})?$/.test(text.trim())) return undefined
  const value = parseDecimal(text.trim())
  const exact = value && rescaleExact(value, Math.min(currencyPlaces, LEDGER_SCALE))
  return exact && toUnits(exact)
}

/** A price in ledger units, up to three decimals. */
export function readPrice(text: string): bigint | undefined {
  if (!/^[0-9]{1,8}(\.[0-9]{1,3})?$/.test(text.trim())) return undefined
  const value = parseDecimal(text.trim())
  return value && toUnits(value)
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  false: false,
  '0': false,
}

/** Any letter case: one client library writes `True`. */
export function readBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase()
  return Object.hasOwn(BOOLEANS, word) ? BOOLEANS[word] : undefined
}

/** Free text of so many code points at most; trimmed, with line feeds for line ends. */
export const readText =
  (max: number) =>
  (text: string): string | undefined => {
    const plain = text.trim().replace(/\r\n?/g, '\n')
    return [...plain].length > max ? undefined : plain
  }

/** A serial number or a product code: text of one line. */
export const readSerial = (text: string): string | undefined =>
  /\p{Cc}/u.test(text.trim()) ? undefined : readText(64)(text)

/** Two decimals, the rest cut off: what totals and invoices show. */
export const formatAmount = formatCents

/** Three decimals: what products show. */
export const formatPrice = (units: bigint): string => formatFixed(fromUnits(units), 3, 'down')

export const formatBoolean = (value: boolean): string => (value ? 'true' : 'false')

/** Where the resources of one request live: `https://pos.example:9630/api/`. */
export type BaseUri = string

/** Where and when things are for one caller. */
export type View = { readonly base: BaseUri; readonly clock: Clock }

/** The resources that others refer to, and the first segment of their paths. */
const PATHS = { user: 'users', product: 'products', invoice: 'invoices' } as const

const NONE = { user: element('user'), product: element('product'), invoice: element('invoice') }

/** `<user uri="…" id="7"/>`, or `<user/>` where there is none. */
export const reference = (
  name: keyof typeof PATHS,
  base: BaseUri,
  id: bigint | undefined,
): Markup =>
  id === undefined ? NONE[name] : element(name, { uri: `${base}${PATHS[name]}/${id}/`, id })
