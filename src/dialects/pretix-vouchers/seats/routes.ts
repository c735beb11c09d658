import type { Seat } from '../../../commerce/catalogue.ts'
import type { SeatFilter, SeatPlace } from '../../../commerce/catalogue-seats.ts'
import type { Answer } from '../../../http/answer.ts'
import { can } from '../../pretix/auth.ts'
import { fail, forbidden, notFound } from '../../pretix/errors.ts'
import type { AddResource } from '../../pretix/resource.ts'
import { noMatch } from '../catalogue-errors.ts'
import {
  accept,
  addEventResource,
  answerList,
  answerWrite,
  EVENT_PATH,
  type EventCall,
  ok,
  pathId,
  writesNeed,
} from '../catalogue-scope.ts'
import { Filters } from '../query.ts'
import { encodeVoucher } from '../vouchers/encode.ts'
import { decodeSeat } from './decode.ts'
import { encodeSeat } from './encode.ts'

const MODEL = 'Seat'

/** Seats, of the event itself or of a date of a series; only `blocked` can be changed. */
export function addSeats(add: AddResource): void {
  const needs = writesNeed('event.settings.general:write')
  for (const path of [`${EVENT_PATH}seats/`, `${EVENT_PATH}subevents/:subevent/seats/`]) {
    addEventResource(add, path, { needs, methods: { GET: list } })
    addEventResource(add, `${path}:id/`, { needs, methods: { GET: retrieve, PATCH: change } })
  }
}

/** Whose seats the path means: each kind of event has an endpoint of its own (0.2). */
async function placeOf(call: EventCall): Promise<SeatPlace> {
  const { event, params } = call
  if (params.subevent === undefined) {
    if (event.hasSubevents) fail(notFound('Please use the subevent-specific endpoint'))
    return { eventId: event.id, subeventId: undefined }
  }
  if (!event.hasSubevents) fail(notFound('This event has no subevents'))
  const id = pathId(call, 'subevent', 'SubEvent')
  const date = await call.context.services.catalogue.subevents.find(call.organizer.id, event.id, id)
  return date ? { eventId: event.id, subeventId: date.id } : noMatch('SubEvent')
}

const TEXT_FILTERS = {
  zone_name: 'zoneName',
  row_name: 'rowName',
  row_label: 'rowLabel',
  seat_number: 'seatNumber',
  seat_label: 'seatLabel',
  seat_guid: 'guid',
} as const satisfies Record<string, keyof SeatFilter>

function filterOf(call: EventCall): SeatFilter {
  const filters = new Filters(call.query)
  const texts = Object.entries(TEXT_FILTERS).flatMap(([name, key]) => {
    const value = filters.text(name)
    return value === undefined ? [] : [[key, value] as const]
  })
  const blocked = filters.flag('blocked')
  return { ...Object.fromEntries(texts), ...(blocked === undefined ? {} : { blocked }) }
}

/**
 * How these seats are shown: `expand=voucher` puts vouchers in place of their ids. Read before a unit of
 * work begins: within one it would wait for a second connection.
 */
async function encoderFor(
  call: EventCall,
  seats: readonly Seat[],
): Promise<(seat: Seat) => unknown> {
  if (!isExpanded(call)) return (seat) => encodeSeat(seat)
  const vouchers = await call.context.services.catalogue.seats.vouchers(
    call.organizer.id,
    call.event.id,
    seats.flatMap(({ voucherId }) => voucherId ?? []),
  )
  const withBudget = call.organizer.options.pretix?.voucher_budget === true
  const encoded = new Map(
    vouchers.map(({ voucher, used }) => [
      voucher.id,
      encodeVoucher(voucher, withBudget ? { used } : undefined),
    ]),
  )
  return (seat) => encodeSeat(seat, encoded.get(seat.voucherId ?? 0n))
}

/** Whether vouchers are shown in full; refuses who may not see them. */
function isExpanded(call: EventCall): boolean {
  if (!call.queryAll('expand').includes('voucher')) return false
  return can(call.principal, 'event.vouchers:read') || fail(forbidden())
}

async function list(call: EventCall): Promise<Answer> {
  const { seats } = call.context.services.catalogue
  isExpanded(call)
  const place = await placeOf(call)
  const filter = filterOf(call)
  return await answerList(
    call,
    await seats.count(call.organizer.id, place, filter),
    async (page) => {
      const rows = await seats.list(call.organizer.id, place, filter, page)
      const encode = await encoderFor(call, rows)
      return rows.map(encode)
    },
    (row) => row,
  )
}

async function visible(call: EventCall, place: SeatPlace): Promise<Seat> {
  const id = pathId(call, 'id', MODEL)
  const { seats } = call.context.services.catalogue
  return (await seats.find(call.organizer.id, place, id, filterOf(call))) ?? noMatch(MODEL)
}

async function retrieve(call: EventCall): Promise<Answer> {
  isExpanded(call)
  const seat = await visible(call, await placeOf(call))
  const encode = await encoderFor(call, [seat])
  return ok(encode(seat))
}

async function change(call: EventCall): Promise<Answer> {
  const { seats } = call.context.services.catalogue
  isExpanded(call)
  const place = await placeOf(call)
  const seat = await visible(call, place)
  const { blocked } = accept(decodeSeat(call.body()))
  const encode = await encoderFor(call, [seat])
  return await answerWrite<Seat>(
    call,
    MODEL,
    (finish) => seats.setBlocked(call.organizer.id, place, seat.id, blocked, finish),
    (changed) => ok(encode(changed)),
  )
}
