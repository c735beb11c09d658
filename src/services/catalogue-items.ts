import type { Item, ItemFields, VariationFields } from '../commerce/catalogue.ts'
import {
  countItems,
  deleteItem,
  findItem,
  type ItemFilter,
  type ItemOrder,
  insertItem,
  listItems,
  lockItem,
  updateItem,
} from '../commerce/catalogue-items.ts'
import { lockQuotasOfItem } from '../commerce/catalogue-quotas.ts'
import {
  hasOpenVoucher,
  holdCategory,
  isOrdered,
  lockVouchersOf,
} from '../commerce/catalogue-references.ts'
import type { Order, Page } from '../commerce/catalogue-rows.ts'
import { itemFault } from '../commerce/catalogue-rules.ts'
import { insertVariation } from '../commerce/catalogue-variations.ts'
import { transact } from '../db/transact.ts'
import { releaseVoucherTargets } from '../instruments/vouchers.ts'
import type { Finish } from './cards.ts'
import type { Outcome } from './catalogue.ts'
import type { Deps } from './deps.ts'

/** Products of an event. */
export function createItems({ db }: Pick<Deps, 'db'>) {
  return {
    find: (merchantId: bigint, eventId: bigint, id: bigint, filter?: ItemFilter) =>
      findItem(db, merchantId, eventId, id, filter),
    count: (merchantId: bigint, eventId: bigint, filter: ItemFilter) =>
      countItems(db, merchantId, eventId, filter),
    list: (
      merchantId: bigint,
      eventId: bigint,
      filter: ItemFilter,
      order: Order<ItemOrder>,
      page: Page,
    ) => listItems(db, merchantId, eventId, filter, order, page),

    /** Adds a product with its variations; only now may it get its first one (0.1). */
    create: (
      merchantId: bigint,
      eventId: bigint,
      fields: ItemFields,
      variations: readonly VariationFields[],
      finish?: Finish<Item>,
    ): Promise<Outcome<Item>> =>
      transact(db, async (tx) => {
        const category = await holdCategory(tx, merchantId, fields.categoryId)
        const fault = itemFault(fields, eventId, category)
        if (fault) return { fault }
        const id = await insertItem(tx, merchantId, { eventId }, fields)
        for (const variation of variations)
          await insertVariation(tx, merchantId, { eventId, itemId: id }, variation)
        const item = await findItem(tx, merchantId, eventId, id)
        if (!item) throw new Error('an item that was just added is gone')
        await finish?.(tx, item)
        return { done: item }
      }),

    update: (
      merchantId: bigint,
      eventId: bigint,
      id: bigint,
      changes: Partial<ItemFields>,
      finish?: Finish<Item>,
    ): Promise<Outcome<Item>> =>
      transact(db, async (tx) => {
        const stored = await lockItem(tx, merchantId, eventId, id)
        if (!stored) return { obstacle: 'not_found' }
        const item = { ...stored, ...changes }
        const category = await holdCategory(tx, merchantId, item.categoryId)
        const fault = itemFault(item, eventId, category)
        if (fault) return { fault }
        await updateItem(tx, merchantId, id, item)
        await finish?.(tx, item)
        return { done: item }
      }),

    /**
     * Takes a product away, unless it was ever ordered or a voucher that has uses left names it.
     * Vouchers that are used up let go of it (section 7).
     */
    remove: (
      merchantId: bigint,
      eventId: bigint,
      id: bigint,
      finish?: Finish<void>,
    ): Promise<Outcome<void>> =>
      transact(db, async (tx) => {
        const target = { column: 'item', id, eventId } as const
        // Quotas, then vouchers, as everybody who sells it locks them.
        await lockQuotasOfItem(tx, merchantId, id)
        await lockVouchersOf(tx, merchantId, target)
        if (!(await lockItem(tx, merchantId, eventId, id))) return { obstacle: 'not_found' }
        if (await isOrdered(tx, merchantId, target)) return { obstacle: 'item_ordered' }
        if (await hasOpenVoucher(tx, merchantId, target))
          return { obstacle: 'voucher_points_to_it' }
        // Again: one may have come while we waited for the locks.
        await releaseVoucherTargets(
          tx,
          merchantId,
          eventId,
          await lockVouchersOf(tx, merchantId, target),
        )
        await deleteItem(tx, merchantId, id)
        await finish?.(tx)
        return { done: undefined }
      }),
  }
}
