import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { SetupError } from '../../errors.ts'
import type { Dialect, DialectContext, ListenerOptions } from '../../http/dialect.ts'
import { METHODS } from '../../http/methods.ts'
import { type KeyPair, keptKeyPair } from './certificate.ts'
import { answerFor, OnSiteError } from './errors.ts'
import type { Exchange } from './shell.ts'

/**
 * Lets these paths through to the exchange with their bodies unread: who calls, and whether the path
 * exists, is decided before a body counts, and a body's type and size never decide on their own.
 */
export function addExchange(
  app: FastifyInstance,
  exchange: Exchange,
  paths: readonly string[],
): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined))
  app.addHook('onRequest', async ({ raw }) => {
    // Whatever it says, even what is no media type at all, is ignored (specs/lightspeed-onsite.md 3).
    if (raw.headers['content-type'] !== undefined) raw.headers['content-type'] = 'application/xml'
  })
  for (const url of paths)
    app.route({
      method: [...METHODS],
      url,
      handler: (request, reply) => exchange(request, reply),
    })
}

/** Opens the listener on which everything below `/api/` is ours, if a port is configured for it. */
export async function openListener(
  createListener: Parameters<NonNullable<Dialect['listen']>>[0],
  context: DialectContext,
  exchange: Exchange,
): ReturnType<NonNullable<Dialect['listen']>> {
  const { lightspeedPort: port, host } = context.config
  if (port === undefined) return undefined
  const keyPair = await readKeyPair(context)
  const options: ListenerOptions = {
    ...(keyPair ? { https: keyPair } : {}),
    malformedUrl: (request, reply) => exchange(request, reply, 'malformed'),
    // Nothing but a filter grows as long as that.
    malformedRequest: (status) =>
      answerFor(new OnSiteError(status === 431 ? 'server.invalid_filter' : 'server.malformed_xml'))
        .answer,
  }
  const app = createListener(options)
  await app.register(async (scope) => {
    scope.addHook('onRequest', async (request) => {
      request.dialect = 'lightspeed'
    })
    addExchange(scope, exchange, ['/api', '/api/*'])
  })
  try {
    const url = await app.listen({ host, port })
    context.log.info({ url: `${url}/api/` }, 'LightSpeed OnSite listens')
  } catch (error) {
    await app.close()
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') throw new SetupError(`Port ${port} on ${host} is in use.`)
    throw new SetupError(`Cannot listen on ${host}:${port}: ${String(code ?? error)}`)
  }
  return () => app.close()
}

/** Undefined: plain HTTP, for tests and behind a proxy. */
async function readKeyPair({ config, now }: DialectContext): Promise<KeyPair | undefined> {
  const { lightspeedTls: tls, dataDirectory, host } = config
  if (tls === 'off') return undefined
  if (tls === 'self-signed')
    return await keptKeyPair(resolve(dataDirectory), [host], new Date(Number(now() / 1_000n)))
  try {
    const [cert, key] = await Promise.all([readFile(tls.cert, 'utf8'), readFile(tls.key, 'utf8')])
    return { cert, key }
  } catch {
    throw new SetupError(`--lightspeed-tls: ${tls.cert} and ${tls.key} cannot be read.`)
  }
}
