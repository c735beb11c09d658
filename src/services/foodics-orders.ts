import type { Queryable, Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import type { Card } from '../ledger/card.ts'
import type { Origin } from '../ledger/entry.ts'
import type { Remembered } from '../ledger/group-commit.ts'
import { issueCards } from '../ledger/issue.ts'
import type { Instant } from '../money/instant.ts'
import type { Deps } from './deps.ts'
import { generateCardCode } from './foodics-code.ts'
import { createKnownOrders } from './foodics-known-orders.ts'
import {
  allOf,
  type ChooseSlice,
  laterThan,
  orderBy,
  type Slice,
  type SortKey,
  type Span,
  within,
} from './foodics-rows.ts'
import { saveRemembered } from './idempotency.ts'
import type { Merchant } from './merchants.ts'

/** What a caller says of an order; `details` is JSON as sent, prices are ledger units. */
export type OrderFields = {
  readonly type: number
  readonly branchId: string
  readonly customerId: string | undefined
  readonly subtotalPrice: bigint
  readonly discountAmount: bigint
  readonly roundingAmount: bigint
  readonly totalPrice: bigint
  readonly details: string
}

export type Order = OrderFields & {
  readonly id: bigint
  /** 1, 2, 3 … of this merchant. */
  readonly reference: bigint
  readonly source: number
  readonly status: number
  /** `YYYY-MM-DD`. */
  readonly businessDate: string
  readonly createdAt: Instant
}

export type OrderFilter = {
  readonly ids?: readonly bigint[]
  readonly references?: readonly bigint[]
  /** The same number by its other name. */
  readonly numbers?: readonly bigint[]
  readonly referenceAfter?: bigint
  readonly types?: readonly bigint[]
  readonly sources?: readonly bigint[]
  readonly statuses?: readonly bigint[]
  readonly branchIds?: readonly string[]
  readonly customerIds?: readonly string[]
  readonly businessDates?: readonly string[]
  readonly businessDateAfter?: string
  readonly businessDateBefore?: string
  readonly createdIn?: readonly Span[]
  readonly updatedIn?: readonly Span[]
  readonly updatedAfter?: Instant
}

/** The card that an order sells; without a code it gets one that nobody can guess. */
export type Sale = {
  readonly productId: bigint
  readonly code: string | undefined
  readonly amount: bigint
}

export type CreateOrder = {
  readonly merchant: Merchant
  readonly fields: OrderFields
  readonly sale: Sale | undefined
  /** Who sells, in the card's first entry; `reference` names the order there. */
  readonly origin: (order: Order) => Origin
  readonly remember?: (made: MadeOrder) => Remembered | undefined
}

export type MadeOrder = { readonly order: Order; readonly card: Card | undefined }

/** API; pending (specs/foodics.md 6.2). */
const SOURCE = 2
const STATUS = 1

type OrderRow = {
  id: bigint
  reference: bigint
  type: number
  source: number
  status: number
  branch_id: string
  customer_id: string | null
  subtotal_price: bigint
  discount_amount: bigint
  rounding_amount: bigint
  total_price: bigint
  business_date: string
  details: string
  created_at: Instant
}

const columns = (sql: Queryable) => sql`
  id, reference, type, source, status, branch_id, customer_id, subtotal_price, discount_amount,
  rounding_amount, total_price, business_date::text as business_date, details, created_at`

const toOrder = (row: unknown): Order => {
  const order = row as OrderRow // Selected by `columns`.
  return {
    id: order.id,
    reference: order.reference,
    type: order.type,
    source: order.source,
    status: order.status,
    branchId: order.branch_id,
    customerId: order.customer_id ?? undefined,
    subtotalPrice: order.subtotal_price,
    discountAmount: order.discount_amount,
    roundingAmount: order.rounding_amount,
    totalPrice: order.total_price,
    businessDate: order.business_date,
    details: order.details,
    createdAt: order.created_at,
  }
}

/** Orders: what a card is sold by and spent on. They are made and never changed (specs/foodics.md 6.2). */
export function createOrders({ db, now, randomBytes }: Pick<Deps, 'db' | 'now' | 'randomBytes'>) {
  const known = createKnownOrders(db)
  return {
    /** Whether there is such an order; asked for every redemption, so the answer is kept. */
    exists: known.has,

    findAll: async (merchantId: bigint, ids: readonly bigint[]): Promise<Map<bigint, Order>> => {
      if (ids.length === 0) return new Map()
      const rows = await db`
        select ${columns(db)} from foodics_orders
        where merchant_id = ${merchantId} and id = any(${ids as bigint[]}::int8[])`
      return new Map(rows.map(toOrder).map((order) => [order.id, order]))
    },

    list: async (
      merchantId: bigint,
      filter: OrderFilter,
      sort: readonly SortKey[],
      choose: ChooseSlice,
    ): Promise<Slice<Order>> => {
      const where = filterSql(db, merchantId, filter)
      const [row] = await db<
        { count: bigint }[]
      >`select count(*) from foodics_orders where ${where}`
      const total = Number(row?.count ?? 0n)
      const { offset, limit } = choose(total)
      if (limit === 0) return { total, rows: [] }
      const order = orderBy(db, sort, sortColumns(db), db`id`)
      const rows = await db`
        select ${columns(db)} from foodics_orders where ${where}
        order by ${order} offset ${offset} limit ${limit}`
      return { total, rows: rows.map(toOrder) }
    },

    /**
     * Makes an order and the card it sells in one unit of work: the reference, the order, the card with
     * its first entry and the link between them. Refuses `code_taken`; nothing is then used up.
     */
    create: async (command: CreateOrder): Promise<MadeOrder> => {
      const code = command.sale?.code ?? generateCardCode(randomBytes)
      const made = await transact(db, async (tx) => {
        const at = now()
        const order = await insert(tx, command.merchant.id, command.fields, at)
        const card = command.sale && (await sell(tx, command, order, { ...command.sale, code }, at))
        const answer = command.remember?.({ order, card })
        if (answer) await saveRemembered(tx, [answer], at)
        return { order, card }
      })
      known.add(command.merchant.id, made.order.id)
      return made
    },
  }
}

async function insert(
  tx: Tx,
  merchantId: bigint,
  fields: OrderFields,
  now: Instant,
): Promise<Order> {
  // The register's lock makes reference, id and time rise together.
  const [register] = await tx<{ last_reference: bigint; last_created_at: Instant }[]>`
    insert into foodics_order_registers as r (merchant_id, last_reference, last_created_at)
    values (${merchantId}, 1, ${now}::timestamptz)
    on conflict (merchant_id) do update set last_reference = r.last_reference + 1,
      last_created_at = greatest(r.last_created_at, excluded.last_created_at)
    returning last_reference, last_created_at`
  if (!register) throw new Error('an order register without a row')
  const [row] = await tx`
    insert into foodics_orders (merchant_id, reference, type, source, status, branch_id, customer_id,
      subtotal_price, discount_amount, rounding_amount, total_price, business_date, details, created_at)
    values (${merchantId}, ${register.last_reference}, ${fields.type}, ${SOURCE}, ${STATUS},
      ${fields.branchId}, ${fields.customerId ?? null}, ${fields.subtotalPrice}, ${fields.discountAmount},
      ${fields.roundingAmount}, ${fields.totalPrice},
      (${register.last_created_at}::timestamptz at time zone 'UTC')::date, ${fields.details},
      ${register.last_created_at}::timestamptz)
    returning ${columns(tx)}`
  return toOrder(row)
}

async function sell(
  tx: Tx,
  { merchant, origin }: CreateOrder,
  order: Order,
  { productId, code, amount }: Sale & { readonly code: string },
  now: Instant,
): Promise<Card> {
  const draft = {
    code,
    currency: merchant.currency,
    amount,
    origin: origin(order),
    topics: ['created', 'transaction.manual'] as const,
  }
  const [issued] = await issueCards(tx, merchant.id, [draft], { now })
  if (!issued) throw new Error('a card without an entry')
  await tx`
    insert into foodics_cards (merchant_id, card_id, product_id, order_id)
    values (${merchant.id}, ${issued.card.id}, ${productId}, ${order.id})`
  return issued.card
}

/** The largest int8: what a client asks for beyond it is just not there. */
const ID_MAX = 2n ** 63n - 1n
const storable = (values: readonly bigint[]): bigint[] =>
  values.filter((value) => value <= ID_MAX && value >= -ID_MAX)
const clamped = (value: bigint): bigint =>
  value > ID_MAX ? ID_MAX : value < -ID_MAX ? -ID_MAX : value

const filterSql = (sql: Queryable, merchantId: bigint, filter: OrderFilter) =>
  allOf(sql, sql`merchant_id = ${merchantId}`, [
    filter.ids && sql`id = any(${filter.ids as bigint[]}::int8[])`,
    filter.references && sql`reference = any(${storable(filter.references)}::int8[])`,
    filter.numbers && sql`reference = any(${storable(filter.numbers)}::int8[])`,
    filter.referenceAfter === undefined
      ? undefined
      : sql`reference > ${clamped(filter.referenceAfter)}::int8`,
    filter.types && sql`type = any(${storable(filter.types)}::int8[])`,
    filter.sources && sql`source = any(${storable(filter.sources)}::int8[])`,
    filter.statuses && sql`status = any(${storable(filter.statuses)}::int8[])`,
    filter.branchIds && sql`branch_id = any(${filter.branchIds as string[]}::text[])`,
    filter.customerIds && sql`customer_id = any(${filter.customerIds as string[]}::text[])`,
    filter.businessDates && sql`business_date = any(${filter.businessDates as string[]}::date[])`,
    filter.businessDateAfter === undefined
      ? undefined
      : sql`business_date > ${filter.businessDateAfter}::date`,
    filter.businessDateBefore === undefined
      ? undefined
      : sql`business_date < ${filter.businessDateBefore}::date`,
    // An order never changes: both times are one.
    within(sql, sql`created_at`, filter.createdIn),
    within(sql, sql`created_at`, filter.updatedIn),
    laterThan(sql, sql`created_at`, filter.updatedAfter),
  ])

/** Times to the second, as they are shown. */
const sortColumns = (sql: Queryable) => ({
  reference: sql`reference`,
  number: sql`reference`,
  id: sql`id`,
  business_date: sql`business_date`,
  created_at: sql`date_trunc('second', created_at)`,
  updated_at: sql`date_trunc('second', created_at)`,
})
