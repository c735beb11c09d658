import { isOpen } from '../commerce/inventorum-states.ts'
import type { Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import { DomainError } from '../errors.ts'
import { completedOrders } from './checkout-answer.ts'
import { planPayment, settle } from './checkout-plan.ts'
import { lockCheckout } from './checkout-state.ts'
import { issueSold, type PlannedPayment, redeemCards, writePayments } from './checkout-writes.ts'
import type { Deps } from './deps.ts'
import type { PaymentDraft, ShopCaller } from './inventorum-commands.ts'
import type { Order } from './inventorum-order-views.ts'
import { deny, missing } from './inventorum-problems.ts'
import { attempt, createTurns, type Outcome } from './inventorum-turns.ts'

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

/** A generated code that exists already is drawn again, with everything else. */
const DRAWS_MAX = 3

/**
 * Pays orders (specs/inventorum.md 6): cards are redeemed, sold cards issued, stock and invoice number
 * taken, all in one unit of work with the order. One shop pays one order after the other, so invoice
 * numbers have no gaps; payments that arrive while one commits share the next commit, each planned on
 * what the ones before it left. A refused payment writes nothing. Resolves after the commit.
 */
export const createCheckout = (deps: CheckoutDeps): ((command: PayCommand) => Promise<Order>) =>
  createTurns((batch, onWriting) => payAll(deps, batch, onWriting))

/** One commit for payments of one shop; a code that was drawn twice is the only reason to try again. */
async function payAll(
  deps: CheckoutDeps,
  batch: readonly PayCommand[],
  onWriting: () => void,
): Promise<readonly Outcome<Order>[]> {
  for (let draw = 1; ; draw += 1)
    try {
      const work = (tx: Tx) => payInTurn(tx, deps, batch, onWriting)
      // Begins with locks.
      return await transact(deps.db, work, { isEager: true })
    } catch (error) {
      const isTaken = error instanceof DomainError && error.refusal.code === 'code_taken'
      if (!isTaken || draw === DRAWS_MAX) throw error
    }
}

async function payInTurn(
  tx: Tx,
  { now, randomBytes, atStep = () => {} }: CheckoutDeps,
  batch: readonly PayCommand[],
  onWriting: () => void,
): Promise<readonly Outcome<Order>[]> {
  const merchant = batch[0]?.caller.merchant
  if (!merchant) return []
  const orderIds = [...new Set(batch.map(({ orderId }) => orderId))]
  const locked = await lockCheckout(tx, merchant, orderIds, now)
  const { till, orders, lines, attached } = locked
  atStep('locked')
  const paid = new Set<bigint>()
  const verdicts = batch.map(({ caller, orderId, payment }) =>
    attempt((): PlannedPayment => {
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
      return { plan, userId: caller.userId }
    }),
  )
  const planned = verdicts.flatMap((verdict) => ('result' in verdict ? [verdict.result] : []))
  atStep('planned')
  const context = { merchant, now: till.now, randomBytes }
  // All locks are held: what does not need each other is written side by side.
  const writing = Promise.all([
    writePayments(tx, planned, context),
    redeemCards(tx, planned, context).then(() => atStep('redeemed')),
    issueSold(tx, planned, context).then((sold) => {
      atStep('issued')
      return sold
    }),
  ])
  onWriting()
  const [marks, , sold] = await writing
  atStep('written')
  const completed = completedOrders(locked, planned, sold, marks, merchant)
  return verdicts.map((verdict): Outcome<Order> => {
    if ('error' in verdict) return verdict
    const order = completed[planned.indexOf(verdict.result)]
    return order ? { result: order } : { error: new Error('a payment without an order') }
  })
}
