import { FIXED_PRICE, OPEN_PRICE, type ProductFields } from '../../../services/foodics-products.ts'
import { isJsonObject, type JsonObject, type JsonValue, stringifyJson } from '../../../wire/json.ts'
import type { Body } from '../body.ts'
import { FaultList } from '../errors.ts'
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

/** What a create or an update leaves of the product, unless something was put on the list of faults. */
type ProductDraft = { readonly [Field in keyof ProductFields]: ProductFields[Field] | undefined }

type Relation = { readonly id: string }

const isRelation = (item: JsonValue): item is JsonObject & Relation =>
  isJsonObject(item) &&
  Object.hasOwn(item, 'id') &&
  typeof item.id === 'string' &&
  isStorable(item.id)

/** A list of `{"id", …}`, kept as sent; undefined if it was not. */
function readRelations(
  fields: Fields,
  name: string,
): readonly (JsonObject & Relation)[] | undefined {
  const list = fields.list(name)
  if (list === undefined || list.every(isRelation)) return list
  return fields.addFault(name, TEXT.invalid)
}

/** The SKU that a body names, if any product can have it. */
export function readSku({ object }: Body): string | undefined {
  const sku = Object.hasOwn(object, 'sku') ? object.sku : undefined
  return typeof sku === 'string' && sku.length <= SKU_LENGTH_MAX && isStorable(sku)
    ? sku
    : undefined
}

/**
 * Reads a body over the product as it is, or over nothing when one is created: only what was sent changes
 * (specs/foodics.md 6.1).
 */
function readDraft(
  body: Body,
  faults: FaultList,
  current: ProductFields | undefined,
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
  const [branches, tags, groups] = ['branches', 'tags', 'groups'].map((list) =>
    readRelations(fields, list),
  )
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
    branches: branches ? stringifyJson(branches) : (current?.branches ?? '[]'),
    tags: tags ? stringifyJson(tags) : (current?.tags ?? '[]'),
    tagIds: tags ? tags.map(({ id }) => id) : (current?.tagIds ?? []),
    groups: groups ? stringifyJson(groups) : (current?.groups ?? '[]'),
  }
}

/** What is to be stored. Refuses (422) with every fault, a SKU that another product has among them. */
export function decodeProduct(
  body: Body,
  {
    current,
    isSkuTaken,
  }: { readonly current?: ProductFields | undefined; readonly isSkuTaken: boolean },
): ProductFields {
  const faults = new FaultList()
  const draft = readDraft(body, faults, current)
  if (isSkuTaken && !faults.has('sku')) faults.add('sku', TEXT.taken('sku'))
  faults.assertNone()
  const { name, sku, categoryId, pricingMethod, isActive, branches, tags, tagIds, groups } = draft
  if (
    name === undefined ||
    sku === undefined ||
    categoryId === undefined ||
    pricingMethod === undefined ||
    isActive === undefined ||
    branches === undefined ||
    tags === undefined ||
    tagIds === undefined ||
    groups === undefined
  )
    throw new Error('a product without faults that lacks a field')
  return {
    ...draft,
    name,
    sku,
    categoryId,
    pricingMethod,
    isActive,
    branches,
    tags,
    tagIds,
    groups,
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
