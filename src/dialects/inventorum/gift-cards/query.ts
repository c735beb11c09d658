import { type Decimal, parseDecimal } from '../../../money/decimal.ts'
import type {
  ProductFilter,
  ProductOrdering,
  ProductSort,
} from '../../../services/inventorum-product-views.ts'
import type { Faults } from '../../../wire/fields.ts'
import { InvalidInput } from '../decode.ts'
import { parseId, SHOP_TEXT } from '../wire.ts'

/** Filters, order and omissions of the list of templates (specs/inventorum.md 2.2). */

const SORTS: readonly string[] = ['name', 'time_added', 'time_modified', 'quantity', 'price']
const OPTIONS = [
  'name',
  'product_code',
  'ean',
  'tax_type',
  'categories',
  'quantity',
  'price',
  'gross_price',
] as const
type Option = (typeof OPTIONS)[number]

/** `filters=a=1,b=2` and each option as a parameter of its own; all of them must hold, also of one option. */
export function readFilter(query: URLSearchParams): ProductFilter {
  const given = query
    .getAll('filters')
    .flatMap((text) => text.split(','))
    .map((pair): readonly [name: string, value: string] => {
      const mark = pair.indexOf('=')
      return [pair.slice(0, mark).trim(), pair.slice(mark + 1)]
    })
    .concat(OPTIONS.flatMap((option) => query.getAll(option).map((value) => [option, value])))
  const faults: Faults = {}
  const read = <T>(option: Option, parse: (text: string) => T | undefined): readonly T[] =>
    given.flatMap(([name, text]) => {
      if (name !== option) return []
      const value = parse(text.trim())
      if (value === undefined) faults[option] = [SHOP_TEXT.enterNumber]
      return value ?? []
    })
  // A NUL is in no stored text, and the database refuses to compare with one.
  const texts = (option: Option) =>
    given.flatMap(([name, text]) => (name === option ? text.replaceAll('\0', '\ufffd') : []))
  const filter: ProductFilter = {
    kind: 'template',
    names: texts('name'),
    productCodes: texts('product_code'),
    eans: texts('ean'),
    taxTypeIds: read('tax_type', parseId),
    categoryIds: read('categories', parseId),
    quantities: read('quantity', readNumber),
    prices: read('price', readNumber),
    grossPrices: read('gross_price', readNumber),
  }
  if (Object.keys(faults).length > 0) throw new InvalidInput(faults)
  return filter
}

/** Numbers of a sensible size; what is longer equals nothing that is stored, but must not cost much. */
function readNumber(text: string): Decimal | undefined {
  const value = text.length > 50 ? undefined : parseDecimal(text)
  return value && Math.abs(value.scale) <= 50 ? value : undefined
}

/** Comma list of names, `-` for descending; unknown names are ignored, the first of a name counts. */
export function readOrdering(query: URLSearchParams): readonly ProductOrdering[] {
  const orderings = new Map<string, ProductOrdering>()
  for (const part of (query.get('ordering') ?? '').split(',')) {
    const descending = part.trim().startsWith('-')
    const name = part.trim().replace(/^-/, '')
    if (SORTS.includes(name) && !orderings.has(name))
      orderings.set(name, { by: name as ProductSort, descending }) // Just checked.
  }
  return [...orderings.values()]
}

/** Leaves the keys out that `elide` names. */
export function elide(row: object, query: URLSearchParams): object {
  const left = new Set(
    query
      .getAll('elide')
      .flatMap((text) => text.split(','))
      .map((name) => name.trim()),
  )
  return left.size === 0
    ? row
    : Object.fromEntries(Object.entries(row).filter(([name]) => !left.has(name)))
}
