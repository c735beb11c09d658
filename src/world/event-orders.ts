import { randomInt } from 'node:crypto'
import type { Refs } from '../commerce/catalogue-refs.ts'
import type { Instant } from '../money/instant.ts'
import { WorldError } from './error.ts'
import { defaultExpiry } from './event-expiry.ts'
import { below, resolve, toInstant, toPrice } from './event-values.ts'
import type { EventContext } from './events.ts'
import type { WorldEvent } from './schema.ts'

type WorldOrder = NonNullable<WorldEvent['orders']>[number]
type WorldPosition = NonNullable<WorldOrder['positions']>[number]

type PositionRow = {
  readonly positionid: number
  readonly itemId: bigint
  readonly variationId: bigint | undefined
  readonly subeventId: bigint | undefined
  readonly seatId: bigint | undefined
  readonly price: bigint
  readonly canceled: boolean
  readonly attendeeNameParts: string
  readonly attendeeEmail: string | undefined
  readonly secret: string
  readonly pseudonymizationId: string
}

type OrderRow = {
  readonly code: string
  readonly status: 'n' | 'p' | 'e' | 'c'
  readonly testmode: boolean
  readonly email: string | undefined
  readonly datetime: Instant
  readonly expires: Instant
  readonly total: bigint
  readonly positions: readonly PositionRow[]
}

/** Orders in one statement. */
const CHUNK = 1_000

/** Orders that do not exist yet. Quotas and vouchers are not asked: a file says what was sold. */
export async function applyOrders(context: EventContext, refs: Refs): Promise<void> {
  const { world, applied } = context
  const list = world.orders ?? []
  if (list.length === 0) return
  const codes = await takenCodes(context, list)
  const lookup = { refs, ...(await readLookup(context)) }
  const orders: OrderRow[] = []
  for (const [index, one] of list.entries()) {
    if (codes.has(one.code)) continue
    codes.add(one.code)
    orders.push(await below(`orders[${index}]`, () => readOrder(context, one, lookup)))
  }
  for (let start = 0; start < orders.length; start += CHUNK)
    await insertOrders(context, orders.slice(start, start + CHUNK))
  applied.created += orders.length
}

async function takenCodes(
  { tx, merchant }: EventContext,
  list: readonly WorldOrder[],
): Promise<Set<string>> {
  const rows = await tx<{ code: string }[]>`
    select code from ticket_orders
    where merchant_id = ${merchant.id} and code = any(${list.map(({ code }) => code)}::text[])`
  return new Set(rows.map(({ code }) => code))
}

/** What positions are checked against. */
type Lookup = {
  readonly refs: Refs
  readonly itemsWithVariations: ReadonlySet<bigint>
  /** Seats by guid and date. */
  readonly seats: ReadonlyMap<string, bigint>
  /** Seats that a live position has; filled while orders are read. */
  readonly sold: Set<bigint>
}

async function readLookup({ tx, merchant, event }: EventContext): Promise<Omit<Lookup, 'refs'>> {
  const items = await tx<{ id: bigint }[]>`
    select distinct item_id as id from ticket_variations
    where merchant_id = ${merchant.id} and event_id = ${event.id}`
  const seats = await tx<{ id: bigint; guid: string; date: bigint | null }[]>`
    select id, seat_guid as guid, subevent_id as date from ticket_seats
    where merchant_id = ${merchant.id} and event_id = ${event.id}`
  const sold = await tx<{ id: bigint }[]>`
    select seat_id as id from ticket_positions
    where merchant_id = ${merchant.id} and event_id = ${event.id} and seat_id is not null
      and holds in ('n', 'p')`
  return {
    itemsWithVariations: new Set(items.map(({ id }) => id)),
    seats: new Map(seats.map(({ id, guid, date }) => [`${date ?? ''} ${guid}`, id])),
    sold: new Set(sold.map(({ id }) => id)),
  }
}

async function readOrder(
  context: EventContext,
  world: WorldOrder,
  lookup: Lookup,
): Promise<OrderRow> {
  const status = world.status ?? 'n'
  const datetime = toInstant('datetime', world.datetime) ?? context.now
  const positions: PositionRow[] = []
  for (const [index, one] of (world.positions ?? []).entries())
    positions.push(
      await below(`positions[${index}]`, () =>
        readPosition(context, one, positions.length + 1, status, lookup),
      ),
    )
  const numbers = new Set(positions.map(({ positionid }) => positionid))
  if (numbers.size < positions.length)
    throw new WorldError('positions', 'have the same positionid twice')
  return {
    code: world.code,
    status,
    testmode: world.testmode ?? false,
    email: world.email ?? undefined,
    datetime,
    expires: toInstant('expires', world.expires) ?? defaultExpiry(datetime, context.event.timezone),
    total: positions.reduce((sum, { canceled, price }) => (canceled ? sum : sum + price), 0n),
    positions,
  }
}

function readPosition(
  { event }: EventContext,
  world: WorldPosition,
  next: number,
  status: OrderRow['status'],
  { refs, itemsWithVariations, seats, sold }: Lookup,
): PositionRow {
  const itemId = resolve(refs.items, world.item, 'item', 'item')
  const variation =
    world.variation == null
      ? undefined
      : resolve(refs.variations, world.variation, 'variation', 'variation')
  if (variation && variation.itemId !== itemId)
    throw new WorldError('variation', `is none of ${world.item}`)
  if (!variation && itemsWithVariations.has(itemId))
    throw new WorldError('variation', `is needed for ${world.item}`)
  if (event.hasSubevents !== (world.subevent != null))
    throw new WorldError(
      'subevent',
      event.hasSubevents ? 'is needed in an event series' : 'needs an event series',
    )
  const subeventId =
    world.subevent == null ? undefined : resolve(refs.subevents, world.subevent, 'subevent', 'date')
  const seatId =
    world.seat == null
      ? undefined
      : resolve(
          new Map([[world.seat, seats.get(`${subeventId ?? ''} ${world.seat}`)]]),
          world.seat,
          'seat',
          'seat',
        )
  const canceled = world.canceled ?? false
  if (seatId !== undefined && !canceled && (status === 'n' || status === 'p')) {
    if (sold.has(seatId)) throw new WorldError('seat', 'is sold already')
    sold.add(seatId)
  }
  return {
    positionid: world.positionid ?? next,
    itemId,
    variationId: variation?.id,
    subeventId,
    seatId,
    price: toPrice('price', world.price),
    canceled,
    attendeeNameParts:
      world.attendee_name == null
        ? '{}'
        : JSON.stringify({ _scheme: 'full', full_name: world.attendee_name }),
    attendeeEmail: world.attendee_email ?? undefined,
    secret: world.secret ?? randomText('abcdefghjkmnpqrstuvwxyz23456789', 32),
    pseudonymizationId: world.pseudonymization_id ?? randomText('ABCDEFGHJKLMNPQRSTUVWXYZ3789', 10),
  }
}

function randomText(alphabet: string, length: number): string {
  let text = ''
  while (text.length < length) text += alphabet.charAt(randomInt(alphabet.length))
  return text
}

async function insertOrders(
  { tx, merchant, event }: EventContext,
  orders: readonly OrderRow[],
): Promise<void> {
  const made = await tx<{ id: bigint; code: string }[]>`
    insert into ticket_orders (merchant_id, event_id, code, status, testmode, secret, email, datetime,
      expires, total, last_modified, cancellation_date)
    select ${merchant.id}, ${event.id}, o.code, o.status, o.testmode, o.secret, o.email, o.datetime,
      o.expires, o.total, o.datetime, case when o.status = 'c' then o.datetime end
    from unnest(
      ${orders.map(({ code }) => code)}::text[], ${orders.map(({ status }) => status)}::text[],
      ${orders.map(({ testmode }) => testmode)}::bool[],
      ${orders.map(() => randomText('abcdefghjkmnpqrstuvwxyz23456789', 16))}::text[],
      ${orders.map(({ email }) => email ?? null)}::text[],
      ${orders.map(({ datetime }) => datetime)}::timestamptz[],
      ${orders.map(({ expires }) => expires)}::timestamptz[],
      ${orders.map(({ total }) => total)}::int8[]
    ) as o (code, status, testmode, secret, email, datetime, expires, total)
    returning id, code`
  const ids = new Map(made.map(({ id, code }) => [code, id]))
  const rows = orders.flatMap((order) =>
    order.positions.map((position) => ({
      ...position,
      orderId: ids.get(order.code) ?? 0n,
      holds: order.status === 'c' || position.canceled ? null : order.status,
    })),
  )
  await tx`
    insert into ticket_positions (merchant_id, event_id, order_id, positionid, item_id, variation_id,
      subevent_id, seat_id, price, canceled, holds, attendee_name_parts, attendee_email, secret,
      pseudonymization_id)
    select ${merchant.id}, ${event.id}, p.* from unnest(
      ${rows.map(({ orderId }) => orderId)}::int8[], ${rows.map(({ positionid }) => positionid)}::int4[],
      ${rows.map(({ itemId }) => itemId)}::int8[], ${rows.map(({ variationId }) => variationId ?? null)}::int8[],
      ${rows.map(({ subeventId }) => subeventId ?? null)}::int8[], ${rows.map(({ seatId }) => seatId ?? null)}::int8[],
      ${rows.map(({ price }) => price)}::int8[], ${rows.map(({ canceled }) => canceled)}::bool[],
      ${rows.map(({ holds }) => holds)}::text[], ${rows.map(({ attendeeNameParts }) => attendeeNameParts)}::text[],
      ${rows.map(({ attendeeEmail }) => attendeeEmail ?? null)}::text[], ${rows.map(({ secret }) => secret)}::text[],
      ${rows.map(({ pseudonymizationId }) => pseudonymizationId)}::text[]) as p`
  const paid = orders.filter(({ status }) => status === 'p')
  await tx`
    insert into ticket_payments (merchant_id, order_id, local_id, state, amount, created_at, payment_date, provider)
    select ${merchant.id}, p.order_id, 1, 'confirmed', p.amount, p.paid_at, p.paid_at,
      case when p.amount = 0 then 'free' else 'manual' end
    from unnest(
      ${paid.map(({ code }) => ids.get(code) ?? 0n)}::int8[], ${paid.map(({ total }) => total)}::int8[],
      ${paid.map(({ datetime }) => datetime)}::timestamptz[]) as p (order_id, amount, paid_at)`
}
