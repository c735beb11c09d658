import {
  type CardReferences,
  insertCardReferences,
  readStatement,
  type Statement,
  visibleCards,
} from '../commerce/lightspeed-cards.ts'
import { readInvoices, readProducts, readUsers } from '../commerce/lightspeed-store.ts'
import type { Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import { DomainError } from '../errors.ts'
import { issueCards } from '../ledger/issue.ts'
import type { Deps } from './deps.ts'
import { type ListPage, type ListWish, listIds } from './lightspeed-list.ts'
import type { Merchant } from './merchants.ts'

export type { Statement, StatementEntry } from '../commerce/lightspeed-cards.ts'

export type OpenCardCommand = {
  readonly merchant: Merchant
  /** Who asks for it, and whom the card names. */
  readonly credentialId: bigint
  readonly userId: bigint
  readonly productId: bigint
  readonly invoiceId: bigint | undefined
  /** Undefined: the store draws one. */
  readonly serial: string | undefined
  readonly sourceId: string
  readonly note: string
  readonly active: boolean
  /** Ledger units: what can be spent, and what was loaded and spent before. */
  readonly credit: bigint
  readonly used: bigint
}

/** Why a card cannot be made as things stand; nothing was written. */
export type OpenCardProblem =
  | {
      readonly problem: 'unknown'
      readonly what: 'product' | 'invoice' | 'user'
      readonly id: bigint
    }
  | { readonly problem: 'not_a_gift_card_product' }
  | { readonly problem: 'invoice_voided' }
  | { readonly problem: 'serial_taken' }

/** Drawn serials: no 0, 1, I, L or O, which people mix up; 31^16 is more than 2^79. */
const SERIAL_SYMBOLS = '23456789ABCDEFGHJKMNPQRSTUVWXYZ'
const SERIAL_LENGTH = 16
/** A drawn serial is taken once in a lifetime; five in a row mean that something is broken. */
const DRAWS_MAX = 5

/** Gift cards of a LightSpeed store; their value moves through the ledger alone. */
export function createLightspeedCards({ db, now, randomBytes }: Deps) {
  const scopeOf = ({ id, currency }: Merchant) => ({ merchantId: id, currency })

  /** A card with its history; without a product if none of this protocol's was sold. */
  const find = (merchant: Merchant, id: bigint): Promise<Statement | undefined> =>
    readStatement(db, scopeOf(merchant), id)

  const list = (merchant: Merchant, wish: ListWish): Promise<ListPage> =>
    listIds(
      db,
      {
        from: visibleCards(db, scopeOf(merchant)),
        columns: {
          id: { sql: db`cards.id`, type: 'int8' },
          serialNumber: { sql: db`cards.code`, type: 'text' },
        },
      },
      wish,
    )

  /** Makes a card with its first entry, or says why not. Of two equal serials at once, one is refused. */
  async function open(command: OpenCardCommand): Promise<bigint | OpenCardProblem> {
    for (let draw = 1; ; draw += 1) {
      const serial = command.serial ?? drawSerial(randomBytes)
      try {
        return await transact(db, (tx) => openOnce(tx, command, serial))
      } catch (error) {
        if (!(error instanceof DomainError) || error.refusal.code !== 'code_taken') throw error
        if (command.serial !== undefined) return { problem: 'serial_taken' }
        if (draw === DRAWS_MAX) throw error
      }
    }
  }

  async function openOnce(
    tx: Tx,
    command: OpenCardCommand,
    serial: string,
  ): Promise<bigint | OpenCardProblem> {
    const { merchant, credentialId, active, credit, used, note } = command
    const references = await checkReferences(tx, command)
    if ('problem' in references) return references
    const source = command.sourceId || references.invoiceDisplayId
    const [issued] = await issueCards(
      tx,
      merchant.id,
      [
        {
          code: serial,
          currency: merchant.currency,
          amount: credit,
          used,
          blocked: !active,
          topics: ['created'],
          origin: {
            protocol: 'lightspeed',
            credentialId,
            actingMerchantId: merchant.id,
            invoiceRef: source || undefined,
            text: note || undefined,
          },
        },
      ],
      { now: now() },
    )
    if (!issued) throw new Error('a card without an entry')
    await insertCardReferences(tx, merchant.id, issued.card.id, references)
    return issued.card.id
  }

  return { find, list, open }
}

/** First what does not exist, in the order of the specification, then what may not be used (11). */
async function checkReferences(
  tx: Tx,
  { merchant, productId, invoiceId, userId }: OpenCardCommand,
): Promise<(CardReferences & { readonly invoiceDisplayId: string }) | OpenCardProblem> {
  const product = (await readProducts(tx, merchant.id, [productId])).get(productId)
  if (!product) return { problem: 'unknown', what: 'product', id: productId }
  const invoice =
    invoiceId === undefined
      ? undefined
      : (await readInvoices(tx, merchant.id, [invoiceId])).get(invoiceId)
  if (invoiceId !== undefined && !invoice)
    return { problem: 'unknown', what: 'invoice', id: invoiceId }
  const user = (await readUsers(tx, merchant.id, [userId])).get(userId)
  if (!user) return { problem: 'unknown', what: 'user', id: userId }
  if (!product.giftCard || !product.current) return { problem: 'not_a_gift_card_product' }
  if (invoice?.voided) return { problem: 'invoice_voided' }
  return { productId, invoiceId, userId, invoiceDisplayId: invoice ? `I-${invoice.number}` : '' }
}

/** Bytes are taken only below a multiple of the alphabet's size, so that no symbol comes up more often. */
function drawSerial(randomBytes: (size: number) => Buffer): string {
  const fair = 256 - (256 % SERIAL_SYMBOLS.length)
  let serial = ''
  while (serial.length < SERIAL_LENGTH)
    for (const byte of randomBytes(SERIAL_LENGTH))
      if (byte < fair && serial.length < SERIAL_LENGTH)
        serial += SERIAL_SYMBOLS[byte % SERIAL_SYMBOLS.length] ?? ''
  return serial
}
