/**
 * Foodics ids are UUIDs whose leading digits grow with time (specs/foodics.md 1). Ours are computed from
 * the 64-bit id, so that every card and entry has one, whichever protocol made it, without a row of
 * its own, and decode back without a look-up.
 *
 * 30 of the 32 hexadecimal digits are free (version and variant are fixed). The first says how many
 * digits the id has, then come these digits, and check digits made of kind and id fill the rest. More
 * digits sort after fewer, so texts sort like ids; and at least 15 check digits make it certain that an
 * id of another kind, a foreign UUID or another spelling does not decode. They are no secret: an id
 * names a thing, and only a token of its merchant opens it.
 */
export type IdKind = 'card' | 'entry' | 'order' | 'product' | 'business' | 'user'

const VERSION = '4'
const VARIANTS = '89ab'
/** No more, so that all digits stand before the variant. */
const DIGITS_MAX = 14
const FREE = 30
const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Where each kind's check digits start from; any distinct numbers do, but they can never change. */
const SEEDS: Readonly<Record<IdKind, number>> = {
  card: 0x63617264,
  entry: 0x656e7472,
  order: 0x6f726465,
  product: 0x70726f64,
  business: 0x62757369,
  user: 0x75736572,
}

/** MurmurHash3's finalizer: each bit of the input moves half of the output. */
function mix(word: number): number {
  let h = word
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** The check words of an id's digits, chained so that each depends on all of kind and id. */
function checkWords(kind: IdKind, digits: string): readonly [number, number, number, number] {
  const low = Number.parseInt(digits.slice(-8), 16)
  const high = digits.length > 8 ? Number.parseInt(digits.slice(0, -8), 16) : 0
  const first = mix(mix(SEEDS[kind] ^ low) ^ high)
  const second = mix(first + 0x9e3779b9 + low)
  const third = mix(second + 0x9e3779b9 + high)
  return [first, second, third, mix(third + 0x9e3779b9 + low)]
}

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const byte = (word: number, shift: number): string => BYTES[(word >>> shift) & 0xff] ?? ''

/** Eight digits; a request has a dozen of them to write, and a number's own way there is five times as long. */
const hex = (word: number): string =>
  byte(word, 24) + byte(word, 16) + byte(word, 8) + byte(word, 0)

/** The one spelling of an id; ids beyond 56 bits do not exist (RangeError). */
export function encodeId(kind: IdKind, id: bigint): string {
  const digits = id.toString(16)
  if (id < 1n || digits.length > DIGITS_MAX) throw new RangeError('id out of range')
  const [first, second, third, fourth] = checkWords(kind, digits)
  const filled = digits.length.toString(16) + digits + hex(first) + hex(second) + hex(third)
  const free = (filled + hex(fourth)).slice(0, FREE)
  return (
    `${free.slice(0, 8)}-${free.slice(8, 12)}-${VERSION}${free.slice(12, 15)}` +
    `-${VARIANTS.charAt(fourth & 3)}${free.slice(15, 18)}-${free.slice(18)}`
  )
}

/** The 64-bit id, or undefined if the text is not exactly the spelling of an id of this kind. */
export function decodeId(kind: IdKind, text: string): bigint | undefined {
  if (!SHAPE.test(text)) return undefined
  const length = Number.parseInt(text.charAt(0), 16)
  if (length === 0 || length > DIGITS_MAX) return undefined
  const free = text.slice(0, 8) + text.slice(9, 13) + text.slice(15, 18)
  const id = BigInt(`0x${free.slice(1, 1 + length)}`)
  return id > 0n && encodeId(kind, id) === text ? id : undefined
}
