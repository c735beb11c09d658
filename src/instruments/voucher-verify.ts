import type { Queryable } from '../db/database.ts'

/**
 * Proves what is kept about vouchers besides themselves (`scrip verify`): uses equal live positions,
 * tallies equal the vouchers they count, positions hold what their order's status says, and a gift card
 * payment is the debit it names. Returns the first broken row; ids only, never a code.
 */
export async function verifyVouchers(
  sql: Queryable,
  merchantId: bigint,
): Promise<string | undefined> {
  return (
    (await wrongUses(sql, merchantId)) ??
    (await wrongTallies(sql, merchantId)) ??
    (await wrongHoldings(sql, merchantId)) ??
    (await wrongPayments(sql, merchantId))
  )
}

async function wrongUses(sql: Queryable, merchantId: bigint): Promise<string | undefined> {
  const [row] = await sql<{ id: bigint; redeemed: number; used: bigint }[]>`
    select v.id, v.redeemed, coalesce(p.used, 0) as used from vouchers v
    left join (
      select voucher_id, count(*) as used from ticket_positions
      where merchant_id = ${merchantId} and voucher_id is not null and holds is not null group by voucher_id
    ) p on p.voucher_id = v.id
    where v.merchant_id = ${merchantId} and v.redeemed <> coalesce(p.used, 0) order by v.id limit 1`
  return row && `voucher ${row.id}: redeemed ${row.redeemed}, but ${row.used} live positions use it`
}

async function wrongTallies(sql: Queryable, merchantId: bigint): Promise<string | undefined> {
  const [row] = await sql<{ facet: string; counted: bigint; there: bigint }[]>`
    select coalesce(t.facet, v.facet)::text as facet, coalesce(t.count, 0) as counted,
      coalesce(v.count, 0) as there
    from (select event_id, facet, shard, count from voucher_tallies where merchant_id = ${merchantId}) t
    full join (
      select event_id, facet, id % 8 as shard, count(*) from vouchers
      where merchant_id = ${merchantId} group by event_id, facet, id % 8
    ) v on v.event_id = t.event_id and v.facet = t.facet and v.shard = t.shard
    where coalesce(t.count, 0) <> coalesce(v.count, 0) limit 1`
  if (row) return `voucher tally ${row.facet}: counts ${row.counted}, there are ${row.there}`
  const [stray] = await sql<{ id: bigint }[]>`
    select v.id from vouchers v
    join voucher_tallies t on t.merchant_id = v.merchant_id and t.event_id = v.event_id
      and t.facet = v.facet and t.shard = v.id % 8
    where v.merchant_id = ${merchantId} and (v.max_usages, v.redeemed, v.block_quota, v.allow_ignore_quota,
      v.price_mode, v.value, v.item_id, v.variation_id, v.quota_id, v.subevent_id, v.tag,
      date_trunc('hour', v.valid_until))
      is distinct from (t.max_usages, t.redeemed, t.block_quota, t.allow_ignore_quota, t.price_mode, t.value,
      t.item_id, t.variation_id, t.quota_id, t.subevent_id, t.tag, t.valid_hour)
    order by v.id limit 1`
  return stray && `voucher ${stray.id}: is counted in a tally of others`
}

async function wrongHoldings(sql: Queryable, merchantId: bigint): Promise<string | undefined> {
  const [row] = await sql<{ id: bigint; holds: string; status: string }[]>`
    select p.id, p.holds, o.status from ticket_positions p
    join ticket_orders o on o.merchant_id = p.merchant_id and o.id = p.order_id
    where p.merchant_id = ${merchantId} and p.holds is not null and p.holds <> o.status
    order by p.id limit 1`
  return row && `order position ${row.id}: holds ${row.holds} in an order of status ${row.status}`
}

/** The cards of other issuers, and so the entries, live with their merchants. */
async function wrongPayments(sql: Queryable, merchantId: bigint): Promise<string | undefined> {
  const [row] = await sql<{ order_id: bigint; local_id: number }[]>`
    select p.order_id, p.local_id from ticket_payments p
    left join entries e on e.merchant_id = p.card_merchant_id and e.id = p.entry_id
    left join (
      select order_id, payment_id, sum(amount) as amount from ticket_refunds
      where merchant_id = ${merchantId} group by order_id, payment_id
    ) r on r.order_id = p.order_id and r.payment_id = p.local_id
    where p.merchant_id = ${merchantId} and p.entry_id is not null
      and (e.id is null or e.kind <> 'redeem' or e.card_id <> p.card_id or e.amount <> -p.amount
        or e.acting_merchant_id <> ${merchantId} or p.state not in ('confirmed', 'refunded')
        or coalesce(r.amount, 0) > p.amount or (p.state = 'refunded') <> (coalesce(r.amount, 0) = p.amount))
    order by p.order_id, p.local_id limit 1`
  if (row) return `payment ${row.local_id} of order ${row.order_id}: is not what its entry took`
  const [twice] = await sql<{ entry_id: bigint }[]>`
    select entry_id from ticket_payments where merchant_id = ${merchantId} and entry_id is not null
    group by card_merchant_id, entry_id having count(*) > 1 limit 1`
  if (twice) return `entry ${twice.entry_id}: is two payments`
  const [back] = await sql<{ order_id: bigint; local_id: number }[]>`
    select r.order_id, r.local_id from ticket_refunds r
    join ticket_payments p on p.merchant_id = r.merchant_id and p.order_id = r.order_id
      and p.local_id = r.payment_id
    left join entries e on e.merchant_id = p.card_merchant_id and e.id = r.entry_id
    where r.merchant_id = ${merchantId} and p.entry_id is not null
      and (e.id is null or e.kind <> 'refund' or e.amount <> r.amount or e.reverses <> p.entry_id)
    order by r.order_id, r.local_id limit 1`
  return (
    back && `refund ${back.local_id} of order ${back.order_id}: is not what its entry gave back`
  )
}
