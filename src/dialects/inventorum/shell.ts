import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, send } from '../../http/answer.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { METHODS } from '../../http/methods.ts'
import { logDefect } from '../../http/server.ts'
import type { Instant } from '../../money/instant.ts'
import { createZone, type Zone } from '../../money/zone.ts'
import type { Services } from '../../services/index.ts'
import type { ShopCaller } from '../../services/inventorum-commands.ts'
import { JsonSyntaxError, type JsonValue, parseJson } from '../../wire/json.ts'
import { authenticate, readVersion } from './auth.ts'
import { answerFor, detail, type Family, fail, failNotFound } from './errors.ts'
import { parseId } from './wire.ts'

/** One exchange that has passed authentication, version and method. */
export type Call = {
  readonly request: FastifyRequest
  readonly services: Services
  readonly caller: ShopCaller
  readonly version: number
  readonly zone: Zone
  readonly now: Instant
  readonly query: URLSearchParams
  /** Base of absolute links. */
  readonly base: string
  /** A segment of the path, decoded. */
  readonly param: (name: string) => string
  /** A segment as an id; what cannot be one is 404. */
  readonly id: (name: string) => bigint
  /** The parsed body: an empty one is `{}`; fails with 415 or 400. */
  readonly body: () => JsonValue
}

export type Handler = (call: Call) => Promise<Answer>
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export type ResourceOptions = {
  readonly family: Family
  /** Methods in the order of the `Allow` header; HEAD and OPTIONS follow from GET. */
  readonly methods: Partial<Record<Method, Handler>>
  /** Largest body in bytes, if it is not the server's usual limit. */
  readonly bodyLimit?: number
}

/** Adds a path, with and without its last slash: neither is ever redirected (specs/inventorum.md 1.2). */
export type AddResource = (path: string, options: ResourceOptions) => void

declare module 'fastify' {
  interface FastifyRequest {
    inventorumCall: Call | undefined
    inventorumFamily: Family
  }
}

/** Prefixes that this protocol owns, with their families (specs/inventorum.md 1.1). */
const OWNED: readonly (readonly [prefix: string, family: Family])[] = [
  ['/api/v2/giftcards', 'v2'],
  ...['giftcards', 'basket', 'orders', 'products', 'taxes', 'categories', 'images', 'info'].map(
    (name) => [`/api/${name}`, 'v1'] as const,
  ),
]

/**
 * The shell of every resource: token, then version, then method, and only then what exists and what the
 * body says (specs/inventorum.md 1.3, 14); errors in the words of the path's family.
 */
export function createShell(app: FastifyInstance, context: DialectContext): AddResource {
  const zones = new Map<string, Zone>()
  const zoneOf = (name: string): Zone => {
    const zone = zones.get(name) ?? createZone(name)
    zones.set(name, zone)
    return zone
  }
  app.decorateRequest('inventorumCall', undefined)
  app.decorateRequest('inventorumFamily', 'v1')
  app.setErrorHandler((error, request, reply) => {
    const { answer, isDefect } = answerFor(error, request.inventorumFamily)
    if (isDefect) logDefect(context.log, request, error)
    return send(reply, answer)
  })
  const admit = async (request: FastifyRequest): Promise<Call> => {
    const { headers } = request
    const principal = await authenticate(headers.authorization, context.services.merchants)
    const header = headers['x-api-version']
    return createCall(request, context, {
      caller: {
        merchant: principal.merchant,
        userId: principal.credentialId,
        email: principal.email,
      },
      version: readVersion(typeof header === 'string' ? header : undefined),
      zone: zoneOf(principal.merchant.timezone),
    })
  }
  for (const [prefix, family] of OWNED)
    app.route({
      method: [...METHODS],
      // Any path that a resource has goes before this one.
      url: `${prefix}/*`,
      onRequest: async (request) => {
        request.inventorumFamily = family
        await admit(request)
      },
      handler: async () => failNotFound(),
    })

  return (path, options) => {
    const allow = allowOf(options)
    const bare = path.replace(/\/$/, '')
    for (const url of [bare, `${bare}/`])
      app.route({
        method: [...METHODS],
        url,
        ...(options.bodyLimit === undefined ? {} : { bodyLimit: options.bodyLimit }),
        onRequest: async (request) => {
          request.inventorumFamily = options.family
          request.inventorumCall = await admit(request)
          if (!handlerFor(request.method, options))
            fail(detail(405, `Method "${request.method}" not allowed.`, { allow }))
        },
        handler: async (request, reply) => await perform(request, reply, options),
      })
  }
}

async function perform(
  request: FastifyRequest,
  reply: FastifyReply,
  options: ResourceOptions,
): Promise<FastifyReply> {
  const handler = handlerFor(request.method, options)
  const call = request.inventorumCall
  if (!handler || !call) throw new Error('a call without admission')
  return send(reply, await handler(call))
}

const handlerFor = (method: string, { methods }: ResourceOptions): Handler | undefined =>
  methods[(method === 'HEAD' ? 'GET' : method) as Method] // Any other method is not in the table.

function allowOf({ methods }: ResourceOptions): string {
  const own = (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).filter((name) => methods[name])
  return [...own, ...(methods.GET ? ['HEAD'] : [])].join(', ')
}

function createCall(
  request: FastifyRequest,
  { services, publicUrl, now }: DialectContext,
  known: Pick<Call, 'caller' | 'version' | 'zone'>,
): Call {
  const params = request.params as Readonly<Record<string, string>> // Named by the path.
  return {
    ...known,
    request,
    services,
    now: now(),
    query: new URLSearchParams((request.raw.url ?? '').split('?', 2)[1] ?? ''),
    base: publicUrl(request),
    param: (name) => params[name] ?? '',
    id: (name) => parseId(params[name] ?? '') ?? failNotFound(),
    body: () => readBody(request),
  }
}

/** The media type as it was sent, without its parameters. */
export const mediaType = ({ sentType }: FastifyRequest): string =>
  sentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''

export const FORM = 'multipart/form-data'

const hasContent = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** The body as JSON; an empty one is an empty object whatever its type (specs/inventorum.md 1.5). */
export function readBody(request: FastifyRequest): JsonValue {
  const type = mediaType(request)
  // Forms are left to whoever wants files; their bytes have not been read.
  const body = type === FORM ? undefined : (request.body as Buffer | undefined) // Else always bytes.
  const isEmpty = body === undefined || body === null || body.length === 0
  if (isEmpty && (type !== FORM || !hasContent(request))) return {}
  if (isEmpty || type !== 'application/json')
    fail(detail(415, `Unsupported media type "${request.sentType}" in request.`))
  try {
    return parseJson(body)
  } catch (error) {
    if (error instanceof JsonSyntaxError) fail(detail(400, `JSON parse error - ${error.message}`))
    throw error
  }
}
