import type { Queryable, Tx } from '../db/database.ts'
import type { Voucher } from './voucher.ts'
import { facetOf, tallyVouchers } from './voucher-tallies.ts'

/** How often vouchers are used, and what they gave. */

/** Whether any order position ever used it, canceled ones included. */
export async function isVoucherReferenced(
  tx: Tx,
  merchantId: bigint,
  id: bigint,
): Promise<boolean> {
  const [row] = await tx`
    select 1 from ticket_positions where merchant_id = ${merchantId} and voucher_id = ${id} limit 1`
  return row !== undefined
}

/**
 * Counts uses of vouchers that are locked: `uses` by id, negative to take back (never below 0). A use
 * too many would end the transaction: the row's own guard and check are the second line of defence.
 */
export async function redeemVouchers(
  tx: Tx,
  merchantId: bigint,
  locked: ReadonlyMap<bigint, Voucher>,
  uses: ReadonlyMap<bigint, number>,
): Promise<void> {
  const changes = [...uses].flatMap(([id, count]) => {
    const before = locked.get(id)
    if (!before || count === 0) return []
    return [{ before, after: { ...before, redeemed: Math.max(before.redeemed + count, 0) } }]
  })
  if (changes.length === 0) return
  const [updated] = await Promise.all([
    tx`
      update vouchers set redeemed = c.redeemed, facet = c.facet
      from unnest(
        ${changes.map(({ after }) => after.eventId)}::int8[], ${changes.map(({ after }) => after.id)}::int8[],
        ${changes.map(({ before }) => before.redeemed)}::int4[],
        ${changes.map(({ after }) => after.redeemed)}::int4[], ${changes.map(({ after }) => facetOf(after))}::uuid[]
      ) as c (event_id, id, was, redeemed, facet)
      where merchant_id = ${merchantId} and vouchers.event_id = c.event_id and vouchers.id = c.id and vouchers.redeemed = c.was
        and c.redeemed <= vouchers.max_usages`,
    tallyVouchers(tx, merchantId, changes),
  ])
  if (updated.count < changes.length) throw new Error('a voucher changed under its lock')
}

/** What is given of vouchers' budgets in pending and paid orders. */
export async function budgetsUsed(
  sql: Queryable,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<Map<bigint, bigint>> {
  if (ids.length === 0) return new Map()
  const rows = await sql<{ id: bigint; used: bigint }[]>`
    select voucher_id as id, sum(voucher_budget_use)::int8 as used from ticket_positions
    where merchant_id = ${merchantId} and voucher_id = any(${[...ids]}::int8[]) and holds in ('n', 'p')
    group by voucher_id`
  return new Map(rows.map(({ id, used }) => [id, used]))
}
