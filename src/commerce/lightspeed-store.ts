import type { Queryable, Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'

/** Products, invoices and users of a LightSpeed store, rows only (specs/lightspeed-onsite.md 9). */

/** Flags that only a product's full document shows; nothing here acts on them. */
export const FURTHER_FLAGS = [
  'editable',
  'new_cost',
  'new_update',
  'no_live_rules',
  'no_profit',
  'web',
  'editable_sell',
  'master_model',
] as const
export type FurtherFlag = (typeof FURTHER_FLAGS)[number]
/** Raised unless told otherwise. */
export const FLAGS_DEFAULT: readonly FurtherFlag[] = ['editable', 'editable_sell']

export type ProductDraft = {
  readonly code: string
  readonly description: string
  /** Ledger units. */
  readonly sellPrice: bigint
  readonly giftCard: boolean
  readonly current: boolean
  readonly inventoried: boolean
  readonly serialized: boolean
  readonly flags: readonly FurtherFlag[]
}
export type Product = ProductDraft & {
  readonly id: bigint
  readonly createdAt: Instant
  readonly modifiedAt: Instant
}

export type Invoice = {
  readonly id: bigint
  /** Shown as `I-{number}`. */
  readonly number: string
  readonly total: bigint
  readonly posted: boolean
  readonly voided: boolean
  readonly userId: bigint | undefined
  readonly createdAt: Instant
  readonly modifiedAt: Instant
}

/** Who may log in, as far as others may see it. */
export type StoreUser = {
  readonly id: bigint
  readonly username: string
  readonly firstName: string
  readonly lastName: string
  readonly email: string
  readonly hidden: boolean
  readonly active: boolean
}

type ProductRow = Omit<Product, 'sellPrice' | 'giftCard' | 'createdAt' | 'modifiedAt'> & {
  sell_price: bigint
  gift_card: boolean
  created_at: Instant
  modified_at: Instant
}

const toProduct = ({
  sell_price,
  gift_card,
  created_at,
  modified_at,
  ...row
}: ProductRow): Product => ({
  ...row,
  sellPrice: sell_price,
  giftCard: gift_card,
  createdAt: created_at,
  modifiedAt: modified_at,
})

/** Products by id; unknown ids are left out. */
export async function readProducts(
  sql: Queryable,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<Map<bigint, Product>> {
  if (ids.length === 0) return new Map()
  const rows = await sql<ProductRow[]>`
    select id, code, description, sell_price, gift_card, current, inventoried, serialized, flags,
      created_at, modified_at
    from lightspeed_products where merchant_id = ${merchantId} and id = any(${ids as bigint[]}::int8[])`
  return new Map(rows.map((row) => [row.id, toProduct(row)]))
}

/** A new product's id, or undefined if its code is taken. */
export async function insertProduct(
  tx: Tx,
  merchantId: bigint,
  draft: ProductDraft,
  now: Instant,
): Promise<bigint | undefined> {
  const [row] = await tx<{ id: bigint }[]>`
    insert into lightspeed_products (merchant_id, code, description, sell_price, gift_card, current,
      inventoried, serialized, flags, created_at, modified_at)
    values (${merchantId}, ${draft.code}, ${draft.description}, ${draft.sellPrice}, ${draft.giftCard},
      ${draft.current}, ${draft.inventoried}, ${draft.serialized}, ${draft.flags as string[]},
      ${now}, ${now})
    on conflict (merchant_id, code) do nothing returning id`
  return row?.id
}

type InvoiceRow = Omit<Invoice, 'userId' | 'createdAt' | 'modifiedAt'> & {
  user_id: bigint | null
  created_at: Instant
  modified_at: Instant
}

/** Invoices by id; unknown ids are left out. */
export async function readInvoices(
  sql: Queryable,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<Map<bigint, Invoice>> {
  if (ids.length === 0) return new Map()
  const rows = await sql<InvoiceRow[]>`
    select id, number, total, posted, voided, user_id, created_at, modified_at
    from lightspeed_invoices where merchant_id = ${merchantId} and id = any(${ids as bigint[]}::int8[])`
  return new Map(
    rows.map(({ user_id, created_at, modified_at, ...row }) => [
      row.id,
      { ...row, userId: user_id ?? undefined, createdAt: created_at, modifiedAt: modified_at },
    ]),
  )
}

/** A blank invoice; its number is its id unless a number like that was taken, then the next free one. */
export async function insertInvoice(
  tx: Tx,
  merchantId: bigint,
  userId: bigint,
  now: Instant,
): Promise<bigint> {
  for (;;) {
    const [row] = await tx<{ id: bigint }[]>`
      insert into lightspeed_invoices (merchant_id, id, number, user_id, created_at, modified_at)
      select ${merchantId}, id, id::text, ${userId}, ${now}::timestamptz, ${now}::timestamptz
      from nextval('lightspeed_invoice_ids') as id
      on conflict (merchant_id, number) do nothing returning id`
    // Every turn takes another number, and those that are taken are few.
    if (row) return row.id
  }
}

/** Users by id; unknown ids are left out. */
export async function readUsers(
  sql: Queryable,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<Map<bigint, StoreUser>> {
  if (ids.length === 0) return new Map()
  const rows = await sql<StoreUser[]>`
    select id, coalesce(username, '') as username, coalesce(first_name, '') as "firstName",
      coalesce(last_name, '') as "lastName", coalesce(email, '') as email, hidden, active
    from credentials
    where merchant_id = ${merchantId} and dialect = 'lightspeed' and id = any(${ids as bigint[]}::int8[])`
  return new Map(rows.map((row) => [row.id, row]))
}
