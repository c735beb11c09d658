import { foldCode } from '../commerce/inventorum-codes.ts'
import { type AttachedCard, canApply, type PayableLine } from '../commerce/inventorum-redemption.ts'
import type { Queryable, Tx } from '../db/database.ts'
import {
  availableOf,
  type Card,
  cardColumns,
  isExpired,
  lockCards,
  toCard,
} from '../ledger/card.ts'
import { lapseHolds } from '../ledger/decide.ts'
import { loadHolds } from '../ledger/holds.ts'
import type { Instant } from '../money/instant.ts'
import { UNITS_PER_CENT } from '../money/money.ts'
import type { CardProblem } from './inventorum-problems.ts'
import { toDecimal } from './inventorum-product-rows.ts'
import type { Merchant } from './merchants.ts'

/** A card as a till sees it: live, of the account's currency, with what it can spend now. */
export type ShopCard = {
  readonly card: Card
  /** Balance minus open holds. */
  readonly available: bigint
  readonly returnedAt: Instant | undefined
}

type Selected = { returned_at: Instant | null }

const toShopCard = (row: unknown): Omit<ShopCard, 'available'> => ({
  card: toCard(row),
  returnedAt: (row as Selected).returned_at ?? undefined, // Selected below.
})

const select = (sql: Queryable, { id, currency }: Merchant) => sql`
  select ${cardColumns(sql)}, s.returned_at from cards
  left join inventorum_cards s on s.merchant_id = cards.merchant_id and s.card_id = cards.id
  where cards.merchant_id = ${id} and cards.removed_at is null and not cards.testmode
    and cards.currency = ${currency}`

/** Cards by the codes that were submitted: trimmed, the exact spelling first, else ASCII case aside. */
export async function findShopCards(
  sql: Queryable,
  merchant: Merchant,
  codes: readonly string[],
  now: Instant,
): Promise<Map<string, ShopCard>> {
  // A NUL cannot be in a stored code, and PostgreSQL refuses to compare with one.
  const sought = codes.map((code) => code.trim()).filter((code) => !code.includes('\0'))
  if (sought.length === 0) return new Map()
  const rows = await sql`
    ${select(sql, merchant)}
      and lower(cards.code collate "C") = any(select lower(c collate "C") from unnest(${sought}::text[]) c)
    order by cards.id`
  const cards = await withHolds(sql, rows.map(toShopCard), merchant.id, now)
  const exact = new Map(cards.map((found) => [found.card.code, found]))
  const folded = new Map(
    cards.toReversed().map((found) => [foldCode(found.card.code ?? ''), found]),
  )
  return new Map(
    codes.flatMap((code) => {
      const found = exact.get(code.trim()) ?? folded.get(foldCode(code.trim()))
      return found ? [[code, found] as const] : []
    }),
  )
}

/** Cards by id, as they are now. */
export async function readShopCards(
  sql: Queryable,
  merchant: Merchant,
  ids: readonly bigint[],
  now: Instant,
): Promise<Map<bigint, ShopCard>> {
  if (ids.length === 0) return new Map()
  const rows = await sql`${select(sql, merchant)} and cards.id = any(${ids as bigint[]})`
  const cards = await withHolds(sql, rows.map(toShopCard), merchant.id, now)
  return new Map(cards.map((found) => [found.card.id, found]))
}

/** Locks cards in id order; what they say is read under the lock. */
export async function lockShopCards(
  tx: Tx,
  merchant: Merchant,
  ids: readonly bigint[],
  now: Instant,
): Promise<Map<bigint, ShopCard>> {
  if (ids.length === 0) return new Map()
  const cards = [...(await lockCards(tx, merchant.id, ids)).values()].filter(
    ({ testmode, currency }) => !testmode && currency === merchant.currency,
  )
  // A returned card has ended: there is nothing to ask about the others.
  const ended = cards.filter(({ state }) => state === 'closed').map(({ id }) => id)
  const returns = ended.length > 0 ? await readReturns(tx, merchant.id, ended) : new Map()
  const found = await withHolds(
    tx,
    cards.map((card) => ({ card, returnedAt: returns.get(card.id) })),
    merchant.id,
    now,
  )
  return new Map(found.map((card) => [card.card.id, card]))
}

async function readReturns(
  sql: Queryable,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<Map<bigint, Instant>> {
  const rows = await sql<{ card_id: bigint; returned_at: Instant }[]>`
    select card_id, returned_at from inventorum_cards
    where merchant_id = ${merchantId} and card_id = any(${ids as bigint[]}::int8[]) and returned_at is not null`
  return new Map(rows.map((row) => [row.card_id, row.returned_at]))
}

/** Holds past their time no longer count, whether or not anybody swept them. */
async function withHolds(
  sql: Queryable,
  cards: readonly Omit<ShopCard, 'available'>[],
  merchantId: bigint,
  now: Instant,
): Promise<readonly ShopCard[]> {
  const held = cards.filter(({ card }) => card.held > 0n).map(({ card }) => card.id)
  const holds = held.length > 0 ? await loadHolds(sql, merchantId, held, []) : new Map()
  return cards.map(({ card, returnedAt }) => {
    const account = { card, holds: holds.get(card.id) ?? new Map(), originals: new Map() }
    return { card, returnedAt, available: availableOf(lapseHolds(account, now).card) }
  })
}

/** What a card may pay with; one that is expired, returned or stopped has nothing to give. */
export function spendable(found: ShopCard, now: Instant): AttachedCard & { readonly id: bigint } {
  const { card } = found
  return {
    id: card.id,
    purpose: card.purpose,
    rate: card.taxRate === undefined ? undefined : toDecimal(card.taxRate),
    value: unusable(found, now) ? 0n : found.available,
  }
}

/** Why a card can pay nothing at all, in the order in which reasons are told (specs/inventorum.md 5.1). */
export function unusable({ card, returnedAt }: ShopCard, now: Instant): CardProblem | undefined {
  if (isExpired(card, now)) return 'expired'
  if (returnedAt !== undefined) return 'returned'
  return card.state === 'active' ? undefined : 'inactive'
}

/** Why a card cannot be attached to an order of these lines, or undefined. */
export function attachProblem(
  found: ShopCard | undefined,
  lines: readonly PayableLine[] | undefined,
  now: Instant,
): CardProblem | undefined {
  if (!found) return 'unknown'
  const problem = unusable(found, now)
  if (problem) return problem
  if (found.available < UNITS_PER_CENT) return 'empty'
  return lines && !canApply(spendable(found, now), lines) ? 'inapplicable' : undefined
}
