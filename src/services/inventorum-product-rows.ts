import { grossOf } from '../commerce/inventorum-prices.ts'
import type { Queryable, Tx } from '../db/database.ts'
import { type Decimal, decimal, parseDecimal } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import type { CardPurpose, ValiditySpanUnit } from './inventorum-commands.ts'

/** A product as its row stands, with its tax rate and what follows from it. */
export type ProductRow = {
  readonly id: bigint
  readonly name: string
  readonly description: string
  readonly taxTypeId: bigint
  readonly rate: Decimal
  readonly net: Decimal
  /** Always computed from the stored net (specs/inventorum.md 10.1). */
  readonly gross: Decimal
  readonly purchasePrice: Decimal
  readonly customPrice: boolean
  readonly productCode: string | undefined
  readonly ean: string | undefined
  /** In stock; of a pre-coded template the number of its unissued cards. */
  readonly quantity: Decimal
  readonly reorderLevel: Decimal
  readonly safetyStock: Decimal
  readonly template: Template | undefined
  readonly isDeleted: boolean
}

export type Template = {
  readonly purpose: CardPurpose
  readonly isPrecoded: boolean
  readonly validUntil: Instant | undefined
  readonly validUnit: ValiditySpanUnit
  readonly validValue: number | undefined
}

type Selected = {
  id: bigint
  name: string
  description: string
  tax_type_id: bigint
  rate: string
  net: string
  purchase_price: string
  custom_price: boolean
  product_code: string | null
  ean: string | null
  stock: string
  reorder_level: string
  safety_stock: string
  purpose: CardPurpose | null
  is_precoded: boolean
  valid_until: Instant | null
  valid_unit: ValiditySpanUnit | null
  valid_value: number | null
  deleted_at: Instant | null
}

/** What `quantity` shows, from `inventorum_products p`. */
export const stockOf = (sql: Queryable) => sql`
  case when p.is_precoded then (
    select count(*) from inventorum_precoded_cards c
    where c.merchant_id = p.merchant_id and c.product_id = p.id and c.card_id is null
  )::numeric else p.quantity end`

/** From `inventorum_products p` and its tax type `t`. */
export const productColumns = (sql: Queryable) => sql`
  p.id, p.name, p.description, p.tax_type_id, t.rate, p.net, p.purchase_price, p.custom_price,
  p.product_code, p.ean, ${stockOf(sql)} as stock, p.reorder_level, p.safety_stock, p.purpose,
  p.is_precoded, p.valid_until, p.valid_unit, p.valid_value, p.deleted_at`

export const productTables = (sql: Queryable) => sql`
  inventorum_products p
  join inventorum_tax_types t on t.merchant_id = p.merchant_id and t.id = p.tax_type_id`

/** A `numeric` of the database, which is always a number. */
export const toDecimal = (text: string): Decimal => parseDecimal(text) ?? decimal(0)

export function toProductRow(selected: unknown): ProductRow {
  const row = selected as Selected // Selected by `productColumns`.
  const rate = toDecimal(row.rate)
  const net = toDecimal(row.net)
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    taxTypeId: row.tax_type_id,
    rate,
    net,
    gross: grossOf(net, rate),
    purchasePrice: toDecimal(row.purchase_price),
    customPrice: row.custom_price,
    productCode: row.product_code ?? undefined,
    ean: row.ean ?? undefined,
    quantity: toDecimal(row.stock),
    reorderLevel: toDecimal(row.reorder_level),
    safetyStock: toDecimal(row.safety_stock),
    template:
      row.purpose === null || row.valid_unit === null
        ? undefined
        : {
            purpose: row.purpose,
            isPrecoded: row.is_precoded,
            validUntil: row.valid_until ?? undefined,
            validUnit: row.valid_unit,
            validValue: row.valid_value ?? undefined,
          },
    isDeleted: row.deleted_at !== null,
  }
}

/** Which products a path can mean: templates only, or both kinds. */
export type ProductKind = 'template' | 'any'

export const ofKind = (sql: Queryable, kind: ProductKind) =>
  kind === 'template' ? sql`and p.purpose is not null` : sql``

/** A product that was not deleted. */
export async function findProductRow(
  sql: Queryable,
  merchantId: bigint,
  id: bigint,
  kind: ProductKind,
): Promise<ProductRow | undefined> {
  const [row] = await sql`
    select ${productColumns(sql)} from ${productTables(sql)}
    where p.merchant_id = ${merchantId} and p.id = ${id} and p.deleted_at is null ${ofKind(sql, kind)}`
  return row && toProductRow(row)
}

/**
 * Locks products in id order and returns what they say now, deleted ones included. Whoever changes a
 * product, its stock or its pre-coded cards holds this lock.
 */
export async function lockProductRows(
  tx: Tx,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<Map<bigint, ProductRow>> {
  if (ids.length === 0) return new Map()
  // Sent together, run one after the other: the rows are read when they are locked.
  const [, rows] = await Promise.all([
    // Not `for update`: that would make baskets wait, whose lines refer to these rows.
    tx`
      select id from inventorum_products
      where merchant_id = ${merchantId} and id = any(${ids as bigint[]}) order by id for no key update`,
    readProductRows(tx, merchantId, ids),
  ])
  return rows
}

/** Products by id, deleted ones included. */
export async function readProductRows(
  sql: Queryable,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<Map<bigint, ProductRow>> {
  const rows = await sql`
    select ${productColumns(sql)} from ${productTables(sql)}
    where p.merchant_id = ${merchantId} and p.id = any(${ids as bigint[]})`
  return new Map(rows.map((row) => [toProductRow(row).id, toProductRow(row)]))
}
