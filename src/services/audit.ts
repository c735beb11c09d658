import type { Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'

/** What was done, by whom, to which card. Entries are their own record; this is what they do not say. */
export type AuditRecord = {
  readonly action: string
  readonly cardId?: bigint
  readonly entryId?: bigint
  readonly credentialId?: bigint
  /** JSON text as sent, secrets masked. */
  readonly data?: string
}

/** Appends records in the transaction of what they tell. */
export async function writeAudit(
  tx: Tx,
  merchantId: bigint,
  records: readonly AuditRecord[],
  now: Instant,
): Promise<void> {
  for (const record of records)
    await tx`
      insert into audit_records (merchant_id, action, card_id, entry_id, credential_id, data, created_at)
      values (${merchantId}, ${record.action}, ${record.cardId ?? null}, ${record.entryId ?? null},
        ${record.credentialId ?? null}, ${record.data ?? null},
        ${now}::timestamptz)`
}
