import { applyCards, sumApplied } from '../commerce/inventorum-redemption.ts'
import type { Instant } from '../money/instant.ts'
import type { CardPurpose, PaymentDraft } from './inventorum-commands.ts'
import type { OrderLine } from './inventorum-order-rows.ts'
import { toPayable } from './inventorum-order-views.ts'
import { deny, denyIfAny, type LineProblem, type ShopProblem } from './inventorum-problems.ts'
import type { ProductRow } from './inventorum-product-rows.ts'
import { type ShopCard, spendable, unusable } from './inventorum-shop-cards.ts'

/**
 * Every rule of a payment (specs/inventorum.md 6.2), pure: what is locked goes in, what is to be written
 * comes out. Several payments of one shop are planned one after the other on the same till, so that
 * each sees what the ones before it took.
 */

/** An unissued pre-coded card; its code goes to the ledger and nowhere else. */
export type PrecodedUnit = {
  readonly id: bigint
  readonly redeemCode: string
  readonly cardCode: string
  readonly reservationId: bigint
}

/** A shop's state under its locks; `settle` moves it on. */
export type Till = {
  readonly now: Instant
  readonly products: ReadonlyMap<bigint, ProductRow>
  /** Unissued cards of each pre-coded template, lowest id first. */
  readonly precoded: Map<bigint, readonly PrecodedUnit[]>
  readonly cards: Map<bigint, ShopCard>
  lastInvoiceNumber: bigint
}

export type PlannedRedemption = {
  readonly cardId: bigint
  readonly rank: number
  readonly applied: bigint
  readonly remaining: bigint
}

export type PlannedIssue = {
  readonly line: OrderLine
  readonly purpose: CardPurpose
  readonly product: ProductRow
  /** Absent: the card gets a code of ours. */
  readonly unit: PrecodedUnit | undefined
}

/** What a payment does, all of it or nothing. */
export type PaymentPlan = {
  readonly orderId: bigint
  readonly invoiceNumber: bigint
  readonly redemptions: readonly PlannedRedemption[]
  readonly issues: readonly PlannedIssue[]
  /** Lines whose goods leave the stock. */
  readonly sold: readonly OrderLine[]
  readonly payment: PaymentDraft
}

export type PaymentRequest = {
  readonly orderId: bigint
  readonly lines: readonly OrderLine[]
  /** Attached cards, in the order of attachment. */
  readonly cardIds: readonly bigint[]
  readonly payment: PaymentDraft
}

/** Judges one payment. Refuses with all problems of the first step that has any; changes nothing. */
export function planPayment(till: Till, request: PaymentRequest): PaymentPlan {
  const { lines, cardIds, payment } = request
  denyIfAny(lineProblems(till, lines))
  const cards = cardIds.map((id) => till.cards.get(id))
  denyIfAny(cardProblems(cards, till.now))
  const applications = applyCards(
    lines.map(toPayable),
    cards.flatMap((found) => (found ? [spendable(found, till.now)] : [])),
  )
  const gross = lines.reduce((sum, line) => sum + line.gross, 0n)
  const remaining = gross - sumApplied(applications)
  if (payment.amount !== remaining + payment.rounded) deny({ code: 'amount_differs', remaining })
  return {
    orderId: request.orderId,
    invoiceNumber: till.lastInvoiceNumber + 1n,
    redemptions: applications.map(({ card, applied, left }, rank) => ({
      cardId: card.id,
      rank,
      applied,
      remaining: left,
    })),
    issues: allocate(till, lines),
    sold: lines.filter(({ productId }) => !till.products.get(productId)?.template?.isPrecoded),
    payment,
  }
}

/** Products that are gone and templates that ended since the basket was made. */
function lineProblems(till: Till, lines: readonly OrderLine[]): readonly ShopProblem[] {
  return atLines(lines, ({ productId, purpose }) => {
    const product = till.products.get(productId)
    if (!product || product.isDeleted) return { kind: 'product_unknown', id: productId.toString() }
    const until = purpose && product.template?.validUntil
    return until !== undefined && until < till.now ? { kind: 'template_expired' } : undefined
  })
}

const atLines = (
  lines: readonly OrderLine[],
  judge: (line: OrderLine) => LineProblem | undefined,
): readonly ShopProblem[] =>
  lines.flatMap((line, index): ShopProblem[] => {
    const problem = judge(line)
    return problem ? [{ code: 'line', place: { index, of: lines.length }, problem }] : []
  })

/** Cards that went bad since they were attached; one that was emptied gives nothing and is no problem. */
const cardProblems = (
  cards: readonly (ShopCard | undefined)[],
  now: Instant,
): readonly ShopProblem[] =>
  cards.flatMap((found): ShopProblem[] => {
    const problem = found ? unusable(found, now) : 'unknown'
    return problem ? [{ code: 'card', as: found?.card.code ?? '', problem }] : []
  })

/** Gives every sold gift card its unit: the one that was asked for, else the lowest that is left. */
function allocate(till: Till, lines: readonly OrderLine[]): readonly PlannedIssue[] {
  const left = new Map(till.precoded)
  const take = (productId: bigint, wanted?: bigint): PrecodedUnit | undefined => {
    const units = left.get(productId) ?? []
    const unit = wanted === undefined ? units[0] : units.find(({ id }) => id === wanted)
    if (unit)
      left.set(
        productId,
        units.filter(({ id }) => id !== unit.id),
      )
    return unit
  }
  // Particular cards first, so that no other line of this order walks away with one of them.
  const units = new Map<bigint, PrecodedUnit | undefined>()
  for (const { id, productId, precodedId } of lines)
    if (precodedId !== undefined) units.set(id, take(productId, precodedId))
  for (const { id, productId, precodedId } of lines)
    if (precodedId === undefined && till.products.get(productId)?.template?.isPrecoded)
      units.set(id, take(productId))
  denyIfAny(
    atLines(lines, ({ id }) =>
      units.has(id) && !units.get(id) ? { kind: 'out_of_precoded' } : undefined,
    ),
  )
  return lines.flatMap((line) => {
    const product = till.products.get(line.productId)
    return line.purpose && product
      ? [{ line, purpose: line.purpose, product, unit: units.get(line.id) }]
      : []
  })
}

/** Moves a till on by a payment that will be written. */
export function settle(till: Till, plan: PaymentPlan): void {
  till.lastInvoiceNumber = plan.invoiceNumber
  for (const { cardId, applied } of plan.redemptions) {
    const found = till.cards.get(cardId)
    if (found) till.cards.set(cardId, { ...found, available: found.available - applied })
  }
  for (const { product, unit } of plan.issues)
    if (unit)
      till.precoded.set(
        product.id,
        (till.precoded.get(product.id) ?? []).filter(({ id }) => id !== unit.id),
      )
}
