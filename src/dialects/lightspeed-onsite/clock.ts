import { formatInstant, INSTANT_MAX, INSTANT_MIN, type Instant } from '../../money/instant.ts'
import { createZone, toReading, type Zone } from '../../money/zone.ts'

/** The clock on a store's wall. */
export type Clock = {
  readonly zone: Zone
  /** `2026-03-04T10:15:30.120034`: six digits, and no zone, which breaks clients. */
  readonly format: (instant: Instant) => string
}

const DAY_MICROS = 86_400_000_000
/** Days remembered of a zone. */
const DAYS_MAX = 4_096

/**
 * A clock that remembers its zone's offset on days on which it does not change: a card's document has a
 * time for each of its entries, and asking the system for an offset costs more than writing an entry.
 */
export function createClock(name: string): Clock {
  const zone = createZone(name)
  const offsets = new Map<number, number | undefined>()
  const dates = new Map<number, string>()

  function remember<T>(days: Map<number, T>, day: number, value: T): T {
    if (days.size >= DAYS_MAX) days.clear()
    days.set(day, value)
    return value
  }

  /** The offset of a whole day; undefined if it changes in between. */
  function offsetOf(day: number): number | undefined {
    if (offsets.has(day)) return offsets.get(day)
    const start = zone.offsetAt(BigInt(day) * BigInt(DAY_MICROS))
    const end = zone.offsetAt(BigInt(day + 1) * BigInt(DAY_MICROS))
    return remember(offsets, day, start === end ? Number(start) : undefined)
  }

  const dateOf = (day: number): string =>
    dates.get(day) ??
    remember(dates, day, new Date((day * DAY_MICROS) / 1_000).toISOString().slice(0, 10))

  return {
    zone,
    format: (instant) => {
      // Whole microseconds are exact as numbers until the year 2255.
      const micros = Number(instant)
      const isExact = micros >= 0 && micros < Number.MAX_SAFE_INTEGER - 2 * DAY_MICROS
      const offset = isExact ? offsetOf(Math.floor(micros / DAY_MICROS)) : undefined
      if (offset === undefined) return formatInstant(within(toReading(zone, instant))).slice(0, -1)
      const reading = micros + offset
      const day = Math.floor(reading / DAY_MICROS)
      return `${dateOf(day)}T${formatTime(reading - day * DAY_MICROS)}`
    },
  }
}

/** Only years of four digits can be written. */
const within = (instant: Instant): Instant =>
  instant < INSTANT_MIN ? INSTANT_MIN : instant > INSTANT_MAX ? INSTANT_MAX : instant

function formatTime(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000)
  const [hour, minute] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60]
  return `${two(hour)}:${two(minute)}:${two(seconds % 60)}.${String(micros % 1_000_000).padStart(6, '0')}`
}

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`)
