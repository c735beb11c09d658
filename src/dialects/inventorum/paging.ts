import { type Answer, json } from '../../http/answer.ts'
import { failNotFound } from './errors.ts'
import type { Call } from './shell.ts'

/** The two list envelopes (specs/inventorum.md 1.11). */

export type Page = { readonly page: number; readonly offset: number; readonly limit: number }

const LIMIT_DEFAULT = 25
const LIMIT_MAX = 100
const OLD_LIMIT = 40

const readPositive = (text: string | null): number | undefined =>
  text !== null && /^\s*\+?\d{1,9}\s*$/.test(text) && Number(text) > 0 ? Number(text) : undefined

/** Rows of a page that exists; anything else is 404, but page 1 exists always. */
export function slicePage({ query }: Pick<Call, 'query'>, count: number): Page {
  const limit = Math.min(readPositive(query.get('limit')) ?? LIMIT_DEFAULT, LIMIT_MAX)
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

/** Rows of an older list: 40 at most, and a page past the end is empty. */
export function sliceOldPage({ query }: Pick<Call, 'query'>): Page {
  const limit = Math.min(readPositive(query.get('limit')) ?? OLD_LIMIT, OLD_LIMIT)
  const page = readPositive(query.get('page')) ?? 1
  return { page, offset: (page - 1) * limit, limit }
}

/** `total` and `data`. */
export const dataAnswer = (total: number, data: readonly unknown[]): Answer =>
  json(200, { total, data })
