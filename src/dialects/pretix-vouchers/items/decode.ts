import type { ItemFields, VariationFields } from '../../../commerce/catalogue.ts'
import { type Fields, text } from '../../../wire/fields.ts'
import { isJsonObject, type JsonValue } from '../../../wire/json.ts'
import {
  type Decoded,
  decodeBody,
  flag,
  given,
  type IsKnown,
  idIn,
  instant,
  integer,
  nullable,
  nullableOrEmpty,
  optional,
  readList,
  readObjects,
  readOptionalTranslations,
  readPrice,
  readTranslations,
  reference,
  required,
} from '../catalogue-fields.ts'
import { readVariation } from '../variations/decode.ts'

/** What an item is unless its creator says otherwise (specs/pretix-vouchers.md 10.1). */
export const ITEM_DEFAULTS = {
  internalName: undefined,
  categoryId: undefined,
  active: true,
  description: undefined,
  freePrice: false,
  admission: false,
  position: 0,
  availableFrom: undefined,
  availableUntil: undefined,
  requireVoucher: false,
  hideWithoutVoucher: false,
  requireBundling: false,
  allowCancel: true,
  minPerOrder: undefined,
  maxPerOrder: undefined,
  addons: '[]',
  bundles: '[]',
  issueGiftcard: false,
} as const satisfies Partial<ItemFields>

const NESTED = ['addons', 'bundles', 'variations', 'program_times']
const NESTED_FIXED =
  'Updating add-ons, bundles, program times or variations via PATCH/PUT is not supported. Please use the dedicated nested endpoint.'

export type ItemChange = {
  readonly fields: Partial<ItemFields>
  readonly variations: readonly Partial<VariationFields>[]
}

/** The category that a body names, to be looked up before it is decoded. */
export const categoryIn = (body: JsonValue): readonly bigint[] => {
  const id = isJsonObject(body) ? idIn(body.category) : undefined
  return id === undefined ? [] : [id]
}

/** Reads POST, PUT and PATCH of an item; its nested lists can only be given when it is created. */
export function decodeItem(
  body: JsonValue,
  { partial, creating }: { readonly partial: boolean; readonly creating: boolean },
  isKnownCategory: IsKnown,
): Decoded<ItemChange> {
  const decoded = decodeBody(body, { partial }, (fields) => readItem(fields, isKnownCategory))
  if (creating || 'faults' in decoded || !isJsonObject(body)) return decoded
  if (!NESTED.some((name) => Object.hasOwn(body, name))) return decoded
  return { faults: { non_field_errors: [NESTED_FIXED] } }
}

const readItem = (fields: Fields, isKnownCategory: IsKnown): ItemChange => {
  // There are no tax rules here, so that none can be referred to.
  fields.read('tax_rule', nullableOrEmpty(reference(() => false)))
  return {
    fields: given<ItemFields>({
      name: fields.read('name', required(readTranslations)),
      internalName: fields.read('internal_name', nullable(text({ max: 255, blank: true }))),
      defaultPrice: fields.read('default_price', required(readPrice)),
      categoryId: fields.read('category', nullableOrEmpty(reference(isKnownCategory))),
      active: fields.read('active', flag),
      description: fields.read('description', nullable(readOptionalTranslations)),
      freePrice: fields.read('free_price', flag),
      admission: fields.read('admission', flag),
      position: fields.read('position', optional(integer())),
      availableFrom: fields.read('available_from', instant),
      availableUntil: fields.read('available_until', instant),
      requireVoucher: fields.read('require_voucher', flag),
      hideWithoutVoucher: fields.read('hide_without_voucher', flag),
      requireBundling: fields.read('require_bundling', flag),
      allowCancel: fields.read('allow_cancel', flag),
      minPerOrder: fields.read('min_per_order', nullable(integer(0n))),
      maxPerOrder: fields.read('max_per_order', nullable(integer(0n))),
      addons: fields.read('addons', optional(readList)),
      bundles: fields.read('bundles', optional(readList)),
      issueGiftcard: fields.read('issue_giftcard', flag),
    }),
    variations: readObjects(fields, 'variations', readVariation) ?? [],
  }
}
