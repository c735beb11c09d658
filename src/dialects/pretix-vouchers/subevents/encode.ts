import type { Override, Subevent } from '../../../commerce/catalogue.ts'
import {
  encodeId,
  encodeInstant,
  encodeKept,
  encodePrice,
  encodeSchedule,
} from '../catalogue-wire.ts'

/** A date of a series, with exactly the keys of specs/pretix-vouchers.md 10.1 (override rows: 0.2). */
export const encodeSubevent = (subevent: Subevent, eventSlug: string) => ({
  id: encodeId(subevent.id),
  name: subevent.name,
  event: eventSlug,
  active: subevent.active,
  is_public: subevent.isPublic,
  ...encodeSchedule(subevent),
  location: subevent.location ?? null,
  item_price_overrides: subevent.itemOverrides.map((row) => ({
    item: encodeId(row.id),
    ...encodeOverride(row),
  })),
  variation_price_overrides: subevent.variationOverrides.map((row) => ({
    variation: encodeId(row.id),
    ...encodeOverride(row),
  })),
  seating_plan: encodeId(subevent.seatingPlan),
  seat_category_mapping: encodeKept(subevent.seatCategoryMapping),
  meta_data: encodeKept(subevent.metaData),
})

const encodeOverride = (row: Override) => ({
  disabled: row.disabled,
  available_from: encodeInstant(row.availableFrom),
  available_until: encodeInstant(row.availableUntil),
  price: encodePrice(row.price),
})
