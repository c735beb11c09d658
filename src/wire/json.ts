/**
 * JSON whose numbers keep their source text: money must never pass through a float
 * (design.md section 6). A number becomes a `JsonNumber`; everything else is as `JSON.parse` makes it.
 */
export class JsonNumber {
  readonly source: string

  constructor(source: string) {
    this.source = source
  }
}

export type JsonObject = { readonly [key: string]: JsonValue }
export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject

/** Bytes that are not UTF-8 or not JSON (RFC 8259); the message never quotes the input. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError'
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Where a number may begin: what has none of it needs no look at every value. */
const MAY_HOLD_NUMBER = /(?:^|[:[,])\s*-?\d/
/** Levels of brackets within brackets; whatever reads or writes a value again has stack for them. */
const DEPTH_MAX = 500
/** Nothing this short nests deeper, if it is whole. */
const SHORT = 2 * DEPTH_MAX

/** Names and values of a body at most, unless its reader says otherwise: each costs a microsecond or two. */
const PARTS_MAX = 100_000
/** Digits of a number at most, as in Python. */
const NUMBER_LENGTH_MAX = 4_300

/**
 * Reads a body. Refuses (JsonSyntaxError) bad UTF-8, a byte order mark, bad syntax, absurd nesting, more
 * than `partsMax` names and values, and numbers of absurd length.
 */
export function parseJson(body: Uint8Array | string, partsMax = PARTS_MAX): JsonValue {
  try {
    const text = typeof body === 'string' ? body : utf8.decode(body)
    if (text.length > partsMax && countParts(text) > partsMax)
      throw new RangeError('too many parts')
    if (text.length < SHORT && !MAY_HOLD_NUMBER.test(text)) return JSON.parse(text) as JsonValue
    const value = JSON.parse(text, (_key, item: unknown, context?: { source?: string }) =>
      typeof item === 'number' ? toNumber(context?.source ?? String(item)) : item,
    ) as JsonValue // The reviver leaves nothing but these kinds.
    if (text.length >= SHORT && !isShallow(value)) throw new RangeError('nested too deep')
    return value
  } catch (error) {
    // A RangeError also is the reviver running out of stack on thousands of nested brackets.
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError)
      throw new JsonSyntaxError('Expecting value')
    throw error
  }
}

function toNumber(source: string): JsonNumber {
  if (source.length > NUMBER_LENGTH_MAX) throw new RangeError('a number too long')
  return new JsonNumber(source)
}

/** The commas, colons and opening brackets outside of texts. */
function countParts(text: string): number {
  let parts = 0
  let isText = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isText && code === 0x5c) at += 1
    else if (code === 0x22) isText = !isText
    else if (!isText && (code === 0x2c || code === 0x3a || code === 0x5b || code === 0x7b))
      parts += 1
  }
  return parts
}

const isShallow = (value: unknown, levels = DEPTH_MAX): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (levels > 0 && Object.values(value).every((item) => isShallow(item, levels - 1)))

export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof JsonNumber)

/** A number to be written exactly as spelled, e.g. `rawNumber('12.5')`. */
export const rawNumber = (source: string): unknown =>
  (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source)

/** Writes what `parseJson` read, numbers as they were spelled, keys in their order (but `"7"` before `"a"`). */
export function stringifyJson(value: JsonValue): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item instanceof JsonNumber ? rawNumber(item.source) : item,
  )
}

const SECRET = /secret|password|api_key/i

/** Masks every value whose key names a secret (specs/pretix-giftcards.md 12.2), at any depth. */
export function maskSecrets(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(maskSecrets)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      SECRET.test(key) ? '********' : maskSecrets(item),
    ]),
  )
}
