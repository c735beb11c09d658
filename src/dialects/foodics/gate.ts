import type { FastifyRequest } from 'fastify'
import type { Answer } from '../../http/answer.ts'
import type { DialectContext } from '../../http/dialect.ts'
import { logDefect } from '../../http/server.ts'
import { assertScope, authenticate, type Caller } from './auth.ts'
import { canonicalText, NO_BODY, readBody } from './body.ts'
import { answerOf, FoodicsError, tooManyRequests } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { createOncePerKey, readKey, useOfKey } from './idempotency.ts'
import { parsePairs } from './query.ts'
import { createRateLimiter, limitHeaders } from './rate-limit.ts'
import type { Router } from './router.ts'

export type Gate = (request: FastifyRequest) => Promise<Answer>

type Address = {
  /** Below `/v5`, without a trailing slash: what routes and keys go by. */
  readonly path: string
  /** As it was called, for links. */
  readonly called: string
  readonly query: string
}

/** Takes a raw URL apart without decoding: an encoded slash belongs to its segment. */
export function readAddress(url: string): Address {
  const mark = url.indexOf('?')
  const called = (mark === -1 ? url : url.slice(0, mark)).replace(/\/$/, '')
  const path = called.startsWith('/v5/') ? called.slice(3) : called
  return { path, called, query: mark === -1 ? '' : url.slice(mark + 1) }
}

/** The body's bytes; none for a method that has no use for one. */
const bytesOf = ({ body }: FastifyRequest): Uint8Array =>
  body instanceof Uint8Array ? body : new Uint8Array()

/** The body as one text for all its spellings, or what was sent if it cannot be read. */
function bodyText(contentType: string | undefined, bytes: Uint8Array): string {
  try {
    return canonicalText(readBody(contentType, bytes).object)
  } catch (error) {
    if (!(error instanceof FoodicsError)) throw error
    return `unreadable ${Buffer.from(bytes).toString('base64')}`
  }
}

/**
 * The order in which every request is checked (specs/foodics.md 1.1, 12): route, method, token, rate,
 * scope, key; then the resource: body, query names, query values, object, fields, balance.
 */
export function createGate(
  { services, log, now, publicUrl }: DialectContext,
  router: Router,
): Gate {
  const count = createRateLimiter()
  const oncePerKey = createOncePerKey(services.idempotency)

  async function perform(
    request: FastifyRequest,
    { path, called, query }: Address,
    { route, params }: ReturnType<Router>,
    { principal, token }: Caller,
  ): Promise<Answer> {
    const contentType = request.sentType
    const bytes = bytesOf(request)
    const hasBody = route.method === 'POST' || route.method === 'PUT'
    const pairs = parsePairs(query)
    const run = (remember: Exchange['remember']): Promise<Answer> =>
      route.handle({
        services,
        principal,
        params,
        pairs,
        body: hasBody ? readBody(contentType, bytes) : NO_BODY,
        url: () => publicUrl(request) + called,
        remember,
      })
    const key = route.method === 'POST' ? readKey(request.headers['idempotency-key']) : undefined
    if (key === undefined) return await run(undefined)
    const use = useOfKey(key, {
      merchantId: principal.merchant.id,
      token,
      route: route.path,
      path,
      pairs,
      bodyText: bodyText(contentType, bytes),
    })
    return await oncePerKey(use, run)
  }

  return async (request) => {
    let headers: Record<string, string> = {}
    let answer: Answer
    try {
      const address = readAddress(request.raw.url ?? '/')
      const matched = router(request.method, address.path)
      const caller = await authenticate(services.merchants, request.headers.authorization)
      const { principal, token } = caller
      const allowance = count(principal.merchant, { token, address: request.ip }, now())
      headers = limitHeaders(allowance)
      if (allowance?.retryAfterSeconds !== undefined)
        throw tooManyRequests(allowance.retryAfterSeconds)
      assertScope(principal, matched.route.scopes)
      answer = await perform(request, address, matched, caller)
    } catch (error) {
      answer = answerOf(error, (defect) => logDefect(log, request, defect))
    }
    return { ...answer, headers: { ...answer.headers, ...headers } }
  }
}
