import multipart from '@fastify/multipart'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { send } from '../../http/answer.ts'
import type { Dialect, DialectContext } from '../../http/dialect.ts'
import { authenticate, readVersion } from './auth.ts'
import { answerFor, failNotFound } from './errors.ts'
import { createShell, ownedPrefixes } from './shell.ts'
import { addImportFiles } from './imports/files.ts'
import { addImports } from './imports/routes.ts'
import { addTaxes } from './taxes/routes.ts'

/** Inventorum coreAPI: a till's shop around its gift cards; its page is README.md. */
export const inventorum: Dialect = {
  name: 'inventorum',
  register: async (app, context) => {
    await app.register(multipart)
    const add = createShell(app, context)
    addImports(add)
    addImportFiles(app, context)
    addTaxes(add)
  },
  malformedUrl: { prefixes: ownedPrefixes.map((prefix) => `${prefix}/`), answer: nowhere },
}

/** A path whose escapes cannot be decoded names nothing, which a stranger need not know. */
async function nowhere(
  request: FastifyRequest,
  reply: FastifyReply,
  context: DialectContext,
): Promise<unknown> {
  const family = (request.raw.url ?? '').startsWith('/api/v2/') ? 'v2' : 'v1'
  try {
    await authenticate(request.headers.authorization, context.services.merchants)
    const version = request.headers['x-api-version']
    readVersion(typeof version === 'string' ? version : undefined)
    return failNotFound()
  } catch (error) {
    return send(reply, answerFor(error, family).answer)
  }
}
