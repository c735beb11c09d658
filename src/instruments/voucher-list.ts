import type { Queryable } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'
import type { Voucher } from './voucher.ts'
import { filterSql, type Tally, tally, type VoucherFilter } from './voucher-tallies.ts'
import { toVoucher, voucherColumns } from './vouchers.ts'

/** Lists of an event's vouchers, as fast among a million as among ten thousand. */

export const VOUCHER_ORDERS = ['id', 'code', 'max_usages', 'valid_until', 'value'] as const
export type VoucherOrderTerm = {
  readonly by: (typeof VOUCHER_ORDERS)[number]
  readonly descending: boolean
}

export type VoucherQuery = {
  readonly filter: VoucherFilter
  /** Empty is by ascending id; ties go by descending id unless the id is named (section 6.1). */
  readonly order: readonly VoucherOrderTerm[]
}

/** How many tallies a page is merged from at most; above, PostgreSQL finds its own way. */
const MERGE_MAX = 64
/** How deep a page may lie to be merged: each tally is read that far. */
const MERGE_DEPTH_MAX = 5_000

/** A list that is counted and can be asked for a page. */
export type VoucherListing = {
  /** Exact. */
  readonly count: number
  readonly page: (offset: number, limit: number) => Promise<readonly Voucher[]>
}

/** Counts a list; its pages are found with the tallies that were counted. */
export async function listVouchers(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  { filter, order }: VoucherQuery,
  now: Instant,
): Promise<VoucherListing> {
  const terms = complete(order)
  const where = sql`merchant_id = ${merchantId} and event_id = ${eventId} ${filterSql(sql, filter, now)}`
  if (filter.code !== undefined) {
    // At most one voucher has a code.
    const rows = await sql`select ${voucherColumns(sql)} from vouchers where ${where}`
    const found = rows.map(toVoucher)
    return {
      count: found.length,
      page: async (offset, limit) => found.slice(offset, offset + limit),
    }
  }
  const { total, tallies } = await tally(sql, merchantId, eventId, filter, now)
  return {
    count: total,
    page: async (offset, limit) => {
      // From the nearer end: the last page is as near as the first.
      const size = Math.min(limit, total - offset)
      if (size <= 0) return []
      const backwards = offset > total - offset - size
      const skip = backwards ? total - offset - size : offset
      const ordered = backwards ? terms.map(reverse) : terms
      const mergeable = ordered.every(({ by }) => by !== 'code' && by !== 'valid_until')
      const merged = mergeable && tallies.length <= MERGE_MAX && skip <= MERGE_DEPTH_MAX
      const rows = merged
        ? await mergedPage(sql, { merchantId, eventId, filter, now }, tallies, ordered, skip, size)
        : await sql`
            select ${voucherColumns(sql)} from vouchers where ${where} ${oneOf(sql, tallies)}
            order by ${orderSql(sql, ordered)} offset ${skip} limit ${size}`
      const page = rows.map(toVoucher)
      return backwards ? page.reverse() : page
    },
  }
}

type Scope = {
  readonly merchantId: bigint
  readonly eventId: bigint
  readonly filter: VoucherFilter
  readonly now: Instant
}

/**
 * The first rows of each tally, merged: all vouchers of a tally are alike in everything but code, end
 * and id, so that its own order is that of the ids.
 */
function mergedPage(
  sql: Queryable,
  { merchantId, eventId, filter, now }: Scope,
  tallies: readonly Tally[],
  order: readonly VoucherOrderTerm[],
  skip: number,
  size: number,
) {
  const byId = order.filter(({ by }) => by === 'id')
  return sql`
    select ${voucherColumns(sql)} from unnest(${tallies.map(({ facet }) => facet)}::uuid[]) as t (tallied)
    cross join lateral (
      select * from vouchers
      where merchant_id = ${merchantId} and event_id = ${eventId} and facet = t.tallied
        ${filter.active === undefined ? sql`` : filterSql(sql, { active: filter.active }, now)}
      order by ${orderSql(sql, byId)} limit ${skip + size}
    ) as vouchers
    order by ${orderSql(sql, order)} offset ${skip} limit ${size}`
}

/** What the planner can look up instead of reading everything, if the tallies are few. */
const oneOf = (sql: Queryable, tallies: readonly Tally[]) =>
  tallies.length <= MERGE_MAX
    ? sql`and facet = any(${tallies.map(({ facet }) => facet)}::uuid[])`
    : sql``

/** The terms up to the id, which is added where it is missing: after it nothing is left to decide. */
function complete(order: readonly VoucherOrderTerm[]): readonly VoucherOrderTerm[] {
  if (order.length === 0) return [{ by: 'id', descending: false }]
  const id = order.findIndex(({ by }) => by === 'id')
  return id === -1 ? [...order, { by: 'id', descending: true }] : order.slice(0, id + 1)
}

const reverse = ({ by, descending }: VoucherOrderTerm): VoucherOrderTerm => ({
  by,
  descending: !descending,
})

/** Nulls come last ascending and first descending, which is PostgreSQL's own way. */
const orderSql = (sql: Queryable, order: readonly VoucherOrderTerm[]) =>
  order.flatMap(({ by, descending }, index) => [
    ...(index === 0 ? [] : [sql`, `]),
    sql`${sql(`vouchers.${by}`)} ${descending ? sql`desc` : sql`asc`}`,
  ])
