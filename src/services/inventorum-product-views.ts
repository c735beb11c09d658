import type { Fragment, Queryable } from '../db/database.ts'
import { type Decimal, formatShortest } from '../money/decimal.ts'
import type { Deps } from './deps.ts'
import { readHints } from './inventorum-categories.ts'
import type { ShopCaller } from './inventorum-commands.ts'
import { missing } from './inventorum-problems.ts'
import {
  findProductRow,
  ofKind,
  type ProductKind,
  type ProductRow,
  productColumns,
  productTables,
  readProductRows,
  stockOf,
  toProductRow,
} from './inventorum-product-rows.ts'

export type ImageReference = {
  readonly id: bigint
  readonly opaque: string
  readonly extension: string
  readonly type: number
}

/** A product with what hangs on it. */
export type Product = ProductRow & {
  readonly categories: readonly {
    readonly id: bigint
    readonly name: string
    readonly hint: string
  }[]
  readonly images: readonly ImageReference[]
}

export type ProductSort = 'name' | 'time_added' | 'time_modified' | 'quantity' | 'price'
export type ProductOrdering = { readonly by: ProductSort; readonly descending: boolean }

/** What a list can be narrowed by: every value of each must hold, and none does not narrow. */
export type ProductFilter = {
  readonly kind: ProductKind
  /** Exact but for case. */
  readonly names?: readonly string[]
  readonly productCodes?: readonly string[]
  readonly eans?: readonly string[]
  readonly taxTypeIds?: readonly bigint[]
  readonly categoryIds?: readonly bigint[]
  readonly quantities?: readonly Decimal[]
  readonly prices?: readonly Decimal[]
  readonly grossPrices?: readonly Decimal[]
  /** Part of name, code or EAN. */
  readonly search?: string | undefined
}

export type Slice = { readonly offset: number; readonly limit: number }

/** Reads of goods and templates (specs/inventorum.md 2.2, 11.2). */
export function createProductViews({ db }: Pick<Deps, 'db'>) {
  return {
    get: async ({ merchant }: ShopCaller, id: bigint, kind: ProductKind): Promise<Product> => {
      const row = await findProductRow(db, merchant.id, id, kind)
      const [product] = row ? await completeProducts(db, merchant.id, [row]) : []
      return product ?? missing(kind === 'template' ? 'template' : 'product')
    },

    count: async ({ merchant }: ShopCaller, filter: ProductFilter): Promise<number> => {
      const [row] = await db<{ count: bigint }[]>`
        select count(*) from ${productTables(db)} where ${matches(db, merchant.id, filter)}`
      return Number(row?.count ?? 0n)
    },

    list: async (
      { merchant }: ShopCaller,
      filter: ProductFilter,
      ordering: readonly ProductOrdering[],
      { offset, limit }: Slice,
    ): Promise<readonly Product[]> => {
      const rows = await db`
        select ${productColumns(db)} from ${productTables(db)} where ${matches(db, merchant.id, filter)}
        order by ${ordering.reduce((sorts, order) => db`${sorts} ${sortSql(db, order)},`, db``)} p.id
        offset ${offset} limit ${limit}`
      return await completeProducts(db, merchant.id, rows.map(toProductRow))
    },

    /** Stock of several products, in the order of their ids; unknown ones are left out. */
    quantities: async ({ merchant }: ShopCaller, ids: readonly bigint[]) => {
      const rows = await readProductRows(db, merchant.id, ids)
      return ids.flatMap((id) => {
        const row = rows.get(id)
        return row && !row.isDeleted ? [{ id, quantity: row.quantity }] : []
      })
    },
  }
}

const matches = (sql: Queryable, merchantId: bigint, filter: ProductFilter) => {
  const { names, productCodes, eans, taxTypeIds = [], categoryIds = [], search } = filter
  const texts = (column: 'name' | 'product_code' | 'ean', values: readonly string[] = []) =>
    values.length === 0
      ? sql``
      : sql`and lower(p.${sql(column)}) = all(select lower(v) from unnest(${[...values]}::text[]) v)`
  const numbers = (column: Fragment, values: readonly Decimal[] = []) =>
    values.length === 0
      ? sql``
      : sql`and ${column} = all(${values.map(formatShortest)}::text[]::numeric[])`
  return sql`
    p.merchant_id = ${merchantId} and p.deleted_at is null ${ofKind(sql, filter.kind)}
    ${texts('name', names)} ${texts('product_code', productCodes)} ${texts('ean', eans)}
    ${taxTypeIds.length === 0 ? sql`` : sql`and p.tax_type_id = all(${[...taxTypeIds]}::int8[])`}
    ${
      categoryIds.length === 0
        ? sql``
        : sql`and not exists (
            select 1 from unnest(${[...categoryIds]}::int8[]) id where not exists (
              select 1 from inventorum_product_categories c
              where c.merchant_id = p.merchant_id and c.product_id = p.id and c.category_id = id))`
    }
    ${numbers(stockOf(sql), filter.quantities)} ${numbers(sql`p.net`, filter.prices)}
    ${numbers(sql`round(p.net * (100 + t.rate) / 100, 2)`, filter.grossPrices)}
    ${search === undefined ? sql`` : searchSql(sql, search)}`
}

const searchSql = (sql: Queryable, search: string) => {
  const part = `%${search.toLowerCase().replace(/[\\%_]/g, (special) => `\\${special}`)}%`
  return sql`and (lower(p.name) like ${part} or lower(p.product_code) like ${part} or lower(p.ean) like ${part})`
}

const sortSql = (sql: Queryable, { by, descending }: ProductOrdering) => {
  const column = {
    name: sql`lower(p.name)`,
    time_added: sql`p.created_at`,
    time_modified: sql`p.modified_at`,
    quantity: stockOf(sql),
    price: sql`p.net`,
  }[by]
  return descending ? sql`${column} desc` : sql`${column} asc`
}

/** Adds categories and images to products, in two queries however many there are. */
export async function completeProducts(
  sql: Queryable,
  merchantId: bigint,
  rows: readonly ProductRow[],
): Promise<readonly Product[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const categories = await sql<{ product_id: bigint; id: bigint; name: string }[]>`
    select pc.product_id, c.id, c.name from inventorum_product_categories pc
    join inventorum_categories c on c.merchant_id = pc.merchant_id and c.id = pc.category_id
    where pc.merchant_id = ${merchantId} and pc.product_id = any(${ids}) order by pc.position, c.id`
  const images = await sql<(ImageReference & { product_id: bigint })[]>`
    select pi.product_id, i.id, i.opaque, i.extension, i.type from inventorum_product_images pi
    join inventorum_images i on i.merchant_id = pi.merchant_id and i.id = pi.image_id
    where pi.merchant_id = ${merchantId} and pi.product_id = any(${ids}) order by pi.position`
  const hints = await readHints(
    sql,
    merchantId,
    categories.map(({ id }) => id),
  )
  return rows.map((row) => ({
    ...row,
    categories: categories
      .filter(({ product_id }) => product_id === row.id)
      .map(({ id, name }) => ({ id, name, hint: hints.get(id) ?? name })),
    images: images.filter(({ product_id }) => product_id === row.id),
  }))
}
