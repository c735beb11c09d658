import type { PositionReferences } from '../../../commerce/ticket-order-facts.ts'
import type { PositionDraft } from '../../../services/ticket-order-draft.ts'
import {
  bodyFaults,
  type Faults,
  type FaultValue,
  Fields,
  pythonText,
  type Reading,
  TEXT,
  text,
  typeWord,
} from '../../../wire/fields.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../wire/json.ts'
import {
  integer,
  nullable,
  nullableOrEmpty,
  readObject,
  readPrice,
  reference,
} from '../catalogue-fields.ts'
import { readEmail } from './email.ts'

/** The positions of an order that is to be made (specs/pretix-vouchers.md 10.1, 0.2). */

const POSITIONS_MAX = 500

/** One row as it was sent: what it names, how that was spelled, and what is wrong with it alone. */
export type PositionRow = {
  readonly references: PositionReferences
  readonly raw: JsonObject
  readonly faults: Faults
}

export type DecodedPositions = {
  /** Of use only if nothing is wrong. */
  readonly drafts: readonly PositionDraft[]
  readonly rows: readonly PositionRow[]
  /** What is wrong with the list as a whole. */
  readonly list?: FaultValue
  /** What is wrong with the numbers of the positions; only said if nothing else is. */
  readonly numbering?: readonly Faults[]
}

export function decodePositions(body: JsonObject): DecodedPositions {
  const input = Object.hasOwn(body, 'positions') ? body.positions : undefined
  const list = listFault(input)
  if (list) return { drafts: [], rows: [], list }
  const inputs = input as readonly JsonValue[] // Anything else is a fault of the list.
  const decoded = inputs.map(decodeRow)
  const numbers = decoded.map(({ positionid, addonTo }) => ({ positionid, addonTo }))
  const numbering = numberingFaults(numbers)
  return {
    rows: decoded.map(({ row }) => row),
    drafts: decoded.map(({ row, draft, positionid, addonTo }, index) => ({
      ...draft,
      ...row.references,
      itemId: row.references.itemId ?? 0n,
      positionid: positionid ?? index + 1,
      addonTo,
    })),
    ...(numbering && { numbering }),
  }
}

function listFault(input: JsonValue | undefined): FaultValue | undefined {
  if (input === undefined) return [TEXT.required]
  if (input === null) return [TEXT.null]
  if (!Array.isArray(input)) return { non_field_errors: [TEXT.list(typeWord(input))] }
  if (input.length === 0) return ['An order cannot be empty.']
  if (input.length > POSITIONS_MAX)
    return [`Orders cannot have more than ${POSITIONS_MAX} positions.`]
  return undefined
}

const NOTHING: PositionReferences = {
  itemId: undefined,
  variationId: undefined,
  subeventId: undefined,
  voucherCode: undefined,
}

const anyId = reference(() => true)

function decodeRow(input: JsonValue) {
  const wrong = bodyFaults(input)
  const raw = isJsonObject(input) ? input : {}
  const fields = new Fields(raw)
  const references: PositionReferences = {
    itemId: fields.read('item', { required: true, emptyIsNull: true, read: anyId }),
    variationId: fields.read('variation', nullableOrEmpty(anyId)) ?? undefined,
    subeventId: fields.read('subevent', nullableOrEmpty(anyId)) ?? undefined,
    voucherCode: fields.read('voucher', nullableOrEmpty(readVoucher)) ?? undefined,
  }
  const name = fields.read('attendee_name', nullable(text({ blank: true, max: 255 })))
  const parts = fields.read('attendee_name_parts', nullable(readObject))
  const draft = {
    price: fields.read('price', nullableOrEmpty(readPrice)) ?? undefined,
    seatGuid: fields.read('seat', nullable(text({ max: 255 }))) ?? undefined,
    attendeeNameParts: parts ?? (name ? namedParts(name) : '{}'),
    attendeeEmail: fields.read('attendee_email', nullableOrEmpty(readEmail)) ?? undefined,
  }
  return {
    draft,
    positionid: fields.read('positionid', nullable(integer())) ?? undefined,
    addonTo: fields.read('addon_to', nullable(integer())) ?? undefined,
    row: wrong
      ? { references: NOTHING, raw, faults: wrong }
      : { references, raw, faults: fields.faults },
  }
}

const namedParts = (name: string): string => JSON.stringify({ _scheme: 'full', full_name: name })

/** A code as text, whatever was sent; never trimmed (0.2). */
const readVoucher = (input: JsonValue): Reading<string> => ({ value: pythonText(input) })

type Numbered = { readonly positionid: number | undefined; readonly addonTo: number | undefined }

const ALL_OR_NONE = 'If you set position IDs manually, you need to do so for all positions.'
const CONSECUTIVE = 'Position IDs need to be consecutive.'
const ADDON_NEEDS_IDS =
  'If you set addon_to on any position, you need to specify position IDs manually.'
const ADDON_FOLLOWS =
  'If you set addon_to, you need to make sure that the referenced position ID exists and is transmitted directly before its add-ons.'

/** All positions are numbered or none; an add-on comes directly after its position, or its other add-ons. */
function numberingFaults(rows: readonly Numbered[]): readonly Faults[] | undefined {
  const numbered = rows.filter(({ positionid }) => positionid !== undefined)
  if (numbered.length === 0) {
    if (rows.every(({ addonTo }) => addonTo === undefined)) return undefined
    return rows.map(() => ({ positionid: [ADDON_NEEDS_IDS] }))
  }
  if (numbered.length < rows.length)
    return rows.map(({ positionid }) =>
      positionid === undefined ? { positionid: [ALL_OR_NONE] } : {},
    )
  let base: number | undefined
  const faults = rows.map(({ positionid, addonTo }, index): Faults => {
    const stray = addonTo !== undefined && addonTo !== base
    if (addonTo === undefined) base = positionid
    const previous = index === 0 ? 0 : (rows[index - 1]?.positionid ?? 0)
    return {
      ...(positionid === previous + 1 ? {} : { positionid: [CONSECUTIVE] }),
      ...(stray ? { addon_to: [ADDON_FOLLOWS] } : {}),
    }
  })
  return faults.some((fault) => Object.keys(fault).length > 0) ? faults : undefined
}
