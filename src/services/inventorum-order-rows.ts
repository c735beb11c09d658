import type { Queryable, Tx } from '../db/database.ts'
import type { Decimal } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import type { CardPurpose } from './inventorum-commands.ts'
import { toDecimal } from './inventorum-product-rows.ts'

/** Rows of orders, read for many orders at once. */

export type OrderRow = {
  readonly id: bigint
  readonly basketId: bigint
  readonly state: number
  readonly userId: bigint
  readonly customer: bigint | undefined
  readonly noteInternal: string | undefined
  readonly noteExternal: string | undefined
  readonly description: string | undefined
  readonly externalId: string | undefined
  /** Sum of the lines, before cards. */
  readonly gross: bigint
  readonly invoiceNumber: bigint | undefined
  readonly createdAt: Instant
  readonly completedAt: Instant | undefined
}

export type OrderLine = {
  readonly id: bigint
  readonly orderId: bigint
  readonly productId: bigint
  /** As it was when the basket was made, without the code of a sold card. */
  readonly name: string
  readonly taxTypeId: bigint
  readonly rate: Decimal
  /** Undefined for ordinary goods. */
  readonly purpose: CardPurpose | undefined
  readonly productCode: string | undefined
  readonly quantity: Decimal
  readonly unitNet: Decimal
  readonly unitGross: bigint
  readonly gross: bigint
  readonly precodedId: bigint | undefined
  /** The card it sold, and the code that its name is followed by. */
  readonly cardId: bigint | undefined
  readonly cardLabel: string | undefined
  readonly refundedAt: Instant | undefined
}

/** A card on an order; what it gave is known once the order was paid. */
export type OrderCard = {
  readonly orderId: bigint
  readonly cardId: bigint
  readonly position: number
  readonly rank: number | undefined
  readonly applied: bigint | undefined
  readonly remaining: bigint | undefined
  readonly entryId: bigint | undefined
}

export type Payment = {
  readonly id: bigint
  readonly orderId: bigint
  readonly method: number
  readonly amount: bigint
  readonly rounded: bigint
  readonly createdAt: Instant
}

type SelectedOrder = {
  id: bigint
  basket_id: bigint
  state: number
  user_id: bigint
  customer: bigint | null
  note_internal: string | null
  note_external: string | null
  description: string | null
  external_id: string | null
  gross: bigint
  invoice_number: bigint | null
  created_at: Instant
  completed_at: Instant | null
}

const orderColumns = (sql: Queryable) => sql`
  id, basket_id, state, user_id, customer, note_internal, note_external, description, external_id, gross,
  invoice_number, created_at, completed_at`

function toOrder(row: SelectedOrder): OrderRow {
  return {
    id: row.id,
    basketId: row.basket_id,
    state: row.state,
    userId: row.user_id,
    customer: row.customer ?? undefined,
    noteInternal: row.note_internal ?? undefined,
    noteExternal: row.note_external ?? undefined,
    description: row.description ?? undefined,
    externalId: row.external_id ?? undefined,
    gross: row.gross,
    invoiceNumber: row.invoice_number ?? undefined,
    createdAt: row.created_at,
    completedAt: row.completed_at ?? undefined,
  }
}

export async function readOrderRows(
  sql: Queryable,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<Map<bigint, OrderRow>> {
  const rows = await sql<SelectedOrder[]>`
    select ${orderColumns(sql)} from inventorum_orders
    where merchant_id = ${merchantId} and id = any(${ids as bigint[]})`
  return new Map(rows.map((row) => [row.id, toOrder(row)]))
}

/** Locks orders in id order and returns what they say now. */
export async function lockOrderRows(
  tx: Tx,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<Map<bigint, OrderRow>> {
  const rows = await tx<SelectedOrder[]>`
    select ${orderColumns(tx)} from inventorum_orders
    where merchant_id = ${merchantId} and id = any(${ids as bigint[]}) order by id for update`
  return new Map(rows.map((row) => [row.id, toOrder(row)]))
}

/** Lines in the order of each basket. */
export async function readLines(
  sql: Queryable,
  merchantId: bigint,
  orderIds: readonly bigint[],
): Promise<readonly OrderLine[]> {
  const rows = await sql<
    {
      id: bigint
      order_id: bigint
      product_id: bigint
      name: string
      tax_type_id: bigint
      tax_rate: string
      purpose: CardPurpose | null
      product_code: string | null
      quantity: string
      unit_net: string
      unit_gross: bigint
      gross: bigint
      precoded_id: bigint | null
      card_id: bigint | null
      card_label: string | null
      refunded_at: Instant | null
    }[]
  >`
    select id, order_id, product_id, name, tax_type_id, tax_rate, purpose, product_code, quantity, unit_net,
      unit_gross, gross, precoded_id, card_id, card_label, refunded_at
    from inventorum_order_lines
    where merchant_id = ${merchantId} and order_id = any(${orderIds as bigint[]})
    order by order_id, position`
  return rows.map((row) => ({
    id: row.id,
    orderId: row.order_id,
    productId: row.product_id,
    name: row.name,
    taxTypeId: row.tax_type_id,
    rate: toDecimal(row.tax_rate),
    purpose: row.purpose ?? undefined,
    productCode: row.product_code ?? undefined,
    quantity: toDecimal(row.quantity),
    unitNet: toDecimal(row.unit_net),
    unitGross: row.unit_gross,
    gross: row.gross,
    precodedId: row.precoded_id ?? undefined,
    cardId: row.card_id ?? undefined,
    cardLabel: row.card_label ?? undefined,
    refundedAt: row.refunded_at ?? undefined,
  }))
}

/** Attached cards in the order in which they were attached. */
export async function readOrderCards(
  sql: Queryable,
  merchantId: bigint,
  orderIds: readonly bigint[],
): Promise<readonly OrderCard[]> {
  const rows = await sql<
    {
      order_id: bigint
      card_id: bigint
      position: number
      rank: number | null
      applied: bigint | null
      remaining: bigint | null
      entry_id: bigint | null
    }[]
  >`
    select order_id, card_id, position, rank, applied, remaining, entry_id from inventorum_order_cards
    where merchant_id = ${merchantId} and order_id = any(${orderIds as bigint[]})
    order by order_id, position`
  return rows.map((row) => ({
    orderId: row.order_id,
    cardId: row.card_id,
    position: row.position,
    rank: row.rank ?? undefined,
    applied: row.applied ?? undefined,
    remaining: row.remaining ?? undefined,
    entryId: row.entry_id ?? undefined,
  }))
}

/** Payments, the first is the sale; a negative one gave money back. */
export async function readPayments(
  sql: Queryable,
  merchantId: bigint,
  orderIds: readonly bigint[],
): Promise<readonly Payment[]> {
  return await sql<Payment[]>`
    select id, order_id as "orderId", method, amount, rounded, created_at as "createdAt"
    from inventorum_payments
    where merchant_id = ${merchantId} and order_id = any(${orderIds as bigint[]}) order by id`
}

/** Addresses of receipts, by order. */
export async function readReceiptAddresses(
  sql: Queryable,
  merchantId: bigint,
  orderIds: readonly bigint[],
): Promise<Map<bigint, { readonly opaque: string; readonly storeName: string }>> {
  const rows = await sql<{ order_id: bigint; opaque: string; store_name: string }[]>`
    select order_id, opaque, store_name from inventorum_receipts
    where merchant_id = ${merchantId} and order_id = any(${orderIds as bigint[]})`
  return new Map(
    rows.map((row) => [row.order_id, { opaque: row.opaque, storeName: row.store_name }]),
  )
}

function groupBy<T>(rows: readonly T[], keyOf: (row: T) => bigint): Map<bigint, T[]> {
  const groups = new Map<bigint, T[]>()
  for (const row of rows) {
    const group = groups.get(keyOf(row))
    if (group) group.push(row)
    else groups.set(keyOf(row), [row])
  }
  return groups
}

/** Groups what was read for several orders, or cards. */
export const byOrder = <T extends { readonly orderId: bigint }>(rows: readonly T[]) =>
  groupBy(rows, ({ orderId }) => orderId)
export const byCard = <T extends { readonly cardId: bigint }>(rows: readonly T[]) =>
  groupBy(rows, ({ cardId }) => cardId)
