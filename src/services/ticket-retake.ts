import type { Event } from '../commerce/catalogue.ts'
import { closeSoldOut } from '../commerce/quota-counts.ts'
import { judgePositions, type PositionWish } from '../commerce/ticket-order-rules.ts'
import type { TicketOrder } from '../commerce/ticket-orders.ts'
import type { Tx } from '../db/database.ts'
import type { Voucher } from '../instruments/voucher.ts'
import { budgetsUsed } from '../instruments/voucher-uses.ts'
import type { Instant } from '../money/instant.ts'
import type { Merchant } from './merchants.ts'
import { openShop, readDirectory } from './ticket-order-shop.ts'

/** The places that an expired order gave up, locked so that it may take them again. */
export type Places = {
  /** Whether all of them can be had again. */
  readonly free: boolean
  /** After they were taken. */
  readonly taken: (tx: Tx) => Promise<void>
}

/**
 * Locks what an expired order would have to take again to become paid: places in quotas, its seats and
 * its vouchers' budget. The uses of its vouchers it never lost.
 */
export async function lockPlaces(
  tx: Tx,
  merchant: Merchant,
  event: Event,
  order: TicketOrder,
  now: Instant,
): Promise<Places> {
  const expired = order.positions.filter(({ holds }) => holds === 'e')
  const wanted = expired.map((position) => ({
    itemId: position.itemId,
    variationId: position.variationId,
    subeventId: position.subeventId,
    voucherCode: undefined,
    seatGuid: position.seat?.guid,
    force: false,
  }))
  const place = { merchantId: merchant.id, event, budgets: false }
  const directory = await readDirectory(tx, place, wanted)
  const vouchers = [...new Set(expired.flatMap(({ voucherId }) => voucherId ?? []))]
  const shop = await openShop(tx, tx, place, directory, wanted, now, vouchers)
  const wishes = expired.map(
    (position): PositionWish => ({
      itemId: position.itemId,
      variationId: position.variationId,
      subeventId: position.subeventId,
      price: position.price,
      voucherId: undefined,
      seatGuid: position.seat?.guid,
      isAddon: position.addonTo !== undefined,
    }),
  )
  const verdict = judgePositions(wishes, shop.shop, { force: false, now })
  if ('faults' in verdict) return { free: false, taken: async () => {} }
  shop.take(wishes, verdict.charges)
  return {
    free: await budgetsSuffice(tx, merchant, order, shop.locked),
    taken: (within) => closeSoldOut(within, merchant.id, shop.quotas, shop.room),
  }
}

async function budgetsSuffice(
  tx: Tx,
  merchant: Merchant,
  { positions }: TicketOrder,
  vouchers: ReadonlyMap<bigint, Voucher>,
): Promise<boolean> {
  if (merchant.options.pretix?.voucher_budget !== true) return true
  const used = await budgetsUsed(tx, merchant.id, [...vouchers.keys()])
  return [...vouchers.values()].every(({ id, budget }) => {
    if (budget === undefined) return true
    const wanted = positions.reduce(
      (sum, { voucherId, voucherBudgetUse = 0n, holds }) =>
        voucherId === id && holds === 'e' ? sum + voucherBudgetUse : sum,
      0n,
    )
    return (used.get(id) ?? 0n) + wanted <= budget
  })
}
