import { compare, type Decimal } from '../money/decimal.ts'
import { cutToCents } from '../money/money.ts'

/** What a line lets cards pay; `gross` is ledger units. Cards buy goods, never other cards. */
export type PayableLine = {
  readonly isGiftCard: boolean
  readonly rate: Decimal
  readonly gross: bigint
}

/** A card attached to an order; `value` is what it can spend now, in ledger units. */
export type AttachedCard = {
  readonly purpose: 'single' | 'multi'
  /** The rate a single-purpose card was taxed at. */
  readonly rate: Decimal | undefined
  readonly value: bigint
}

/** What one card gives to an order, and what stays on it; `card` is as it was handed in. */
export type Application<Card extends AttachedCard> = {
  readonly card: Card
  readonly applied: bigint
  readonly left: bigint
}

const sameRate = (line: PayableLine, { rate }: AttachedCard): boolean =>
  rate !== undefined && compare(line.rate, rate) === 0

/** Whether the order has any line that this card may pay, however much of it is still open. */
export const canApply = (card: AttachedCard, lines: readonly PayableLine[]): boolean =>
  lines.some((line) => !line.isGiftCard && (card.purpose === 'multi' || sameRate(line, card)))

/**
 * Spends attached cards on an order (specs/inventorum.md 10.4): single-purpose cards first, each on the
 * goods of its own rate, then multi-purpose cards on whatever is open; within a kind in the order in
 * which they were attached. Restricted money goes first, because that redeems the most. Whole cents only.
 */
export function applyCards<Card extends AttachedCard>(
  lines: readonly PayableLine[],
  cards: readonly Card[],
): readonly Application<Card>[] {
  const goods = lines.filter((line) => !line.isGiftCard)
  let open = goods.reduce((sum, line) => sum + line.gross, 0n)
  const paidAt: { readonly rate: Decimal; readonly paid: bigint }[] = []

  const openAt = (rate: Decimal): bigint => {
    const total = goods.reduce(
      (sum, line) => (compare(line.rate, rate) === 0 ? sum + line.gross : sum),
      0n,
    )
    return paidAt.reduce(
      (rest, { rate: other, paid }) => (compare(other, rate) === 0 ? rest - paid : rest),
      total,
    )
  }
  const apply = (card: Card): Application<Card> => {
    const limit = card.purpose === 'multi' ? open : card.rate === undefined ? 0n : openAt(card.rate)
    const value = cutToCents(card.value)
    const applied = value < limit ? value : limit
    open -= applied
    if (card.purpose === 'single' && card.rate) paidAt.push({ rate: card.rate, paid: applied })
    return { card, applied, left: card.value - applied }
  }
  return [
    ...cards.filter(({ purpose }) => purpose === 'single').map(apply),
    ...cards.filter(({ purpose }) => purpose === 'multi').map(apply),
  ]
}

/** Everything the cards took, in ledger units. */
export const sumApplied = (applications: readonly { readonly applied: bigint }[]): bigint =>
  applications.reduce((sum, { applied }) => sum + applied, 0n)
