import type { Decimal } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import type { Merchant } from './merchants.ts'

/** What a till asks for, read and checked field by field, before anything is looked up. */

/** Who asks: an Inventorum credential is a user, its merchant the account. */
export type ShopCaller = {
  readonly merchant: Merchant
  readonly userId: bigint
  readonly email?: string | undefined
}

export type CardPurpose = 'single' | 'multi'
export type ValiditySpanUnit = 'day' | 'week' | 'month' | 'year'

/** What makes a product a gift card template. */
export type TemplateDraft = {
  readonly purpose: CardPurpose
  readonly isPrecoded: boolean
  readonly validUntil: Instant | undefined
  readonly validUnit: ValiditySpanUnit
  readonly validValue: number | undefined
}

/** A unit price: net wins over gross (specs/inventorum.md 10.1). */
export type PriceDraft = {
  readonly net?: Decimal | undefined
  readonly gross?: Decimal | undefined
}

export type ProductDraft = {
  readonly name: string
  readonly taxTypeId: bigint
  readonly description: string
  readonly quantity: Decimal
  readonly reorderLevel: Decimal
  readonly safetyStock: Decimal
  readonly price: PriceDraft
  readonly purchasePrice: Decimal
  readonly customPrice: boolean
  readonly productCode: string | undefined
  readonly ean: string | undefined
  readonly categoryIds: readonly bigint[]
  readonly imageIds: readonly bigint[]
  readonly template?: TemplateDraft | undefined
}

/** A new value for something that may also be taken away. */
export type Change<T> = { readonly to: T | undefined }

/** A partial update; what is absent stays. Tax and stock of a template are never changed this way. */
export type ProductChanges = {
  readonly name?: string | undefined
  readonly taxTypeId?: bigint | undefined
  readonly description?: string | undefined
  readonly quantity?: Decimal | undefined
  readonly reorderLevel?: Decimal | undefined
  readonly safetyStock?: Decimal | undefined
  readonly price?: PriceDraft | undefined
  readonly purchasePrice?: Decimal | undefined
  readonly customPrice?: boolean | undefined
  readonly productCode?: Change<string> | undefined
  readonly ean?: Change<string> | undefined
  readonly categoryIds?: readonly bigint[] | undefined
  readonly imageIds?: readonly bigint[] | undefined
  readonly validUntil?: Change<Instant> | undefined
  readonly validUnit?: ValiditySpanUnit | undefined
  readonly validValue?: Change<number> | undefined
}

/** Ids that a body names, to be looked up; undefined where the body has no readable id. */
export type References = {
  readonly taxTypeId?: bigint | undefined
  readonly categoryIds?: readonly (bigint | undefined)[] | undefined
  readonly imageIds?: readonly (bigint | undefined)[] | undefined
}

export type PrecodedDraft = {
  readonly redeemCode: string
  readonly cardCode: string
  readonly productId: bigint
}
export type PrecodedChanges = {
  readonly [field in keyof PrecodedDraft]?: PrecodedDraft[field] | undefined
}

export type LineDraft = {
  readonly productId: bigint
  /** Unit gross as it was sent; absent, the product's own. */
  readonly gross?: Decimal | undefined
  readonly quantity: Decimal
  readonly name?: string | undefined
  /** A particular pre-coded card, by id or by card code. */
  readonly precodedId?: bigint | undefined
  readonly cardCode?: string | undefined
}

export type BasketDraft = {
  readonly lines: readonly LineDraft[]
  /** Cards to attach, each as it was submitted. */
  readonly codes: readonly string[]
  readonly noteInternal: string | undefined
  readonly noteExternal: string | undefined
  readonly customer: bigint | undefined
  readonly description: string | undefined
  readonly externalId: string | undefined
}

export type PaymentDraft = {
  readonly amount: bigint
  readonly method: number
  readonly rounded: bigint
}

export type RefundDraft = {
  readonly method: number | undefined
  /** Absent: the whole order. */
  readonly lineIds?: readonly bigint[] | undefined
}
