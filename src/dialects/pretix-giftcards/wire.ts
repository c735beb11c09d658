import type { CardFilter } from '../../instruments/cards.ts'
import { parseDecimal } from '../../money/decimal.ts'
import { cutToCents, formatCents, fromUnits, toUnits, UNITS_PER_CENT } from '../../money/money.ts'
import { type DecimalRules, readDecimal, strip } from '../../wire/fields.ts'
import type { JsonValue } from '../../wire/json.ts'

/** 13 digits, 2 of them decimals (specs/pretix-giftcards.md 5.3). */
const VALUE: DecimalRules = { digits: 13, places: 2 }
const NOT_NEGATIVE: DecimalRules = { ...VALUE, min: { value: fromUnits(0n), text: '0.00' } }

/** Reads an amount as ledger units, or the text of the first rule it breaks. */
export function readValue(input: JsonValue, sign: 'signed' | 'not-negative') {
  const reading = readDecimal(input, sign === 'signed' ? VALUE : NOT_NEGATIVE)
  // Two decimals always fit into the ledger's five.
  return 'faults' in reading ? reading : { value: toUnits(reading.value) ?? 0n }
}

/** A balance as pretix shows it: two decimals, the rest cut off. */
export const formatValue = formatCents

/** What a booking shows: the difference of the balances shown before and after (contract.md section 4). */
export const shownAmount = (balanceAfter: bigint, amount: bigint): bigint =>
  cutToCents(balanceAfter) - cutToCents(balanceAfter - amount)

/** `?include_accepted=true`: only this very literal (6.3). */
export const includesAccepted = (query: ReadonlyMap<string, string>): boolean =>
  query.get('include_accepted') === 'true'

const EXPIRED: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['True', true],
  ['2', true],
  ['false', false],
  ['False', false],
  ['3', false],
])
const TESTMODE: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/** The filters of 6.3, or the text for a `value` that is no number. Bad booleans do not filter. */
export function readFilter(query: ReadonlyMap<string, string>): CardFilter | 'invalid value' {
  const code = strip(query.get('secret') ?? '')
  const testmode = TESTMODE.get(query.get('testmode')?.toLowerCase() ?? '')
  const expired = EXPIRED.get(query.get('expired') ?? '')
  const text = strip(query.get('value') ?? '')
  const value = text === '' ? undefined : readBalance(text)
  if (value === 'invalid') return 'invalid value'
  return {
    ...(code === '' ? {} : { code }),
    ...(testmode === undefined ? {} : { testmode }),
    ...(expired === undefined ? {} : { expired }),
    ...(value === undefined ? {} : { balanceCents: value }),
  }
}

/** What no card has: finer than a cent, negative, or beyond the largest balance. */
const NO_BALANCE = -UNITS_PER_CENT * 2n
const BALANCE_END = 10n ** BigInt(VALUE.digits) * UNITS_PER_CENT

function readBalance(text: string): bigint | 'invalid' {
  const number = parseDecimal(text)
  if (!number) return 'invalid'
  const units = toUnits(number)
  if (units === undefined || units % UNITS_PER_CENT !== 0n) return NO_BALANCE
  return units < 0n || units >= BALANCE_END ? NO_BALANCE : units
}
