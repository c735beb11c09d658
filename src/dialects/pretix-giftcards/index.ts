import type { AddResource } from '../pretix/resource.ts'
import { addGiftCards } from './gift-cards/routes.ts'
import { addTransactions } from './transactions/routes.ts'

/** The pretix gift card resource; its page is README.md. */
export function addPretixGiftCards(add: AddResource): void {
  const base = '/api/v1/organizers/:organizer/'
  addGiftCards(add, base)
  addTransactions(add, base)
}
