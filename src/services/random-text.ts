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
