import type { IncomingMessage } from 'node:http'
import { nodeHttp } from './node-http.ts'

/**
 * The methods of a route, if a dialect answers those it lacks in its own words. A client may try any
 * other that HTTP knows: those come by the route of TRACE, which no resource has, under their own name.
 */
export const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
] as const

/** What a client may try; CONNECT is for proxies. */
export const ALL_METHODS: readonly string[] = nodeHttp.METHODS.filter(
  (method) => method !== 'CONNECT',
)

const ROUTED: ReadonlySet<string> = new Set(METHODS)
/** The methods of requests that are being routed as TRACE. */
const disguised = new WeakMap<IncomingMessage, string>()

/**
 * Lets a request of any other method find the route of TRACE. A route for each of the thirty, on every path,
 * would take ten megabytes and a quarter of a second of every start.
 */
export function disguise(raw: IncomingMessage): void {
  const { method = 'TRACE' } = raw
  if (ROUTED.has(method)) return
  disguised.set(raw, method)
  raw.method = 'TRACE'
}

/** Gives a request back the method that it came with. */
export function reveal(raw: IncomingMessage): void {
  const method = raw.method === 'TRACE' ? disguised.get(raw) : undefined
  if (method !== undefined) raw.method = method
}
