/** Folds A to Z only: other letters stay, whatever the locale (specs/inventorum.md 12, trap 21). */
export const foldCode = (code: string): string =>
  code.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

const SMALLEST = 100_000_000_000n
const SPAN = 900_000_000_000n
const TRIES_MAX = 100

/**
 * Twelve random decimal digits, the first of them 1 to 9, so that the code survives as a JSON number
 * (specs/inventorum.md 10.3). Every such code is equally likely.
 */
export function generateCode(randomBytes: (length: number) => Uint8Array): string {
  // 40 random bits are below the span four times out of five; the rest is thrown away, not folded.
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    let value = 0n
    for (const byte of randomBytes(5)) value = (value << 8n) | BigInt(byte)
    if (value < SPAN) return (SMALLEST + value).toString()
  }
  throw new Error('the source of randomness is broken')
}
