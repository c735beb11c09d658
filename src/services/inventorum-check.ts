import { FULLY_REFUNDED } from '../commerce/inventorum-states.ts'
import type { Check } from '../ledger/verify.ts'

/** What a shop's orders say is what the ledger did, and codes that are kept are kept. */
export const verifyShop: Check = async (sql, merchantId) => {
  const [number] = await sql`
    select 1 from inventorum_accounts a
    where a.merchant_id = ${merchantId} and a.last_invoice_number < (
      select max(invoice_number) from inventorum_orders where merchant_id = ${merchantId})`
  if (number) return 'invoice numbers: one is beyond the counter'
  const [order] = await sql<{ id: bigint }[]>`
    select o.id from inventorum_orders o
    left join (
      select order_id, sum(gross) as gross, count(*) filter (where purpose is not null and card_id is null) as unissued
      from inventorum_order_lines where merchant_id = ${merchantId} group by order_id
    ) l on l.order_id = o.id
    left join (
      select order_id, sum(applied) as applied from inventorum_order_cards
      where merchant_id = ${merchantId} and applied is not null group by order_id
    ) c on c.order_id = o.id
    left join lateral (
      select amount - rounded as paid from inventorum_payments
      where merchant_id = ${merchantId} and order_id = o.id order by id limit 1
    ) p on true
    where o.merchant_id = ${merchantId} and (l.gross is distinct from o.gross or (o.completed_at is not null
      and (l.unissued > 0 or p.paid is distinct from o.gross - coalesce(c.applied, 0))))
    order by o.id limit 1`
  if (order) return `order ${order.id}: its lines, cards and payment do not add up`
  const [used] = await sql<{ order_id: bigint; card_id: bigint }[]>`
    select c.order_id, c.card_id from inventorum_order_cards c
    left join entries e on e.merchant_id = c.merchant_id and e.id = c.entry_id
    where c.merchant_id = ${merchantId} and coalesce(c.applied, 0) > 0
      and (e.id is null or e.card_id <> c.card_id or -e.amount <> c.applied or e.order_ref <> c.order_id::text)
    order by c.order_id limit 1`
  if (used) return `order ${used.order_id}: card ${used.card_id} did not give what it says`
  const [stray] = await sql<{ id: bigint }[]>`
    select e.id from entries e
    where e.merchant_id = ${merchantId} and e.protocol = 'inventorum' and e.kind = 'redeem' and (
      select count(*) from inventorum_order_cards c
      where c.merchant_id = ${merchantId} and c.card_id = e.card_id and c.entry_id = e.id) <> 1
    order by e.id limit 1`
  if (stray) return `entry ${stray.id}: took value for no order`
  const [back] = await sql<{ id: bigint }[]>`
    select o.id from inventorum_orders o
    left join (
      select order_id, count(*) as lines, count(refunded_at) as returned,
        sum(gross) filter (where refunded_at is not null) as gross
      from inventorum_order_lines where merchant_id = ${merchantId} group by order_id
    ) l on l.order_id = o.id
    left join (
      select order_id, sum(amount) as paid, -sum(amount) filter (where amount < 0) as given
      from inventorum_payments where merchant_id = ${merchantId} group by order_id
    ) p on p.order_id = o.id
    left join (
      select c.order_id, sum(c.applied - coalesce(t.reversed, 0)) as kept from inventorum_order_cards c
      left join reversal_totals t on t.merchant_id = c.merchant_id and t.entry_id = c.entry_id
      where c.merchant_id = ${merchantId} and c.applied > 0 group by c.order_id
    ) c on c.order_id = o.id
    where o.merchant_id = ${merchantId} and case
      when o.state = ${FULLY_REFUNDED} then l.returned < l.lines or p.paid <> 0 or c.kept <> 0
      else coalesce(l.returned, 0) >= coalesce(l.lines, 1) or coalesce(p.given, 0) <> coalesce(l.gross, 0) end
    order by o.id limit 1`
  if (back) return `order ${back.id}: its state, its lines and what was given back disagree`
  const [alive] = await sql<{ id: bigint }[]>`
    select l.id from inventorum_order_lines l
    join cards c on c.merchant_id = l.merchant_id and c.id = l.card_id
    where l.merchant_id = ${merchantId} and l.refunded_at is not null and c.state <> 'closed' limit 1`
  if (alive) return `order line ${alive.id}: was given back, but its card lives`
  const [sold] = await sql<{ id: bigint }[]>`
    select l.id from inventorum_order_lines l
    left join entries e on e.merchant_id = l.merchant_id and e.card_id = l.card_id and e.card_seq = 1
    where l.merchant_id = ${merchantId} and l.card_id is not null and e.amount is distinct from l.unit_gross
    order by l.id limit 1`
  if (sold) return `order line ${sold.id}: its card did not begin with what was paid for it`
  const [kept] = await sql<{ id: bigint }[]>`
    select p.id from inventorum_precoded_cards p
    left join cards c on c.merchant_id = p.merchant_id and c.id = coalesce(p.card_id, p.reservation_id)
    where p.merchant_id = ${merchantId} and (c.code is distinct from p.redeem_code
      or (p.card_id is null) <> (c.removed_at is not null))
    order by p.id limit 1`
  return kept && `pre-coded card ${kept.id}: its code is not kept for it`
}
