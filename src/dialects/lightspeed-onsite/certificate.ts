import {
  createHash,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A private key and its certificate, as PEM. */
export type KeyPair = { readonly key: string; readonly cert: string }

const FILE = 'lightspeed-tls.pem'
/** Some clients refuse a server certificate that is valid for longer. */
const VALID_DAYS = 825
const RENEWED_DAYS_BEFORE = 30
const DAY_MS = 86_400_000

/**
 * The listener's own key pair: made once, kept in the data folder, made anew before it expires. Clients
 * of OnSite turn certificate checks off, because their servers have always signed for themselves.
 */
export async function keptKeyPair(
  dataDirectory: string,
  names: readonly string[],
  now: Date,
): Promise<KeyPair> {
  const file = join(dataDirectory, FILE)
  const kept = await readKept(file)
  if (kept && isFresh(kept.cert, now)) return kept
  const made = await makeKeyPair([...names, 'localhost', hostname(), '127.0.0.1', '::1'], now)
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  // Written whole or not at all, whoever else starts at the same time.
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  await writeFile(draft, made.key + made.cert, { mode: 0o600 })
  await rename(draft, file)
  return made
}

async function readKept(file: string): Promise<KeyPair | undefined> {
  try {
    const text = await readFile(file, 'utf8')
    const at = text.indexOf('-----BEGIN CERTIFICATE-----')
    return at === -1 ? undefined : { key: text.slice(0, at), cert: text.slice(at) }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

const isFresh = (cert: string, now: Date): boolean =>
  Date.parse(new X509Certificate(cert).validTo) - now.getTime() > RENEWED_DAYS_BEFORE * DAY_MS

const generate = promisify(generateKeyPair)

/** A self-signed X.509 certificate (RFC 5280) for these host names and addresses. */
export async function makeKeyPair(names: readonly string[], now: Date): Promise<KeyPair> {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength: 2_048 })
  const body = certificateBody(publicKey, [...new Set(names)], now)
  const signature = sign('sha256', body, privateKey)
  const cert = sequence(body, SHA256_WITH_RSA, bitString(signature))
  const lines = cert.toString('base64').replace(/.{64}/g, '$&\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  }
}

function certificateBody(publicKey: KeyObject, names: readonly string[], now: Date): Buffer {
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const keyId = createHash('sha1').update(spki).digest()
  const name = sequence(set(sequence(oid(2, 5, 4, 3), utf8String('Scrip LightSpeed OnSite'))))
  // The first bit is clear, so that the number is positive; the last byte keeps it from being zero.
  const serial = Buffer.concat([randomBytes(15), Buffer.from([1])])
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  return sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial),
    SHA256_WITH_RSA,
    name,
    sequence(
      utcTime(new Date(now.getTime() - DAY_MS)),
      utcTime(new Date(now.getTime() + (VALID_DAYS - 1) * DAY_MS)),
    ),
    name,
    spki,
    explicit(
      3,
      sequence(
        extension(oid(2, 5, 29, 14), octetString(keyId)),
        extension(oid(2, 5, 29, 17), sequence(...names.map(alternativeName))),
        extension(oid(2, 5, 29, 19), sequence()),
        // digitalSignature and keyEncipherment; serverAuth.
        extension(oid(2, 5, 29, 15), tagged(0x03, Buffer.from([5, 0xa0]))),
        extension(oid(2, 5, 29, 37), sequence(oid(1, 3, 6, 1, 5, 5, 7, 3, 1))),
      ),
    ),
  )
}

function alternativeName(name: string): Buffer {
  const family = isIP(name)
  if (family === 0) return tagged(0x82, Buffer.from(name, 'ascii'))
  return tagged(0x87, family === 4 ? Buffer.from(name.split('.').map(Number)) : ipv6Bytes(name))
}

/** The 16 bytes of an IPv6 address; `URL` writes out every spelling of one in the same way. */
function ipv6Bytes(address: string): Buffer {
  const plain = new URL(`http://[${address.split('%', 1)[0] ?? ''}]/`).hostname.slice(1, -1)
  const [head = '', tail] = plain.split('::')
  const groups = (text = '') => (text === '' ? [] : text.split(':'))
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length
  const all = [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail)]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

// The little of DER that a certificate is written with.

function tagged(tag: number, content: Buffer): Buffer {
  const size = content.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts))
const set = (...parts: readonly Buffer[]): Buffer => tagged(0x31, Buffer.concat(parts))
const explicit = (number: number, content: Buffer): Buffer => tagged(0xa0 + number, content)
const integer = (bytes: Buffer): Buffer => tagged(0x02, bytes)
const bitString = (bytes: Buffer): Buffer => tagged(0x03, Buffer.concat([Buffer.from([0]), bytes]))
const octetString = (bytes: Buffer): Buffer => tagged(0x04, bytes)
const utf8String = (text: string): Buffer => tagged(0x0c, Buffer.from(text))
const extension = (id: Buffer, value: Buffer): Buffer => sequence(id, octetString(value))

function oid(first: number, second: number, ...rest: readonly number[]): Buffer {
  const base128 = (value: number): number[] =>
    value < 0x80 ? [value] : [...base128(value >> 7).map((byte) => byte | 0x80), value & 0x7f]
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

/** `YYMMDDHHMMSSZ`, which is good until 2049. */
const utcTime = (date: Date): Buffer =>
  tagged(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replace(/\D/g, '')}Z`, 'ascii'))

const SHA256_WITH_RSA = sequence(oid(1, 2, 840, 113549, 1, 1, 11), Buffer.from([5, 0]))
