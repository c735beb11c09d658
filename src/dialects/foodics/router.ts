import { methodNotAllowed, notFound } from './errors.ts'
import type { Route } from './exchange.ts'

export type Matched = { readonly route: Route; readonly params: readonly (string | undefined)[] }

export type Router = (method: string, path: string) => Matched

/** PATCH is PUT, and HEAD is GET without the body (specs/foodics.md 1.2). */
const SAME_AS: Readonly<Record<string, string>> = { PATCH: 'PUT', HEAD: 'GET' }

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

const matches = (pattern: readonly string[], segments: readonly string[]): boolean =>
  pattern.length === segments.length &&
  pattern.every((part, index) =>
    part.startsWith(':') ? segments[index] !== '' : part === segments[index],
  )

/**
 * Finds the route of a raw path below `/v5`, so that an encoded slash stays within its segment. Refuses
 * 404 for no route, 405 with `Allow` for another method.
 */
export function createRouter(routes: readonly Route[]): Router {
  const table = routes.map((route) => ({ route, pattern: route.path.split('/') }))
  // Most requests go to a path without parameters: those need no search.
  const fixed = Map.groupBy(
    table.filter(({ route }) => !route.path.includes(':')),
    ({ route }) => `/${route.path}`,
  )
  return (method, path) => {
    const segments = path.slice(1).split('/')
    const found = fixed.get(path) ?? table.filter(({ pattern }) => matches(pattern, segments))
    if (found.length === 0) throw notFound()
    const wanted = SAME_AS[method] ?? method
    const match = found.find(({ route }) => route.method === wanted)
    if (!match) throw methodNotAllowed(found.flatMap(({ route }) => allowed(route.method)))
    const params = segments
      .filter((_, index) => match.pattern[index]?.startsWith(':'))
      .map(decodeSegment)
    return { route: match.route, params }
  }
}

const allowed = (method: Route['method']): string[] =>
  method === 'PUT' ? ['PUT', 'PATCH'] : [method]
