import type { JsonValue } from '../../../wire/json.ts'
import type { Body } from '../body.ts'
import { FaultList } from '../errors.ts'
import { Fields, TEXT } from '../fields.ts'
import { decodeId } from '../ids.ts'
import type { Grammar } from '../query.ts'

/** Relations that clients ask for and that have no effect here, with anything dotted below them. */
const EMPTY_RELATIONS = new Set(
  `branch customer products payments charges combos tags discount coupon promotion table device creator
  closer driver customer_address original_order`.split(/\s+/),
)
const INCLUDES = new Set(['gift_card', 'gift_card.gift_card_product'])

export const GRAMMAR: Grammar = {
  filters: {
    id: 'text',
    reference: 'integer',
    reference_after: 'one-integer',
    number: 'integer',
    branch_id: 'text',
    customer_id: 'text',
    type: 'integer',
    source: 'integer',
    status: 'integer',
    business_date: 'days',
    business_date_after: 'one-day',
    business_date_before: 'one-day',
    created_on: 'days',
    updated_on: 'days',
    updated_after: 'after',
  },
  sorts: ['reference', 'number', 'id', 'business_date', 'created_at', 'updated_at'],
  includes: (name) => INCLUDES.has(name) || EMPTY_RELATIONS.has(name.split('.', 1)[0] ?? ''),
}

const LISTS = ['products', 'combos', 'charges', 'payments', 'tags'] as const
const AS_SENT = ['guests', 'kitchen_notes', 'customer_notes', 'due_at', 'meta'] as const

/** What is stored as sent and echoed, by its name on the wire. */
export type OrderDetails = { readonly [name: string]: JsonValue }

/** The card an order sells, as far as its fields can be judged without the product. */
export type SaleDraft = {
  readonly productId: bigint | undefined
  /** `faulty` when what was sent cannot be read; a missing amount is for the product to judge. */
  readonly amount: bigint | 'faulty' | undefined
  readonly code: string | undefined
}

export type OrderDraft = {
  readonly type: number | undefined
  readonly branchId: string | undefined
  readonly customerId: string | undefined
  readonly subtotalPrice: bigint
  readonly discountAmount: bigint
  readonly roundingAmount: bigint
  readonly totalPrice: bigint
  readonly details: OrderDetails
  readonly sale: SaleDraft | undefined
  readonly faults: FaultList
}

/** Reads an order, collecting every fault that needs no look-up (specs/foodics.md 6.2). */
export function decodeOrder(body: Body): OrderDraft {
  const faults = new FaultList()
  const fields = new Fields(body, faults)
  const price = (name: string): bigint => {
    const units = fields.amount(name) ?? 0n
    if (units < 0n) fields.addFault(name, TEXT.negative)
    return units
  }
  return {
    type: fields.requiredChoice('type', [1, 2, 3, 4]),
    branchId: fields.requiredText('branch_id'),
    customerId: fields.text('customer_id') ?? undefined,
    subtotalPrice: price('subtotal_price'),
    discountAmount: price('discount_amount'),
    roundingAmount: fields.amount('rounding_amount') ?? 0n,
    totalPrice: price('total_price'),
    details: Object.fromEntries([
      ...AS_SENT.map((name) => [name, fields.raw(name) ?? null]),
      ...LISTS.map((name) => [name, fields.list(name) ?? []]),
    ]),
    sale: decodeSale(fields.object('gift_card')),
    faults,
  }
}

/** Printable ASCII without a slash and without a space at either end, 1 to 64 characters. */
const CODE = /^(?! )[ -.0-~]{1,64}(?<! )$/

function decodeSale(fields: Fields | undefined): SaleDraft | undefined {
  if (!fields) return undefined
  const productText = fields.requiredText('gift_card_product_id')
  const productId = productText === undefined ? undefined : decodeId('product', productText)
  if (productText !== undefined && productId === undefined)
    fields.addFault('gift_card_product_id', TEXT.invalid)
  return { productId, amount: readSaleAmount(fields), code: readCode(fields) }
}

function readSaleAmount(fields: Fields): bigint | 'faulty' | undefined {
  if (!fields.has('amount')) return undefined
  const units = fields.amount('amount')
  if (units === undefined) return 'faulty'
  if (units > 0n) return units
  fields.addFault('amount', TEXT.positive)
  return 'faulty'
}

function readCode(fields: Fields): string | undefined {
  const code = fields.text('code') ?? undefined
  return code === undefined || CODE.test(code) ? code : fields.addFault('code', TEXT.invalid)
}
