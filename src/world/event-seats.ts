import { insertSeats, type Refs, type SeatRow, updateSeats } from '../commerce/catalogue-refs.ts'
import { fromRow, type Row } from '../commerce/catalogue-rows.ts'
import { WorldError } from './error.ts'
import { below, given, resolve, says } from './event-values.ts'
import type { EventContext } from './events.ts'
import type { WorldEvent } from './schema.ts'

type WorldSeat = NonNullable<WorldEvent['seats']>[number]
export type StoredSeat = SeatRow & { readonly id: bigint }

/** Rows in one statement. */
const CHUNK = 2_000

/** Seats, found again by their guid and date; a seat that is named twice is what is said last. */
export async function applySeats(context: EventContext, refs: Refs): Promise<void> {
  const { tx, merchant, event, world, applied } = context
  const list = world.seats ?? []
  if (list.length === 0) return
  const stored = await readSeats(context)
  const made = new Map<string, SeatRow>()
  const changed = new Map<string, StoredSeat>()
  for (const [index, one] of list.entries())
    await below(`seats[${index}]`, () => {
      const { subeventId, itemId } = refer(context, one, refs)
      const key = seatKey(subeventId, one.seat_guid)
      const said = given<SeatRow>({
        zoneName: one.zone_name,
        rowName: one.row_name,
        rowLabel: one.row_label,
        seatNumber: one.seat_number,
        seatLabel: one.seat_label,
        itemId,
        blocked: one.blocked,
      })
      const before = changed.get(key) ?? stored.get(key)
      if (before) {
        if (!says(before, said)) changed.set(key, { ...before, ...said })
      } else
        made.set(key, {
          ...(made.get(key) ?? SEAT_DEFAULTS),
          ...said,
          subeventId,
          guid: one.seat_guid,
        })
    })
  for (const rows of chunks([...made.values()])) await insertSeats(tx, merchant.id, event.id, rows)
  for (const rows of chunks([...changed.values()])) await updateSeats(tx, merchant.id, rows)
  applied.created += made.size
  applied.updated += list.length - made.size
}

const SEAT_DEFAULTS: Omit<SeatRow, 'subeventId' | 'guid'> = {
  zoneName: '',
  rowName: '',
  rowLabel: undefined,
  seatNumber: '',
  seatLabel: undefined,
  itemId: undefined,
  blocked: false,
}

/** A guid is unique in the event, in a series in its date. */
export const seatKey = (subeventId: bigint | undefined, guid: string): string =>
  `${subeventId ?? ''} ${guid}`

function refer({ event }: EventContext, { item, subevent }: WorldSeat, refs: Refs) {
  if (event.hasSubevents && subevent == null)
    throw new WorldError('subevent', 'is needed in an event series')
  if (!event.hasSubevents && subevent != null)
    throw new WorldError('subevent', 'needs an event series')
  return {
    subeventId:
      subevent == null ? undefined : resolve(refs.subevents, subevent, 'subevent', 'date'),
    itemId: typeof item === 'string' ? resolve(refs.items, item, 'item', 'item') : item,
  }
}

/** The seats that the event has, by guid and date. */
export async function readSeats({
  tx,
  merchant,
  event,
}: EventContext): Promise<Map<string, StoredSeat>> {
  const rows = await tx<Row<StoredSeat>[]>`
    select id, subevent_id as "subeventId", seat_guid as guid, zone_name as "zoneName",
      row_name as "rowName", row_label as "rowLabel", seat_number as "seatNumber",
      seat_label as "seatLabel", item_id as "itemId", blocked
    from ticket_seats where merchant_id = ${merchant.id} and event_id = ${event.id}`
  const seats = rows.map((row) => fromRow<StoredSeat>(row))
  return new Map(seats.map((seat) => [seatKey(seat.subeventId, seat.guid), seat]))
}

function* chunks<T>(rows: readonly T[]): Iterable<readonly T[]> {
  for (let start = 0; start < rows.length; start += CHUNK) yield rows.slice(start, start + CHUNK)
}
