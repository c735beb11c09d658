import { sumApplied } from '../commerce/inventorum-redemption.ts'
import { DRAFT } from '../commerce/inventorum-states.ts'
import type { Database } from '../db/database.ts'
import { formatShortest } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import type { PricedLine } from './inventorum-basket-lines.ts'
import type { BasketDraft, ShopCaller } from './inventorum-commands.ts'
import type { OrderLine } from './inventorum-order-rows.ts'
import { type Order, previewCards } from './inventorum-order-views.ts'
import type { ShopCard } from './inventorum-shop-cards.ts'

export type NewBasket = {
  readonly caller: ShopCaller
  readonly draft: BasketDraft
  readonly lines: readonly PricedLine[]
  readonly cards: readonly ShopCard[]
  readonly now: Instant
}

/**
 * Stores a draft in one statement, which is one commit: order, lines and attached cards. It needs no
 * lock, because a draft reserves nothing and its payment looks at everything again.
 */
export async function insertBasket(
  db: Database,
  { caller, draft, lines, cards, now }: NewBasket,
): Promise<Order> {
  const merchantId = caller.merchant.id
  const gross = lines.reduce((sum, { price }) => sum + price.gross, 0n)
  const rows = await db<{ id: bigint; basket_id: bigint; line_id: bigint }[]>`
    with o as (
      insert into inventorum_orders (merchant_id, state, user_id, customer, note_internal, note_external,
        description, external_id, gross, created_at)
      values (${merchantId}, ${DRAFT}, ${caller.userId}, ${draft.customer ?? null}, ${draft.noteInternal ?? null},
        ${draft.noteExternal ?? null}, ${draft.description ?? null}, ${draft.externalId ?? null}, ${gross},
        ${now}::timestamptz)
      returning id, basket_id
    ), l as (
      insert into inventorum_order_lines (merchant_id, order_id, position, product_id, name, tax_type_id, tax_rate,
        purpose, product_code, quantity, unit_net, unit_gross, gross, precoded_id)
      select ${merchantId}, o.id, l.position - 1, l.product_id, l.name, l.tax_type_id, l.tax_rate::numeric,
        l.purpose, l.product_code, l.quantity::numeric, l.unit_net::numeric, l.unit_gross, l.gross, l.precoded_id
      from o, unnest(
        ${lines.map(({ product }) => product.id)}::int8[], ${lines.map(({ name }) => name)}::text[],
        ${lines.map(({ product }) => product.taxTypeId)}::int8[],
        ${lines.map(({ product }) => formatShortest(product.rate))}::text[],
        ${lines.map(({ product }) => product.template?.purpose ?? null)}::text[],
        ${lines.map(({ product }) => product.productCode ?? null)}::text[],
        ${lines.map(({ quantity }) => formatShortest(quantity))}::text[],
        ${lines.map(({ price }) => formatShortest(price.unitNet))}::text[],
        ${lines.map(({ price }) => price.unitGross)}::int8[], ${lines.map(({ price }) => price.gross)}::int8[],
        ${lines.map(({ precodedId }) => precodedId ?? null)}::int8[]
      ) with ordinality as l (product_id, name, tax_type_id, tax_rate, purpose, product_code, quantity, unit_net,
        unit_gross, gross, precoded_id, position)
      order by l.position
      returning id, position
    ), c as (
      insert into inventorum_order_cards (merchant_id, order_id, card_id, position)
      select ${merchantId}, o.id, c.card_id, c.position - 1
      from o, unnest(${cards.map(({ card }) => card.id)}::int8[]) with ordinality as c (card_id, position)
    )
    select o.id, o.basket_id, l.id as line_id from o, l order by l.position`
  const [order] = rows
  if (!order) throw new Error('a basket without lines')
  const stored = lines.map(
    (line, index): OrderLine => toOrderLine(line, order.id, rows[index]?.line_id ?? 0n),
  )
  const usedCards = previewCards(stored, cards, now)
  return {
    id: order.id,
    basketId: order.basket_id,
    state: DRAFT,
    userId: caller.userId,
    customer: draft.customer,
    noteInternal: draft.noteInternal,
    noteExternal: draft.noteExternal,
    description: draft.description,
    externalId: draft.externalId,
    gross,
    invoiceNumber: undefined,
    createdAt: now,
    completedAt: undefined,
    lines: stored,
    usedCards,
    payments: [],
    total: gross - sumApplied(usedCards),
    receipt: undefined,
  }
}

const toOrderLine = (line: PricedLine, orderId: bigint, id: bigint): OrderLine => ({
  id,
  orderId,
  productId: line.product.id,
  name: line.name,
  taxTypeId: line.product.taxTypeId,
  rate: line.product.rate,
  purpose: line.product.template?.purpose,
  productCode: line.product.productCode,
  quantity: line.quantity,
  unitNet: line.price.unitNet,
  unitGross: line.price.unitGross,
  gross: line.price.gross,
  precodedId: line.precodedId,
  cardId: undefined,
  cardLabel: undefined,
  refundedAt: undefined,
})
