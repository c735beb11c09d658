import postgres from 'postgres'
import { DomainError } from '../errors.ts'
import type { Database, Tx } from './database.ts'

/** Runs of one unit at most: the first and three retries. */
const ATTEMPTS_MAX = 4
const AGAIN: ReadonlySet<string> = new Set(['40001', '40P01', '23503'])

/**
 * One unit of work: everything inside commits together or not at all, retried as `retried` says. The
 * work may therefore run more than once and must keep its effects inside `tx`. An `eager` one sends its
 * first statement along with "begin"; that statement must only read or lock.
 */
export const transact = <T>(
  db: Database,
  work: (tx: Tx) => Promise<T>,
  { isEager = false } = {},
): Promise<T> =>
  // postgres.js unwraps arrays of queries; we return none.
  retried(async () => (await db.begin(isEager ? 'eager' : '', work)) as T)

/**
 * Runs a whole transaction again after a serialization failure, a deadlock, or a foreign key whose row
 * was taken away after we had read it: three times at most, with jitter. A lock that cannot be had in 3 s
 * is refused as `busy`.
 */
export async function retried<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      const state = sqlState(error)
      if (state === '55P03') throw new DomainError({ code: 'busy' })
      if (state === undefined || !AGAIN.has(state)) throw error
      if (attempt === ATTEMPTS_MAX) throw new DomainError({ code: 'busy' })
      await new Promise((resolve) => setTimeout(resolve, 5 * attempt + Math.random() * 20))
    }
  }
}

/** PostgreSQL's five-character code of an error, or undefined. */
export const sqlState = (error: unknown): string | undefined =>
  error instanceof postgres.PostgresError ? error.code : undefined

/**
 * Whether nothing can be there of what was tried, so that it may be tried again: the database itself
 * refused it, or a fault of ours came before the commit. Any other error that has a code is the
 * connection's, which may have broken after the commit.
 */
export const isUndone = (error: unknown): boolean =>
  sqlState(error) === undefined
    ? !(error instanceof Error && 'code' in error)
    : !isConnectionLoss(error)

const LOST = new Set([
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENOENT',
  'ENOTCONN',
  'ENOTFOUND',
  'EPIPE',
  'EPROTO',
  'ETIMEDOUT',
  '53300',
  '57P01',
  '57P02',
  '57P03',
])

/** Whether the database could not be reached, or was lost while it worked: the outcome is unknown. */
export function isConnectionLoss(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return LOST.has(code) || /^(08|ERR_SSL_|ERR_TLS_)/.test(code)
}
