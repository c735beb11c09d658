import { isDeepStrictEqual } from 'node:util'
import type { Translations } from '../commerce/catalogue.ts'
import type { CatalogueFault } from '../commerce/catalogue-rules.ts'
import { parseDecimal } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import { toUnits, UNITS_PER_CENT } from '../money/money.ts'
import { parseInstant } from '../wire/dates.ts'
import type { Applied } from './apply.ts'
import { WorldError } from './error.ts'

/** How values of the world file are read, and how what is wrong with one names its path. */

/** Adds where we are to the path of whatever is wrong inside. */
export async function below<T>(prefix: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof WorldError ? error.below(prefix) : error
  }
}

export function count(applied: Applied, created: boolean): void {
  if (created) applied.created += 1
  else applied.updated += 1
}

/** What the file says; a null of the file clears (undefined inside), what is left out has no key. */
export function given<T extends object>(
  values: {
    readonly [K in keyof T]?: T[K] | null | undefined
  },
): Partial<T> {
  const said = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(said.map(([key, value]) => [key, value ?? undefined])) as Partial<T> // Same keys.
}

/**
 * Whether a stored row says all this already: then it is neither locked nor written, so that a file that
 * is applied again beside a running shop keeps nobody waiting.
 */
export const says = <T extends object>(stored: T, said: Partial<T>): boolean =>
  isDeepStrictEqual({ ...stored, ...said }, stored)

export const toTranslations = (value: string | Translations): Translations =>
  typeof value === 'string' ? { en: value } : value

/** An instant; null and undefined stay what they are. */
export function toInstant(
  path: string,
  text: string | null | undefined,
): Instant | null | undefined {
  if (typeof text !== 'string') return text
  const instant = parseInstant(text)
  if (typeof instant === 'string') throw new WorldError(path, 'is not a date and time')
  return instant
}

/** An amount with at most two decimals, which is all that pretix can show. */
export function toPrice(path: string, text: string): bigint
export function toPrice(path: string, text: string | null | undefined): bigint | null | undefined
export function toPrice(path: string, text: string | null | undefined): bigint | null | undefined {
  if (typeof text !== 'string') return text
  const value = parseDecimal(text)
  const units = value && toUnits(value)
  if (units === undefined || units % UNITS_PER_CENT !== 0n)
    throw new WorldError(path, 'has more than two decimals')
  return units
}

const REASONS = {
  ends_before_start: ['date_to', 'is before date_from'],
  presale_ends_before_start: ['', 'the presale ends before it starts'],
  slug_fixed: ['slug', 'cannot be changed'],
  slug_taken: ['slug', 'is used by another event'],
  series_fixed: ['has_subevents', 'cannot be changed once the event exists'],
  not_a_series: ['', 'the event is not a series (has_subevents)'],
  category_of_other_event: ['', 'its category belongs to another event'],
  unavailable_before_available: ['', 'its availability ends before it starts'],
  order_maximum_below_minimum: ['', 'its maximum per order is below its minimum'],
  quota_variation_without_item: ['variations', 'belong to an item that is not in items'],
  quota_item_of_other_event: ['items', 'belong to another event'],
  quota_item_without_variation: ['variations', 'has none of an item that has variations'],
  quota_subevent_missing: ['subevent', 'is needed in an event series'],
  quota_subevent_of_other_event: ['subevent', 'needs an event series'],
  override_item_of_other_event: ['', 'an item belongs to another event'],
  override_variation_of_other_event: ['', 'a variation belongs to another event'],
} as const satisfies Record<CatalogueFault, readonly [string, string]>

/** Ends with the path and the reason of what a rule found. */
export function refuseFault(fault: CatalogueFault | undefined): void {
  if (fault === undefined) return
  const [path, reason] = REASONS[fault]
  throw new WorldError(path, reason)
}

/** The thing that a ref of the file means. */
export function resolve<T>(
  map: ReadonlyMap<string, T>,
  ref: string,
  path: string,
  what: string,
): T {
  const found = map.get(ref)
  if (found === undefined) throw new WorldError(path, `there is no ${what} ${ref} in this event`)
  return found
}
