import type { Queryable } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'
import type { Slice } from './inventorum-product-views.ts'
import type { Merchant } from './merchants.ts'

/** Which cards stand on a page of the list of issued cards, at any depth (specs/inventorum.md 8.1). */

/** From here on skipping rows one by one would cost more than asking the counters of id ranges. */
const DEEP = 20_000
/** More cards than one sale or import makes at one time. */
const GROUP_MAX = 10_500

/** The condition of the index that is this list (0005_inventorum.sql). */
const isListed = (sql: Queryable) =>
  sql`removed_at is null and not testmode and length(currency) = 3`

const issued = (sql: Queryable, { id, currency }: Merchant) => sql`
  cards where merchant_id = ${id} and currency = ${currency} and ${isListed(sql)}`

/** Live cards of other currencies, which do not exist for a till. */
async function countForeign(sql: Queryable, { id, currency }: Merchant): Promise<bigint> {
  // Two ranges of an index, for which `<>` would read all of it.
  const [row] = await sql<{ count: bigint }[]>`
    select (select count(*) from cards where merchant_id = ${id} and currency < ${currency}
        and ${isListed(sql)})
      + (select count(*) from cards where merchant_id = ${id} and currency > ${currency}
        and ${isListed(sql)}) as count`
  return row?.count ?? 0n
}

/** All issued cards; exact, and read from counters. */
export async function countIssued(sql: Queryable, merchant: Merchant): Promise<number> {
  const [row] = await sql<{ live: bigint }[]>`
    select coalesce(sum(live), 0)::int8 as live from card_blocks where merchant_id = ${merchant.id}`
  return Number((row?.live ?? 0n) - (await countForeign(sql, merchant)))
}

/** Ids of a page: newest time of issue first, ids rising within one time. */
export async function pageOfIssued(
  sql: Queryable,
  merchant: Merchant,
  { offset, limit }: Slice,
): Promise<readonly bigint[]> {
  const start = offset > DEEP ? await findStart(sql, merchant, offset) : undefined
  const rows = await sql<{ id: bigint }[]>`
    select id from ${issued(sql, merchant)}
      ${start ? sql`and created_at < ${start.before}::timestamptz` : sql``}
    order by created_at desc, id offset ${offset - (start?.skipped ?? 0)} limit ${limit}`
  return rows.map(({ id }) => id)
}

/**
 * A time of issue before which the page lies, and how many cards do not. Ids rise with the time of issue
 * (see 0001_ledger.sql), so whole ranges of ids above the page are skipped by their counters.
 */
async function findStart(
  sql: Queryable,
  merchant: Merchant,
  offset: number,
): Promise<{ readonly before: Instant; readonly skipped: number } | undefined> {
  // The counters do not know currencies.
  if ((await countForeign(sql, merchant)) > 0n) return undefined
  const [above] = await sql<{ block: bigint | null; skipped: bigint | null }[]>`
    with sums as (
      select block, sum(live) over (order by block desc) as upto from card_blocks
      where merchant_id = ${merchant.id}
    )
    select min(block) as block, max(upto)::int8 as skipped from sums
    where upto <= ${offset - GROUP_MAX}::int8`
  if (above?.block == null) return undefined
  const firstId = above.block << 12n
  const [edge] = await sql<{ created_at: Instant; below: bigint }[]>`
    select e.created_at, (
      select count(*) from ${issued(sql, merchant)} and created_at = e.created_at and id < ${firstId}
    ) as below
    from (select created_at from ${issued(sql, merchant)} and id >= ${firstId} order by id limit 1) e`
  if (!edge) return undefined
  // Cards of the same time with smaller ids come before those that were skipped.
  const skipped = Number((above.skipped ?? 0n) + edge.below)
  return skipped <= offset ? { before: edge.created_at, skipped } : undefined
}
