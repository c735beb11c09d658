import type { Subevent, SubeventFields } from '../../../commerce/catalogue.ts'
import type { SubeventFilter } from '../../../commerce/catalogue-subevents.ts'
import type { Answer } from '../../../http/answer.ts'
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
import { decodeSubevent, referencesIn, SUBEVENT_DEFAULTS } from './decode.ts'
import { encodeSubevent } from './encode.ts'

const MODEL = 'SubEvent'

/** Dates of an event series. */
export function addSubevents(add: AddResource): void {
  const needs = writesNeed('event.subevents:write')
  addEventResource(add, `${EVENT_PATH}subevents/`, { needs, methods: { GET: list, POST: create } })
  addEventResource(add, `${EVENT_PATH}subevents/:id/`, {
    needs,
    methods: {
      GET: retrieve,
      PUT: (call) => change(call, false),
      PATCH: (call) => change(call, true),
      DELETE: remove,
    },
  })
}

function filterOf(call: EventCall): SubeventFilter {
  const filters = new Filters(call.query)
  const [active, isPublic] = [filters.flag('active'), filters.flag('is_public')]
  return {
    ...(active === undefined ? {} : { active }),
    ...(isPublic === undefined ? {} : { isPublic }),
  }
}

async function list(call: EventCall): Promise<Answer> {
  const { subevents } = call.context.services.catalogue
  const filter = filterOf(call)
  const order = readOrdering(call.query, ['id', 'date_from'])
  return await answerList(
    call,
    await subevents.count(call.organizer.id, call.event.id, filter),
    (page) => subevents.list(call.organizer.id, call.event.id, filter, order, page),
    (date) => encodeSubevent(date, call.event.slug),
  )
}

async function decode(call: EventCall, mode: { partial: boolean }) {
  const body = call.body()
  const known = await call.context.services.catalogue.known(call.organizer.id, referencesIn(body))
  return accept(
    decodeSubevent(body, mode, {
      item: (id) => known.items.has(id),
      variation: (id) => known.variations.has(id),
    }),
  )
}

async function create(call: EventCall): Promise<Answer> {
  const { subevents } = call.context.services.catalogue
  const given = await decode(call, { partial: false })
  const fields = { ...SUBEVENT_DEFAULTS, ...given } as SubeventFields // What has no default is required.
  return await answerWrite<Subevent>(
    call,
    MODEL,
    (finish) => subevents.create(call.organizer.id, call.event, fields, finish),
    (date) => created(encodeSubevent(date, call.event.slug)),
  )
}

/** The date of the path, if it passes the filters of the query. */
async function visible(call: EventCall): Promise<Subevent> {
  const { subevents } = call.context.services.catalogue
  const id = pathId(call, 'id', MODEL)
  const date = await subevents.find(call.organizer.id, call.event.id, id, filterOf(call))
  return date ?? noMatch(MODEL)
}

const retrieve = async (call: EventCall): Promise<Answer> =>
  ok(encodeSubevent(await visible(call), call.event.slug))

async function change(call: EventCall, partial: boolean): Promise<Answer> {
  const { subevents } = call.context.services.catalogue
  const { id } = await visible(call)
  const changes = await decode(call, { partial })
  return await answerWrite<Subevent>(
    call,
    MODEL,
    (finish) => subevents.update(call.organizer.id, call.event, id, changes, finish),
    (date) => ok(encodeSubevent(date, call.event.slug)),
  )
}

async function remove(call: EventCall): Promise<Answer> {
  const { subevents } = call.context.services.catalogue
  const { id } = await visible(call)
  return await answerWrite<void>(
    call,
    MODEL,
    (finish) => subevents.remove(call.organizer.id, call.event.id, id, finish),
    deleted,
  )
}
