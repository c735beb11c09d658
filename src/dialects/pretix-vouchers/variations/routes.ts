import type { Item, Variation, VariationFields } from '../../../commerce/catalogue.ts'
import type { VariationFilter } from '../../../commerce/catalogue-variations.ts'
import type { Answer } from '../../../http/answer.ts'
import type { PricedVariation } from '../../../services/catalogue-variations.ts'
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
import { decodeVariation, VARIATION_DEFAULTS } from './decode.ts'
import { encodeVariation } from './encode.ts'

const MODEL = 'ItemVariation'

/** Variations of one product; its first comes with the product, its last stays (0.1). */
export function addVariations(add: AddResource): void {
  const needs = writesNeed('event.items:write')
  const path = `${EVENT_PATH}items/:item/variations/`
  addEventResource(add, path, { needs, methods: { GET: list, POST: create } })
  addEventResource(add, `${path}:id/`, {
    needs,
    methods: {
      GET: retrieve,
      PUT: (call) => change(call, false),
      PATCH: (call) => change(call, true),
      DELETE: remove,
    },
  })
}

/** The product of the path. */
async function itemOf(call: EventCall): Promise<Item> {
  const { items } = call.context.services.catalogue
  const id = pathId(call, 'item', 'Item')
  return (await items.find(call.organizer.id, call.event.id, id)) ?? noMatch('Item')
}

function filterOf(call: EventCall): VariationFilter {
  const active = new Filters(call.query).flag('active')
  return active === undefined ? {} : { active }
}

async function list(call: EventCall): Promise<Answer> {
  const { variations } = call.context.services.catalogue
  const item = await itemOf(call)
  const filter = filterOf(call)
  const order = readOrdering(call.query, ['id', 'position'])
  return await answerList(
    call,
    await variations.count(call.organizer.id, item.id, filter),
    (page) => variations.list(call.organizer.id, item.id, filter, order, page),
    (variation) => encodeVariation(variation, item.defaultPrice),
  )
}

const encode = ({ variation, item }: PricedVariation) =>
  encodeVariation(variation, item.defaultPrice)

async function create(call: EventCall): Promise<Answer> {
  const { variations } = call.context.services.catalogue
  const item = await itemOf(call)
  const given = accept(decodeVariation(call.body(), { partial: false }))
  const fields = { ...VARIATION_DEFAULTS, ...given } as VariationFields // What has no default is required.
  return await answerWrite<PricedVariation>(
    call,
    'Item',
    (finish) => variations.create(call.organizer.id, call.event.id, item.id, fields, finish),
    (result) => created(encode(result)),
  )
}

/** The variation of the path, if it passes the filters of the query. */
async function visible(
  call: EventCall,
): Promise<{ readonly item: Item; readonly variation: Variation }> {
  const { variations } = call.context.services.catalogue
  const item = await itemOf(call)
  const id = pathId(call, 'id', MODEL)
  const variation = await variations.find(call.organizer.id, item.id, id, filterOf(call))
  return variation ? { item, variation } : noMatch(MODEL)
}

const retrieve = async (call: EventCall): Promise<Answer> => ok(encode(await visible(call)))

async function change(call: EventCall, partial: boolean): Promise<Answer> {
  const { variations } = call.context.services.catalogue
  const { item, variation } = await visible(call)
  const changes = accept(decodeVariation(call.body(), { partial }))
  return await answerWrite<PricedVariation>(
    call,
    MODEL,
    (finish) =>
      variations.update(call.organizer.id, call.event.id, item.id, variation.id, changes, finish),
    (result) => ok(encode(result)),
  )
}

async function remove(call: EventCall): Promise<Answer> {
  const { variations } = call.context.services.catalogue
  const { item, variation } = await visible(call)
  return await answerWrite<void>(
    call,
    MODEL,
    (finish) => variations.remove(call.organizer.id, call.event.id, item.id, variation.id, finish),
    deleted,
  )
}
