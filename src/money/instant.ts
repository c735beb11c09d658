/**
 * A point in time: whole microseconds since the Unix epoch, as PostgreSQL keeps them and as the
 * protocols print them (six fractional digits). A `Date` would lose three of the six.
 */
export type Instant = bigint

export const MICROS_PER_SECOND = 1_000_000n

/** First and last microsecond of the years 1 to 9999, outside of which no protocol can print. */
export const INSTANT_MIN: Instant = BigInt(Date.parse('0001-01-01T00:00:00Z')) * 1_000n
export const INSTANT_MAX: Instant = BigInt(Date.parse('9999-12-31T23:59:59.999Z')) * 1_000n + 999n

/** A clock that tells whole milliseconds only is never taken to be more exact than this. */
const DRIFT_MS_MAX = 2

/**
 * A clock to the microsecond: it runs as `steady` does, and is set by `system` (whole milliseconds)
 * whenever the two have come apart, because somebody set that one, or the machine was asleep.
 */
export function createClock(system: () => number, steady: () => number): () => Instant {
  let behind = 0
  return () => {
    const here = steady()
    const off = system() - here - behind
    if (Math.abs(off) > DRIFT_MS_MAX) behind += off
    return BigInt(Math.round((here + behind) * 1_000))
  }
}

/** The wall clock. */
export const wallClock = createClock(
  () => Date.now(),
  () => performance.timeOrigin + performance.now(),
)

/** Rounds down to what a `Date` can hold. */
export function toDate(instant: Instant): Date {
  const rest = instant % 1_000n
  return new Date(Number((instant - (rest < 0n ? rest + 1_000n : rest)) / 1_000n))
}

export const fromDate = (date: Date): Instant => BigInt(date.getTime()) * 1_000n

/** The microseconds within the second, 0 to 999999. */
export const microsOfSecond = (instant: Instant): number =>
  Number(((instant % MICROS_PER_SECOND) + MICROS_PER_SECOND) % MICROS_PER_SECOND)

let lately: { readonly instant: Instant; readonly text: string } | undefined

/** `2031-05-01T08:00:00.123456Z`: always UTC, always six digits; what the ledger hashes. */
export function formatInstant(instant: Instant): string {
  // All that a batch writes has one time: the text of the last one is kept.
  if (lately?.instant !== instant) {
    const seconds = toDate(instant).toISOString().slice(0, 19)
    const micros = String(microsOfSecond(instant)).padStart(6, '0')
    lately = { instant, text: `${seconds}.${micros}Z` }
  }
  return lately.text
}
