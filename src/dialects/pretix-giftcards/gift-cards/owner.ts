import type { Ticket } from '../../../commerce/tickets.ts'
import type { Card } from '../../../ledger/card.ts'
import { can, canSeeEvent } from '../../pretix/auth.ts'
import type { Call } from '../../pretix/resource.ts'
import type { Expansion } from './encode.ts'

/** One of the values of a repeatable parameter, exactly so spelled (6.4). */
export const asksForOwners = (call: Call): boolean =>
  call.queryAll('expand').includes('owner_ticket')

/** Owner tickets of these cards, if the caller asked to expand them. */
export async function expand(call: Call, cards: readonly Card[]): Promise<Expansion | undefined> {
  const merged = new Map<bigint, { ticket: Ticket; full: boolean }>()
  for (const merchantId of new Set(cards.map((card) => card.merchantId))) {
    const own = cards.filter((card) => card.merchantId === merchantId)
    const found = await expandOwners(
      call,
      merchantId,
      own.map((card) => card.ownerPositionId),
    )
    if (found === undefined) return undefined
    for (const [id, value] of found) merged.set(id, value)
  }
  return merged
}

/**
 * The same for tickets of one merchant. It is always read before a unit of work begins: within one it
 * would wait for a second connection, and enough of those waits would never end.
 */
export async function expandOwners(
  call: Call,
  merchantId: bigint,
  ids: readonly (bigint | null | undefined)[],
): Promise<Map<bigint, { ticket: Ticket; full: boolean }> | undefined> {
  if (!asksForOwners(call)) return undefined
  const known = ids.filter((id) => id !== null && id !== undefined)
  const tickets =
    known.length > 0 ? await call.context.services.tickets.list(merchantId, known) : []
  return new Map(
    tickets.map((ticket) => [
      ticket.id,
      {
        ticket,
        // Tickets of another organizer are never shown in full.
        full:
          merchantId === call.organizer.id &&
          can(call.principal, 'event.orders:read') &&
          canSeeEvent(call.principal, ticket.eventSlug),
      },
    ]),
  )
}

/** The same before a booking that asks for it, for the card it will change. */
export async function expandOf(call: Call, card: Pick<Card, 'merchantId' | 'id'>) {
  const found = await call.context.services.cards.find([card.merchantId], card.id)
  return await expand(call, found ? [found] : [])
}
