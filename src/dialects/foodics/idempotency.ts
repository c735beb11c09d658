import { createHash } from 'node:crypto'
import type { Answer } from '../../http/answer.ts'
import type { Remembered } from '../../ledger/group-commit.ts'
import { type Idempotency, IdempotencyConflict } from '../../services/idempotency.ts'
import { badRequest, keyReused } from './errors.ts'
import type { Pair } from './query.ts'

const KEY_LENGTH_MAX = 255

/** One use of a key: where it counts, and what was asked. */
export type KeyUse = {
  readonly merchantId: bigint
  /** Token, route and key. */
  readonly scope: Buffer
  /** Path, query and body as parsed. */
  readonly request: Buffer
}

export type KeyedRequest = {
  readonly merchantId: bigint
  readonly token: string
  /** The route's pattern. */
  readonly route: string
  readonly path: string
  readonly pairs: readonly Pair[]
  /** The body's canonical text; whatever distinguishes it if it cannot be read. */
  readonly bodyText: string
}

/** A header that counts: empty is absent. Refuses (400) more than 255 characters. */
export function readKey(header: string | readonly string[] | undefined): string | undefined {
  const key = typeof header === 'string' ? header : header?.join(', ')
  if (!key) return undefined
  if (key.length > KEY_LENGTH_MAX)
    throw badRequest(`The Idempotency-Key may not be longer than ${KEY_LENGTH_MAX} characters.`)
  return key
}

const digest = (...parts: readonly unknown[]): Buffer =>
  createHash('sha256').update(JSON.stringify(parts)).digest()

export const useOfKey = (key: string, request: KeyedRequest): KeyUse => ({
  merchantId: request.merchantId,
  scope: digest('foodics', request.token, request.route, key),
  request: digest(request.path, request.pairs, request.bodyText),
})

export type OncePerKey = (
  use: KeyUse,
  run: (remember: (answer: Answer) => Remembered) => Promise<Answer>,
) => Promise<Answer>

/**
 * Runs a request once per key. Whoever comes while it runs waits; whoever comes later gets the stored
 * answer, or 409 for another request. `run` stores a success in the commit of its effect, through
 * `remember`; what it throws is not remembered.
 */
export function createOncePerKey({ find }: Pick<Idempotency, 'find'>): OncePerKey {
  const running = new Map<string, Promise<void>>()

  async function replay({ merchantId, scope, request }: KeyUse): Promise<Answer | undefined> {
    const stored = await find(merchantId, scope)
    if (!stored) return undefined
    if (!stored.request?.equals(request)) throw keyReused()
    const headers = { ...stored.headers, 'idempotency-replayed': 'true' }
    return { status: stored.status, headers, body: stored.body }
  }

  return async (use, run) => {
    const { merchantId, scope, request } = use
    const slot = scope.toString('base64')
    // One after the other in this process; several processes are kept apart by the key's row.
    for (let first = running.get(slot); first; first = running.get(slot)) await first
    const { promise, resolve } = Promise.withResolvers<void>()
    running.set(slot, promise)
    try {
      const stored = await replay(use)
      if (stored) return stored
      return await run(({ status, headers, body }) => ({
        merchantId,
        scope,
        status,
        headers: JSON.stringify(headers),
        body: body.toString(),
        request,
      }))
    } catch (error) {
      // Another process was first: what was done here is undone, and its answer stands.
      const stored = error instanceof IdempotencyConflict ? await replay(use) : undefined
      if (stored) return stored
      throw error
    } finally {
      running.delete(slot)
      resolve()
    }
  }
}
