import { type Answer, json } from '../../http/answer.ts'
import type { Slice } from '../../instruments/cards.ts'
import { fail, notFound } from './errors.ts'
import { type Call, targetOf } from './resource.ts'

const PAGE_SIZE_MAX = 50

/** Which page is asked for; the size falls back silently, the number does not (6.1). */
export type PageRequest = { readonly page: string; readonly size: number }

export function readPage(query: ReadonlyMap<string, string>): PageRequest {
  const text = query.get('page_size') ?? ''
  const size = /^\s*\+?\d+\s*$/.test(text) ? Number(text) : 0
  return {
    page: query.get('page') || '1',
    size: size > 0 ? Math.min(size, PAGE_SIZE_MAX) : PAGE_SIZE_MAX,
  }
}

/** The rows of a page of `count` rows; a page that does not exist is 404 (page 1 always exists). */
export function slicePage(
  { page, size }: PageRequest,
  count: number,
): Slice & { readonly page: number } {
  const last = Math.max(1, Math.ceil(count / size))
  const number = page === 'last' ? last : /^\s*\+?0*\d{1,9}\s*$/.test(page) ? Number(page) : 0
  if (number < 1 || number > last) fail(notFound('Invalid page.'))
  return { page: number, offset: (number - 1) * size, limit: size }
}

/** The list envelope; links keep every other parameter, sorted by name, and page 1 has no `page`. */
export function listAnswer(
  { request, context }: Pick<Call, 'request' | 'context'>,
  count: number,
  { page, offset, limit }: Slice & { readonly page: number },
  results: readonly unknown[],
  headers: Record<string, string> = {},
): Answer {
  const link = (to: number): string => {
    const { path, query } = targetOf(request)
    const parameters = new URLSearchParams(query)
    parameters.delete('page')
    if (to !== 1) parameters.set('page', String(to))
    parameters.sort()
    // The two characters that pretix's own links spell differently.
    const text = parameters.toString().replaceAll('*', '%2A').replaceAll('%7E', '~')
    return `${context.publicUrl(request)}${path}${text === '' ? '' : `?${text}`}`
  }
  return json(
    200,
    {
      count,
      next: offset + limit < count ? link(page + 1) : null,
      previous: page > 1 ? link(page - 1) : null,
      results,
    },
    headers,
  )
}
