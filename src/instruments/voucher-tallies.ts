import { hash } from 'node:crypto'
import type { Queryable, Tx } from '../db/database.ts'
import { type Instant, MICROS_PER_SECOND } from '../money/instant.ts'
import type { Voucher } from './voucher.ts'

/**
 * How many vouchers of an event are alike: the exact count of any list, and what is withheld from a
 * quota, are read from here without visiting the vouchers. Whoever writes a voucher tallies it.
 */

/** Redemptions of one campaign are spread over several rows. */
const SHARDS = 8n
const HOUR: Instant = 3_600n * MICROS_PER_SECOND

/** What a tally tells of its vouchers: everything that a list can be narrowed by, but the code. */
const facetFields = (voucher: Voucher) =>
  [
    voucher.maxUsages,
    voucher.redeemed,
    voucher.blockQuota,
    voucher.allowIgnoreQuota,
    voucher.priceMode,
    voucher.value,
    voucher.itemId,
    voucher.variationId,
    voucher.quotaId,
    voucher.subeventId,
    voucher.tag,
    voucher.validUntil === undefined ? undefined : hourOf(voucher.validUntil),
  ] as const

/** The start of the hour: tallies know when a voucher ends to the hour. */
const hourOf = (instant: Instant): Instant => instant - (((instant % HOUR) + HOUR) % HOUR)

/** The digest that vouchers of one tally share; a uuid to PostgreSQL. */
export function facetOf(voucher: Voucher): string {
  const text = JSON.stringify(facetFields(voucher).map((field) => field?.toString() ?? null))
  return hash('sha256', text).slice(0, 32)
}

/** One voucher before and after a write; undefined is not there. */
export type TallyChange = { readonly before?: Voucher; readonly after?: Voucher }

/** Counts what was written; the same transaction writes the vouchers. */
export async function tallyVouchers(
  tx: Tx,
  merchantId: bigint,
  changes: readonly TallyChange[],
): Promise<void> {
  const tallies = new Map<string, { voucher: Voucher; facet: string; delta: number }>()
  const count = (voucher: Voucher | undefined, delta: number) => {
    if (!voucher) return
    const facet = facetOf(voucher)
    const key = `${voucher.eventId}/${facet}/${voucher.id % SHARDS}`
    const tally = tallies.get(key) ?? { voucher, facet, delta: 0 }
    tally.delta += delta
    tallies.set(key, tally)
  }
  for (const { before, after } of changes) {
    count(before, -1)
    count(after, 1)
  }
  const rows = [...tallies.values()].filter(({ delta }) => delta !== 0)
  if (rows.length === 0) return
  const fields = rows.map(({ voucher }) => facetFields(voucher))
  // In key order: two redemptions of the same campaigns must not wait for each other crosswise.
  await tx`
    insert into voucher_tallies as t (merchant_id, event_id, facet, shard, count, max_usages, redeemed,
      block_quota, allow_ignore_quota, price_mode, value, item_id, variation_id, quota_id, subevent_id,
      tag, valid_hour)
    select ${merchantId}, * from unnest(
      ${rows.map(({ voucher }) => voucher.eventId)}::int8[], ${rows.map(({ facet }) => facet)}::uuid[],
      ${rows.map(({ voucher }) => voucher.id % SHARDS)}::int8[], ${rows.map(({ delta }) => delta)}::int8[],
      ${fields.map((f) => f[0])}::int4[], ${fields.map((f) => f[1])}::int4[], ${fields.map((f) => f[2])}::bool[],
      ${fields.map((f) => f[3])}::bool[], ${fields.map((f) => f[4])}::text[], ${fields.map((f) => f[5] ?? null)}::int8[],
      ${fields.map((f) => f[6] ?? null)}::int8[], ${fields.map((f) => f[7] ?? null)}::int8[],
      ${fields.map((f) => f[8] ?? null)}::int8[], ${fields.map((f) => f[9] ?? null)}::int8[],
      ${fields.map((f) => f[10])}::text[], ${fields.map((f) => f[11] ?? null)}::timestamptz[]
    ) as c (event_id, facet, shard, count) order by event_id, facet, shard
    on conflict (merchant_id, event_id, facet, shard) do update set count = t.count + excluded.count`
}

/** What a list of vouchers can be narrowed by; each left out does not narrow. */
export type VoucherFilter = {
  /** Upper-cased. */
  readonly code?: string
  readonly maxUsages?: bigint
  readonly redeemed?: bigint
  readonly blockQuota?: boolean
  readonly allowIgnoreQuota?: boolean
  readonly priceMode?: string
  readonly value?: bigint
  readonly itemId?: bigint
  readonly variationId?: bigint
  readonly quotaId?: bigint
  readonly subeventId?: bigint
  readonly tag?: string
  /** Uses left and not ended; at its very end a voucher is listed as over (section 8.6). */
  readonly active?: boolean
}

/** What both tallies and vouchers can be narrowed by, but for `active`. */
export const facetSql = (sql: Queryable, filter: VoucherFilter) => sql`
  ${filter.maxUsages === undefined ? sql`` : sql`and max_usages = ${filter.maxUsages}::int8`}
  ${filter.redeemed === undefined ? sql`` : sql`and redeemed = ${filter.redeemed}::int8`}
  ${filter.blockQuota === undefined ? sql`` : sql`and block_quota = ${filter.blockQuota}::bool`}
  ${filter.allowIgnoreQuota === undefined ? sql`` : sql`and allow_ignore_quota = ${filter.allowIgnoreQuota}::bool`}
  ${filter.priceMode === undefined ? sql`` : sql`and price_mode = ${filter.priceMode}::text`}
  ${filter.value === undefined ? sql`` : sql`and value = ${filter.value}::int8`}
  ${filter.itemId === undefined ? sql`` : sql`and item_id = ${filter.itemId}::int8`}
  ${filter.variationId === undefined ? sql`` : sql`and variation_id = ${filter.variationId}::int8`}
  ${filter.quotaId === undefined ? sql`` : sql`and quota_id = ${filter.quotaId}::int8`}
  ${filter.subeventId === undefined ? sql`` : sql`and subevent_id = ${filter.subeventId}::int8`}
  ${filter.tag === undefined ? sql`` : sql`and tag = ${filter.tag}::text`}`

/** The whole filter, on vouchers. */
export const filterSql = (sql: Queryable, filter: VoucherFilter, now: Instant) => sql`
  ${filter.code === undefined ? sql`` : sql`and code = ${filter.code}::text`}
  ${facetSql(sql, filter)}
  ${
    filter.active === undefined
      ? sql``
      : filter.active
        ? sql`and redeemed < max_usages and (valid_until is null or valid_until > ${now}::timestamptz)`
        : sql`and (redeemed >= max_usages or valid_until <= ${now}::timestamptz)`
  }`

/** Vouchers that are alike, and how many of them match. */
export type Tally = {
  readonly facet: string
  readonly count: bigint
  /** Whether they end at all. */
  readonly ends: boolean
}

/**
 * The tallies whose vouchers match, or may match: of those that end in this hour some are over already,
 * so that their rows are counted one by one and taken off. `total` is exact.
 */
export async function tally(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  filter: VoucherFilter,
  now: Instant,
): Promise<{
  readonly total: number
  /** Of these, how many end at all. */
  readonly ending: number
  readonly tallies: readonly Tally[]
}> {
  const hour = hourOf(now)
  const tallies = await sql<Tally[]>`
    select facet::text, sum(count)::int8 as count, bool_or(valid_hour is not null) as ends from voucher_tallies
    where merchant_id = ${merchantId} and event_id = ${eventId} ${facetSql(sql, filter)}
      ${
        filter.active === undefined
          ? sql``
          : filter.active
            ? sql`and redeemed < max_usages and (valid_hour is null or valid_hour >= ${hour}::timestamptz)`
            : sql`and (redeemed >= max_usages or valid_hour <= ${hour}::timestamptz)`
      }
    group by facet having sum(count) > 0`
  const total = tallies.reduce((sum, { count }) => sum + count, 0n)
  const ending = tallies.reduce((sum, { count, ends }) => (ends ? sum + count : sum), 0n)
  if (filter.active === undefined || ending === 0n)
    return { total: Number(total), ending: Number(ending), tallies }
  const [row] = await sql<{ count: bigint }[]>`
    select count(*) from vouchers
    where merchant_id = ${merchantId} and event_id = ${eventId} ${facetSql(sql, filter)}
      and redeemed < max_usages and valid_until ${filter.active ? sql`<=` : sql`>`} ${now}::timestamptz
      and valid_until >= ${hour}::timestamptz and valid_until < ${hour + HOUR}::timestamptz`
  const off = row?.count ?? 0n
  return { total: Number(total - off), ending: Number(ending - off), tallies }
}
