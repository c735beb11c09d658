import type { Queryable } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'
import type { ContraAccount, Entry, EntryKind } from './entry.ts'

type EntryRow = {
  merchant_id: bigint
  id: bigint
  card_id: bigint
  card_seq: number
  event_id: bigint
  kind: EntryKind
  contra: ContraAccount
  amount: bigint
  balance_after: bigint
  reverses: bigint | null
  hold_id: bigint | null
  protocol: string
  credential_id: bigint | null
  acting_merchant_id: bigint
  order_ref: string | null
  event_ref: string | null
  invoice_ref: string | null
  text: string | null
  info: string | null
  created_at: Instant
  hash: string
}

/** The columns that `toEntry` reads, from `entries` unaliased. */
export const entryColumns = (sql: Queryable) => sql`
  entries.merchant_id, entries.id, entries.card_id, entries.card_seq, entries.event_id, entries.kind,
  entries.contra, entries.amount, entries.balance_after, entries.reverses, entries.hold_id,
  entries.protocol, entries.credential_id, entries.acting_merchant_id, entries.order_ref,
  entries.event_ref, entries.invoice_ref, entries.text, entries.info, entries.created_at,
  encode(entries.hash, 'hex') as hash`

/** A selected row as an entry. */
export const toEntry = (row: unknown): Entry => {
  const entry = row as EntryRow // Selected by `entryColumns`.
  return {
    merchantId: entry.merchant_id,
    id: entry.id,
    cardId: entry.card_id,
    cardSeq: entry.card_seq,
    eventId: entry.event_id,
    kind: entry.kind,
    contra: entry.contra,
    amount: entry.amount,
    balanceAfter: entry.balance_after,
    reverses: entry.reverses ?? undefined,
    holdId: entry.hold_id ?? undefined,
    protocol: entry.protocol,
    credentialId: entry.credential_id ?? undefined,
    actingMerchantId: entry.acting_merchant_id,
    orderRef: entry.order_ref ?? undefined,
    eventRef: entry.event_ref ?? undefined,
    invoiceRef: entry.invoice_ref ?? undefined,
    text: entry.text ?? undefined,
    info: entry.info ?? undefined,
    createdAt: entry.created_at,
    hash: entry.hash,
  }
}

/** A card's entries in order; its numbering has no gaps, so any page is found without skipping rows. */
export async function listEntries(
  sql: Queryable,
  merchantId: bigint,
  cardId: bigint,
  { offset = 0, limit }: { readonly offset?: number; readonly limit?: number } = {},
): Promise<Entry[]> {
  const rows = await sql`
    select ${entryColumns(sql)} from entries
    where merchant_id = ${merchantId} and card_id = ${cardId} and card_seq > ${offset}
      ${limit === undefined ? sql`` : sql`and card_seq <= ${offset + limit}`}
    order by card_seq`
  return rows.map(toEntry)
}

/** One entry, if it is of this card. */
export async function findEntry(
  sql: Queryable,
  merchantId: bigint,
  cardId: bigint,
  entryId: bigint,
): Promise<Entry | undefined> {
  const [row] = await sql`
    select ${entryColumns(sql)} from entries
    where merchant_id = ${merchantId} and id = ${entryId} and card_id = ${cardId}`
  return row && toEntry(row)
}

/** A card's balance as of an instant: what its last entry up to then left. */
export async function balanceAt(
  sql: Queryable,
  merchantId: bigint,
  cardId: bigint,
  instant: Instant,
): Promise<bigint> {
  const [row] = await sql<{ balance_after: bigint }[]>`
    select balance_after from entries
    where merchant_id = ${merchantId} and card_id = ${cardId} and created_at <= ${instant}::timestamptz
    order by card_seq desc limit 1`
  return row?.balance_after ?? 0n
}

/** Sums of a merchant's entries by contra account; the cards' own sum is minus their total. */
export async function sumByContra(
  sql: Queryable,
  merchantId: bigint,
  until: Instant,
): Promise<
  { readonly contra: ContraAccount; readonly currency: string; readonly amount: bigint }[]
> {
  return await sql<{ contra: ContraAccount; currency: string; amount: bigint }[]>`
    select e.contra, c.currency, (-sum(e.amount))::int8 as amount
    from entries e join cards c on c.merchant_id = e.merchant_id and c.id = e.card_id
    where e.merchant_id = ${merchantId} and e.created_at <= ${until}::timestamptz
    group by e.contra, c.currency order by e.contra, c.currency`
}
