import { knownReferences, type References } from '../commerce/catalogue-references.ts'
import type { CatalogueFault, CatalogueObstacle } from '../commerce/catalogue-rules.ts'
import { createCategories } from './catalogue-categories.ts'
import { createEvents } from './catalogue-events.ts'
import { createItems } from './catalogue-items.ts'
import { createQuotas } from './catalogue-quotas.ts'
import { createSeats } from './catalogue-seats.ts'
import { createSubevents } from './catalogue-subevents.ts'
import { createVariations } from './catalogue-variations.ts'
import type { Deps } from './deps.ts'

/** What became of a change: nothing is written unless it is done. */
export type Outcome<T> =
  | { readonly done: T }
  | { readonly fault: CatalogueFault }
  | { readonly obstacle: CatalogueObstacle }

/** Events and what they sell, as pretix clients read and change them (specs/pretix-vouchers.md 10.1). */
export function createCatalogue(deps: Pick<Deps, 'db' | 'now'>) {
  return {
    events: createEvents(deps),
    categories: createCategories(deps),
    items: createItems(deps),
    variations: createVariations(deps),
    quotas: createQuotas(deps),
    subevents: createSubevents(deps),
    seats: createSeats(deps),
    /** Which of these ids exist anywhere in the organizer. */
    known: (merchantId: bigint, references: References) =>
      knownReferences(deps.db, merchantId, references),
  }
}

export type Catalogue = ReturnType<typeof createCatalogue>
