import type { FastifyInstance } from 'fastify'
import { send } from '../../../http/answer.ts'
import type { DialectContext } from '../../../http/dialect.ts'
import { renderReceipt } from '../../../receipts/receipt.ts'
import type { ReceiptFiles, StoredReceipt } from '../../../services/inventorum-receipts.ts'
import type { Merchant } from '../../../services/merchants.ts'
import { failNotFound } from '../errors.ts'
import { parseId } from '../wire.ts'
import { receiptContent, receiptName } from './receipt.ts'

const MEDIA_TYPES = { pdf: 'application/pdf', png: 'image/png' } as const

/**
 * Serves receipts to whoever has the address: viewers send no token, so the address itself is the secret
 * (specs/inventorum.md 7.3, 12 trap 13).
 */
export function addReceiptFiles(app: FastifyInstance, { services }: DialectContext): void {
  /** Receipts that are being drawn: however many ask, each is drawn once. */
  const drawing = new Map<bigint, Promise<ReceiptFiles>>()
  const drawOnce = (stored: StoredReceipt, merchant: Merchant): Promise<ReceiptFiles> => {
    const { id } = stored.order
    const running =
      drawing.get(id) ??
      draw(stored, merchant, services.inventorum.receipts.keep).finally(() => drawing.delete(id))
    drawing.set(id, running)
    return running
  }
  app.route<{ Params: { account: string; opaque: string; file: string } }>({
    method: ['GET', 'HEAD'],
    url: '/uploads/invoices/:account/:opaque(^[\\w-]+$)/:file',
    handler: async ({ params }, reply) => {
      const accountId = parseId(params.account) ?? failNotFound()
      const merchant = (await services.merchants.findById(accountId)) ?? failNotFound()
      const { receipts } = services.inventorum
      const stored = (await receipts.find(merchant, params.opaque)) ?? failNotFound()
      const kind = kindOf(params.file, stored)
      const files = stored.files ?? (await drawOnce(stored, merchant))
      return send(reply, {
        status: 200,
        headers: {
          'content-type': MEDIA_TYPES[kind],
          'content-disposition': `inline; filename="${params.file}"`,
          'x-content-type-options': 'nosniff',
          'cache-control': 'private, no-store',
          'referrer-policy': 'no-referrer',
        },
        body: files[kind],
      })
    },
  })
}

/** The name must be the receipt's own, so that a header never repeats what a stranger made up. */
function kindOf(file: string, { order }: StoredReceipt): 'pdf' | 'png' {
  const name = receiptName(order)
  if (file === `${name}.pdf`) return 'pdf'
  return file === `${name}.png` ? 'png' : failNotFound()
}

async function draw(
  { order }: StoredReceipt,
  merchant: Merchant,
  keep: (merchantId: bigint, orderId: bigint, files: ReceiptFiles) => Promise<ReceiptFiles>,
): Promise<ReceiptFiles> {
  const content = receiptContent(order, merchant) ?? failNotFound()
  return await keep(merchant.id, order.id, await renderReceipt(content))
}
