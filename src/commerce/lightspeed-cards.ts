import type { Queryable, Tx } from '../db/database.ts'
import type { EntryKind } from '../ledger/entry.ts'
import type { Instant } from '../money/instant.ts'

/** Cards and their entries as OnSite shows them, rows only (specs/lightspeed-onsite.md 7). */

/** The one store a card list is of: its currency only, no test cards (7.3). */
export type CardScope = { readonly merchantId: bigint; readonly currency: string }

/** One entry of a card, as far as its history shows it. */
export type StatementEntry = {
  readonly id: bigint
  readonly kind: EntryKind
  readonly amount: bigint
  readonly balanceAfter: bigint
  readonly note: string
  /** The order or invoice it belongs to, in the words of the protocol that made it. */
  readonly source: string
  /** Whoever made it here; entries of other protocols have none. */
  readonly userId: bigint | undefined
  readonly createdAt: Instant
}

/** A card with all its entries, of one instant. */
export type Statement = {
  readonly id: bigint
  readonly serial: string
  readonly active: boolean
  readonly balance: bigint
  readonly loaded: bigint
  readonly productId: bigint | undefined
  readonly invoiceId: bigint | undefined
  readonly userId: bigint | undefined
  readonly createdAt: Instant
  readonly modifiedAt: Instant
  readonly entries: readonly StatementEntry[]
}

type StatementRow = {
  code: string
  state: string
  balance: bigint
  loaded: bigint
  product_id: bigint | null
  invoice_id: bigint | null
  user_id: bigint | null
  created_at: Instant
  modified_at: Instant
  entries: string
}

/** id, kind, amount, balance after, note, source, made here, time; all as PostgreSQL prints them. */
type EntryTuple = readonly [string, EntryKind, string, string, string, string, boolean, string]

/** Which cards there are for a store, as the end of `from … where …`. */
export const visibleCards = (sql: Queryable, { merchantId, currency }: CardScope) => sql`
  cards where cards.merchant_id = ${merchantId} and cards.currency = ${currency}
    and not cards.testmode and cards.removed_at is null and cards.code is not null`

/**
 * A card and its history in one statement, so that both are of one snapshot. Clients read every card of
 * a list, so the history comes as one JSON text, put together by hand: a row for each entry costs twice
 * as much, and PostgreSQL's own JSON functions as well.
 */
export async function readStatement(
  sql: Queryable,
  scope: CardScope,
  id: bigint,
): Promise<Statement | undefined> {
  const { merchantId } = scope
  const [row] = await sql<StatementRow[]>`
    select code, state, balance, loaded, created_at, modified_at, l.product_id, l.invoice_id,
      l.user_id,
      (
        select string_agg(concat('["', e.id, '","', e.kind, '","', e.amount, '","', e.balance_after, '",',
          coalesce(to_json(e.text)::text, '""'), ',',
          coalesce(to_json(coalesce(e.order_ref, e.invoice_ref))::text, '""'), ',',
          case e.protocol when 'lightspeed' then 'true' else 'false' end, ',"', extract(epoch from e.created_at), '"]'
        ), ',' order by e.card_seq)
        from entries e where e.merchant_id = ${merchantId} and e.card_id = ${id}
      ) as entries
    from (select * from ${visibleCards(sql, scope)} and cards.id = ${id}) c
    left join lightspeed_cards l on l.merchant_id = c.merchant_id and l.card_id = c.id`
  if (!row) return undefined
  const userId = row.user_id ?? undefined
  const entries = JSON.parse(`[${row.entries}]`) as readonly EntryTuple[] // As selected above.
  return {
    id,
    serial: row.code,
    active: row.state === 'active',
    balance: row.balance,
    loaded: row.loaded,
    productId: row.product_id ?? undefined,
    invoiceId: row.invoice_id ?? undefined,
    userId,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    entries: entries.map(([entryId, kind, amount, balanceAfter, note, source, own, time]) => ({
      id: BigInt(entryId),
      kind,
      amount: BigInt(amount),
      balanceAfter: BigInt(balanceAfter),
      note,
      source,
      userId: own ? userId : undefined,
      // Seconds with six decimals.
      createdAt: BigInt(time.replace('.', '')),
    })),
  }
}

/** What a card that was made here refers to. */
export type CardReferences = {
  readonly productId: bigint
  readonly invoiceId: bigint | undefined
  readonly userId: bigint
}

export async function insertCardReferences(
  tx: Tx,
  merchantId: bigint,
  cardId: bigint,
  { productId, invoiceId, userId }: CardReferences,
): Promise<void> {
  await tx`
    insert into lightspeed_cards (merchant_id, card_id, product_id, invoice_id, user_id)
    values (${merchantId}, ${cardId}, ${productId}, ${invoiceId ?? null}, ${userId})`
}
