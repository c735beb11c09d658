import type { OrderFilter, OrderStatus, TicketOrder } from '../../../commerce/ticket-orders.ts'
import type { CodedPosition } from '../../../commerce/ticket-positions.ts'
import { type Answer, json } from '../../../http/answer.ts'
import { formatUtc } from '../../../wire/dates.ts'
import type { Faults } from '../../../wire/fields.ts'
import { detail, fail, invalid, notFound } from '../../pretix/errors.ts'
import { listAnswer, readPage, slicePage } from '../../pretix/paging.ts'
import type { AddResource } from '../../pretix/resource.ts'
import {
  accept,
  addEventResource,
  answerList,
  EVENT_PATH,
  type EventCall,
  pathId,
} from '../catalogue-scope.ts'
import { Filters, readOrdering } from '../query.ts'
import { NO_ORDER, orderCodeOf } from './code.ts'
import { type DecodedOrder, decodeCancel, decodeOrder } from './decode.ts'
import { encodeOrder, encodePosition } from './encode.ts'
import { anyFault, CODE_TAKEN, encodeReferences, orderRefused } from './errors.ts'
import { needsOrders } from './permission.ts'

const STATUSES = ['n', 'p', 'e', 'c'] as const satisfies readonly OrderStatus[]

/** List, create, retrieve and cancel orders (specs/pretix-vouchers.md 10.1). */
export function addOrders(add: AddResource): void {
  const path = `${EVENT_PATH}orders/`
  const needs = needsOrders
  addEventResource(add, path, { needs, methods: { GET: list, POST: create } })
  addEventResource(add, `${path}:code/`, { needs, methods: { GET: retrieve } })
  addEventResource(add, `${path}:code/mark_canceled/`, { needs, methods: { POST: cancel } })
  const positions = `${EVENT_PATH}orderpositions/`
  addEventResource(add, positions, { needs, methods: { GET: listPositions } })
  addEventResource(add, `${positions}:id/`, { needs, methods: { GET: retrievePosition } })
}

async function list(call: EventCall): Promise<Answer> {
  const { organizer, event, context, query } = call
  const { ticketOrders } = context.services
  const filter = await filterOf(call)
  const count = await ticketOrders.count(organizer.id, event.id, filter)
  const page = slicePage(readPage(query), count)
  const [order] = readOrdering(query, ['datetime'])
  const descending = order?.descending ?? false
  const generated = context.now()
  const orders =
    count === 0 ? [] : await ticketOrders.list(organizer.id, event.id, filter, descending, page)
  return listAnswer(
    call,
    count,
    page,
    orders.map((one) => encode(call, one)),
    { 'x-page-generated': formatUtc(generated) },
  )
}

async function retrieve(call: EventCall): Promise<Answer> {
  const { organizer, event, context } = call
  const filter = await filterOf(call)
  const order = await context.services.ticketOrders.find(
    organizer.id,
    event.id,
    orderCodeOf(call),
    filter,
  )
  return order ? json(200, encode(call, order)) : notFound(NO_ORDER)
}

async function create(call: EventCall): Promise<Answer> {
  const { organizer, event, context, principal } = call
  const decoded = decodeOrder(call.body(), context.now())
  if ('wrong' in decoded) return invalid(decoded.wrong)
  if (isFaulty(decoded)) return invalid(await allFaults(call, decoded))
  let answer: Answer | undefined
  const outcome = await context.services.ticketOrders.create({
    merchant: organizer,
    issuers: await context.services.merchants.listIssuers(organizer),
    event,
    credentialId: principal.credentialId,
    draft: decoded.draft,
    simulate: decoded.simulate,
    remember: (order) => {
      answer = json(201, encode(call, order))
      return call.remember(answer)
    },
  })
  if ('refused' in outcome) return orderRefused(outcome.refused, decoded.positions.rows)
  return answer ?? json(201, encode(call, outcome.order))
}

const isFaulty = ({ faults, positions }: DecodedOrder): boolean =>
  Object.keys(faults).length > 0 ||
  positions.list !== undefined ||
  positions.numbering !== undefined ||
  anyFault(positions.rows.map((row) => row.faults))

/** All failing fields are said together: what a body names is looked up even if it is wrong elsewhere. */
async function allFaults(
  { organizer, event, context }: EventCall,
  { draft, faults, positions }: DecodedOrder,
): Promise<Faults> {
  const { list: wrong, rows, numbering } = positions
  const judged = await context.services.ticketOrders.judge(
    organizer.id,
    event,
    rows.map(({ references }) => references),
    rows.map((row) => Object.keys(row.faults).length > 0),
    draft.code,
  )
  const own = rows.map((row, index) => ({
    ...row.faults,
    ...encodeReferences(judged.positions[index] ?? {}, row.raw),
  }))
  const said = wrong ?? (anyFault(own) ? own : numbering)
  return {
    ...faults,
    ...(judged.codeTaken && { code: [CODE_TAKEN] }),
    ...(said !== undefined && { positions: said }),
  }
}

async function cancel(call: EventCall): Promise<Answer> {
  const { organizer, event, context } = call
  const { ticketOrders } = context.services
  const code = orderCodeOf(call)
  if (!(await ticketOrders.find(organizer.id, event.id, code))) return notFound(NO_ORDER)
  const fee = accept(decodeCancel(call.body()))
  let answer: Answer | undefined
  const command = { merchantId: organizer.id, eventId: event.id, code, fee }
  const outcome = await ticketOrders.cancel(command, async (tx, order) => {
    answer = json(200, encode(call, order))
    const remembered = call.remember(answer)
    if (remembered) await context.services.idempotency.save(tx, remembered)
  })
  if ('order' in outcome) return answer ?? json(200, encode(call, outcome.order))
  switch (outcome.refused) {
    case 'not_found':
      return notFound(NO_ORDER)
    case 'not_cancelable':
      return detail(400, 'The order is not allowed to be canceled.')
    case 'fee_above_total':
      return detail(
        400,
        'The cancellation fee cannot be higher than the total amount of this order.',
      )
  }
}

function encode(call: EventCall, order: TicketOrder) {
  const { organizer, event, context, request } = call
  return encodeOrder(order, {
    event: event.slug,
    url: `${context.publicUrl(request)}/${organizer.slug}/${event.slug}/order`,
    canceledToo: wantsCanceled(call),
  })
}

async function filterOf(call: EventCall): Promise<OrderFilter> {
  const { query } = call
  const filters = new Filters(query)
  const code = filters.text('code')
  const status = filters.choice('status', STATUSES)
  const email = filters.text('email')
  const itemId = await knownItem(call, filters)
  if (!filters.ok) return fail(invalid(filters.faults))
  return {
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    ...(email !== undefined && { email }),
    ...(itemId !== undefined && { itemId }),
  }
}

const encodeCoded = (position: CodedPosition) => encodePosition(position, position.orderCode)

/** Canceled positions are left out unless they are asked for. */
const wantsCanceled = ({ query }: EventCall): boolean =>
  query.get('include_canceled_positions') === 'true'

async function listPositions(call: EventCall): Promise<Answer> {
  const { organizer, event, context, query } = call
  const { ticketOrders } = context.services
  const filters = new Filters(query)
  const orderCode = filters.text('order')
  const itemId = await knownItem(call, filters)
  if (!filters.ok) return invalid(filters.faults)
  const filter = {
    ...(orderCode !== undefined && { orderCode }),
    ...(itemId !== undefined && { itemId }),
    canceledToo: wantsCanceled(call),
  }
  const count = await ticketOrders.countPositions(organizer.id, event.id, filter)
  return await answerList(
    call,
    count,
    (page) => ticketOrders.listPositions(organizer.id, event.id, filter, page),
    encodeCoded,
  )
}

async function retrievePosition(call: EventCall): Promise<Answer> {
  const { organizer, event, context } = call
  const filter = { id: pathId(call, 'id', 'OrderPosition'), canceledToo: wantsCanceled(call) }
  const page = { limit: 1, offset: 0 }
  const { ticketOrders } = context.services
  const [position] = await ticketOrders.listPositions(organizer.id, event.id, filter, page)
  return position
    ? json(200, encodeCoded(position))
    : notFound('No OrderPosition matches the given query.')
}

/** The product to narrow by; one that exists nowhere in the organizer is a fault (trap 28). */
async function knownItem(
  { organizer, context }: EventCall,
  filters: Filters,
): Promise<bigint | undefined> {
  const itemId = filters.id('item')
  if (itemId === undefined) return undefined
  const known = await context.services.catalogue.known(organizer.id, { items: [itemId] })
  if (!known.items.has(itemId)) filters.addUnknown('item')
  return itemId
}
