import { isJsonObject, type JsonValue } from '../../../wire/json.ts'
import type { Body } from '../body.ts'
import type { FaultList } from '../errors.ts'
import { Fields, isStorable, TEXT } from '../fields.ts'
import type { Grammar } from '../query.ts'

const INCLUDES = new Set(['category', 'branches', 'tags', 'groups'])

export const GRAMMAR: Grammar = {
  filters: {
    id: 'text',
    name: 'text',
    sku: 'text',
    barcode: 'text',
    is_active: 'boolean',
    category_id: 'text',
    'tags.id': 'text',
    is_deleted: 'boolean',
    created_on: 'days',
    updated_on: 'days',
    updated_after: 'after',
    deleted_on: 'days',
  },
  sorts: ['name', 'sku', 'price', 'created_at', 'updated_at'],
  includes: (name) => INCLUDES.has(name),
}

/** The column that keeps a SKU unique bounds its length. */
export const SKU_LENGTH_MAX = 255

export const FIXED_PRICE = 1
export const OPEN_PRICE = 2

/** A product's own fields; the lists are kept as sent. */
export type ProductFields = {
  readonly name: string
  readonly nameLocalized: string | undefined
  readonly image: string | undefined
  readonly barcode: string | undefined
  readonly sku: string
  readonly pricingMethod: number
  readonly price: bigint | undefined
  readonly isActive: boolean
  readonly categoryId: string
  readonly branches: readonly JsonValue[]
  readonly tags: readonly JsonValue[]
  readonly groups: readonly JsonValue[]
}

/** What a create or an update leaves of the product, unless something was put on the list of faults. */
export type ProductDraft = {
  readonly [Field in keyof ProductFields]: ProductFields[Field] | undefined
}

function relations(fields: Fields, name: string): readonly JsonValue[] | undefined {
  const list = fields.list(name)
  const isWellShaped = (item: JsonValue): boolean =>
    isJsonObject(item) &&
    Object.hasOwn(item, 'id') &&
    typeof item.id === 'string' &&
    isStorable(item.id)
  if (list && !list.every(isWellShaped)) return fields.addFault(name, TEXT.invalid)
  return list
}

/**
 * Reads a body over the product as it is, or over nothing when one is created: only what was sent changes
 * (specs/foodics.md 6.1).
 */
export function decodeProduct(
  body: Body,
  faults: FaultList,
  current?: ProductFields,
): ProductDraft {
  const fields = new Fields(body, faults)
  const isDue = (name: string): boolean => current === undefined || fields.has(name)
  const nullable = (name: string, known: string | undefined): string | undefined =>
    fields.has(name) ? (fields.text(name) ?? undefined) : known

  const name = isDue('name') ? fields.requiredText('name') : current?.name
  const sku = isDue('sku') ? fields.requiredText('sku', SKU_LENGTH_MAX) : current?.sku
  const categoryId = isDue('category_id') ? fields.requiredText('category_id') : current?.categoryId
  const pricingMethod = isDue('pricing_method')
    ? fields.requiredChoice('pricing_method', [FIXED_PRICE, OPEN_PRICE])
    : current?.pricingMethod
  const price = readPrice(fields, pricingMethod, current?.price)
  return {
    name,
    sku,
    categoryId,
    pricingMethod,
    price,
    nameLocalized: nullable('name_localized', current?.nameLocalized),
    image: nullable('image', current?.image),
    barcode: nullable('barcode', current?.barcode),
    isActive: fields.boolean('is_active') ?? current?.isActive ?? true,
    branches: relations(fields, 'branches') ?? current?.branches ?? [],
    tags: relations(fields, 'tags') ?? current?.tags ?? [],
    groups: relations(fields, 'groups') ?? current?.groups ?? [],
  }
}

/** Required only of a fixed price; an open one may have none. */
function readPrice(
  fields: Fields,
  pricingMethod: number | undefined,
  known: bigint | undefined,
): bigint | undefined {
  const sent = fields.raw('price')
  if (sent === undefined || sent === null) {
    const price = sent === undefined ? known : undefined
    if (pricingMethod === FIXED_PRICE && price === undefined)
      return fields.addFault('price', TEXT.required)
    return price
  }
  const price = fields.amount('price')
  return price !== undefined && price < 0n ? fields.addFault('price', TEXT.negative) : price
}
