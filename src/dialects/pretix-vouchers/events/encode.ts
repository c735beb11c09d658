import type { Event } from '../../../commerce/catalogue.ts'
import { encodeId, encodeKept, encodeSchedule } from '../catalogue-wire.ts'

/** An event, with exactly the keys of specs/pretix-vouchers.md 10.1. */
export const encodeEvent = (event: Event) => ({
  name: event.name,
  slug: event.slug,
  currency: event.currency,
  ...encodeSchedule(event),
  live: event.live,
  testmode: event.testmode,
  is_public: event.isPublic,
  has_subevents: event.hasSubevents,
  location: event.location ?? null,
  meta_data: encodeKept(event.metaData),
  seating_plan: encodeId(event.seatingPlan),
  seat_category_mapping: encodeKept(event.seatCategoryMapping),
  timezone: event.timezone,
  plugins: encodeKept(event.plugins),
})
