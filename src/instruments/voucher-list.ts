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
  if (filter.code !== undefined) {
    // At most one voucher has a code.
    const rows = await sql`
      select ${voucherColumns(sql)} from vouchers
      where merchant_id = ${merchantId} and event_id = ${eventId} ${filterSql(sql, filter, now)}`
    const found = rows.map(toVoucher)
    return {
      count: found.length,
      page: async (offset, limit) => found.slice(offset, offset + limit),
    }
  }
  const { total, ending, tallies } = await tally(sql, merchantId, eventId, filter, now)
  const scope = { merchantId, eventId, filter, now }
  return {
    count: total,
    page: async (offset, limit) => {
      // From the nearer end: the last page is as near as the first.
      const size = Math.min(limit, total - offset)
      if (size <= 0) return []
      const backwards = offset > total - offset - size
      const skip = backwards ? total - offset - size : offset
      const ordered = backwards ? terms.map(reverse) : terms
      const parts = partsOf(tallies, ordered, { total, ending })
      const vouchers: Voucher[] = []
      let before = 0
      for (const part of parts) {
        const from = Math.max(skip - before, 0)
        const wanted = Math.min(part.count - from, skip + size - before - from)
        if (wanted > 0) vouchers.push(...(await readPart(sql, scope, part, from, wanted)))
        before += part.count
      }
      return backwards ? vouchers.reverse() : vouchers
    },
  }
}

/** A stretch of a list, in which everything is ordered alike. */
type Part = {
  readonly tallies: readonly Tally[]
  readonly order: readonly VoucherOrderTerm[]
  readonly count: number
  /** Only vouchers that end, or only those that do not. */
  readonly ends?: boolean
}

/** Those that never end stand together, first or last: the index by end does not hold them. */
function partsOf(
  tallies: readonly Tally[],
  order: readonly VoucherOrderTerm[],
  { total, ending }: { readonly total: number; readonly ending: number },
): readonly Part[] {
  const [first, ...rest] = order
  if (first?.by !== 'valid_until') return [{ tallies, order, count: total }]
  const some = { tallies: tallies.filter(({ ends }) => ends), order, count: ending, ends: true }
  const none = {
    tallies: tallies.filter(({ ends }) => !ends),
    order: rest,
    count: total - ending,
    ends: false,
  }
  return first.descending ? [none, some] : [some, none]
}

async function readPart(
  sql: Queryable,
  scope: Scope,
  { tallies, order, ends }: Part,
  skip: number,
  size: number,
): Promise<readonly Voucher[]> {
  const mergeable = order.every(({ by }) => by !== 'code' && by !== 'valid_until')
  if (mergeable && tallies.length <= MERGE_MAX && skip <= MERGE_DEPTH_MAX)
    return (await mergedPage(sql, scope, tallies, order, skip, size)).map(toVoucher)
  const { merchantId, eventId, filter, now } = scope
  const rows = await sql`
    select ${voucherColumns(sql)} from vouchers
    where merchant_id = ${merchantId} and event_id = ${eventId} ${filterSql(sql, filter, now)}
      ${ends === undefined ? sql`` : ends ? sql`and valid_until is not null` : sql`and valid_until is null`}
      ${oneOf(sql, tallies)}
    order by ${orderSql(sql, order)} offset ${skip} limit ${size}`
  return rows.map(toVoucher)
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
