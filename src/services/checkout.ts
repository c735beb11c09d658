import { setImmediate } from 'node:timers/promises'
import { isOpen } from '../commerce/inventorum-states.ts'
import type { Tx } from '../db/database.ts'
import { isConnectionLoss, transact } from '../db/transact.ts'
import { DomainError } from '../errors.ts'
import { planPayment, settle } from './checkout-plan.ts'
import { lockCheckout } from './checkout-state.ts'
import { issueSold, type PlannedPayment, redeemCards, writePayments } from './checkout-writes.ts'
import type { Deps } from './deps.ts'
import type { PaymentDraft, ShopCaller } from './inventorum-commands.ts'
import { type Order, readOrders } from './inventorum-order-views.ts'
import { deny, missing } from './inventorum-problems.ts'

export type PayCommand = {
  readonly caller: ShopCaller
  readonly orderId: bigint
  /** Reads the payment; called once the order is known to be open, because its state is told first. */
  readonly payment: () => PaymentDraft
}

/** Where a payment stands inside its unit of work; tests break it off at each of these. */
export type CheckoutStep = 'locked' | 'planned' | 'redeemed' | 'issued' | 'written'

export type CheckoutDeps = Pick<Deps, 'db' | 'now' | 'randomBytes'> & {
  readonly atStep?: (step: CheckoutStep) => void
}

/** Payments in one commit at most, and payments waiting for one shop's turn at most. */
const BATCH_MAX = 64
const WAITING_MAX = 2_000
/** A generated code that exists already is drawn again, with everything else. */
const DRAWS_MAX = 3

type Waiting = PayCommand & {
  readonly resolve: (order: Order) => void
  readonly reject: (error: unknown) => void
}

/** What became of one payment of a batch. */
type Outcome = { readonly order: Order } | { readonly error: unknown }

/**
 * Pays orders (specs/inventorum.md 6): cards are redeemed, sold cards issued, stock and invoice number
 * taken, all in one unit of work with the order. One shop pays one order after the other, so invoice
 * numbers have no gaps; payments that arrive while one commits share the next commit, each planned on
 * what the ones before it left. A refused payment writes nothing and does not disturb its neighbours.
 */
export function createCheckout(deps: CheckoutDeps) {
  const shops = new Map<bigint, Waiting[]>()

  async function run(merchantId: bigint, queue: Waiting[]): Promise<void> {
    // One turn of the event loop, so that requests read from many sockets at once share a batch.
    await setImmediate()
    while (queue.length > 0) await settleBatch(deps, queue.splice(0, BATCH_MAX))
    shops.delete(merchantId)
  }

  /** Resolves after the commit with the order as it was paid. */
  return (command: PayCommand): Promise<Order> =>
    new Promise((resolve, reject) => {
      const merchantId = command.caller.merchant.id
      const waiting = { ...command, resolve, reject }
      const queue = shops.get(merchantId)
      if (queue && queue.length >= WAITING_MAX) reject(new DomainError({ code: 'overloaded' }))
      else if (queue) queue.push(waiting)
      else {
        const opened = [waiting]
        shops.set(merchantId, opened)
        run(merchantId, opened).catch(reject)
      }
    })
}

async function settleBatch(deps: CheckoutDeps, batch: readonly Waiting[]): Promise<void> {
  try {
    const outcomes = await payAll(deps, batch)
    batch.forEach(({ resolve, reject }, index) => {
      const outcome = outcomes[index]
      if (!outcome) reject(new Error('a payment without an outcome'))
      else if ('order' in outcome) resolve(outcome.order)
      else reject(outcome.error)
    })
  } catch (error) {
    // What the database refused must hurt nobody else: each tries once more alone. Not after a lost
    // connection: the commit may have come through.
    if (batch.length > 1 && !isConnectionLoss(error))
      for (const waiting of batch) await settleBatch(deps, [waiting])
    else for (const { reject } of batch) reject(error)
  }
}

/** One commit for payments of one shop; a code that was drawn twice is the only reason to try again. */
async function payAll(
  deps: CheckoutDeps,
  batch: readonly PayCommand[],
): Promise<readonly Outcome[]> {
  for (let draw = 1; ; draw += 1)
    try {
      return await transact(deps.db, (tx) => payInTurn(tx, deps, batch))
    } catch (error) {
      const isTaken = error instanceof DomainError && error.refusal.code === 'code_taken'
      if (!isTaken || draw === DRAWS_MAX) throw error
    }
}

async function payInTurn(
  tx: Tx,
  { now, randomBytes, atStep = () => {} }: CheckoutDeps,
  batch: readonly PayCommand[],
): Promise<readonly Outcome[]> {
  const merchant = batch[0]?.caller.merchant
  if (!merchant) return []
  const orderIds = [...new Set(batch.map(({ orderId }) => orderId))]
  const { till, orders, lines, attached } = await lockCheckout(tx, merchant, orderIds, now)
  atStep('locked')
  const paid = new Set<bigint>()
  const planned: PlannedPayment[] = []
  const verdicts = batch.map(({ caller, orderId, payment }): { error?: unknown } => {
    try {
      const order = orders.get(orderId) ?? missing('order')
      if (!isOpen(order.state) || paid.has(orderId)) deny({ code: 'order_not_open' })
      const plan = planPayment(till, {
        orderId,
        lines: lines.get(orderId) ?? [],
        cardIds: (attached.get(orderId) ?? []).map(({ cardId }) => cardId),
        payment: payment(),
      })
      settle(till, plan)
      paid.add(orderId)
      planned.push({ plan, userId: caller.userId })
      return {}
    } catch (error) {
      return { error }
    }
  })
  atStep('planned')
  const context = { merchant, now: till.now, randomBytes }
  const redemptions = await redeemCards(tx, planned, context)
  atStep('redeemed')
  const sold = await issueSold(tx, planned, context)
  atStep('issued')
  await writePayments(tx, planned, redemptions, sold, context)
  atStep('written')
  const completed = await readOrders(tx, merchant, [...paid], till.now)
  return batch.map(({ orderId }, index): Outcome => {
    const verdict = verdicts[index] ?? {}
    if ('error' in verdict) return { error: verdict.error }
    const order = completed.get(orderId)
    return order ? { order } : { error: new Error('a payment without an order') }
  })
}
