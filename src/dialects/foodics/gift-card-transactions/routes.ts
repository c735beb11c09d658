import { type Answer, json } from '../../../http/answer.ts'
import type { Booking } from '../../../services/book.ts'
import type { Entry } from '../../../services/cards.ts'
import type { TransactionFilter } from '../../../services/foodics-transactions.ts'
import { encodeList, pageSlice } from '../envelope.ts'
import { notFound } from '../errors.ts'
import { type Exchange, originOf, type Route } from '../exchange.ts'
import { TEXT } from '../fields.ts'
import { defined, Filters } from '../filters.ts'
import type { CardView } from '../gift-cards/encode.ts'
import { decodeId, encodeId } from '../ids.ts'
import type { OrderView } from '../orders/encode.ts'
import { type ListQuery, readIncludes, readListQuery } from '../query.ts'
import { loadCards, loadOrders } from '../views.ts'
import { UNITS_MAX } from '../wire.ts'
import { decodeTransaction, GRAMMAR } from './decode.ts'
import { encodeTransaction, orderRefOf } from './encode.ts'

type Includes = ReadonlySet<string>

type Relations = {
  readonly card: (id: bigint) => CardView | undefined
  readonly order: (ref: string | undefined) => OrderView | undefined
}

const NO_RELATIONS: Relations = { card: () => undefined, order: () => undefined }

/** What the includes ask for of some cards and orders, ready to be encoded without further reading. */
async function loadRelations(
  { services, principal: { merchant } }: Exchange,
  includes: Includes,
  cardIds: readonly bigint[],
  orderRefs: readonly string[],
): Promise<Relations> {
  if (includes.size === 0) return NO_RELATIONS
  const source = { services, merchant }
  const orderIds = orderRefs.flatMap((ref) => decodeId('order', ref) ?? [])
  const [cards, orders] = await Promise.all([
    loadCards(source, includes.has('gift_card') ? cardIds : [], {
      product: includes.has('gift_card.gift_card_product'),
      order: includes.has('gift_card.order'),
    }),
    loadOrders(source, includes.has('order') ? orderIds : [], { card: false, product: false }),
  ])
  return {
    card: (id) => cards.get(id),
    order: (ref) => {
      const id = ref === undefined ? undefined : decodeId('order', ref)
      return id === undefined ? undefined : orders.get(id)
    },
  }
}

async function encodeAll(
  exchange: Exchange,
  includes: Includes,
  entries: readonly Entry[],
): Promise<unknown[]> {
  const cardIds = entries.map(({ cardId }) => cardId)
  const refs = entries.flatMap((entry) => orderRefOf(entry) ?? [])
  const relations = await loadRelations(exchange, includes, cardIds, refs)
  return entries.map((entry) =>
    encodeTransaction(entry, relations.card(entry.cardId), relations.order(orderRefOf(entry))),
  )
}

function filterOf(query: ListQuery): TransactionFilter {
  const filters = new Filters(query)
  return defined<TransactionFilter>({
    ids: filters.ids('id', 'entry'),
    cardIds: filters.ids('gift_card_id', 'card'),
    orderRefs: filters.ids('order_id', 'order')?.map((id) => encodeId('order', id)),
    createdIn: filters.days('created_on'),
    updatedIn: filters.days('updated_on'),
    updatedAfter: filters.after('updated_after'),
  })
}

async function list(exchange: Exchange): Promise<Answer> {
  const { services, principal, pairs, url } = exchange
  const query = readListQuery(pairs, GRAMMAR)
  const { total, rows } = await services.foodics.transactions.list(
    principal.merchant,
    filterOf(query),
    query.sort,
    (count) => pageSlice(query, count),
  )
  const data = await encodeAll(exchange, query.includes, rows)
  return json(200, encodeList({ data, total, query, path: url(), pairs }))
}

async function get(exchange: Exchange): Promise<Answer> {
  const { services, principal, params, pairs } = exchange
  const includes = readIncludes(pairs, GRAMMAR.includes)
  const id = decodeId('entry', params[0] ?? '')
  const entry =
    id === undefined ? undefined : await services.foodics.transactions.find(principal.merchant, id)
  if (!entry) throw notFound()
  const [data] = await encodeAll(exchange, includes, [entry])
  return json(200, { data })
}

/** The order is looked up in memory, the card by the ledger; only a faulty request costs a query. */
async function readCreate({ services, principal: { merchant }, body }: Exchange) {
  const { amount, cardId, orderId, faults } = decodeTransaction(body)
  if (orderId !== undefined && !(await services.foodics.orders.exists(merchant.id, orderId)))
    faults.add('order_id', TEXT.invalid('order_id'))
  if (!faults.isEmpty && cardId !== undefined) {
    const cards = await services.foodics.cards.findAll(merchant, [cardId])
    if (!cards.has(cardId)) faults.add('gift_card_id', TEXT.invalid('gift_card_id'))
  }
  faults.assertNone()
  if (amount === undefined || cardId === undefined || orderId === undefined)
    throw new Error('a transaction without faults that lacks a field')
  return { amount, cardId, orderRef: encodeId('order', orderId) }
}

/** Books exactly the amount asked for, through the group commit (specs/foodics.md 4.3). */
async function create(exchange: Exchange): Promise<Answer> {
  const { services, principal, pairs, remember } = exchange
  const includes = readIncludes(pairs, GRAMMAR.includes)
  const { amount, cardId, orderRef } = await readCreate(exchange)
  const relations = await loadRelations(exchange, includes, [cardId], [orderRef])
  const render = ({ card, entry }: Booking): Answer => {
    if (!entry) throw new Error('a booking without an entry')
    const view = relations.card(cardId)
    const order = relations.order(orderRef)
    return json(201, { data: encodeTransaction(entry, view && { ...view, card }, order) })
  }
  const booking = await services.book({
    merchantId: principal.merchant.id,
    command: {
      ...(amount < 0n
        ? { verb: 'redeem', amount: -amount, topic: 'transaction.payment' }
        : { verb: 'load', amount, topic: 'transaction.manual' }),
      cardId,
      currency: principal.merchant.currency,
      testmode: false,
      balanceMax: UNITS_MAX,
      raisesFace: false,
      origin: originOf(principal, orderRef),
    },
    ...(remember && { remember: (made: Booking) => remember(render(made)) }),
  })
  return render(booking)
}

const READ = ['orders.gift_cards.read']
const PATH = 'gift_card_transactions'

export const transactionRoutes: readonly Route[] = [
  { method: 'GET', path: PATH, scopes: READ, handle: list },
  { method: 'GET', path: `${PATH}/:id`, scopes: READ, handle: get },
  { method: 'POST', path: PATH, scopes: ['orders.gift_cards.write'], handle: create },
]
