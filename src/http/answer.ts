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
 * Sends an answer as it is; HEAD gets the headers only (Node drops the body). Bytes, because to a text
 * Fastify adds a charset of its own.
 */
export function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  reply.code(status).headers(headers)
  return body.length === 0
    ? reply.send()
    : reply.send(typeof body === 'string' ? Buffer.from(body) : body)
}
