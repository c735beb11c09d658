import type { Item, ItemFields, VariationFields } from '../../../commerce/catalogue.ts'
import type { ItemFilter } from '../../../commerce/catalogue-items.ts'
import type { Answer } from '../../../http/answer.ts'
import { fail, invalid } from '../../pretix/errors.ts'
import type { AddResource } from '../../pretix/resource.ts'
import { noMatch } from '../catalogue-errors.ts'
import {
  accept,
  addEventResource,
  answerList,
  answerWrite,
  created,
  deleted,
  EVENT_PATH,
  type EventCall,
  ok,
  pathId,
  writesNeed,
} from '../catalogue-scope.ts'
import { Filters, readOrdering } from '../query.ts'
import { VARIATION_DEFAULTS } from '../variations/decode.ts'
import { categoryIn, decodeItem, ITEM_DEFAULTS } from './decode.ts'
import { encodeItem } from './encode.ts'

const MODEL = 'Item'

/** Products; their variations can be given when they are created, later only one by one. */
export function addItems(add: AddResource): void {
  const needs = writesNeed('event.items:write')
  addEventResource(add, `${EVENT_PATH}items/`, { needs, methods: { GET: list, POST: create } })
  addEventResource(add, `${EVENT_PATH}items/:id/`, {
    needs,
    methods: {
      GET: retrieve,
      PUT: (call) => change(call, false),
      PATCH: (call) => change(call, true),
      DELETE: remove,
    },
  })
}

async function filterOf(call: EventCall): Promise<ItemFilter> {
  const filters = new Filters(call.query)
  const [active, admission] = [filters.flag('active'), filters.flag('admission')]
  const freePrice = filters.flag('free_price')
  const categoryId = filters.id('category')
  if (categoryId !== undefined) {
    const { categories } = await call.context.services.catalogue.known(call.organizer.id, {
      categories: [categoryId],
    })
    if (!categories.has(categoryId)) filters.addUnknown('category')
  }
  if (!filters.ok) fail(invalid(filters.faults))
  return {
    ...(active === undefined ? {} : { active }),
    ...(admission === undefined ? {} : { admission }),
    ...(freePrice === undefined ? {} : { freePrice }),
    ...(categoryId === undefined ? {} : { categoryId }),
  }
}

async function list(call: EventCall): Promise<Answer> {
  const { items } = call.context.services.catalogue
  const filter = await filterOf(call)
  const order = readOrdering(call.query, ['id', 'position'])
  return await answerList(
    call,
    await items.count(call.organizer.id, call.event.id, filter),
    (page) => items.list(call.organizer.id, call.event.id, filter, order, page),
    encodeItem,
  )
}

async function decode(call: EventCall, mode: { partial: boolean; creating: boolean }) {
  const body = call.body()
  const { categories } = await call.context.services.catalogue.known(call.organizer.id, {
    categories: categoryIn(body),
  })
  return accept(decodeItem(body, mode, (id) => categories.has(id)))
}

async function create(call: EventCall): Promise<Answer> {
  const { items } = call.context.services.catalogue
  const given = await decode(call, { partial: false, creating: true })
  // What has no default is required, in the item and in each of its variations.
  const fields = { ...ITEM_DEFAULTS, ...given.fields } as ItemFields
  const variations = given.variations.map(
    (variation) => ({ ...VARIATION_DEFAULTS, ...variation }) as VariationFields,
  )
  return await answerWrite<Item>(
    call,
    MODEL,
    (finish) => items.create(call.organizer.id, call.event.id, fields, variations, finish),
    (item) => created(encodeItem(item)),
  )
}

/** The item of the path, if it passes the filters of the query. */
async function visible(call: EventCall): Promise<Item> {
  const filter = await filterOf(call)
  const id = pathId(call, 'id', MODEL)
  const { items } = call.context.services.catalogue
  return (await items.find(call.organizer.id, call.event.id, id, filter)) ?? noMatch(MODEL)
}

const retrieve = async (call: EventCall): Promise<Answer> => ok(encodeItem(await visible(call)))

async function change(call: EventCall, partial: boolean): Promise<Answer> {
  const { items } = call.context.services.catalogue
  const { id } = await visible(call)
  const { fields } = await decode(call, { partial, creating: false })
  return await answerWrite<Item>(
    call,
    MODEL,
    (finish) => items.update(call.organizer.id, call.event.id, id, fields, finish),
    (item) => ok(encodeItem(item)),
  )
}

async function remove(call: EventCall): Promise<Answer> {
  const { items } = call.context.services.catalogue
  const { id } = await visible(call)
  return await answerWrite<void>(
    call,
    MODEL,
    (finish) => items.remove(call.organizer.id, call.event.id, id, finish),
    deleted,
  )
}
