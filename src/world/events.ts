import type { Event, EventFields, Translations } from '../commerce/catalogue.ts'
import { findEvent, insertEvent, lockEvent, updateEvent } from '../commerce/catalogue-events.ts'
import { readRefs } from '../commerce/catalogue-refs.ts'
import { eventFault } from '../commerce/catalogue-rules.ts'
import type { Tx } from '../db/database.ts'
import { CURRENCIES } from '../money/currency.ts'
import type { Instant } from '../money/instant.ts'
import { isZone } from '../money/zone.ts'
import type { Merchant } from '../services/merchants.ts'
import type { Applied, Section } from './apply.ts'
import { WorldError } from './error.ts'
import { applyOrders } from './event-orders.ts'
import { applyItems, applyQuotas, applySubevents } from './event-products.ts'
import { applySeats } from './event-seats.ts'
import {
  below,
  count,
  given,
  refuseFault,
  says,
  toInstant,
  toTranslations,
} from './event-values.ts'
import type { WorldEvent } from './schema.ts'

/** One event of the file while its parts are applied. */
export type EventContext = {
  readonly tx: Tx
  readonly merchant: Merchant
  readonly event: Event
  readonly world: WorldEvent
  readonly applied: Applied
  readonly now: Instant
}

/**
 * Events, items, variations, quotas, dates, seats and orders of the world file. What exists is found by
 * its natural key and gets what the file says; what the file leaves out stays as it is; orders that
 * exist are not touched (contract.md section 3).
 */
export const applyEvents: Section = async (tx, merchant, world, applied, now) => {
  for (const [index, one] of (world.events ?? []).entries())
    await below(`events[${index}]`, async () => {
      const event = await applyEvent(tx, merchant, one, applied, now)
      const context: EventContext = { tx, merchant, event, world: one, applied, now }
      await applyItems(context)
      await applySubevents(context)
      await applyQuotas(context, await readRefs(tx, merchant.id, event.id))
      const refs = await readRefs(tx, merchant.id, event.id)
      await applySeats(context, refs)
      await applyOrders(context, refs)
    })
}

/** What an event is unless the file says otherwise (specs/pretix-vouchers.md 10.1). */
const defaults = (merchant: Merchant, now: Instant): Omit<EventFields, 'slug' | 'name'> => ({
  currency: merchant.currency,
  dateFrom: now,
  dateTo: undefined,
  dateAdmission: undefined,
  presaleStart: undefined,
  presaleEnd: undefined,
  live: false,
  testmode: false,
  isPublic: true,
  hasSubevents: false,
  location: undefined,
  metaData: '{}',
  seatingPlan: undefined,
  seatCategoryMapping: '{}',
  timezone: 'UTC',
  plugins: '[]',
})

async function applyEvent(
  tx: Tx,
  merchant: Merchant,
  world: WorldEvent,
  applied: Applied,
  now: Instant,
): Promise<Event> {
  const { slug, currency, timezone } = world
  if (currency !== undefined && !CURRENCIES.has(currency))
    throw new WorldError('currency', 'is not an ISO 4217 code')
  if (timezone !== undefined && !isZone(timezone))
    throw new WorldError('timezone', 'is not a time zone')
  const said = given<EventFields>({
    name: world.name === undefined ? undefined : toTranslations(world.name),
    currency,
    dateFrom: toInstant('date_from', world.date_from),
    dateTo: toInstant('date_to', world.date_to),
    live: world.live,
    testmode: world.testmode,
    isPublic: world.is_public,
    hasSubevents: world.has_subevents,
    timezone,
  })
  const found = await findEvent(tx, merchant.id, slug)
  if (found) {
    count(applied, false)
    refuseFault(eventFault({ ...found, ...said }, found))
    if (says(found, said)) return found
    const next = { ...((await lockEvent(tx, merchant.id, found.id)) ?? found), ...said }
    await updateEvent(tx, merchant.id, found.id, next)
    return next
  }
  const name: Translations = { en: slug }
  const fields: EventFields = { ...defaults(merchant, now), name, ...said, slug }
  refuseFault(eventFault(fields, undefined))
  const event = await insertEvent(tx, merchant.id, fields)
  if (!event) throw new Error('an event that was looked for appeared under the world lock')
  count(applied, true)
  return event
}
