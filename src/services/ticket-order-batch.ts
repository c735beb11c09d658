import { closeSoldOut } from '../commerce/quota-counts.ts'
import { drawOrderIds, insertOrders, takenOrderCodes } from '../commerce/ticket-order-writes.ts'
import type { TicketOrder } from '../commerce/ticket-orders.ts'
import type { Queryable, Tx } from '../db/database.ts'
import { redeemVouchers } from '../instruments/voucher-uses.ts'
import type { Instant } from '../money/instant.ts'
import { saveRemembered } from './idempotency.ts'
import { randomText } from './random-text.ts'
import { buildOrder, type OrderTools } from './ticket-order-build.ts'
import { payWithCards } from './ticket-order-cards.ts'
import type { OrderCommand, OrderOutcome } from './ticket-order-draft.ts'
import { judgeOrder } from './ticket-order-judge.ts'
import { openShop, type Place, readDirectory } from './ticket-order-shop.ts'

const CODE = { alphabet: 'ABCDEFGHJKLMNPQRSTUVWXYZ3789', length: 5 }

const placeOf = ({ merchant, event }: OrderCommand): Place => ({
  merchantId: merchant.id,
  event,
  budgets: merchant.options.pretix?.voucher_budget === true,
})

const wantedBy = ({ draft }: OrderCommand) =>
  draft.positions.map((position) => ({ ...position, force: draft.force }))

/**
 * Makes orders of one event as one unit of work: locks what all of them want, counts once, judges them
 * one after the other on what is left, and writes everything together. A refused order writes nothing
 * and leaves the others alone; one that pays with gift cards must be the only one.
 */
export async function makeOrders(
  tx: Tx,
  commands: readonly OrderCommand[],
  tools: OrderTools,
  now: Instant,
): Promise<OrderOutcome[]> {
  const [first] = commands
  if (!first) return []
  const place = placeOf(first)
  const positions = commands.flatMap(wantedBy)
  const [directory, { codes, taken }, ids] = await Promise.all([
    readDirectory(tx, place, positions),
    drawCodes(tx, place.merchantId, commands, tools),
    drawOrderIds(tx, {
      orders: commands.length,
      positions: positions.length,
      fees: commands.reduce((sum, { draft }) => sum + draft.fees.length, 0),
    }),
  ])
  const shop = await openShop(tx, tx, place, directory, positions, now)
  const draw = { order: drawer(ids.orders), position: drawer(ids.positions), fee: drawer(ids.fees) }
  const made: TicketOrder[] = []
  const outcomes = commands.map((command, index): OrderOutcome => {
    const code = codes[index] ?? ''
    const judged = judgeOrder(command, directory, shop.shop, taken.has(code), now)
    if ('refused' in judged) return judged
    shop.take(judged.wishes, judged.charges)
    taken.add(code)
    const order = buildOrder(command, judged, shop, { code, ...draw }, tools, now)
    made.push(order)
    return { order }
  })
  if (made.length === 0) return outcomes
  const finished = await payWithCards(tx, first, made, directory.facts, now)
  const byId = new Map(finished.map((order) => [order.id, order]))
  const settled = outcomes.map((outcome): OrderOutcome => {
    if ('refused' in outcome) return outcome
    return { order: byId.get(outcome.order.id) ?? outcome.order }
  })
  const remembered = settled.flatMap((outcome, index) =>
    'order' in outcome ? (commands[index]?.remember?.(outcome.order) ?? []) : [],
  )
  // Sent together; the orders first, so that it is their fault that is heard.
  await Promise.all([
    insertOrders(tx, place.merchantId, finished),
    redeemVouchers(tx, place.merchantId, shop.locked, shop.uses),
    closeSoldOut(tx, place.merchantId, shop.quotas, shop.room),
    saveRemembered(tx, remembered, now),
  ])
  return settled
}

/** What would become of an order; nothing is locked and nothing written. */
export async function simulateOrder(
  sql: Queryable,
  command: OrderCommand,
  tools: OrderTools,
  now: Instant,
): Promise<OrderOutcome> {
  const place = placeOf(command)
  const positions = wantedBy(command)
  const directory = await readDirectory(sql, place, positions)
  const shop = await openShop(sql, undefined, place, directory, positions, now)
  const { code } = command.draft
  const taken =
    code !== undefined && (await takenOrderCodes(sql, place.merchantId, [code])).has(code)
  const judged = judgeOrder(command, directory, shop.shop, taken, now)
  if ('refused' in judged) return judged
  const none = () => 0n
  const draw = { order: none, position: none, fee: none }
  return { order: buildOrder(command, judged, shop, { code: 'PREVIEW', ...draw }, tools, now) }
}

/** One id after the other; there are as many as were counted. */
function drawer(ids: readonly bigint[]): () => bigint {
  let next = 0
  return () => ids[next++] ?? 0n
}

/** Rounds of drawing codes until none is taken; five symbols are 17 million codes. */
const ROUNDS_MAX = 20

/** A code for each order, given or drawn, and those of them that are taken; drawn ones never are. */
async function drawCodes(
  tx: Tx,
  merchantId: bigint,
  commands: readonly OrderCommand[],
  { randomBytes }: OrderTools,
): Promise<{ readonly codes: readonly string[]; readonly taken: Set<string> }> {
  const codes: (string | undefined)[] = commands.map(({ draft }) => draft.code)
  const drawn = codes.flatMap((code, index) => (code === undefined ? [index] : []))
  for (let round = 0; round < ROUNDS_MAX; round++) {
    for (const index of drawn)
      codes[index] ??= randomText(randomBytes, CODE.alphabet, CODE.length + Math.floor(round / 4))
    const known = codes.filter((code) => code !== undefined)
    const taken = await takenOrderCodes(tx, merchantId, known)
    const clashing = drawn.filter((index) => {
      const code = codes[index] ?? ''
      return taken.has(code) || codes.indexOf(code) !== index
    })
    if (clashing.length === 0) return { codes: known, taken }
    for (const index of clashing) codes[index] = undefined
  }
  throw new Error('no order code is free')
}
