import { isConnectionLoss, sqlState } from '../db/transact.ts'
import { DomainError, type Refusal } from '../errors.ts'
import { statusOf } from './server.ts'

/** The four kinds of no (style.md section 4), as far as HTTP is concerned. */
export type Failure =
  | { readonly kind: 'refusal'; readonly refusal: Refusal }
  /** The framework's own 4xx: a body too large or cut off. */
  | { readonly kind: 'client'; readonly status: number }
  /** The database does not answer: safe to try again. */
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'defect' }

/** Says what kind of failure an error is; dialects have words for each. */
export function toFailure(error: unknown): Failure {
  if (error instanceof DomainError) return { kind: 'refusal', refusal: error.refusal }
  const state = sqlState(error)
  if (state === '55P03' || state === '40001' || state === '40P01')
    return { kind: 'refusal', refusal: { code: 'busy' } }
  // First, because a request that was cut off is ECONNRESET as well as a lost database is.
  const status = statusOf(error)
  if (status < 500) return { kind: 'client', status }
  return { kind: isConnectionLoss(error) ? 'unavailable' : 'defect' }
}
