import type { Queryable, Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'

export type CardState = 'active' | 'blocked' | 'closed'
/** Taxed when redeemed (`multi`) or when sold (`single`). */
export type Purpose = 'multi' | 'single'

/** A card as its row stands; `balance`, `held`, `loaded` and `face` are ledger units. */
export type Card = {
  readonly merchantId: bigint
  readonly id: bigint
  readonly code: string | undefined
  readonly currency: string
  readonly testmode: boolean
  readonly state: CardState
  readonly balance: bigint
  /** Reserved by open holds. */
  readonly held: bigint
  /** Everything ever loaded. */
  readonly loaded: bigint
  /** The same without what Foodics' own transactions put on it (its `amount` never changes). */
  readonly face: bigint
  readonly expiresAt: Instant | undefined
  readonly conditions: string | undefined
  readonly ownerPositionId: bigint | undefined
  /** The protocol that made it. */
  readonly origin: string
  readonly purpose: Purpose
  readonly taxRate: string | undefined
  readonly createdAt: Instant
  readonly modifiedAt: Instant
  readonly lastSeq: number
  /** Hexadecimal. */
  readonly lastHash: string
}

type CardRow = {
  merchant_id: bigint
  id: bigint
  code: string | null
  currency: string
  testmode: boolean
  state: CardState
  balance: bigint
  held: bigint
  loaded: bigint
  face: bigint
  expires_at: Instant | null
  conditions: string | null
  owner_position_id: bigint | null
  origin: string
  purpose: Purpose
  tax_rate: string | null
  created_at: Instant
  modified_at: Instant
  last_seq: number
  last_hash: string
}

/** The columns that `toCard` reads; every query of cards selects these, from `cards` unaliased. */
export const cardColumns = (sql: Queryable) => sql`
  cards.merchant_id, cards.id, cards.code, cards.currency, cards.testmode, cards.state, cards.balance,
  cards.held, cards.loaded, cards.face, cards.expires_at, cards.conditions, cards.owner_position_id,
  cards.origin, cards.purpose, cards.tax_rate, cards.created_at, cards.modified_at, cards.last_seq,
  encode(cards.last_hash, 'hex') as last_hash`

/** A selected row as a card. */
export const toCard = (row: unknown): Card => {
  const card = row as CardRow // Selected by `cardColumns`.
  return {
    merchantId: card.merchant_id,
    id: card.id,
    code: card.code ?? undefined,
    currency: card.currency,
    testmode: card.testmode,
    state: card.state,
    balance: card.balance,
    held: card.held,
    loaded: card.loaded,
    face: card.face,
    expiresAt: card.expires_at ?? undefined,
    conditions: card.conditions ?? undefined,
    ownerPositionId: card.owner_position_id ?? undefined,
    origin: card.origin,
    purpose: card.purpose,
    taxRate: card.tax_rate ?? undefined,
    createdAt: card.created_at,
    modifiedAt: card.modified_at,
    lastSeq: card.last_seq,
    lastHash: card.last_hash,
  }
}

/** What can be spent now. */
export const availableOf = ({ balance, held }: Pick<Card, 'balance' | 'held'>): bigint =>
  balance - held

/** At its very instant of expiry a card is still good. */
export const isExpired = ({ expiresAt }: Pick<Card, 'expiresAt'>, now: Instant): boolean =>
  expiresAt !== undefined && expiresAt < now

/** Locks cards of one merchant in id order and returns what they say now; unknown ids are left out. */
export async function lockCards(
  tx: Tx,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<Map<bigint, Card>> {
  // In id order: two batches over the same cards must not wait for each other. Not `for update`: rows
  // of other tables that are being made to refer to these cards would wait, in an order of their own.
  const rows = await tx`
    select ${cardColumns(tx)} from cards
    where merchant_id = ${merchantId} and id = any(${ids as bigint[]}) and removed_at is null
    order by id for no key update`
  return new Map(
    rows.map((row) => {
      const card = toCard(row)
      return [card.id, card]
    }),
  )
}
