import type { Instant } from '../../money/instant.ts'
import { badRequest, FaultList } from './errors.ts'
import { parseDay, parseStamp, type Span } from './wire.ts'

/** One `key=value` of a query, decoded, in the order in which it was sent. */
export type Pair = readonly [key: string, value: string]

/** How a filter's value is read (specs/foodics.md 3 and 6). */
export type FilterKind =
  | 'text'
  | 'integer'
  | 'one-integer'
  | 'boolean'
  | 'days'
  | 'after'
  | 'one-day'

/** What one list knows; anything else in a filter, `include` or `sort` is 400. */
export type Grammar = {
  readonly filters: { readonly [name: string]: FilterKind }
  readonly sorts: readonly string[]
  readonly includes: (name: string) => boolean
}

/** What a filter asks for: any of the listed values, or later than one. */
export type Filter =
  | { readonly kind: 'text'; readonly anyOf: readonly string[] }
  | { readonly kind: 'integer'; readonly anyOf: readonly bigint[] }
  | { readonly kind: 'one-integer'; readonly value: bigint }
  | { readonly kind: 'boolean'; readonly anyOf: readonly boolean[] }
  | { readonly kind: 'days'; readonly anyOf: readonly Span[] }
  | { readonly kind: 'one-day'; readonly day: Span }
  | { readonly kind: 'after'; readonly instant: Instant }

export type SortKey = { readonly field: string; readonly descending: boolean }

export type ListQuery = {
  readonly filters: ReadonlyMap<string, Filter>
  readonly sort: readonly SortKey[]
  readonly includes: ReadonlySet<string>
  readonly page: bigint
  readonly perPage: number
}

export const PER_PAGE_MAX = 50
/** An integer of more digits is none to us; it bounds what a number costs to read. */
const INTEGER = /^-?\d{1,1000}$/
/** No relation that has an effect lies deeper. */
const INCLUDE_DEPTH_MAX = 3

/** Form decoding that never fails: `+` is a space, a broken escape or broken UTF-8 stands for itself. */
export function decodePart(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}

/** The query of a URL, or a form's body: pairs as sent. */
export function parsePairs(raw: string): Pair[] {
  const pairs: Pair[] = []
  for (const part of raw.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    pairs.push(
      equals === -1
        ? [decodePart(part), '']
        : [decodePart(part.slice(0, equals)), decodePart(part.slice(equals + 1))],
    )
  }
  return pairs
}

/** Values given under one name: a plain key replaces what was there, an array key adds or sets. */
class Values {
  #list: string[] = []
  #isArray = false

  set(value: string): void {
    this.#list = [value]
    this.#isArray = false
  }

  push(value: string): void {
    if (!this.#isArray) this.#list = []
    this.#isArray = true
    this.#list.push(value)
  }

  /** As one text, for what takes a single value: a comma in it makes it something else. */
  get whole(): string {
    return this.#list.join(',').trim()
  }

  /** All values as one comma list without its empty items. */
  items(): string[] {
    return this.#list.flatMap((value) => value.split(',')).filter((item) => item.trim() !== '')
  }
}

const KEY = /^(filter|include|sort|page|per_page)((?:\[[^\]]*\])*)$/
const isIndex = (text: string): boolean => /^\d*$/.test(text)

type Sorted = {
  readonly filters: Map<string, Values>
  readonly plain: Map<string, Values>
}

/** Sorts the known parameters out; every other top-level parameter is ignored. */
function collect(pairs: readonly Pair[]): Sorted {
  const filters = new Map<string, Values>()
  const plain = new Map<string, Values>()
  for (const [key, value] of pairs) {
    const match = KEY.exec(key)
    if (!match) continue
    const [, name = '', brackets = ''] = match
    const path = brackets === '' ? [] : brackets.slice(1, -1).split('][')
    const [target, id, rest] =
      name === 'filter' ? [filters, path[0], path.slice(1)] : [plain, name, path]
    if (id === undefined) continue
    const isList = rest.length === 1 && isIndex(rest[0] ?? '')
    // What is nested otherwise is no name that any list knows; it is kept whole to be named in the 400.
    const slot = rest.length === 0 || isList ? id : [id, ...rest].join('.')
    const values = target.get(slot) ?? new Values()
    target.set(slot, values)
    if (isList) values.push(value)
    else values.set(value)
  }
  return { filters, plain }
}

/** Includes alone, as single objects and POST answers know them. Refuses (400) an unknown one. */
export function readIncludes(
  pairs: readonly Pair[],
  knows: Grammar['includes'],
): ReadonlySet<string> {
  return includesOf(collect(pairs), knows)
}

function includesOf({ plain }: Sorted, knows: Grammar['includes']): ReadonlySet<string> {
  const includes = new Set<string>()
  for (const item of plain.get('include')?.items() ?? []) {
    const name = item.trim()
    if (!knows(name)) throw badRequest(`Requested include \`${name}\` is not allowed.`)
    // A dotted include implies its parents.
    const parts = name.split('.')
    for (let end = 1; end <= Math.min(parts.length, INCLUDE_DEPTH_MAX); end += 1)
      includes.add(parts.slice(0, end).join('.'))
  }
  return includes
}

function sortOf({ plain }: Sorted, sorts: Grammar['sorts']): SortKey[] {
  const keys: SortKey[] = []
  for (const item of plain.get('sort')?.items() ?? []) {
    const text = item.trim()
    const descending = text.startsWith('-')
    const field = descending ? text.slice(1) : text
    if (!sorts.includes(field)) throw badRequest(`Requested sort \`${field}\` is not allowed.`)
    // What is already sorted by cannot be sorted by again.
    if (!keys.some((key) => key.field === field)) keys.push({ field, descending })
  }
  return keys
}

const TEXT = {
  integer: 'must be an integer',
  boolean: 'must be true or false',
  day: 'is not a valid date',
  stamp: 'is not a valid date and time',
} as const

function readInteger(text: string): bigint | undefined {
  return INTEGER.test(text) ? BigInt(text) : undefined
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/** All items read, or undefined if one cannot be. */
function readAll<T>(
  items: readonly string[],
  read: (text: string) => T | undefined,
): T[] | undefined {
  const values: T[] = []
  for (const item of items) {
    const value = read(item.trim())
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}

function readFilter(kind: FilterKind, values: Values): Filter | string {
  const { whole } = values
  const items = values.items()
  switch (kind) {
    case 'text':
      return { kind, anyOf: items }
    case 'integer': {
      const anyOf = readAll(items, readInteger)
      return anyOf ? { kind, anyOf } : TEXT.integer
    }
    case 'one-integer': {
      const value = readInteger(whole)
      return value === undefined ? TEXT.integer : { kind, value }
    }
    case 'boolean': {
      const anyOf = readAll(items, (text) => BOOLEANS.get(text))
      return anyOf ? { kind, anyOf } : TEXT.boolean
    }
    case 'days': {
      const anyOf = readAll(items, parseDay)
      return anyOf ? { kind, anyOf } : TEXT.day
    }
    case 'one-day': {
      const day = parseDay(whole)
      return day ? { kind, day } : TEXT.day
    }
    case 'after': {
      const instant = parseStamp(whole)
      return instant === undefined ? TEXT.stamp : { kind, instant }
    }
  }
}

function readPositive(values: Values | undefined): bigint | undefined {
  const value = readInteger(values?.whole ?? '')
  return value !== undefined && value > 0n ? value : undefined
}

/**
 * Reads a list's query. Refuses unknown names first (400), then values that cannot be read (422, all of
 * them together).
 */
export function readListQuery(pairs: readonly Pair[], grammar: Grammar): ListQuery {
  const sorted = collect(pairs)
  for (const name of sorted.filters.keys())
    if (!Object.hasOwn(grammar.filters, name))
      throw badRequest(`Requested filter \`${name}\` is not allowed.`)
  const includes = includesOf(sorted, grammar.includes)
  const sort = sortOf(sorted, grammar.sorts)

  const faults = new FaultList()
  const filters = new Map<string, Filter>()
  for (const [name, values] of sorted.filters) {
    const kind = grammar.filters[name]
    if (kind === undefined || values.items().length === 0) continue
    const filter = readFilter(kind, values)
    if (typeof filter === 'string') faults.add(`filter.${name}`, `The ${name} filter ${filter}.`)
    else filters.set(name, filter)
  }
  faults.assertNone()

  const perPage = readPositive(sorted.plain.get('per_page'))
  return {
    filters,
    sort,
    includes,
    page: readPositive(sorted.plain.get('page')) ?? 1n,
    perPage: Number(
      perPage === undefined || perPage > BigInt(PER_PAGE_MAX) ? PER_PAGE_MAX : perPage,
    ),
  }
}
