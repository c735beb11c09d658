import type { Quota, QuotaFields } from '../../../commerce/catalogue.ts'
import type { QuotaFilter } from '../../../commerce/catalogue-quotas.ts'
import type { Answer } from '../../../http/answer.ts'
import { fail, invalid } from '../../pretix/errors.ts'
import type { AddResource } from '../../pretix/resource.ts'
import { noMatch } from '../catalogue-errors.ts'
import {
  accept,
  addEventResource,
  answerList,
  answerWrite,
  created,
  deleted,
  EVENT_PATH,
  type EventCall,
  ok,
  pathId,
  writesNeed,
} from '../catalogue-scope.ts'
import { Filters, readOrdering } from '../query.ts'
import { decodeQuota, QUOTA_DEFAULTS, referencesIn } from './decode.ts'
import { encodeAvailability, encodeQuota } from './encode.ts'

const MODEL = 'Quota'

/** Quotas, and how much is left of each. */
export function addQuotas(add: AddResource): void {
  const needs = writesNeed('event.items:write')
  addEventResource(add, `${EVENT_PATH}quotas/`, { needs, methods: { GET: list, POST: create } })
  addEventResource(add, `${EVENT_PATH}quotas/:id/`, {
    needs,
    methods: {
      GET: retrieve,
      PUT: (call) => change(call, false),
      PATCH: (call) => change(call, true),
      DELETE: remove,
    },
  })
  addEventResource(add, `${EVENT_PATH}quotas/:id/availability/`, {
    needs,
    methods: { GET: availability },
  })
}

async function filterOf(call: EventCall): Promise<QuotaFilter> {
  const filters = new Filters(call.query)
  const subeventId = filters.id('subevent')
  if (subeventId === undefined) return {}
  const { subevents } = await call.context.services.catalogue.known(call.organizer.id, {
    subevents: [subeventId],
  })
  if (!subevents.has(subeventId)) filters.addUnknown('subevent')
  if (!filters.ok) fail(invalid(filters.faults))
  return { subeventId }
}

async function list(call: EventCall): Promise<Answer> {
  const { quotas } = call.context.services.catalogue
  const filter = await filterOf(call)
  const order = readOrdering(call.query, ['id', 'size'])
  const withAvailability = call.query.get('with_availability') === 'true'
  return await answerList(
    call,
    await quotas.count(call.organizer.id, call.event.id, filter),
    async (page) => {
      const rows = await quotas.list(call.organizer.id, call.event.id, filter, order, page)
      if (!withAvailability) return rows.map(encodeQuota)
      const uses = await quotas.uses(call.organizer.id, call.event.id, rows)
      return rows.map((quota, index) => {
        const use = uses[index]
        if (!use) throw new Error('a quota that was not counted')
        const { available, available_number } = encodeAvailability(quota, use)
        return { ...encodeQuota(quota), available, available_number }
      })
    },
    (row) => row,
  )
}

async function decode(call: EventCall, mode: { partial: boolean }) {
  const body = call.body()
  const known = await call.context.services.catalogue.known(call.organizer.id, referencesIn(body))
  return accept(
    decodeQuota(body, mode, {
      item: (id) => known.items.has(id),
      variation: (id) => known.variations.has(id),
      subevent: (id) => known.subevents.has(id),
    }),
  )
}

async function create(call: EventCall): Promise<Answer> {
  const { quotas } = call.context.services.catalogue
  const given = await decode(call, { partial: false })
  const fields = { ...QUOTA_DEFAULTS, ...given } as QuotaFields // What has no default is required.
  return await answerWrite<Quota>(
    call,
    MODEL,
    (finish) => quotas.create(call.organizer.id, call.event, fields, finish),
    (quota) => created(encodeQuota(quota)),
  )
}

/** The quota of the path, if it passes the filters of the query. */
async function visible(call: EventCall): Promise<Quota> {
  const filter = await filterOf(call)
  const id = pathId(call, 'id', MODEL)
  const { quotas } = call.context.services.catalogue
  return (await quotas.find(call.organizer.id, call.event.id, id, filter)) ?? noMatch(MODEL)
}

const retrieve = async (call: EventCall): Promise<Answer> => ok(encodeQuota(await visible(call)))

async function availability(call: EventCall): Promise<Answer> {
  const quota = await visible(call)
  const { quotas } = call.context.services.catalogue
  const [use] = await quotas.uses(call.organizer.id, call.event.id, [quota])
  if (!use) throw new Error('a quota that was not counted')
  return ok(encodeAvailability(quota, use))
}

async function change(call: EventCall, partial: boolean): Promise<Answer> {
  const { quotas } = call.context.services.catalogue
  const { id } = await visible(call)
  const changes = await decode(call, { partial })
  return await answerWrite<Quota>(
    call,
    MODEL,
    (finish) => quotas.update(call.organizer.id, call.event, id, changes, finish),
    (quota) => ok(encodeQuota(quota)),
  )
}

async function remove(call: EventCall): Promise<Answer> {
  const { quotas } = call.context.services.catalogue
  const { id } = await visible(call)
  return await answerWrite<void>(
    call,
    MODEL,
    (finish) => quotas.remove(call.organizer.id, call.event.id, id, finish),
    deleted,
  )
}
