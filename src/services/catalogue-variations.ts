import type { Item, Variation, VariationFields } from '../commerce/catalogue.ts'
import { lockItem } from '../commerce/catalogue-items.ts'
import { lockQuotasOfItem } from '../commerce/catalogue-quotas.ts'
import { hasOpenVoucher, isOrdered, lockVouchersOf } from '../commerce/catalogue-references.ts'
import type { Order, Page } from '../commerce/catalogue-rows.ts'
import {
  countVariations,
  deleteVariation,
  findVariation,
  insertVariation,
  listVariations,
  updateVariation,
  type VariationFilter,
  type VariationOrder,
} from '../commerce/catalogue-variations.ts'
import { transact } from '../db/transact.ts'
import { releaseVoucherTargets } from '../instruments/vouchers.ts'
import type { Finish } from './cards.ts'
import type { Outcome } from './catalogue.ts'
import type { Deps } from './deps.ts'

/** A variation with the item whose price it may have. */
export type PricedVariation = { readonly variation: Variation; readonly item: Item }

/** Variations of a product. All changes lock the product, so that it never loses its last one. */
export function createVariations({ db }: Pick<Deps, 'db'>) {
  return {
    find: (merchantId: bigint, itemId: bigint, id: bigint, filter?: VariationFilter) =>
      findVariation(db, merchantId, itemId, id, filter),
    count: (merchantId: bigint, itemId: bigint, filter: VariationFilter) =>
      countVariations(db, merchantId, itemId, filter),
    list: (
      merchantId: bigint,
      itemId: bigint,
      filter: VariationFilter,
      order: Order<VariationOrder>,
      page: Page,
    ) => listVariations(db, merchantId, itemId, filter, order, page),

    /** Adds a variation to a product that has some. */
    create: (
      merchantId: bigint,
      eventId: bigint,
      itemId: bigint,
      fields: VariationFields,
      finish?: Finish<PricedVariation>,
    ): Promise<Outcome<PricedVariation>> =>
      transact(db, async (tx) => {
        const item = await lockItem(tx, merchantId, eventId, itemId)
        if (!item) return { obstacle: 'not_found' }
        if (item.variations.length === 0) return { obstacle: 'item_has_no_variations' }
        const id = await insertVariation(tx, merchantId, { eventId, itemId }, fields)
        const created = { variation: { ...fields, id, itemId }, item }
        await finish?.(tx, created)
        return { done: created }
      }),

    update: (
      merchantId: bigint,
      eventId: bigint,
      itemId: bigint,
      id: bigint,
      changes: Partial<VariationFields>,
      finish?: Finish<PricedVariation>,
    ): Promise<Outcome<PricedVariation>> =>
      transact(db, async (tx) => {
        const item = await lockItem(tx, merchantId, eventId, itemId)
        const stored = item?.variations.find((variation) => variation.id === id)
        if (!item || !stored) return { obstacle: 'not_found' }
        const variation = { ...stored, ...changes }
        await updateVariation(tx, merchantId, id, variation)
        await finish?.(tx, { variation, item })
        return { done: { variation, item } }
      }),

    /** Takes a variation away, unless it is the last, was ordered, or an open voucher names it. */
    remove: (
      merchantId: bigint,
      eventId: bigint,
      itemId: bigint,
      id: bigint,
      finish?: Finish<void>,
    ): Promise<Outcome<void>> =>
      transact(db, async (tx) => {
        const target = { column: 'variation', id, eventId } as const
        // Quotas, then vouchers, as everybody who sells it locks them.
        await lockQuotasOfItem(tx, merchantId, itemId)
        await lockVouchersOf(tx, merchantId, target)
        const item = await lockItem(tx, merchantId, eventId, itemId)
        if (!item?.variations.some((variation) => variation.id === id))
          return { obstacle: 'not_found' }
        if (await isOrdered(tx, merchantId, target)) return { obstacle: 'variation_ordered' }
        if (item.variations.length === 1) return { obstacle: 'variation_is_last' }
        if (await hasOpenVoucher(tx, merchantId, target))
          return { obstacle: 'voucher_points_to_it' }
        // Again: one may have come while we waited for the locks.
        await releaseVoucherTargets(
          tx,
          merchantId,
          eventId,
          await lockVouchersOf(tx, merchantId, target),
        )
        await deleteVariation(tx, merchantId, id)
        await finish?.(tx)
        return { done: undefined }
      }),
  }
}
