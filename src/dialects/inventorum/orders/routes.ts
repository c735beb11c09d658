import { type Answer, empty, json } from '../../../http/answer.ts'
import type { Instant } from '../../../money/instant.ts'
import { InvalidInput } from '../decode.ts'
import { dataAnswer, sliceOldPage } from '../paging.ts'
import { faultsOf } from '../problems.ts'
import type { AddResource, Call } from '../shell.ts'
import { parseLocalTime } from '../wire.ts'
import { codesOfQuery, decodeBasket, decodeCodes, decodePayment, decodeRefund } from './decode.ts'
import { encodeOrder, encodeSummary } from './encode.ts'

/** Baskets and orders, which are one thing under two paths (specs/inventorum.md 4 to 7, 10.7, 11.6). */
export function addOrders(add: AddResource): void {
  const family = 'v1'
  add('/api/basket/', { family, methods: { POST: create } })
  add('/api/orders/', { family, methods: { GET: list } })
  add('/api/basket/:order/', { family, methods: { GET: retrieve, DELETE: cancel } })
  add('/api/orders/:order/', { family, methods: { GET: retrieve } })
  add('/api/orders/:order/refund/', { family, methods: { POST: refund } })
  for (const path of ['/api/basket/:order/', '/api/orders/:order/']) {
    add(`${path}add_giftcard/`, { family, methods: { POST: attach, DELETE: detach } })
    add(`${path}payment/`, { family, methods: { POST: pay } })
  }
}

async function create(call: Call): Promise<Answer> {
  const { baskets } = call.services.inventorum
  const { command, fields, productIds, codes } = decodeBasket(call.body())
  if (!command) {
    const problems = await baskets.findProblems(call.caller, productIds, codes)
    throw new InvalidInput(faultsOf(problems, fields.faults))
  }
  const order = await baskets.create({ caller: call.caller, draft: command })
  return json(200, encodeSummary(order, call.zone))
}

async function retrieve(call: Call): Promise<Answer> {
  const order = await call.services.inventorum.orders.get(call.caller, orderId(call))
  return json(200, encodeOrder(order, call.caller.merchant, call.base))
}

async function cancel(call: Call): Promise<Answer> {
  await call.services.inventorum.baskets.cancel(call.caller, orderId(call))
  return empty(204)
}

async function attach(call: Call): Promise<Answer> {
  const body = call.body()
  const order = await call.services.inventorum.baskets.attach({
    caller: call.caller,
    orderId: orderId(call),
    codes: () => decodeCodes(body),
  })
  return json(201, encodeSummary(order, call.zone))
}

/** Some clients cannot send a body with DELETE: then the query names the codes. */
async function detach(call: Call): Promise<Answer> {
  const sent = call.request.body instanceof Buffer && call.request.body.length > 0
  const body = call.body()
  await call.services.inventorum.baskets.detach({
    caller: call.caller,
    orderId: orderId(call),
    codes: () => (sent ? undefined : codesOfQuery(call.query)) ?? decodeCodes(body),
  })
  return empty(204)
}

async function pay(call: Call): Promise<Answer> {
  const body = call.body()
  const order = await call.services.inventorum.pay({
    caller: call.caller,
    orderId: orderId(call),
    payment: () => decodePayment(body),
  })
  return json(200, encodeOrder(order, call.caller.merchant, call.base))
}

async function refund(call: Call): Promise<Answer> {
  const body = call.body()
  const order = await call.services.inventorum.refund({
    caller: call.caller,
    orderId: orderId(call),
    refund: () => decodeRefund(body),
  })
  return json(200, encodeOrder(order, call.caller.merchant, call.base))
}

const CHANNELS = new Set(['', '1', 'ipad'])

/** Completed orders, newest first; every order is of the one channel there is. */
async function list(call: Call): Promise<Answer> {
  const { query, caller, base, zone } = call
  const page = sliceOldPage(call)
  if (!CHANNELS.has(query.get('channel') ?? '')) return dataAnswer(0, [])
  const time = (name: string): Instant | undefined => {
    const text = query.get(name)
    if (text === null || text === '') return undefined
    const instant = parseLocalTime(text, zone)
    if (instant === undefined) throw new InvalidInput({ [name]: [TIME] })
    return instant
  }
  const end = time('end')
  // Times are shown and asked for in whole seconds.
  const range = { from: time('start'), to: end === undefined ? undefined : end + 999_999n }
  const { total, orders } = await call.services.inventorum.orders.list(caller, range, page)
  return dataAnswer(
    total,
    orders.map((order) => encodeOrder(order, caller.merchant, base)),
  )
}

const TIME = 'Datetime has wrong format. Use one of these formats instead: YYYY.MM.DD hh:mm:ss.'

/** A segment that cannot be an id is an order that does not exist. */
const orderId = ({ param }: Call): bigint =>
  /^\d{1,18}$/.test(param('order')) ? BigInt(param('order')) : 0n
