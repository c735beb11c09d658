import { findOwnerTicket, listTickets, type TicketReference } from '../commerce/tickets.ts'
import type { Deps } from './deps.ts'

/** Single tickets of a merchant's events, for those who own a card. */
export const createTickets = ({ db }: Pick<Deps, 'db'>) => ({
  find: (merchantId: bigint, reference: TicketReference) =>
    // PostgreSQL cannot even compare with a NUL; no secret has one.
    'secret' in reference && reference.secret.includes('\0')
      ? Promise.resolve(undefined)
      : findOwnerTicket(db, merchantId, reference),
  list: (merchantId: bigint, ids: readonly bigint[]) => listTickets(db, merchantId, ids),
})
