/** Text of `length` symbols, each as likely as any other; `randomBytes` must be cryptographic. */
export function randomText(
  randomBytes: (size: number) => Buffer,
  alphabet: string,
  length: number,
): string {
  // What lies above the largest multiple of the alphabet's size would favour some symbols.
  const fairBelow = 256 - (256 % alphabet.length)
  let text = ''
  while (text.length < length)
    for (const byte of randomBytes(length))
      if (byte < fairBelow && text.length < length) text += alphabet.charAt(byte % alphabet.length)
  return text
}

/** Bytes drawn at once: asking for a few at a time is what costs. */
const POOL_BYTES = 4_096

/** The same source, asked for many bytes at once; every byte is given out once. */
export function createRandomPool(randomBytes: (size: number) => Buffer): (size: number) => Buffer {
  let pool = Buffer.alloc(0)
  return (size) => {
    if (pool.length < size) pool = Buffer.from(randomBytes(Math.max(POOL_BYTES, size)))
    const drawn = pool.subarray(0, size)
    pool = pool.subarray(size)
    return drawn
  }
}
