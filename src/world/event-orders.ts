import { randomInt } from 'node:crypto'
import type { Refs } from '../commerce/catalogue-refs.ts'
import { defaultExpiry } from '../commerce/ticket-expiry.ts'
import { seatName } from '../commerce/ticket-order-rules.ts'
import { drawOrderIds, insertOrders, takenOrderCodes } from '../commerce/ticket-order-writes.ts'
import type {
  OrderPayment,
  OrderPosition,
  OrderStatus,
  TicketOrder,
} from '../commerce/ticket-orders.ts'
import type { Instant } from '../money/instant.ts'
import { createZone, type Zone } from '../money/zone.ts'
import { WorldError } from './error.ts'
import { readSeats, type StoredSeat, seatKey } from './event-seats.ts'
import { below, resolve, toInstant, toPrice } from './event-values.ts'
import type { EventContext } from './events.ts'
import type { WorldEvent } from './schema.ts'

type WorldOrder = NonNullable<WorldEvent['orders']>[number]
type WorldPosition = NonNullable<WorldOrder['positions']>[number]

type PositionDraft = Omit<OrderPosition, 'id'>
type OrderDraft = Omit<TicketOrder, 'id' | 'positions'> & {
  readonly positions: readonly PositionDraft[]
}

/** Orders in one statement. */
const CHUNK = 1_000

/** Orders that do not exist yet. Quotas and vouchers are not asked: a file says what was sold. */
export async function applyOrders(context: EventContext, refs: Refs): Promise<void> {
  const { tx, merchant, world, applied } = context
  const list = world.orders ?? []
  if (list.length === 0) return
  const codes = await takenOrderCodes(
    tx,
    merchant.id,
    list.map(({ code }) => code),
  )
  const lookup = { refs, ...(await readLookup(context)) }
  const orders: OrderDraft[] = []
  for (const [index, one] of list.entries()) {
    if (codes.has(one.code)) continue
    codes.add(one.code)
    orders.push(await below(`orders[${index}]`, () => readOrder(context, one, lookup)))
  }
  for (let start = 0; start < orders.length; start += CHUNK)
    await writeOrders(context, orders.slice(start, start + CHUNK))
  applied.created += orders.length
}

/** What positions are checked against. */
type Lookup = {
  readonly refs: Refs
  readonly zone: Zone
  /** What everything costs that can be sold: variations, and items that have none. */
  readonly prices: ReadonlyMap<string, bigint>
  /** Seats by guid and date. */
  readonly seats: ReadonlyMap<string, StoredSeat>
  /** Seats that a live position has; filled while orders are read. */
  readonly sold: Set<bigint>
}

const priceKey = (itemId: bigint, variationId: bigint | null | undefined): string =>
  `${itemId} ${variationId ?? ''}`

async function readLookup(context: EventContext): Promise<Omit<Lookup, 'refs'>> {
  const { tx, merchant, event } = context
  const sellable = await tx<{ itemId: bigint; variationId: bigint | null; price: bigint }[]>`
    select i.id as "itemId", v.id as "variationId", coalesce(v.default_price, i.default_price) as price
    from ticket_items i
    left join ticket_variations v on v.merchant_id = i.merchant_id and v.item_id = i.id
    where i.merchant_id = ${merchant.id} and i.event_id = ${event.id}`
  const sold = await tx<{ id: bigint }[]>`
    select seat_id as id from ticket_positions
    where merchant_id = ${merchant.id} and event_id = ${event.id} and seat_id is not null
      and holds in ('n', 'p')`
  return {
    zone: createZone(event.timezone),
    prices: new Map(
      sellable.map(({ itemId, variationId, price }) => [priceKey(itemId, variationId), price]),
    ),
    seats: await readSeats(context),
    sold: new Set(sold.map(({ id }) => id)),
  }
}

async function readOrder(
  context: EventContext,
  world: WorldOrder,
  lookup: Lookup,
): Promise<OrderDraft> {
  const status = world.status ?? 'n'
  const datetime = toInstant('datetime', world.datetime) ?? context.now
  const positions: PositionDraft[] = []
  for (const [index, one] of (world.positions ?? []).entries())
    positions.push(
      await below(`positions[${index}]`, () =>
        readPosition(context, one, positions.length + 1, status, lookup),
      ),
    )
  const numbers = new Set(positions.map(({ positionid }) => positionid))
  if (numbers.size < positions.length)
    throw new WorldError('positions', 'have the same positionid twice')
  const total = positions.reduce((sum, { canceled, price }) => (canceled ? sum : sum + price), 0n)
  return {
    eventId: context.event.id,
    code: world.code,
    status,
    testmode: world.testmode ?? false,
    secret: randomText(SECRET_ALPHABET, 16),
    email: world.email ?? undefined,
    locale: 'en',
    salesChannel: 'web',
    datetime,
    expires: toInstant('expires', world.expires) ?? defaultExpiry(datetime, lookup.zone),
    total,
    comment: '',
    lastModified: datetime,
    cancellationDate: status === 'c' ? datetime : undefined,
    positions,
    fees: [],
    payments: paymentOf(status, total, datetime),
    refunds: [],
  }
}

function readPosition(
  { event }: EventContext,
  world: WorldPosition,
  next: number,
  status: OrderStatus,
  { refs, prices, seats, sold }: Lookup,
): PositionDraft {
  const itemId = resolve(refs.items, world.item, 'item', 'item')
  const variation =
    world.variation == null
      ? undefined
      : resolve(refs.variations, world.variation, 'variation', 'variation')
  if (variation && variation.itemId !== itemId)
    throw new WorldError('variation', `is none of ${world.item}`)
  const price = prices.get(priceKey(itemId, variation?.id))
  if (price === undefined) throw new WorldError('variation', `is needed for ${world.item}`)
  if (event.hasSubevents !== (world.subevent != null))
    throw new WorldError(
      'subevent',
      event.hasSubevents ? 'is needed in an event series' : 'needs an event series',
    )
  const subeventId =
    world.subevent == null ? undefined : resolve(refs.subevents, world.subevent, 'subevent', 'date')
  const seat = world.seat == null ? undefined : findSeat(seats, subeventId, world.seat)
  const canceled = world.canceled ?? false
  if (seat && !canceled && (status === 'n' || status === 'p')) {
    if (sold.has(seat.id)) throw new WorldError('seat', 'is sold already')
    sold.add(seat.id)
  }
  return {
    positionid: world.positionid ?? next,
    itemId,
    variationId: variation?.id,
    subeventId,
    seat: seat && { ...seat, name: seatName(seat) },
    price: toPrice('price', world.price) ?? price,
    voucherId: undefined,
    voucherBudgetUse: undefined,
    canceled,
    holds: canceled || status === 'c' ? undefined : status,
    attendeeNameParts:
      world.attendee_name == null
        ? '{}'
        : JSON.stringify({ _scheme: 'full', full_name: world.attendee_name }),
    attendeeEmail: world.attendee_email ?? undefined,
    addonTo: undefined,
    secret: world.secret ?? randomText(SECRET_ALPHABET, 32),
    pseudonymizationId: world.pseudonymization_id ?? randomText(PSEUDONYM_ALPHABET, 10),
  }
}

function findSeat(
  seats: Lookup['seats'],
  subeventId: bigint | undefined,
  guid: string,
): StoredSeat {
  const seat = seats.get(seatKey(subeventId, guid))
  if (!seat) throw new WorldError('seat', `there is no seat ${guid} here`)
  return seat
}

/** No letters and digits that are read for one another. */
const SECRET_ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'
const PSEUDONYM_ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ3789'

function randomText(alphabet: string, length: number): string {
  let text = ''
  while (text.length < length) text += alphabet.charAt(randomInt(alphabet.length))
  return text
}

/** Gives everything its id and writes it; a paid order has a payment, as every paid order has. */
async function writeOrders(
  { tx, merchant }: EventContext,
  drafts: readonly OrderDraft[],
): Promise<void> {
  const ids = await drawOrderIds(tx, {
    orders: drafts.length,
    positions: drafts.reduce((sum, { positions }) => sum + positions.length, 0),
    fees: 0,
  })
  const orders = drafts.map(
    (draft): TicketOrder => ({
      ...draft,
      id: ids.orders.shift() ?? 0n,
      positions: draft.positions.map((position) => ({
        ...position,
        id: ids.positions.shift() ?? 0n,
      })),
    }),
  )
  await insertOrders(tx, merchant.id, orders)
}

const paymentOf = (status: OrderStatus, total: bigint, paidAt: Instant): OrderPayment[] =>
  status === 'p'
    ? [
        {
          localId: 1,
          state: 'confirmed',
          amount: total,
          createdAt: paidAt,
          paymentDate: paidAt,
          provider: total === 0n ? 'free' : 'manual',
          info: '{}',
          cardMerchantId: undefined,
          cardId: undefined,
          entryId: undefined,
        },
      ]
    : []
