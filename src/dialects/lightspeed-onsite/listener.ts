import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../config.ts'
import { SetupError } from '../../errors.ts'
import { listenOn } from '../../http/address.ts'
import { send } from '../../http/answer.ts'
import type { Dialect, DialectContext, ListenerOptions } from '../../http/dialect.ts'
import { METHODS } from '../../http/methods.ts'
import { claimRoutes } from '../../http/server.ts'
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
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    // Whatever it says, even what is no media type at all, is ignored (specs/lightspeed-onsite.md 3).
    if (raw.headers['content-type'] !== undefined) raw.headers['content-type'] = 'application/xml'
    done()
  })
  app.setErrorHandler((error, _request, reply) => send(reply, answerFor(error).answer))
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
    claimRoutes(scope, 'lightspeed')
    addExchange(scope, exchange, ['/api', '/api/*'])
  })
  try {
    const url = await listenOn(app, { host, port })
    context.log.info({ url: `${url}/api/` }, 'LightSpeed OnSite listens')
  } catch (error) {
    await app.close()
    throw error
  }
  return () => app.close()
}

/** Refuses (SetupError) a certificate or key that cannot be used. */
export async function assertKeyPair({ lightspeedPort, lightspeedTls }: Config): Promise<void> {
  if (lightspeedPort !== undefined && typeof lightspeedTls === 'object')
    await readKeyFiles(lightspeedTls)
}

/** Undefined: plain HTTP, for tests and behind a proxy. */
async function readKeyPair({ config, now }: DialectContext): Promise<KeyPair | undefined> {
  const { lightspeedTls: tls, dataDirectory, host } = config
  if (tls === 'off') return undefined
  if (tls === 'self-signed')
    return await keptKeyPair(resolve(dataDirectory), [host], new Date(Number(now() / 1_000n)))
  return await readKeyFiles(tls)
}

async function readKeyFiles(files: {
  readonly cert: string
  readonly key: string
}): Promise<KeyPair> {
  const [cert, key] = await Promise.all(
    [files.cert, files.key].map((file) =>
      readFile(file, 'utf8').catch(() => {
        throw new SetupError(`--lightspeed-tls: ${file} cannot be read.`)
      }),
    ),
  )
  const pair = { cert: cert ?? '', key: key ?? '' }
  try {
    createSecureContext(pair)
    return pair
  } catch {
    throw new SetupError(
      `--lightspeed-tls: ${files.cert} and ${files.key} are not a certificate and its key.`,
    )
  }
}
