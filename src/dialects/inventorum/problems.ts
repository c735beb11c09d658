import type {
  CardProblem,
  LineProblem,
  Place,
  ShopProblem,
} from '../../services/inventorum-problems.ts'
import { type Faults, TEXT } from '../../wire/fields.ts'
import { money, SHOP_TEXT } from './wire.ts'

/** Where a text belongs: through fields and elements of lists, the last step being a field. */
type Path = readonly (string | Place)[]
type Located = readonly [path: Path, text: string]

const NON_FIELD = 'non_field_errors'
/** Elements of a body that is itself a list are kept under this name until they are sent. */
export const ELEMENTS = '[]'

/**
 * What the shop objected to, as field errors in this protocol's words, added to the faults that the body
 * already has: all errors of one request are told together (specs/inventorum.md 1.10).
 */
export function faultsOf(problems: readonly ShopProblem[], known: Faults = {}): Faults {
  const faults: Faults = { ...known }
  for (const problem of problems) {
    const [path, text] = locate(problem)
    addFault(faults, path, text)
  }
  return faults
}

function locate(problem: ShopProblem): Located {
  switch (problem.code) {
    case 'unknown':
      return [[problem.what], TEXT.pk(problem.id)]
    case 'unknown_element':
      return [[problem.list, problem.place, 'id'], TEXT.pk(problem.id)]
    case 'precoded_with_stock':
      return [['quantity'], 'For Precoded Cards quantity should be 0.']
    case 'single_purpose_untaxed':
      return [IN_TEMPLATE('type'), 'Single-purpose gift cards require a non-zero tax rate.']
    case 'multi_purpose_taxed':
      return [IN_TEMPLATE('type'), 'Multi-purpose gift cards require a zero tax rate.']
    case 'validity_missing':
      return [IN_TEMPLATE(`valid_until_${problem.part}`), TEXT.required]
    case 'validity_too_long':
      return [IN_TEMPLATE('valid_until_value'), TEXT.max(problem.max)]
    case 'rate_taken':
      return [['tax_rate'], 'Tax rate already exists']
    case 'rate_in_use':
      return [['tax_rate'], 'Tax rate is used by gift cards.']
    case 'category_cycle':
      return [['parent'], 'A category may not be below itself.']
    case 'not_precoded':
      return [['product'], 'Product is not a pre-coded gift card.']
    case 'precoded_issued':
      return [[NON_FIELD], 'Gift card is already issued.']
    case 'redeem_code_taken':
      return [element(problem.place, 'redeem_code'), 'Redeem code already exists.']
    case 'card_code_taken':
      return [element(problem.place, 'card_code'), 'Card code already exists.']
    case 'precoded_product':
      return [
        element(problem.place, 'product'),
        problem.known ? 'Product does not match the URL.' : TEXT.pk(problem.id),
      ]
    case 'line': {
      const [field, text] = lineText(problem.problem)
      return [['items', problem.place, field], text]
    }
    case 'too_many_lines':
      return [['items'], SHOP_TEXT.elements(problem.max)]
    case 'card':
      return [['redeem_code'], cardText(problem.as, problem.problem)]
    case 'too_many_cards':
      return [['redeem_code'], SHOP_TEXT.elements(problem.max)]
    case 'amount_differs':
      return [
        ['amount'],
        `Amount must be equal to the remaining amount of ${money(problem.remaining)}.`,
      ]
    case 'refund_line_unknown':
      return [['items', problem.place, 'id'], TEXT.pk(problem.id)]
    case 'refund_card_used':
      return [['items', problem.place, 'id'], 'Gift card has already been used.']
    case 'refund_line_done':
      return [['items', problem.place, 'id'], 'Item has already been refunded.']
    case 'refund_whole_only':
      return [['items'], 'An order that used gift cards can only be refunded as a whole.']
    case 'refund_method_missing':
      return [['method'], TEXT.required]
    case 'order_not_open':
    case 'order_not_completed':
      return [[NON_FIELD], 'Order is not in state Draft or Pending.']
    case 'not_found':
      return [[NON_FIELD], 'Not found.']
  }
}

const IN_TEMPLATE = (field: string): Path => ['giftcard_template', field]
const element = (place: Place | undefined, field: string): Path =>
  place ? [ELEMENTS, place, field] : [field]

function lineText(problem: LineProblem): readonly [field: string, text: string] {
  switch (problem.kind) {
    case 'product_unknown':
      return ['product', TEXT.pk(problem.id)]
    case 'price_zero':
      return ['price', SHOP_TEXT.above('0')]
    case 'price_too_large':
      return ['price', TEXT.maxWhole(10)]
    case 'quantity_fraction':
      return ['quantity', TEXT.integer]
    case 'quantity_above_one':
      return ['quantity', TEXT.max('1')]
    case 'template_expired':
      return ['product', 'Gift card template has expired.']
    case 'out_of_precoded':
      return ['quantity', 'Not enough pre-coded gift cards in stock.']
    case 'precoded_unknown':
      return ['pre_coded', TEXT.pk(problem.id)]
  }
}

const CARD_TEXT: Record<Exclude<CardProblem, 'duplicate'>, string> = {
  unknown: 'does not exist.',
  expired: 'has expired.',
  returned: 'has been returned.',
  inactive: 'is not active.',
  empty: 'has no remaining value.',
  inapplicable: 'cannot be applied to any item of this order.',
  attached: 'is already added to this order.',
  not_attached: 'is not added to this order.',
}

const cardText = (code: string, problem: CardProblem): string =>
  problem === 'duplicate'
    ? `Duplicate redeem codes [${pythonQuoted(code)}].`
    : `Gift card with redeem code ${code} ${CARD_TEXT[problem]}`

/** A text as Python shows it in a list. */
export function pythonQuoted(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
  if (!escaped.includes("'")) return `'${escaped}'`
  return escaped.includes('"') ? `'${escaped.replaceAll("'", "\\'")}'` : `"${escaped}"`
}

const isFaults = (value: unknown): value is Faults =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Adds one text; elements of a list that are fine are `{}`, and no text is told twice. */
export function addFault(faults: Faults, [step, ...rest]: Path, text: string): void {
  if (typeof step !== 'string') return
  const known = faults[step]
  const [next] = rest
  if (next === undefined) {
    const texts = isTexts(known) ? known : []
    if (!texts.includes(text)) faults[step] = [...texts, text]
  } else if (typeof next === 'string') {
    const inner: Faults = isFaults(known) ? { ...known } : {}
    addFault(inner, rest, text)
    faults[step] = inner
  } else {
    // Added to where it is: a copy for each of many faults would take for ever.
    const list: Faults[] = isFaultList(known) ? known : []
    while (list.length < next.of) list.push({})
    const inner = { ...list[next.index] }
    addFault(inner, rest.slice(1), text)
    list[next.index] = inner
    faults[step] = list
  }
}

const isFaultList = (value: unknown): value is Faults[] =>
  Array.isArray(value) && value.length > 0 && isFaults(value[0])

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
