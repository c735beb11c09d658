import type {
  Item,
  ItemFields,
  QuotaFields,
  SubeventFields,
  VariationFields,
} from '../commerce/catalogue.ts'
import { findItem, insertItem, lockItem, updateItem } from '../commerce/catalogue-items.ts'
import { findQuota, insertQuota, lockQuotaRow, updateQuota } from '../commerce/catalogue-quotas.ts'
import { quotaContext } from '../commerce/catalogue-references.ts'
import { type Refs, readRefs } from '../commerce/catalogue-refs.ts'
import { quotaFault, subeventFault } from '../commerce/catalogue-rules.ts'
import {
  findSubevent,
  insertSubevent,
  lockSubevent,
  updateSubevent,
} from '../commerce/catalogue-subevents.ts'
import { insertVariation, updateVariation } from '../commerce/catalogue-variations.ts'
import { WorldError } from './error.ts'
import {
  below,
  count,
  given,
  refuseFault,
  resolve,
  says,
  toInstant,
  toPrice,
  toTranslations,
} from './event-values.ts'
import type { EventContext } from './events.ts'
import type { WorldEvent } from './schema.ts'

type WorldItem = NonNullable<WorldEvent['items']>[number]
type WorldVariation = NonNullable<WorldItem['variations']>[number]
type WorldSubevent = NonNullable<WorldEvent['subevents']>[number]
type WorldQuota = NonNullable<WorldEvent['quotas']>[number]

const ITEM_DEFAULTS: Omit<ItemFields, 'name'> = {
  internalName: undefined,
  defaultPrice: 0n,
  categoryId: undefined,
  active: true,
  description: undefined,
  freePrice: false,
  admission: false,
  position: 0,
  availableFrom: undefined,
  availableUntil: undefined,
  requireVoucher: false,
  hideWithoutVoucher: false,
  requireBundling: false,
  allowCancel: true,
  minPerOrder: undefined,
  maxPerOrder: undefined,
  addons: '[]',
  bundles: '[]',
  issueGiftcard: false,
}

/** Items with their variations. */
export async function applyItems(context: EventContext): Promise<void> {
  const { tx, merchant, event, world } = context
  const refs = await readRefs(tx, merchant.id, event.id)
  const items = new Map(refs.items)
  const variations = new Map(refs.variations)
  for (const [index, one] of (world.items ?? []).entries())
    await below(`items[${index}]`, async () => {
      const item = await applyItem(context, one, items.get(one.ref))
      items.set(one.ref, item.id)
      await applyVariations(context, item, one, variations)
    })
}

async function applyItem(
  { tx, merchant, event, applied }: EventContext,
  world: WorldItem,
  id: bigint | undefined,
): Promise<Item> {
  const said = given<ItemFields>({
    name: world.name === undefined ? undefined : toTranslations(world.name),
    defaultPrice: toPrice('default_price', world.default_price),
    active: world.active,
    admission: world.admission,
    issueGiftcard: world.issue_giftcard,
    requireBundling: world.require_bundling,
  })
  const stored = id === undefined ? undefined : await findItem(tx, merchant.id, event.id, id)
  if (stored) {
    count(applied, false)
    if (says(stored, said)) return stored
    const locked = (await lockItem(tx, merchant.id, event.id, stored.id)) ?? stored
    const next = { ...locked, ...said }
    await updateItem(tx, merchant.id, locked.id, next)
    return next
  }
  const fields: ItemFields = { ...ITEM_DEFAULTS, name: { en: world.ref }, ...said }
  const made = await insertItem(tx, merchant.id, { eventId: event.id, ref: world.ref }, fields)
  count(applied, true)
  const item = await findItem(tx, merchant.id, event.id, made)
  if (!item) throw new Error('an item that was just added is gone')
  return item
}

/** What the event calls its variations, and whose each is; filled while they are applied. */
type VariationRefs = Map<string, { readonly id: bigint; readonly itemId: bigint }>

async function applyVariations(
  { tx, merchant, event, applied }: EventContext,
  item: Item,
  { variations = [] }: WorldItem,
  refs: VariationRefs,
): Promise<void> {
  const known = new Map(item.variations.map((variation) => [variation.id, variation]))
  for (const [index, one] of variations.entries())
    await below(`variations[${index}]`, async () => {
      const ref = refs.get(one.ref)
      if (ref && ref.itemId !== item.id)
        throw new WorldError('ref', 'is used by a variation of another item')
      const stored = ref && known.get(ref.id)
      const said = variationSaid(one)
      const next: VariationFields = {
        ...(stored ?? { ...VARIATION_DEFAULTS, value: { en: one.ref } }),
        ...said,
      }
      const at = { eventId: event.id, itemId: item.id, ref: one.ref }
      const id = stored?.id ?? (await insertVariation(tx, merchant.id, at, next))
      if (stored && !says(stored, said)) await updateVariation(tx, merchant.id, id, next)
      known.set(id, { ...next, id, itemId: item.id })
      refs.set(one.ref, { id, itemId: item.id })
      count(applied, stored === undefined)
    })
}

const VARIATION_DEFAULTS: Omit<VariationFields, 'value'> = {
  defaultPrice: undefined,
  active: true,
  description: undefined,
  position: 0,
  hideWithoutVoucher: false,
}

const variationSaid = (world: WorldVariation) =>
  given<VariationFields>({
    value: world.value === undefined ? undefined : toTranslations(world.value),
    defaultPrice: toPrice('default_price', world.default_price),
    active: world.active,
  })

/** Dates of a series. */
export async function applySubevents(context: EventContext): Promise<void> {
  const { tx, merchant, event, world } = context
  const known = new Map((await readRefs(tx, merchant.id, event.id)).subevents)
  for (const [index, one] of (world.subevents ?? []).entries())
    await below(`subevents[${index}]`, async () => {
      known.set(one.ref, await applySubevent(context, one, known.get(one.ref)))
    })
}

async function applySubevent(
  { tx, merchant, event, applied, now }: EventContext,
  world: WorldSubevent,
  id: bigint | undefined,
): Promise<bigint> {
  const said = given<SubeventFields>({
    name: world.name === undefined ? undefined : toTranslations(world.name),
    dateFrom: toInstant('date_from', world.date_from),
    active: world.active,
  })
  const stored = id === undefined ? undefined : await findSubevent(tx, merchant.id, event.id, id)
  const fields: SubeventFields = {
    ...(stored ?? { ...SUBEVENT_DEFAULTS, dateFrom: now, name: { en: world.ref } }),
    ...said,
  }
  refuseFault(subeventFault(fields, event, { items: [], variations: [] }))
  count(applied, stored === undefined)
  if (!stored)
    return await insertSubevent(tx, merchant.id, { eventId: event.id, ref: world.ref }, fields)
  if (says(stored, said)) return stored.id
  const locked = (await lockSubevent(tx, merchant.id, event.id, stored.id)) ?? stored
  await updateSubevent(tx, merchant.id, stored.id, { ...locked, ...said })
  return stored.id
}

const SUBEVENT_DEFAULTS: Omit<SubeventFields, 'name' | 'dateFrom'> = {
  dateTo: undefined,
  dateAdmission: undefined,
  presaleStart: undefined,
  presaleEnd: undefined,
  active: false,
  isPublic: true,
  location: undefined,
  itemOverrides: [],
  variationOverrides: [],
  seatingPlan: undefined,
  seatCategoryMapping: '{}',
  metaData: '{}',
}

/** Quotas; they may name any item, variation and date of the event, in this file or an earlier one. */
export async function applyQuotas(context: EventContext, refs: Refs): Promise<void> {
  const known = new Map(refs.quotas)
  for (const [index, one] of (context.world.quotas ?? []).entries())
    await below(`quotas[${index}]`, async () => {
      known.set(one.ref, await applyQuota(context, one, known.get(one.ref), refs))
    })
}

async function applyQuota(
  { tx, merchant, event, applied }: EventContext,
  world: WorldQuota,
  id: bigint | undefined,
  refs: Refs,
): Promise<bigint> {
  const said = given<QuotaFields>({
    name: world.name,
    size: world.size,
    itemIds: inOrder(
      world.items?.map((ref, at) => resolve(refs.items, ref, `items[${at}]`, 'item')),
    ),
    variationIds: inOrder(
      world.variations?.map(
        (ref, at) => resolve(refs.variations, ref, `variations[${at}]`, 'variation').id,
      ),
    ),
    subeventId:
      typeof world.subevent === 'string'
        ? resolve(refs.subevents, world.subevent, 'subevent', 'date')
        : world.subevent,
  })
  const stored = id === undefined ? undefined : await findQuota(tx, merchant.id, event.id, id)
  count(applied, stored === undefined)
  if (stored && says(stored, said)) return stored.id
  const fields: QuotaFields = { ...(stored ?? { ...QUOTA_DEFAULTS, name: world.ref }), ...said }
  refuseFault(quotaFault(fields, await quotaContext(tx, merchant.id, event, fields)))
  if (!stored)
    return await insertQuota(tx, merchant.id, { eventId: event.id, ref: world.ref }, fields)
  await lockQuotaRow(tx, merchant.id, event.id, stored.id)
  const locked = (await findQuota(tx, merchant.id, event.id, stored.id)) ?? stored
  await updateQuota(tx, merchant.id, stored.id, { ...locked, ...said })
  return stored.id
}

/** Each id once, as a stored quota lists them. */
const inOrder = (ids: readonly bigint[] | undefined): readonly bigint[] | undefined =>
  ids && [...new Set(ids)].toSorted((a, b) => (a < b ? -1 : 1))

const QUOTA_DEFAULTS: Omit<QuotaFields, 'name'> = {
  size: undefined,
  itemIds: [],
  variationIds: [],
  subeventId: undefined,
  closeWhenSoldOut: false,
  closed: false,
  releaseAfterExit: false,
}
