import type { Fragment, Queryable } from '../db/database.ts'

/** A row as PostgreSQL gives it: null where the code says undefined. */
export type Row<T> = {
  readonly [K in keyof T]: undefined extends T[K] ? Exclude<T[K], undefined> | null : T[K]
}

/** Null becomes undefined, once, at the border to SQL. */
export const fromRow = <T>(row: Row<T>): T =>
  Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value ?? undefined])) as T // See Row.

export type Order<By extends string> = readonly {
  readonly by: By
  readonly descending: boolean
}[]

/** Which page of a list, at most `limit` rows. */
export type Page = { readonly limit: number; readonly offset: number }

/**
 * The columns of an `order by`. What was asked for wins over `fallback`, and ties then go by descending
 * id, unless the id is in the list itself (specs/pretix-vouchers.md 6.1).
 */
export function orderBy<By extends string>(
  sql: Queryable,
  order: Order<By>,
  columns: Readonly<Record<By, Fragment>>,
  fallback: Fragment,
): Fragment {
  if (order.length === 0) return fallback
  const terms = order.map(({ by, descending }, index) => {
    const direction = descending ? sql`desc` : sql`asc`
    return index === 0 ? sql`${columns[by]} ${direction}` : sql`, ${columns[by]} ${direction}`
  })
  return sql`${terms} ${order.some(({ by }) => by === 'id') ? sql`` : sql`, id desc`}`
}
