import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'

/** What a webhook receiver got. */
export type Delivery = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly json: Record<string, unknown>
}

export type Receiver = {
  readonly url: string
  /** Everything so far. */
  readonly deliveries: readonly Delivery[]
  /** What is answered from now on: a status, or whatever the function does (nothing: no answer at all). */
  readonly answerWith: (answer: number | ((response: ServerResponse) => void)) => void
  /** Resolves when this many came in all; rejects after a while. */
  readonly until: (count: number) => Promise<readonly Delivery[]>
  readonly close: () => Promise<void>
}

const WAIT_MS_MAX = 20_000

/** A webhook receiver on a free port of 127.0.0.1, which answers 200 unless told otherwise. */
export async function startReceiver(): Promise<Receiver> {
  const deliveries: Delivery[] = []
  let answer: number | ((response: ServerResponse) => void) = 200
  let wake = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      deliveries.push({
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        text,
        json: JSON.parse(text) as Record<string, unknown>,
      })
      if (typeof answer === 'number') response.writeHead(answer).end()
      else answer(response)
      wake.resolve()
      wake = Promise.withResolvers()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    deliveries,
    answerWith: (next) => {
      answer = next
    },
    until: async (count) => {
      const late = Promise.withResolvers<never>()
      const timer = setTimeout(
        () => late.reject(new Error(`${deliveries.length} of ${count} deliveries came`)),
        WAIT_MS_MAX,
      )
      try {
        while (deliveries.length < count) await Promise.race([wake.promise, late.promise])
      } finally {
        clearTimeout(timer)
      }
      return deliveries
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
