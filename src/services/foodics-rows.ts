import type { Queryable } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'

/** From the first instant that is in to the first that is not. */
export type Span = { readonly from: Instant; readonly until: Instant }

export type SortKey = { readonly field: string; readonly descending: boolean }

/** Which part of a list is wanted, told when its length is known. */
export type ChooseSlice = (total: number) => { readonly offset: number; readonly limit: number }

export type Slice<T> = { readonly total: number; readonly rows: readonly T[] }

type Fragment = ReturnType<typeof fragment>
const fragment = (sql: Queryable) => sql``

/** Joins conditions with `and`; there is always a first one. */
export const allOf = (sql: Queryable, first: Fragment, rest: readonly (Fragment | undefined)[]) =>
  rest.reduce<Fragment>((so, next) => (next ? sql`${so} and ${next}` : so), first)

/** A time in any of the spans; no spans, no condition. */
export function within(
  sql: Queryable,
  column: Fragment,
  spans: readonly Span[] | undefined,
): Fragment | undefined {
  if (!spans) return undefined
  const any = spans
    // Up to the last microsecond: the day after 31 December 9999 cannot be written.
    .map(
      ({ from, until }) =>
        sql`(${column} >= ${from}::timestamptz and ${column} <= ${until - 1n}::timestamptz)`,
    )
    .reduce<Fragment | undefined>((so, next) => (so ? sql`${so} or ${next}` : next), undefined)
  return any ? sql`(${any})` : sql`false`
}

/** Strictly later as clients see it: time stamps are shown to the second. */
export const laterThan = (
  sql: Queryable,
  column: Fragment,
  instant: Instant | undefined,
): Fragment | undefined =>
  instant === undefined ? undefined : sql`${column} > ${instant + 999_999n}::timestamptz`

/**
 * The order of a list: the keys asked for, then insertion, which runs the way of the first key, so that a
 * list sorted the other way round is its exact reverse.
 */
export function orderBy(
  sql: Queryable,
  keys: readonly SortKey[],
  columns: { readonly [field: string]: Fragment },
  insertion: Fragment,
): Fragment {
  const way = (descending: boolean) => (descending ? sql`desc` : sql`asc`)
  return keys.reduceRight<Fragment>(
    (so, { field, descending }) => {
      const column = columns[field]
      if (!column) throw new Error(`a list that cannot be sorted by ${field}`)
      return sql`${column} ${way(descending)}, ${so}`
    },
    sql`${insertion} ${way(keys[0]?.descending ?? false)}`,
  )
}
