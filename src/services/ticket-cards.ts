import type { OrderPayment } from '../commerce/ticket-orders.ts'
import type { Queryable, Tx } from '../db/database.ts'
import {
  availableOf,
  type Card,
  cardColumns,
  isExpired,
  lockCards,
  toCard,
} from '../ledger/card.ts'
import type { Entry, Origin } from '../ledger/entry.ts'
import { type Outcome, post } from '../ledger/post.ts'
import type { Instant } from '../money/instant.ts'
import { cutToCents } from '../money/money.ts'
import { writeAudit } from './audit.ts'
import type { Merchant } from './merchants.ts'

/** Gift cards that pay for tickets (specs/pretix-vouchers.md 10.2, pretix-giftcards.md 10). */

/** Why a gift card cannot pay, in the order in which it is asked. */
export type CardRefusal =
  | 'buys_gift_card'
  | 'not_known'
  | 'other_currency'
  | 'not_accepted'
  | 'no_credit'
  | 'used_meanwhile'
  | 'test_only'
  | 'live_only'
  | 'expired'
  | 'inactive'

/** What a payment with a card is made for. */
export type CardPayment = {
  /** Of the event. */
  readonly merchant: Merchant
  /** The merchant itself and everyone whose cards it accepts. */
  readonly issuers: readonly Merchant[]
  readonly eventSlug: string
  readonly orderCode: string
  readonly currency: string
  readonly testmode: boolean
  readonly credentialId: bigint | undefined
}

/** Why a card that is locked cannot pay this amount; undefined amount is whatever it has. */
export function judgeCard(
  card: Card | undefined,
  { issuers, currency, testmode }: CardPayment,
  amount: bigint | undefined,
  now: Instant,
): CardRefusal | undefined {
  if (!card) return 'not_known'
  if (card.currency !== currency) return 'other_currency'
  if (!issuers.some(({ id }) => id === card.merchantId)) return 'not_accepted'
  // A protocol of two decimals cannot spend what it cannot show.
  const available = cutToCents(availableOf(card))
  if (available <= 0n) return 'no_credit'
  if (amount !== undefined && amount > available) return 'used_meanwhile'
  if (card.testmode && !testmode) return 'test_only'
  if (!card.testmode && testmode) return 'live_only'
  if (isExpired(card, now)) return 'expired'
  return card.state === 'active' ? undefined : 'inactive'
}

/** A card by its id, whoever issued it. */
export async function findAnyCard(sql: Queryable, id: bigint): Promise<Card | undefined> {
  const [row] = await sql`
    select ${cardColumns(sql)} from cards where id = ${id} and removed_at is null`
  return row && toCard(row)
}

/** Cards with exactly these codes, of the first of the issuers that has one. */
export async function findCardsByCode(
  sql: Queryable,
  issuers: readonly Merchant[],
  codes: readonly string[],
): Promise<Map<string, Card>> {
  const found = new Map<string, Card>()
  for (const { id } of issuers) {
    // One plain query an issuer: their rows live with them.
    const rows = await sql`
      select ${cardColumns(sql)} from cards
      where merchant_id = ${id} and code = any(${[...codes]}::text[]) and removed_at is null`
    for (const card of rows.map(toCard))
      if (card.code !== undefined && !found.has(card.code)) found.set(card.code, card)
  }
  return found
}

/** Locks cards of several issuers in one global order and returns what they say now, by id. */
export async function lockCardsOf(tx: Tx, cards: readonly Card[]): Promise<Map<bigint, Card>> {
  const byMerchant = Map.groupBy(cards, ({ merchantId }) => merchantId)
  const locked = new Map<bigint, Card>()
  for (const [merchantId, own] of [...byMerchant].sort(([a], [b]) => (a < b ? -1 : 1)))
    for (const [id, card] of await lockCards(
      tx,
      merchantId,
      own.map(({ id }) => id),
    ))
      locked.set(id, card)
  return locked
}

/** The same payments with what their gift cards are called. */
export async function nameCards<T extends OrderPayment>(
  sql: Queryable,
  payments: readonly T[],
): Promise<readonly T[]> {
  const known = payments.filter(({ cardMerchantId }) => cardMerchantId !== undefined)
  if (known.length === 0) return payments
  const names = new Map<bigint, { code: string | undefined; issuer: string }>()
  for (const merchantId of new Set(known.map(({ cardMerchantId }) => cardMerchantId ?? 0n))) {
    const ids = known.flatMap((one) =>
      one.cardMerchantId === merchantId ? (one.cardId ?? []) : [],
    )
    const rows = await sql<{ id: bigint; code: string | null; slug: string }[]>`
      select c.id, c.code, m.slug from cards c join merchants m on m.id = c.merchant_id
      where c.merchant_id = ${merchantId} and c.id = any(${ids}::int8[])`
    for (const { id, code, slug } of rows) names.set(id, { code: code ?? undefined, issuer: slug })
  }
  return payments.map((one) => {
    const card = one.cardMerchantId === undefined ? undefined : names.get(one.cardId ?? 0n)
    return card ? { ...one, card } : one
  })
}

const originOf = (payment: CardPayment, text?: string): Origin => ({
  protocol: 'pretix',
  credentialId: payment.credentialId,
  actingMerchantId: payment.merchant.id,
  orderRef: payment.orderCode,
  eventRef: payment.eventSlug,
  text,
})

/** Takes an amount off a card for an order; what refuses ends the transaction. */
export async function debitCard(
  tx: Tx,
  card: Card,
  amount: bigint,
  payment: CardPayment,
  now: Instant,
): Promise<Entry> {
  const [outcome] = await post(
    tx,
    card.merchantId,
    [
      {
        verb: 'redeem',
        cardId: card.id,
        amount,
        currency: payment.currency,
        testmode: payment.testmode,
        origin: originOf(payment),
        topic: 'transaction.payment',
      },
    ],
    { now, allOrNothing: true },
  )
  return record(tx, outcome, payment, 'pretix.giftcards.transaction.payment', now)
}

/** Gives an amount of an earlier debit back; the ledger refuses more than it took. */
export async function creditCard(
  tx: Tx,
  card: { readonly merchantId: bigint; readonly cardId: bigint; readonly entryId: bigint },
  amount: bigint,
  payment: CardPayment,
  now: Instant,
  comment?: string,
): Promise<Entry> {
  const [outcome] = await post(
    tx,
    card.merchantId,
    [
      {
        verb: 'reverse',
        cardId: card.cardId,
        entryId: card.entryId,
        amount,
        origin: originOf(payment, comment),
        topic: 'transaction.refund',
      },
    ],
    { now, allOrNothing: true },
  )
  return record(tx, outcome, payment, 'pretix.giftcards.transaction.refund', now)
}

async function record(
  tx: Tx,
  outcome: Outcome | undefined,
  { credentialId }: CardPayment,
  action: string,
  now: Instant,
): Promise<Entry> {
  if (!outcome?.ok || !outcome.entry) throw new Error('a booking without an entry')
  const { entry } = outcome
  const audit = {
    action,
    cardId: entry.cardId,
    entryId: entry.id,
    ...(credentialId === undefined ? {} : { credentialId }),
  }
  await writeAudit(tx, entry.merchantId, [audit], now)
  return entry
}
