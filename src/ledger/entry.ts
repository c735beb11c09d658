import { hash } from 'node:crypto'
import { formatInstant, type Instant } from '../money/instant.ts'

/** What a movement of value was; a reversal of either sign is `refund` or `void`. */
export type EntryKind =
  | 'issue'
  | 'load'
  | 'redeem'
  | 'refund'
  | 'void'
  | 'adjust'
  | 'transfer'
  | 'cash_out'
  | 'expire'
  | 'block'
  | 'unblock'
  | 'close'

/** The other side of every entry; the sum over a merchant's cards and these is always zero. */
export type ContraAccount =
  | 'clearing'
  | 'settlement'
  | 'adjustment'
  | 'breakage'
  | 'transfer'
  | 'promotion'

/** Who did it and what it refers to in its protocol's own words; kept for ever with the entry. */
export type Origin = {
  readonly protocol: string
  readonly credentialId?: bigint | undefined
  /** The merchant that acted: the issuer itself, or one that accepts its cards. */
  readonly actingMerchantId: bigint
  readonly orderRef?: string | undefined
  readonly eventRef?: string | undefined
  readonly invoiceRef?: string | undefined
  readonly text?: string | undefined
  /** JSON text, numbers as spelled. */
  readonly info?: string | undefined
}

/** One immutable movement of value, in the card's own gapless sequence. */
export type Entry = Origin & {
  readonly merchantId: bigint
  readonly id: bigint
  readonly cardId: bigint
  readonly cardSeq: number
  readonly eventId: bigint
  readonly kind: EntryKind
  readonly contra: ContraAccount
  readonly amount: bigint
  readonly balanceAfter: bigint
  readonly reverses?: bigint | undefined
  readonly holdId?: bigint | undefined
  readonly createdAt: Instant
  /** Hexadecimal. */
  readonly hash: string
}

const HASH_BYTES = 32

/** What a card's chain starts from. */
export const GENESIS = '00'.repeat(HASH_BYTES)

/**
 * SHA-256 over the previous entry's hash and a canonical form of this one: a JSON array of strings and
 * nulls in this fixed order, which no two different entries share (design.md section 3). Hashes are
 * hexadecimal: a text costs the process a third of a `Buffer`.
 */
export function chainHash(previous: string, entry: Omit<Entry, 'hash' | 'id' | 'eventId'>): string {
  const canonical = JSON.stringify([
    'scrip/1',
    entry.merchantId.toString(),
    entry.cardId.toString(),
    entry.cardSeq.toString(),
    entry.kind,
    entry.contra,
    entry.amount.toString(),
    entry.balanceAfter.toString(),
    entry.reverses?.toString() ?? null,
    entry.holdId?.toString() ?? null,
    entry.protocol,
    entry.credentialId?.toString() ?? null,
    entry.actingMerchantId.toString(),
    entry.orderRef ?? null,
    entry.eventRef ?? null,
    entry.invoiceRef ?? null,
    entry.text ?? null,
    entry.info ?? null,
    formatInstant(entry.createdAt),
  ])
  const bytes = Buffer.allocUnsafe(HASH_BYTES + Buffer.byteLength(canonical))
  bytes.write(previous, 'hex')
  bytes.write(canonical, HASH_BYTES)
  return hash('sha256', bytes)
}
