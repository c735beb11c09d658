import type { VariationFields } from '../../../commerce/catalogue.ts'
import type { Fields } from '../../../wire/fields.ts'
import type { JsonValue } from '../../../wire/json.ts'
import {
  type Decoded,
  decodeBody,
  flag,
  given,
  integer,
  nullable,
  nullableOrEmpty,
  optional,
  readOptionalTranslations,
  readPrice,
  readTranslations,
  required,
} from '../catalogue-fields.ts'

/** What a variation is unless its creator says otherwise (specs/pretix-vouchers.md 10.1). */
export const VARIATION_DEFAULTS = {
  defaultPrice: undefined,
  active: true,
  description: undefined,
  position: 0,
  hideWithoutVoucher: false,
} as const satisfies Partial<VariationFields>

export const decodeVariation = (
  body: JsonValue,
  mode: { readonly partial: boolean },
): Decoded<Partial<VariationFields>> => decodeBody(body, mode, readVariation)

/** The fields of a variation, on its own or in the list that comes with a new item. */
export const readVariation = (fields: Fields): Partial<VariationFields> =>
  given<VariationFields>({
    value: fields.read('value', required(readTranslations)),
    defaultPrice: fields.read('default_price', nullableOrEmpty(readPrice)),
    active: fields.read('active', flag),
    description: fields.read('description', nullable(readOptionalTranslations)),
    position: fields.read('position', optional(integer())),
    hideWithoutVoucher: fields.read('hide_without_voucher', flag),
  })
