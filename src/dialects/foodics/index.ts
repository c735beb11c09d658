import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, send } from '../../http/answer.ts'
import type { Dialect, DialectContext } from '../../http/dialect.ts'
import { METHODS } from '../../http/methods.ts'
import { logDefect } from '../../http/server.ts'
import { readBody } from './body.ts'
import { answerOf, methodNotAllowed } from './errors.ts'
import { createGate, type Gate } from './gate.ts'
import { productRoutes } from './gift-card-products/routes.ts'
import { transactionRoutes } from './gift-card-transactions/routes.ts'
import { cardRoutes } from './gift-cards/routes.ts'
import { answerTokenRequest } from './oauth/routes.ts'
import { orderRoutes } from './orders/routes.ts'
import { createRouter } from './router.ts'
import { whoamiRoutes } from './whoami/routes.ts'

const PREFIX = '/v5'
/** Gift card resources are served without the prefix too (contract.md section 2). */
const BARE = ['/gift_card_transactions', '/gift_cards', '/gift_card_products']
/** At the root of the host, and without a token (specs/foodics.md 2). */
const TOKEN = '/oauth/token'
/** Of a body that anybody may send. */
const TOKEN_BYTES_MAX = 16 * 1024

const router = createRouter([
  ...transactionRoutes,
  ...cardRoutes,
  ...productRoutes,
  ...orderRoutes,
  ...whoamiRoutes,
])

/** The Foodics v5 API; its page is README.md. */
export const foodics: Dialect = {
  name: 'foodics',
  register: (app, context) => {
    const serve = (urls: readonly string[], gate: Gate, bodyLimit?: number) => {
      const handler = async (request: FastifyRequest, reply: FastifyReply) =>
        send(reply, await gate(request))
      for (const url of urls)
        app.route({ method: [...METHODS], url, handler, ...(bodyLimit ? { bodyLimit } : {}) })
    }
    serve(
      [PREFIX, ...BARE].flatMap((url) => [url, `${url}/*`]),
      createGate(context, router),
    )
    serve([TOKEN, `${TOKEN}/`], tokenGate(context), TOKEN_BYTES_MAX)
    app.setErrorHandler((error, request, reply) => send(reply, failed(context, request, error)))
  },
}

const failed = ({ log }: DialectContext, request: FastifyRequest, error: unknown): Answer =>
  answerOf(error, (defect) => logDefect(log, request, defect))

function tokenGate(context: DialectContext): Gate {
  return async (request) => {
    try {
      if (request.method !== 'POST') throw methodNotAllowed(['POST'])
      const bytes = request.body instanceof Uint8Array ? request.body : new Uint8Array()
      const body = readBody(request.sentType, bytes)
      return await answerTokenRequest(context.services, body)
    } catch (error) {
      return failed(context, request, error)
    }
  }
}
