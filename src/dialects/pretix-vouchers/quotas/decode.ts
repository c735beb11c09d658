import type { QuotaFields } from '../../../commerce/catalogue.ts'
import { isJsonObject, type JsonValue } from '../../../wire/json.ts'
import {
  type Decoded,
  decodeBody,
  flag,
  given,
  type IsKnown,
  idIn,
  integer,
  nullable,
  nullableOrEmpty,
  optional,
  reference,
  references,
  required,
  shortText,
} from '../catalogue-fields.ts'

/** What a quota is unless its creator says otherwise (specs/pretix-vouchers.md 10.1). */
export const QUOTA_DEFAULTS = {
  size: undefined,
  itemIds: [],
  variationIds: [],
  subeventId: undefined,
  closeWhenSoldOut: false,
  closed: false,
  releaseAfterExit: false,
} as const satisfies Partial<QuotaFields>

/** Ids that a body names, to be looked up before it is decoded. */
export type QuotaReferences = {
  readonly items: readonly bigint[]
  readonly variations: readonly bigint[]
  readonly subevents: readonly bigint[]
}

export function referencesIn(body: JsonValue): QuotaReferences {
  if (!isJsonObject(body)) return { items: [], variations: [], subevents: [] }
  const ids = (value: JsonValue | undefined): bigint[] =>
    (Array.isArray(value) ? (value as readonly JsonValue[]) : [value]).flatMap(
      (element) => idIn(element) ?? [],
    )
  return {
    items: ids(body.items),
    variations: ids(body.variations),
    subevents: ids(body.subevent),
  }
}

export function decodeQuota(
  body: JsonValue,
  mode: { readonly partial: boolean },
  isKnown: { readonly item: IsKnown; readonly variation: IsKnown; readonly subevent: IsKnown },
): Decoded<Partial<QuotaFields>> {
  return decodeBody(body, mode, (fields) =>
    given<QuotaFields>({
      name: fields.read('name', required(shortText(200))),
      size: fields.read('size', nullable(integer(0n))),
      itemIds: fields.read('items', optional(references(isKnown.item))),
      variationIds: fields.read('variations', optional(references(isKnown.variation))),
      subeventId: fields.read('subevent', nullableOrEmpty(reference(isKnown.subevent))),
      closeWhenSoldOut: fields.read('close_when_sold_out', flag),
      closed: fields.read('closed', flag),
      releaseAfterExit: fields.read('release_after_exit', flag),
    }),
  )
}
