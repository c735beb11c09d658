import type { Category } from '../../../commerce/catalogue.ts'
import { encodeId } from '../catalogue-wire.ts'

/** A category, with exactly the keys of specs/pretix-vouchers.md 10.1. */
export const encodeCategory = (category: Category) => ({
  id: encodeId(category.id),
  name: category.name,
  internal_name: category.internalName ?? null,
  description: category.description ?? null,
  position: category.position,
  is_addon: category.isAddon,
})
