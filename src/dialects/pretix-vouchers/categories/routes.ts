import type { Category, CategoryFields } from '../../../commerce/catalogue.ts'
import type { Answer } from '../../../http/answer.ts'
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
import { readOrdering } from '../query.ts'
import { CATEGORY_DEFAULTS, decodeCategory } from './decode.ts'
import { encodeCategory } from './encode.ts'

const MODEL = 'ItemCategory'

/** Categories of products. */
export function addCategories(add: AddResource): void {
  const needs = writesNeed('event.items:write')
  addEventResource(add, `${EVENT_PATH}categories/`, { needs, methods: { GET: list, POST: create } })
  addEventResource(add, `${EVENT_PATH}categories/:id/`, {
    needs,
    methods: {
      GET: retrieve,
      PUT: (call) => change(call, false),
      PATCH: (call) => change(call, true),
      DELETE: remove,
    },
  })
}

async function list(call: EventCall): Promise<Answer> {
  const { categories } = call.context.services.catalogue
  const order = readOrdering(call.query, ['id', 'position'])
  return await answerList(
    call,
    await categories.count(call.organizer.id, call.event.id),
    (page) => categories.list(call.organizer.id, call.event.id, order, page),
    encodeCategory,
  )
}

async function create(call: EventCall): Promise<Answer> {
  const { categories } = call.context.services.catalogue
  const given = accept(decodeCategory(call.body(), { partial: false }))
  const fields = { ...CATEGORY_DEFAULTS, ...given } as CategoryFields // What has no default is required.
  return await answerWrite<Category>(
    call,
    MODEL,
    (finish) => categories.create(call.organizer.id, call.event.id, fields, finish),
    (category) => created(encodeCategory(category)),
  )
}

async function visible(call: EventCall): Promise<Category> {
  const { categories } = call.context.services.catalogue
  const id = pathId(call, 'id', MODEL)
  return (await categories.find(call.organizer.id, call.event.id, id)) ?? noMatch(MODEL)
}

const retrieve = async (call: EventCall): Promise<Answer> => ok(encodeCategory(await visible(call)))

async function change(call: EventCall, partial: boolean): Promise<Answer> {
  const { categories } = call.context.services.catalogue
  const { id } = await visible(call)
  const changes = accept(decodeCategory(call.body(), { partial }))
  return await answerWrite<Category>(
    call,
    MODEL,
    (finish) => categories.update(call.organizer.id, call.event.id, id, changes, finish),
    (category) => ok(encodeCategory(category)),
  )
}

async function remove(call: EventCall): Promise<Answer> {
  const { categories } = call.context.services.catalogue
  const { id } = await visible(call)
  return await answerWrite<void>(
    call,
    MODEL,
    (finish) => categories.remove(call.organizer.id, call.event.id, id, finish),
    deleted,
  )
}
