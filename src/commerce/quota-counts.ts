import type { Queryable, Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'
import type { Quota } from './catalogue.ts'
import {
  type QuotaRoom,
  type QuotaUse,
  type Restriction,
  takesPosition,
  takesVoucher,
} from './quota.ts'

/** What is taken from quotas, counted from orders and vouchers; who decides on it holds the locks. */

type Membership = {
  readonly itemIds: readonly bigint[]
  readonly variationIds: readonly bigint[]
}

/** The quotas of an event in which these products count, and those that are named. */
export async function findQuotaIds(
  sql: Queryable,
  merchantId: bigint,
  { itemIds, variationIds, quotaIds }: Membership & { readonly quotaIds: readonly bigint[] },
): Promise<readonly bigint[]> {
  const rows = await sql<{ id: bigint }[]>`
    select quota_id as id from ticket_quota_items
    where merchant_id = ${merchantId} and item_id = any(${[...itemIds]}::int8[])
    union select quota_id from ticket_quota_variations
    where merchant_id = ${merchantId} and variation_id = any(${[...variationIds]}::int8[])
    union select id from ticket_quotas
    where merchant_id = ${merchantId} and id = any(${[...quotaIds]}::int8[])`
  return rows.map(({ id }) => id)
}

/** Locks quotas in id order against everybody who takes from them or changes them. */
export async function lockQuotas(
  tx: Tx,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<void> {
  if (ids.length === 0) return
  await tx`
    select 1 from ticket_quotas where merchant_id = ${merchantId} and id = any(${[...ids]}::int8[])
    order by id for no key update`
}

type QuotaRow = {
  readonly id: bigint
  readonly event_id: bigint
  readonly name: string
  readonly size: number | null
  readonly subevent_id: bigint | null
  readonly close_when_sold_out: boolean
  readonly closed: boolean
  readonly release_after_exit: boolean
  readonly item_ids: bigint[]
  readonly variation_ids: bigint[]
}

/** Quotas by id, with what counts in them. */
export async function loadQuotas(
  sql: Queryable,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<readonly Quota[]> {
  if (ids.length === 0) return []
  const rows = await sql<QuotaRow[]>`
    select id, event_id, name, size, subevent_id, close_when_sold_out, closed, release_after_exit,
      array(select i.item_id from ticket_quota_items i
        where i.merchant_id = q.merchant_id and i.quota_id = q.id order by i.item_id) as item_ids,
      array(select v.variation_id from ticket_quota_variations v
        where v.merchant_id = q.merchant_id and v.quota_id = q.id order by v.variation_id) as variation_ids
    from ticket_quotas q where merchant_id = ${merchantId} and id = any(${[...ids]}::int8[]) order by id`
  return rows.map((row) => ({
    id: row.id,
    eventId: row.event_id,
    name: row.name,
    size: row.size ?? undefined,
    itemIds: row.item_ids,
    variationIds: row.variation_ids,
    subeventId: row.subevent_id ?? undefined,
    closeWhenSoldOut: row.close_when_sold_out,
    closed: row.closed,
    releaseAfterExit: row.release_after_exit,
  }))
}

/** The variations of each of these items, in the sense of "has variations": active or not. */
export async function variationIdsOf(
  sql: Queryable,
  merchantId: bigint,
  itemIds: readonly bigint[],
): Promise<(itemId: bigint) => readonly bigint[]> {
  const rows = await sql<{ item_id: bigint; id: bigint }[]>`
    select item_id, id from ticket_variations
    where merchant_id = ${merchantId} and item_id = any(${[...itemIds]}::int8[]) order by id`
  const byItem = Map.groupBy(rows, ({ item_id }) => item_id)
  return (itemId) => (byItem.get(itemId) ?? []).map(({ id }) => id)
}

/** What is taken from quotas of one event, by product: what `useOf` makes each quota's own numbers from. */
export type Taken = {
  readonly sales: readonly {
    readonly itemId: bigint
    readonly variationId: bigint | undefined
    readonly subeventId: bigint | undefined
    readonly pending: number
    readonly paid: number
  }[]
  readonly withheld: readonly (Restriction & { readonly amount: number })[]
  readonly variationsOf: (itemId: bigint) => readonly bigint[]
}

type TakenRow = {
  readonly kind: 's' | 'v'
  readonly quota_id: bigint | null
  readonly item_id: bigint | null
  readonly variation_id: bigint | null
  readonly subevent_id: bigint | null
  readonly pending: bigint
  readonly paid: bigint
}

/**
 * Reads what is taken from these quotas (section 5.2), as one statement, so that a place which moves from
 * a voucher to its order is seen once: there or here.
 */
export async function readTaken(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  quotaIds: readonly bigint[],
  now: Instant,
): Promise<Taken> {
  if (quotaIds.length === 0) return { sales: [], withheld: [], variationsOf: () => [] }
  const items = sql`
    select item_id from ticket_quota_items
    where merchant_id = ${merchantId} and quota_id = any(${[...quotaIds]}::int8[])`
  const [rows, variations] = await Promise.all([
    sql<TakenRow[]>`
      select 's' as kind, null::int8 as quota_id, item_id, nullif(variation_id, 0) as variation_id,
        nullif(subevent_id, 0) as subevent_id, pending, paid
      from ticket_sales where merchant_id = ${merchantId} and item_id in (${items})
      union all
      select 'v', quota_id, item_id, variation_id, subevent_id, sum(count * (max_usages - redeemed))::int8, 0
      from voucher_tallies
      where merchant_id = ${merchantId} and event_id = ${eventId} and block_quota and redeemed < max_usages
        and (valid_hour is null or valid_hour > date_trunc('hour', ${now}::timestamptz))
      group by quota_id, item_id, variation_id, subevent_id
      union all
      -- Tallies know the hour only: what ends in this one is looked at one by one.
      select 'v', quota_id, item_id, variation_id, subevent_id, sum(max_usages - redeemed), 0
      from (
        -- In order, for which there is but one index.
        select * from vouchers
        where merchant_id = ${merchantId} and event_id = ${eventId} and valid_until >= ${now}::timestamptz
          and valid_until < date_trunc('hour', ${now}::timestamptz) + interval '1 hour'
        order by valid_until, id desc) as ending
      where block_quota and redeemed < max_usages
      group by quota_id, item_id, variation_id, subevent_id`,
    sql<{ item_id: bigint; id: bigint }[]>`
      select item_id, id from ticket_variations
      where merchant_id = ${merchantId} and item_id in (${items}) order by id`,
  ])
  const ids = (row: TakenRow) => ({
    variationId: row.variation_id ?? undefined,
    subeventId: row.subevent_id ?? undefined,
  })
  const byItem = Map.groupBy(variations, ({ item_id }) => item_id)
  return {
    sales: rows
      .filter(({ kind }) => kind === 's')
      .map((row) => ({
        ...ids(row),
        itemId: row.item_id ?? 0n,
        pending: Number(row.pending),
        paid: Number(row.paid),
      })),
    withheld: rows
      .filter(({ kind }) => kind === 'v')
      .map((row) => ({
        ...ids(row),
        quotaId: row.quota_id ?? undefined,
        itemId: row.item_id ?? undefined,
        amount: Number(row.pending),
      })),
    variationsOf: (itemId) => (byItem.get(itemId) ?? []).map(({ id }) => id),
  }
}

/** What is taken from one quota. */
export function useOf(quota: Quota, { sales, withheld, variationsOf }: Taken): QuotaUse {
  const use = { paid: 0, pending: 0, blocked: 0, carts: 0 }
  for (const sale of sales)
    if (takesPosition(quota, sale)) {
      use.pending += sale.pending
      use.paid += sale.paid
    }
  for (const group of withheld)
    if (takesVoucher(quota, group, variationsOf)) use.blocked += group.amount
  return use
}

/** What is taken from each of these quotas of one event. */
export async function countQuotaUse(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  quotas: readonly Quota[],
  now: Instant,
): Promise<Map<bigint, QuotaUse>> {
  const ids = quotas.map(({ id }) => id)
  const taken = await readTaken(sql, merchantId, eventId, ids, now)
  return new Map(quotas.map((quota) => [quota.id, useOf(quota, taken)]))
}

/** What is left in each quota: below 0 where more is taken than there is. */
export const roomOf = (quotas: readonly Quota[], uses: ReadonlyMap<bigint, QuotaUse>): QuotaRoom =>
  new Map(
    quotas.map(({ id, size, closed }) => {
      const { paid = 0, pending = 0, blocked = 0, carts = 0 } = uses.get(id) ?? {}
      if (closed) return [id, 0]
      return [id, size === undefined ? undefined : size - paid - pending - blocked - carts]
    }),
  )

/** Whether a quota may close by itself, so that what is left in it matters even to who may ignore it. */
export const mayClose = ({ size, closed, closeWhenSoldOut }: Quota): boolean =>
  closeWhenSoldOut && !closed && size !== undefined

/** Closes for good what is sold out and wants to be closed then; quotas that were not counted stay as they are. */
export async function closeSoldOut(
  tx: Tx,
  merchantId: bigint,
  quotas: readonly Quota[],
  room: QuotaRoom,
): Promise<void> {
  const over = quotas.filter((quota) => mayClose(quota) && (room.get(quota.id) ?? 1) <= 0)
  if (over.length === 0) return
  await tx`
    update ticket_quotas set closed = true
    where merchant_id = ${merchantId} and id = any(${over.map(({ id }) => id)}::int8[])`
}
