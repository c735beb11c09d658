import type { Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'
import type { PrecodedUnit, Till } from './checkout-plan.ts'
import { lockAccount } from './inventorum-account.ts'
import {
  byOrder,
  lockOrderRows,
  type OrderCard,
  type OrderLine,
  type OrderRow,
  readLines,
  readOrderCards,
} from './inventorum-order-rows.ts'
import { lockProductRows } from './inventorum-product-rows.ts'
import { lockShopCards } from './inventorum-shop-cards.ts'
import type { Merchant } from './merchants.ts'

/** Everything that some payments of one shop look at, locked. */
export type LockedCheckout = {
  readonly till: Till
  readonly orders: ReadonlyMap<bigint, OrderRow>
  readonly lines: ReadonlyMap<bigint, readonly OrderLine[]>
  readonly attached: ReadonlyMap<bigint, readonly OrderCard[]>
}

/**
 * Takes the locks in the one order that all of the server takes them in: the account, orders, products
 * with their pre-coded cards, cards; by id within a kind. What is read is read after its lock: statements
 * that are sent together run one after the other, each on what was committed when its turn came.
 */
export async function lockCheckout(
  tx: Tx,
  merchant: Merchant,
  orderIds: readonly bigint[],
  clock: () => Instant,
): Promise<LockedCheckout> {
  const [lastInvoiceNumber, orders, lines, attached] = await Promise.all([
    lockAccount(tx, merchant.id),
    lockOrderRows(tx, merchant.id, orderIds),
    readLines(tx, merchant.id, orderIds),
    readOrderCards(tx, merchant.id, orderIds),
  ])
  // Read after the wait, so that no order is completed before the one that it waited for.
  const now = clock()
  const productIds = [...new Set(lines.map(({ productId }) => productId))]
  const cardIds = [...new Set(attached.map(({ cardId }) => cardId))]
  const [products, precoded, cards] = await Promise.all([
    lockProductRows(tx, merchant.id, productIds),
    readUnits(tx, merchant.id, productIds, lines),
    lockShopCards(tx, merchant, cardIds, now),
  ])
  return {
    till: { now, products, precoded, cards, lastInvoiceNumber },
    orders,
    lines: byOrder(lines),
    attached: byOrder(attached),
  }
}

/** Unissued cards of templates that are locked: the lowest ids, and those that lines ask for. */
async function readUnits(
  tx: Tx,
  merchantId: bigint,
  productIds: readonly bigint[],
  lines: readonly OrderLine[],
): Promise<Map<bigint, readonly PrecodedUnit[]>> {
  const units = new Map<bigint, PrecodedUnit[]>()
  if (lines.every(({ purpose }) => purpose === undefined)) return units
  const wanted = lines.flatMap(({ precodedId }) => precodedId ?? [])
  // No more than all lines together could take, so that a template of a million cards costs no more.
  const rows = await tx<
    {
      id: bigint
      product_id: bigint
      redeem_code: string
      card_code: string
      reservation_id: bigint
    }[]
  >`
    select c.* from unnest(${productIds as bigint[]}::int8[]) as p (id)
    cross join lateral (
      select id, product_id, redeem_code, card_code, reservation_id from inventorum_precoded_cards
      where merchant_id = ${merchantId} and product_id = p.id and card_id is null
      order by id limit ${lines.length}
    ) c
    union
    select id, product_id, redeem_code, card_code, reservation_id from inventorum_precoded_cards
    where merchant_id = ${merchantId} and id = any(${wanted}::int8[]) and card_id is null
      and product_id = any(${productIds as bigint[]}::int8[])
    order by id`
  for (const row of rows) {
    const unit = {
      id: row.id,
      redeemCode: row.redeem_code,
      cardCode: row.card_code,
      reservationId: row.reservation_id,
    }
    units.set(row.product_id, [...(units.get(row.product_id) ?? []), unit])
  }
  return units
}
