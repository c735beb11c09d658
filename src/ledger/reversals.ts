import type { Tx } from '../db/database.ts'
import type { Original } from './decide.ts'
import type { ContraAccount, EntryKind } from './entry.ts'

/** The entries that commands want to undo, with what was given back of them so far. */
export async function loadOriginals(
  tx: Tx,
  merchantId: bigint,
  entryIds: readonly bigint[],
): Promise<Map<bigint, Original>> {
  const rows = await tx<
    {
      id: bigint
      card_id: bigint
      kind: EntryKind
      contra: ContraAccount
      amount: bigint
      reversed: bigint
    }[]
  >`
    select e.id, e.card_id, e.kind, e.contra, e.amount, coalesce(r.reversed, 0) as reversed
    from entries e
    left join reversal_totals r on r.merchant_id = e.merchant_id and r.entry_id = e.id
    where e.merchant_id = ${merchantId} and e.id = any(${entryIds as bigint[]})`
  return new Map(rows.map(({ card_id, ...row }) => [row.id, { ...row, cardId: card_id }]))
}

/** Stores what was given back so far; the table's own check refuses more than the original. */
export async function writeReversals(
  tx: Tx,
  merchantId: bigint,
  originals: readonly Original[],
): Promise<void> {
  const given = [...new Map(originals.map((original) => [original.id, original])).values()].filter(
    ({ reversed }) => reversed > 0n,
  )
  if (given.length === 0) return
  await tx`
    insert into reversal_totals (merchant_id, entry_id, original, reversed)
    select ${merchantId}, entry_id, original, reversed from unnest(
      ${given.map(({ id }) => id)}::int8[],
      ${given.map(({ amount }) => (amount < 0n ? -amount : amount))}::int8[],
      ${given.map(({ reversed }) => reversed)}::int8[]
    ) as r (entry_id, original, reversed)
    on conflict (merchant_id, entry_id) do update set reversed = excluded.reversed`
}
