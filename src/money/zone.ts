import { fromDate, type Instant, MICROS_PER_SECOND, toDate } from './instant.ts'

/** A named time zone (IANA): what its clocks on the wall show, daylight saving included. */
export type Zone = {
  readonly name: string
  /** How far its clocks are ahead of UTC at an instant, in microseconds. */
  readonly offsetAt: (instant: Instant) => Instant
}

/** Whether this machine knows a zone of that name. */
export function isZone(name: string): boolean {
  try {
    createZone(name)
    return true
  } catch {
    return false
  }
}

/** A zone by its IANA name. Refuses (RangeError) an unknown one. */
export function createZone(name: string): Zone {
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const offsetAt = (instant: Instant): Instant => {
    const part: Record<string, string> = {}
    for (const { type, value } of clock.formatToParts(toDate(instant))) part[type] = value
    const year = part.era === 'BC' ? 1 - Number(part.year) : Number(part.year)
    const shown = new Date(0)
    shown.setUTCFullYear(year, Number(part.month) - 1, Number(part.day))
    shown.setUTCHours(Number(part.hour), Number(part.minute), Number(part.second))
    return fromDate(shown) - wholeSeconds(instant)
  }
  return { name, offsetAt }
}

/** Rounds down to the second, before 1970 too. */
function wholeSeconds(instant: Instant): Instant {
  const rest = instant % MICROS_PER_SECOND
  return instant - (rest < 0n ? rest + MICROS_PER_SECOND : rest)
}

/** What the zone's clocks show at an instant, as if it were UTC. */
export const toReading = (zone: Zone, instant: Instant): Instant => instant + zone.offsetAt(instant)

/**
 * The instant at which the zone's clocks show a reading. A reading that comes twice (clocks set back)
 * is its first coming; one that never comes (clocks set forward) is as far past the gap as it is in it.
 */
export function fromReading(zone: Zone, reading: Instant): Instant {
  // No zone is a day away from UTC, so these are the offsets on both sides of any change near by.
  const before = zone.offsetAt(reading - DAY)
  const after = zone.offsetAt(reading + DAY)
  const early = reading - (before > after ? before : after)
  if (toReading(zone, early) === reading) return early
  const late = reading - (before > after ? after : before)
  if (toReading(zone, late) === reading) return late
  return reading - before
}

const DAY = 86_400n * MICROS_PER_SECOND
