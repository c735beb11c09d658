/**
 * `npm run bench:floor`: what `bench:transact` would say if parts of Scrip cost nothing. The same load on
 * Fastify with an empty handler, on a bare route over the ledger, and on the whole server, as ratios to
 * pgbench's simple-update on the same PostgreSQL in the same run; and the CPU time of each part.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { benchWorld, fillCards, transactOn } from './support/cards.ts'
import { bestPgbench, initPgbench, runPgbench } from './support/pgbench.ts'
import { type BenchServer, NODE_FLAGS, readUrl, startBenchServer } from './support/server.ts'
import { type LoadRequest, runLoad } from './support/wrk.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 8)
const FLOOR = new URL('support/floor-server.ts', import.meta.url).pathname

/** CPU time so far, in µs, of one process and of all that are called `postgres`. */
async function cpuOf(pid: number | undefined): Promise<{ server: number; postgres: number }> {
  const cpu = { server: 0, postgres: 0 }
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    const end = stat.lastIndexOf(')')
    const [user, system] = stat
      .slice(end + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number)
    // In ticks of 10 ms, on every Linux there is.
    const micros = ((user ?? 0) + (system ?? 0)) * 10_000
    if (Number(name) === pid) cpu.server += micros
    else if (stat.slice(0, end).endsWith('(postgres')) cpu.postgres += micros
  }
  return cpu
}

type Pgbench = { readonly tps: number; readonly loneMs: number }
type Subject = { readonly name: string; readonly url: string; readonly pid: number | undefined }

async function measure(
  { name, url, pid }: Subject,
  requests: readonly LoadRequest[],
  { tps, loneMs }: Pgbench,
): Promise<void> {
  await runLoad(url, requests, { connections: 64, seconds: 4 })
  for (const connections of [64, 256, 1]) {
    const before = await cpuOf(pid)
    const { perSecond, errors } = await runLoad(url, requests, { connections, seconds: SECONDS })
    const after = await cpuOf(pid)
    const each = (part: 'server' | 'postgres'): string =>
      ((after[part] - before[part]) / (perSecond * SECONDS)).toFixed(0)
    const ratio =
      connections === 1
        ? `${(1_000 / perSecond / loneMs).toFixed(2)}× a lone pgbench client's time`
        : `${(perSecond / tps).toFixed(2)}× pgbench`
    const cpu = `µs a request: server ${each('server')}, PostgreSQL ${each('postgres')}`
    const line = [
      name.padEnd(26),
      String(connections).padStart(4),
      perSecond.toFixed(0).padStart(7),
    ]
    process.stdout.write(`${line.join(' ')}/s  ${ratio.padEnd(36)} ${cpu}, ${errors} errors\n`)
  }
}

async function measureFloor(
  { target }: BenchServer,
  mode: 'empty' | 'ledger',
  run: (subject: Subject) => Promise<void>,
): Promise<void> {
  const child = spawn(
    process.execPath,
    [...NODE_FLAGS, FLOOR, mode, target.host, String(target.port)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  try {
    const name = mode === 'empty' ? 'Fastify, empty handler' : 'a bare route and ledger'
    await run({ name, url: await readUrl(child), pid: child.pid })
  } finally {
    const gone = once(child, 'exit')
    if (child.kill('SIGTERM')) await gone
  }
}

const server = await startBenchServer(benchWorld())
try {
  const { first, last } = await fillCards(server.db, 10_000)
  await initPgbench(server.target, 10)
  const ids = Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index))
  const requests = ids.map(transactOn)
  const best = await bestPgbench(server.target, 'simple-update', SECONDS)
  const lone = await runPgbench(server.target, {
    script: 'simple-update',
    clients: 1,
    seconds: SECONDS,
  })
  const pgbench = { tps: best.tps, loneMs: lone.latencyMs }
  process.stdout.write(
    `pgbench simple-update: ${best.tps.toFixed(0)} tps at ${best.clients} clients, alone ${lone.latencyMs.toFixed(2)} ms\n`,
  )
  const run = (subject: Subject) => measure(subject, requests, pgbench)
  await measureFloor(server, 'empty', run)
  await measureFloor(server, 'ledger', run)
  await run({ name: 'the whole server', url: server.url, pid: server.pid })
} finally {
  await server.stop()
}
