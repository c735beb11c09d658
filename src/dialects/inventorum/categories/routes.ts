import { type Answer, empty, json } from '../../../http/answer.ts'
import type { Category } from '../../../services/inventorum-categories.ts'
import { InvalidInput } from '../decode.ts'
import { dataAnswer, sliceOldPage } from '../paging.ts'
import { faultsOf } from '../problems.ts'
import type { AddResource, Call } from '../shell.ts'
import { id, idOrNull } from '../wire.ts'
import { decodeCategory } from './decode.ts'

/** Categories of goods (specs/inventorum.md 11.4). */
export function addCategories(add: AddResource): void {
  add('/api/categories/', { family: 'v1', methods: { GET: list, POST: create } })
  add('/api/categories/:id/', {
    family: 'v1',
    methods: { GET: retrieve, PUT: update, DELETE: remove },
  })
}

const encodeCategory = (category: Category) => ({
  parent: idOrNull(category.parentId),
  is_leaf: category.isLeaf,
  hint: category.hint,
  tree_id: id(category.treeId),
  id: id(category.id),
  channel: null,
  translations: [],
  image: null,
  name: category.name,
  products_count: category.productIds.length,
  products: category.productIds.map(id),
})

async function list(call: Call): Promise<Answer> {
  const page = sliceOldPage(call)
  const { total, categories } = await call.services.inventorum.categories.list(call.caller, page)
  return dataAnswer(total, categories.map(encodeCategory))
}

async function create(call: Call): Promise<Answer> {
  const { name, parentId } = await read(call, 'POST')
  const { categories } = call.services.inventorum
  return json(201, encodeCategory(await categories.create(call.caller, name ?? '', parentId?.to)))
}

async function retrieve(call: Call): Promise<Answer> {
  const { categories } = call.services.inventorum
  return json(200, encodeCategory(await categories.get(call.caller, call.id('id'))))
}

async function update(call: Call): Promise<Answer> {
  const { categories } = call.services.inventorum
  await categories.get(call.caller, call.id('id'))
  const changes = await read(call, 'PUT')
  return json(200, encodeCategory(await categories.update(call.caller, call.id('id'), changes)))
}

async function remove(call: Call): Promise<Answer> {
  await call.services.inventorum.categories.remove(call.caller, call.id('id'))
  return empty(204)
}

async function read(call: Call, method: 'POST' | 'PUT') {
  const { fields, name, parentId } = decodeCategory(call.body(), method)
  if (fields.ok) return { name, parentId }
  const { categories } = call.services.inventorum
  const unknown = await categories.findUnknownParent(call.caller, parentId?.to)
  throw new InvalidInput(faultsOf(unknown, fields.faults))
}
