import type { Event, OpaqueJson } from '../commerce/catalogue.ts'
import { loadFacts } from '../commerce/ticket-order-facts.ts'
import { touchOrder, turnOrder } from '../commerce/ticket-order-turns.ts'
import { insertPayments, insertRefund, updatePayment } from '../commerce/ticket-order-writes.ts'
import {
  findOrder,
  lockOrder,
  type OrderPayment,
  type PaymentState,
  type TicketOrder,
} from '../commerce/ticket-orders.ts'
import type { Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import type { Instant } from '../money/instant.ts'
import type { Finish } from './cards.ts'
import type { Deps } from './deps.ts'
import type { Merchant } from './merchants.ts'
import {
  type CardPayment,
  type CardRefusal,
  creditCard,
  debitCard,
  findAnyCard,
  judgeCard,
  lockCardsOf,
  nameCards,
} from './ticket-cards.ts'
import { lockPlaces, type Places } from './ticket-retake.ts'

/** Payments of ticket orders (specs/pretix-vouchers.md 10.2, 12). */

/** What is given back of a payment: all of it unless an amount is named. */
export type RefundDraft = {
  readonly amount: bigint | undefined
  /** The text of the card's entry. */
  readonly comment: string | undefined
}

/** Whose order is meant, and who asks. */
export type PaymentScope = {
  readonly merchant: Merchant
  readonly issuers: readonly Merchant[]
  readonly event: Event
  readonly orderCode: string
  readonly credentialId: bigint | undefined
}

export type PaymentDraft = {
  readonly provider: string
  readonly amount: bigint
  readonly state: PaymentState
  readonly paymentDate: Instant | undefined
  readonly info: OpaqueJson
  /** The gift card that `info` names. */
  readonly cardId: bigint | undefined
}

/** Why a payment was not made, confirmed or refunded; nothing was written. */
export type PaymentRefusal =
  | { readonly code: 'order_not_found' | 'payment_not_found' | 'state' | 'refund_state' }
  | { readonly code: 'amount_invalid' | 'no_full_refund' | 'no_partial_refund' }
  | { readonly code: 'amount_too_large'; readonly left: bigint }
  | { readonly code: 'card'; readonly card: CardRefusal }

export type PaymentOutcome =
  | { readonly payment: OrderPayment }
  | { readonly refused: PaymentRefusal }

/** Ends a unit of work that may have written something. */
class PaymentRefused extends Error {
  override readonly name = 'PaymentRefused'
  readonly refusal: PaymentRefusal

  constructor(refusal: PaymentRefusal) {
    super(refusal.code)
    this.refusal = refusal
  }
}

const refuse = (refusal: PaymentRefusal): never => {
  throw new PaymentRefused(refusal)
}

/** The order was given up between the first look and the lock: its places must be locked first. */
class OrderExpired extends Error {
  override readonly name = 'OrderExpired'
}
const ATTEMPTS_MAX = 3

type Deed = (
  tx: Tx,
  order: TicketOrder,
  places: Places | undefined,
  at: Instant,
) => Promise<OrderPayment>

export function createTicketPayments({ db, now }: Pick<Deps, 'db' | 'now'>) {
  /** One unit of work on a locked order; refusals undo it. */
  async function work(
    scope: PaymentScope,
    finish: Finish<OrderPayment> | undefined,
    deed: Deed,
  ): Promise<PaymentOutcome> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await transact(db, async (tx) => {
          const at = now()
          const { order, places } = await lockForPayment(tx, scope, at)
          const [payment] = await nameCards(tx, [await deed(tx, order, places, at)])
          if (!payment) throw new Error('a payment that was just written is gone')
          await finish?.(tx, payment)
          return { payment }
        })
      } catch (error) {
        if (error instanceof PaymentRefused) return { refused: error.refusal }
        if (!(error instanceof OrderExpired) || attempt === ATTEMPTS_MAX) throw error
      }
    }
  }

  return {
    /** All payments of an order, or undefined if there is none of this code. */
    list: async (merchantId: bigint, eventId: bigint, code: string) => {
      const order = await findOrder(db, merchantId, eventId, code)
      return order && (await nameCards(db, order.payments))
    },

    /** Records a payment; a confirmed one of a gift card debits it now. */
    create: (scope: PaymentScope, draft: PaymentDraft, finish?: Finish<OrderPayment>) =>
      work(scope, finish, async (tx, order, places, at) => {
        const { cardId, ...fields } = draft
        const confirmed = fields.state === 'confirmed'
        const recorded: OrderPayment = {
          ...fields,
          localId: Math.max(0, ...order.payments.map(({ localId }) => localId)) + 1,
          createdAt: at,
          paymentDate: fields.paymentDate ?? (confirmed ? at : undefined),
          cardMerchantId: undefined,
          cardId: fields.provider === 'giftcard' ? cardId : undefined,
          entryId: undefined,
        }
        const payment = confirmed ? await debit(tx, scope, order, recorded, at) : recorded
        await insertPayments(tx, scope.merchant.id, [{ ...payment, orderId: order.id }])
        await settle(tx, scope, order, [...order.payments, payment], places, at)
        return payment
      }),

    /** Confirms a payment that is created or pending, and debits its gift card. */
    confirm: (scope: PaymentScope, localId: number, finish?: Finish<OrderPayment>) =>
      work(scope, finish, async (tx, order, places, at) => {
        const found = paymentOf(order, localId)
        if (found.state !== 'created' && found.state !== 'pending') return refuse({ code: 'state' })
        const payment = await debit(
          tx,
          scope,
          order,
          { ...found, state: 'confirmed', paymentDate: found.paymentDate ?? at },
          at,
        )
        await updatePayment(tx, scope.merchant.id, order.id, payment)
        const others = order.payments.filter((one) => one.localId !== localId)
        await settle(tx, scope, order, [...others, payment], places, at)
        return payment
      }),

    /** Gives a confirmed gift card payment back onto its card, in whole or in part. */
    refund: (
      scope: PaymentScope,
      localId: number,
      { amount, comment }: RefundDraft,
      finish?: Finish<OrderPayment>,
    ) =>
      work(scope, finish, async (tx, order, _places, at) => {
        const found = paymentOf(order, localId)
        if (found.state !== 'confirmed') return refuse({ code: 'refund_state' })
        const given = amount ?? found.amount
        const left = found.amount - refundedOf(order, localId)
        if (given <= 0n) return refuse({ code: 'amount_invalid' })
        if (given > left) return refuse({ code: 'amount_too_large', left })
        const { cardMerchantId: merchantId, cardId, entryId } = found
        if (merchantId === undefined || cardId === undefined || entryId === undefined)
          return refuse({ code: given === found.amount ? 'no_full_refund' : 'no_partial_refund' })
        const cardPayment = paymentFor(scope, order)
        const card = { merchantId, cardId, entryId }
        const entry = await creditCard(tx, card, given, cardPayment, at, comment)
        await insertRefund(tx, scope.merchant.id, order.id, {
          localId: Math.max(0, ...order.refunds.map((one) => one.localId)) + 1,
          paymentId: localId,
          state: 'done',
          amount: given,
          createdAt: at,
          executionDate: at,
          provider: found.provider,
          comment,
          entryId: entry.id,
        })
        const payment: OrderPayment = { ...found, state: given === left ? 'refunded' : 'confirmed' }
        await updatePayment(tx, scope.merchant.id, order.id, payment)
        await touchOrder(tx, scope.merchant.id, order.id, at)
        return payment
      }),
  }
}

/** The order, locked; if it has expired, the places it would have to take again were locked before. */
async function lockForPayment(
  tx: Tx,
  { merchant, event, orderCode }: PaymentScope,
  at: Instant,
): Promise<{ readonly order: TicketOrder; readonly places: Places | undefined }> {
  const seen = await findOrder(tx, merchant.id, event.id, orderCode)
  if (!seen) return refuse({ code: 'order_not_found' })
  const places = seen.status === 'e' ? await lockPlaces(tx, merchant, event, seen, at) : undefined
  const order = await lockOrder(tx, merchant.id, event.id, orderCode)
  if (!order) return refuse({ code: 'order_not_found' })
  if (order.status === 'e' && !places) throw new OrderExpired()
  return { order, places }
}

const paymentOf = ({ payments }: TicketOrder, localId: number): OrderPayment =>
  payments.find((one) => one.localId === localId) ?? refuse({ code: 'payment_not_found' })

const refundedOf = ({ refunds }: TicketOrder, localId: number): bigint =>
  refunds.reduce((sum, { paymentId, amount }) => (paymentId === localId ? sum + amount : sum), 0n)

const paymentFor = (scope: PaymentScope, order: TicketOrder): CardPayment => ({
  merchant: scope.merchant,
  issuers: scope.issuers,
  eventSlug: scope.event.slug,
  orderCode: order.code,
  currency: scope.event.currency,
  testmode: order.testmode,
  credentialId: scope.credentialId,
})

/** Debits the card that a payment names, if it names one; without a card it is only recorded. */
async function debit(
  tx: Tx,
  scope: PaymentScope,
  order: TicketOrder,
  payment: OrderPayment,
  at: Instant,
): Promise<OrderPayment> {
  const { cardId, provider, amount } = payment
  if (provider !== 'giftcard' || cardId === undefined) return payment
  const references = order.positions.map(({ itemId, variationId, subeventId }) => ({
    itemId,
    variationId,
    subeventId,
    voucherCode: undefined,
  }))
  const { items } = await loadFacts(tx, scope.merchant.id, references)
  if ([...items.values()].some(({ issuesGiftCard }) => issuesGiftCard))
    return refuse({ code: 'card', card: 'buys_gift_card' })
  const cardPayment = paymentFor(scope, order)
  const found = await findAnyCard(tx, cardId)
  const card = found && (await lockCardsOf(tx, [found])).get(found.id)
  const refused = judgeCard(card, cardPayment, amount, at)
  if (refused !== undefined || !card) return refuse({ code: 'card', card: refused ?? 'not_known' })
  if (amount === 0n) return payment
  const entry = await debitCard(tx, card, amount, cardPayment, at)
  return { ...payment, cardMerchantId: card.merchantId, entryId: entry.id }
}

/** An order that is paid in full becomes paid; an expired one only if its places can be had again. */
async function settle(
  tx: Tx,
  { merchant }: PaymentScope,
  order: TicketOrder,
  payments: readonly OrderPayment[],
  places: Places | undefined,
  at: Instant,
): Promise<void> {
  const paid = payments.reduce((sum, { localId, state, amount }) => {
    const counts = state === 'confirmed' || state === 'refunded'
    return counts ? sum + amount - refundedOf(order, localId) : sum
  }, 0n)
  const open = order.status === 'n' || (order.status === 'e' && places?.free === true)
  const confirmed = payments.some(({ state }) => state === 'confirmed')
  if (!open || !confirmed || paid < order.total)
    return await touchOrder(tx, merchant.id, order.id, at)
  await turnOrder(tx, merchant.id, order, { status: 'p', holds: 'p' }, at)
  await places?.taken(tx)
}
