import { COMPLETED, FULLY_REFUNDED } from '../commerce/inventorum-states.ts'
import type { Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import type { Card } from '../ledger/card.ts'
import { lockCards } from '../ledger/card.ts'
import type { Origin } from '../ledger/entry.ts'
import { type Command, post } from '../ledger/post.ts'
import { loadOriginals } from '../ledger/reversals.ts'
import { findOpenings, findSpent } from '../ledger/uses.ts'
import { formatShortest } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import type { Deps } from './deps.ts'
import { lockAccount } from './inventorum-account.ts'
import type { RefundDraft, ShopCaller } from './inventorum-commands.ts'
import {
  lockOrderRows,
  type OrderCard,
  type OrderLine,
  type OrderRow,
  readLines,
  readOrderCards,
} from './inventorum-order-rows.ts'
import { type Order, readOrders } from './inventorum-order-views.ts'
import { deny, denyIfAny, missing, type ShopProblem } from './inventorum-problems.ts'
import { lockProductRows } from './inventorum-product-rows.ts'

export type RefundCommand = {
  readonly caller: ShopCaller
  readonly orderId: bigint
  /** Reads the request; called once the order is known to be completed. */
  readonly refund: () => RefundDraft
}

/** An order that is being given back, and what of it. */
type Return = {
  readonly order: OrderRow
  readonly lines: readonly OrderLine[]
  readonly chosen: readonly OrderLine[]
  /** Cards that paid. */
  readonly used: readonly OrderCard[]
  readonly origin: Origin
  readonly now: Instant
}

/**
 * Gives back a completed order or some of its lines (specs/inventorum.md 10.7). Cards that paid get back
 * what they gave, as reversals of the entries that took it; cards that were sold and never used are
 * voided and end. No invoice number is taken. All or nothing.
 */
export const createRefunds =
  ({ db, now }: Pick<Deps, 'db' | 'now'>) =>
  ({ caller, orderId, refund }: RefundCommand): Promise<Order> =>
    transact(db, async (tx) => {
      const { merchant } = caller
      await lockAccount(tx, merchant.id)
      const order = (await lockOrderRows(tx, merchant.id, [orderId])).get(orderId)
      if (!order) return missing('order')
      if (order.state !== COMPLETED) return deny({ code: 'order_not_completed' })
      const { method, lineIds } = refund()
      const lines = await readLines(tx, merchant.id, [orderId])
      const attached = await readOrderCards(tx, merchant.id, [orderId])
      const chosen = chooseLines(lines, lineIds)
      const used = attached.filter(({ applied = 0n }) => applied > 0n)
      if (used.length > 0 && chosen.length < lines.length) deny({ code: 'refund_whole_only' })
      await lockProductRows(
        tx,
        merchant.id,
        lines.map(({ productId }) => productId),
      )
      const origin = {
        protocol: 'inventorum',
        credentialId: caller.userId,
        actingMerchantId: merchant.id,
        orderRef: order.id.toString(),
        invoiceRef: order.invoiceNumber?.toString(),
      }
      const back: Return = { order, lines, chosen, used, origin, now: now() }
      await returnCards(tx, merchant.id, back, lineIds)
      await writeReturn(tx, merchant.id, back, method)
      return (await readOrders(tx, merchant, [orderId], back.now)).get(orderId) ?? missing('order')
    })

/** The lines that a request names, or all that were not given back before. */
function chooseLines(
  lines: readonly OrderLine[],
  lineIds: readonly bigint[] | undefined,
): readonly OrderLine[] {
  if (!lineIds) return lines.filter(({ refundedAt }) => refundedAt === undefined)
  const seen = new Set<bigint>()
  const problems = lineIds.flatMap((id, index): ShopProblem[] => {
    const place = { index, of: lineIds.length }
    const line = lines.find((candidate) => candidate.id === id)
    if (!line) return [{ code: 'refund_line_unknown', place, id: id.toString() }]
    if (line.refundedAt !== undefined && line.cardId !== undefined)
      return [{ code: 'refund_card_used', place }]
    if (line.refundedAt !== undefined || seen.has(id)) return [{ code: 'refund_line_done', place }]
    seen.add(id)
    return []
  })
  denyIfAny(problems)
  return lines.filter(({ id }) => seen.has(id))
}

/** Value back to the cards that paid, and an end to the cards that were sold. */
async function returnCards(
  tx: Tx,
  merchantId: bigint,
  { chosen, used, origin, now }: Return,
  lineIds: readonly bigint[] | undefined,
): Promise<void> {
  const sold = chosen.filter(({ cardId }) => cardId !== undefined)
  const soldIds = sold.flatMap(({ cardId }) => cardId ?? [])
  const cards = await lockCards(tx, merchantId, [...soldIds, ...used.map(({ cardId }) => cardId)])
  const spent = await findSpent(tx, merchantId, soldIds)
  const isUsed = ({ cardId = 0n, unitGross }: OrderLine): boolean =>
    spent.has(cardId) || !isUntouched(cards.get(cardId), unitGross)
  const of = lineIds?.length ?? chosen.length
  denyIfAny(
    chosen.flatMap((line, position): ShopProblem[] => {
      const index = lineIds ? lineIds.indexOf(line.id) : position
      return line.cardId !== undefined && isUsed(line)
        ? [{ code: 'refund_card_used', place: { index, of } }]
        : []
    }),
  )
  const openings = await findOpenings(tx, merchantId, soldIds)
  const taken = used.flatMap(({ entryId }) => entryId ?? [])
  const originals = await loadOriginals(tx, merchantId, taken)
  const commands = [
    ...used.flatMap(({ cardId, entryId }): Command[] => {
      const original = entryId === undefined ? undefined : originals.get(entryId)
      // Another protocol may have given some of it back already.
      return original && original.reversed < -original.amount
        ? [{ verb: 'reverse', cardId, entryId: original.id, origin, topic: 'transaction.refund' }]
        : []
    }),
    ...[...openings].flatMap(([cardId, entryId]): Command[] => [
      { verb: 'reverse', cardId, entryId, origin },
      // A returned code never comes to life again, in any protocol.
      { verb: 'close', cardId, origin },
    ]),
  ]
  if (commands.length > 0) await post(tx, merchantId, commands, { now, allOrNothing: true })
}

/** As it was sold: nothing loaded, nothing held, not ended. */
const isUntouched = (card: Card | undefined, amount: bigint): boolean =>
  card !== undefined &&
  card.state !== 'closed' &&
  card.balance === amount &&
  card.held === 0n &&
  card.loaded === amount

/** Stock, lines, state, and the money that goes back by `method`. */
async function writeReturn(
  tx: Tx,
  merchantId: bigint,
  { order, lines, chosen, used, now }: Return,
  method: number | undefined,
): Promise<void> {
  const [paid] = await tx<{ amount: bigint; rounded: bigint }[]>`
    select sum(amount)::int8 as amount, sum(rounded)::int8 as rounded from inventorum_payments
    where merchant_id = ${merchantId} and order_id = ${order.id}`
  const isLast = lines.every((line) => line.refundedAt !== undefined || chosen.includes(line))
  const gross = chosen.reduce((sum, line) => sum + line.gross, 0n)
  // The last lines take along whatever rounding and cards left of the payment.
  const amount = isLast ? (paid?.amount ?? 0n) : used.length > 0 ? 0n : gross
  if (amount !== 0n && method === undefined) deny({ code: 'refund_method_missing' })
  if (amount !== 0n)
    await tx`
      insert into inventorum_payments (merchant_id, order_id, method, amount, rounded, created_at)
      values (${merchantId}, ${order.id}, ${method ?? 0}, ${-amount}, ${isLast ? -(paid?.rounded ?? 0n) : 0n}, ${now}::timestamptz)`
  const goods = chosen.filter(({ purpose }) => purpose === undefined)
  if (goods.length > 0)
    await tx`
      update inventorum_products p set quantity = p.quantity + s.quantity, modified_at = ${now}::timestamptz
      from (
        select product_id, sum(quantity::numeric) as quantity
        from unnest(${goods.map(({ productId }) => productId)}::int8[],
          ${goods.map(({ quantity }) => formatShortest(quantity))}::text[]) as l (product_id, quantity)
        group by product_id
      ) s
      where p.merchant_id = ${merchantId} and p.id = s.product_id`
  await tx`
    update inventorum_order_lines set refunded_at = ${now}::timestamptz
    where merchant_id = ${merchantId} and id = any(${chosen.map(({ id }) => id)}::int8[])`
  await tx`
    update inventorum_cards set returned_at = ${now}::timestamptz
    where merchant_id = ${merchantId} and card_id = any(${chosen.flatMap(({ cardId }) => cardId ?? [])}::int8[])`
  if (isLast)
    await tx`
      update inventorum_orders set state = ${FULLY_REFUNDED} where merchant_id = ${merchantId} and id = ${order.id}`
}
