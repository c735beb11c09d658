import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Door, type DoorIds, fuzzDoors, fuzzLists, QUERY_NAMES } from './fuzz-doors.ts'
import { type Dice, mutate, mutatePath, mutateQuery, rollDice } from './mutate.ts'

/** A request that the server did not answer as it should have. */
export type Finding = {
  readonly what: string
  readonly method: string
  readonly path: string
  readonly type: string
  /** As base64: it may be anything. */
  readonly body: string
}

export type FuzzReport = {
  readonly requests: number
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number, number>
  readonly findings: readonly Finding[]
}

export type FuzzOptions = {
  readonly requests: number
  readonly seed: number
  /** What the doors' ids are in this database. */
  readonly ids: DoorIds
  readonly clients?: number
  readonly onProgress?: (done: number) => void
}

const ANSWER_MS_MAX = 20_000
const FINDINGS_MAX = 20
const ATTEMPTS_MAX = 30
/** The one door with a queue of its own: more files than may wait are turned away until some are done. */
const QUEUED = '/api/v2/giftcards/import'

type Wanted = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly type: string
  readonly body: Buffer
}

/**
 * Sends broken requests with good credentials to every door of a running server: whatever comes, it is
 * answered, soon, and never with a 5xx. Stops early when it has found enough.
 */
export async function fuzzServer(
  base: string,
  { requests, seed, ids, clients = 8, onProgress = () => {} }: FuzzOptions,
): Promise<FuzzReport> {
  const doors = fuzzDoors(ids)
  const lists = fuzzLists(ids)
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const statuses = new Map<number, number>()
  const findings: Finding[] = []
  let sent = 0
  const client = async (): Promise<void> => {
    while (sent < requests && findings.length < FINDINGS_MAX) {
      const number = sent++
      // A die of its own for each request: the same number and seed make the same request.
      const wanted = invent(rollDice(seed + number * 7_919), doors, lists)
      const found = await ask(base, wanted, agent)
      if (typeof found === 'number') statuses.set(found, (statuses.get(found) ?? 0) + 1)
      if (typeof found === 'string' || found >= 500) findings.push(toFinding(wanted, String(found)))
      if (number % 5_000 === 0) onProgress(number)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  agent.destroy()
  return { requests: sent, statuses, findings }
}

function toFinding({ method, path, type, body }: Wanted, what: string): Finding {
  return { what, method, path, type, body: body.toString('base64') }
}

const TYPES = [
  ...['application/json', 'application/json; charset=utf-16', 'text/plain', 'application/xml', ''],
  ...[
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=b',
    'multipart/form-data',
  ],
] as [string, ...string[]] // A spread hides that the list is not empty.

function oneOf(dice: Dice, doors: readonly Door[]): Door {
  const door = doors[dice.below(doors.length)]
  if (!door) throw new Error('no doors')
  return door
}

function invent(dice: Dice, doors: readonly Door[], lists: readonly Door[]): Wanted {
  if (dice.below(8) === 0) {
    const { method, path, headers } = oneOf(dice, lists)
    const query = mutateQuery(dice, QUERY_NAMES)
    return { method, path: `${path}?${query}`, headers, type: '', body: Buffer.alloc(0) }
  }
  const door = oneOf(dice, doors)
  const isAsIs = dice.below(8) === 0
  const path = dice.below(25) === 0 ? mutatePath(dice, door.path) : door.path
  return {
    method: door.method,
    path: dice.below(25) === 0 ? `${path}?${mutateQuery(dice, QUERY_NAMES)}` : path,
    headers: {
      ...door.headers,
      ...(dice.below(40) === 0 ? { 'x-idempotency-key': `k${dice.below(5)}` } : {}),
      ...(dice.below(40) === 0 ? { 'content-encoding': dice.pick(['gzip', 'deflate', 'br']) } : {}),
    },
    type: dice.below(25) === 0 ? dice.pick(TYPES) : door.type,
    body: isAsIs ? Buffer.from(door.seed) : mutate(dice, Buffer.from(door.seed)),
  }
}

/** The status, or what went wrong on the way to one. */
async function ask(base: string, wanted: Wanted, agent: Agent): Promise<number | string> {
  for (let attempt = 1; ; attempt++) {
    let answer = await exchange(base, wanted, agent)
    // A kept connection may be closed just when it is used again, which says nothing about the request.
    if (typeof answer === 'string') answer = await exchange(base, wanted, undefined)
    if (typeof answer === 'string') return answer
    const isFull = answer.status === 503 && answer.retryAfter === '1' && wanted.path === QUEUED
    if (!isFull || attempt === ATTEMPTS_MAX) return answer.status
    await sleep(1_000)
  }
}

type Answer = { readonly status: number; readonly retryAfter: string | undefined }

function exchange(
  base: string,
  { method, path, headers, type, body }: Wanted,
  agent: Agent | undefined,
): Promise<Answer | string> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve) => {
    const outgoing = request(
      {
        hostname,
        port,
        method,
        // What Node itself refuses to send is sent escaped.
        path: path.replace(/[^\x21-\x7e]/g, encodeURIComponent),
        agent: agent ?? false,
        headers: {
          ...headers,
          ...(type === '' ? {} : { 'content-type': type }),
          ...(method === 'GET' ? {} : { 'content-length': body.length }),
        },
      },
      (answer) => {
        answer.resume()
        const { 'retry-after': retryAfter } = answer.headers
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, retryAfter }))
        answer.on('error', (error) => resolve(`broken answer: ${error.message}`))
      },
    )
    outgoing.setTimeout(ANSWER_MS_MAX, () => outgoing.destroy(new Error('no answer in time')))
    outgoing.on('error', (error) => resolve(`broken: ${error.message}`))
    outgoing.end(method === 'GET' ? undefined : body)
  })
}
