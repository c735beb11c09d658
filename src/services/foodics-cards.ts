import type { Queryable } from '../db/database.ts'
import { type Card, cardColumns, toCard } from '../ledger/card.ts'
import type { Deps } from './deps.ts'
import type { Merchant } from './merchants.ts'

/** Of which product a card is and which order sold it; cards of other protocols have neither. */
export type CardSale = {
  readonly cardId: bigint
  readonly productId: bigint
  readonly orderId: bigint
}

/** Cards that exist for this protocol: the merchant's currency, no test cards (contract.md 4). */
export const isVisible = (card: Card, merchant: Merchant): boolean =>
  card.merchantId === merchant.id && card.currency === merchant.currency && !card.testmode

/** The same in SQL, for `cards` unaliased. */
export const visibleCards = (sql: Queryable, { id, currency }: Merchant) => sql`
  cards.merchant_id = ${id} and cards.currency = ${currency} and not cards.testmode and cards.removed_at is null`

/** Cards as this protocol sees them, and what Foodics alone knows of them. */
export function createFoodicsCards({ db }: Pick<Deps, 'db'>) {
  return {
    findByCode: async (merchant: Merchant, code: string): Promise<Card | undefined> => {
      const [row] = await db`
        select ${cardColumns(db)} from cards where ${visibleCards(db, merchant)} and code = ${code}`
      return row && toCard(row)
    },

    findAll: async (merchant: Merchant, ids: readonly bigint[]): Promise<Map<bigint, Card>> => {
      if (ids.length === 0) return new Map()
      const rows = await db`
        select ${cardColumns(db)} from cards
        where ${visibleCards(db, merchant)} and id = any(${ids as bigint[]}::int8[])`
      return new Map(rows.map(toCard).map((card) => [card.id, card]))
    },

    /** Whether any card of the merchant has this code, seen here or not. */
    isCodeTaken: async (merchantId: bigint, code: string): Promise<boolean> => {
      const [row] =
        await db`select 1 from cards where merchant_id = ${merchantId} and code = ${code}`
      return row !== undefined
    },

    /** What sold these cards. */
    salesOfCards: (merchantId: bigint, cardIds: readonly bigint[]): Promise<CardSale[]> =>
      listSales(db, merchantId, db`card_id = any(${cardIds as bigint[]}::int8[])`, cardIds.length),

    /** What these orders sold. */
    salesOfOrders: (merchantId: bigint, orderIds: readonly bigint[]): Promise<CardSale[]> =>
      listSales(
        db,
        merchantId,
        db`order_id = any(${orderIds as bigint[]}::int8[])`,
        orderIds.length,
      ),
  }
}

async function listSales(
  sql: Queryable,
  merchantId: bigint,
  which: ReturnType<typeof visibleCards>,
  count: number,
): Promise<CardSale[]> {
  if (count === 0) return []
  const rows = await sql<{ card_id: bigint; product_id: bigint; order_id: bigint }[]>`
    select card_id, product_id, order_id from foodics_cards where merchant_id = ${merchantId} and ${which}`
  return rows.map((row) => ({
    cardId: row.card_id,
    productId: row.product_id,
    orderId: row.order_id,
  }))
}
