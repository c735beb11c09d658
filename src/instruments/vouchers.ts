import type { Queryable, Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'
import type { PriceMode, Voucher } from './voucher.ts'
import { facetOf, filterSql, tallyVouchers, type VoucherFilter } from './voucher-tallies.ts'

/** Rows of vouchers. Every write here also writes the tallies that lists are counted by. */

type VoucherRow = {
  id: bigint
  event_id: bigint
  code: string
  max_usages: number
  redeemed: number
  min_usages: number
  valid_until: Instant | null
  block_quota: boolean
  allow_ignore_quota: boolean
  price_mode: PriceMode
  value: bigint | null
  item_id: bigint | null
  variation_id: bigint | null
  quota_id: bigint | null
  tag: string
  comment: string
  seat_id: bigint | null
  seat_guid: string | null
  subevent_id: bigint | null
  show_hidden_items: boolean
  all_addons_included: boolean
  all_bundles_included: boolean
  budget: bigint | null
  created_at: Instant
}

/** The columns that `toVoucher` reads, from `vouchers` unaliased. */
export const voucherColumns = (sql: Queryable) => sql`
  vouchers.id, vouchers.event_id, vouchers.code, max_usages, redeemed, min_usages, valid_until, block_quota,
  allow_ignore_quota, price_mode, value, item_id, variation_id, quota_id, tag, comment, seat_id,
  (select s.seat_guid from ticket_seats s where s.merchant_id = vouchers.merchant_id and s.id = vouchers.seat_id)
    as seat_guid,
  subevent_id, show_hidden_items, all_addons_included, all_bundles_included, budget, created_at`

/** A selected row as a voucher. */
export function toVoucher(selected: unknown): Voucher {
  const row = selected as VoucherRow // Selected by `voucherColumns`.
  return {
    id: row.id,
    eventId: row.event_id,
    code: row.code,
    maxUsages: row.max_usages,
    redeemed: row.redeemed,
    minUsages: row.min_usages,
    validUntil: row.valid_until ?? undefined,
    blockQuota: row.block_quota,
    allowIgnoreQuota: row.allow_ignore_quota,
    priceMode: row.price_mode,
    value: row.value ?? undefined,
    itemId: row.item_id ?? undefined,
    variationId: row.variation_id ?? undefined,
    quotaId: row.quota_id ?? undefined,
    tag: row.tag,
    comment: row.comment,
    seatId: row.seat_id ?? undefined,
    seatGuid: row.seat_guid ?? undefined,
    subeventId: row.subevent_id ?? undefined,
    showHiddenItems: row.show_hidden_items,
    allAddonsIncluded: row.all_addons_included,
    allBundlesIncluded: row.all_bundles_included,
    budget: row.budget ?? undefined,
    createdAt: row.created_at,
  }
}

/** A voucher of one event that passes the filter. */
export async function findVoucher(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  id: bigint,
  now: Instant,
  filter: VoucherFilter = {},
): Promise<Voucher | undefined> {
  const [row] = await sql`
    select ${voucherColumns(sql)} from vouchers
    where merchant_id = ${merchantId} and id = ${id} and event_id = ${eventId} ${filterSql(sql, filter, now)}`
  return row && toVoucher(row)
}

/** Vouchers of one event by their exact codes; codes that are unknown are left out. */
export async function findVoucherIds(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  codes: readonly string[],
): Promise<Map<string, bigint>> {
  if (codes.length === 0) return new Map()
  // The first voucher from each code and event on: only the index of codes has them in this order, so that
  // PostgreSQL takes it even while the table has no statistics and every other index looks as good.
  const rows = await sql<{ code: string; id: bigint }[]>`
    select v.code, v.id from unnest(${[...codes]}::text[]) as w (code)
    cross join lateral (
      select code, event_id, id from vouchers
      where merchant_id = ${merchantId} and (code, event_id) >= (w.code, ${eventId}::int8)
      order by code, event_id limit 1) as v
    where v.code = w.code and v.event_id = ${eventId}`
  return new Map(rows.map(({ code, id }) => [code, id]))
}

/** Which of these codes are taken: in one event, or in the whole merchant for codes that we generate. */
export async function takenCodes(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint | undefined,
  codes: readonly string[],
  exceptId?: bigint,
): Promise<Set<string>> {
  if (codes.length === 0) return new Set()
  const rows = await sql<{ code: string }[]>`
    select code from vouchers
    where merchant_id = ${merchantId} and code = any(${[...codes]}::text[])
      ${eventId === undefined ? sql`` : sql`and event_id = ${eventId}`}
      ${exceptId === undefined ? sql`` : sql`and id <> ${exceptId}`}`
  return new Set(rows.map(({ code }) => code))
}

/** Locks vouchers in id order and returns what they say now; unknown ids are left out. */
export async function lockVouchers(
  tx: Tx,
  merchantId: bigint,
  eventId: bigint,
  ids: readonly bigint[],
): Promise<Map<bigint, Voucher>> {
  if (ids.length === 0) return new Map()
  // In id order, and one look into the index for each, whatever the planner thinks of the table's size.
  const rows = await tx`
    select vouchers.* from unnest(${ids.toSorted(byId)}::int8[]) as w (id)
    cross join lateral (
      select ${voucherColumns(tx)} from vouchers
      where merchant_id = ${merchantId} and event_id = ${eventId} and id = w.id
      limit 1 for no key update) as vouchers`
  return new Map(rows.map((row) => [toVoucher(row).id, toVoucher(row)]))
}

const byId = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** The same without locking; what they say may have changed when it arrives. */
export async function readVouchers(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  ids: readonly bigint[],
): Promise<Map<bigint, Voucher>> {
  if (ids.length === 0) return new Map()
  const rows = await sql`
    select ${voucherColumns(sql)} from vouchers
    where merchant_id = ${merchantId} and event_id = ${eventId} and id = any(${[...ids]}::int8[])`
  return new Map(rows.map((row) => [toVoucher(row).id, toVoucher(row)]))
}

/** Rows that one statement writes at most. */
const ROWS_MAX = 1_000

/** A voucher that has no id yet. */
export type VoucherDraft = Omit<Voucher, 'id' | 'redeemed' | 'createdAt'>

/** Writes new vouchers and returns them in order; undefined if any code is taken, and nothing is written. */
export async function insertVouchers(
  tx: Tx,
  merchantId: bigint,
  drafts: readonly VoucherDraft[],
  now: Instant,
): Promise<readonly Voucher[] | undefined> {
  const ids = await tx<{ id: bigint }[]>`
    select nextval('voucher_ids') as id from generate_series(1, ${drafts.length}::int4)`
  const vouchers = drafts.map(
    (draft, index): Voucher => ({
      ...draft,
      id: ids[index]?.id ?? 0n,
      redeemed: 0,
      createdAt: now,
    }),
  )
  for (let start = 0; start < vouchers.length; start += ROWS_MAX) {
    const rows = vouchers.slice(start, start + ROWS_MAX)
    if ((await insertRows(tx, merchantId, rows)) < rows.length) return undefined
  }
  await tallyVouchers(
    tx,
    merchantId,
    vouchers.map((after) => ({ after })),
  )
  return vouchers
}

async function insertRows(tx: Tx, merchantId: bigint, rows: readonly Voucher[]): Promise<number> {
  const of = <T>(read: (voucher: Voucher) => T | undefined) => rows.map((row) => read(row) ?? null)
  const inserted = await tx`
    insert into vouchers (merchant_id, id, event_id, code, max_usages, min_usages, valid_until,
      block_quota, allow_ignore_quota, price_mode, value, item_id, variation_id, quota_id, tag, comment,
      seat_id, subevent_id, show_hidden_items, all_addons_included, all_bundles_included, budget,
      created_at, facet)
    select ${merchantId}, * from unnest(
      ${rows.map(({ id }) => id)}::int8[], ${rows.map(({ eventId }) => eventId)}::int8[],
      ${rows.map(({ code }) => code)}::text[], ${rows.map((v) => v.maxUsages)}::int4[],
      ${rows.map((v) => v.minUsages)}::int4[], ${of((v) => v.validUntil)}::timestamptz[],
      ${rows.map((v) => v.blockQuota)}::bool[], ${rows.map((v) => v.allowIgnoreQuota)}::bool[],
      ${rows.map((v) => v.priceMode)}::text[], ${of((v) => v.value)}::int8[], ${of((v) => v.itemId)}::int8[],
      ${of((v) => v.variationId)}::int8[], ${of((v) => v.quotaId)}::int8[], ${rows.map((v) => v.tag)}::text[],
      ${rows.map((v) => v.comment)}::text[], ${of((v) => v.seatId)}::int8[], ${of((v) => v.subeventId)}::int8[],
      ${rows.map((v) => v.showHiddenItems)}::bool[], ${rows.map((v) => v.allAddonsIncluded)}::bool[],
      ${rows.map((v) => v.allBundlesIncluded)}::bool[], ${of((v) => v.budget)}::int8[],
      ${rows.map((v) => v.createdAt)}::timestamptz[], ${rows.map(facetOf)}::uuid[])
    on conflict (merchant_id, event_id, code) do nothing`
  return inserted.count
}

/** Changes a voucher that is locked; false if another has its code. `redeemed` is left alone. */
export async function updateVoucher(
  tx: Tx,
  merchantId: bigint,
  before: Voucher,
  after: Voucher,
): Promise<void> {
  await tx`
    update vouchers set code = ${after.code}, max_usages = ${after.maxUsages},
      min_usages = ${after.minUsages}, valid_until = ${after.validUntil ?? null}::timestamptz,
      block_quota = ${after.blockQuota}, allow_ignore_quota = ${after.allowIgnoreQuota},
      price_mode = ${after.priceMode}, value = ${after.value ?? null}::int8, item_id = ${after.itemId ?? null}::int8,
      variation_id = ${after.variationId ?? null}::int8, quota_id = ${after.quotaId ?? null}::int8,
      tag = ${after.tag}, comment = ${after.comment}, seat_id = ${after.seatId ?? null}::int8,
      subevent_id = ${after.subeventId ?? null}::int8, show_hidden_items = ${after.showHiddenItems},
      all_addons_included = ${after.allAddonsIncluded}, all_bundles_included = ${after.allBundlesIncluded},
      budget = ${after.budget ?? null}::int8, facet = ${facetOf(after)}::uuid
    where merchant_id = ${merchantId} and event_id = ${after.eventId} and id = ${after.id}`
  await tallyVouchers(tx, merchantId, [{ before, after }])
}

/** Takes away a voucher that is locked and that no position refers to. */
export async function deleteVoucher(tx: Tx, merchantId: bigint, voucher: Voucher): Promise<void> {
  await tx`
    delete from vouchers
    where merchant_id = ${merchantId} and event_id = ${voucher.eventId} and id = ${voucher.id}`
  await tallyVouchers(tx, merchantId, [{ before: voucher }])
}

/**
 * Makes vouchers that point to a product, variation or quota forget product, variation and quota
 * altogether, as pretix does when one is deleted (section 7). The caller has locked them.
 */
export async function releaseVoucherTargets(
  tx: Tx,
  merchantId: bigint,
  eventId: bigint,
  ids: readonly bigint[],
): Promise<void> {
  for (const voucher of (await lockVouchers(tx, merchantId, eventId, ids)).values())
    await updateVoucher(tx, merchantId, voucher, {
      ...voucher,
      itemId: undefined,
      variationId: undefined,
      quotaId: undefined,
    })
}
