import { type Answer, empty, json } from '../../../http/answer.ts'
import type { Voucher } from '../../../instruments/voucher.ts'
import type { VoucherFilter } from '../../../instruments/voucher-tallies.ts'
import type { Finish } from '../../../services/cards.ts'
import type { Faults } from '../../../wire/fields.ts'
import type { JsonValue } from '../../../wire/json.ts'
import { detail, fail, invalid, notFound } from '../../pretix/errors.ts'
import { listAnswer, readPage, slicePage } from '../../pretix/paging.ts'
import type { AddResource } from '../../pretix/resource.ts'
import { addEventResource, EVENT_PATH, type EventCall, pathId } from '../catalogue-scope.ts'
import { decodeBatch, decodeFilter, decodeOrder, decodeVoucher, referencesIn } from './decode.ts'
import { type BudgetUse, encodeVoucher } from './encode.ts'
import { encodeFault, USED } from './errors.ts'

const NO_VOUCHER = 'No Voucher matches the given query.'
/** 20,000 rows with every field spelled out. */
const BATCH_BYTES_MAX = 32 * 1024 * 1024

/** Reading and writing are two permissions; writing does not need the first (2.2). */
const needs = ({ reads }: { readonly reads: boolean }): string =>
  reads ? 'event.vouchers:read' : 'event.vouchers:write'

/** List, create one or many, retrieve, change, delete (specs/pretix-vouchers.md 6). */
export function addVouchers(add: AddResource): void {
  const path = `${EVENT_PATH}vouchers/`
  addEventResource(add, path, { needs, methods: { GET: list, POST: create } })
  addEventResource(add, `${path}batch_create/`, {
    needs,
    methods: { POST: createBatch },
    bodyLimit: BATCH_BYTES_MAX,
  })
  addEventResource(add, `${path}:id/`, {
    needs,
    methods: { GET: retrieve, PUT: change, PATCH: change, DELETE: remove },
  })
}

const hasBudgets = ({ organizer }: EventCall): boolean =>
  organizer.options.pretix?.voucher_budget === true

/** What is given of budgets, for whom the merchant option shows it. */
async function budgetsOf(
  call: EventCall,
  vouchers: readonly Voucher[],
): Promise<(voucher: Voucher) => BudgetUse | undefined> {
  if (!hasBudgets(call)) return () => undefined
  const ids = vouchers.map(({ id }) => id)
  const used = await call.context.services.vouchers.budgetsUsed(call.organizer.id, ids)
  return ({ id }) => ({ used: used.get(id) ?? 0n })
}

async function list(call: EventCall): Promise<Answer> {
  const { organizer, event, context, query } = call
  const filter = await filterOf(call)
  const listing = await context.services.vouchers.list(organizer.id, event.id, {
    filter,
    order: decodeOrder(query),
  })
  const page = slicePage(readPage(query), listing.count)
  const vouchers = await listing.page(page.offset, page.limit)
  const budgetOf = await budgetsOf(call, vouchers)
  return listAnswer(
    call,
    listing.count,
    page,
    vouchers.map((voucher) => encodeVoucher(voucher, budgetOf(voucher))),
  )
}

async function retrieve(call: EventCall): Promise<Answer> {
  const voucher = await visibleVoucher(call)
  return json(200, encodeVoucher(voucher, (await budgetsOf(call, [voucher]))(voucher)))
}

async function create(call: EventCall): Promise<Answer> {
  const [row] = await decodeAll(call, [call.body()])
  if (!row) throw new Error('a body without a row')
  if ('faults' in row) return invalid(row.faults)
  return await write(
    call,
    [row],
    ([voucher]) => voucher,
    ([faults]) => faults ?? {},
  )
}

/** Rows that are wrong in themselves do not keep the others from being judged (6.3, phase 1). */
async function createBatch(call: EventCall): Promise<Answer> {
  const batch = decodeBatch(call.body())
  if ('faults' in batch) return invalid(batch.faults)
  const rows = await decodeAll(call, batch.rows)
  return await write(
    call,
    rows,
    (vouchers) => vouchers,
    (faults) => faults,
  )
}

type Row = Awaited<ReturnType<typeof decodeAll>>[number]

async function decodeAll(call: EventCall, bodies: readonly JsonValue[]) {
  const { organizer, event, context } = call
  const references = referencesIn(bodies)
  const known = await context.services.vouchers.known(organizer.id, event.id, references)
  // A date of another event is as unknown as one of nobody (section 3).
  const dates = { ...known, subevents: known.dates }
  return bodies.map((body) => decodeVoucher(body, dates, { budget: hasBudgets(call) }))
}

/** Creates all or nothing; `shape` and `shapeFaults` make one of a list, or leave the list. */
async function write(
  call: EventCall,
  rows: readonly Row[],
  shape: (vouchers: readonly unknown[]) => unknown,
  shapeFaults: (faults: readonly Faults[]) => Faults | readonly Faults[],
): Promise<Answer> {
  const { organizer, event, context } = call
  const budget = hasBudgets(call) ? { used: 0n } : undefined
  const encode = (vouchers: readonly Voucher[]) =>
    json(201, shape(vouchers.map((voucher) => encodeVoucher(voucher, budget))))
  const { answer, finish } = remembering(call, encode)
  const wishes = rows.map((row) => ('value' in row ? row.value : undefined))
  const outcome = await context.services.vouchers.create(organizer.id, event, wishes, finish)
  if ('done' in outcome) return answer() ?? encode(outcome.done)
  const faults = rows.map((row, index) => {
    if ('faults' in row) return row.faults
    const fault = outcome.faults[index]
    return fault ? encodeFault(fault) : {}
  })
  return invalid(shapeFaults(faults))
}

/** PUT is PATCH: what is not given is left as it is (6.4). */
async function change(call: EventCall): Promise<Answer> {
  const { organizer, event, context } = call
  const visible = await visibleVoucher(call)
  const [row] = await decodeAll(call, [call.body()])
  if (!row) throw new Error('a body without a row')
  if ('faults' in row) return invalid(row.faults)
  const budgetOf = await budgetsOf(call, [visible])
  const encode = (voucher: Voucher) => json(200, encodeVoucher(voucher, budgetOf(voucher)))
  const { answer, finish } = remembering(call, encode)
  const outcome = await context.services.vouchers.update(
    organizer.id,
    event,
    visible.id,
    row.value,
    finish,
  )
  if ('refused' in outcome) return notFound(NO_VOUCHER)
  if ('fault' in outcome) return invalid(encodeFault(outcome.fault))
  return answer() ?? encode(outcome.done)
}

async function remove(call: EventCall): Promise<Answer> {
  const { organizer, event, context } = call
  const visible = await visibleVoucher(call)
  const { answer, finish } = remembering(call, () => empty(204))
  const outcome = await context.services.vouchers.remove(organizer.id, event.id, visible.id, finish)
  if ('done' in outcome) return answer() ?? empty(204)
  return outcome.refused === 'used' ? detail(403, USED) : notFound(NO_VOUCHER)
}

/** Stores the answer of a write in the commit of the write. */
function remembering<T>(call: EventCall, encode: (result: T) => Answer) {
  let answer: Answer | undefined
  const finish: Finish<T> = async (tx, result) => {
    answer = encode(result)
    const remembered = call.remember(answer)
    if (remembered) await call.context.services.idempotency.save(tx, remembered)
  }
  return { answer: () => answer, finish }
}

/** The voucher of the path, if it is of this event and passes the filters of the query (0.2). */
async function visibleVoucher(call: EventCall): Promise<Voucher> {
  const { organizer, event, context } = call
  const id = pathId(call, 'id', 'Voucher')
  const filter = await filterOf(call)
  const voucher = await context.services.vouchers.find(organizer.id, event.id, id, filter)
  return voucher ?? fail(notFound(NO_VOUCHER))
}

/** The filters of the query; an id that exists nowhere in the organizer is a fault (trap 28). */
async function filterOf({ organizer, event, context, query }: EventCall): Promise<VoucherFilter> {
  const { filters, filter } = decodeFilter(query)
  const named = [
    ['item', 'items', filter.itemId],
    ['variation', 'variations', filter.variationId],
    ['quota', 'quotas', filter.quotaId],
    ['subevent', 'subevents', filter.subeventId],
  ] as const
  if (named.some(([, , id]) => id !== undefined)) {
    const ids = (wanted: string) =>
      named.flatMap(([, kind, id]) => (kind === wanted && id !== undefined ? [id] : []))
    const known = await context.services.vouchers.known(organizer.id, event.id, {
      items: ids('items'),
      variations: ids('variations'),
      quotas: ids('quotas'),
      subevents: ids('subevents'),
    })
    for (const [name, kind, id] of named)
      if (id !== undefined && !known[kind].has(id)) filters.addUnknown(name)
  }
  return filters.ok ? filter : fail(invalid(filters.faults))
}
