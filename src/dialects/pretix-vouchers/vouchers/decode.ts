import type { PriceMode, VoucherFields } from '../../../instruments/voucher.ts'
import type { VoucherOrderTerm } from '../../../instruments/voucher-list.ts'
import type { VoucherFilter } from '../../../instruments/voucher-tallies.ts'
import { toUnits } from '../../../money/money.ts'
import {
  bodyFaults,
  type Faults,
  type Reading,
  readChoice,
  readDecimal,
  TEXT,
  text,
  typeWord,
} from '../../../wire/fields.ts'
import { isJsonObject, type JsonValue } from '../../../wire/json.ts'
import {
  type Decoded,
  decodeBody,
  flag,
  given,
  type IsKnown,
  idIn,
  instant,
  integer,
  nullable,
  nullableOrEmpty,
  optional,
  reference,
} from '../catalogue-fields.ts'
import { Filters, readOrdering } from '../query.ts'

/** Step A of specs/pretix-vouchers.md 4: the fields of a voucher, all faults together. */

const PRICE_MODES = ['none', 'set', 'subtract', 'percent'] as const satisfies readonly PriceMode[]
const ORDERS = [
  'id',
  'code',
  'max_usages',
  'valid_until',
  'value',
] as const satisfies readonly VoucherOrderTerm['by'][]
const BATCH_MAX = 20_000

/** Ids that bodies name, to be looked up before they are decoded. */
export type VoucherReferences = {
  readonly items: readonly bigint[]
  readonly variations: readonly bigint[]
  readonly quotas: readonly bigint[]
  readonly subevents: readonly bigint[]
}

export function referencesIn(bodies: readonly JsonValue[]): VoucherReferences {
  const objects = bodies.filter(isJsonObject)
  const ids = (name: string) => [...new Set(objects.flatMap((body) => idIn(body[name]) ?? []))]
  return {
    items: ids('item'),
    variations: ids('variation'),
    quotas: ids('quota'),
    subevents: ids('subevent'),
  }
}

/** What exists: items, variations and quotas in the organizer, dates in the event. */
export type KnownReferences = { readonly [K in keyof VoucherReferences]: ReadonlySet<bigint> }

/** What a body says of a voucher, and whether it says how often it must be used at least. */
export type VoucherChange = {
  readonly fields: Partial<VoucherFields>
  readonly checkMinUsages: boolean
}

/** Reads POST, PATCH and PUT alike: no field is required, and what is not given is left as it is. */
export function decodeVoucher(
  body: JsonValue,
  known: KnownReferences,
  { budget }: { readonly budget: boolean },
): Decoded<VoucherChange> {
  const isKnown =
    (kind: keyof KnownReferences): IsKnown =>
    (id) =>
      known[kind].has(id)
  return decodeBody(body, { partial: true }, (fields) => ({
    fields: given<VoucherFields>({
      code: fields.read('code', optional(text({ min: 5, max: 255 }))),
      maxUsages: fields.read('max_usages', optional(integer(0n))),
      minUsages: fields.read('min_usages', optional(integer(0n))),
      validUntil: fields.read('valid_until', instant),
      blockQuota: fields.read('block_quota', flag),
      allowIgnoreQuota: fields.read('allow_ignore_quota', flag),
      priceMode: fields.read(
        'price_mode',
        optional((input) => readChoice(input, PRICE_MODES)),
      ),
      value: fields.read('value', nullableOrEmpty(readAmount)),
      itemId: fields.read('item', nullableOrEmpty(reference(isKnown('items')))),
      variationId: fields.read('variation', nullableOrEmpty(reference(isKnown('variations')))),
      quotaId: fields.read('quota', nullableOrEmpty(reference(isKnown('quotas')))),
      tag: fields.read('tag', optional(text({ blank: true, max: 255 }))),
      comment: fields.read('comment', optional(text({ blank: true }))),
      subeventId: fields.read('subevent', nullableOrEmpty(reference(isKnown('subevents')))),
      showHiddenItems: fields.read('show_hidden_items', flag),
      seatGuid: fields.read('seat', nullable(text({ max: 255 }))),
      allAddonsIncluded: fields.read('all_addons_included', flag),
      allBundlesIncluded: fields.read('all_bundles_included', flag),
      budget: budget ? fields.read('budget', nullableOrEmpty(readAmount)) : undefined,
    }),
    checkMinUsages: fields.has('min_usages'),
  }))
}

/** Thirteen digits, two of them decimals, and never below zero. */
function readAmount(input: JsonValue): Reading<bigint> {
  const reading = readDecimal(input, {
    digits: 13,
    places: 2,
    min: { value: { units: 0n, scale: 0 }, text: '0' },
  })
  // Two decimals always fit the ledger's five.
  return 'value' in reading ? { value: toUnits(reading.value) ?? 0n } : reading
}

/** The rows of a batch, or what is wrong with the body as a whole (section 6.3 and 12). */
export function decodeBatch(
  body: JsonValue,
): { readonly rows: readonly JsonValue[] } | { readonly faults: Faults } {
  if (body === null) return { faults: bodyFaults(body) ?? {} }
  if (!Array.isArray(body)) return { faults: { non_field_errors: [TEXT.list(typeWord(body))] } }
  if (body.length > BATCH_MAX)
    return {
      faults: {
        non_field_errors: [`Ensure this field has no more than ${BATCH_MAX} elements.`],
      },
    }
  return { rows: body as readonly JsonValue[] } // An array of JSON holds JSON.
}

/** The filters of section 6.1; ids are still to be looked up. */
export function decodeFilter(query: ReadonlyMap<string, string>): {
  readonly filters: Filters
  readonly filter: VoucherFilter
} {
  const filters = new Filters(query)
  const code = filters.text('code')
  const readings = {
    code: code?.toUpperCase(),
    maxUsages: filters.number('max_usages', 0),
    redeemed: filters.number('redeemed', 0),
    blockQuota: filters.flag('block_quota'),
    allowIgnoreQuota: filters.flag('allow_ignore_quota'),
    priceMode: filters.choice('price_mode', PRICE_MODES),
    value: filters.number('value', 5),
    itemId: filters.id('item'),
    variationId: filters.id('variation'),
    quotaId: filters.id('quota'),
    subeventId: filters.id('subevent'),
    tag: filters.text('tag'),
    active: filters.flag('active'),
  }
  const set = Object.entries(readings).filter(([, value]) => value !== undefined)
  return { filters, filter: Object.fromEntries(set) as VoucherFilter } // The same keys, those that are set.
}

export const decodeOrder = (query: ReadonlyMap<string, string>): readonly VoucherOrderTerm[] =>
  readOrdering(query, ORDERS)
