import type { Event, Quota, QuotaFields } from '../commerce/catalogue.ts'
import {
  countQuotas,
  deleteQuota,
  findQuota,
  insertQuota,
  listQuotas,
  lockQuotaRow,
  type QuotaFilter,
  type QuotaOrder,
  updateQuota,
} from '../commerce/catalogue-quotas.ts'
import { hasOpenVoucher, lockVouchersOf, quotaContext } from '../commerce/catalogue-references.ts'
import type { Order, Page } from '../commerce/catalogue-rows.ts'
import { type CatalogueFault, quotaFault } from '../commerce/catalogue-rules.ts'
import type { QuotaUse } from '../commerce/quota.ts'
import { closeSoldOut, countQuotaUse, roomOf } from '../commerce/quota-counts.ts'
import type { Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import { releaseVoucherTargets } from '../instruments/vouchers.ts'
import type { Finish } from './cards.ts'
import type { Outcome } from './catalogue.ts'
import type { Deps } from './deps.ts'

/** Quotas of an event. */
export function createQuotas({ db, now }: Pick<Deps, 'db' | 'now'>) {
  const faultOf = async (
    tx: Tx,
    merchantId: bigint,
    event: Event,
    quota: QuotaFields,
  ): Promise<CatalogueFault | undefined> =>
    quotaFault(quota, await quotaContext(tx, merchantId, event, quota))

  /** A quota that wants to be closed when it is sold out may be so by its new size or members. */
  const closeIfSoldOut = async (tx: Tx, merchantId: bigint, quota: Quota): Promise<Quota> => {
    if (!quota.closeWhenSoldOut || quota.closed) return quota
    const uses = await countQuotaUse(tx, merchantId, quota.eventId, [quota], now())
    const room = roomOf([quota], uses)
    await closeSoldOut(tx, merchantId, [quota], room)
    return (await findQuota(tx, merchantId, quota.eventId, quota.id)) ?? quota
  }

  return {
    find: (merchantId: bigint, eventId: bigint, id: bigint, filter?: QuotaFilter) =>
      findQuota(db, merchantId, eventId, id, filter),
    count: (merchantId: bigint, eventId: bigint, filter: QuotaFilter) =>
      countQuotas(db, merchantId, eventId, filter),
    list: (
      merchantId: bigint,
      eventId: bigint,
      filter: QuotaFilter,
      order: Order<QuotaOrder>,
      page: Page,
    ) => listQuotas(db, merchantId, eventId, filter, order, page),

    /** What is taken from each of these quotas of one event, in their order. */
    uses: async (
      merchantId: bigint,
      eventId: bigint,
      quotas: readonly Quota[],
    ): Promise<readonly QuotaUse[]> => {
      const uses = await countQuotaUse(db, merchantId, eventId, quotas, now())
      return quotas.map(({ id }) => uses.get(id) ?? { paid: 0, pending: 0, blocked: 0, carts: 0 })
    },

    create: (
      merchantId: bigint,
      event: Event,
      fields: QuotaFields,
      finish?: Finish<Quota>,
    ): Promise<Outcome<Quota>> =>
      transact(db, async (tx) => {
        const fault = await faultOf(tx, merchantId, event, fields)
        if (fault) return { fault }
        const id = await insertQuota(tx, merchantId, { eventId: event.id }, fields)
        const quota = await closeIfSoldOut(tx, merchantId, { ...fields, id, eventId: event.id })
        await finish?.(tx, quota)
        return { done: quota }
      }),

    /** Changes what is given. A smaller size takes nothing back from orders and vouchers. */
    update: (
      merchantId: bigint,
      event: Event,
      id: bigint,
      changes: Partial<QuotaFields>,
      finish?: Finish<Quota>,
    ): Promise<Outcome<Quota>> =>
      transact(db, async (tx) => {
        if (!(await lockQuotaRow(tx, merchantId, event.id, id))) return { obstacle: 'not_found' }
        const stored = await findQuota(tx, merchantId, event.id, id)
        if (!stored) return { obstacle: 'not_found' }
        const quota = { ...stored, ...changes }
        const fault = await faultOf(tx, merchantId, event, quota)
        if (fault) return { fault }
        await updateQuota(tx, merchantId, id, quota)
        const result = await closeIfSoldOut(tx, merchantId, quota)
        await finish?.(tx, result)
        return { done: result }
      }),

    /** Takes a quota away, unless a voucher that has uses left names it (section 7). */
    remove: (
      merchantId: bigint,
      eventId: bigint,
      id: bigint,
      finish?: Finish<void>,
    ): Promise<Outcome<void>> =>
      transact(db, async (tx) => {
        const target = { column: 'quota', id, eventId } as const
        if (!(await lockQuotaRow(tx, merchantId, eventId, id))) return { obstacle: 'not_found' }
        await lockVouchersOf(tx, merchantId, target)
        if (await hasOpenVoucher(tx, merchantId, target))
          return { obstacle: 'voucher_points_to_it' }
        // Again: one may have come while we waited for the locks.
        await releaseVoucherTargets(
          tx,
          merchantId,
          eventId,
          await lockVouchersOf(tx, merchantId, target),
        )
        await deleteQuota(tx, merchantId, id)
        await finish?.(tx)
        return { done: undefined }
      }),
  }
}
