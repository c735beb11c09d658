import type { Event, EventFields } from '../commerce/catalogue.ts'
import {
  countEvents,
  deleteEvent,
  type EventFilter,
  type EventOrder,
  findEvent,
  insertEvent,
  isEventInUse,
  listEvents,
  lockEvent,
  updateEvent,
} from '../commerce/catalogue-events.ts'
import type { Order, Page } from '../commerce/catalogue-rows.ts'
import { eventFault } from '../commerce/catalogue-rules.ts'
import { transact } from '../db/transact.ts'
import type { Finish } from './cards.ts'
import type { Outcome } from './catalogue.ts'
import { createCoalesced } from './coalesced.ts'
import type { Deps } from './deps.ts'
import { MERCHANTS_CHANNEL } from './merchants.ts'

/** Events of a merchant. */
export function createEvents({ db }: Pick<Deps, 'db'>) {
  const together = createCoalesced<Event | undefined>()
  return {
    find: (merchantId: bigint, slug: string, filter?: EventFilter) =>
      filter
        ? findEvent(db, merchantId, slug, filter)
        : together(`${merchantId}/${slug}`, () => findEvent(db, merchantId, slug)),
    count: (merchantId: bigint, filter: EventFilter) => countEvents(db, merchantId, filter),
    list: (merchantId: bigint, filter: EventFilter, order: Order<EventOrder>, page: Page) =>
      listEvents(db, merchantId, filter, order, page),

    /**
     * Adds an event. A credential that is limited to some events may then use this one too. Faults:
     * `slug_taken` and what `eventFault` finds.
     */
    create: (
      merchantId: bigint,
      event: EventFields,
      { credentialId, finish }: { readonly credentialId: bigint; readonly finish?: Finish<Event> },
    ): Promise<Outcome<Event>> =>
      transact(db, async (tx) => {
        const fault = eventFault(event, undefined)
        if (fault) return { fault }
        const created = await insertEvent(tx, merchantId, event)
        if (!created) return { fault: 'slug_taken' }
        const limited = await tx`
          update credentials set events = array_append(events, ${event.slug})
          where id = ${credentialId} and events is not null`
        if (limited.count > 0) await tx`select pg_notify(${MERCHANTS_CHANNEL}, '')`
        await finish?.(tx, created)
        return { done: created }
      }),

    /** Changes what is given. Its slug and whether it is a series stay as they are. */
    update: (
      merchantId: bigint,
      id: bigint,
      changes: Partial<EventFields>,
      finish?: Finish<Event>,
    ): Promise<Outcome<Event>> =>
      transact(db, async (tx) => {
        const stored = await lockEvent(tx, merchantId, id)
        if (!stored) return { obstacle: 'not_found' }
        const event = { ...stored, ...changes }
        const fault = eventFault(event, stored)
        if (fault) return { fault }
        await updateEvent(tx, merchantId, id, event)
        await finish?.(tx, event)
        return { done: event }
      }),

    /** Takes an event away with all it sells, unless it has orders or vouchers. */
    remove: (merchantId: bigint, id: bigint, finish?: Finish<void>): Promise<Outcome<void>> =>
      transact(db, async (tx) => {
        if (!(await lockEvent(tx, merchantId, id))) return { obstacle: 'not_found' }
        if (await isEventInUse(tx, merchantId, id)) return { obstacle: 'event_in_use' }
        await deleteEvent(tx, merchantId, id)
        await finish?.(tx)
        return { done: undefined }
      }),
  }
}
