import { compare, type Decimal } from '../money/decimal.ts'
import { LEDGER_SCALE } from '../money/money.ts'
import { netOf, toCentUnits } from './inventorum-prices.ts'

/** One rate of the VAT table, in ledger units; gross = net + vat. */
export type VatRow = {
  readonly rate: Decimal
  readonly net: bigint
  readonly vat: bigint
  readonly gross: bigint
}

type TaxedLine = { readonly rate: Decimal; readonly gross: bigint }
type TaxedApplication = {
  readonly card: { readonly purpose: 'single' | 'multi'; readonly rate: Decimal | undefined }
  readonly applied: bigint
}

/**
 * The receipt's VAT table, highest rate first (specs/inventorum.md 10.5). What single-purpose cards paid
 * was taxed when they were sold and leaves the base; what multi-purpose cards paid is a settlement only.
 */
export function vatTable(
  lines: readonly TaxedLine[],
  applications: readonly TaxedApplication[],
): readonly VatRow[] {
  const rates: Decimal[] = []
  for (const { rate } of lines)
    if (!rates.some((known) => compare(known, rate) === 0)) rates.push(rate)
  return rates
    .toSorted((a, b) => compare(b, a))
    .map((rate) => {
      const sold = lines.reduce(
        (sum, line) => (compare(line.rate, rate) === 0 ? sum + line.gross : sum),
        0n,
      )
      const gross = applications.reduce(
        (sum, { card, applied }) =>
          card.purpose === 'single' && card.rate && compare(card.rate, rate) === 0
            ? sum - applied
            : sum,
        sold,
      )
      const net = toCentUnits(netOf({ units: gross, scale: LEDGER_SCALE }, rate, 2))
      return { rate, net, vat: gross - net, gross }
    })
}
