import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Answer } from '../../http/answer.ts'
import type { Remembered } from '../../ledger/group-commit.ts'
import type { Services } from '../../services/index.ts'
import { readToken } from './auth.ts'
import { detail } from './errors.ts'

const METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])
/** A retry after one of these runs afresh (specs/pretix-giftcards.md 11). */
const NOT_STORED = new Set([409, 429, 500, 503])
const KEY_LENGTH_MAX = 190

/** Answers to callers without a token that are kept: so large, and so many a minute in this process. */
const STRANGER_BYTES_MAX = 4_096
const STRANGERS_MAX = 100
const MINUTE_MS = 60_000

/** One request's claim on its key, held while it runs. */
export type Claim = {
  readonly merchantId: bigint
  /** With whom the answer may lie as well: nobody, or the merchant whose token this was. */
  readonly otherIds: readonly bigint[]
  readonly scope: Buffer
  /** The answer that is stored already, in the commit of its effect. */
  saved?: Answer
}

/** How a request with a key begins: under a claim, or at its end. */
type Begun = { readonly claim?: Claim; readonly answer?: Answer }

/** X-Idempotency-Key: scoped to key, `Authorization` and `Cookie`; nothing else counts. */
export function createKeys({
  idempotency,
  merchants,
}: Pick<Services, 'idempotency' | 'merchants'>) {
  /** Keys of requests that run in this process. Another process is stopped by the stored row. */
  const running = new Set<string>()

  /** Strangers may not fill the database. */
  let strangers = { minute: 0, kept: 0 }
  function mayKeep({ merchantId }: Claim, { headers, body }: Answer): boolean {
    if (merchantId !== 0n) return true
    const minute = Math.floor(performance.now() / MINUTE_MS)
    if (strangers.minute !== minute) strangers = { minute, kept: 0 }
    strangers.kept += 1
    return (
      strangers.kept <= STRANGERS_MAX &&
      JSON.stringify(headers).length + body.length <= STRANGER_BYTES_MAX
    )
  }

  const concurrent = () =>
    detail(409, 'Concurrent request with idempotency key.', { 'retry-after': '5' })

  const claimFor = async (key: string, request: FastifyRequest): Promise<Claim> => {
    const { authorization = '', cookie = '' } = request.headers
    const token = readToken(authorization)
    const principal =
      token === undefined ? undefined : await merchants.findPrincipal('pretix', token)
    const formerId =
      token === undefined || principal ? undefined : await merchants.findFormerId(token)
    return {
      merchantId: principal?.merchant.id ?? 0n,
      otherIds: principal ? [0n] : formerId === undefined ? [] : [formerId],
      scope: createHash('sha256')
        .update(JSON.stringify([key, authorization, cookie]))
        .digest(),
    }
  }

  const replay = async ({ merchantId, scope, otherIds }: Claim): Promise<Answer | undefined> => {
    const stored = await idempotency.find(merchantId, scope, otherIds)
    return stored && { status: stored.status, headers: stored.headers, body: stored.body }
  }

  const begin = async (key: string, request: FastifyRequest): Promise<Begun> => {
    if (key.length > KEY_LENGTH_MAX) return { answer: detail(400, 'Idempotency key too long.') }
    const claim = await claimFor(key, request)
    const name = claim.scope.toString('base64')
    if (running.has(name)) return { answer: concurrent() }
    running.add(name)
    try {
      const answer = await replay(claim)
      if (!answer) return { claim }
      running.delete(name)
      return { answer }
    } catch (error) {
      running.delete(name)
      throw error
    }
  }

  return {
    /** Before routing: a claim to run under, or an answer that ends the exchange; nothing without a key. */
    begin: (request: FastifyRequest): Promise<Begun> | undefined => {
      const key = request.headers['x-idempotency-key']
      if (typeof key !== 'string' || key === '' || !METHODS.has(request.method)) return undefined
      return begin(key, request)
    },
    /** What to store in the same commit as an effect: `final` is `answer` with all its headers. */
    remember: (claim: Claim, answer: Answer, final: Answer): Remembered => {
      claim.saved = answer
      return toRemembered(claim, final)
    },
    /**
     * Stores a final answer that no commit has stored, and lets go of the key. What is to be sent may be
     * another answer: that of a process which finished the same key meanwhile.
     */
    end: async (claim: Claim, answer: Answer, final: Answer): Promise<Answer> => {
      try {
        if (claim.saved === answer || final.status >= 500) return final
        const kept =
          !NOT_STORED.has(final.status) &&
          mayKeep(claim, final) &&
          (await idempotency.keep(toRemembered(claim, final)))
        return kept ? final : ((await replay(claim)) ?? final)
      } finally {
        running.delete(claim.scope.toString('base64'))
      }
    },
    /** Lets go of a key whose request never arrived whole: nobody heard an answer to it. */
    release: (claim: Claim): void => {
      running.delete(claim.scope.toString('base64'))
    },
    replay,
    /** GET idempotency_query: the stored answer, whoever asks with the same `Authorization`. */
    query: async (key: string, request: FastifyRequest): Promise<Answer> => {
      if (key === '') return detail(404, 'No idempotency key given.')
      const claim = await claimFor(key, request)
      if (running.has(claim.scope.toString('base64'))) return concurrent()
      return (await replay(claim)) ?? detail(404, 'Idempotency key not seen before.')
    },
  }
}

export type Keys = ReturnType<typeof createKeys>

const toRemembered = (
  { merchantId, scope }: Claim,
  { status, headers, body }: Answer,
): Remembered => ({
  merchantId,
  scope,
  status,
  headers: JSON.stringify(headers),
  body: body.toString(),
})
