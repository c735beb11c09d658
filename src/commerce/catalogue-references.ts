import type { Queryable, Tx } from '../db/database.ts'
import { refuse } from '../errors.ts'
import type { QuotaFields } from './catalogue.ts'
import type { QuotaContext } from './catalogue-rules.ts'

/** What points to what: ids that a caller names, and what keeps a thing from being taken away. */

/** Things a body may refer to; all are looked up in the whole organizer (specs/pretix-vouchers.md 3). */
export type ReferenceKind = 'categories' | 'items' | 'variations' | 'subevents'
export type References = { readonly [K in ReferenceKind]?: readonly bigint[] }
export type Known = { readonly [K in ReferenceKind]: ReadonlySet<bigint> }

/** Which of these ids exist. */
export async function knownReferences(
  sql: Queryable,
  merchantId: bigint,
  { categories = [], items = [], variations = [], subevents = [] }: References,
): Promise<Known> {
  const rows = await sql<{ kind: ReferenceKind; id: bigint }[]>`
    select 'categories' as kind, id from ticket_categories
    where merchant_id = ${merchantId} and id = any(${[...categories]}::int8[])
    union all select 'items', id from ticket_items
    where merchant_id = ${merchantId} and id = any(${[...items]}::int8[])
    union all select 'variations', id from ticket_variations
    where merchant_id = ${merchantId} and id = any(${[...variations]}::int8[])
    union all select 'subevents', id from ticket_subevents
    where merchant_id = ${merchantId} and id = any(${[...subevents]}::int8[])`
  const of = (kind: ReferenceKind) =>
    new Set(rows.filter((row) => row.kind === kind).map(({ id }) => id))
  return {
    categories: of('categories'),
    items: of('items'),
    variations: of('variations'),
    subevents: of('subevents'),
  }
}

/**
 * The event that a category belongs to. What a caller named was there a moment ago: when it is not any
 * more, the caller is told to try again (`busy`) and then hears that it does not exist.
 */
export async function holdCategory(
  tx: Tx,
  merchantId: bigint,
  id: bigint | undefined,
): Promise<{ readonly eventId: bigint } | undefined> {
  if (id === undefined) return undefined
  const [row] = await tx<{ eventId: bigint }[]>`
    select event_id as "eventId" from ticket_categories
    where merchant_id = ${merchantId} and id = ${id} for key share`
  return row ?? refuse({ code: 'busy' })
}

/** What the rules of a quota need to know of everything it names; none of it goes away meanwhile. */
export async function quotaContext(
  tx: Tx,
  merchantId: bigint,
  event: QuotaContext['event'],
  {
    itemIds,
    variationIds,
    subeventId,
  }: Pick<QuotaFields, 'itemIds' | 'variationIds' | 'subeventId'>,
): Promise<QuotaContext> {
  const items = await tx<{ id: bigint; eventId: bigint; hasVariations: boolean }[]>`
    select i.id, i.event_id as "eventId", exists (
      select 1 from ticket_variations v where v.merchant_id = i.merchant_id and v.item_id = i.id
    ) as "hasVariations"
    from ticket_items i
    where i.merchant_id = ${merchantId} and i.id = any(${[...itemIds]}::int8[])
    order by i.id for key share of i`
  const variations = await tx<{ id: bigint; itemId: bigint }[]>`
    select id, item_id as "itemId" from ticket_variations
    where merchant_id = ${merchantId} and id = any(${[...variationIds]}::int8[])
    order by id for key share`
  const [subevent] = await tx<{ eventId: bigint }[]>`
    select event_id as "eventId" from ticket_subevents
    where merchant_id = ${merchantId} and id = ${subeventId ?? null}::int8 for key share`
  if (
    items.length < itemIds.length ||
    variations.length < variationIds.length ||
    (subeventId !== undefined && !subevent)
  )
    refuse({ code: 'busy' })
  return { event, items: [...items], variations: [...variations], subevent }
}

/** The events of the products that a date changes something about; none goes away meanwhile. */
export async function overrideEvents(
  tx: Tx,
  merchantId: bigint,
  itemIds: readonly bigint[],
  variationIds: readonly bigint[],
): Promise<{ readonly items: readonly bigint[]; readonly variations: readonly bigint[] }> {
  const items = await tx<{ eventId: bigint }[]>`
    select event_id as "eventId" from ticket_items
    where merchant_id = ${merchantId} and id = any(${[...itemIds]}::int8[]) order by id for key share`
  const variations = await tx<{ eventId: bigint }[]>`
    select event_id as "eventId" from ticket_variations
    where merchant_id = ${merchantId} and id = any(${[...variationIds]}::int8[])
    order by id for key share`
  if (items.length < new Set(itemIds).size || variations.length < new Set(variationIds).size)
    refuse({ code: 'busy' })
  return {
    items: items.map(({ eventId }) => eventId),
    variations: variations.map(({ eventId }) => eventId),
  }
}

/** What orders and vouchers point to. */
export type Pointed = {
  readonly column: 'item' | 'variation' | 'quota' | 'subevent'
  readonly id: bigint
  readonly eventId: bigint
}

const pointer = (sql: Queryable, { column, id }: Pointed) => sql`${sql(`${column}_id`)} = ${id}`

/** Whether any ticket was ever ordered for it, canceled ones included. */
export async function isOrdered(tx: Tx, merchantId: bigint, target: Pointed): Promise<boolean> {
  const rows = await tx`
    select 1 from ticket_positions where merchant_id = ${merchantId} and ${pointer(tx, target)} limit 1`
  return rows.length > 0
}

/** Locks every voucher that points to it, in id order, and says which. */
export async function lockVouchersOf(
  tx: Tx,
  merchantId: bigint,
  target: Pointed,
): Promise<readonly bigint[]> {
  const rows = await tx<{ id: bigint }[]>`
    select id from vouchers
    where merchant_id = ${merchantId} and event_id = ${target.eventId} and facet in (
      select facet from voucher_tallies
      where merchant_id = ${merchantId} and event_id = ${target.eventId} and ${pointer(tx, target)} and count > 0)
    order by id for no key update`
  return rows.map(({ id }) => id)
}

/** Whether a voucher that has uses left points to it. */
export async function hasOpenVoucher(
  tx: Tx,
  merchantId: bigint,
  target: Pointed,
): Promise<boolean> {
  const rows = await tx`
    select 1 from voucher_tallies
    where merchant_id = ${merchantId} and event_id = ${target.eventId} and ${pointer(tx, target)}
      and redeemed < max_usages and count > 0 limit 1`
  return rows.length > 0
}
