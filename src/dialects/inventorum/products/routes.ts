import { type Answer, empty, json } from '../../../http/answer.ts'
import type { Product, ProductFilter } from '../../../services/inventorum-product-views.ts'
import { Fields } from '../../../wire/fields.ts'
import { asObject, InvalidInput } from '../decode.ts'
import { dataAnswer, OLD_LIMITS, pageAnswer, sliceOldPage, slicePage } from '../paging.ts'
import { faultsOf } from '../problems.ts'
import type { AddResource, Call } from '../shell.ts'
import { fixed2, id, parseId, SHOP_TEXT } from '../wire.ts'
import { decodeAdjustment } from './adjust.ts'
import { type ProductRead, readProduct, toProductDraft } from './decode.ts'
import { encodeProduct } from './encode.ts'

/** From this version on the list has the envelope of the newer endpoints (specs/inventorum.md 1.4). */
const PAGED_SINCE = 13

/** Ordinary goods, and templates as goods; stock of both (specs/inventorum.md 11.2, 11.3). */
export function addProducts(add: AddResource): void {
  add('/api/products/', { family: 'v1', methods: { GET: list, POST: create } })
  add('/api/products/quantity/', { family: 'v1', methods: { GET: quantities } })
  add('/api/products/:product/', {
    family: 'v1',
    methods: { GET: retrieve, PUT: update, DELETE: remove },
  })
  add('/api/products/:product/adjust_inventory/', { family: 'v1', methods: { PUT: adjust } })
}

async function list(call: Call): Promise<Answer> {
  const { productViews } = call.services.inventorum
  const search = call.query.get('search')?.replaceAll('\0', '\ufffd')
  const filter: ProductFilter = { kind: 'any', search: search === '' ? undefined : search }
  const count = await productViews.count(call.caller, filter)
  const isPaged = call.version >= PAGED_SINCE
  const page = isPaged ? slicePage(call, count, OLD_LIMITS) : sliceOldPage(call)
  const products = await productViews.list(call.caller, filter, [], page)
  const rows = products.map((product) => encodeProduct(product, shown(call)))
  return isPaged ? pageAnswer(call, count, page, rows) : dataAnswer(count, rows)
}

async function create(call: Call): Promise<Answer> {
  const fields = new Fields(asObject(call.body()))
  const read = readProduct(fields)
  await assertFields(call, fields, read)
  const product = await call.services.inventorum.products.create(call.caller, toProductDraft(read))
  return json(201, encodeProduct(product, shown(call), { isNew: true }))
}

async function retrieve(call: Call): Promise<Answer> {
  return json(200, encodeProduct(await find(call), shown(call)))
}

async function update(call: Call): Promise<Answer> {
  await find(call)
  const fields = new Fields(asObject(call.body()), { partial: true })
  const read = readProduct(fields)
  await assertFields(call, fields, read)
  const { products } = call.services.inventorum
  const product = await products.update(call.caller, call.id('product'), 'any', read.values)
  return json(200, encodeProduct(product, shown(call)))
}

async function remove(call: Call): Promise<Answer> {
  await find(call)
  await call.services.inventorum.products.remove(call.caller, call.id('product'), 'any')
  return empty(204)
}

async function adjust(call: Call): Promise<Answer> {
  await find(call)
  const productId = call.id('product')
  const { quantity, day } = decodeAdjustment(call.body())
  const { products } = call.services.inventorum
  const now = await products.adjust({ caller: call.caller, id: productId, quantity, day })
  return json(200, { id: id(productId), quantity: fixed2(now) })
}

async function quantities(call: Call): Promise<Answer> {
  const ids = call.query.getAll('id').map((text) => parseId(text.trim()))
  if (ids.includes(undefined)) throw new InvalidInput({ id: [SHOP_TEXT.enterNumber] })
  const known = ids.filter((productId) => productId !== undefined)
  const rows = await call.services.inventorum.productViews.quantities(call.caller, known)
  return json(
    200,
    rows.map((row) => ({ quantity: fixed2(row.quantity), id: id(row.id) })),
  )
}

/** A path that cannot be an id is a product that does not exist. */
const find = (call: Call): Promise<Product> =>
  call.services.inventorum.productViews.get(
    call.caller,
    parseId(call.param('product')) ?? 0n,
    'any',
  )

const shown = ({ caller, base }: Call) => ({ accountId: caller.merchant.id, base })

async function assertFields(
  { services, caller }: Call,
  fields: Fields,
  { references }: ProductRead,
): Promise<void> {
  if (fields.ok) return
  const unknown = await services.inventorum.products.findUnknown(caller, references)
  throw new InvalidInput(faultsOf(unknown, fields.faults))
}
