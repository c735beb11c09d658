import { book } from './book.ts'
import { createCards } from './cards.ts'
import { createCatalogue } from './catalogue.ts'
import type { Deps } from './deps.ts'
import { createFoodics } from './foodics.ts'
import { createHolds } from './holds.ts'
import { createIdempotency } from './idempotency.ts'
import { createImports } from './imports.ts'
import { createInventorum } from './inventorum.ts'
import { createLightspeed } from './lightspeed.ts'
import { createMerchants } from './merchants.ts'
import { createTicketOrders } from './ticket-orders.ts'
import { createTicketPayments } from './ticket-payments.ts'
import { createTickets } from './tickets.ts'
import { transfer } from './transfer.ts'
import { createVouchers } from './vouchers.ts'

/** Every verb, wired once. */
export function createServices(deps: Deps) {
  const merchants = createMerchants(deps)
  return {
    book: book(deps),
    cards: createCards(deps),
    catalogue: createCatalogue(deps),
    foodics: createFoodics(deps),
    holds: createHolds(deps),
    idempotency: createIdempotency(deps),
    imports: createImports(deps),
    inventorum: createInventorum(deps),
    lightspeed: createLightspeed(deps, merchants),
    merchants,
    ticketOrders: createTicketOrders(deps),
    ticketPayments: createTicketPayments(deps),
    tickets: createTickets(deps),
    transfer: transfer(deps),
    vouchers: createVouchers(deps),
  }
}

export type Services = ReturnType<typeof createServices>
