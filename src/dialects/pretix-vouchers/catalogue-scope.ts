import type { Event } from '../../commerce/catalogue.ts'
import type { Page } from '../../commerce/catalogue-rows.ts'
import { type Answer, empty, json } from '../../http/answer.ts'
import type { Finish } from '../../services/cards.ts'
import type { Outcome } from '../../services/catalogue.ts'
import { can, canSeeEvent } from '../pretix/auth.ts'
import { fail, invalid, notFound } from '../pretix/errors.ts'
import { listAnswer, readPage, slicePage } from '../pretix/paging.ts'
import type { AddResource, Call, Caller, ResourceOptions } from '../pretix/resource.ts'
import { noMatch, settle } from './catalogue-errors.ts'
import type { Decoded } from './catalogue-fields.ts'

/** What all resources below an event share: who may call, which event, and how lists and writes answer. */

export const EVENT_PATH = '/api/v1/organizers/:organizer/events/:event/'

/** A call whose event exists and is visible to the caller. */
export type EventCall = Call & { readonly event: Event }
export type EventHandler = (call: EventCall) => Promise<Answer>

export type EventResource = {
  readonly methods: {
    readonly [M in keyof ResourceOptions['methods']]: EventHandler
  }
  /** The permission a method needs besides access to the event; undefined is none. */
  readonly needs: (method: Pick<Caller, 'method' | 'reads'>) => string | undefined
  /** Largest body in bytes, if it is not the server's usual limit. */
  readonly bodyLimit?: number
}

/** Reading needs nothing, writing needs this. */
export const writesNeed =
  (permission: string) =>
  ({ reads }: Pick<Caller, 'reads'>): string | undefined =>
    reads ? undefined : permission

/**
 * Adds a path below an event. An event that does not exist or is not visible, and a missing permission,
 * are one and the same 403 (specs/pretix-vouchers.md 2.3).
 */
export function addEventResource(
  add: AddResource,
  path: string,
  { methods, needs, ...limits }: EventResource,
): void {
  // The permission check has read the event already; both see the same parameters of one request.
  const seen = new WeakMap<object, Event>()
  const bind = (handler: EventHandler) => (call: Call) => {
    const event = seen.get(call.params)
    if (!event) throw new Error('a call without its event')
    return handler({ ...call, event })
  }
  add(path, {
    ...limits,
    permits: async (caller) => {
      const event = await visibleEvent(caller)
      if (event) seen.set(caller.params, event)
      const permission = needs(caller)
      return event !== undefined && (permission === undefined || can(caller.principal, permission))
    },
    methods: Object.fromEntries(
      Object.entries(methods).map(([method, handler]) => [method, bind(handler)]),
    ),
  })
}

async function visibleEvent({
  principal,
  organizer,
  params,
  context,
}: Caller): Promise<Event | undefined> {
  const slug = params.event ?? ''
  // A NUL cannot be in a stored slug, and PostgreSQL refuses to compare with one.
  if (slug.includes('\0') || !canSeeEvent(principal, slug)) return undefined
  return await context.services.catalogue.events.find(organizer.id, slug)
}

const ID_MAX = 2n ** 63n

/** An id of the path: what is no number is 404 without a model's name. */
export function pathId({ params }: Pick<Call, 'params'>, name: string, model: string): bigint {
  const text = params[name] ?? ''
  if (!/^\d+$/.test(text)) return fail(notFound())
  const id = BigInt(text)
  return id < ID_MAX ? id : noMatch(model)
}

/** What a body says; or ends the exchange with 400. */
export function accept<T>(decoded: Decoded<T>): T {
  return 'value' in decoded ? decoded.value : fail(invalid(decoded.faults))
}

/** One page of a list. */
export async function answerList<T>(
  call: Call,
  count: number,
  list: (page: Page) => Promise<readonly T[]>,
  encode: (row: T) => unknown,
): Promise<Answer> {
  const page = slicePage(readPage(call.query), count)
  const rows = count === 0 ? [] : await list(page)
  return listAnswer(call, count, page, rows.map(encode))
}

/**
 * Runs a write and answers it. The answer is stored under the caller's idempotency key in the commit of
 * the write itself; faults and obstacles end the exchange.
 */
export async function answerWrite<T>(
  call: Call,
  model: string,
  run: (finish: Finish<T>) => Promise<Outcome<T>>,
  encode: (result: T) => Answer,
): Promise<Answer> {
  let answer: Answer | undefined
  const result = settle(
    await run(async (tx, done) => {
      answer = encode(done)
      const remembered = call.remember(answer)
      if (remembered) await call.context.services.idempotency.save(tx, remembered)
    }),
    model,
  )
  return answer ?? encode(result)
}

export const created = (value: unknown): Answer => json(201, value)
export const ok = (value: unknown): Answer => json(200, value)
export const deleted = (): Answer => empty(204)
