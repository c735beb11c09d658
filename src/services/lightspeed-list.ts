import type { Database, Fragment } from '../db/database.ts'
import {
  type Filter,
  type FilterRecord,
  type FilterValue,
  foldedFields,
  matches,
} from './lightspeed-filter.ts'
import { type FilterColumns, filterSql } from './lightspeed-filter-sql.ts'

/** One field that a list is ordered by; ids break every tie, ascending. */
export type ListOrder = { readonly field: string; readonly descending: boolean }

/** What of a list is wanted; no `count` is everything (specs/lightspeed-onsite.md 5.1). */
export type ListWish = {
  readonly filter: Filter
  readonly order: readonly ListOrder[]
  readonly offset: number
  readonly count: number | undefined
}

/** The ids of a list's members in order, and how many matched before paging. */
export type ListPage = { readonly ids: readonly bigint[]; readonly total: number }

/** What can be listed: rows that are visible at all, and their fields as columns. */
export type ListSource = {
  readonly from: Fragment
  readonly columns: FilterColumns & Readonly<Record<'id', FilterColumns[string]>>
}

const ROWS_AT_ONCE = 2_000

/** Ids by predicate, in order, page by page; exact also where PostgreSQL folds text in another way. */
export async function listIds(
  db: Database,
  { from, columns }: ListSource,
  wish: ListWish,
): Promise<ListPage> {
  const where = filterSql(db, wish.filter, columns)
  const order = orderSql(db, columns, wish.order)
  if (foldedFields(wish.filter).length > 0) return await listFolded(db, from, columns, where, wish)
  if (wish.count === undefined && wish.offset === 0) {
    const ids: bigint[] = []
    const rows = db<{ id: bigint }[]>`
      select ${columns.id.sql} as id from ${from} and ${where} order by ${order}`
    // Some at a time, so that a long list lets others have their turn.
    for await (const some of rows.cursor(ROWS_AT_ONCE)) for (const { id } of some) ids.push(id)
    return { ids, total: ids.length }
  }
  // One statement, so that the total is of the same instant as the page.
  const rows = await db<{ total: bigint; id: bigint | null }[]>`
    with page as (
      select ${columns.id.sql} as id, row_number() over (order by ${order}) as position
      from ${from} and ${where}
      order by ${order} offset ${wish.offset}::int8 limit ${wish.count ?? null}::int8
    )
    select counted.total, page.id from (select count(*) as total from ${from} and ${where}) counted
    left join page on true order by page.position`
  return {
    ids: rows.flatMap(({ id }) => (id === null ? [] : [id])),
    total: Number(rows[0]?.total ?? 0n),
  }
}

async function listFolded(
  db: Database,
  from: Fragment,
  columns: ListSource['columns'],
  where: Fragment,
  { filter, order, offset, count }: ListWish,
): Promise<ListPage> {
  const names = Object.keys(columns)
  const selected = names
    .map((name) => db`${columns[name]?.sql ?? db`null`} as ${db(name)}`)
    .reduce((left, right) => db`${left}, ${right}`)
  const ids: bigint[] = []
  const candidates = db<Record<string, FilterValue>[]>`
    select ${selected} from ${from} and ${where} order by ${orderSql(db, columns, order)}`
  // Row by row: only the ids of what matches are kept.
  for await (const rows of candidates.cursor(ROWS_AT_ONCE))
    for (const row of rows as FilterRecord[]) // No column is null.
      if (matches(filter, row) && typeof row.id === 'bigint') ids.push(row.id)
  return {
    ids: ids.slice(offset, count === undefined ? undefined : offset + count),
    total: ids.length,
  }
}

function orderSql(
  db: Database,
  columns: ListSource['columns'],
  order: readonly ListOrder[],
): Fragment {
  return [...order, { field: 'id', descending: false }]
    .map(({ field, descending }) => {
      const column = columns[field]
      if (!column) throw new Error(`no column for the field ${field}`)
      const key = column.type === 'text' ? db`${column.sql} collate "C"` : column.sql
      return descending ? db`${key} desc` : key
    })
    .reduce((left, right) => db`${left}, ${right}`)
}
