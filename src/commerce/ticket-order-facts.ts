import type { Queryable } from '../db/database.ts'
import type { Translations } from './catalogue.ts'
import type { PriceTags } from './pricing.ts'
import type { PositionWish } from './ticket-order-rules.ts'

/** What an order's positions refer to, and whether they may (specs/pretix-vouchers.md 10.1). */

/** What a position names, as yet unchecked. */
export type PositionReferences = {
  readonly itemId: bigint | undefined
  readonly variationId: bigint | undefined
  readonly subeventId: bigint | undefined
  readonly voucherCode: string | undefined
}

/** Products, dates and prices of one merchant, as far as some positions name them. */
export type Facts = {
  readonly items: ReadonlyMap<bigint, ItemFacts>
  readonly variations: ReadonlyMap<
    bigint,
    { readonly itemId: bigint; readonly price: bigint | undefined }
  >
  /** The event of each date. */
  readonly subevents: ReadonlyMap<bigint, bigint>
  /** By `date/id` of the item or variation. */
  readonly itemOverrides: ReadonlyMap<string, OverrideFacts>
  readonly variationOverrides: ReadonlyMap<string, OverrideFacts>
  /** By `date/item`: some seat there names the product. */
  readonly seated: ReadonlySet<string>
}

export type ItemFacts = {
  readonly eventId: bigint
  readonly name: string
  readonly price: bigint
  readonly active: boolean
  readonly hasVariations: boolean
  readonly issuesGiftCard: boolean
}

type OverrideFacts = { readonly price: bigint | undefined; readonly disabled: boolean }

const onDate = (subeventId: bigint | undefined, id: bigint): string => `${subeventId ?? ''}/${id}`

/** A text for an error message: English, else whatever there is. */
export const nameOf = (name: Translations): string => name.en ?? Object.values(name)[0] ?? ''

const distinct = <T>(values: readonly (T | undefined)[]): T[] => [
  ...new Set(values.filter((value) => value !== undefined)),
]

/** Reads everything that these positions name, wherever in the organizer it is. */
export async function loadFacts(
  sql: Queryable,
  merchantId: bigint,
  wanted: readonly PositionReferences[],
): Promise<Facts> {
  const itemIds = distinct(wanted.map(({ itemId }) => itemId))
  const variationIds = distinct(wanted.map(({ variationId }) => variationId))
  const dates = distinct(wanted.map(({ subeventId }) => subeventId))
  type Override = {
    subevent_id: bigint
    id: bigint
    price: bigint | null
    disabled: boolean
  }
  const [items, variations, subevents, itemOverrides, variationOverrides, seated] =
    await Promise.all([
      sql<
        {
          id: bigint
          event_id: bigint
          name: Translations
          default_price: bigint
          active: boolean
          issue_giftcard: boolean
        }[]
      >`
        select id, event_id, name, default_price, active, issue_giftcard from ticket_items
        where merchant_id = ${merchantId} and id = any(${itemIds}::int8[])`,
      sql<{ id: bigint; item_id: bigint; default_price: bigint | null }[]>`
        select id, item_id, default_price from ticket_variations
        where merchant_id = ${merchantId}
          and (item_id = any(${itemIds}::int8[]) or id = any(${variationIds}::int8[]))`,
      dates.length === 0
        ? []
        : sql<{ id: bigint; event_id: bigint }[]>`
            select id, event_id from ticket_subevents
            where merchant_id = ${merchantId} and id = any(${dates}::int8[])`,
      dates.length === 0
        ? []
        : sql<Override[]>`
            select subevent_id, item_id as id, price, disabled from ticket_subevent_items
            where merchant_id = ${merchantId} and subevent_id = any(${dates}::int8[])
              and item_id = any(${itemIds}::int8[])`,
      dates.length === 0
        ? []
        : sql<Override[]>`
            select subevent_id, variation_id as id, price, disabled from ticket_subevent_variations
            where merchant_id = ${merchantId} and subevent_id = any(${dates}::int8[])
              and variation_id = any(${variationIds}::int8[])`,
      sql<{ item_id: bigint; subevent_id: bigint | null }[]>`
        select distinct item_id, subevent_id from ticket_seats
        where merchant_id = ${merchantId} and item_id = any(${itemIds}::int8[])
          and coalesce(subevent_id, 0) = any(${[0n, ...dates]}::int8[])`,
    ])
  const withVariations = new Set(variations.map(({ item_id }) => item_id))
  const byDate = (rows: readonly Override[]) =>
    new Map(
      rows.map((row): [string, OverrideFacts] => [
        onDate(row.subevent_id, row.id),
        { price: row.price ?? undefined, disabled: row.disabled },
      ]),
    )
  return {
    items: new Map(
      items.map((row): [bigint, ItemFacts] => [
        row.id,
        {
          eventId: row.event_id,
          name: nameOf(row.name),
          price: row.default_price,
          active: row.active,
          hasVariations: withVariations.has(row.id),
          issuesGiftCard: row.issue_giftcard,
        },
      ]),
    ),
    variations: new Map(
      variations.map(({ id, item_id, default_price }) => [
        id,
        { itemId: item_id, price: default_price ?? undefined },
      ]),
    ),
    subevents: new Map(subevents.map(({ id, event_id }) => [id, event_id])),
    itemOverrides: byDate(itemOverrides),
    variationOverrides: byDate(variationOverrides),
    seated: new Set(
      seated.map(({ item_id, subevent_id }) => onDate(subevent_id ?? undefined, item_id)),
    ),
  }
}

/** What is wrong with what one position names. */
export type ReferenceFaults = {
  readonly item?: 'unknown' | 'other_event' | 'inactive'
  readonly variation?: 'unknown' | 'required' | 'other_item' | 'not_allowed'
  readonly subevent?: 'unknown' | 'required' | 'other_event' | 'not_allowed'
  readonly voucher?: 'unknown'
}

/**
 * Judges one position's references: each thing by itself, and only if all exist, how they go together.
 * `faulty` says that something else about the position is wrong already.
 */
export function judgeReferences(
  { itemId, variationId, subeventId, voucherCode }: PositionReferences,
  event: { readonly id: bigint; readonly hasSubevents: boolean },
  { items, variations, subevents }: Facts,
  isVoucherCode: (code: string) => boolean,
  faulty = false,
): ReferenceFaults {
  const item = itemId === undefined ? undefined : items.get(itemId)
  const variation = variationId === undefined ? undefined : variations.get(variationId)
  const own: ReferenceFaults = {
    ...(itemId !== undefined && !item && { item: 'unknown' as const }),
    ...(item && item.eventId !== event.id && { item: 'other_event' as const }),
    ...(item && item.eventId === event.id && !item.active && { item: 'inactive' as const }),
    ...(variationId !== undefined && !variation && { variation: 'unknown' as const }),
    ...(subeventId !== undefined && !subevents.has(subeventId) && { subevent: 'unknown' as const }),
    ...(voucherCode !== undefined &&
      !isVoucherCode(voucherCode) && { voucher: 'unknown' as const }),
  }
  if (faulty || Object.keys(own).length > 0 || !item) return own
  const variationFault = item.hasVariations
    ? variation === undefined
      ? 'required'
      : variation.itemId === itemId
        ? undefined
        : 'other_item'
    : variation && 'not_allowed'
  const subeventFault = event.hasSubevents
    ? subeventId === undefined
      ? 'required'
      : subevents.get(subeventId) === event.id
        ? undefined
        : 'other_event'
    : subeventId === undefined
      ? undefined
      : 'not_allowed'
  return {
    ...(variationFault && { variation: variationFault }),
    ...(subeventFault && { subevent: subeventFault }),
  }
}

/** Where the price of a position may be said. */
export const priceTagsFrom =
  ({ items, variations, itemOverrides, variationOverrides }: Facts) =>
  ({ itemId, variationId, subeventId }: PositionWish): PriceTags => ({
    variationOnDate:
      variationId === undefined
        ? undefined
        : variationOverrides.get(onDate(subeventId, variationId))?.price,
    variation: variationId === undefined ? undefined : variations.get(variationId)?.price,
    itemOnDate: itemOverrides.get(onDate(subeventId, itemId))?.price,
    item: items.get(itemId)?.price ?? 0n,
  })

/** Whether the product or its variation is off on the position's date. */
export const isDisabledIn =
  ({ itemOverrides, variationOverrides }: Facts) =>
  ({ itemId, variationId, subeventId }: PositionWish): boolean =>
    itemOverrides.get(onDate(subeventId, itemId))?.disabled === true ||
    (variationId !== undefined &&
      variationOverrides.get(onDate(subeventId, variationId))?.disabled === true)

/** Which product needs a seat: one that a seat of the event (of the date) names. */
export const needsSeatIn =
  ({ seated }: Facts) =>
  ({ itemId, subeventId }: PositionWish): boolean =>
    seated.has(onDate(subeventId, itemId))
