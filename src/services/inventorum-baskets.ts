import { foldCode } from '../commerce/inventorum-codes.ts'
import { CANCELED, isOpen } from '../commerce/inventorum-states.ts'
import type { Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import type { Instant } from '../money/instant.ts'
import type { Deps } from './deps.ts'
import { type PricedLine, priceBasket, readShelf } from './inventorum-basket-lines.ts'
import { insertBaskets, type NewBasket } from './inventorum-basket-writes.ts'
import type { BasketDraft, ShopCaller } from './inventorum-commands.ts'
import { lockOrderRows, type OrderRow, readLines, readOrderCards } from './inventorum-order-rows.ts'
import { type Order, readOrders, toPayable } from './inventorum-order-views.ts'
import { deny, denyIfAny, missing, type ShopProblem } from './inventorum-problems.ts'
import { readProductRows } from './inventorum-product-rows.ts'
import {
  attachProblem,
  findShopCards,
  readShopCards,
  type ShopCard,
} from './inventorum-shop-cards.ts'

import { attempt, createTurns, type Outcome } from './inventorum-turns.ts'

/** Cards on one order at most. */
const ATTACHED_MAX = 500

export type CreateCommand = { readonly caller: ShopCaller; readonly draft: BasketDraft }

export type AttachCommand = {
  readonly caller: ShopCaller
  readonly orderId: bigint
  /** Reads the codes; called once the order is known to be open, because its state is told first. */
  readonly codes: () => readonly string[]
}

/** Orders before they are paid. A draft reserves nothing and changes no card (specs/inventorum.md 4, 5). */
export function createBaskets({ db, now }: Pick<Deps, 'db' | 'now'>) {
  return {
    /** Makes a draft with its cards; all problems of lines and cards are told at once. */
    create: createTurns((batch: readonly CreateCommand[], onWriting) => {
      onWriting()
      return createAll({ db, now }, batch)
    }),

    /** What stands against a basket whose body has faults already. */
    findProblems: async (
      { merchant }: ShopCaller,
      productIds: readonly (bigint | undefined)[],
      codes: readonly string[],
    ): Promise<readonly ShopProblem[]> => {
      const at = now()
      const named = productIds.filter((id) => id !== undefined)
      const products = await readProductRows(db, merchant.id, named)
      const found = await findShopCards(db, merchant, codes, at)
      const lines = productIds.flatMap((id, index): ShopProblem[] => {
        const product = id === undefined ? undefined : products.get(id)
        if (id === undefined || (product && !product.isDeleted)) return []
        const place = { index, of: productIds.length }
        return [{ code: 'line', place, problem: { kind: 'product_unknown', id: id.toString() } }]
      })
      return [...lines, ...cardProblems(codes, found, undefined, at)]
    },

    /** Attaches all cards or none; nothing is taken from them. */
    attach: ({ caller, orderId, codes }: AttachCommand): Promise<Order> =>
      transact(db, async (tx) => {
        const { merchant } = caller
        const at = now()
        await lockOpenOrder(tx, merchant.id, orderId)
        const submitted = codes()
        const lines = await readLines(tx, merchant.id, [orderId])
        const present = await readOrderCards(tx, merchant.id, [orderId])
        const found = await findShopCards(tx, merchant, submitted, at)
        const attached = new Set(present.map(({ cardId }) => cardId))
        denyIfAny(cardProblems(submitted, found, lines.map(toPayable), at, attached))
        if (attached.size + submitted.length > ATTACHED_MAX)
          deny({ code: 'too_many_cards', max: ATTACHED_MAX })
        const start = present.reduce((last, { position }) => Math.max(last, position), -1) + 1
        const ids = submitted.flatMap((code) => found.get(code)?.card.id ?? [])
        await tx`
          insert into inventorum_order_cards (merchant_id, order_id, card_id, position)
          select ${merchant.id}, ${orderId}, card_id, ${start - 1}::int4 + position
          from unnest(${ids}::int8[]) with ordinality as c (card_id, position)`
        return (await readOrders(tx, merchant, [orderId], at)).get(orderId) ?? missing('order')
      }),

    /** Removes all cards or none; expired and empty ones can be removed too. */
    detach: ({ caller, orderId, codes }: AttachCommand): Promise<void> =>
      transact(db, async (tx) => {
        const { merchant } = caller
        await lockOpenOrder(tx, merchant.id, orderId)
        const submitted = codes()
        const present = await readOrderCards(tx, merchant.id, [orderId])
        const cards = await readShopCards(
          tx,
          merchant,
          present.map(({ cardId }) => cardId),
          now(),
        )
        const chosen = new Set<bigint>()
        const problems = submitted.flatMap((as): ShopProblem[] => {
          const id = findAttached([...cards.values()], as)
          if (id === undefined) return [{ code: 'card', as, problem: 'not_attached' }]
          if (chosen.has(id)) return [{ code: 'card', as, problem: 'duplicate' }]
          chosen.add(id)
          return []
        })
        denyIfAny(problems)
        await tx`
          delete from inventorum_order_cards where merchant_id = ${merchant.id} and order_id = ${orderId}
            and card_id = any(${[...chosen]}::int8[])`
      }),

    cancel: ({ merchant }: ShopCaller, orderId: bigint): Promise<void> =>
      transact(db, async (tx) => {
        await lockOpenOrder(tx, merchant.id, orderId)
        await tx`
          update inventorum_orders set state = ${CANCELED} where merchant_id = ${merchant.id} and id = ${orderId}`
      }),
  }
}

/** Drafts of one shop: read together, judged one by one, stored together. */
async function createAll(
  { db, now }: Pick<Deps, 'db' | 'now'>,
  batch: readonly CreateCommand[],
): Promise<readonly Outcome<Order>[]> {
  const merchant = batch[0]?.caller.merchant
  if (!merchant) return []
  const at = now()
  const codes = batch.flatMap(({ draft }) => draft.codes)
  const [shelf, found] = await Promise.all([
    readShelf(
      db,
      merchant.id,
      batch.flatMap(({ draft }) => draft.lines),
    ),
    findShopCards(db, merchant, [...new Set(codes)], at),
  ])
  const verdicts = batch.map(({ caller, draft }) =>
    attempt((): NewBasket => {
      const { lines, problems } = priceBasket(shelf, draft.lines, at)
      const payable = problems.length > 0 ? undefined : lines.map(toPayableLine)
      denyIfAny([...problems, ...cardProblems(draft.codes, found, payable, at)])
      const cards = draft.codes.flatMap((code) => found.get(code) ?? [])
      return { caller, draft, lines, cards, now: at }
    }),
  )
  const good = verdicts.flatMap((verdict) => ('result' in verdict ? [verdict.result] : []))
  const orders = await insertBaskets(db, merchant, good)
  return verdicts.map((verdict): Outcome<Order> => {
    if ('error' in verdict) return verdict
    const order = orders[good.indexOf(verdict.result)]
    return order ? { result: order } : { error: new Error('a basket without an order') }
  })
}

/** Locks an order that can still be changed. */
async function lockOpenOrder(tx: Tx, merchantId: bigint, id: bigint): Promise<OrderRow> {
  const order = (await lockOrderRows(tx, merchantId, [id])).get(id)
  if (!order) return missing('order')
  return isOpen(order.state) ? order : deny({ code: 'order_not_open' })
}

const toPayableLine = ({ product, price }: PricedLine) =>
  toPayable({ purpose: product.template?.purpose, rate: product.rate, gross: price.gross })

/** One problem a code at most, in input order; a code that repeats an earlier one is told so. */
function cardProblems(
  codes: readonly string[],
  found: ReadonlyMap<string, ShopCard>,
  lines: Parameters<typeof attachProblem>[1],
  now: Instant,
  attached: ReadonlySet<bigint> = new Set(),
): readonly ShopProblem[] {
  const seen = new Set<string>()
  const told = new Set<string>()
  return codes.flatMap((as): ShopProblem[] => {
    const card = found.get(as)
    // Two spellings of one card are as much of a repetition as twice the same spelling.
    const key = card ? `id ${card.card.id}` : `code ${foldCode(as.trim())}`
    if (seen.has(key)) {
      if (told.has(key)) return []
      told.add(key)
      return [{ code: 'card', as, problem: 'duplicate' }]
    }
    seen.add(key)
    const problem = attachProblem(card, lines, now)
    if (problem) return [{ code: 'card', as, problem }]
    return card && attached.has(card.card.id) ? [{ code: 'card', as, problem: 'attached' }] : []
  })
}

/** The attached card that a code means: the exact spelling first. */
function findAttached(cards: readonly ShopCard[], as: string): bigint | undefined {
  const code = as.trim()
  const exact = cards.find(({ card }) => card.code === code)
  const folded = cards.find(({ card }) => foldCode(card.code ?? '') === foldCode(code))
  return (exact ?? folded)?.card.id
}
