import multipart from '@fastify/multipart'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { send } from '../../http/answer.ts'
import type { Dialect, DialectContext } from '../../http/dialect.ts'
import { authenticate, readVersion } from './auth.ts'
import { addCategories } from './categories/routes.ts'
import { answerFor, failNotFound } from './errors.ts'
import { addGiftCards } from './gift-cards/routes.ts'
import { addImageFiles, addImages } from './images/routes.ts'
import { addImportFiles } from './imports/files.ts'
import { addImports } from './imports/routes.ts'
import { addInfo } from './info/routes.ts'
import { addIssuedCards } from './issued-cards/routes.ts'
import { addReceiptFiles } from './orders/files.ts'
import { addOrders } from './orders/routes.ts'
import { addPrecoded } from './pre-coded/routes.ts'
import { addProducts } from './products/routes.ts'
import { createShell, ownedPrefixes } from './shell.ts'
import { addTaxes } from './taxes/routes.ts'

/** Inventorum coreAPI: a till's shop around its gift cards; its page is README.md. */
export const inventorum: Dialect = {
  name: 'inventorum',
  register: async (app, context) => {
    await app.register(multipart)
    const add = createShell(app, context)
    addGiftCards(add)
    addPrecoded(add)
    addImports(add)
    addOrders(add)
    addIssuedCards(add)
    addProducts(add)
    addCategories(add)
    addImages(add)
    addInfo(add)
    addImportFiles(app, context)
    addImageFiles(app, context)
    addReceiptFiles(app, context)
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
