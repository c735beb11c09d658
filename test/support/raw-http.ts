import { connect } from 'node:net'

/** An HTTP/1.1 exchange as bytes: nothing is added, repaired or followed, unlike with `fetch`. */
export type RawRequest = {
  readonly method: string
  /** The request target exactly as sent. */
  readonly target: string
  /** Besides `Host` and `Connection: close`, in this order; a name may come twice. */
  readonly headers?: readonly (readonly [string, string])[]
  /** Sent with its length, or in chunks. */
  readonly body?: Uint8Array | undefined
  readonly chunked?: boolean
}

export type RawAnswer = {
  readonly status: number
  /** The head as it came: status line and headers. */
  readonly head: string
  /** By lower-case name; of a repeated one the last. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  readonly text: string
  /** The parsed body; undefined if it is not JSON. */
  readonly json: unknown
}

const TIMEOUT_MS = 30_000

/** Sends one request on a connection of its own and reads until the server closes it. */
export async function exchange(
  base: string,
  { method, target, headers = [], body, chunked = false }: RawRequest,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(base)
  const length: [string, string][] =
    body === undefined
      ? []
      : chunked
        ? [['Transfer-Encoding', 'chunked']]
        : [['Content-Length', String(body.length)]]
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...(headers.some(([name]) => name.toLowerCase() === 'host')
      ? []
      : [`Host: ${hostname}:${port}`]),
    'Connection: close',
    ...[...headers, ...length].map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ]
  const payload = body === undefined ? Buffer.alloc(0) : chunked ? toChunks(body) : body
  return parseAnswer(
    await sendBytes(hostname, Number(port), [Buffer.from(lines.join('\r\n'), 'latin1'), payload]),
    method,
  )
}

/** Writes bytes and resolves with everything that comes back until the end of the connection. */
export function sendBytes(
  host: string,
  port: number,
  parts: readonly Uint8Array[],
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host)
    const received: Buffer[] = []
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('the server did not answer')))
    socket.on('data', (chunk) => received.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(received)))
    for (const part of parts) if (part.length > 0) socket.write(part)
  })
}

/** In two chunks, so that a body is certain to arrive in pieces. */
function toChunks(body: Uint8Array): Buffer {
  const middle = body.length >> 1
  const pieces = [body.subarray(0, middle), body.subarray(middle)].filter(
    ({ length }) => length > 0,
  )
  return Buffer.concat([
    ...pieces.flatMap((piece) => [
      Buffer.from(`${piece.length.toString(16)}\r\n`),
      piece,
      Buffer.from('\r\n'),
    ]),
    Buffer.from('0\r\n\r\n'),
  ])
}

function parseAnswer(bytes: Buffer, method: string): RawAnswer {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) throw new Error(`no HTTP answer to ${method}: ${bytes.toString('latin1')}`)
  const head = bytes.subarray(0, end).toString('latin1')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  const rest = bytes.subarray(end + 4)
  const body = headers.get('transfer-encoding') === 'chunked' ? fromChunks(rest) : rest
  const text = body.toString('utf8')
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  return { status: Number(first.split(' ')[1]), head, headers, body, text, json }
}

function fromChunks(bytes: Buffer): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16)
    if (!(size > 0)) return Buffer.concat(pieces)
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}

/** Says exactly this over a socket, and hears everything until the server hangs up. */
export const speak = (port: number, ...parts: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let heard = ''
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      heard += text
    })
    socket.on('close', () => resolve(heard))
    // Who hangs up on what was not read to its end resets the connection.
    socket.on('error', (error: Error & { code?: string }) =>
      error.code === 'ECONNRESET' ? resolve(heard) : reject(error),
    )
    for (const part of parts) socket.write(part)
  })
