import { rawNumber } from '../../wire/json.ts'
import type { ListQuery, Pair } from './query.ts'

/** One page of a list with what its envelope says about the whole. */
export type Page = {
  readonly data: readonly unknown[]
  readonly total: number
  readonly query: Pick<ListQuery, 'page' | 'perPage'>
  /** The address as it was called, absolute, without its query. */
  readonly path: string
  /** The query as it was sent. */
  readonly pairs: readonly Pair[]
  /** Where the list ends although there is more: orders stop after page 10. */
  readonly pagesMax?: number
}

/** More pages than this are not listed one by one but as Laravel's window around the current one. */
const LISTED_PAGES_MAX = 1_000
const ON_EACH_SIDE = 3

/** RFC 3986: what `encodeURIComponent` leaves of the reserved characters is escaped too. */
const escapePart = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )

const urlOf = (path: string, pairs: readonly Pair[]) => {
  const kept = pairs
    .filter(([key]) => key !== 'page')
    .map(([key, value]) => `${escapePart(key)}=${escapePart(value)}`)
  return (page: bigint): string => `${path}?${[...kept, `page=${page}`].join('&')}`
}

/** Page numbers as the links show them, 0 standing for a gap. */
function listedPages(current: bigint, last: bigint): bigint[] {
  const range = (from: bigint, to: bigint): bigint[] =>
    Array.from({ length: Number(to - from) + 1 }, (_, index) => from + BigInt(index))
  if (last <= BigInt(LISTED_PAGES_MAX)) return range(1n, last)
  const side = BigInt(ON_EACH_SIDE)
  const middle = current < last ? current : last
  const from = middle - side > 3n ? middle - side : 3n
  const to = middle + side < last - 2n ? middle + side : last - 2n
  return [
    ...range(1n, 2n),
    ...(from > 3n ? [0n] : []),
    ...(from <= to ? range(from, to) : []),
    ...(to < last - 2n ? [0n] : []),
    ...range(last - 1n, last),
  ]
}

/** How many rows the database must skip and return for a page; nothing past the list's end. */
export function pageSlice(
  { page, perPage }: Pick<ListQuery, 'page' | 'perPage'>,
  total: number,
  pagesMax?: number,
): { readonly offset: number; readonly limit: number } {
  const isPast =
    (page - 1n) * BigInt(perPage) >= BigInt(total) ||
    (pagesMax !== undefined && page > BigInt(pagesMax))
  return isPast ? { offset: 0, limit: 0 } : { offset: (Number(page) - 1) * perPage, limit: perPage }
}

/** The list envelope of specs/foodics.md 3.3: every address absolute, `page` replaced, the rest kept. */
export function encodeList({ data, total, query, path, pairs, pagesMax }: Page): unknown {
  const { page, perPage } = query
  const pages = BigInt(Math.max(1, Math.ceil(total / perPage)))
  const last = pagesMax !== undefined && pages > BigInt(pagesMax) ? BigInt(pagesMax) : pages
  const url = urlOf(path, pairs)
  const prev = page > 1n ? url(page - 1n) : null
  const next = page < last ? url(page + 1n) : null
  const from = (page - 1n) * BigInt(perPage) + 1n
  const number = (value: bigint): unknown => rawNumber(value.toString())
  return {
    data,
    links: { first: url(1n), last: url(last), prev, next },
    meta: {
      current_page: number(page),
      from: data.length === 0 ? null : number(from),
      last_page: number(last),
      links: [
        { url: prev, label: '&laquo; Previous', active: false },
        ...listedPages(page, last).map((listed) =>
          listed === 0n
            ? { url: null, label: '...', active: false }
            : { url: url(listed), label: listed.toString(), active: listed === page },
        ),
        { url: next, label: 'Next &raquo;', active: false },
      ],
      path,
      per_page: perPage,
      to: data.length === 0 ? null : number(from + BigInt(data.length) - 1n),
      total,
    },
  }
}
