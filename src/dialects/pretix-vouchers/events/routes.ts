import type { Event, EventFields } from '../../../commerce/catalogue.ts'
import type { EventFilter } from '../../../commerce/catalogue-events.ts'
import type { Answer } from '../../../http/answer.ts'
import { can } from '../../pretix/auth.ts'
import type { AddResource, Call } from '../../pretix/resource.ts'
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
  writesNeed,
} from '../catalogue-scope.ts'
import { Filters, readOrdering } from '../query.ts'
import { decodeEvent, EVENT_DEFAULTS } from './decode.ts'
import { encodeEvent } from './encode.ts'

const MODEL = 'Event'

/** Events; a credential that is limited to some events sees only those (specs/pretix-vouchers.md 12). */
export function addEvents(add: AddResource): void {
  add('/api/v1/organizers/:organizer/events/', {
    permits: ({ principal, reads }) => reads || can(principal, 'organizer.events:create'),
    methods: { GET: list, POST: create },
  })
  addEventResource(add, EVENT_PATH, {
    needs: writesNeed('event.settings.general:write'),
    methods: {
      GET: retrieve,
      PUT: (call) => change(call, false),
      PATCH: (call) => change(call, true),
      DELETE: remove,
    },
  })
}

function filterOf(call: Call): EventFilter {
  const filters = new Filters(call.query)
  const { events } = call.principal
  const [live, isPublic] = [filters.flag('live'), filters.flag('is_public')]
  const hasSubevents = filters.flag('has_subevents')
  return {
    ...(live === undefined ? {} : { live }),
    ...(isPublic === undefined ? {} : { isPublic }),
    ...(hasSubevents === undefined ? {} : { hasSubevents }),
    ...(events === undefined ? {} : { among: [...events] }),
  }
}

async function list(call: Call): Promise<Answer> {
  const { events } = call.context.services.catalogue
  const filter = filterOf(call)
  const order = readOrdering(call.query, ['slug', 'date_from'])
  return await answerList(
    call,
    await events.count(call.organizer.id, filter),
    (page) => events.list(call.organizer.id, filter, order, page),
    encodeEvent,
  )
}

async function create(call: Call): Promise<Answer> {
  const { events } = call.context.services.catalogue
  const given = accept(decodeEvent(call.body(), { partial: false, creating: true }))
  const fields = { ...EVENT_DEFAULTS, ...given } as EventFields // What has no default is required.
  const { credentialId } = call.principal
  const answer = await answerWrite<Event>(
    call,
    MODEL,
    (finish) => events.create(call.organizer.id, fields, { credentialId, finish }),
    (event) => created(encodeEvent(event)),
  )
  // Other processes are told; this one must not answer its own client's next request from memory.
  if (call.principal.events) call.context.services.merchants.forget()
  return answer
}

/** The event, if it passes the filters of the query. */
async function visible(call: EventCall): Promise<Event> {
  const filter = filterOf(call)
  const { events } = call.context.services.catalogue
  return (await events.find(call.organizer.id, call.event.slug, filter)) ?? noMatch(MODEL)
}

const retrieve = async (call: EventCall): Promise<Answer> => ok(encodeEvent(await visible(call)))

async function change(call: EventCall, partial: boolean): Promise<Answer> {
  const { id } = await visible(call)
  const { events } = call.context.services.catalogue
  const changes = accept(decodeEvent(call.body(), { partial, creating: false }))
  return await answerWrite<Event>(
    call,
    MODEL,
    (finish) => events.update(call.organizer.id, id, changes, finish),
    (event) => ok(encodeEvent(event)),
  )
}

async function remove(call: EventCall): Promise<Answer> {
  const { id } = await visible(call)
  const { events } = call.context.services.catalogue
  return await answerWrite<void>(
    call,
    MODEL,
    (finish) => events.remove(call.organizer.id, id, finish),
    deleted,
  )
}
