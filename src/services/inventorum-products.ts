import type { Queryable, Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import { releaseReservations } from '../ledger/reservations.ts'
import { type Decimal, formatShortest } from '../money/decimal.ts'
import type { Deps } from './deps.ts'
import type { ProductChanges, ProductDraft, References, ShopCaller } from './inventorum-commands.ts'
import { denyIfAny, missing, type ShopProblem } from './inventorum-problems.ts'
import {
  findProductRow,
  lockProductRows,
  type ProductKind,
  type ProductRow,
} from './inventorum-product-rows.ts'
import { applyChanges, netPrice, templateProblems } from './inventorum-product-rules.ts'
import { completeProducts, type Product } from './inventorum-product-views.ts'
import {
  insertProduct,
  lockRate,
  unknownReferences,
  updateProduct,
  writeCategories,
  writeImages,
} from './inventorum-product-writes.ts'

export type AdjustCommand = {
  readonly caller: ShopCaller
  readonly id: bigint
  /** Signed. */
  readonly quantity: Decimal
  /** `YYYY-MM-DD`, or undefined for today on the account's calendar. */
  readonly day: string | undefined
}

/** Makes, changes and ends goods and gift card templates (specs/inventorum.md 2, 11.2, 11.3). */
export function createProducts({ db, now }: Pick<Deps, 'db' | 'now'>) {
  return {
    /** Refuses unknown references and templates that break a rule, all problems at once. */
    create: (caller: ShopCaller, draft: ProductDraft): Promise<Product> =>
      transact(db, async (tx) => {
        const merchantId = caller.merchant.id
        const at = now()
        const unknown = await unknownReferences(tx, merchantId, draft)
        denyIfAny(unknown)
        const rate = await lockRate(tx, merchantId, draft.taxTypeId)
        if (draft.template) denyIfAny(templateProblems(draft.template, draft.quantity, rate, at))
        const id = await insertProduct(tx, merchantId, draft, netPrice(draft.price, rate), at)
        await writeCategories(tx, merchantId, id, draft.categoryIds)
        await writeImages(tx, merchantId, id, draft.imageIds)
        return await readProduct(tx, merchantId, id, 'any')
      }),

    /** A partial update. Issued cards never change: what they are was fixed when they were issued. */
    update: (
      caller: ShopCaller,
      id: bigint,
      kind: ProductKind,
      changes: ProductChanges,
    ): Promise<Product> =>
      transact(db, async (tx) => {
        const merchantId = caller.merchant.id
        const at = now()
        const product = await lockProduct(tx, merchantId, id, kind)
        // Tax and stock of a template follow rules of their own and are ignored here.
        const allowed: ProductChanges = product.template
          ? { ...changes, taxTypeId: undefined, quantity: undefined }
          : changes
        denyIfAny(await unknownReferences(tx, merchantId, allowed))
        const rate =
          allowed.taxTypeId === undefined
            ? product.rate
            : await lockRate(tx, merchantId, allowed.taxTypeId)
        await updateProduct(tx, merchantId, applyChanges(product, allowed, rate, at), at)
        if (changes.categoryIds) await writeCategories(tx, merchantId, id, changes.categoryIds)
        if (changes.imageIds) await writeImages(tx, merchantId, id, changes.imageIds)
        return await readProduct(tx, merchantId, id, kind)
      }),

    /**
     * Takes a product off sale. Its unissued pre-coded cards go and their codes become free; issued
     * cards and sold lines stay.
     */
    remove: (caller: ShopCaller, id: bigint, kind: ProductKind): Promise<void> =>
      transact(db, async (tx) => {
        const merchantId = caller.merchant.id
        await lockProduct(tx, merchantId, id, kind)
        const unissued = await tx<{ reservation_id: bigint }[]>`
          delete from inventorum_precoded_cards
          where merchant_id = ${merchantId} and product_id = ${id} and card_id is null
          returning reservation_id`
        await releaseReservations(
          tx,
          merchantId,
          unissued.map(({ reservation_id }) => reservation_id),
        )
        await tx`
          update inventorum_products set deleted_at = ${now()}::timestamptz
          where merchant_id = ${merchantId} and id = ${id}`
      }),

    /** Books stock in or out; of a pre-coded template it is recorded without effect (3.4). */
    adjust: ({ caller, id, quantity, day }: AdjustCommand): Promise<Decimal> =>
      transact(db, async (tx) => {
        const merchantId = caller.merchant.id
        const product = await lockProduct(tx, merchantId, id, 'any')
        const delta = formatShortest(quantity)
        await tx`
          insert into inventorum_stock_adjustments (merchant_id, product_id, quantity, booked_on, user_id, created_at)
          values (${merchantId}, ${id}, ${delta}::numeric,
            coalesce(${day ?? null}::date, (${now()}::timestamptz at time zone ${caller.merchant.timezone}::text)::date),
            ${caller.userId}, ${now()}::timestamptz)`
        if (product.template?.isPrecoded) return product.quantity
        await tx`
          update inventorum_products set quantity = quantity + ${delta}::numeric, modified_at = ${now()}::timestamptz
          where merchant_id = ${merchantId} and id = ${id}`
        return (await readProduct(tx, merchantId, id, 'any')).quantity
      }),

    /** What of a faulty body's ids does not exist, so that all its faults can be told together. */
    findUnknown: (caller: ShopCaller, references: References): Promise<readonly ShopProblem[]> =>
      unknownReferences(db, caller.merchant.id, references),
  }
}

async function lockProduct(
  tx: Tx,
  merchantId: bigint,
  id: bigint,
  kind: ProductKind,
): Promise<ProductRow> {
  const product = (await lockProductRows(tx, merchantId, [id])).get(id)
  if (!product || product.isDeleted) return missing(kind === 'template' ? 'template' : 'product')
  return product.template || kind === 'any' ? product : missing('template')
}

async function readProduct(
  sql: Queryable,
  merchantId: bigint,
  id: bigint,
  kind: ProductKind,
): Promise<Product> {
  const row = await findProductRow(sql, merchantId, id, kind)
  if (!row) return missing(kind === 'template' ? 'template' : 'product')
  const [product] = await completeProducts(sql, merchantId, [row])
  return product ?? missing('product')
}
