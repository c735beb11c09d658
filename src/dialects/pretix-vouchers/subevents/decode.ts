import type { Override, SubeventFields } from '../../../commerce/catalogue.ts'
import type { Fields } from '../../../wire/fields.ts'
import { isJsonObject, type JsonValue } from '../../../wire/json.ts'
import {
  type Decoded,
  decodeBody,
  flag,
  given,
  type IsKnown,
  idIn,
  instant,
  nullable,
  nullableOrEmpty,
  optional,
  readObject,
  readObjects,
  readOptionalTranslations,
  readPrice,
  readSchedule,
  readTranslations,
  reference,
  required,
} from '../catalogue-fields.ts'
import { noSeatingPlan } from '../events/decode.ts'

/** What a date is unless its creator says otherwise (specs/pretix-vouchers.md 10.1 and 0.1). */
export const SUBEVENT_DEFAULTS = {
  active: false,
  isPublic: true,
  dateTo: undefined,
  dateAdmission: undefined,
  presaleStart: undefined,
  presaleEnd: undefined,
  location: undefined,
  itemOverrides: [],
  variationOverrides: [],
  seatingPlan: undefined,
  seatCategoryMapping: '{}',
  metaData: '{}',
} as const satisfies Partial<SubeventFields>

/** Ids that a body names, to be looked up before it is decoded. */
export type SubeventReferences = {
  readonly items: readonly bigint[]
  readonly variations: readonly bigint[]
}

export function referencesIn(body: JsonValue): SubeventReferences {
  const ids = (list: string, key: string): bigint[] => {
    const rows = isJsonObject(body) ? body[list] : undefined
    if (!Array.isArray(rows)) return []
    return (rows as readonly JsonValue[]).flatMap((row) =>
      isJsonObject(row) ? (idIn(row[key]) ?? []) : [],
    )
  }
  return {
    items: ids('item_price_overrides', 'item'),
    variations: ids('variation_price_overrides', 'variation'),
  }
}

export function decodeSubevent(
  body: JsonValue,
  mode: { readonly partial: boolean },
  isKnown: { readonly item: IsKnown; readonly variation: IsKnown },
): Decoded<Partial<SubeventFields>> {
  return decodeBody(body, mode, (fields) =>
    given<SubeventFields>({
      name: fields.read('name', required(readTranslations)),
      active: fields.read('active', flag),
      isPublic: fields.read('is_public', flag),
      ...readSchedule(fields),
      location: fields.read('location', nullable(readOptionalTranslations)),
      itemOverrides: readObjects(fields, 'item_price_overrides', (row) =>
        readOverride(row, 'item', isKnown.item),
      ),
      variationOverrides: readObjects(fields, 'variation_price_overrides', (row) =>
        readOverride(row, 'variation', isKnown.variation),
      ),
      seatingPlan: fields.read('seating_plan', nullableOrEmpty(reference(noSeatingPlan))),
      seatCategoryMapping: fields.read('seat_category_mapping', optional(readObject)),
      metaData: fields.read('meta_data', optional(readObject)),
    }),
  )
}

function readOverride(row: Fields, key: 'item' | 'variation', isKnown: IsKnown): Override {
  return {
    // An absent id is a fault, so that the row never gets further than this.
    id: row.read(key, required(reference(isKnown))) ?? 0n,
    price: row.read('price', nullableOrEmpty(readPrice)) ?? undefined,
    disabled: row.read('disabled', flag) ?? false,
    availableFrom: row.read('available_from', instant) ?? undefined,
    availableUntil: row.read('available_until', instant) ?? undefined,
  }
}
