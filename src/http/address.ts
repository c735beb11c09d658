import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { SetupError } from '../errors.ts'

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

/** Listens and returns the URL. Refuses (SetupError) an address that cannot be had. */
export async function listenOn(
  server: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    return await server.listen({ host, port })
  } catch (error) {
    throw unlistenable(host, port, error)
  }
}

/** Refuses (SetupError) a port that somebody has, before it is needed. */
export async function assertFree(host: string, port: number | undefined): Promise<void> {
  if (!port) return
  const probe = createServer()
  try {
    probe.listen(port, host)
    await once(probe, 'listening')
  } catch (error) {
    throw unlistenable(host, port, error)
  }
  probe.close()
  await once(probe, 'close')
}

function unlistenable(host: string, port: number, error: unknown): SetupError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return new SetupError(`Port ${port} on ${host} is in use.`)
  return new SetupError(`Cannot listen on ${host}:${port}: ${String(code ?? error)}`)
}
