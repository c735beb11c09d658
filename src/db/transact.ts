import postgres from 'postgres'
import { DomainError } from '../errors.ts'
import type { Database, Tx } from './database.ts'

/** Runs of one unit at most: the first and three retries. */
const ATTEMPTS_MAX = 4

/**
 * One unit of work: everything inside commits together or not at all. Serialization failures and
 * deadlocks are retried, three times at most, with jitter; a lock that cannot be had in 3 s is refused
 * as `busy`. The work may therefore run more than once and must keep its effects inside `tx`.
 */
export async function transact<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return (await db.begin(work)) as T // postgres.js unwraps arrays of queries; we return none.
    } catch (error) {
      const state = sqlState(error)
      if (state === '55P03') throw new DomainError({ code: 'busy' })
      if (state !== '40001' && state !== '40P01') throw error
      if (attempt === ATTEMPTS_MAX) throw new DomainError({ code: 'busy' })
      await new Promise((resolve) => setTimeout(resolve, 5 * attempt + Math.random() * 20))
    }
  }
}

/** PostgreSQL's five-character code of an error, or undefined. */
export const sqlState = (error: unknown): string | undefined =>
  error instanceof postgres.PostgresError ? error.code : undefined
