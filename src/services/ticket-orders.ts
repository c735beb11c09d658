import type { Event } from '../commerce/catalogue.ts'
import type { Page } from '../commerce/catalogue-rows.ts'
import { defaultExpiry } from '../commerce/ticket-expiry.ts'
import {
  judgeReferences,
  type PositionReferences,
  type ReferenceFaults,
} from '../commerce/ticket-order-facts.ts'
import { expireOrders, turnOrder } from '../commerce/ticket-order-turns.ts'
import { OrderCodeRace, takenOrderCodes } from '../commerce/ticket-order-writes.ts'
import {
  countOrders,
  findOrder,
  listOrders,
  lockOrder,
  type OrderFilter,
  type TicketOrder,
} from '../commerce/ticket-orders.ts'
import { countPositions, listPositions, type PositionFilter } from '../commerce/ticket-positions.ts'
import type { Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import { redeemVouchers } from '../instruments/voucher-uses.ts'
import { lockVouchers } from '../instruments/vouchers.ts'
import { createZone, type Zone } from '../money/zone.ts'
import { createBatches } from './batches.ts'
import type { Finish } from './cards.ts'
import type { Deps } from './deps.ts'
import { createRandomPool } from './random-text.ts'
import { nameCards } from './ticket-cards.ts'
import { makeOrders, simulateOrder } from './ticket-order-batch.ts'
import type { OrderTools } from './ticket-order-build.ts'
import {
  type OrderCommand,
  type OrderOutcome,
  OrderRefused,
  usesCards,
} from './ticket-order-draft.ts'
import { readDirectory } from './ticket-order-shop.ts'

/** Orders in one unit of work at most, and waiting at most. */
const BATCH_MAX = 128
const QUEUE_MAX = 10_000
/** Runs of a unit of work whose order code somebody else took meanwhile. */
const CODE_ATTEMPTS_MAX = 5

export type CancelCommand = {
  readonly merchantId: bigint
  readonly eventId: bigint
  readonly code: string
  /** What the customer still owes; then the order stays as it is and gains the fee. */
  readonly fee: bigint | undefined
}

/** What became of a cancellation. */
export type CancelOutcome =
  | { readonly order: TicketOrder }
  | { readonly refused: 'not_found' | 'not_cancelable' | 'fee_above_total' }

/** Ticket orders: made, read, canceled, given up. */
export function createTicketOrders({
  db,
  now,
  randomBytes,
}: Pick<Deps, 'db' | 'now' | 'randomBytes'>) {
  const tools = { randomBytes: createRandomPool(randomBytes), expiryOf: createExpiry() }

  async function sell(
    commands: readonly OrderCommand[],
    onWriting: () => void,
  ): Promise<readonly OrderOutcome[]> {
    onWriting()
    for (let attempt = 1; ; attempt++) {
      try {
        return await transact(db, (tx) => makeOrders(tx, commands, tools, now()))
      } catch (error) {
        if (error instanceof OrderRefused) return [{ refused: error.refusal }]
        if (!(error instanceof OrderCodeRace) || attempt === CODE_ATTEMPTS_MAX) throw error
      }
    }
  }

  const batches = createBatches<OrderCommand, OrderOutcome>({
    run: sell,
    keyOf: ({ event }) => event.id.toString(),
    alone: ({ draft }) => usesCards(draft),
    batchMax: BATCH_MAX,
    queueMax: QUEUE_MAX,
  })

  return {
    find: async (merchantId: bigint, eventId: bigint, code: string, filter?: OrderFilter) => {
      const order = await findOrder(db, merchantId, eventId, code, filter)
      return order && { ...order, payments: await nameCards(db, order.payments) }
    },
    count: (merchantId: bigint, eventId: bigint, filter: OrderFilter) =>
      countOrders(db, merchantId, eventId, filter),
    list: async (
      merchantId: bigint,
      eventId: bigint,
      filter: OrderFilter,
      descending: boolean,
      page: Page,
    ): Promise<readonly TicketOrder[]> => {
      const orders = await listOrders(db, merchantId, eventId, filter, descending, page)
      const named = await nameCards(
        db,
        orders.flatMap(({ id, payments }) => payments.map((one) => ({ ...one, orderId: id }))),
      )
      const byOrder = Map.groupBy(named, ({ orderId }) => orderId)
      return orders.map((order) => ({ ...order, payments: byOrder.get(order.id) ?? [] }))
    },

    countPositions: (merchantId: bigint, eventId: bigint, filter: PositionFilter) =>
      countPositions(db, merchantId, eventId, filter),
    listPositions: (merchantId: bigint, eventId: bigint, filter: PositionFilter, page: Page) =>
      listPositions(db, merchantId, eventId, filter, page),

    /** What is wrong with what some positions name, beside what is wrong with the body. */
    judge: async (
      merchantId: bigint,
      event: Event,
      positions: readonly PositionReferences[],
      faulty: readonly boolean[],
      code: string | undefined,
    ): Promise<{ readonly codeTaken: boolean; readonly positions: readonly ReferenceFaults[] }> => {
      const place = { merchantId, event, budgets: false }
      const { facts, voucherIds } = await readDirectory(db, place, positions)
      const taken = code === undefined ? new Set() : await takenOrderCodes(db, merchantId, [code])
      return {
        codeTaken: taken.size > 0,
        positions: positions.map((position, index) =>
          judgeReferences(position, event, facts, (it) => voucherIds.has(it), faulty[index]),
        ),
      }
    },

    /** Makes an order, together with others of the same event that arrive now (design.md section 3). */
    create: (command: OrderCommand): Promise<OrderOutcome> =>
      command.simulate ? simulateOrder(db, command, tools, now()) : batches.submit(command),

    /** Finishes the orders that are being made, then refuses more. */
    close: batches.close,

    /** Cancels an order: its quotas, seats and voucher uses are free again (section 8.5). */
    cancel: (command: CancelCommand, finish?: Finish<TicketOrder>): Promise<CancelOutcome> =>
      transact(db, (tx) => cancelOrder(tx, command, now(), finish)),

    /** Gives up pending orders that are past their time; for a worker. */
    expire: async (): Promise<void> => {
      const due = await db<{ merchant_id: bigint }[]>`
        select distinct merchant_id from ticket_orders
        where status = 'n' and expires < ${now()}::timestamptz`
      for (const { merchant_id } of due)
        await transact(db, (tx) => expireOrders(tx, merchant_id, now()))
    },
  }
}

/** The default expiry, worked out once for all orders of one unit of work. */
function createExpiry(): OrderTools['expiryOf'] {
  const zones = new Map<string, Zone>()
  let last = { now: 0n, timezone: '', expiry: 0n }
  return (now, timezone) => {
    if (last.now === now && last.timezone === timezone) return last.expiry
    const zone = zones.get(timezone) ?? createZone(timezone)
    zones.set(timezone, zone)
    last = { now, timezone, expiry: defaultExpiry(now, zone) }
    return last.expiry
  }
}

async function cancelOrder(
  tx: Tx,
  { merchantId, eventId, code, fee }: CancelCommand,
  at: bigint,
  finish: Finish<TicketOrder> | undefined,
): Promise<CancelOutcome> {
  // Vouchers are locked before orders; which ones is read first and never changes.
  const seen = await findOrder(tx, merchantId, eventId, code)
  if (!seen) return { refused: 'not_found' }
  const used = new Set(seen.positions.flatMap(({ voucherId }) => voucherId ?? []))
  const vouchers = await lockVouchers(tx, merchantId, eventId, [...used])
  const order = await lockOrder(tx, merchantId, eventId, code)
  if (!order || order.status === 'c') return { refused: 'not_cancelable' }
  if (fee !== undefined && fee > order.total) return { refused: 'fee_above_total' }
  const uses = new Map<bigint, number>()
  for (const { voucherId, holds } of order.positions)
    if (voucherId !== undefined && holds !== undefined)
      uses.set(voucherId, (uses.get(voucherId) ?? 0) - 1)
  await redeemVouchers(tx, merchantId, vouchers, uses)
  const turn =
    fee === undefined || fee === 0n
      ? ({ status: 'c', holds: undefined, canceledAt: at } as const)
      : ({
          status: order.status,
          holds: undefined,
          total: fee,
          fee: { feeType: 'cancellation', value: fee, description: '', internalType: '' },
        } as const)
  await turnOrder(tx, merchantId, order, turn, at)
  const turned = await findOrder(tx, merchantId, eventId, code)
  if (!turned) throw new Error('an order that was just changed is gone')
  const named = { ...turned, payments: await nameCards(tx, turned.payments) }
  await finish?.(tx, named)
  return { order: named }
}
