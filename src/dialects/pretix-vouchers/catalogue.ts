import type { AddResource } from '../pretix/resource.ts'
import { addCategories } from './categories/routes.ts'
import { addEvents } from './events/routes.ts'
import { addItems } from './items/routes.ts'
import { addOrganizers } from './organizers/routes.ts'
import { addQuotas } from './quotas/routes.ts'
import { addSeats } from './seats/routes.ts'
import { addSubevents } from './subevents/routes.ts'
import { addVariations } from './variations/routes.ts'

/** What gives vouchers and gift cards their meaning: the supporting catalogue (specs/pretix-vouchers.md 10.1). */
export function addCatalogue(add: AddResource): void {
  addOrganizers(add)
  addEvents(add)
  addCategories(add)
  addItems(add)
  addVariations(add)
  addQuotas(add)
  addSubevents(add)
  addSeats(add)
}
