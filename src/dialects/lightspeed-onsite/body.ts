import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate, inflateRaw } from 'node:zlib'
import { OnSiteError } from './errors.ts'

/** The largest body, before and after decoding (specs/lightspeed-onsite.md 3). */
export const BODY_BYTES_MAX = 1024 * 1024
/** Codings that one body may have on top of each other. */
const CODINGS_MAX = 4

type Decoder = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>
const gunzipped: Decoder = promisify(gunzip)
const inflated: Decoder = promisify(inflate)
const rawInflated: Decoder = promisify(inflateRaw)

/** What each coding may be in practice; `deflate` is sent both with and without its header. */
const DECODERS: Readonly<Record<string, readonly Decoder[]>> = {
  gzip: [gunzipped],
  'x-gzip': [gunzipped],
  deflate: [inflated, rawInflated],
}

/**
 * The body as the client meant it. Refuses more than 1 MiB, read or decoded. A declared coding that the
 * bytes do not have is overlooked: an early client claims `x-gzip` for everything.
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  let body = await collect(request)
  const codings = (request.headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .slice(-CODINGS_MAX)
  for (const coding of codings.reverse())
    if (Object.hasOwn(DECODERS, coding)) body = await decode(body, DECODERS[coding] ?? [])
  return body
}

/**
 * Collects the stream, but no more than the limit. What exceeds it still flows and is dropped: closing
 * the connection on a client that is writing would cost it the answer.
 */
function collect(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= BODY_BYTES_MAX) chunks.push(chunk)
      else reject(new OnSiteError('server.body_too_large'))
    })
    request.once('end', () => resolve(Buffer.concat(chunks)))
    // Cut off: whoever sent it does not hear the answer any more.
    const cutOff = () => reject(new OnSiteError('server.malformed_xml'))
    request.once('error', cutOff)
    request.once('close', cutOff)
  })
}

async function decode(body: Buffer, decoders: readonly Decoder[]): Promise<Buffer> {
  for (const decoder of decoders)
    try {
      return await decoder(body, { maxOutputLength: BODY_BYTES_MAX })
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'ERR_BUFFER_TOO_LARGE') throw new OnSiteError('server.body_too_large')
      if (typeof code !== 'string' || !/^Z_/.test(code)) throw error
    }
  return body
}
