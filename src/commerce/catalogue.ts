import type { Instant } from '../money/instant.ts'

/** What a merchant sells tickets for, as far as vouchers and gift cards need it (specs/pretix-vouchers.md 10.1). */

/** One text in several languages, by language tag. */
export type Translations = Readonly<Record<string, string>>

/** JSON that is kept for its owner and never looked into: its source text. */
export type OpaqueJson = string

/** When something happens and when its tickets are on sale. */
export type Schedule = {
  readonly dateFrom: Instant
  readonly dateTo: Instant | undefined
  readonly dateAdmission: Instant | undefined
  readonly presaleStart: Instant | undefined
  readonly presaleEnd: Instant | undefined
}

/** What can be said of an event; `hasSubevents` makes it a series of dates and never changes. */
export type EventFields = Schedule & {
  readonly name: Translations
  readonly slug: string
  readonly currency: string
  readonly live: boolean
  readonly testmode: boolean
  readonly isPublic: boolean
  readonly hasSubevents: boolean
  readonly location: Translations | undefined
  readonly metaData: OpaqueJson
  readonly seatingPlan: bigint | undefined
  readonly seatCategoryMapping: OpaqueJson
  readonly timezone: string
  readonly plugins: OpaqueJson
}
export type Event = EventFields & { readonly id: bigint }

export type CategoryFields = {
  readonly name: Translations
  readonly internalName: string | undefined
  readonly description: Translations | undefined
  readonly position: number
  readonly isAddon: boolean
}
export type Category = CategoryFields & { readonly id: bigint; readonly eventId: bigint }

export type ItemFields = {
  readonly name: Translations
  readonly internalName: string | undefined
  readonly defaultPrice: bigint
  readonly categoryId: bigint | undefined
  readonly active: boolean
  readonly description: Translations | undefined
  readonly freePrice: boolean
  readonly admission: boolean
  readonly position: number
  readonly availableFrom: Instant | undefined
  readonly availableUntil: Instant | undefined
  readonly requireVoucher: boolean
  readonly hideWithoutVoucher: boolean
  readonly requireBundling: boolean
  readonly allowCancel: boolean
  readonly minPerOrder: number | undefined
  readonly maxPerOrder: number | undefined
  readonly addons: OpaqueJson
  readonly bundles: OpaqueJson
  readonly issueGiftcard: boolean
}
export type Item = ItemFields & {
  readonly id: bigint
  readonly eventId: bigint
  readonly variations: readonly Variation[]
}

export type VariationFields = {
  readonly value: Translations
  readonly defaultPrice: bigint | undefined
  readonly active: boolean
  readonly description: Translations | undefined
  readonly position: number
  readonly hideWithoutVoucher: boolean
}
export type Variation = VariationFields & { readonly id: bigint; readonly itemId: bigint }

export type QuotaFields = {
  readonly name: string
  /** Undefined is without limit. */
  readonly size: number | undefined
  readonly itemIds: readonly bigint[]
  readonly variationIds: readonly bigint[]
  readonly subeventId: bigint | undefined
  readonly closeWhenSoldOut: boolean
  readonly closed: boolean
  readonly releaseAfterExit: boolean
}
export type Quota = QuotaFields & { readonly id: bigint; readonly eventId: bigint }

/** What one date changes about a product or a variation; a price that is undefined changes nothing. */
export type Override = {
  readonly id: bigint
  readonly price: bigint | undefined
  readonly disabled: boolean
  readonly availableFrom: Instant | undefined
  readonly availableUntil: Instant | undefined
}

export type SubeventFields = Schedule & {
  readonly name: Translations
  readonly active: boolean
  readonly isPublic: boolean
  readonly location: Translations | undefined
  readonly itemOverrides: readonly Override[]
  readonly variationOverrides: readonly Override[]
  readonly seatingPlan: bigint | undefined
  readonly seatCategoryMapping: OpaqueJson
  readonly metaData: OpaqueJson
}
export type Subevent = SubeventFields & { readonly id: bigint; readonly eventId: bigint }

/** A seat with whoever has it now: a live order position, or a voucher that can still be used. */
export type Seat = {
  readonly id: bigint
  readonly eventId: bigint
  readonly subeventId: bigint | undefined
  readonly zoneName: string
  readonly rowName: string
  readonly rowLabel: string | undefined
  readonly seatNumber: string
  readonly seatLabel: string | undefined
  readonly guid: string
  readonly itemId: bigint | undefined
  readonly blocked: boolean
  readonly orderPositionId: bigint | undefined
  readonly voucherId: bigint | undefined
}
