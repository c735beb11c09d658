import type { CategoryFields } from '../../../commerce/catalogue.ts'
import { text } from '../../../wire/fields.ts'
import type { JsonValue } from '../../../wire/json.ts'
import {
  type Decoded,
  decodeBody,
  flag,
  given,
  integer,
  nullable,
  optional,
  readOptionalTranslations,
  readTranslations,
  required,
} from '../catalogue-fields.ts'

/** What a category is unless its creator says otherwise (specs/pretix-vouchers.md 10.1 and 0.1). */
export const CATEGORY_DEFAULTS = {
  internalName: undefined,
  description: { en: '' },
  position: 0,
  isAddon: false,
} as const satisfies Partial<CategoryFields>

export function decodeCategory(
  body: JsonValue,
  mode: { readonly partial: boolean },
): Decoded<Partial<CategoryFields>> {
  return decodeBody(body, mode, (fields) =>
    given<CategoryFields>({
      name: fields.read('name', required(readTranslations)),
      internalName: fields.read('internal_name', nullable(text({ max: 255, blank: true }))),
      description: fields.read('description', nullable(readOptionalTranslations)),
      position: fields.read('position', optional(integer())),
      isAddon: fields.read('is_addon', flag),
    }),
  )
}
