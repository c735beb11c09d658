import type { Queryable } from '../db/database.ts'
import { type Card, isExpired } from '../ledger/card.ts'
import { listUses, type Use, wasUsed } from '../ledger/uses.ts'
import type { Instant } from '../money/instant.ts'
import { UNITS_PER_CENT } from '../money/money.ts'
import type { Deps } from './deps.ts'
import type { ShopCaller } from './inventorum-commands.ts'
import { countIssued, pageOfIssued } from './inventorum-issued-pages.ts'
import { byCard } from './inventorum-order-rows.ts'
import { missing } from './inventorum-problems.ts'
import type { Slice } from './inventorum-product-views.ts'
import { findShopCards, readShopCards, type ShopCard } from './inventorum-shop-cards.ts'
import type { Merchant } from './merchants.ts'

/** What the shop knows of a card; of one that it neither sold nor imported it knows next to nothing. */
type CardSide = {
  readonly name: string
  readonly taxTypeId: bigint | undefined
  readonly productId: bigint | undefined
  readonly orderId: bigint | undefined
  readonly invoiceNumber: bigint | undefined
  readonly userId: bigint | undefined
  /** What it was sold for. */
  readonly soldFor: bigint | undefined
}

/** A card in the list of issued cards (specs/inventorum.md 8.1). */
export type IssuedCard = Omit<CardSide, 'soldFor'> & {
  readonly card: Card
  /** Everything that was ever loaded; of a returned card what it was sold for. */
  readonly amount: bigint
  readonly currentValue: bigint
  readonly returnedAt: Instant | undefined
  readonly isValid: boolean
  readonly uses: readonly Use[]
}

/** What a till is told about one code (specs/inventorum.md 8.2). */
export type ValidatedCard = Pick<IssuedCard, 'card' | 'name' | 'amount' | 'currentValue'> & {
  readonly wasUsed: boolean
}

/** Cards that holders have. */
export function createIssued({ db, now }: Pick<Deps, 'db' | 'now'>) {
  return {
    count: ({ merchant }: ShopCaller): Promise<number> => countIssued(db, merchant),

    /** Newest sale first, inside one sale by card id. */
    list: async ({ merchant }: ShopCaller, slice: Slice): Promise<readonly IssuedCard[]> => {
      const at = now()
      const ids = await pageOfIssued(db, merchant, slice)
      const cards = await readShopCards(db, merchant, ids, at)
      const found = ids.flatMap((id) => cards.get(id) ?? [])
      return await completeCards(db, merchant, found, at)
    },

    /** Refuses what no till can redeem: unknown, not issued, stopped. */
    validate: async ({ merchant }: ShopCaller, code: string): Promise<ValidatedCard> => {
      const at = now()
      const found = (await findShopCards(db, merchant, [code], at)).get(code)
      if (!found) return missing('card')
      // A returned card has ended as well, but it is told, with nothing left on it.
      if (found.card.state !== 'active' && found.returnedAt === undefined) return missing('card')
      const sides = await readSides(db, merchant, [found.card.id])
      return {
        ...shownOf(found, sides.get(found.card.id)),
        wasUsed: await wasUsed(db, merchant.id, found.card.id),
      }
    },
  }
}

async function completeCards(
  sql: Queryable,
  merchant: Merchant,
  found: readonly ShopCard[],
  now: Instant,
): Promise<readonly IssuedCard[]> {
  const ids = found.map(({ card }) => card.id)
  const [sides, uses, untaxedId] = await Promise.all([
    readSides(sql, merchant, ids),
    listUses(sql, merchant.id, ids),
    findUntaxedId(sql, merchant.id),
  ])
  const usesOf = byCard(uses)
  return found.map((shopCard) => {
    const { card, returnedAt } = shopCard
    const side = sides.get(card.id)
    const shown = shownOf(shopCard, side)
    const isUsable = card.state === 'active' && returnedAt === undefined && !isExpired(card, now)
    return {
      ...shown,
      taxTypeId: side ? side.taxTypeId : untaxedId,
      productId: side?.productId,
      orderId: side?.orderId,
      invoiceNumber: side?.invoiceNumber,
      userId: side?.userId,
      returnedAt,
      isValid: isUsable && shown.currentValue >= UNITS_PER_CENT,
      uses: usesOf.get(card.id) ?? [],
    }
  })
}

/** A card of another protocol looks like one that was imported under this name (contract.md 4). */
const FOREIGN_NAME = 'Gift card'

function shownOf({ card, available, returnedAt }: ShopCard, side: CardSide | undefined) {
  const isReturned = returnedAt !== undefined
  return {
    card,
    name: side?.name ?? FOREIGN_NAME,
    amount: isReturned ? (side?.soldFor ?? card.loaded) : card.loaded,
    currentValue: isReturned ? 0n : available,
  }
}

async function readSides(
  sql: Queryable,
  merchant: Merchant,
  cardIds: readonly bigint[],
): Promise<Map<bigint, CardSide>> {
  const rows = await sql<
    {
      card_id: bigint
      name: string
      tax_type_id: bigint
      product_id: bigint | null
      order_id: bigint | null
      invoice_number: bigint | null
      user_id: bigint | null
      unit_gross: bigint | null
    }[]
  >`
    select s.card_id, s.name, s.tax_type_id, s.product_id, s.order_id, o.invoice_number, s.user_id, l.unit_gross
    from inventorum_cards s
    left join inventorum_orders o on o.merchant_id = s.merchant_id and o.id = s.order_id
    left join inventorum_order_lines l on l.merchant_id = s.merchant_id and l.id = s.line_id
    where s.merchant_id = ${merchant.id} and s.card_id = any(${cardIds as bigint[]}::int8[])`
  return new Map(
    rows.map((row) => [
      row.card_id,
      {
        name: row.name,
        taxTypeId: row.tax_type_id,
        productId: row.product_id ?? undefined,
        orderId: row.order_id ?? undefined,
        invoiceNumber: row.invoice_number ?? undefined,
        userId: row.user_id ?? undefined,
        soldFor: row.unit_gross ?? undefined,
      },
    ]),
  )
}

/** The tax type that cards of other protocols are shown with. */
async function findUntaxedId(sql: Queryable, merchantId: bigint): Promise<bigint | undefined> {
  const [row] = await sql<{ id: bigint }[]>`
    select id from inventorum_tax_types where merchant_id = ${merchantId} and rate = 0`
  return row?.id
}
