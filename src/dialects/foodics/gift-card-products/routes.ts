import { type Answer, json } from '../../../http/answer.ts'
import type { Product, ProductFilter, ProductWrite } from '../../../services/foodics-products.ts'
import { encodeList, pageSlice } from '../envelope.ts'
import { notFound } from '../errors.ts'
import type { Exchange, Route } from '../exchange.ts'
import { defined, Filters } from '../filters.ts'
import { decodeId } from '../ids.ts'
import { type ListQuery, readIncludes, readListQuery } from '../query.ts'
import { decodeProduct, GRAMMAR, readSku } from './decode.ts'
import { encodeProduct } from './encode.ts'

function filterOf(query: ListQuery): ProductFilter {
  const filters = new Filters(query)
  return defined<ProductFilter>({
    ids: filters.ids('id', 'product'),
    names: filters.texts('name'),
    skus: filters.texts('sku'),
    barcodes: filters.texts('barcode'),
    categoryIds: filters.texts('category_id'),
    tagIds: filters.texts('tags.id'),
    active: filters.booleans('is_active'),
    deleted: filters.booleans('is_deleted'),
    createdIn: filters.days('created_on'),
    updatedIn: filters.days('updated_on'),
    deletedIn: filters.days('deleted_on'),
    updatedAfter: filters.after('updated_after'),
  })
}

async function list({ services, principal, pairs, url }: Exchange): Promise<Answer> {
  const query = readListQuery(pairs, GRAMMAR)
  const { total, rows } = await services.foodics.products.list(
    principal.merchant.id,
    filterOf(query),
    query.sort,
    (count) => pageSlice(query, count),
  )
  const data = rows.map((product) => encodeProduct(product, query.includes))
  return json(200, encodeList({ data, total, query, path: url(), pairs }))
}

/** A product of this business by the id in the path, through whatever is done with it. */
async function onProduct(
  { params, pairs }: Exchange,
  act: (id: bigint, encode: (product: Product) => Answer) => Promise<Product | undefined>,
): Promise<Answer> {
  const includes = readIncludes(pairs, GRAMMAR.includes)
  const encode = (product: Product): Answer => json(200, { data: encodeProduct(product, includes) })
  const id = decodeId('product', params[0] ?? '')
  const product = id === undefined ? undefined : await act(id, encode)
  if (!product) throw notFound()
  return encode(product)
}

const get = (exchange: Exchange): Promise<Answer> =>
  onProduct(exchange, (id) =>
    exchange.services.foodics.products.find(exchange.principal.merchant.id, id),
  )

const writeOf = (
  { principal, body, remember }: Exchange,
  encode: (product: Product) => Answer,
): ProductWrite => ({
  merchantId: principal.merchant.id,
  sku: readSku(body),
  judge: (known) => decodeProduct(body, known),
  ...(remember && { remember: (product: Product) => remember(encode(product)) }),
})

async function create(exchange: Exchange): Promise<Answer> {
  const includes = readIncludes(exchange.pairs, GRAMMAR.includes)
  const encode = (product: Product): Answer => json(201, { data: encodeProduct(product, includes) })
  return encode(await exchange.services.foodics.products.create(writeOf(exchange, encode)))
}

const update = (exchange: Exchange): Promise<Answer> =>
  onProduct(exchange, (id, encode) =>
    exchange.services.foodics.products.update(id, writeOf(exchange, encode)),
  )

const mark =
  (isDeleted: boolean) =>
  (exchange: Exchange): Promise<Answer> =>
    onProduct(exchange, (id) =>
      exchange.services.foodics.products.mark(exchange.principal.merchant.id, id, isDeleted),
    )

const READ = ['general.read']
const WRITE = ['admin.write']
const PATH = 'gift_card_products'
const ONE = `${PATH}/:id`

export const productRoutes: readonly Route[] = [
  { method: 'GET', path: PATH, scopes: READ, handle: list },
  { method: 'POST', path: PATH, scopes: WRITE, handle: create },
  { method: 'GET', path: ONE, scopes: READ, handle: get },
  { method: 'PUT', path: ONE, scopes: WRITE, handle: update },
  // A published client library updates that way (specs/foodics.md 1.2).
  { method: 'POST', path: ONE, scopes: WRITE, handle: update },
  { method: 'DELETE', path: ONE, scopes: WRITE, handle: mark(true) },
  { method: 'PUT', path: `${ONE}/restore`, scopes: WRITE, handle: mark(false) },
]
