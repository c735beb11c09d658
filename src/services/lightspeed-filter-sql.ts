import type { Fragment, Queryable } from '../db/database.ts'
import {
  type Comparison,
  type Filter,
  type FilterValue,
  foldedFields,
  foldText,
  type TextMatch,
} from './lightspeed-filter.ts'

/** A field as a column that is never null; the type decides how values are bound to it. */
export type FilterColumn = {
  readonly sql: Fragment
  readonly type: 'int8' | 'text' | 'bool' | 'timestamptz'
}
export type FilterColumns = Readonly<Record<string, FilterColumn>>

/**
 * The predicate as a condition, with every value bound. It is exact, except that rows whose text is
 * beyond ASCII pass a predicate that overlooks case or diacritics (`hasFolding`): PostgreSQL folds by its
 * locale, so those have to be judged by `matches` afterwards.
 */
export function filterSql(sql: Queryable, filter: Filter, columns: FilterColumns): Fragment {
  const exact = conditionSql(sql, filter, columns)
  const beyondAscii = foldedFields(filter).map((field) => {
    const { sql: column } = columnOf(columns, field)
    return sql`octet_length(${column}) <> char_length(${column})`
  })
  return [exact, ...beyondAscii].reduce((left, right) => sql`(${left} or ${right})`)
}

/** The predicate as it holds for ASCII text. */
function conditionSql(sql: Queryable, filter: Filter, columns: FilterColumns): Fragment {
  switch (filter.kind) {
    case 'all':
      return sql`true`
    case 'none':
      return sql`false`
    case 'and':
      return sql`(${filter.terms
        .map((term) => conditionSql(sql, term, columns))
        .reduce((left, right) => sql`${left} and ${right}`)})`
    case 'or':
      return sql`(${filter.terms
        .map((term) => conditionSql(sql, term, columns))
        .reduce((left, right) => sql`${left} or ${right}`)})`
    case 'not':
      return sql`(not ${conditionSql(sql, filter.term, columns)})`
    case 'compare': {
      const column = columnOf(columns, filter.field)
      return compareSql(sql, column, filter.op, filter.value)
    }
    case 'match':
      return matchSql(sql, columnOf(columns, filter.field).sql, filter)
  }
}

function columnOf(columns: FilterColumns, field: string): FilterColumn {
  const column = columns[field]
  if (!column) throw new Error(`no column for the field ${field}`)
  return column
}

const INT8_MAX = 2n ** 63n - 1n

function compareSql(
  sql: Queryable,
  { sql: column, type }: FilterColumn,
  op: Comparison,
  value: FilterValue,
): Fragment {
  // No column is null, so nil is nothing's value.
  if (value === undefined) return op === '!=' ? sql`true` : sql`false`
  if (typeof value === 'bigint' && type === 'int8' && (value > INT8_MAX || value < -INT8_MAX)) {
    const below = op === '!=' || (value > 0n ? op.startsWith('<') : op.startsWith('>'))
    return below ? sql`true` : sql`false`
  }
  const bound = boundSql(sql, type, value)
  switch (op) {
    // Without a collation, which bytes decide anyway, the index on codes is used.
    case '=':
      return sql`${column} = ${bound}`
    case '!=':
      return sql`${column} <> ${bound}`
    default: {
      const left = type === 'text' ? sql`${column} collate "C"` : column
      if (op === '<') return sql`${left} < ${bound}`
      if (op === '<=') return sql`${left} <= ${bound}`
      return op === '>' ? sql`${left} > ${bound}` : sql`${left} >= ${bound}`
    }
  }
}

function boundSql(
  sql: Queryable,
  type: FilterColumn['type'],
  value: Exclude<FilterValue, undefined>,
): Fragment {
  if (type === 'int8') return sql`${value as bigint}::int8` // Values are read by the column's type.
  if (type === 'timestamptz') return sql`${value as bigint}::timestamptz` // As above.
  return type === 'bool' ? sql`${value}::bool` : sql`${value}::text`
}

function matchSql(
  sql: Queryable,
  column: Fragment,
  { op, value, folding }: Extract<Filter, { kind: 'match' }>,
): Fragment {
  if (!folding.case && !folding.marks) return textSql(sql, column, op, value)
  // ASCII has no diacritics, and upper() in the C locale folds nothing but ASCII.
  const folded = folding.case ? sql`upper(${column} collate "C")` : column
  return textSql(sql, folded, op, foldText(value, folding))
}

function textSql(sql: Queryable, text: Fragment, op: TextMatch, value: string): Fragment {
  switch (op) {
    case 'contains':
      return sql`strpos(${text}, ${value}::text) > 0`
    case 'beginswith':
      return sql`starts_with(${text}, ${value}::text)`
    case 'endswith':
      return sql`right(${text}, length(${value}::text)) = ${value}::text`
    case 'like':
      return sql`${text} like ${likePattern(value)}::text`
  }
}

/** `*` and `?` are LIKE's `%` and `_`; its own wildcards and its escape stand for themselves. */
const likePattern = (pattern: string): string =>
  pattern
    .replace(/[\\%_]/g, '\\$&')
    .replace(/\*+/g, '%')
    .replaceAll('?', '_')
