import type { Queryable } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'
import type { ImportFault, ImportJob, ImportState } from './imports-commands.ts'

/** Rows of import jobs; the file itself is read only where it is needed. */

export type ImportRow = {
  merchant_id: bigint
  id: bigint
  state: ImportState
  file_name: string
  opaque: string
  imported: number | null
  faults: string | null
  created_at: Instant
  changed_at: Instant
  completed_at: Instant | null
}

export const importColumns = (sql: Queryable) => sql`
  merchant_id, id, state, file_name, opaque, imported, faults, created_at, changed_at, completed_at`

export const toImportJob = (row: ImportRow): ImportJob => ({
  merchantId: row.merchant_id,
  id: row.id,
  state: row.state,
  fileName: row.file_name,
  opaque: row.opaque,
  imported: row.imported ?? undefined,
  faults: row.faults === null ? undefined : parseFaults(row.faults),
  createdAt: row.created_at,
  changedAt: row.changed_at,
  completedAt: row.completed_at ?? undefined,
})

export const formatFaults = (faults: readonly ImportFault[]): string => JSON.stringify(faults)

// Nothing but `formatFaults` writes the column.
const parseFaults = (text: string): readonly ImportFault[] => JSON.parse(text) as ImportFault[]
