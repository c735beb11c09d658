import type { TLSSocket } from 'node:tls'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { dialledHost, ownHost } from '../../http/address.ts'
import { type Answer, empty, send } from '../../http/answer.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { logDefect } from '../../http/server.ts'
import type { Caller } from '../../services/lightspeed-login.ts'
import { type Markup, xmlDocument } from '../../wire/xml.ts'
import { expiredCookie, readClaim, sessionCookie } from './auth.ts'
import { readBody } from './body.ts'
import { type Clock, createClock } from './clock.ts'
import { answerFor, MethodNotAllowed, OnSiteError, XML_TYPE } from './errors.ts'
import { parseQuery } from './list.ts'
import type { BaseUri } from './wire.ts'

/** One exchange that has passed authentication, access, path and method. */
export type Call = {
  readonly context: DialectContext
  readonly caller: Caller
  /** Where this client finds our resources. */
  readonly base: BaseUri
  readonly clock: Clock
  /** The ids in the path; refuses (404) one that cannot be an id. */
  readonly id: (position?: number) => bigint
  /** Query parameters by name. */
  readonly query: ReadonlyMap<string, string>
  readonly body: () => Promise<Buffer>
}

export type Handler = (call: Call) => Promise<Answer>

/** What a path can do; HEAD follows from GET. */
export type Resource = { readonly GET?: Handler; readonly POST?: Handler }

/** Resources by path below `/api/`, without slashes around; `:id` is a number. */
export type Resources = Readonly<Record<string, Resource>>

/** The one path that ends a session instead of needing one. */
const LOGOUT = 'sessions/current/logout'
const WRITES: ReadonlySet<string> = new Set(['POST', 'PUT', 'DELETE', 'LOCK', 'UNLOCK'])

/** An XML answer. */
export const xml = (
  status: number,
  root: Markup,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({
  status,
  headers: { 'content-type': XML_TYPE, ...headers },
  body: xmlDocument(root),
})

/** Answers one request; `malformed` if its path cannot be decoded. Never throws. */
export type Exchange = (
  request: FastifyRequest,
  reply: FastifyReply,
  malformed?: 'malformed',
) => Promise<FastifyReply>

/**
 * The order in which a request is judged (specs/lightspeed-onsite.md 3): who calls, seats and access,
 * path, method; then the resource's own: object, size, XML, document, state. Nothing of an
 * unauthenticated request but its headers decides the answer, so that paths cannot be probed.
 */
export function createExchange(context: DialectContext, resources: Resources): Exchange {
  const { login } = context.services.lightspeed
  const clocks = new Map<string, Clock>()
  const clockOf = (zone: string): Clock => {
    const clock = clocks.get(zone) ?? createClock(zone)
    clocks.set(zone, clock)
    return clock
  }

  return async (request, reply, malformed) => {
    const url = request.raw.url ?? ''
    const at = url.indexOf('?')
    const route = malformed ?? readPath(at === -1 ? url : url.slice(0, at))
    const secure = isSecure(request, context)
    let cookie: string | undefined
    let answer: Answer
    try {
      const caller = await login.identify(readClaim(request.headers))
      if (typeof caller === 'string') throw new OnSiteError(`auth.${caller}`)
      if (request.method === 'POST' && typeof route === 'object' && route.shape === LOGOUT) {
        await login.close(caller)
        answer = empty(204, { 'set-cookie': expiredCookie(secure) })
      } else {
        if (!caller.session) {
          const opened = await login.open(caller)
          if (opened === undefined) throw new OnSiteError('auth.no_seats')
          cookie = sessionCookie(opened, secure)
        }
        if (caller.access === 'read' && WRITES.has(request.method))
          throw new OnSiteError('auth.read_only_application')
        const { handler, ids } = handlerOf(resources, route, request.method)
        answer = await handler({
          context,
          caller,
          base: baseOf(request, context),
          clock: clockOf(caller.merchant.timezone),
          id: (position = 0) => readPathId(ids[position]),
          query: parseQuery(at === -1 ? '' : url.slice(at + 1)),
          body: () => readBody(request.raw),
        })
      }
    } catch (error) {
      const { answer: refusal, isDefect } = answerFor(error)
      if (isDefect) logDefect(context.log, request, error)
      answer = refusal
    }
    // A login holds whatever came after it, so an error carries the cookie too.
    if (cookie === undefined) return send(reply, answer)
    return send(reply, { ...answer, headers: { ...answer.headers, 'set-cookie': cookie } })
  }
}

type Path = { readonly shape: string; readonly ids: readonly string[] }

/** `/api/gift_cards/12/history/` as the shape `gift_cards/:id/history` and its numbers. */
function readPath(path: string): Path | 'malformed' {
  const ids: string[] = []
  const names: string[] = []
  for (const segment of path
    .replace(/^\/api(?=\/|$)\/?/, '')
    .replace(/\/$/, '')
    .split('/')) {
    let name: string
    try {
      name = decodeURIComponent(segment)
    } catch (error) {
      if (error instanceof URIError) return 'malformed'
      throw error
    }
    if (/^\d+$/.test(name)) ids.push(name)
    names.push(/^\d+$/.test(name) ? ':id' : name.replace(/[:/]/g, ' '))
  }
  return { shape: names.join('/'), ids }
}

function handlerOf(
  resources: Resources,
  path: Path | 'malformed',
  method: string,
): { handler: Handler; ids: readonly string[] } {
  if (path === 'malformed') throw new OnSiteError('server.malformed_url')
  const resource = Object.hasOwn(resources, path.shape) ? resources[path.shape] : undefined
  if (!resource) throw new OnSiteError('server.not_found')
  const handler =
    method === 'GET' || method === 'HEAD'
      ? resource.GET
      : method === 'POST'
        ? resource.POST
        : undefined
  if (handler) return { handler, ids: path.ids }
  throw new MethodNotAllowed(
    [...(resource.GET ? ['GET', 'HEAD'] : []), ...(resource.POST ? ['POST'] : [])].join(', '),
  )
}

/** Eighteen digits are the most that every id of ours has room for. */
function readPathId(text: string | undefined): bigint {
  const digits = (text ?? '').replace(/^0+/, '')
  if (digits === '' || digits.length > 18) throw new OnSiteError('server.not_found')
  return BigInt(digits)
}

const isTls = (request: FastifyRequest): boolean =>
  'encrypted' in request.raw.socket && (request.raw.socket as TLSSocket).encrypted // As just seen.

/**
 * Whether the client came by https. Behind a proxy, which a configured public URL stands for, the proxy
 * says so, or else that URL.
 */
function isSecure(request: FastifyRequest, { config }: DialectContext): boolean {
  if (isTls(request)) return true
  if (config.publicUrl === undefined) return false
  // Of several proxies the first is the one that the client spoke to.
  const forwarded = /^\s*(https?)\s*(?:,|$)/i.exec(`${request.headers['x-forwarded-proto'] ?? ''}`)
  if (forwarded?.[1]) return forwarded[1].toLowerCase() === 'https'
  return config.publicUrl.startsWith('https:')
}

/** Clients compare our links with the very host and port they dialled, so these come from the request. */
function baseOf(request: FastifyRequest, context: DialectContext): BaseUri {
  const host = dialledHost(request.raw)
  if (host !== undefined) return `${isSecure(request, context) ? 'https' : 'http'}://${host}/api/`
  const { publicUrl } = context.config
  const own = `${isTls(request) ? 'https' : 'http'}://${ownHost(request.raw)}`
  return `${publicUrl ?? own}/api/`
}
