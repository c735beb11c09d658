import { applyCards, sumApplied } from '../commerce/inventorum-redemption.ts'
import { CANCELED, isCompleted } from '../commerce/inventorum-states.ts'
import type { Queryable } from '../db/database.ts'
import type { Decimal } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import type { Deps } from './deps.ts'
import type { CardPurpose, ShopCaller } from './inventorum-commands.ts'
import {
  byOrder,
  type OrderCard,
  type OrderLine,
  type OrderRow,
  type Payment,
  readLines,
  readOrderCards,
  readOrderRows,
  readPayments,
  readReceiptAddresses,
} from './inventorum-order-rows.ts'
import { missing } from './inventorum-problems.ts'
import type { Slice } from './inventorum-product-views.ts'
import { readShopCards, type ShopCard, spendable } from './inventorum-shop-cards.ts'
import type { Merchant } from './merchants.ts'

/** A card that pays for an order: a preview before the payment, a fact after it. */
export type UsedCard = {
  readonly id: bigint
  readonly code: string
  readonly purpose: CardPurpose
  readonly rate: Decimal | undefined
  readonly applied: bigint
  readonly remaining: bigint
}

/** Everything that an order shows (specs/inventorum.md 7). */
export type Order = OrderRow & {
  readonly lines: readonly OrderLine[]
  readonly usedCards: readonly UsedCard[]
  readonly payments: readonly Payment[]
  /** Lines minus cards: what is, or was, to be paid. */
  readonly total: bigint
  readonly receipt: { readonly opaque: string; readonly storeName: string } | undefined
}

/** Reads of orders (specs/inventorum.md 7, 11.6). */
export function createOrderViews({ db, now }: Pick<Deps, 'db' | 'now'>) {
  return {
    get: async ({ merchant }: ShopCaller, id: bigint): Promise<Order> =>
      (await readOrders(db, merchant, [id], now())).get(id) ?? missing('order'),

    /** Completed orders, newest first, and how many there are. */
    list: async (
      { merchant }: ShopCaller,
      range: { readonly from: Instant | undefined; readonly to: Instant | undefined },
      { offset, limit }: Slice,
    ): Promise<{ readonly total: number; readonly orders: readonly Order[] }> => {
      const within = db`
        merchant_id = ${merchant.id} and completed_at is not null
        ${range.from === undefined ? db`` : db`and completed_at >= ${range.from}::timestamptz`}
        ${range.to === undefined ? db`` : db`and completed_at <= ${range.to}::timestamptz`}`
      const [row] = await db<{ count: bigint }[]>`
        select count(*) from inventorum_orders where ${within}`
      const ids = await db<{ id: bigint }[]>`
        select id from inventorum_orders where ${within}
        order by completed_at desc, invoice_number desc offset ${offset} limit ${limit}`
      const orders = await readOrders(
        db,
        merchant,
        ids.map(({ id }) => id),
        now(),
      )
      return {
        total: Number(row?.count ?? 0n),
        orders: ids.flatMap(({ id }) => orders.get(id) ?? []),
      }
    },
  }
}

/** Orders with all that hangs on them, in a fixed number of queries. */
export async function readOrders(
  sql: Queryable,
  merchant: Merchant,
  ids: readonly bigint[],
  now: Instant,
): Promise<Map<bigint, Order>> {
  if (ids.length === 0) return new Map()
  const [orders, lines, attached, payments, receipts] = await Promise.all([
    readOrderRows(sql, merchant.id, ids),
    readLines(sql, merchant.id, ids),
    readOrderCards(sql, merchant.id, ids),
    readPayments(sql, merchant.id, ids),
    readReceiptAddresses(sql, merchant.id, ids),
  ])
  const cardIds = [...new Set(attached.map(({ cardId }) => cardId))]
  const cards = await readShopCards(sql, merchant, cardIds, now)
  const linesOf = byOrder(lines)
  const attachedOf = byOrder(attached)
  const paymentsOf = byOrder(payments)
  return new Map(
    [...orders].map(([id, order]) => {
      const ownLines = linesOf.get(id) ?? []
      const usedCards = usedCardsOf(order, ownLines, attachedOf.get(id) ?? [], cards, now)
      return [
        id,
        {
          ...order,
          lines: ownLines,
          usedCards,
          payments: paymentsOf.get(id) ?? [],
          total: order.gross - sumApplied(usedCards),
          receipt: receipts.get(id),
        },
      ]
    }),
  )
}

function usedCardsOf(
  order: OrderRow,
  lines: readonly OrderLine[],
  attached: readonly OrderCard[],
  cards: ReadonlyMap<bigint, ShopCard>,
  now: Instant,
): readonly UsedCard[] {
  if (order.state === CANCELED) return []
  if (!isCompleted(order.state))
    return previewCards(
      lines,
      attached.flatMap(({ cardId }) => cards.get(cardId) ?? []),
      now,
    )
  return attached
    .filter(({ applied = 0n }) => applied > 0n)
    .toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0))
    .flatMap(({ cardId, applied = 0n, remaining = 0n }) => {
      const found = cards.get(cardId)
      return found ? [toUsedCard(found, applied, remaining, now)] : []
    })
}

/** What attached cards would give if the order were paid now. */
export const previewCards = (
  lines: readonly OrderLine[],
  cards: readonly ShopCard[],
  now: Instant,
): readonly UsedCard[] =>
  applyCards(
    lines.map(toPayable),
    cards.map((found) => ({ ...spendable(found, now), found })),
  ).map(({ card, applied, left }) => toUsedCard(card.found, applied, left, now))

/** A line as cards see it. */
export const toPayable = ({
  purpose,
  rate,
  gross,
}: Pick<OrderLine, 'purpose' | 'rate' | 'gross'>) => ({
  isGiftCard: purpose !== undefined,
  rate,
  gross,
})

export const toUsedCard = (
  found: ShopCard,
  applied: bigint,
  remaining: bigint,
  now: Instant,
): UsedCard => ({
  id: found.card.id,
  code: found.card.code ?? '',
  purpose: found.card.purpose,
  rate: spendable(found, now).rate,
  applied,
  remaining,
})
