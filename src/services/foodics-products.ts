import type { Queryable, Tx } from '../db/database.ts'
import { sqlState, transact } from '../db/transact.ts'
import type { Remembered } from '../ledger/group-commit.ts'
import type { Instant } from '../money/instant.ts'
import type { Deps } from './deps.ts'
import {
  allOf,
  type ChooseSlice,
  laterThan,
  orderBy,
  type Slice,
  type SortKey,
  type Span,
  within,
} from './foodics-rows.ts'
import { saveRemembered } from './idempotency.ts'

export const FIXED_PRICE = 1
export const OPEN_PRICE = 2
export type PricingMethod = typeof FIXED_PRICE | typeof OPEN_PRICE

/** What a caller chooses of a gift card product; the three lists are JSON as sent. */
export type ProductFields = {
  readonly name: string
  readonly nameLocalized: string | undefined
  readonly image: string | undefined
  readonly barcode: string | undefined
  readonly sku: string
  readonly pricingMethod: PricingMethod
  /** Ledger units; an open price may have none. */
  readonly price: bigint | undefined
  readonly isActive: boolean
  readonly categoryId: string
  readonly branches: string
  readonly tags: string
  readonly groups: string
  readonly tagIds: readonly string[]
}

export type Product = ProductFields & {
  readonly id: bigint
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly deletedAt: Instant | undefined
}

export type ProductFilter = {
  readonly ids?: readonly bigint[]
  readonly names?: readonly string[]
  readonly skus?: readonly string[]
  readonly barcodes?: readonly string[]
  readonly categoryIds?: readonly string[]
  readonly tagIds?: readonly string[]
  readonly active?: readonly boolean[]
  readonly deleted?: readonly boolean[]
  readonly createdIn?: readonly Span[]
  readonly updatedIn?: readonly Span[]
  readonly deletedIn?: readonly Span[]
  readonly updatedAfter?: Instant
}

/**
 * Judges a write: what is to be stored, or it throws and nothing is written. `current` is undefined when a
 * product is created.
 */
export type JudgeProduct = (known: {
  readonly current: Product | undefined
  readonly isSkuTaken: boolean
}) => ProductFields

export type ProductWrite = {
  readonly merchantId: bigint
  /** The SKU that the request names. */
  readonly sku: string | undefined
  readonly judge: JudgeProduct
  readonly remember?: (product: Product) => Remembered | undefined
}

type ProductRow = {
  id: bigint
  name: string
  name_localized: string | null
  image: string | null
  barcode: string | null
  sku: string
  pricing_method: PricingMethod
  price: bigint | null
  is_active: boolean
  category_id: string
  branches: string
  tags: string
  groups: string
  tag_ids: string[]
  created_at: Instant
  updated_at: Instant
  deleted_at: Instant | null
}

const columns = (sql: Queryable) => sql`
  id, name, name_localized, image, barcode, sku, pricing_method, price, is_active, category_id, branches,
  tags, groups, tag_ids, created_at, updated_at, deleted_at`

const toProduct = (row: unknown): Product => {
  const product = row as ProductRow // Selected by `columns`.
  return {
    id: product.id,
    name: product.name,
    nameLocalized: product.name_localized ?? undefined,
    image: product.image ?? undefined,
    barcode: product.barcode ?? undefined,
    sku: product.sku,
    pricingMethod: product.pricing_method,
    price: product.price ?? undefined,
    isActive: product.is_active,
    categoryId: product.category_id,
    branches: product.branches,
    tags: product.tags,
    groups: product.groups,
    tagIds: product.tag_ids,
    createdAt: product.created_at,
    updatedAt: product.updated_at,
    deletedAt: product.deleted_at ?? undefined,
  }
}

/** Attempts of one write: the second sees the SKU that another writer took during the first. */
const ATTEMPTS_MAX = 3

/** Gift card products: what a sold card is of (specs/foodics.md 6.1). Deleting one only marks it. */
export function createProducts({ db, now }: Pick<Deps, 'db' | 'now'>) {
  return {
    find: async (merchantId: bigint, id: bigint): Promise<Product | undefined> => {
      const [row] = await db`
        select ${columns(db)} from foodics_products where merchant_id = ${merchantId} and id = ${id}`
      return row && toProduct(row)
    },

    findAll: async (merchantId: bigint, ids: readonly bigint[]): Promise<Map<bigint, Product>> => {
      if (ids.length === 0) return new Map()
      const rows = await db`
        select ${columns(db)} from foodics_products
        where merchant_id = ${merchantId} and id = any(${ids as bigint[]}::int8[])`
      return new Map(rows.map(toProduct).map((product) => [product.id, product]))
    },

    list: async (
      merchantId: bigint,
      filter: ProductFilter,
      sort: readonly SortKey[],
      choose: ChooseSlice,
    ): Promise<Slice<Product>> => {
      const where = filterSql(db, merchantId, filter)
      const [row] = await db<
        { count: bigint }[]
      >`select count(*) from foodics_products where ${where}`
      const total = Number(row?.count ?? 0n)
      const { offset, limit } = choose(total)
      if (limit === 0) return { total, rows: [] }
      const order = orderBy(db, sort, sortColumns(db), db`id`)
      const rows = await db`
        select ${columns(db)} from foodics_products where ${where}
        order by ${order} offset ${offset} limit ${limit}`
      return { total, rows: rows.map(toProduct) }
    },

    /** Makes a product. */
    create: ({ merchantId, sku, judge, remember }: ProductWrite): Promise<Product> =>
      retried(() =>
        transact(db, async (tx) => {
          const at = now()
          const isSkuTaken = await isTaken(tx, merchantId, sku, undefined)
          const fields = judge({ current: undefined, isSkuTaken })
          const product = await insert(tx, merchantId, fields, at)
          await remembered(tx, remember?.(product), at)
          return product
        }),
      ),

    /** Changes a product under its lock; undefined if there is none. */
    update: (
      id: bigint,
      { merchantId, sku, judge, remember }: ProductWrite,
    ): Promise<Product | undefined> =>
      retried(() =>
        transact(db, async (tx) => {
          const at = now()
          const [row] = await tx`
            select ${columns(tx)} from foodics_products
            where merchant_id = ${merchantId} and id = ${id} for no key update`
          if (!row) return undefined
          const isSkuTaken = await isTaken(tx, merchantId, sku, id)
          const fields = judge({ current: toProduct(row), isSkuTaken })
          const product = await store(tx, merchantId, id, fields, at)
          await remembered(tx, remember?.(product), at)
          return product
        }),
      ),

    /** Marks a product as deleted, or takes the mark off; saying it again changes nothing. */
    mark: async (
      merchantId: bigint,
      id: bigint,
      isDeleted: boolean,
    ): Promise<Product | undefined> => {
      const at = now()
      const [row] = await db`
        update foodics_products set
          updated_at = case when (deleted_at is not null) = ${isDeleted} then updated_at
            else greatest(updated_at, ${at}::timestamptz) end,
          deleted_at = case when ${isDeleted} then coalesce(deleted_at, ${at}::timestamptz) end
        where merchant_id = ${merchantId} and id = ${id} returning ${columns(db)}`
      return row && toProduct(row)
    },
  }
}

async function retried<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write()
    } catch (error) {
      if (sqlState(error) !== '23505' || attempt === ATTEMPTS_MAX) throw error
    }
  }
}

async function remembered(tx: Tx, answer: Remembered | undefined, now: Instant): Promise<void> {
  if (answer) await saveRemembered(tx, [answer], now)
}

async function isTaken(
  tx: Tx,
  merchantId: bigint,
  sku: string | undefined,
  exceptId: bigint | undefined,
): Promise<boolean> {
  if (sku === undefined) return false
  const [row] = await tx`
    select 1 from foodics_products where merchant_id = ${merchantId} and sku = ${sku}
      ${exceptId === undefined ? tx`` : tx`and id <> ${exceptId}`}`
  return row !== undefined
}

async function insert(
  tx: Tx,
  merchantId: bigint,
  fields: ProductFields,
  at: Instant,
): Promise<Product> {
  const [row] = await tx`
    insert into foodics_products (merchant_id, name, name_localized, image, barcode, sku, pricing_method,
      price, is_active, category_id, branches, tags, groups, tag_ids, created_at, updated_at)
    values (${merchantId}, ${fields.name}, ${fields.nameLocalized ?? null}, ${fields.image ?? null},
      ${fields.barcode ?? null}, ${fields.sku}, ${fields.pricingMethod}, ${fields.price ?? null},
      ${fields.isActive}, ${fields.categoryId}, ${fields.branches}, ${fields.tags}, ${fields.groups},
      ${fields.tagIds as string[]}::text[], ${at}::timestamptz, ${at}::timestamptz)
    returning ${columns(tx)}`
  return toProduct(row)
}

async function store(
  tx: Tx,
  merchantId: bigint,
  id: bigint,
  fields: ProductFields,
  at: Instant,
): Promise<Product> {
  const [row] = await tx`
    update foodics_products set name = ${fields.name}, name_localized = ${fields.nameLocalized ?? null},
      image = ${fields.image ?? null}, barcode = ${fields.barcode ?? null}, sku = ${fields.sku},
      pricing_method = ${fields.pricingMethod}, price = ${fields.price ?? null},
      is_active = ${fields.isActive}, category_id = ${fields.categoryId}, branches = ${fields.branches},
      tags = ${fields.tags}, groups = ${fields.groups}, tag_ids = ${fields.tagIds as string[]}::text[],
      updated_at = greatest(updated_at, ${at}::timestamptz)
    where merchant_id = ${merchantId} and id = ${id} returning ${columns(tx)}`
  return toProduct(row)
}

const filterSql = (sql: Queryable, merchantId: bigint, filter: ProductFilter) =>
  allOf(sql, sql`merchant_id = ${merchantId}`, [
    filter.ids && sql`id = any(${filter.ids as bigint[]}::int8[])`,
    filter.names && sql`name = any(${filter.names as string[]}::text[])`,
    filter.skus && sql`sku = any(${filter.skus as string[]}::text[])`,
    filter.barcodes && sql`barcode = any(${filter.barcodes as string[]}::text[])`,
    filter.categoryIds && sql`category_id = any(${filter.categoryIds as string[]}::text[])`,
    filter.tagIds && sql`tag_ids && ${filter.tagIds as string[]}::text[]`,
    filter.active && sql`is_active = any(${filter.active as boolean[]}::bool[])`,
    filter.deleted && sql`(deleted_at is not null) = any(${filter.deleted as boolean[]}::bool[])`,
    within(sql, sql`created_at`, filter.createdIn),
    within(sql, sql`updated_at`, filter.updatedIn),
    within(sql, sql`deleted_at`, filter.deletedIn),
    laterThan(sql, sql`updated_at`, filter.updatedAfter),
  ])

/** By code point, whatever the server's locale; times to the second, as they are shown. */
const sortColumns = (sql: Queryable) => ({
  name: sql`name collate "C"`,
  sku: sql`sku collate "C"`,
  price: sql`price`,
  created_at: sql`date_trunc('second', created_at)`,
  updated_at: sql`date_trunc('second', updated_at)`,
})
