import { currencyPlaces } from '../../../money/currency.ts'
import { group, readChildren, readDocument, readOnly, referenceTo, scalar } from '../elements.ts'
import { OnSiteError } from '../errors.ts'
import { formatAmount, readAmount, readBoolean, readSerial, readText } from '../wire.ts'

/** A card as a client wants it; amounts in ledger units, absent what the client left to the server. */
export type CardOrder = {
  readonly productId: bigint
  /** Absent where the server generates serials. */
  readonly serial: string | undefined
  readonly invoiceId: bigint | undefined
  readonly sourceId: string
  readonly userId: bigint | undefined
  readonly active: boolean
  readonly note: string
  readonly credit: bigint
  readonly used: bigint
}

/** What the store has decided before any card. */
export type StoreRules = {
  readonly currency: string
  readonly generatesSerials: boolean
}

type Amounts = { used?: bigint; credit?: bigint; total?: bigint }

/**
 * Reads `POST /api/gift_cards/` (specs/lightspeed-onsite.md 7.2 to 7.6). Refuses everything that is wrong
 * whatever the database holds: first the elements in document order, then the rules across them.
 */
export function decodeCard(
  body: Uint8Array,
  { currency, generatesSerials }: StoreRules,
): CardOrder {
  const given: {
    productId?: bigint
    serial?: string
    invoiceId?: bigint
    userId?: bigint
  } & Amounts = {}
  let [sourceId, note, active] = ['', '', true]
  const amount = (text: string): bigint | undefined => readAmount(text, currencyPlaces(currency))

  readChildren(readDocument(body, 'gift_card'), {
    product: referenceTo((id) => {
      given.productId = id
    }),
    invoice: referenceTo((id) => {
      given.invoiceId = id
    }),
    user: referenceTo((id) => {
      given.userId = id
    }),
    serial_number: scalar(readSerial, (serial) => {
      if (serial !== '') given.serial = serial
    }),
    source_id: scalar(readText(255), (text) => {
      sourceId = text
    }),
    note: scalar(readText(2_000), (text) => {
      note = text
    }),
    flags: group({
      active: scalar(readBoolean, (value) => {
        active = value
      }),
    }),
    totals: group({
      used: scalar(amount, (units) => {
        given.used = units
      }),
      credit: scalar(amount, (units) => {
        given.credit = units
      }),
      total: scalar(amount, (units) => {
        given.total = units
      }),
    }),
    created: readOnly,
    modified: readOnly,
    gift_card_id: readOnly,
    history_entries: readOnly,
  })

  const { productId, serial, invoiceId, userId } = given
  if (productId === undefined) throw new OnSiteError('server.missing_field', ['product', ''])
  if (generatesSerials && serial !== undefined)
    throw new OnSiteError('server.conflicting_fields', ['serial_number', serial])
  if (!generatesSerials && serial === undefined)
    throw new OnSiteError('server.missing_field', ['serial_number', ''])
  if (invoiceId !== undefined && sourceId !== '')
    throw new OnSiteError(
      'server.conflicting_fields',
      ['invoice', invoiceId.toString()],
      ['source_id', sourceId],
    )
  return { productId, serial, invoiceId, sourceId, userId, active, note, ...openingOf(given) }
}

/** What a card opens with: `credit` alone, or all three amounts, or nothing (7.4). */
export function openingOf({ used, credit, total }: Amounts): { credit: bigint; used: bigint } {
  if (used === undefined && total === undefined) return { credit: credit ?? 0n, used: 0n }
  if (total === undefined) throw new OnSiteError('server.missing_field', ['total', ''])
  if (used === undefined) throw new OnSiteError('server.missing_field', ['used', ''])
  if (credit === undefined) throw new OnSiteError('server.missing_field', ['credit', ''])
  if (total !== used + credit)
    throw new OnSiteError(
      'server.conflicting_fields',
      ['total', formatAmount(total)],
      ['used', formatAmount(used)],
      ['credit', formatAmount(credit)],
    )
  return { credit, used }
}
