import { generateCode } from '../commerce/inventorum-codes.ts'
import { COMPLETED } from '../commerce/inventorum-states.ts'
import { validUntil } from '../commerce/inventorum-validity.ts'
import type { Tx } from '../db/database.ts'
import type { Origin } from '../ledger/entry.ts'
import { type CardDraft, type Issued, issueCards } from '../ledger/issue.ts'
import { type Command, post } from '../ledger/post.ts'
import { releaseReservations } from '../ledger/reservations.ts'
import { formatFixed, formatShortest } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import type { PaymentPlan, PlannedIssue, PlannedRedemption } from './checkout-plan.ts'
import type { Deps } from './deps.ts'
import type { Merchant } from './merchants.ts'

/** A plan on its way into the database, and who pays. */
export type PlannedPayment = { readonly plan: PaymentPlan; readonly userId: bigint }

type Context = {
  readonly merchant: Merchant
  readonly now: Instant
  readonly randomBytes: Deps['randomBytes']
}

const origin = ({ plan, userId }: PlannedPayment, merchant: Merchant): Origin => ({
  protocol: 'inventorum',
  credentialId: userId,
  actingMerchantId: merchant.id,
  orderRef: plan.orderId.toString(),
  invoiceRef: plan.invoiceNumber.toString(),
})

/** Takes from the cards: one entry a card, one event an order; each order knows what was taken. */
export async function redeemCards(
  tx: Tx,
  planned: readonly PlannedPayment[],
  { merchant, now }: Context,
): Promise<void> {
  const rows = planned.flatMap((payment, event) =>
    payment.plan.redemptions.map((redemption) => ({ payment, event, redemption })),
  )
  const spending = rows.filter(({ redemption }) => redemption.applied > 0n)
  const commands = spending.map(
    ({ payment, event, redemption }): Command => ({
      verb: 'redeem',
      cardId: redemption.cardId,
      amount: redemption.applied,
      origin: origin(payment, merchant),
      topic: 'transaction.payment',
      event,
    }),
  )
  const outcomes =
    commands.length > 0 ? await post(tx, merchant.id, commands, { now, allOrNothing: true }) : []
  const entries = new Map(
    spending.map((row, index) => {
      const outcome = outcomes[index]
      return [row.redemption, outcome?.ok ? outcome.entry?.id : undefined]
    }),
  )
  await writeRedemptions(
    tx,
    merchant.id,
    rows.map(({ payment, redemption }) => ({
      ...redemption,
      orderId: payment.plan.orderId,
      entryId: entries.get(redemption),
    })),
  )
}

type RedemptionRow = PlannedRedemption & {
  readonly orderId: bigint
  readonly entryId: bigint | undefined
}

export type IssuedLine = {
  readonly issue: PlannedIssue
  readonly payment: PlannedPayment
  readonly issued: Issued
}

/** Makes the cards that were sold; pre-coded ones take over the code that was kept for them. */
export async function issueSold(
  tx: Tx,
  planned: readonly PlannedPayment[],
  { merchant, now, randomBytes }: Context,
): Promise<readonly IssuedLine[]> {
  // The last payment first: the newest of sales at one instant is the one with the lowest ids (8.1).
  const sold = planned
    .flatMap((payment, event) => ({ payment, event }))
    .toReversed()
    .flatMap(({ payment, event }) =>
      payment.plan.issues.map((issue) => ({ payment, event, issue })),
    )
  if (sold.length === 0) return []
  await releaseReservations(
    tx,
    merchant.id,
    sold.flatMap(({ issue }) => issue.unit?.reservationId ?? []),
  )
  const drafts = sold.map(
    ({ payment, event, issue: { line, purpose, product, unit } }): CardDraft => {
      const { template } = product
      return {
        code: unit?.redeemCode ?? generateCode(randomBytes),
        currency: merchant.currency,
        amount: line.unitGross,
        expiresAt:
          template &&
          validUntil(
            { until: template.validUntil, unit: template.validUnit, value: template.validValue },
            now,
          ),
        purpose,
        taxRate: purpose === 'single' ? formatFixed(line.rate, 10, 'half-up') : undefined,
        origin: origin(payment, merchant),
        topics: ['created'],
        event,
      }
    },
  )
  const issued = await issueCards(tx, merchant.id, drafts, { now })
  const lines = sold.flatMap(({ payment, issue }, index) => {
    const made = issued[index]
    return made ? [{ payment, issue, issued: made }] : []
  })
  await writeSold(tx, merchant.id, lines)
  return lines
}

/** What the database made up for a payment. */
export type PaymentMark = { readonly paymentId: bigint; readonly opaque: string }

/** The orders, the shop's invoice number and its stock, for all payments at once; marks are in their order. */
export async function writePayments(
  tx: Tx,
  planned: readonly PlannedPayment[],
  { merchant, now, randomBytes }: Context,
): Promise<readonly PaymentMark[]> {
  const last = planned.at(-1)
  if (!last) return []
  const [marks] = await Promise.all([
    writeOrders(tx, merchant, planned, now, randomBytes),
    tx`
      update inventorum_accounts set last_invoice_number = ${last.plan.invoiceNumber}
      where merchant_id = ${merchant.id}`,
    writeStock(tx, merchant.id, planned, now),
  ])
  return marks
}

async function writeOrders(
  tx: Tx,
  merchant: Merchant,
  planned: readonly PlannedPayment[],
  now: Instant,
  randomBytes: Deps['randomBytes'],
): Promise<readonly PaymentMark[]> {
  const orderIds = planned.map(({ plan }) => plan.orderId)
  const opaque = planned.map(() => randomBytes(OPAQUE_BYTES).toString('base64url'))
  const [payments] = await Promise.all([
    tx<{ id: bigint; order_id: bigint }[]>`
      insert into inventorum_payments (merchant_id, order_id, method, amount, rounded, created_at)
      select ${merchant.id}, order_id, method, amount, rounded, ${now}::timestamptz
      from unnest(${orderIds}::int8[], ${planned.map(({ plan }) => plan.payment.method)}::int2[],
        ${planned.map(({ plan }) => plan.payment.amount)}::int8[],
        ${planned.map(({ plan }) => plan.payment.rounded)}::int8[]) as p (order_id, method, amount, rounded)
      returning id, order_id`,
    tx`
      update inventorum_orders o set state = ${COMPLETED}, invoice_number = p.invoice_number,
        completed_at = ${now}::timestamptz
      from unnest(${orderIds}::int8[], ${planned.map(({ plan }) => plan.invoiceNumber)}::int8[]) as p (id, invoice_number)
      where o.merchant_id = ${merchant.id} and o.id = any(${orderIds}::int8[]) and o.id = p.id`,
    tx`
      insert into inventorum_receipts (merchant_id, order_id, opaque, store_name)
      select ${merchant.id}, order_id, opaque, ${merchant.name}
      from unnest(${orderIds}::int8[], ${opaque}::text[]) as r (order_id, opaque)`,
  ])
  const ids = new Map(payments.map(({ id, order_id }) => [order_id, id]))
  return orderIds.map((id, index) => ({
    paymentId: ids.get(id) ?? 0n,
    opaque: opaque[index] ?? '',
  }))
}

/** 192 bits: receipts hold live codes, and their address is all that protects them. */
const OPAQUE_BYTES = 24

async function writeRedemptions(
  tx: Tx,
  merchantId: bigint,
  rows: readonly RedemptionRow[],
): Promise<void> {
  if (rows.length === 0) return
  await tx`
    update inventorum_order_cards c set rank = r.rank, applied = r.applied, remaining = r.remaining,
      entry_id = r.entry_id
    from unnest(${rows.map(({ orderId }) => orderId)}::int8[], ${rows.map(({ cardId }) => cardId)}::int8[],
      ${rows.map(({ rank }) => rank)}::int4[], ${rows.map(({ applied }) => applied)}::int8[],
      ${rows.map(({ remaining }) => remaining)}::int8[], ${rows.map(({ entryId }) => entryId ?? null)}::int8[]
    ) as r (order_id, card_id, rank, applied, remaining, entry_id)
    where c.merchant_id = ${merchantId} and c.order_id = any(${rows.map(({ orderId }) => orderId)}::int8[])
      and c.order_id = r.order_id and c.card_id = r.card_id`
}

/** What stands behind the name of a sold card: our code, or the one on the merchant's card. */
export const labelOf = ({ issue, issued }: IssuedLine): string =>
  issue.unit?.cardCode ?? issued.card.code ?? ''

async function writeSold(tx: Tx, merchantId: bigint, sold: readonly IssuedLine[]): Promise<void> {
  if (sold.length === 0) return
  const cardIds = sold.map(({ issued }) => issued.card.id)
  const lineIds = sold.map(({ issue }) => issue.line.id)
  await Promise.all([
    tx`
      insert into inventorum_cards (merchant_id, card_id, name, tax_type_id, user_id, product_id, order_id, line_id)
      select ${merchantId}, card_id, name, tax_type_id, user_id, product_id, order_id, line_id
      from unnest(${cardIds}::int8[], ${sold.map(({ issue }) => issue.line.name)}::text[],
        ${sold.map(({ issue }) => issue.line.taxTypeId)}::int8[], ${sold.map(({ payment }) => payment.userId)}::int8[],
        ${sold.map(({ issue }) => issue.line.productId)}::int8[], ${sold.map(({ issue }) => issue.line.orderId)}::int8[],
        ${lineIds}::int8[]
      ) as c (card_id, name, tax_type_id, user_id, product_id, order_id, line_id)`,
    tx`
      update inventorum_order_lines l set card_id = s.card_id, card_label = s.label
      from unnest(${lineIds}::int8[], ${cardIds}::int8[],
        ${sold.map(labelOf)}::text[]
      ) as s (line_id, card_id, label)
      where l.merchant_id = ${merchantId} and l.order_id = any(${sold.map(({ issue }) => issue.line.orderId)}::int8[])
        and l.id = s.line_id`,
  ])
  const units = sold.flatMap(({ issue: { unit }, issued }) =>
    unit ? [{ id: unit.id, cardId: issued.card.id }] : [],
  )
  if (units.length > 0)
    await tx`
      update inventorum_precoded_cards p set card_id = u.card_id, reservation_id = null
      from unnest(${units.map(({ id }) => id)}::int8[], ${units.map(({ cardId }) => cardId)}::int8[]) as u (id, card_id)
      where p.merchant_id = ${merchantId} and p.id = any(${units.map(({ id }) => id)}::int8[]) and p.id = u.id`
}

/** Goods leave the stock, below zero if need be; of pre-coded templates the cards themselves left. */
async function writeStock(
  tx: Tx,
  merchantId: bigint,
  planned: readonly PlannedPayment[],
  now: Instant,
): Promise<void> {
  const sold = planned.flatMap(({ plan }) => plan.sold)
  if (sold.length === 0) return
  await tx`
    update inventorum_products p set quantity = p.quantity - s.quantity, modified_at = ${now}::timestamptz
    from (
      select product_id, sum(quantity::numeric) as quantity
      from unnest(${sold.map(({ productId }) => productId)}::int8[],
        ${sold.map(({ quantity }) => formatShortest(quantity))}::text[]) as l (product_id, quantity)
      group by product_id
    ) s
    where p.merchant_id = ${merchantId} and p.id = any(${sold.map(({ productId }) => productId)}::int8[])
      and p.id = s.product_id`
}
