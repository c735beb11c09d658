import { startImportRunner } from '../imports/runner.ts'
import type { Deps } from '../services/deps.ts'
import type { Services } from '../services/index.ts'
import { every, type Worker } from './every.ts'
import { startNotifications } from './notifications.ts'

/** What a server process does besides answering. Several processes share the work by row locks. */
export function startWorkers(deps: Deps, services: Services): Worker[] {
  const { log } = deps
  return [
    startNotifications(deps),
    every(10, 'holds', log, services.holds.sweep),
    every(15, 'ticket orders', log, services.ticketOrders.expire),
    startImportRunner(services.imports, log),
    every(300, 'idempotency', log, services.idempotency.sweep),
  ]
}
