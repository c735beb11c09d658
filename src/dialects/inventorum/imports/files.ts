import type { FastifyInstance } from 'fastify'
import { send } from '../../../http/answer.ts'
import type { DialectContext } from '../../../http/dialect.ts'
import { failNotFound } from '../errors.ts'
import { parseId } from '../wire.ts'
import { XLSX_TYPE } from './routes.ts'

/**
 * Serves an import's file at the address that its job shows. Needs no token, because a browser opens it:
 * the address itself is the secret (specs/inventorum.md 12, trap 13). The bytes are whatever was sent, so
 * no browser may take them for a page.
 */
export function addImportFiles(app: FastifyInstance, { services }: DialectContext): void {
  app.route<{ Params: { account: string; opaque: string; name: string } }>({
    method: ['GET', 'HEAD'],
    url: '/uploads/:account/giftcard_import/:opaque(^[\\w-]+$)/:name(^[\\w.-]+$)',
    handler: async ({ params }, reply) => {
      const account = parseId(params.account) ?? failNotFound()
      const file = await services.imports.findFile(account, params.opaque, params.name)
      return send(reply, {
        status: 200,
        headers: {
          'content-type': XLSX_TYPE,
          // The name is what we made of it: letters, digits and `._-`.
          'content-disposition': `attachment; filename="${params.name}"`,
          'x-content-type-options': 'nosniff',
          'content-security-policy': "default-src 'none'; sandbox",
          'cache-control': 'private, no-store',
          'referrer-policy': 'no-referrer',
        },
        body: file ?? failNotFound(),
      })
    },
  })
}
