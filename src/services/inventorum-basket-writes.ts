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
import type { Merchant } from './merchants.ts'

export type NewBasket = {
  readonly caller: ShopCaller
  readonly draft: BasketDraft
  readonly lines: readonly PricedLine[]
  readonly cards: readonly ShopCard[]
  readonly now: Instant
}

/**
 * Stores drafts of one shop in one statement, which is one commit: orders, lines and attached cards. It
 * needs no lock, because a draft reserves nothing and its payment looks at everything again.
 */
export async function insertBaskets(
  db: Database,
  { id: merchantId }: Merchant,
  baskets: readonly NewBasket[],
): Promise<readonly Order[]> {
  if (baskets.length === 0) return []
  const drafts = baskets.map(({ draft }) => draft)
  const lines = baskets.flatMap((basket, index) =>
    basket.lines.map((line, position) => ({ ...line, position, basket: index + 1 })),
  )
  const cards = baskets.flatMap((basket, index) =>
    basket.cards.map(({ card }, position) => ({ id: card.id, position, basket: index + 1 })),
  )
  const rows = await db<{ basket: bigint; id: bigint; basket_id: bigint; line_id: bigint }[]>`
    with n as (
      select *, nextval('inventorum_order_ids') as id, nextval('inventorum_basket_ids') as basket_id
      from unnest(${baskets.map(({ caller }) => caller.userId)}::int8[],
        ${drafts.map(({ customer }) => customer ?? null)}::int8[],
        ${drafts.map(({ noteInternal }) => noteInternal ?? null)}::text[],
        ${drafts.map(({ noteExternal }) => noteExternal ?? null)}::text[],
        ${drafts.map(({ description }) => description ?? null)}::text[],
        ${drafts.map(({ externalId }) => externalId ?? null)}::text[], ${baskets.map(grossOf)}::int8[],
        ${baskets.map(({ now }) => now)}::timestamptz[]
      ) with ordinality as b (user_id, customer, note_internal, note_external, description, external_id, gross,
        created_at, basket)
    ), o as (
      insert into inventorum_orders (merchant_id, id, basket_id, state, user_id, customer, note_internal,
        note_external, description, external_id, gross, created_at)
      select ${merchantId}, id, basket_id, ${DRAFT}::int4, user_id, customer, note_internal, note_external,
        description, external_id, gross, created_at from n
    ), l as (
      insert into inventorum_order_lines (merchant_id, order_id, position, product_id, name, tax_type_id, tax_rate,
        purpose, product_code, quantity, unit_net, unit_gross, gross, precoded_id)
      select ${merchantId}, n.id, l.position, l.product_id, l.name, l.tax_type_id, l.tax_rate::numeric,
        l.purpose, l.product_code, l.quantity::numeric, l.unit_net::numeric, l.unit_gross, l.gross, l.precoded_id
      from unnest(${lines.map(({ basket }) => basket)}::int8[], ${lines.map(({ position }) => position)}::int4[],
        ${lines.map(({ product }) => product.id)}::int8[], ${lines.map(({ name }) => name)}::text[],
        ${lines.map(({ product }) => product.taxTypeId)}::int8[],
        ${lines.map(({ product }) => formatShortest(product.rate))}::text[],
        ${lines.map(({ product }) => product.template?.purpose ?? null)}::text[],
        ${lines.map(({ product }) => product.productCode ?? null)}::text[],
        ${lines.map(({ quantity }) => formatShortest(quantity))}::text[],
        ${lines.map(({ price }) => formatShortest(price.unitNet))}::text[],
        ${lines.map(({ price }) => price.unitGross)}::int8[], ${lines.map(({ price }) => price.gross)}::int8[],
        ${lines.map(({ precodedId }) => precodedId ?? null)}::int8[]
      ) as l (basket, position, product_id, name, tax_type_id, tax_rate, purpose, product_code, quantity, unit_net,
        unit_gross, gross, precoded_id)
      join n on n.basket = l.basket order by l.basket, l.position
      returning id, order_id, position
    ), c as (
      insert into inventorum_order_cards (merchant_id, order_id, card_id, position)
      select ${merchantId}, n.id, c.card_id, c.position
      from unnest(${cards.map(({ basket }) => basket)}::int8[], ${cards.map(({ id }) => id)}::int8[],
        ${cards.map(({ position }) => position)}::int4[]) as c (basket, card_id, position)
      join n on n.basket = c.basket order by c.card_id
    )
    select n.basket, n.id, n.basket_id, l.id as line_id from n join l on l.order_id = n.id
    order by n.basket, l.position`
  return baskets.map((basket, index) =>
    toOrder(
      basket,
      rows.filter((row) => row.basket === BigInt(index + 1)),
    ),
  )
}

const grossOf = ({ lines }: NewBasket): bigint =>
  lines.reduce((sum, { price }) => sum + price.gross, 0n)

function toOrder(
  basket: NewBasket,
  rows: readonly { readonly id: bigint; readonly basket_id: bigint; readonly line_id: bigint }[],
): Order {
  const { caller, draft, lines, cards, now } = basket
  const [order] = rows
  if (!order) throw new Error('a basket without lines')
  const stored = lines.map(
    (line, index): OrderLine => toOrderLine(line, order.id, rows[index]?.line_id ?? 0n),
  )
  const usedCards = previewCards(stored, cards, now)
  const gross = grossOf(basket)
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
