import type { Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import { lockCards } from '../ledger/card.ts'
import { post } from '../ledger/post.ts'
import { removeCards } from '../ledger/removals.ts'
import { lockTakenCodes } from '../ledger/reservations.ts'
import type { Deps } from './deps.ts'
import type { ImportState } from './imports-commands.ts'

export type UndoCommand = {
  readonly merchantId: bigint
  readonly userId: bigint
  readonly id: bigint
}

/** Entries of one void event; it bounds what is in memory and how long the process is busy. */
const CHUNK = 1_000

/**
 * Takes back all cards of a finished import as if they had never been: their value goes back by void
 * entries, their codes become free. Only while none of them was used, held or loaded by any protocol
 * (specs/inventorum.md 9.5). All or nothing.
 */
export const undoImport =
  ({ db, now }: Pick<Deps, 'db' | 'now'>) =>
  ({ merchantId, userId, id }: UndoCommand): Promise<'undone' | 'not_found' | 'not_undoable'> =>
    transact(db, async (tx) => {
      const [job] = await tx<{ state: ImportState }[]>`
        select state from imports where merchant_id = ${merchantId} and id = ${id}`
      if (!job) return 'not_found'
      if (job.state !== 'done' || !(await lockDone(tx, merchantId, id))) return 'not_undoable'
      // The turn to issue comes before any card: whoever waits for one of these codes holds it.
      await lockTakenCodes(tx, merchantId, [], now())
      const issues = await listIssues(tx, merchantId, id)
      if (!(await lockUnused(tx, merchantId, issues))) return 'not_undoable'
      const origin = { protocol: 'inventorum', credentialId: userId, actingMerchantId: merchantId }
      for (let start = 0; start < issues.length; start += CHUNK) {
        const voids = issues
          .slice(start, start + CHUNK)
          .map(({ cardId, entryId }) => ({ verb: 'reverse', cardId, entryId, origin }) as const)
        await post(tx, merchantId, voids, { now: now(), allOrNothing: true })
      }
      const cardIds = issues.map(({ cardId }) => cardId)
      await detach(tx, merchantId, cardIds)
      await removeCards(tx, merchantId, cardIds, now())
      await tx`
        update imports set state = 'undone', changed_at = ${now()}::timestamptz
        where merchant_id = ${merchantId} and id = ${id}`
      return 'undone'
    })

/** Whether the job is done still, now that nobody else may undo it. */
async function lockDone(tx: Tx, merchantId: bigint, id: bigint): Promise<boolean> {
  const [job] = await tx`
    select 1 from imports where merchant_id = ${merchantId} and id = ${id} and state = 'done' for update`
  return job !== undefined
}

type Issue = { readonly cardId: bigint; readonly entryId: bigint }

/** The cards of a job with the entries that opened them. */
async function listIssues(tx: Tx, merchantId: bigint, id: bigint): Promise<readonly Issue[]> {
  const rows = await tx<{ card_id: bigint; entry_id: bigint }[]>`
    select e.card_id, e.id as entry_id
    from inventorum_cards c join entries e on e.merchant_id = c.merchant_id and e.card_id = c.card_id
    where c.merchant_id = ${merchantId} and c.import_id = ${id} and e.card_seq = 1
    order by e.card_id`
  return rows.map(({ card_id: cardId, entry_id: entryId }) => ({ cardId, entryId }))
}

/** Locks the cards; false if any of them moved since it was opened, or has value on hold. */
async function lockUnused(tx: Tx, merchantId: bigint, issues: readonly Issue[]): Promise<boolean> {
  const cardIds = issues.map(({ cardId }) => cardId)
  const cards = await lockCards(tx, merchantId, cardIds)
  if (cardIds.some((id) => !cards.has(id) || (cards.get(id)?.held ?? 0n) > 0n)) return false
  const moved = cardIds.filter((id) => (cards.get(id)?.lastSeq ?? 0) > 1)
  if (moved.length === 0) return true
  // Stopping a card for a while is no use of it.
  const [use] = await tx`
    select 1 from entries
    where merchant_id = ${merchantId} and card_id = any(${moved}::int8[]) and card_seq > 1
      and kind not in ('block', 'unblock') limit 1`
  return use === undefined
}

/** Takes the cards off orders that were not paid with them. */
async function detach(tx: Tx, merchantId: bigint, cardIds: readonly bigint[]): Promise<void> {
  await tx`
    delete from inventorum_order_cards
    where merchant_id = ${merchantId} and card_id = any(${cardIds as bigint[]}::int8[]) and applied is null`
}
