import { FIXED_PRICE, type Product } from '../../../services/foodics-products.ts'
import type { FaultList } from '../errors.ts'
import { TEXT } from '../fields.ts'
import type { SaleDraft } from './decode.ts'

/** What the database says about the card that an order wants to sell. */
export type SaleFacts = {
  readonly product: Product | undefined
  readonly isCodeTaken: boolean
}

const FIELD = {
  product: 'gift_card.gift_card_product_id',
  amount: 'gift_card.amount',
  code: 'gift_card.code',
} as const

/** The value of the card to be sold, or undefined with every fault on the list (specs/foodics.md 6.2). */
export function judgeSale(
  sale: SaleDraft,
  { product, isCodeTaken }: SaleFacts,
  faults: FaultList,
): bigint | undefined {
  if (isCodeTaken) faults.add(FIELD.code, TEXT.taken(FIELD.code))
  if (!product?.isActive || product.deletedAt !== undefined) {
    if (!faults.has(FIELD.product)) faults.add(FIELD.product, TEXT.invalid(FIELD.product))
    return undefined
  }
  if (sale.amount === 'faulty') return undefined
  if (product.pricingMethod === FIXED_PRICE) {
    if (sale.amount !== undefined && sale.amount !== product.price)
      faults.add(FIELD.amount, TEXT.invalid(FIELD.amount))
    return product.price
  }
  if (sale.amount === undefined) faults.add(FIELD.amount, TEXT.required(FIELD.amount))
  return sale.amount
}
