import { type Answer, json } from '../../http/answer.ts'
import { failNotFound } from './errors.ts'
import type { Call } from './shell.ts'

/** The two list envelopes (specs/inventorum.md 1.11). */

export type Page = { readonly page: number; readonly offset: number; readonly limit: number }

/** Rows of a page: unless it says how many, and at most. */
type Limits = { readonly usual: number; readonly max: number }

const LIMITS: Limits = { usual: 25, max: 100 }
/** Of lists that are older than the envelope with links. */
export const OLD_LIMITS: Limits = { usual: 40, max: 40 }

const readLimit = (query: URLSearchParams, { usual, max }: Limits): number =>
  Math.min(readPositive(query.get('limit')) ?? usual, max)

const readPositive = (text: string | null): number | undefined =>
  text !== null && /^\s*\+?\d{1,9}\s*$/.test(text) && Number(text) > 0 ? Number(text) : undefined

/** Rows of a page that exists; anything else is 404, but page 1 exists always. */
export function slicePage({ query }: Pick<Call, 'query'>, count: number, limits = LIMITS): Page {
  const limit = readLimit(query, limits)
  const last = Math.max(1, Math.ceil(count / limit))
  const page = query.has('page') ? readPositive(query.get('page')) : 1
  if (page === undefined || page > last) return failNotFound('Invalid page.')
  return { page, offset: (page - 1) * limit, limit }
}

/** `count`, links to the neighbours and `results`; links keep every other parameter. */
export function pageAnswer(
  call: Pick<Call, 'request' | 'base' | 'query'>,
  count: number,
  { page, offset, limit }: Page,
  results: readonly unknown[],
): Answer {
  const path = (call.request.raw.url ?? '').split('?', 1)[0] ?? ''
  const link = (to: number): string => {
    const query = new URLSearchParams(call.query)
    if (to === 1) query.delete('page')
    else query.set('page', String(to))
    const text = query.toString()
    return `${call.base}${path}${text === '' ? '' : `?${text}`}`
  }
  return json(200, {
    count,
    next: offset + limit < count ? link(page + 1) : null,
    previous: page > 1 ? link(page - 1) : null,
    results,
  })
}

/** Rows of an older list, in which a page past the end is empty. */
export function sliceOldPage({ query }: Pick<Call, 'query'>): Page {
  const limit = readLimit(query, OLD_LIMITS)
  const page = readPositive(query.get('page')) ?? 1
  return { page, offset: (page - 1) * limit, limit }
}

/** `total` and `data`. */
export const dataAnswer = (total: number, data: readonly unknown[]): Answer =>
  json(200, { total, data })
