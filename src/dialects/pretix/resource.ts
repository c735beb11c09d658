import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, empty, json, send } from '../../http/answer.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { toFailure } from '../../http/failure.ts'
import { METHODS } from '../../http/methods.ts'
import { logDefect } from '../../http/server.ts'
import type { Remembered } from '../../ledger/group-commit.ts'
import { IdempotencyConflict } from '../../services/idempotency.ts'
import type { Merchant, Principal } from '../../services/merchants.ts'
import { JsonSyntaxError, type JsonValue, parseJson } from '../../wire/json.ts'
import { authenticate } from './auth.ts'
import { answerFor, detail, fail, forbidden, notFound } from './errors.ts'
import { type Claim, createKeys, type Keys } from './idempotency.ts'

/** One exchange that has passed authentication, permission and method. */
export type Call = {
  readonly request: FastifyRequest
  readonly context: DialectContext
  readonly principal: Principal
  /** The organizer of the path, which is the caller's own. */
  readonly organizer: Merchant
  readonly params: Readonly<Record<string, string>>
  /** Query parameters; the last of a repeated one counts. */
  readonly query: ReadonlyMap<string, string>
  /** Every value of a repeatable parameter. */
  readonly queryAll: (name: string) => readonly string[]
  /** The parsed body: an empty one is `{}`; fails with 415 or 400. */
  readonly body: () => JsonValue
  /** What to store in the commit of the effect, so that this answer can be replayed; undefined without a key. */
  readonly remember: (answer: Answer) => Remembered | undefined
  /** Whether there is a key at all; without one, nothing needs to be rendered before the commit. */
  readonly keyed: boolean
}

export type Handler = (call: Call) => Promise<Answer>

export type ResourceOptions = {
  /** Methods in the order of the `Allow` header; HEAD and OPTIONS follow from GET. */
  readonly methods: Partial<Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', Handler>>
  /** Whether this caller may use this method here; false is 403, whatever exists. */
  readonly permits: (caller: Caller) => boolean | Promise<boolean>
  /** Largest body in bytes, if it is not the server's usual limit. */
  readonly bodyLimit?: number
}

/** What a permission is judged on. */
export type Caller = Pick<Call, 'principal' | 'organizer' | 'params' | 'context'> & {
  readonly method: string
  /** Whether the method only reads. */
  readonly reads: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    pretixClaim: Claim | undefined
    pretixCall: Call | undefined
    /** The `Allow` value of the routed path. */
    pretixAllow: string | undefined
  }
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Adds a path to the dialect, e.g. `/api/v1/organizers/:organizer/giftcards/`. */
export type AddResource = (path: string, options: ResourceOptions) => void

/**
 * The shell of every pretix resource: the strict order of checks of specs/pretix-giftcards.md 2, slash
 * rules, idempotency keys and error words. Handlers begin where the order says "card routes".
 */
export function createShell(app: FastifyInstance, context: DialectContext): AddResource {
  const keys = createKeys(context.services)
  app.decorateRequest('pretixClaim', undefined)
  app.decorateRequest('pretixCall', undefined)
  app.decorateRequest('pretixAllow', undefined)

  // Returns no reply: to the framework that is something to wait for.
  const respond = (
    request: FastifyRequest,
    reply: FastifyReply,
    answer: Answer,
  ): Promise<void> | undefined => {
    const final = withHeaders(request, answer)
    const claim = request.pretixClaim
    if (claim) {
      request.pretixClaim = undefined
      return keys.end(claim, answer, final).then((kept) => void send(reply, kept))
    }
    send(reply, final)
    return undefined
  }
  const respondToError = async (request: FastifyRequest, reply: FastifyReply, error: unknown) => {
    if (error instanceof IdempotencyConflict && request.pretixClaim) {
      const stored = await keys.replay(request.pretixClaim)
      if (stored) {
        request.pretixClaim.saved = stored
        return await respond(request, reply, stored)
      }
    }
    if (request.raw.destroyed && toFailure(error).kind === 'client') {
      // The request never arrived whole and nobody hears the answer: its key is free again.
      if (request.pretixClaim) keys.release(request.pretixClaim)
      request.pretixClaim = undefined
      send(reply, detail(400, 'Bad request.'))
      return
    }
    const { answer, isDefect } = answerFor(error)
    if (isDefect) logDefect(context.log, request, error)
    return await respond(request, reply, answer)
  }

  app.addHook('onRequest', (request, reply, done) => {
    const begun = keys.begin(request)
    if (!begun) return done()
    return begun.then(({ claim, answer }) => {
      request.pretixClaim = claim
      if (answer) send(reply, withHeaders(request, answer))
    })
  })
  app.setErrorHandler((error, request, reply) => respondToError(request, reply, error))
  app.route({
    method: ['GET', 'HEAD'],
    url: '/api/v1/idempotency_query',
    handler: async (request, reply) => {
      const key = readQuery(request).getAll('key').at(-1) ?? ''
      return send(reply, withHeaders(request, await keys.query(key, request)))
    },
  })
  for (const url of ['/api/v1', '/api/v1/*'])
    app.route({
      method: [...METHODS],
      url,
      handler: (request, reply) => respond(request, reply, notFound()),
    })

  return (path, options) => {
    const allow = allowOf(options)
    app.route({
      method: [...METHODS],
      url: path,
      ...(options.bodyLimit === undefined ? {} : { bodyLimit: options.bodyLimit }),
      onRequest: (request, _reply, done) => {
        request.pretixAllow = allow
        const admitted = followed(admit(request, context, options, keys), (call) => {
          request.pretixCall = call
        })
        return admitted ?? done()
      },
      handler: async (request, reply) => {
        const call = request.pretixCall
        if (!call) throw new Error('a call without admission')
        if (request.method === 'OPTIONS') return respond(request, reply, json(200, {}))
        const method = request.method === 'HEAD' ? 'GET' : request.method
        const handler = options.methods[method as keyof ResourceOptions['methods']]
        if (!handler) return respond(request, reply, methodNotAllowed(request.method))
        return respond(request, reply, await handler(call))
      },
    })
    // Slash rules come before authentication: reads are redirected, writes are never executed.
    app.route({
      method: [...METHODS],
      url: path.replace(/\/$/, ''),
      handler: async (request, reply) => {
        const { path: to, query } = targetOf(request)
        const redirected = READS.has(request.method) || request.method === 'DELETE'
        return await respond(
          request,
          reply,
          redirected
            ? empty(301, { location: `${to}/${query === '' ? '' : `?${query}`}` })
            : notFound(),
        )
      },
    })
  }
}

export const methodNotAllowed = (method: string): Answer =>
  detail(405, `Method "${method}" not allowed.`)

const withHeaders = (request: FastifyRequest, answer: Answer): Answer => {
  const allow = request.pretixAllow
  const headers = allow === undefined ? { vary: 'Accept' } : { vary: 'Accept', allow }
  return { ...answer, headers: Object.assign(headers, answer.headers) }
}

function allowOf({ methods }: ResourceOptions): string {
  const own = (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).filter((name) => methods[name])
  return [...own, ...(methods.GET ? ['HEAD'] : []), 'OPTIONS'].join(', ')
}

/** Path and query as they were sent; only the first question mark divides them. */
export function targetOf({ raw }: FastifyRequest): { path: string; query: string } {
  const { url = '' } = raw
  const mark = url.indexOf('?')
  return mark < 0
    ? { path: url, query: '' }
    : { path: url.slice(0, mark), query: url.slice(mark + 1) }
}

const BYTES_PER_PART = 32

const NO_PARAMETERS = new URLSearchParams()
const NO_QUERY: ReadonlyMap<string, string> = new Map()

function readQuery(request: FastifyRequest): URLSearchParams {
  const { query } = targetOf(request)
  return query === '' ? NO_PARAMETERS : new URLSearchParams(query)
}

/** Steps 3 to 8 of the order of checks; at once, when it is known who is calling and what they may do. */
function admit(
  request: FastifyRequest,
  context: DialectContext,
  options: ResourceOptions,
  keys: Keys,
): Call | Promise<Call> {
  const parameters = readQuery(request)
  const query = parameters === NO_PARAMETERS ? NO_QUERY : new Map(parameters)
  if (query.size > 0 && [...parameters].some(([name, value]) => `${name}${value}`.includes('\0')))
    fail(detail(400, 'Null characters are not allowed.'))
  if (!acceptsJson(request.headers.accept))
    fail(detail(406, 'Could not satisfy the request Accept header.'))
  const { authorization } = request.headers
  return followed(authenticate(authorization, context.services.merchants), (principal) => {
    const params = request.params as Readonly<Record<string, string>> // Named by the path.
    const organizer = principal.merchant
    const reads = READS.has(request.method)
    const caller = { principal, organizer, params, context, method: request.method, reads }
    const own = params.organizer === undefined || params.organizer === organizer.slug
    return followed(own && options.permits(caller), (isPermitted) => {
      if (!isPermitted) fail(forbidden())
      const method = request.method === 'HEAD' ? 'GET' : request.method
      if (method !== 'OPTIONS' && !options.methods[method as keyof ResourceOptions['methods']])
        fail(methodNotAllowed(request.method))
      return {
        request,
        context,
        principal,
        organizer,
        params,
        query,
        queryAll: (name) => parameters.getAll(name),
        body: () => readBody(request, options.bodyLimit),
        keyed: request.pretixClaim !== undefined,
        remember: (answer) =>
          request.pretixClaim &&
          keys.remember(request.pretixClaim, answer, withHeaders(request, answer)),
      }
    })
  })
}

/** `next` of a value, at once if it is there: most requests wait for nothing before their handler. */
const followed = <A, B>(value: A | Promise<A>, next: (value: A) => B | Promise<B>) =>
  value instanceof Promise ? value.then(next) : next(value)

/** Missing means anything; otherwise one of the ranges must hold JSON. */
function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined) return true
  return accept
    .split(',')
    .map((range) => range.split(';', 1)[0]?.trim().toLowerCase())
    .some((range) => range === '*/*' || range === 'application/*' || range === 'application/json')
}

/** The body as JSON; an empty one is an empty object whatever its type (4). */
function readBody(request: FastifyRequest, bodyLimit?: number): JsonValue {
  const body = request.body as Buffer | undefined // The only parser of this listener yields bytes.
  if (body === undefined || body === null || body.length === 0) return {}
  const type = request.sentType.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json')
    fail(detail(415, `Unsupported media type "${request.sentType}" in request.`))
  try {
    // A larger body may hold more, about as densely as rows with many names do.
    return parseJson(body, bodyLimit === undefined ? undefined : bodyLimit / BYTES_PER_PART)
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      return fail(detail(400, `JSON parse error - ${error.message}`))
    throw error
  }
}
