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
} & History

/** A column of all entries in their order: as PostgreSQL prints an array, or as JSON where it is free text. */
type History = Readonly<
  Record<'ids' | 'kinds' | 'amounts' | 'balances' | 'notes' | 'sources' | 'own' | 'times', string>
>

/** Which cards there are for a store, as the end of `from … where …`. */
export const visibleCards = (sql: Queryable, { merchantId, currency }: CardScope) => sql`
  cards where cards.merchant_id = ${merchantId} and cards.currency = ${currency}
    and not cards.testmode and cards.removed_at is null and cards.code is not null`

/**
 * A card and its history in one statement, so that both are of one snapshot. Clients read every card of
 * a list, so the history comes as one text for each column: a row for each entry costs twice as much.
 */
export async function readStatement(
  sql: Queryable,
  scope: CardScope,
  id: bigint,
): Promise<Statement | undefined> {
  const { merchantId } = scope
  const [row] = await sql<StatementRow[]>`
    select code, state, balance, loaded, c.created_at, modified_at, l.product_id, l.invoice_id,
      l.user_id, h.*
    from (select * from ${visibleCards(sql, scope)} and cards.id = ${id}) c
    left join lightspeed_cards l on l.merchant_id = c.merchant_id and l.card_id = c.id
    cross join lateral (
      select array_agg(id)::text as ids, array_agg(kind)::text as kinds, array_agg(amount)::text as amounts,
        array_agg(balance_after)::text as balances, to_json(array_agg(coalesce(text, '')))::text as notes,
        to_json(array_agg(coalesce(order_ref, invoice_ref, '')))::text as sources,
        array_agg(protocol = 'lightspeed')::text as own,
        array_agg(extract(epoch from created_at))::text as times
      from (select * from entries where merchant_id = ${merchantId} and card_id = ${id} order by card_seq) e
    ) h`
  if (!row) return undefined
  const userId = row.user_id ?? undefined
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
    entries: readHistory(row, userId),
  }
}

function readHistory(history: History, cardUserId: bigint | undefined): readonly StatementEntry[] {
  const kinds = split(history.kinds)
  const amounts = split(history.amounts)
  const balances = split(history.balances)
  const own = split(history.own)
  const times = split(history.times)
  const notes = JSON.parse(history.notes) as readonly string[] // As selected above, like all of them.
  const sources = JSON.parse(history.sources) as readonly string[]
  return split(history.ids).map((id, at) => ({
    id: BigInt(id),
    kind: kinds[at] as EntryKind,
    amount: BigInt(amounts[at] ?? 0),
    balanceAfter: BigInt(balances[at] ?? 0),
    note: notes[at] ?? '',
    source: sources[at] ?? '',
    userId: own[at] === 't' ? cardUserId : undefined,
    // Seconds with six decimals.
    createdAt: BigInt(times[at]?.replace('.', '') ?? 0),
  }))
}

/** `{1,2,3}`: an array of what never needs quotes. */
const split = (array: string): readonly string[] => array.slice(1, -1).split(',')

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
