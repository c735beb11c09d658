import { OnSiteError } from '../errors.ts'
import type { FilterFields } from '../filter.ts'
import { decodeList, listAnswer, orderOf } from '../list.ts'
import { type Call, type Resources, xml } from '../shell.ts'
import { decodeProduct } from './decode.ts'
import { encodeProduct, productUri } from './encode.ts'

const FILTER: FilterFields = {
  id: { kind: 'integer', field: 'id' },
  code: { kind: 'string', field: 'code' },
  description: { kind: 'string', field: 'description' },
  gift_card: { kind: 'boolean', field: 'gift_card' },
  current: { kind: 'boolean', field: 'current' },
  inventoried: { kind: 'boolean', field: 'inventoried' },
  serialized: { kind: 'boolean', field: 'serialized' },
  sell: { kind: 'decimal', field: 'sell' },
  product_id: { kind: 'string', field: 'product_id' },
  datetime_cre: { kind: 'datetime', field: 'datetime_cre' },
  datetime_mod: { kind: 'datetime', field: 'datetime_mod' },
}
const FIELDS = { filter: FILTER, order: orderOf(FILTER) }

/** `products`, as far as gift cards refer to them (specs/lightspeed-onsite.md 9.3). */
export const products: Resources = {
  products: { GET: list, POST: create },
  'products/:id': {
    GET: async (call) => xml(200, encodeProduct(call, await productOf(call, call.id()), true)),
  },
}

async function list(call: Call) {
  const wish = decodeList(call.query, FIELDS, call.clock.zone)
  const { store } = call.context.services.lightspeed
  const { members, total } = await store.listProducts(call.caller.merchant, wish)
  const encoded = members.map((product) => encodeProduct(call, product, false))
  return await listAnswer('products', encoded, { paged: wish.paged, total })
}

async function create(call: Call) {
  const draft = decodeProduct(await call.body())
  const { store } = call.context.services.lightspeed
  const id = await store.addProduct(call.caller.merchant, draft)
  if (id === undefined) throw new OnSiteError('products.duplicate_code', ['code', draft.code])
  const product = await productOf(call, id)
  return xml(201, encodeProduct(call, product, true), { location: productUri(call.base, id) })
}

async function productOf({ context, caller }: Call, id: bigint) {
  const product = await context.services.lightspeed.store.findProduct(caller.merchant, id)
  if (!product) throw new OnSiteError('server.not_found')
  return product
}
