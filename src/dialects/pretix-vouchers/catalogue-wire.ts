import type { OpaqueJson, Schedule } from '../../commerce/catalogue.ts'
import type { Instant } from '../../money/instant.ts'
import { formatCents } from '../../money/money.ts'
import { formatUtc } from '../../wire/dates.ts'
import { rawNumber } from '../../wire/json.ts'

/** How the catalogue's values look on the wire (specs/pretix-vouchers.md 1.3). */

export const encodeId = (id: bigint | undefined): number | null =>
  id === undefined ? null : Number(id)

export const encodeInstant = (instant: Instant | undefined): string | null =>
  instant === undefined ? null : formatUtc(instant)

export const encodePrice = (units: bigint | undefined): string | null =>
  units === undefined ? null : formatCents(units)

/** What was kept as it was sent goes out again with its numbers as they were spelled. */
export const encodeKept = (source: OpaqueJson): unknown =>
  JSON.parse(source, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? rawNumber(context?.source ?? String(value)) : value,
  )

export const encodeSchedule = (schedule: Schedule) => ({
  date_from: encodeInstant(schedule.dateFrom),
  date_to: encodeInstant(schedule.dateTo),
  date_admission: encodeInstant(schedule.dateAdmission),
  presale_start: encodeInstant(schedule.presaleStart),
  presale_end: encodeInstant(schedule.presaleEnd),
})
