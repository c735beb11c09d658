import type { Event, OpaqueJson } from '../commerce/catalogue.ts'
import type { PositionReferences, ReferenceFaults } from '../commerce/ticket-order-facts.ts'
import type { PositionFaults } from '../commerce/ticket-order-rules.ts'
import type { OrderFee, TicketOrder } from '../commerce/ticket-orders.ts'
import type { Remembered } from '../ledger/group-commit.ts'
import type { Instant } from '../money/instant.ts'
import type { Merchant } from './merchants.ts'
import type { CardRefusal } from './ticket-cards.ts'

/** An order as a caller wants it; what it names is not looked up yet. */
export type OrderDraft = {
  /** Generated if left out. */
  readonly code: string | undefined
  readonly status: 'n' | 'p'
  readonly testmode: boolean
  readonly email: string | undefined
  readonly locale: string
  readonly salesChannel: string
  readonly comment: string
  readonly expires: Instant | undefined
  readonly provider: string | undefined
  readonly paymentInfo: OpaqueJson
  /** The gift card that `paymentInfo` names. */
  readonly paymentCardId: bigint | undefined
  readonly paymentDate: Instant | undefined
  /** Codes of gift cards that pay in turn until nothing is left to pay. */
  readonly useGiftCards: readonly string[]
  /** Lifts the quota rule, nothing else. */
  readonly force: boolean
  readonly fees: readonly Omit<OrderFee, 'id'>[]
  readonly positions: readonly PositionDraft[]
}

export type PositionDraft = PositionReferences & {
  readonly itemId: bigint
  readonly positionid: number
  readonly price: bigint | undefined
  readonly seatGuid: string | undefined
  readonly attendeeNameParts: OpaqueJson
  readonly attendeeEmail: string | undefined
  /** The positionid of the position it is added to. */
  readonly addonTo: number | undefined
}

export type OrderCommand = {
  readonly merchant: Merchant
  /** The merchant itself and everyone whose cards it accepts. */
  readonly issuers: readonly Merchant[]
  readonly event: Event
  readonly credentialId: bigint | undefined
  readonly draft: OrderDraft
  /** Only says what would happen. */
  readonly simulate: boolean
  /** What to store in the commit of the order, so that its answer can be replayed. */
  readonly remember?: (order: TicketOrder) => Remembered | undefined
}

/** Why there is no order; nothing of it was written. */
export type OrderRefusal =
  | {
      readonly kind: 'references'
      readonly codeTaken: boolean
      readonly positions: readonly ReferenceFaults[]
    }
  | { readonly kind: 'positions'; readonly positions: readonly PositionFaults[] }
  | { readonly kind: 'payment'; readonly code: 'free_not_free' | 'paid_without_provider' }
  | { readonly kind: 'card'; readonly code: CardRefusal }

export type OrderOutcome = { readonly order: TicketOrder } | { readonly refused: OrderRefusal }

/** Ends a unit of work that has begun to write: a gift card turned out not to be able to pay. */
export class OrderRefused extends Error {
  override readonly name = 'OrderRefused'
  readonly refusal: OrderRefusal

  constructor(refusal: OrderRefusal) {
    super(refusal.kind)
    this.refusal = refusal
  }
}

/** Whether making the order moves money: then it is a unit of work of its own. */
export const usesCards = ({ status, provider, paymentCardId, useGiftCards }: OrderDraft): boolean =>
  useGiftCards.length > 0 ||
  (status === 'p' && provider === 'giftcard' && paymentCardId !== undefined)
