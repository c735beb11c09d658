import type { Instant } from '../../money/instant.ts'
import type { Merchant } from '../../services/merchants.ts'

/** What is left of a clock minute after this request. */
export type Allowance = {
  readonly limit: number
  readonly remaining: number
  /** Whole seconds until the next minute, if the limit is passed. */
  readonly retryAfterSeconds: number | undefined
}

export type RateLimiter = (
  merchant: Merchant,
  caller: { readonly token: string; readonly address: string },
  now: Instant,
) => Allowance | undefined

const MICROS_PER_MINUTE = 60_000_000n
/** Callers counted at most; beyond it the minute starts anew rather than memory growing. */
const CALLERS_MAX = 100_000

/** The merchant's limit; 0 or nothing is off (specs/foodics.md 9). */
function limitOf({ options }: Merchant): number {
  const limit = options.foodics?.rate_limit_per_minute
  return typeof limit === 'number' && limit > 0 ? limit : 0
}

/** Counts requests by token and client address in each clock minute, in this process. */
export function createRateLimiter(): RateLimiter {
  let minute = -1n
  const counts = new Map<string, number>()
  return (merchant, { token, address }, now) => {
    const limit = limitOf(merchant)
    if (limit === 0) return undefined
    const current = now / MICROS_PER_MINUTE
    if (current !== minute || counts.size >= CALLERS_MAX) counts.clear()
    minute = current
    const key = `${address} ${token}`
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    const left = MICROS_PER_MINUTE - (now % MICROS_PER_MINUTE)
    return {
      limit,
      remaining: Math.max(0, limit - count),
      retryAfterSeconds: count > limit ? Math.ceil(Number(left) / 1_000_000) : undefined,
    }
  }
}

/** The headers of every authenticated answer while a limit is set. */
export const limitHeaders = (allowance: Allowance | undefined): Record<string, string> =>
  allowance
    ? {
        'x-ratelimit-limit': String(allowance.limit),
        'x-ratelimit-remaining': String(allowance.remaining),
      }
    : {}
