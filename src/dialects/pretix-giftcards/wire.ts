import type { CardFilter } from '../../instruments/cards.ts'
import { parseDecimal } from '../../money/decimal.ts'
import { cutToCents, formatCents, fromUnits, toUnits, UNITS_PER_CENT } from '../../money/money.ts'
import { type DecimalRules, readDecimal } from '../../wire/fields.ts'
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

const EXPIRED: Readonly<Record<string, boolean>> = {
  true: true,
  True: true,
  '2': true,
  false: false,
  False: false,
  '3': false,
}
const TESTMODE: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  false: false,
  '0': false,
}

/** The filters of 6.3, or the text for a `value` that is no number. Bad booleans do not filter. */
export function readFilter(query: ReadonlyMap<string, string>): CardFilter | 'invalid value' {
  const code = query.get('secret')?.trim()
  const testmode = TESTMODE[query.get('testmode')?.toLowerCase() ?? '']
  const expired = EXPIRED[query.get('expired') ?? '']
  const text = query.get('value')?.trim()
  const value = text === undefined || text === '' ? undefined : readBalance(text)
  if (value === 'invalid') return 'invalid value'
  return {
    ...(code === undefined || code === '' ? {} : { code }),
    ...(testmode === undefined ? {} : { testmode }),
    ...(expired === undefined ? {} : { expired }),
    ...(value === undefined ? {} : { balanceCents: value }),
  }
}

/** A balance nobody can have finds nothing: it is finer than a cent, negative, or absurdly large. */
const NO_BALANCE = -UNITS_PER_CENT * 2n

function readBalance(text: string): bigint | 'invalid' {
  const number = parseDecimal(text)
  if (!number) return 'invalid'
  if (number.scale < -20 || number.scale > 40) return number.units === 0n ? 0n : NO_BALANCE
  const units = toUnits(number)
  return units === undefined || units < 0n || units % UNITS_PER_CENT !== 0n ? NO_BALANCE : units
}
