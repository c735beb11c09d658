import { seatKey, seatName } from '../commerce/ticket-order-rules.ts'
import type { OrderPayment, OrderPosition, TicketOrder } from '../commerce/ticket-orders.ts'
import type { TicketSeat } from '../commerce/tickets.ts'
import type { Instant } from '../money/instant.ts'
import type { Deps } from './deps.ts'
import { randomText } from './random-text.ts'
import type { OrderCommand, PositionDraft } from './ticket-order-draft.ts'
import type { JudgedOrder } from './ticket-order-judge.ts'
import type { OpenShop } from './ticket-order-shop.ts'

/** What making orders needs besides the database. */
export type OrderTools = Pick<Deps, 'randomBytes'> & {
  /** When an order that is made now is given up, in an event of this time zone. */
  readonly expiryOf: (now: Instant, timezone: string) => Instant
}

const SECRETS = 'abcdefghjkmnpqrstuvwxyz23456789'
const PSEUDONYMS = 'ABCDEFGHJKLMNPQRSTUVWXYZ3789'

/** The order's code, and where its ids come from. */
export type Naming = {
  readonly code: string
  readonly order: () => bigint
  readonly position: () => bigint
  readonly fee: () => bigint
}

/** The order that was judged, whole, as it will be read again. */
export function buildOrder(
  { draft, event }: OrderCommand,
  { charges, total }: JudgedOrder,
  shop: OpenShop,
  naming: Naming,
  { randomBytes, expiryOf }: OrderTools,
  now: Instant,
): TicketOrder {
  const status = total === 0n ? 'p' : draft.status
  const ids = new Map<number, bigint>()
  const positions = draft.positions.map((position, index): OrderPosition => {
    const id = naming.position()
    ids.set(position.positionid, id)
    return {
      id,
      positionid: position.positionid,
      itemId: position.itemId,
      variationId: position.variationId,
      subeventId: position.subeventId,
      price: charges[index]?.price ?? 0n,
      voucherId: voucherIdOf(position, shop),
      voucherBudgetUse: charges[index]?.budgetUse,
      canceled: false,
      holds: status,
      attendeeNameParts: position.attendeeNameParts,
      attendeeEmail: position.attendeeEmail,
      // It was sent directly after the position it is added to.
      addonTo: position.addonTo === undefined ? undefined : ids.get(position.addonTo),
      secret: randomText(randomBytes, SECRETS, 32),
      pseudonymizationId: randomText(randomBytes, PSEUDONYMS, 10),
      seat: seatOf(position, shop),
    }
  })
  return {
    id: naming.order(),
    eventId: event.id,
    code: naming.code,
    status,
    testmode: draft.testmode,
    secret: randomText(randomBytes, SECRETS, 16),
    email: draft.email,
    locale: draft.locale,
    salesChannel: draft.salesChannel,
    datetime: now,
    expires: draft.expires ?? expiryOf(now, event.timezone),
    total,
    comment: draft.comment,
    lastModified: now,
    cancellationDate: undefined,
    positions,
    fees: draft.fees.map((fee) => ({ ...fee, id: naming.fee() })),
    payments: firstPayment(draft, total, now),
    refunds: [],
  }
}

const voucherIdOf = ({ voucherCode }: PositionDraft, { directory }: OpenShop) =>
  voucherCode === undefined ? undefined : directory.voucherIds.get(voucherCode)

function seatOf({ seatGuid, subeventId }: PositionDraft, { seats }: OpenShop) {
  const seat = seatGuid === undefined ? undefined : seats.get(seatKey(subeventId, seatGuid))
  if (!seat) return undefined
  const { id, guid, zoneName, rowName, rowLabel, seatNumber, seatLabel } = seat
  const shown: TicketSeat = {
    id,
    name: seatName(seat),
    guid,
    zoneName,
    rowName,
    rowLabel,
    seatNumber,
    seatLabel,
  }
  return shown
}

/** Nothing to pay is paid with `free`; a paid order's payment is confirmed, a pending one's created. */
function firstPayment(
  draft: OrderCommand['draft'],
  total: bigint,
  now: Instant,
): readonly OrderPayment[] {
  const blank = {
    localId: 1,
    amount: total,
    createdAt: now,
    info: draft.paymentInfo,
    cardMerchantId: undefined,
    cardId: undefined,
    entryId: undefined,
  }
  if (total === 0n)
    return [{ ...blank, state: 'confirmed', paymentDate: now, provider: 'free', info: '{}' }]
  const { provider, status, paymentDate } = draft
  if (provider === undefined) return []
  const cardId = provider === 'giftcard' ? draft.paymentCardId : undefined
  if (status === 'n') return [{ ...blank, cardId, state: 'created', paymentDate, provider }]
  return [{ ...blank, cardId, state: 'confirmed', paymentDate: paymentDate ?? now, provider }]
}
