import type { EventFields, ItemFields, QuotaFields, Schedule, SubeventFields } from './catalogue.ts'

/** Why a product, a quota or a date cannot be as it is wanted (specs/pretix-vouchers.md 10.1 and 0.1). */
export type CatalogueFault =
  | 'ends_before_start'
  | 'presale_ends_before_start'
  | 'slug_fixed'
  | 'slug_taken'
  | 'series_fixed'
  | 'not_a_series'
  | 'category_of_other_event'
  | 'unavailable_before_available'
  | 'order_maximum_below_minimum'
  | 'quota_variation_without_item'
  | 'quota_item_of_other_event'
  | 'quota_item_without_variation'
  | 'quota_subevent_missing'
  | 'quota_subevent_of_other_event'
  | 'override_item_of_other_event'
  | 'override_variation_of_other_event'

/** Why something has to stay: what points to it, or what it would leave behind (sections 0, 7, 12). */
export type CatalogueObstacle =
  | 'not_found'
  | 'event_in_use'
  | 'item_ordered'
  | 'variation_ordered'
  | 'variation_is_last'
  | 'item_has_no_variations'
  | 'voucher_points_to_it'
  | 'subevent_ordered'
  | 'subevent_in_use'

/** The first thing wrong with the times of an event or a date. */
export function scheduleFault(schedule: Schedule): CatalogueFault | undefined {
  const { dateFrom, dateTo, presaleStart, presaleEnd } = schedule
  if (dateTo !== undefined && dateTo < dateFrom) return 'ends_before_start'
  if (presaleStart !== undefined && presaleEnd !== undefined && presaleEnd < presaleStart)
    return 'presale_ends_before_start'
  return undefined
}

/** The first thing wrong with an event, given what it was before. */
export function eventFault(
  next: EventFields,
  stored: EventFields | undefined,
): CatalogueFault | undefined {
  const schedule = scheduleFault(next)
  if (schedule) return schedule
  if (stored && stored.hasSubevents !== next.hasSubevents) return 'series_fixed'
  if (stored && stored.slug !== next.slug) return 'slug_fixed'
  return undefined
}

/** The first thing wrong with an item of this event. */
export function itemFault(
  item: ItemFields,
  eventId: bigint,
  category: { readonly eventId: bigint } | undefined,
): CatalogueFault | undefined {
  if (category && category.eventId !== eventId) return 'category_of_other_event'
  const { availableFrom, availableUntil, minPerOrder, maxPerOrder } = item
  if (availableFrom !== undefined && availableUntil !== undefined && availableUntil < availableFrom)
    return 'unavailable_before_available'
  if (minPerOrder !== undefined && maxPerOrder !== undefined && maxPerOrder < minPerOrder)
    return 'order_maximum_below_minimum'
  return undefined
}

/** What a quota's rules need to know of the things it names. */
export type QuotaContext = {
  readonly event: { readonly id: bigint; readonly hasSubevents: boolean }
  readonly items: readonly {
    readonly id: bigint
    readonly eventId: bigint
    readonly hasVariations: boolean
  }[]
  readonly variations: readonly { readonly id: bigint; readonly itemId: bigint }[]
  readonly subevent: { readonly eventId: bigint } | undefined
}

/** The first thing wrong with a quota, in the order in which pretix looks. */
export function quotaFault(
  quota: Pick<QuotaFields, 'subeventId'>,
  { event, items, variations, subevent }: QuotaContext,
): CatalogueFault | undefined {
  const itemIds = new Set(items.map(({ id }) => id))
  if (variations.some(({ itemId }) => !itemIds.has(itemId))) return 'quota_variation_without_item'
  const served = new Set(variations.map(({ itemId }) => itemId))
  for (const item of items) {
    if (item.eventId !== event.id) return 'quota_item_of_other_event'
    if (item.hasVariations && !served.has(item.id)) return 'quota_item_without_variation'
  }
  if (!event.hasSubevents)
    return quota.subeventId === undefined ? undefined : 'quota_subevent_of_other_event'
  if (quota.subeventId === undefined) return 'quota_subevent_missing'
  return subevent?.eventId === event.id ? undefined : 'quota_subevent_of_other_event'
}

/** The first thing wrong with a date of this event; `overrides` are the events of what it changes. */
export function subeventFault(
  date: SubeventFields,
  event: { readonly id: bigint; readonly hasSubevents: boolean },
  overrides: { readonly items: readonly bigint[]; readonly variations: readonly bigint[] },
): CatalogueFault | undefined {
  if (!event.hasSubevents) return 'not_a_series'
  const schedule = scheduleFault(date)
  if (schedule) return schedule
  if (overrides.items.some((id) => id !== event.id)) return 'override_item_of_other_event'
  if (overrides.variations.some((id) => id !== event.id)) return 'override_variation_of_other_event'
  return undefined
}
