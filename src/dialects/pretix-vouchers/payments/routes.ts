import type { OrderPayment } from '../../../commerce/ticket-orders.ts'
import { type Answer, json } from '../../../http/answer.ts'
import type { Finish } from '../../../services/cards.ts'
import type { PaymentOutcome, PaymentScope } from '../../../services/ticket-payments.ts'
import { fail, notFound } from '../../pretix/errors.ts'
import type { AddResource } from '../../pretix/resource.ts'
import {
  accept,
  addEventResource,
  answerList,
  EVENT_PATH,
  type EventCall,
  pathId,
} from '../catalogue-scope.ts'
import { orderCodeOf } from '../orders/code.ts'
import { needsOrders } from '../orders/permission.ts'
import { decodePayment, decodeRefund } from './decode.ts'
import { encodePayment } from './encode.ts'
import { paymentRefused } from './errors.ts'

/** Payments of an order: list, record, confirm, refund (specs/pretix-vouchers.md 10.2, 12). */
export function addPayments(add: AddResource): void {
  const path = `${EVENT_PATH}orders/:code/payments/`
  const needs = needsOrders
  addEventResource(add, path, { needs, methods: { GET: list, POST: create } })
  addEventResource(add, `${path}:id/`, { needs, methods: { GET: retrieve } })
  addEventResource(add, `${path}:id/confirm/`, { needs, methods: { POST: confirm } })
  addEventResource(add, `${path}:id/refund/`, { needs, methods: { POST: refund } })
}

async function paymentsOf(call: EventCall): Promise<readonly OrderPayment[]> {
  const { organizer, event, context } = call
  const { ticketPayments } = context.services
  const payments = await ticketPayments.list(organizer.id, event.id, orderCodeOf(call))
  return payments ?? fail(paymentRefused({ code: 'order_not_found' }))
}

async function list(call: EventCall): Promise<Answer> {
  const payments = await paymentsOf(call)
  return await answerList(
    call,
    payments.length,
    async ({ offset, limit }) => payments.slice(offset, offset + limit),
    encodePayment,
  )
}

async function retrieve(call: EventCall): Promise<Answer> {
  const payments = await paymentsOf(call)
  const id = localId(call)
  const payment = payments.find((one) => one.localId === id)
  return payment ? json(200, encodePayment(payment)) : paymentRefused({ code: 'payment_not_found' })
}

async function create(call: EventCall): Promise<Answer> {
  await paymentsOf(call)
  const draft = accept(decodePayment(call.body()))
  const { ticketPayments } = call.context.services
  return await write(call, 201, async (scope, finish) =>
    ticketPayments.create(scope, draft, finish),
  )
}

async function confirm(call: EventCall): Promise<Answer> {
  const id = localId(call)
  const { ticketPayments } = call.context.services
  return await write(call, 200, (scope, finish) => ticketPayments.confirm(scope, id, finish))
}

async function refund(call: EventCall): Promise<Answer> {
  const id = localId(call)
  const payments = await paymentsOf(call)
  if (!payments.some((one) => one.localId === id))
    return paymentRefused({ code: 'payment_not_found' })
  const draft = accept(decodeRefund(call.body()))
  const { ticketPayments } = call.context.services
  return await write(call, 200, (scope, finish) => ticketPayments.refund(scope, id, draft, finish))
}

/** Runs a write and stores its answer in the commit of the write. */
async function write(
  call: EventCall,
  status: number,
  run: (scope: PaymentScope, finish: Finish<OrderPayment>) => Promise<PaymentOutcome>,
): Promise<Answer> {
  const { organizer, event, principal, context } = call
  const scope: PaymentScope = {
    merchant: organizer,
    issuers: await context.services.merchants.listIssuers(organizer),
    event,
    orderCode: orderCodeOf(call),
    credentialId: principal.credentialId,
  }
  let answer: Answer | undefined
  const outcome = await run(scope, async (tx, payment) => {
    answer = json(status, encodePayment(payment))
    const remembered = call.remember(answer)
    if (remembered) await context.services.idempotency.save(tx, remembered)
  })
  if ('refused' in outcome) return paymentRefused(outcome.refused)
  return answer ?? json(status, encodePayment(outcome.payment))
}

/** A payment's number within its order. */
function localId(call: EventCall): number {
  const id = pathId(call, 'id', 'OrderPayment')
  return id <= 2_147_483_647n
    ? Number(id)
    : fail(notFound('No OrderPayment matches the given query.'))
}
