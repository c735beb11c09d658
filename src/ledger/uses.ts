import type { Queryable } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'

/** What cards were spent on, read for many cards at once. */

/** A redemption, or value that was given back of one (negative `amount`), with the balance around it. */
export type Use = {
  readonly cardId: bigint
  readonly before: bigint
  readonly after: bigint
  readonly protocol: string
  readonly orderRef: string | undefined
  readonly invoiceRef: string | undefined
  readonly createdAt: Instant
}

/** Redemptions of cards and their refunds, each card's in order. Cash paid out is neither. */
export async function listUses(
  sql: Queryable,
  merchantId: bigint,
  cardIds: readonly bigint[],
): Promise<readonly Use[]> {
  if (cardIds.length === 0) return []
  const rows = await sql<
    {
      card_id: bigint
      amount: bigint
      balance_after: bigint
      protocol: string
      order_ref: string | null
      invoice_ref: string | null
      created_at: Instant
    }[]
  >`
    select e.card_id, e.amount, e.balance_after, e.protocol, e.order_ref, e.invoice_ref, e.created_at
    from entries e
    left join entries o on o.merchant_id = e.merchant_id and o.id = e.reverses
    where e.merchant_id = ${merchantId} and e.card_id = any(${cardIds as bigint[]}::int8[])
      and (e.kind = 'redeem' or (e.kind = 'refund' and o.kind = 'redeem'))
    order by e.card_id, e.card_seq`
  return rows.map((row) => ({
    cardId: row.card_id,
    before: row.balance_after - row.amount,
    after: row.balance_after,
    protocol: row.protocol,
    orderRef: row.order_ref ?? undefined,
    invoiceRef: row.invoice_ref ?? undefined,
    createdAt: row.created_at,
  }))
}

/** Whether anything was ever redeemed from a card. */
export async function wasUsed(
  sql: Queryable,
  merchantId: bigint,
  cardId: bigint,
): Promise<boolean> {
  const [row] = await sql`
    select 1 from entries
    where merchant_id = ${merchantId} and card_id = ${cardId} and kind = 'redeem' and amount < 0 limit 1`
  return row !== undefined
}

/** Cards that something was spent from, or paid out of, and not given back in full. */
export async function findSpent(
  sql: Queryable,
  merchantId: bigint,
  cardIds: readonly bigint[],
): Promise<Set<bigint>> {
  if (cardIds.length === 0) return new Set()
  const rows = await sql<{ card_id: bigint }[]>`
    select distinct e.card_id from entries e
    left join reversal_totals r on r.merchant_id = e.merchant_id and r.entry_id = e.id
    where e.merchant_id = ${merchantId} and e.card_id = any(${cardIds as bigint[]}::int8[])
      and e.kind in ('redeem', 'cash_out') and coalesce(r.reversed, 0) < -e.amount`
  return new Set(rows.map(({ card_id }) => card_id))
}

/** The entries that opened cards, by card. */
export async function findOpenings(
  sql: Queryable,
  merchantId: bigint,
  cardIds: readonly bigint[],
): Promise<Map<bigint, bigint>> {
  if (cardIds.length === 0) return new Map()
  const rows = await sql<{ card_id: bigint; id: bigint }[]>`
    select card_id, id from entries
    where merchant_id = ${merchantId} and card_id = any(${cardIds as bigint[]}::int8[]) and card_seq = 1`
  return new Map(rows.map(({ card_id, id }) => [card_id, id]))
}
