import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteHandlerMethod,
} from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { DomainError } from '../errors.ts'
import { dialledHost, escapePath, ownHost, readTarget } from './address.ts'
import { type Answer, json, send } from './answer.ts'
import type { Dialect, DialectContext, ListenerOptions } from './dialect.ts'
import { ALL_METHODS, disguise, reveal } from './methods.ts'
import type { Metrics } from './metrics.ts'
import { nodeHttp } from './node-http.ts'
import { followSockets } from './sockets.ts'

/** The largest body of most requests; a route that needs more says so. */
const BODY_BYTES_MAX = 1024 * 1024
/** A request line and headers: twelve bytes for each of 2,000 characters of a LightSpeed filter, and more. */
const HEAD_BYTES_MAX = 64 * 1024
/** Requests under way at most: beyond it an answer of 503 costs less than a place in a queue. */
const IN_FLIGHT_MAX = 5_000
/** What every body but a form is to the framework. */
const RAW = 'application/octet-stream'
/** Bodies of all requests under way, as they say they are long. */
const BODIES_BYTES_MAX = 256 * 1024 * 1024
/** A request must have arrived whole after this long; slow senders must not hold sockets. */
const REQUEST_TIMEOUT_MS = 30_000

declare module 'fastify' {
  interface FastifyRequest {
    /** The protocol that owns the path; for logs and metrics. */
    dialect: string
    /** The Content-Type as it was sent; '' if it was not. */
    sentType: string
  }
  interface FastifyContextConfig {
    dialect?: string
    /** Also when there are more requests than we take: who asks wants to know how we are. */
    answersAlways?: boolean
  }
}

export type ServerOptions = {
  readonly dialects: readonly Dialect[]
  readonly context: DialectContext
  readonly metrics: Metrics
  /** Whether the database answers, in time. */
  readonly isReady: () => Promise<boolean>
}

/** The base of absolute links: what was configured, else how the client called us. */
export const publicUrlOf =
  (config: Pick<Config, 'publicUrl'>) =>
  (request: FastifyRequest): string =>
    config.publicUrl ?? `${request.protocol}://${dialledHost(request.raw) ?? ownHost(request.raw)}`

/** Builds the main listener with every dialect in a scope of its own; it does not listen yet. */
export async function createServer({
  dialects,
  context,
  metrics,
  isReady,
}: ServerOptions): Promise<FastifyInstance> {
  const app = createListener(context.log, metrics, {
    malformedUrl: (request, reply) => {
      const path = request.raw.url ?? '/'
      const owner = dialects.find(({ malformedUrl }) =>
        malformedUrl?.prefixes.some((prefix) => path.startsWith(prefix)),
      )
      return owner?.malformedUrl?.answer(request, reply, context)
    },
  })
  const health = (url: string, answer: () => Promise<Answer>): void => {
    const config = { answersAlways: true }
    const handler: RouteHandlerMethod = async (_request, reply) => send(reply, await answer())
    app.route({ method: ['GET', 'HEAD'], url, config, handler })
  }
  health('/livez', async () => json(200, { status: 'ok' }))
  health('/readyz', async () =>
    (await isReady()) ? json(200, { status: 'ok' }) : json(503, { status: 'unavailable' }),
  )
  health('/metrics', async () => ({
    status: 200,
    headers: { 'content-type': metrics.contentType },
    body: await metrics.read(),
  }))
  for (const dialect of dialects)
    await app.register(async (scope) => {
      claimRoutes(scope, dialect.name)
      await dialect.register(scope, context)
    })
  return app
}

/** Says whose the routes of a scope are: in logs and metrics, also of requests that are turned away before. */
export function claimRoutes(scope: FastifyInstance, dialect: Dialect['name']): void {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, dialect }
  })
  scope.addHook('onRequest', (request, _reply, done) => {
    request.dialect = dialect
    done()
  })
}

/**
 * A bare listener: raw bodies whatever their type, every method, one log line and one metric a request.
 * Lines carry the route's pattern, never the path or the query: both may hold codes.
 */
export function createListener(
  log: Logger,
  metrics: Metrics,
  {
    https,
    malformedUrl = () => undefined,
    malformedRequest = (status) => json(status, { message: 'Malformed request.' }),
  }: ListenerOptions = {},
): FastifyInstance {
  const node = {
    maxHeaderSize: HEAD_BYTES_MAX,
    requireHostHeader: false,
    connectionsCheckingInterval: 5_000,
  }
  const app = fastify({
    ...(https ? { https: { ...https, ...node, handshakeTimeout: 10_000 } } : { http: node }),
    rewriteUrl: (raw) => {
      disguise(raw as IncomingMessage)
      return readTarget(raw as IncomingMessage)
    },
    clientErrorHandler: (error, socket) => refuse(error, socket, malformedRequest),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    logger: false,
    routerOptions: { maxParamLength: HEAD_BYTES_MAX },
    frameworkErrors: (_error, request, reply) => {
      reveal(request.raw)
      if (malformedUrl(request, reply)) return
      reply.hijack()
      escapePath(request.raw)
      app.routing(request.raw, reply.raw)
    },
  }) as unknown as FastifyInstance // With https or without, it is used in the same way.
  for (const method of ALL_METHODS)
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  app.decorateRequest('dialect', 'none')
  app.decorateRequest('sentType', '')
  app.removeAllContentTypeParsers()
  // Nearly all bodies get this type below; the framework remembers parsers of named types only.
  app.addContentTypeParser([RAW, '*'], { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )

  const sockets = followSockets(app.server, { isTls: https !== undefined })
  app.addHook('preClose', (done) => {
    sockets.finish()
    done()
  })
  let inFlight = 0
  let bodyBytes = 0
  // Hooks with a callback: a promise for each would cost more than what they do.
  app.addHook('onRequest', (request, reply, done) => {
    reveal(request.raw)
    sockets.heard(request.raw.socket)
    inFlight += 1
    const size = bodyBytesOf(request.raw)
    bodyBytes += size
    const started = performance.now()
    // Not onResponse, which never comes when the client has left.
    reply.raw.on('close', () => {
      inFlight -= 1
      bodyBytes -= size
      if (reply.raw.writableFinished) observe(request, reply, (performance.now() - started) / 1_000)
    })
    const { headers } = request.raw
    request.sentType = headers['content-type'] ?? ''
    // A framework that dispatches on the type would answer for the dialect; only files need theirs.
    if (
      (headers['content-type'] !== undefined || request.method === 'QUERY') &&
      !/^multipart\/[a-z-]+\s*(;|$)/i.test(request.sentType)
    )
      headers['content-type'] = RAW
    if (request.is404) {
      // Nobody's path: whatever comes after the headers counts for nothing.
      send(reply, json(404, { message: 'Not found.' }))
      return
    }
    if (inFlight <= IN_FLIGHT_MAX && (size === 0 || bodyBytes <= BODIES_BYTES_MAX)) return done()
    const { config } = request.routeOptions
    request.dialect = config.dialect ?? 'none'
    done(config.answersAlways ? undefined : new DomainError({ code: 'overloaded' }))
  })
  // A client that left while we looked who it is: its body would never come to an end.
  app.addHook('preParsing', (request, _reply, payload, done) => {
    if (request.raw.destroyed) done(Object.assign(new Error('cut off'), { statusCode: 400 }))
    else done(null, payload)
  })
  const observe = (request: FastifyRequest, reply: FastifyReply, seconds: number): void => {
    metrics.request(request.dialect, request.method, reply.statusCode, seconds)
    if (log.isLevelEnabled('debug'))
      log.debug(
        {
          request: request.id,
          protocol: request.dialect,
          method: request.method,
          route: request.routeOptions.url ?? 'none',
          status: reply.statusCode,
          ms: Math.round(seconds * 1_000),
        },
        'request',
      )
  }
  app.setErrorHandler((error, request, reply) => {
    const status = statusOf(error)
    if (status >= 500) logDefect(log, request, error)
    const overloaded = error instanceof DomainError && error.refusal.code === 'overloaded'
    if (overloaded)
      return send(reply, json(503, { message: 'Overloaded.' }, { 'retry-after': '1' }))
    return send(reply, json(status, { message: status < 500 ? 'Bad request.' : 'Internal error.' }))
  })
  return app
}

/** How much of a body may come; one in chunks does not say. */
function bodyBytesOf({ headers }: IncomingMessage): number {
  const length = headers['content-length']
  if (length !== undefined) return Number(length) || 0
  return headers['transfer-encoding'] === undefined ? 0 : BODY_BYTES_MAX
}

/** Answers what is no HTTP request, or none that we read to its end, and hangs up. */
function refuse(
  error: Error & { readonly code?: string },
  socket: Duplex,
  malformedRequest: (status: number) => Answer,
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const timedOut = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
  const { status, headers, body } = malformedRequest(
    timedOut ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400,
  )
  const head = Object.entries({
    ...headers,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  if (socket.writable)
    socket.write(
      `HTTP/1.1 ${status} ${nodeHttp.STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`,
    )
  socket.destroy(error)
}

/** The 4xx that Fastify itself raised (a body too large, a bad content length), else 500. */
export function statusOf(error: unknown): number {
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error
      ? error.statusCode
      : undefined
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500
}

/** Logs a defect with the request's id; the caller hears nothing of it. */
export function logDefect(log: Logger, request: FastifyRequest, error: unknown): void {
  log.error(
    { request: request.id, route: request.routeOptions.url ?? 'none', err: error },
    'defect',
  )
}
