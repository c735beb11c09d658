import type { Category, CategoryFields } from '../commerce/catalogue.ts'
import {
  type CategoryOrder,
  countCategories,
  deleteCategory,
  findCategory,
  insertCategory,
  listCategories,
  lockCategory,
  updateCategory,
} from '../commerce/catalogue-categories.ts'
import type { Order, Page } from '../commerce/catalogue-rows.ts'
import { transact } from '../db/transact.ts'
import type { Finish } from './cards.ts'
import type { Outcome } from './catalogue.ts'
import type { Deps } from './deps.ts'

/** Categories of an event. */
export function createCategories({ db }: Pick<Deps, 'db'>) {
  return {
    find: (merchantId: bigint, eventId: bigint, id: bigint) =>
      findCategory(db, merchantId, eventId, id),
    count: (merchantId: bigint, eventId: bigint) => countCategories(db, merchantId, eventId),
    list: (merchantId: bigint, eventId: bigint, order: Order<CategoryOrder>, page: Page) =>
      listCategories(db, merchantId, eventId, order, page),

    create: (
      merchantId: bigint,
      eventId: bigint,
      fields: CategoryFields,
      finish?: Finish<Category>,
    ): Promise<Outcome<Category>> =>
      transact(db, async (tx) => {
        const id = await insertCategory(tx, merchantId, eventId, fields)
        const category = { ...fields, id, eventId }
        await finish?.(tx, category)
        return { done: category }
      }),

    update: (
      merchantId: bigint,
      eventId: bigint,
      id: bigint,
      changes: Partial<CategoryFields>,
      finish?: Finish<Category>,
    ): Promise<Outcome<Category>> =>
      transact(db, async (tx) => {
        const stored = await lockCategory(tx, merchantId, eventId, id)
        if (!stored) return { obstacle: 'not_found' }
        const category = { ...stored, ...changes }
        await updateCategory(tx, merchantId, id, category)
        await finish?.(tx, category)
        return { done: category }
      }),

    /** Takes a category away; its items stay, without one. */
    remove: (
      merchantId: bigint,
      eventId: bigint,
      id: bigint,
      finish?: Finish<void>,
    ): Promise<Outcome<void>> =>
      transact(db, async (tx) => {
        if (!(await lockCategory(tx, merchantId, eventId, id))) return { obstacle: 'not_found' }
        await deleteCategory(tx, merchantId, id)
        await finish?.(tx)
        return { done: undefined }
      }),
  }
}
