/**
 * Everything a shop's rules can object to, and where. Unlike a refusal of the ledger several are told at
 * once, because a till shows all of them; a dialect has the words and the field names.
 */
export type ShopProblem =
  | { readonly code: 'not_found'; readonly what: Findable }
  /** Something named by id does not exist, or is another merchant's. */
  | {
      readonly code: 'unknown'
      readonly what: 'tax_type' | 'parent' | 'product'
      readonly id: string
    }
  | {
      readonly code: 'unknown_element'
      readonly list: 'categories' | 'images'
      readonly place: Place
      readonly id: string
    }
  // Templates
  | { readonly code: 'precoded_with_stock' }
  | { readonly code: 'single_purpose_untaxed' }
  | { readonly code: 'multi_purpose_taxed' }
  | { readonly code: 'validity_missing'; readonly part: 'date' | 'unit' | 'value' }
  /** A card issued now would be good beyond the year 9999. */
  | { readonly code: 'validity_too_long'; readonly max: number }
  // Taxes, categories
  | { readonly code: 'rate_taken' }
  | { readonly code: 'rate_in_use' }
  | { readonly code: 'category_cycle' }
  // Pre-coded cards; a place is absent where one card is the whole request
  | { readonly code: 'not_precoded' }
  | { readonly code: 'precoded_issued' }
  | { readonly code: 'redeem_code_taken'; readonly place?: Place }
  | { readonly code: 'card_code_taken'; readonly place?: Place }
  | {
      readonly code: 'precoded_product'
      readonly place: Place
      readonly id: string
      readonly known: boolean
    }
  // Lines of an order
  | { readonly code: 'line'; readonly place: Place; readonly problem: LineProblem }
  | { readonly code: 'too_many_lines'; readonly max: number }
  // Cards of an order; `as` is the code as it was submitted
  | { readonly code: 'card'; readonly as: string; readonly problem: CardProblem }
  | { readonly code: 'too_many_cards'; readonly max: number }
  // Orders
  | { readonly code: 'order_not_open' }
  | { readonly code: 'order_not_completed' }
  | { readonly code: 'amount_differs'; readonly remaining: bigint }
  // Refunds
  | { readonly code: 'refund_line_unknown'; readonly place: Place; readonly id: string }
  | { readonly code: 'refund_card_used'; readonly place: Place }
  | { readonly code: 'refund_line_done'; readonly place: Place }
  | { readonly code: 'refund_whole_only' }
  | { readonly code: 'refund_method_missing' }

export type Findable =
  | 'template'
  | 'precoded'
  | 'product'
  | 'order'
  | 'tax_type'
  | 'category'
  | 'card'
  | 'image'
  | 'receipt'

/** An element of a list of the request, or of an order's lines. */
export type Place = { readonly index: number; readonly of: number }

export type LineProblem =
  | { readonly kind: 'product_unknown'; readonly id: string }
  | { readonly kind: 'price_zero' }
  | { readonly kind: 'price_too_large' }
  | { readonly kind: 'quantity_fraction' }
  | { readonly kind: 'quantity_above_one' }
  | { readonly kind: 'template_expired' }
  | { readonly kind: 'out_of_precoded' }
  | { readonly kind: 'precoded_unknown'; readonly id: string }

export type CardProblem =
  | 'unknown'
  | 'expired'
  | 'returned'
  | 'inactive'
  | 'empty'
  | 'inapplicable'
  | 'duplicate'
  | 'attached'
  | 'not_attached'

/** A no with its reasons; nothing of the command was written. */
export class ShopError extends Error {
  override readonly name = 'ShopError'
  readonly problems: readonly ShopProblem[]

  constructor(problems: readonly ShopProblem[]) {
    super(problems.map(({ code }) => code).join(', '))
    this.problems = problems
  }
}

/** Ends the current command with one problem or several. */
export function deny(...problems: readonly ShopProblem[]): never {
  throw new ShopError(problems)
}

/** Ends the current command if anything was found. */
export function denyIfAny(problems: readonly ShopProblem[]): void {
  if (problems.length > 0) throw new ShopError(problems)
}

/** Ends the current command: there is nothing of that kind for this caller. */
export const missing = (what: Findable): never => deny({ code: 'not_found', what })
