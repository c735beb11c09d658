import type { Queryable, Tx } from '../db/database.ts'
import type { EntryKind } from '../ledger/entry.ts'
import type { Instant } from '../money/instant.ts'

/** Cards and their entries as OnSite shows them, rows only (specs/lightspeed-onsite.md 7). */

/** The one store a card list is of: its currency only, no test cards (7.3). */
export type CardScope = { readonly merchantId: bigint; readonly currency: string }

/** One entry of a card, as far as its history shows it. */
export type StatementEntry = {
  readonly id: bigint
  readonly seq: number
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

type CardPart = {
  code: string
  state: string
  balance: bigint
  loaded: bigint
  product_id: bigint | null
  invoice_id: bigint | null
  user_id: bigint | null
  card_created_at: Instant
  card_modified_at: Instant
}
type EntryPart = {
  id: bigint
  seq: number
  kind: EntryKind
  amount: bigint
  balance_after: bigint
  note: string | null
  source: string | null
  own: boolean
  created_at: Instant
}
type StatementRow = EntryPart & (CardPart | { [Column in keyof CardPart]: null })

/** Which cards there are for a store, as the end of `from … where …`. */
export const visibleCards = (sql: Queryable, { merchantId, currency }: CardScope) => sql`
  cards where cards.merchant_id = ${merchantId} and cards.currency = ${currency}
    and not cards.testmode and cards.removed_at is null and cards.code is not null`

/**
 * A card and its history in one statement, so that both are of one snapshot: the card's own columns come
 * with its first entry only, which keeps a long history small.
 */
export async function readStatement(
  sql: Queryable,
  scope: CardScope,
  id: bigint,
): Promise<Statement | undefined> {
  const { merchantId } = scope
  const rows = await sql<StatementRow[]>`
    select e.id, e.card_seq as seq, e.kind, e.amount, e.balance_after, e.text as note,
      coalesce(e.order_ref, e.invoice_ref) as source, e.protocol = 'lightspeed' as own, e.created_at,
      c.code, c.state, c.balance, c.loaded, c.product_id, c.invoice_id, c.user_id, c.card_created_at,
      c.card_modified_at
    from entries e
    left join (
      select cards.id, code, state, balance, loaded, l.product_id, l.invoice_id, l.user_id,
        created_at as card_created_at, modified_at as card_modified_at
      from cards left join lightspeed_cards l on l.merchant_id = cards.merchant_id and l.card_id = cards.id
      where cards.merchant_id = ${merchantId}
    ) c on c.id = e.card_id and e.card_seq = 1
    where e.merchant_id = ${merchantId} and e.card_id = ${id}
      and exists (select 1 from ${visibleCards(sql, scope)} and cards.id = ${id})
    order by e.card_seq`
  const [first] = rows
  if (!first || first.code === null) return undefined
  const userId = first.user_id ?? undefined
  return {
    id,
    serial: first.code,
    active: first.state === 'active',
    balance: first.balance,
    loaded: first.loaded,
    productId: first.product_id ?? undefined,
    invoiceId: first.invoice_id ?? undefined,
    userId,
    createdAt: first.card_created_at,
    modifiedAt: first.card_modified_at,
    entries: rows.map((row) => ({
      id: row.id,
      seq: row.seq,
      kind: row.kind,
      amount: row.amount,
      balanceAfter: row.balance_after,
      note: row.note ?? '',
      source: row.source ?? '',
      userId: row.own ? userId : undefined,
      createdAt: row.created_at,
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
