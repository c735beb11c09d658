import type { Queryable, Tx } from '../db/database.ts'

/** How many tickets of each product are sold or promised: what quotas are counted from. */

/** One position whose holding changes; undefined is not there, or holds nothing. */
export type SaleChange = {
  readonly itemId: bigint
  readonly variationId: bigint | undefined
  readonly subeventId: bigint | undefined
  readonly from: 'n' | 'p' | 'e' | undefined
  readonly to: 'n' | 'p' | 'e' | undefined
}

/** Counts what positions hold from now on; the same transaction writes the positions. */
export async function countSales(
  tx: Tx,
  merchantId: bigint,
  changes: readonly SaleChange[],
): Promise<void> {
  const rows = new Map<string, { ids: readonly bigint[]; pending: number; paid: number }>()
  for (const { itemId, variationId = 0n, subeventId = 0n, from, to } of changes) {
    const ids = [itemId, variationId, subeventId]
    const row = rows.get(ids.join()) ?? { ids, pending: 0, paid: 0 }
    row.pending += Number(to === 'n') - Number(from === 'n')
    row.paid += Number(to === 'p') - Number(from === 'p')
    rows.set(ids.join(), row)
  }
  const changed = [...rows.values()].filter(({ pending, paid }) => pending !== 0 || paid !== 0)
  if (changed.length === 0) return
  // In key order: two orders of the same products must not wait for each other crosswise.
  await tx`
    insert into ticket_sales as s (merchant_id, item_id, variation_id, subevent_id, pending, paid)
    select ${merchantId}, c.* from unnest(
      ${changed.map(({ ids }) => ids[0] ?? 0n)}::int8[], ${changed.map(({ ids }) => ids[1] ?? 0n)}::int8[],
      ${changed.map(({ ids }) => ids[2] ?? 0n)}::int8[], ${changed.map(({ pending }) => pending)}::int8[],
      ${changed.map(({ paid }) => paid)}::int8[]
    ) as c (item_id, variation_id, subevent_id, pending, paid) order by item_id, variation_id, subevent_id
    on conflict (merchant_id, item_id, variation_id, subevent_id)
      do update set pending = s.pending + excluded.pending, paid = s.paid + excluded.paid`
}

/** Proves the counts (`scrip verify`): the first product that is counted wrongly, or nothing. */
export async function verifySales(sql: Queryable, merchantId: bigint): Promise<string | undefined> {
  const [row] = await sql<{ item: bigint; counted: string; there: string }[]>`
    select coalesce(s.item_id, p.item_id) as item,
      concat(coalesce(s.pending, 0), '+', coalesce(s.paid, 0)) as counted,
      concat(coalesce(p.pending, 0), '+', coalesce(p.paid, 0)) as there
    from (select * from ticket_sales where merchant_id = ${merchantId}) s
    full join (
      select item_id, coalesce(variation_id, 0) as variation_id, coalesce(subevent_id, 0) as subevent_id,
        count(*) filter (where holds = 'n') as pending, count(*) filter (where holds = 'p') as paid
      from ticket_positions where merchant_id = ${merchantId} group by 1, 2, 3
    ) p on p.item_id = s.item_id and p.variation_id = s.variation_id and p.subevent_id = s.subevent_id
    where coalesce(s.pending, 0) <> coalesce(p.pending, 0) or coalesce(s.paid, 0) <> coalesce(p.paid, 0)
    limit 1`
  return row && `sales of item ${row.item}: counts ${row.counted}, there are ${row.there}`
}
