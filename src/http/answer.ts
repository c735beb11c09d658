import type { FastifyReply } from 'fastify'

/** A finished answer: what goes out, byte for byte, and what an idempotency key remembers. */
export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/** A JSON answer; `undefined` members are left out, as JSON does. */
export const json = (
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
})

/** An answer without a body. */
export const empty = (status: number, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  body: '',
})

/**
 * Sends an answer as it is, in one write and past Fastify's own serializer, which would add a charset.
 * HEAD gets the headers only (Node drops the body). Hooks after the answer still run.
 */
export function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  reply.hijack()
  reply.code(status)
  const bodiless = status === 204 || status === 304
  const length = Buffer.byteLength(body)
  reply.raw.writeHead(status, bodiless ? headers : { ...headers, 'content-length': length })
  if (bodiless) reply.raw.end()
  // One byte for each character: ASCII, which is copied as it is instead of being encoded.
  else if (length === body.length) reply.raw.end(body, 'latin1')
  else reply.raw.end(body)
  return reply
}
