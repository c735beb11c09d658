import type { Queryable, Tx } from '../db/database.ts'
import type { Quota, QuotaFields } from './catalogue.ts'
import { fromRow, type Order, orderBy, type Page, type Row } from './catalogue-rows.ts'

/** Rows of quotas; a quota is always read with the items and variations that count in it. */

const selection = (sql: Queryable) => sql`
  q.id, q.event_id as "eventId", q.name, q.size, q.subevent_id as "subeventId",
  q.close_when_sold_out as "closeWhenSoldOut", q.closed, q.release_after_exit as "releaseAfterExit",
  array(select i.item_id from ticket_quota_items i
    where i.merchant_id = q.merchant_id and i.quota_id = q.id order by i.item_id) as "itemIds",
  array(select v.variation_id from ticket_quota_variations v
    where v.merchant_id = q.merchant_id and v.quota_id = q.id order by v.variation_id) as "variationIds"`

export type QuotaFilter = { readonly subeventId?: bigint }
export type QuotaOrder = 'id' | 'size'

const matches = (sql: Queryable, { subeventId }: QuotaFilter) =>
  subeventId === undefined ? sql`` : sql`and q.subevent_id = ${subeventId}`

const ordering = (sql: Queryable, order: Order<QuotaOrder>) =>
  orderBy(sql, order, { id: sql`id`, size: sql`size` }, sql`id`)

export async function findQuota(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  id: bigint,
  filter: QuotaFilter = {},
): Promise<Quota | undefined> {
  const [row] = await sql<Row<Quota>[]>`
    select ${selection(sql)} from ticket_quotas q
    where q.merchant_id = ${merchantId} and q.event_id = ${eventId} and q.id = ${id}
      ${matches(sql, filter)}`
  return row && fromRow<Quota>(row)
}

export async function countQuotas(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  filter: QuotaFilter,
): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int4 as count from ticket_quotas q
    where q.merchant_id = ${merchantId} and q.event_id = ${eventId} ${matches(sql, filter)}`
  return row?.count ?? 0
}

export async function listQuotas(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  filter: QuotaFilter,
  order: Order<QuotaOrder>,
  { limit, offset }: Page,
): Promise<Quota[]> {
  const rows = await sql<Row<Quota>[]>`
    select ${selection(sql)} from ticket_quotas q
    where q.merchant_id = ${merchantId} and q.event_id = ${eventId} ${matches(sql, filter)}
    order by ${ordering(sql, order)} limit ${limit} offset ${offset}`
  return rows.map((row) => fromRow<Quota>(row))
}

/** Locks one quota against everybody who counts it; false if the event has none of this id. */
export async function lockQuotaRow(
  tx: Tx,
  merchantId: bigint,
  eventId: bigint,
  id: bigint,
): Promise<boolean> {
  const rows = await tx`
    select 1 from ticket_quotas
    where merchant_id = ${merchantId} and event_id = ${eventId} and id = ${id} for update`
  return rows.length > 0
}

/** Locks every quota in which an item or one of its variations counts, in id order. */
export async function lockQuotasOfItem(tx: Tx, merchantId: bigint, itemId: bigint): Promise<void> {
  await tx`
    select 1 from ticket_quotas
    where merchant_id = ${merchantId} and id in (
      select quota_id from ticket_quota_items where merchant_id = ${merchantId} and item_id = ${itemId}
      union all
      select m.quota_id from ticket_quota_variations m
      join ticket_variations v on v.merchant_id = m.merchant_id and v.id = m.variation_id
      where m.merchant_id = ${merchantId} and v.item_id = ${itemId})
    order by id for no key update`
}

export async function insertQuota(
  tx: Tx,
  merchantId: bigint,
  { eventId, ref }: { readonly eventId: bigint; readonly ref?: string },
  quota: QuotaFields,
): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    insert into ticket_quotas (merchant_id, event_id, ref, name, size, subevent_id,
      close_when_sold_out, closed, release_after_exit)
    values (${merchantId}, ${eventId}, ${ref ?? null}, ${quota.name}, ${quota.size ?? null},
      ${quota.subeventId ?? null}, ${quota.closeWhenSoldOut}, ${quota.closed},
      ${quota.releaseAfterExit}) returning id`
  const id = row?.id ?? 0n
  await writeMembers(tx, merchantId, id, quota)
  return id
}

/** Changes a quota that is locked. */
export async function updateQuota(
  tx: Tx,
  merchantId: bigint,
  id: bigint,
  quota: QuotaFields,
): Promise<void> {
  await tx`
    update ticket_quotas set name = ${quota.name}, size = ${quota.size ?? null},
      subevent_id = ${quota.subeventId ?? null}, close_when_sold_out = ${quota.closeWhenSoldOut},
      closed = ${quota.closed}, release_after_exit = ${quota.releaseAfterExit}
    where merchant_id = ${merchantId} and id = ${id}`
  await writeMembers(tx, merchantId, id, quota)
}

async function writeMembers(
  tx: Tx,
  merchantId: bigint,
  id: bigint,
  { itemIds, variationIds }: QuotaFields,
): Promise<void> {
  await tx`
    delete from ticket_quota_items where merchant_id = ${merchantId} and quota_id = ${id}
      and item_id <> all(${[...itemIds]}::int8[])`
  await tx`
    insert into ticket_quota_items (merchant_id, quota_id, item_id)
    select ${merchantId}, ${id}, item_id from unnest(${[...itemIds]}::int8[]) as m (item_id)
    on conflict do nothing`
  await tx`
    delete from ticket_quota_variations where merchant_id = ${merchantId} and quota_id = ${id}
      and variation_id <> all(${[...variationIds]}::int8[])`
  await tx`
    insert into ticket_quota_variations (merchant_id, quota_id, variation_id)
    select ${merchantId}, ${id}, variation_id from unnest(${[...variationIds]}::int8[]) as m (variation_id)
    on conflict do nothing`
}

/** Takes a quota away, with what counts in it. */
export async function deleteQuota(tx: Tx, merchantId: bigint, id: bigint): Promise<void> {
  await tx`delete from ticket_quotas where merchant_id = ${merchantId} and id = ${id}`
}
