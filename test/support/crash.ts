import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { World } from '../../src/world/schema.ts'

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname
const TOKEN = 'crash-token-0123456789abcdef'
const CARDS = 20
const CLIENTS = 16

const world: World = {
  merchants: [
    {
      slug: 'acme',
      name: 'Acme',
      country: 'DE',
      currency: 'EUR',
      timezone: 'UTC',
      credentials: [{ name: 'shop', dialect: 'pretix', token: TOKEN }],
      cards: Array.from({ length: CARDS }, (_, index) => ({
        code: `CRASH-${index}`,
        value: '1000000.00',
      })),
    },
  ],
}

/** What the clients of all rounds know: each change they sent, and whether it was acknowledged. */
export type CrashReport = {
  readonly rounds: number
  readonly acknowledged: number
  /** Acknowledged changes that the books do not have. */
  readonly lost: number
  /** Changes that the books have twice. */
  readonly doubled: number
  /** What `scrip verify` said. */
  readonly verified: boolean
}

/**
 * Round after round: starts a server on one data folder, loads it, kills server and embedded PostgreSQL
 * together with SIGKILL at a random moment, and starts it again. Every change carries its own number in
 * `text`, and is retried after the restart with its idempotency key until it is answered.
 */
export async function crashRounds(
  rounds: number,
  onRound: (line: string) => void = () => {},
): Promise<CrashReport> {
  const data = await mkdtemp(join(tmpdir(), 'scrip-crash-'))
  const file = join(data, 'world.json')
  await writeFile(file, JSON.stringify(world))
  const acknowledged = new Set<string>()
  const unanswered = new Map<string, number>()
  let next = 0
  try {
    for (let round = 1; round <= rounds; round++) {
      const server = await start(data, file)
      let running = true
      const send = async (name: string, card: number): Promise<void> => {
        unanswered.set(name, card)
        const status = await transact(server.url, card, name)
        // 409 with a key means that another of our own requests has it: it stays unanswered.
        if (status !== 200) return
        unanswered.delete(name)
        acknowledged.add(name)
      }
      const client = async (): Promise<void> => {
        while (running)
          try {
            await send(`n${next++}`, 1 + Math.floor(Math.random() * CARDS))
          } catch {
            // The server is gone: that is what this is about.
          }
      }
      for (const [name, card] of [...unanswered]) await send(name, card).catch(() => {})
      const clients = Array.from({ length: CLIENTS }, client)
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 400))
      await killBoth(server.child, data)
      running = false
      await Promise.all(clients)
      onRound(`round ${round}: ${acknowledged.size} acknowledged, ${unanswered.size} unanswered`)
    }
    return await judge(data, file, rounds, acknowledged, unanswered)
  } finally {
    await rm(data, { recursive: true, force: true })
  }
}

async function judge(
  data: string,
  file: string,
  rounds: number,
  acknowledged: Set<string>,
  unanswered: Map<string, number>,
): Promise<CrashReport> {
  const server = await start(data, file)
  for (const [name, card] of unanswered)
    if ((await transact(server.url, card, name)) === 200) acknowledged.add(name)
  const seen = new Map<string, number>()
  for (let card = 1; card <= CARDS; card++)
    for (const name of await bookings(server.url, card)) seen.set(name, (seen.get(name) ?? 0) + 1)
  server.child.kill('SIGTERM')
  await once(server.child, 'exit')
  const verify = spawn(process.execPath, [MAIN, 'verify', '--data', data], { stdio: 'ignore' })
  const [code] = (await once(verify, 'exit')) as [number]
  return {
    rounds,
    acknowledged: acknowledged.size,
    lost: [...acknowledged].filter((name) => !seen.has(name)).length,
    doubled: [...seen.values()].filter((times) => times > 1).length,
    verified: code === 0,
  }
}

async function start(data: string, file: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(
    process.execPath,
    [MAIN, 'serve', '--port', '0', '--data', data, '--world', file, '--log-level', 'silent'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  if (!child.stdout) throw new Error('no standard output')
  for await (const line of createInterface(child.stdout))
    if (line.startsWith('ready ')) return { child, url: line.slice('ready '.length) }
  throw new Error('the server did not start')
}

/** Both at once, as a power cut would: nobody gets to say goodbye. */
async function killBoth(child: ChildProcess, data: string): Promise<void> {
  const pid = Number(
    (await readFile(join(data, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0],
  )
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  process.kill(-pid, 'SIGKILL')
  await gone
}

const headers = { authorization: `Token ${TOKEN}`, 'content-type': 'application/json' }

async function transact(url: string, card: number, name: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/organizers/acme/giftcards/${card}/transact/`, {
    method: 'POST',
    headers: { ...headers, 'x-idempotency-key': name },
    body: JSON.stringify({ value: '-0.01', text: name }),
  })
  await answer.arrayBuffer()
  return answer.status
}

async function bookings(url: string, card: number): Promise<string[]> {
  const names: string[] = []
  let page: string | null = `${url}/api/v1/organizers/acme/giftcards/${card}/transactions/`
  while (page !== null) {
    const answer: Response = await fetch(page, { headers })
    const body = (await answer.json()) as {
      next: string | null
      results: { text: string | null }[]
    }
    names.push(...body.results.flatMap(({ text }) => text ?? []))
    page = body.next
  }
  return names
}
