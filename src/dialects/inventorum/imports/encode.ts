import type { Zone } from '../../../money/zone.ts'
import type { ImportFault, ImportJob, ImportState } from '../../../services/imports-commands.ts'
import { id, localMicros } from '../wire.ts'

/** Status codes that clients know are 0 and 12; anything else is not finished (specs/inventorum.md 9.3). */
const STATUS: Readonly<Record<ImportState, number>> = {
  done: 0,
  queued: 1,
  running: 2,
  undone: 3,
  failed: 12,
}

/** The answer to an accepted file. */
export const encodeAccepted = (job: ImportJob, publicUrl: string): unknown => ({
  job_id: id(job.id),
  _links: { status: { href: `${publicUrl}/api/v2/giftcards/import/${job.id}` } },
})

/** A job as its status and the list show it; times are the account's. */
export const encodeJob = (job: ImportJob, zone: Zone, publicUrl: string): unknown => ({
  id: id(job.id),
  source_file: `${publicUrl}/uploads/${job.merchantId}/giftcard_import/${job.opaque}/${job.fileName}`,
  status_code: STATUS[job.state],
  status_details: encodeDetails(job),
  last_status_change: localMicros(zone, job.changedAt),
  completed_at: job.completedAt === undefined ? null : localMicros(zone, job.completedAt),
  time_added: localMicros(zone, job.createdAt),
})

function encodeDetails({ imported, faults }: ImportJob): unknown {
  if (faults) return encodeFaults(faults)
  return imported === undefined ? {} : { num_imported: imported }
}

/** Plain texts by place, in the order in which they were found, and all of them once more as one text. */
const encodeFaults = (faults: readonly ImportFault[]): unknown => ({
  key: 'giftcard.import.import_error',
  fields: Object.fromEntries(faults),
  description: `Message: \nErrors:\n${faults.map(([place, text]) => `${place}: ${text}`).join('\n')}`,
})
