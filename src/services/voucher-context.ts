import type { Event, Quota } from '../commerce/catalogue.ts'
import type { QuotaRoom } from '../commerce/quota.ts'
import {
  countQuotaUse,
  findQuotaIds,
  loadQuotas,
  lockQuotas,
  roomOf,
  variationIdsOf,
} from '../commerce/quota-counts.ts'
import { seatKey } from '../commerce/ticket-order-rules.ts'
import { loadSeats, lockSeats, type SeatState } from '../commerce/ticket-order-seats.ts'
import type { Queryable, Tx } from '../db/database.ts'
import { refuse } from '../errors.ts'
import type { VoucherFields } from '../instruments/voucher.ts'
import type { SeatFacts, VoucherTargets } from '../instruments/voucher-rules.ts'
import type { Instant } from '../money/instant.ts'

/** What vouchers name, read and locked so that they can be judged (specs/pretix-vouchers.md 4, 9). */

export type VoucherReferences = {
  readonly items: readonly bigint[]
  readonly variations: readonly bigint[]
  readonly quotas: readonly bigint[]
  readonly subevents: readonly bigint[]
}

/** Which of these ids exist in the organizer; `dates` are the subevents of this event. */
export async function knownTargets(
  sql: Queryable,
  merchantId: bigint,
  eventId: bigint,
  { items, variations, quotas, subevents }: VoucherReferences,
) {
  const rows = await sql<{ kind: keyof VoucherReferences; id: bigint; event_id: bigint }[]>`
    select 'items' as kind, id, event_id from ticket_items
    where merchant_id = ${merchantId} and id = any(${[...items]}::int8[])
    union all select 'variations', id, event_id from ticket_variations
    where merchant_id = ${merchantId} and id = any(${[...variations]}::int8[])
    union all select 'quotas', id, event_id from ticket_quotas
    where merchant_id = ${merchantId} and id = any(${[...quotas]}::int8[])
    union all select 'subevents', id, event_id from ticket_subevents
    where merchant_id = ${merchantId} and id = any(${[...subevents]}::int8[])`
  const of = (kind: keyof VoucherReferences) =>
    new Set(rows.filter((row) => row.kind === kind).map(({ id }) => id))
  const dates = rows.filter((row) => row.kind === 'subevents' && row.event_id === eventId)
  return {
    items: of('items'),
    variations: of('variations'),
    quotas: of('quotas'),
    subevents: of('subevents'),
    dates: new Set(dates.map(({ id }) => id)),
  }
}

type ItemRow = {
  readonly id: bigint
  readonly event_id: bigint
  readonly sold_alone: boolean
  readonly has_variations: boolean
}

const distinct = <T>(values: readonly (T | undefined)[]): T[] => [
  ...new Set(values.filter((value) => value !== undefined)),
]

/**
 * Reads what these vouchers name. What a caller named and was told to exist may be gone by now: then
 * the answer is `busy`, and the next attempt says what is wrong.
 */
export async function loadTargets(
  sql: Queryable,
  merchantId: bigint,
  event: Event,
  vouchers: readonly VoucherFields[],
): Promise<(voucher: VoucherFields) => VoucherTargets> {
  const itemIds = distinct(vouchers.map(({ itemId }) => itemId))
  const variationIds = distinct(vouchers.map(({ variationId }) => variationId))
  const [items, variations, quotas] = await Promise.all([
    sql<ItemRow[]>`
      select i.id, i.event_id, not (i.require_bundling or coalesce(c.is_addon, false)) as sold_alone,
        exists (select 1 from ticket_variations v where v.merchant_id = i.merchant_id and v.item_id = i.id)
          as has_variations
      from ticket_items i
      left join ticket_categories c on c.merchant_id = i.merchant_id and c.id = i.category_id
      where i.merchant_id = ${merchantId} and i.id = any(${itemIds}::int8[])`,
    sql<{ id: bigint; item_id: bigint }[]>`
      select id, item_id from ticket_variations
      where merchant_id = ${merchantId} and id = any(${variationIds}::int8[])`,
    loadQuotas(sql, merchantId, distinct(vouchers.map(({ quotaId }) => quotaId))),
  ])
  const itemsById = new Map(items.map((row) => [row.id, row]))
  const variationsById = new Map(variations.map((row) => [row.id, row]))
  const quotasById = new Map(quotas.map((quota) => [quota.id, quota]))
  return ({ itemId, variationId, quotaId }) => {
    const item = itemId === undefined ? undefined : named(itemsById, itemId)
    const variation = variationId === undefined ? undefined : named(variationsById, variationId)
    return {
      event,
      quota: quotaId === undefined ? undefined : named(quotasById, quotaId),
      item: item && {
        id: item.id,
        eventId: item.event_id,
        hasVariations: item.has_variations,
        soldAlone: item.sold_alone,
      },
      variation: variation && { itemId: variation.item_id },
    }
  }
}

const named = <T>(known: ReadonlyMap<bigint, T>, id: bigint): T =>
  known.get(id) ?? refuse({ code: 'busy' })

/** Quotas that vouchers withhold from, locked, and how to know which. */
export type LockedQuotas = {
  readonly quotas: readonly Quota[]
  readonly variationsOf: (itemId: bigint) => readonly bigint[]
  /** What is left in them, counted when it is asked for. */
  readonly count: () => Promise<QuotaRoom>
}

/** Locks every quota that these vouchers may withhold from, in id order. */
export async function lockTargetQuotas(
  tx: Tx,
  merchantId: bigint,
  event: Event,
  vouchers: readonly VoucherFields[],
  now: Instant,
): Promise<LockedQuotas> {
  if (vouchers.length === 0)
    return { quotas: [], variationsOf: () => [], count: async () => new Map() }
  const itemIds = distinct(vouchers.map(({ itemId }) => itemId))
  const variationsOf = await variationIdsOf(tx, merchantId, itemIds)
  // One for a product with variations but for none of them counts wherever any of them does.
  const variationIds = distinct([
    ...vouchers.map(({ variationId }) => variationId),
    ...itemIds.flatMap(variationsOf),
  ])
  const quotaIds = await findQuotaIds(tx, merchantId, {
    itemIds,
    variationIds,
    quotaIds: distinct(vouchers.map(({ quotaId }) => quotaId)),
  })
  await lockQuotas(tx, merchantId, quotaIds)
  const quotas = await loadQuotas(tx, merchantId, quotaIds)
  return {
    quotas,
    variationsOf,
    count: async () => {
      const finite = quotas.filter(({ size, closed }) => size !== undefined && !closed)
      return roomOf(quotas, await countQuotaUse(tx, merchantId, event.id, finite, now))
    },
  }
}

/** Seats that vouchers name, locked; `exceptVoucherId` is the voucher that is being changed. */
export type LockedSeats = (
  voucher: Pick<VoucherFields, 'seatGuid' | 'subeventId'>,
) => (SeatState & SeatFacts) | undefined

export async function lockTargetSeats(
  tx: Tx,
  merchantId: bigint,
  eventId: bigint,
  vouchers: readonly VoucherFields[],
  now: Instant,
  exceptVoucherId?: bigint,
): Promise<LockedSeats> {
  const guids = distinct(vouchers.map(({ seatGuid }) => seatGuid))
  await lockSeats(tx, merchantId, eventId, guids)
  const seats = await loadSeats(tx, merchantId, eventId, guids, now, exceptVoucherId)
  return ({ seatGuid, subeventId }) => {
    const seat = seatGuid === undefined ? undefined : seats.get(seatKey(subeventId, seatGuid))
    return (
      seat && {
        ...seat,
        taken: seat.blocked || seat.sold || seat.voucherId !== undefined,
      }
    )
  }
}
