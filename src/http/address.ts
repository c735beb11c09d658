import type { IncomingMessage } from 'node:http'

const HOST = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/** Host and port as the client dialled them; undefined if it does not say, or says what cannot be one. */
export function dialledHost({ headers }: IncomingMessage): string | undefined {
  return headers.host !== undefined && HOST.test(headers.host) ? headers.host : undefined
}

/** Our end of the connection, as a link names it. */
export function ownHost({
  socket: { localAddress = 'localhost', localPort },
}: IncomingMessage): string {
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`
}

/** The percent signs of a path that cannot be decoded are letters, which name nothing. */
export function escapePath(request: IncomingMessage): void {
  const [path = '', ...query] = (request.url ?? '').split('?')
  request.url = [path.replaceAll('%', '%25'), ...query].join('?')
}

/**
 * The target as paths are read, from a request that may name a whole URL (a client behind a proxy does);
 * the host of that URL then counts instead of the Host header (RFC 9112, 3.2.2).
 */
export function readTarget({ url = '/', headers }: IncomingMessage): string {
  if (url.startsWith('/')) return url
  const [whole, authority] = /^https?:\/\/([^/?#]*)/i.exec(url) ?? []
  if (whole === undefined) return url
  headers.host = authority
  const rest = url.slice(whole.length)
  return rest.startsWith('/') ? rest : `/${rest}`
}
