import type { Queryable } from '../db/database.ts'
import type { Entry } from '../ledger/entry.ts'
import { entryColumns, toEntry } from '../ledger/statement.ts'
import type { Instant } from '../money/instant.ts'
import type { Deps } from './deps.ts'
import { visibleCards } from './foodics-cards.ts'
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
import type { Merchant } from './merchants.ts'

export type TransactionFilter = {
  readonly ids?: readonly bigint[]
  readonly cardIds?: readonly bigint[]
  /** As this protocol wrote them into its entries. */
  readonly orderRefs?: readonly string[]
  readonly createdIn?: readonly Span[]
  readonly updatedIn?: readonly Span[]
  readonly updatedAfter?: Instant
}

/**
 * Foodics' transactions: every movement of value on a card that exists for this protocol, whichever
 * protocol made it, but neither the entry that opened the card nor one of amount zero (contract.md 4).
 */
export function createTransactions({ db }: Pick<Deps, 'db'>) {
  return {
    find: async (merchant: Merchant, id: bigint): Promise<Entry | undefined> => {
      const [row] = await db`
        select ${entryColumns(db)} from entries
        join cards on cards.merchant_id = entries.merchant_id and cards.id = entries.card_id
        where ${visibleEntries(db, merchant)} and entries.id = ${id}`
      return row && toEntry(row)
    },

    list: async (
      merchant: Merchant,
      filter: TransactionFilter,
      sort: readonly SortKey[],
      choose: ChooseSlice,
    ): Promise<Slice<Entry>> => {
      const where = filterSql(db, merchant, filter)
      const total = await count(db, merchant, filter, where)
      const { offset, limit } = choose(total)
      if (limit === 0) return { total, rows: [] }
      const order = orderBy(db, sort, sortColumns(db), db`entries.id`)
      const rows = await db`
        select ${entryColumns(db)} from entries
        join cards on cards.merchant_id = entries.merchant_id and cards.id = entries.card_id
        where ${where} order by ${order} offset ${offset} limit ${limit}`
      return { total, rows: rows.map(toEntry) }
    },
  }
}

const visibleEntries = (sql: Queryable, merchant: Merchant) => sql`
  entries.merchant_id = ${merchant.id} and entries.card_seq > 1 and entries.amount <> 0
  and ${visibleCards(sql, merchant)}`

const filterSql = (sql: Queryable, merchant: Merchant, filter: TransactionFilter) =>
  allOf(sql, visibleEntries(sql, merchant), [
    filter.ids && sql`entries.id = any(${filter.ids as bigint[]}::int8[])`,
    filter.cardIds && sql`entries.card_id = any(${filter.cardIds as bigint[]}::int8[])`,
    filter.orderRefs &&
      sql`entries.protocol = 'foodics' and entries.order_ref = any(${filter.orderRefs as string[]}::text[])`,
    // An entry never changes: both times are one.
    within(sql, sql`entries.created_at`, filter.createdIn),
    within(sql, sql`entries.created_at`, filter.updatedIn),
    laterThan(sql, sql`entries.created_at`, filter.updatedAfter),
  ])

/** Times to the second, as they are shown. */
const sortColumns = (sql: Queryable) => ({
  amount: sql`entries.amount`,
  created_at: sql`date_trunc('second', entries.created_at)`,
  updated_at: sql`date_trunc('second', entries.created_at)`,
})

async function count(
  sql: Queryable,
  merchant: Merchant,
  filter: TransactionFilter,
  where: ReturnType<typeof filterSql>,
): Promise<number> {
  const isWhole = Object.keys(filter).length === 0
  // The whole list is counted from the cards, whose numbering has no gaps; zero entries are few.
  const [row] = isWhole
    ? await sql<{ count: bigint }[]>`
        select (
          (select coalesce(sum(last_seq - 1), 0) from cards where ${visibleCards(sql, merchant)})
          - (select count(*) from entries
             join cards on cards.merchant_id = entries.merchant_id and cards.id = entries.card_id
             where entries.merchant_id = ${merchant.id} and entries.amount = 0 and entries.card_seq > 1
               and ${visibleCards(sql, merchant)})
        )::int8 as count`
    : await sql<{ count: bigint }[]>`
        select count(*) from entries
        join cards on cards.merchant_id = entries.merchant_id and cards.id = entries.card_id
        where ${where}`
  return Number(row?.count ?? 0n)
}
