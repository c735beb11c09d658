/** No I, L, O, 0 and 1, which are read for one another. */
const ALPHABET = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789'
const LENGTH = 16
/** The largest multiple of the alphabet's size in a byte: what lies above would favour some symbols. */
const FAIR_BELOW = 256 - (256 % ALPHABET.length)

/** A code that nobody can guess: 16 symbols of 31, 79 bits. */
export function generateCardCode(randomBytes: (size: number) => Buffer): string {
  let code = ''
  while (code.length < LENGTH)
    for (const byte of randomBytes(LENGTH))
      if (byte < FAIR_BELOW && code.length < LENGTH) code += ALPHABET.charAt(byte % ALPHABET.length)
  return code
}
