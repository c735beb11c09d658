import type { Zone } from '../../../money/zone.ts'
import type {
  CardPurpose,
  ProductChanges,
  ProductDraft,
  References,
  TemplateDraft,
} from '../../../services/inventorum-commands.ts'
import { Fields, readBoolean, readChoice, readInteger, TEXT } from '../../../wire/fields.ts'
import type { JsonValue } from '../../../wire/json.ts'
import { asObject, readObject } from '../decode.ts'
import { readProduct, toProductDraft } from '../products/decode.ts'
import { localInstant } from '../wire.ts'

/** Gift card templates as clients send them (specs/inventorum.md 2). */

/** A body that was read: what it asks for (undefined if anything is wrong), and the ids it names. */
export type TemplateRead<T> = {
  readonly fields: Fields
  readonly references: References
  readonly command: T | undefined
}

const PURPOSES = { 'single-purpose': 'single', 'multi-purpose': 'multi' } as const
const UNITS = ['day', 'week', 'month', 'year'] as const
const VALUE_MAX = 36_500n

/** A new template; `dateText` is its validity date as it was spelled, which the answer repeats. */
export function decodeTemplate(
  body: JsonValue,
  zone: Zone,
): TemplateRead<ProductDraft> & { readonly dateText: string | undefined } {
  const fields = new Fields(asObject(body))
  readKind(fields)
  const product = readProduct(fields)
  const template = readObject(fields, 'giftcard_template', (inner) => readTemplate(inner, zone), {
    required: true,
  })
  const command =
    fields.ok && template ? { ...toProductDraft(product), template: template.draft } : undefined
  return { fields, references: product.references, command, dateText: template?.dateText }
}

/** One of `type` and `is_giftcard` says that this is a gift card (specs/inventorum.md 13, 3). */
function readKind(fields: Fields): void {
  const type = fields.read('type', { read: (input) => readChoice(input, ['gift_card']) })
  const isGiftCard = fields.read('is_giftcard', { read: readBoolean })
  const isFaulty = 'type' in fields.faults || 'is_giftcard' in fields.faults
  if (type === undefined && isGiftCard !== true && !isFaulty) fields.addFault('type', TEXT.required)
}

function readTemplate(
  inner: Fields,
  zone: Zone,
): { readonly draft: TemplateDraft; readonly dateText: string | undefined } | undefined {
  const type = inner.read('type', {
    required: true,
    read: (input) => readChoice(input, Object.keys(PURPOSES) as (keyof typeof PURPOSES)[]), // Its keys.
  })
  const isPrecoded = inner.read('is_precoded', { read: readBoolean }) ?? false
  const { until, unit, value, dateText } = readValidity(inner, zone)
  const hasValidityFault = VALIDITY.some((name) => name in inner.faults)
  if (until == null && !hasValidityFault) {
    if (unit === undefined && value == null) inner.addFault('valid_until_date', TEXT.required)
    else if (unit === undefined) inner.addFault('valid_until_unit', TEXT.required)
    else if (value == null) inner.addFault('valid_until_value', TEXT.required)
  }
  if (!inner.ok || type === undefined) return undefined
  const purpose: CardPurpose = PURPOSES[type]
  const draft = {
    purpose,
    isPrecoded,
    validUntil: until ?? undefined,
    validUnit: unit ?? 'month',
    validValue: value ?? undefined,
  }
  return { draft, dateText }
}

const VALIDITY = ['valid_until_date', 'valid_until_unit', 'valid_until_value'] as const

function readValidity(fields: Fields, zone: Zone) {
  const until = fields.read('valid_until_date', { nullable: true, read: localInstant(zone) })
  const unit = fields.read('valid_until_unit', { read: (input) => readChoice(input, UNITS) })
  const read = (input: JsonValue) => readInteger(input, 1n, VALUE_MAX)
  const value = fields.read('valid_until_value', { nullable: true, read })
  const raw = fields.raw('valid_until_date')
  return {
    until,
    unit,
    value: typeof value === 'bigint' ? Number(value) : value,
    dateText: typeof raw === 'string' ? raw : undefined,
  }
}

/**
 * A partial update (specs/inventorum.md 2.4). Validity may stand at the top or inside
 * `giftcard_template`, the top wins; what cannot be written is ignored, not refused.
 */
export function decodeTemplateChanges(body: JsonValue, zone: Zone): TemplateRead<ProductChanges> {
  const all = asObject(body)
  const { tax_type: _tax, type: _type, quantity: _quantity, ...writable } = all
  const fields = new Fields(writable, { partial: true })
  const product = readProduct(fields)
  const inner = readObject(fields, 'giftcard_template', (nested) => readValidity(nested, zone), {
    partial: true,
  })
  const top = readValidity(fields, zone)
  const until = top.until === undefined ? inner?.until : top.until
  const value = top.value === undefined ? inner?.value : top.value
  const changes: ProductChanges = {
    ...product.values,
    validUntil: until === undefined ? undefined : { to: until ?? undefined },
    validUnit: top.unit ?? inner?.unit,
    validValue: value === undefined ? undefined : { to: value ?? undefined },
  }
  return { fields, references: product.references, command: fields.ok ? changes : undefined }
}
