import { hash } from 'node:crypto'

/**
 * Foodics ids are UUIDs whose leading digits grow with time (specs/foodics.md 1). Ours are computed from
 * the 64-bit id, so that every card and entry has one, whichever protocol made it, without a row of
 * its own, and decode back without a look-up.
 *
 * 30 of the 32 hexadecimal digits are free (version and variant are fixed). The first says how many
 * digits the id has, then come these digits, and a hash of kind and id fills the rest. More digits
 * sort after fewer, so texts sort like ids; and at least 14 digits of hash make it certain that an id
 * of another kind, a foreign UUID or another spelling does not decode.
 */
export type IdKind = 'card' | 'entry' | 'order' | 'product' | 'business' | 'user'

const VERSION = '4'
const VARIANTS = '89ab'
const DIGITS_MAX = 15
const FREE = 30
const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** The one spelling of an id; ids beyond 60 bits do not exist (RangeError). */
export function encodeId(kind: IdKind, id: bigint): string {
  const digits = id.toString(16)
  if (id < 1n || digits.length > DIGITS_MAX) throw new RangeError('id out of range')
  const fill = hash('sha256', `foodics/${kind}/${digits}`, 'hex')
  const free = (digits.length.toString(16) + digits + fill).slice(0, FREE)
  const variant = VARIANTS.charAt(Number.parseInt(fill.charAt(63), 16) & 3)
  return (
    `${free.slice(0, 8)}-${free.slice(8, 12)}-${VERSION}${free.slice(12, 15)}` +
    `-${variant}${free.slice(15, 18)}-${free.slice(18)}`
  )
}

/** The 64-bit id, or undefined if the text is not exactly the spelling of an id of this kind. */
export function decodeId(kind: IdKind, text: string): bigint | undefined {
  if (!SHAPE.test(text)) return undefined
  const length = Number.parseInt(text.charAt(0), 16)
  if (length === 0) return undefined
  const free = text.slice(0, 8) + text.slice(9, 13) + text.slice(15, 18) + text.slice(20, 23)
  const id = BigInt(`0x${free.slice(1, 1 + length)}`)
  return id > 0n && encodeId(kind, id) === text ? id : undefined
}
