import { foldCode } from '../commerce/inventorum-codes.ts'
import { GROSS_UNITS_MAX, type LinePrice, priceLine } from '../commerce/inventorum-prices.ts'
import type { Queryable } from '../db/database.ts'
import { compare, type Decimal, decimal, rescaleExact } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import type { LineDraft } from './inventorum-commands.ts'
import type { LineProblem, Place, ShopProblem } from './inventorum-problems.ts'
import { type ProductRow, readProductRows } from './inventorum-product-rows.ts'

/** Lines of one order at most, counted after gift cards were given a line each. */
export const LINES_MAX = 500

/** A line ready to be stored. */
export type PricedLine = {
  readonly product: ProductRow
  readonly name: string
  readonly quantity: Decimal
  readonly price: LinePrice
  readonly precodedId: bigint | undefined
}

const ONE = decimal(1)

/** What lines are priced from, read for several baskets at once. */
export type Shelf = {
  readonly products: ReadonlyMap<bigint, ProductRow>
  readonly chosen: readonly Chosen[]
}

export async function readShelf(
  sql: Queryable,
  merchantId: bigint,
  drafts: readonly LineDraft[],
): Promise<Shelf> {
  const ids = [...new Set(drafts.map(({ productId }) => productId))]
  const [products, chosen] = await Promise.all([
    readProductRows(sql, merchantId, ids),
    findChosenCards(sql, merchantId, drafts),
  ])
  return { products, chosen }
}

/**
 * Prices the lines of a basket from the products as they are now, and tells every problem by the line's
 * place in the request (specs/inventorum.md 4.2, 4.3). Of a gift card each piece becomes its own line.
 */
export function priceBasket(
  { products, chosen }: Shelf,
  drafts: readonly LineDraft[],
  now: Instant,
): { readonly lines: readonly PricedLine[]; readonly problems: readonly ShopProblem[] } {
  const wanted = new Map<bigint, bigint>()
  const taken = new Set<bigint>()
  const problems: ShopProblem[] = []
  const lines: PricedLine[] = []
  drafts.forEach((draft, index) => {
    const place: Place = { index, of: drafts.length }
    const deny = (problem: LineProblem) => problems.push({ code: 'line', place, problem })
    const product = products.get(draft.productId)
    if (!product || product.isDeleted) {
      deny({ kind: 'product_unknown', id: draft.productId.toString() })
      return
    }
    const { template } = product
    const pieces = template ? rescaleExact(draft.quantity, 0)?.units : 1n
    const quantity = template ? ONE : draft.quantity
    const price = priceLine(product, quantity, draft.gross)
    if (price.unitGross > GROSS_UNITS_MAX || price.gross > GROSS_UNITS_MAX)
      deny({ kind: 'price_too_large' })
    if (template && price.unitGross === 0n) deny({ kind: 'price_zero' })
    if (pieces === undefined) deny({ kind: 'quantity_fraction' })
    if (template?.validUntil !== undefined && template.validUntil < now)
      deny({ kind: 'template_expired' })
    const choice = chosenCard(draft, chosen, taken)
    if (choice === 'unknown')
      deny({ kind: 'precoded_unknown', id: draft.precodedId?.toString() ?? draft.cardCode ?? '' })
    if (template?.isPrecoded && pieces !== undefined) {
      const total = (wanted.get(product.id) ?? 0n) + pieces
      wanted.set(product.id, total)
      if (compare(decimal(total), product.quantity) > 0) deny({ kind: 'out_of_precoded' })
    }
    const name = template ? product.name : (draft.name ?? product.name)
    const precodedId = choice === 'unknown' ? undefined : choice
    for (let piece = 0n; piece < (pieces ?? 0n) && lines.length <= LINES_MAX; piece += 1n)
      lines.push({ product, name, quantity, price, precodedId })
  })
  if (lines.length > LINES_MAX) problems.push({ code: 'too_many_lines', max: LINES_MAX })
  return { lines, problems }
}

type Chosen = { readonly id: bigint; readonly productId: bigint; readonly cardCode: string }

/** Unissued pre-coded cards that lines ask for by id or card code. */
async function findChosenCards(
  sql: Queryable,
  merchantId: bigint,
  drafts: readonly LineDraft[],
): Promise<readonly Chosen[]> {
  const ids = drafts.flatMap(({ precodedId }) => precodedId ?? [])
  const codes = drafts.flatMap(({ cardCode }) =>
    cardCode === undefined || cardCode.includes('\0') ? [] : [cardCode.trim()],
  )
  if (ids.length + codes.length === 0) return []
  return await sql<Chosen[]>`
    select id, product_id as "productId", card_code as "cardCode" from inventorum_precoded_cards
    where merchant_id = ${merchantId} and card_id is null and (id = any(${ids}::int8[])
      or lower(card_code collate "C") = any(select lower(c collate "C") from unnest(${codes}::text[]) c))`
}

/** The card a line asks for; one that is gone, of another product, or asked for twice is unknown. */
function chosenCard(
  { productId, precodedId, cardCode }: LineDraft,
  chosen: readonly Chosen[],
  taken: Set<bigint>,
): bigint | 'unknown' | undefined {
  if (precodedId === undefined && cardCode === undefined) return undefined
  const card = chosen.find(
    (candidate) =>
      candidate.productId === productId &&
      (precodedId === undefined || candidate.id === precodedId) &&
      (cardCode === undefined || foldCode(candidate.cardCode) === foldCode(cardCode.trim())),
  )
  if (!card || taken.has(card.id)) return 'unknown'
  taken.add(card.id)
  return card.id
}
