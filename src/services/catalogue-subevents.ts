import type { Event, Subevent, SubeventFields } from '../commerce/catalogue.ts'
import { isOrdered, overrideEvents } from '../commerce/catalogue-references.ts'
import type { Order, Page } from '../commerce/catalogue-rows.ts'
import { subeventFault } from '../commerce/catalogue-rules.ts'
import {
  countSubevents,
  deleteSubevent,
  findSubevent,
  insertSubevent,
  isSubeventInUse,
  listSubevents,
  lockSubevent,
  type SubeventFilter,
  type SubeventOrder,
  updateSubevent,
} from '../commerce/catalogue-subevents.ts'
import type { Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import type { Finish } from './cards.ts'
import type { Outcome } from './catalogue.ts'
import type { Deps } from './deps.ts'

/** Dates of an event series. */
export function createSubevents({ db }: Pick<Deps, 'db'>) {
  const faultOf = async (tx: Tx, merchantId: bigint, event: Event, date: SubeventFields) =>
    subeventFault(
      date,
      event,
      await overrideEvents(
        tx,
        merchantId,
        date.itemOverrides.map(({ id }) => id),
        date.variationOverrides.map(({ id }) => id),
      ),
    )

  return {
    find: (merchantId: bigint, eventId: bigint, id: bigint, filter?: SubeventFilter) =>
      findSubevent(db, merchantId, eventId, id, filter),
    count: (merchantId: bigint, eventId: bigint, filter: SubeventFilter) =>
      countSubevents(db, merchantId, eventId, filter),
    list: (
      merchantId: bigint,
      eventId: bigint,
      filter: SubeventFilter,
      order: Order<SubeventOrder>,
      page: Page,
    ) => listSubevents(db, merchantId, eventId, filter, order, page),

    create: (
      merchantId: bigint,
      event: Event,
      fields: SubeventFields,
      finish?: Finish<Subevent>,
    ): Promise<Outcome<Subevent>> =>
      transact(db, async (tx) => {
        const fault = await faultOf(tx, merchantId, event, fields)
        if (fault) return { fault }
        const id = await insertSubevent(tx, merchantId, { eventId: event.id }, fields)
        const date = await findSubevent(tx, merchantId, event.id, id)
        if (!date) throw new Error('a date that was just added is gone')
        await finish?.(tx, date)
        return { done: date }
      }),

    update: (
      merchantId: bigint,
      event: Event,
      id: bigint,
      changes: Partial<SubeventFields>,
      finish?: Finish<Subevent>,
    ): Promise<Outcome<Subevent>> =>
      transact(db, async (tx) => {
        const stored = await lockSubevent(tx, merchantId, event.id, id)
        if (!stored) return { obstacle: 'not_found' }
        const next = { ...stored, ...changes }
        const fault = await faultOf(tx, merchantId, event, next)
        if (fault) return { fault }
        await updateSubevent(tx, merchantId, id, next)
        const date = await findSubevent(tx, merchantId, event.id, id)
        if (!date) throw new Error('a date that is locked is gone')
        await finish?.(tx, date)
        return { done: date }
      }),

    /** Takes a date away with its seats, unless an order, a voucher or a quota refers to it (12). */
    remove: (
      merchantId: bigint,
      eventId: bigint,
      id: bigint,
      finish?: Finish<void>,
    ): Promise<Outcome<void>> =>
      transact(db, async (tx) => {
        if (!(await lockSubevent(tx, merchantId, eventId, id))) return { obstacle: 'not_found' }
        if (await isOrdered(tx, merchantId, { column: 'subevent', id, eventId }))
          return { obstacle: 'subevent_ordered' }
        if (await isSubeventInUse(tx, merchantId, id)) return { obstacle: 'subevent_in_use' }
        await deleteSubevent(tx, merchantId, id)
        await finish?.(tx)
        return { done: undefined }
      }),
  }
}
