import type { Facts } from '../commerce/ticket-order-facts.ts'
import type { OrderPayment, TicketOrder } from '../commerce/ticket-orders.ts'
import type { Tx } from '../db/database.ts'
import { availableOf, type Card } from '../ledger/card.ts'
import type { Instant } from '../money/instant.ts'
import { cutToCents } from '../money/money.ts'
import {
  type CardPayment,
  type CardRefusal,
  debitCard,
  findAnyCard,
  findCardsByCode,
  judgeCard,
  lockCardsOf,
  nameCards,
} from './ticket-cards.ts'
import { type OrderCommand, OrderRefused, usesCards } from './ticket-order-draft.ts'

/**
 * Debits the gift cards of an order that is being made, in the transaction that makes it: the one that a
 * paid order's payment names, or those of `use_gift_cards` in turn. Throws OrderRefused.
 */
export async function payWithCards(
  tx: Tx,
  command: OrderCommand,
  orders: readonly TicketOrder[],
  facts: Facts,
  now: Instant,
): Promise<readonly TicketOrder[]> {
  const [order] = orders
  if (!order || !usesCards(command.draft) || order.total === 0n) return orders
  if (orders.length > 1) throw new Error('orders that move money are made one by one')
  const payment: CardPayment = {
    merchant: command.merchant,
    issuers: command.issuers,
    eventSlug: command.event.slug,
    orderCode: order.code,
    currency: command.event.currency,
    testmode: order.testmode,
    credentialId: command.credentialId,
  }
  const buysCard = order.positions.some(({ itemId }) => facts.items.get(itemId)?.issuesGiftCard)
  const paid =
    command.draft.useGiftCards.length > 0
      ? await useCards(tx, command.draft.useGiftCards, order, payment, buysCard, now)
      : await payNamed(tx, order, payment, buysCard, now)
  return [{ ...paid, payments: await nameCards(tx, paid.payments) }]
}

async function payNamed(
  tx: Tx,
  order: TicketOrder,
  payment: CardPayment,
  buysCard: boolean,
  now: Instant,
): Promise<TicketOrder> {
  const payments: OrderPayment[] = []
  for (const one of order.payments) {
    const { cardId } = one
    if (cardId === undefined) {
      payments.push(one)
      continue
    }
    if (buysCard) throw new OrderRefused({ kind: 'card', code: 'buys_gift_card' })
    const found = await findAnyCard(tx, cardId)
    const card = found && (await lockCardsOf(tx, [found])).get(found.id)
    const code = judgeCard(card, payment, one.amount, now)
    if (code !== undefined || !card)
      throw new OrderRefused({ kind: 'card', code: code ?? 'not_known' })
    const entry = await debitCard(tx, card, one.amount, payment, now)
    payments.push({ ...one, cardMerchantId: card.merchantId, entryId: entry.id })
  }
  return { ...order, payments }
}

/** In the given order until nothing is left to pay; a card that cannot be used is a failed payment. */
async function useCards(
  tx: Tx,
  codes: readonly string[],
  order: TicketOrder,
  payment: CardPayment,
  buysCard: boolean,
  now: Instant,
): Promise<TicketOrder> {
  const found = await findCardsByCode(tx, payment.issuers, codes)
  const locked = await lockCardsOf(tx, [...found.values()])
  const payments: OrderPayment[] = []
  let left = order.total
  for (const code of codes) {
    if (left <= 0n) break
    const card = locked.get(found.get(code)?.id ?? 0n)
    const refused = buysCard ? 'buys_gift_card' : judgeCard(card, payment, undefined, now)
    const localId = payments.length + 1
    if (refused !== undefined || !card) {
      payments.push(failed(localId, left, card, refused ?? 'not_known', now))
      continue
    }
    const available = cutToCents(availableOf(card))
    const amount = available < left ? available : left
    const entry = await debitCard(tx, card, amount, payment, now)
    left -= amount
    payments.push({
      ...blank(localId, amount, card, now),
      state: 'confirmed',
      paymentDate: now,
      entryId: entry.id,
    })
  }
  const status = left <= 0n ? ('p' as const) : ('n' as const)
  const positions = order.positions.map((position) => ({ ...position, holds: status }) as const)
  return { ...order, status, payments, positions }
}

const blank = (localId: number, amount: bigint, card: Card | undefined, now: Instant) => ({
  localId,
  amount,
  createdAt: now,
  provider: 'giftcard',
  info: card ? JSON.stringify({ gift_card: Number(card.id) }) : '{}',
  cardMerchantId: card?.merchantId,
  cardId: card?.id,
})

const failed = (
  localId: number,
  amount: bigint,
  card: Card | undefined,
  error: CardRefusal,
  now: Instant,
): OrderPayment => {
  const base = blank(localId, amount, card, now)
  const info = JSON.stringify({ ...(card && { gift_card: Number(card.id) }), error })
  return { ...base, info, state: 'failed', paymentDate: undefined, entryId: undefined }
}
