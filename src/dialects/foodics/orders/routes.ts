import { type Answer, json } from '../../../http/answer.ts'
import type { CreateOrder, MadeOrder, OrderFilter } from '../../../services/foodics-orders.ts'
import { stringifyJson } from '../../../wire/json.ts'
import { encodeList, pageSlice } from '../envelope.ts'
import { notFound } from '../errors.ts'
import { type Exchange, originOf, type Route } from '../exchange.ts'
import { defined, Filters } from '../filters.ts'
import { decodeId, encodeId } from '../ids.ts'
import { type ListQuery, readIncludes, readListQuery } from '../query.ts'
import { withSoldCards } from '../views.ts'
import { decodeOrder, GRAMMAR, type OrderDraft } from './decode.ts'
import { encodeOrder, type OrderView } from './encode.ts'
import { judgeSale } from './sale.ts'

/** Pages beyond it are empty; `reference_after` leads on (specs/foodics.md 6.2). */
const PAGES_MAX = 10

function filterOf(query: ListQuery): OrderFilter {
  const filters = new Filters(query)
  const created = filters.days('created_on')
  const updated = filters.days('updated_on')
  return defined<OrderFilter>({
    ids: filters.ids('id', 'order'),
    references: filters.integers('reference'),
    numbers: filters.integers('number'),
    referenceAfter: filters.integer('reference_after'),
    branchIds: filters.texts('branch_id'),
    customerIds: filters.texts('customer_id'),
    types: filters.integers('type'),
    sources: filters.integers('source'),
    statuses: filters.integers('status'),
    businessDates: filters.dates('business_date'),
    businessDateAfter: filters.date('business_date_after'),
    businessDateBefore: filters.date('business_date_before'),
    createdIn: created,
    updatedIn: updated,
    updatedAfter: filters.after('updated_after'),
  })
}

const wantsOf = (includes: ReadonlySet<string>) => ({
  card: includes.has('gift_card'),
  product: includes.has('gift_card.gift_card_product'),
})

async function list({ services, principal, pairs, url }: Exchange): Promise<Answer> {
  const query = readListQuery(pairs, GRAMMAR)
  const { merchant } = principal
  const { total, rows } = await services.foodics.orders.list(
    merchant.id,
    filterOf(query),
    query.sort,
    (count) => pageSlice(query, count, PAGES_MAX),
  )
  const views = await withSoldCards({ services, merchant }, rows, wantsOf(query.includes))
  const data = views.map(encodeOrder)
  return json(200, encodeList({ data, total, query, path: url(), pairs, pagesMax: PAGES_MAX }))
}

async function get({ services, principal, params, pairs }: Exchange): Promise<Answer> {
  const includes = readIncludes(pairs, GRAMMAR.includes)
  const { merchant } = principal
  const id = decodeId('order', params[0] ?? '')
  const found = await services.foodics.orders.findAll(merchant.id, id === undefined ? [] : [id])
  const [view] = await withSoldCards({ services, merchant }, [...found.values()], wantsOf(includes))
  if (!view) throw notFound()
  return json(200, { data: encodeOrder(view) })
}

/** Makes an order and sells its card; the answer shows the card whole, the seller needs its code. */
async function create(exchange: Exchange): Promise<Answer> {
  const { services, principal, pairs, body, remember } = exchange
  const { merchant } = principal
  const includes = readIncludes(pairs, GRAMMAR.includes)
  const draft = decodeOrder(body)
  const sale = await readSale(exchange, draft)
  const { type, branchId, faults } = draft
  faults.assertNone()
  if (type === undefined || branchId === undefined)
    throw new Error('an order without faults that lacks a field')

  const product = sale?.product
  const render = ({ order, card }: MadeOrder): Answer => {
    const view: OrderView = {
      order,
      soldCardId: card?.id,
      card: card &&
        product && {
          card,
          sale: { cardId: card.id, productId: product.id, orderId: order.id },
          product: includes.has('gift_card.gift_card_product') ? product : undefined,
        },
    }
    return json(201, { data: encodeOrder(view) })
  }
  const { details, faults: _none, sale: _draft, ...prices } = draft
  const command: CreateOrder = {
    merchant,
    fields: { ...prices, type, branchId, details: stringifyJson(details) },
    sale: sale && { productId: sale.product.id, amount: sale.amount, code: sale.code },
    origin: ({ id }) => originOf(principal, encodeId('order', id)),
    ...(remember && { remember: (made: MadeOrder) => remember(render(made)) }),
  }
  return render(await services.foodics.orders.create(command))
}

/** The card to be sold, judged against its product; faults go to the draft's list. */
async function readSale(
  { services, principal: { merchant } }: Exchange,
  { sale, faults }: OrderDraft,
) {
  if (!sale) return undefined
  const [product, isCodeTaken] = await Promise.all([
    sale.productId === undefined
      ? undefined
      : services.foodics.products.find(merchant.id, sale.productId),
    sale.code !== undefined && services.foodics.cards.isCodeTaken(merchant.id, sale.code),
  ])
  const amount = judgeSale(sale, { product, isCodeTaken }, faults)
  return product && amount !== undefined ? { product, amount, code: sale.code } : undefined
}

const PATH = 'orders'

export const orderRoutes: readonly Route[] = [
  { method: 'GET', path: PATH, scopes: ['orders.list', 'orders.limited.read'], handle: list },
  {
    method: 'POST',
    path: PATH,
    scopes: ['orders.write', 'orders.limited.create'],
    handle: create,
  },
  {
    method: 'GET',
    path: `${PATH}/:id`,
    scopes: ['orders.get', 'orders.limited.read'],
    handle: get,
  },
]
