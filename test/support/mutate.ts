/** Numbers from a seed, so that whatever was found can be found again. */
export type Dice = {
  /** A whole number from 0 up to, but without, `limit`. */
  readonly below: (limit: number) => number
  readonly pick: <T>(list: readonly [T, ...T[]]) => T
  readonly bytes: (length: number) => Buffer
}

export function rollDice(seed: number): Dice {
  let state = seed >>> 0
  // mulberry32: 32 bits of state are plenty for choosing what to break.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return (word ^ (word >>> 14)) >>> 0
  }
  const below = (limit: number): number => next() % limit
  return {
    below,
    pick: (list) => list[below(list.length)] ?? list[0],
    bytes: (length) => Buffer.from(Array.from({ length }, () => next() & 0xff)),
  }
}

/** What has broken a reader somewhere before, and what each of our readers is made of. */
const NASTY = [
  ...['', '0', '-0', '-1', '1e400', '1E+2', '1e-99', '0.000001', '9'.repeat(19), '9'.repeat(400)],
  ...['9223372036854775807', '9223372036854775808', '2147483648', '0x10', 'NaN', 'Infinity'],
  ...['null', 'true', '[]', '{}', '""', '[[[[[[', '{"a":', '\\u0000', '\\ud800', '"\\u0000"'],
  ...['\0', '\u0001', '\u2028', '\ufeff', '\uffff', '😀', 'é', 'İ', 'ß', '\r\n', ' ', '\t', "'"],
  ...['"', '\\', '/', '%', '%2F', '%00', '%zz', '%ff', '&', '=', '+', ';', ',', '__proto__', '..'],
  ...['<', '>', '/>', '</', '&amp;', '&#0;', '&#x110000;', '<!--', '-->', '<![CDATA[', ']]>'],
  ...['<!DOCTYPE a>', '<?xml version="1.1"?>', 'xmlns=""', '<a>'.repeat(40), '['.repeat(3_000)],
  ...['0001-01-01T00:00:00+14:00', '9999-12-31T23:59:59.999999-14:00', '2024-02-30', '24:00'],
  ...["' or 1=1 --", '$1', '::int8', '%s', '\\', 'constructor', 'toString'],
] as [string, ...string[]] // A spread hides that the list is not empty.

/** Some bytes after one to four small accidents, or noise altogether. */
export function mutate(dice: Dice, seed: Uint8Array): Buffer {
  if (dice.below(20) === 0) return dice.bytes(dice.below(200))
  let body: Buffer = Buffer.from(seed)
  for (let times = 1 + dice.below(4); times > 0; times -= 1) body = harm(dice, body)
  return body
}

function harm(dice: Dice, body: Buffer): Buffer {
  const at = dice.below(body.length + 1)
  const length = dice.below(12)
  const splice = (put: Uint8Array, cut: number): Buffer =>
    Buffer.concat([body.subarray(0, at), put, body.subarray(at + cut)])
  switch (dice.below(7)) {
    case 0:
      return splice(dice.bytes(1 + dice.below(4)), dice.below(4))
    case 1:
      return splice(Buffer.alloc(0), length)
    case 2:
      return splice(body.subarray(at, at + length * 4), 0)
    case 3:
      return body.subarray(0, at)
    case 4:
      return splice(Buffer.from(dice.pick(NASTY)), length)
    default:
      return replaceToken(dice, body)
  }
}

/** A whole value at a time, so that the document stays one and its values go wrong. */
function replaceToken(dice: Dice, body: Buffer): Buffer {
  const text = body.toString('utf8')
  const tokens = [
    ...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|(?<=[=>])[^<&]+/g),
  ]
  if (tokens.length === 0) return body
  const token = tokens[dice.below(tokens.length)]
  if (!token) return body
  const nasty = dice.pick(NASTY)
  const put = dice.below(2) === 0 ? nasty : JSON.stringify(nasty)
  return Buffer.from(text.slice(0, token.index) + put + text.slice(token.index + token[0].length))
}

/** A query made of names that are known and values that are not good. */
export function mutateQuery(dice: Dice, names: readonly [string, ...string[]]): string {
  const part = (text: string): string =>
    dice.below(4) === 0
      ? text.replace(/[^\x21-\x7e]/g, '%FF')
      : encodeURIComponent(text.toWellFormed())
  const count = 1 + dice.below(4)
  return Array.from({ length: count }, () => {
    const name = dice.below(6) === 0 ? dice.pick(NASTY) : dice.pick(names)
    return `${part(name)}=${part(dice.pick(NASTY))}`
  }).join('&')
}

/** A path with one of its segments replaced. */
export function mutatePath(dice: Dice, path: string): string {
  const segments = path.split('/')
  segments[1 + dice.below(Math.max(1, segments.length - 1))] = encodeURIComponent(dice.pick(NASTY))
  return segments.join('/')
}
