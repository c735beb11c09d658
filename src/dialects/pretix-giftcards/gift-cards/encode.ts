import type { Ticket } from '../../../commerce/tickets.ts'
import type { Card } from '../../../ledger/card.ts'
import { formatUtc } from '../../../wire/dates.ts'
import { formatValue } from '../wire.ts'
import { encodeTicket } from './ticket.ts'

/** How to show an owner ticket: as its id, or expanded as far as the caller may see it (6.4). */
export type Expansion = ReadonlyMap<bigint, { readonly ticket: Ticket; readonly full: boolean }>

/** The card object: always these ten keys (5.1). */
export const encodeGiftCard = (card: Card, issuer: string, expansion?: Expansion) => ({
  id: Number(card.id),
  secret: card.code ?? null,
  issuance: formatUtc(card.createdAt),
  value: formatValue(card.balance),
  currency: card.currency,
  testmode: card.testmode,
  expires: card.expiresAt === undefined ? null : formatUtc(card.expiresAt),
  conditions: card.conditions ?? null,
  owner_ticket: encodeOwner(card.ownerPositionId, expansion),
  issuer,
})

function encodeOwner(id: bigint | undefined, expansion: Expansion | undefined) {
  if (id === undefined) return null
  const found = expansion?.get(id)
  if (expansion === undefined) return Number(id)
  return found?.full ? encodeTicket(found.ticket) : { id: Number(id) }
}
