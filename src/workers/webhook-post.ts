import { createHmac } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP } from 'node:net'
import { nodeHttp } from '../http/node-http.ts'

const TIMEOUT_MS = 30_000
const ANSWER_BYTES_MAX = 64 * 1024

/** One POST of JSON; the status, or undefined when there was none. Redirects are not followed. */
export async function postJson(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  stopping: AbortSignal,
): Promise<number | undefined> {
  try {
    const target = new URL(url)
    const resolved = await resolveTarget(target.hostname)
    if (!resolved) return undefined
    const send = target.protocol === 'https:' ? httpsRequest : nodeHttp.request
    return await new Promise((resolve, reject) => {
      const outgoing = send(
        target,
        {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            'user-agent': 'scrip',
            ...headers,
          },
          // The name was resolved and judged once; it must not resolve to something else now.
          lookup: (_host, options, done) =>
            options.all
              ? done(null, [resolved])
              : (done as (error: null, address: string, family: number) => void)(
                  null,
                  resolved.address,
                  resolved.family,
                ),
          signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), stopping]),
        },
        (answer) => {
          let read = 0
          answer.on('data', (chunk: Buffer) => {
            read += chunk.length
            if (read > ANSWER_BYTES_MAX) answer.destroy()
          })
          answer.on('close', () => resolve(answer.statusCode))
          answer.on('error', () => resolve(answer.statusCode))
        },
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  } catch {
    return undefined
  }
}

/**
 * What lets a receiver check who sent a body, in the form of the Standard Webhooks specification; nothing
 * for a webhook without a secret. A secret may be spelled `whsec_` and base64.
 */
export function signatureHeaders(
  secret: string | undefined,
  id: string,
  seconds: bigint,
  body: string,
): Record<string, string> {
  if (secret === undefined) return {}
  const key = secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret)
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': seconds.toString(),
    'webhook-signature': `v1,${signature}`,
  }
}

/**
 * Where no webhook may go: the networks around this machine are not the sender's to reach (design.md
 * section 7). Loopback is left out on purpose (docs/decisions/0005-webhooks-may-go-to-loopback.md).
 */
const privateRanges = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  privateRanges.addSubnet(network, prefix)
for (const [network, prefix] of [
  ['100::', 64],
  ['fec0::', 10],
  // IPv4 in other clothes: translated, tunneled, or compatible.
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  privateRanges.addSubnet(network, prefix, 'ipv6')

const compatible = new BlockList()
compatible.addSubnet('::', 96, 'ipv6')

/** Whether an address is in a network that webhooks may not reach, however it is written. */
export function isPrivateAddress(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped) return privateRanges.check(mapped, 'ipv4')
  // What is compatible with IPv4, and the address of nobody; but not loopback.
  if (isIP(address) === 6 && compatible.check(address, 'ipv6')) return address !== '::1'
  return privateRanges.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** The address to connect to, pinned for this attempt; undefined if it is private. */
async function resolveTarget(
  hostname: string,
): Promise<{ address: string; family: number } | undefined> {
  const host = hostname.replace(/^\[|\]$/g, '')
  const { address, family } = isIP(host)
    ? { address: host, family: isIP(host) }
    : await lookup(host)
  return isPrivateAddress(address) ? undefined : { address, family }
}
