/**
 * `npm run bench:transact`: durable pretix `transact` over HTTP against pgbench's simple-update on the same
 * PostgreSQL in the same run. Ratios are the result; the absolute numbers are this machine's.
 */
import { benchWorld, fillCards, transactOn } from './support/cards.ts'
import { bestPgbench, initPgbench, runPgbench } from './support/pgbench.ts'
import { startBenchServer } from './support/server.ts'
import { runLoad } from './support/wrk.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 8)
const CARDS = 10_000

const server = await startBenchServer(benchWorld())
try {
  const { first, last } = await fillCards(server.db, CARDS)
  await initPgbench(server.target, 10)
  const ids = Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index))
  const many = ids.map(transactOn)
  const hot = [transactOn(first)]

  await runLoad(server.url, many, { connections: 64, seconds: 3 })
  const best = await bestPgbench(server.target, 'simple-update', SECONDS)
  const lone = await runPgbench(server.target, {
    script: 'simple-update',
    clients: 1,
    seconds: SECONDS,
  })
  const at64 = await runLoad(server.url, many, { connections: 64, seconds: SECONDS })
  const at256 = await runLoad(server.url, many, { connections: 256, seconds: SECONDS })
  const hot64 = await runLoad(server.url, hot, { connections: 64, seconds: SECONDS })
  const alone = await runLoad(server.url, many, { connections: 1, seconds: SECONDS })
  const memory = await server.memoryMb()

  const errors = at64.errors + at256.errors + hot64.errors + alone.errors
  const lines: readonly (readonly [string, string, string])[] = [
    ['pgbench simple-update, best', `${best.tps.toFixed(0)} tps`, `${best.clients} clients`],
    [
      'transact, 64 connections',
      `${at64.perSecond.toFixed(0)}/s`,
      `${(at64.perSecond / best.tps).toFixed(2)}× pgbench (goal ≥ 2)`,
    ],
    [
      'transact, 256 connections',
      `${at256.perSecond.toFixed(0)}/s`,
      `${(at256.perSecond / best.tps).toFixed(2)}× pgbench (goal ≥ 2)`,
    ],
    ['p99 at 64 connections', `${at64.p99Ms.toFixed(1)} ms`, 'goal ≤ 25 ms on an idle machine'],
    [
      'one hot card, 64 connections',
      `${hot64.perSecond.toFixed(0)}/s`,
      `${(hot64.perSecond / at64.perSecond).toFixed(2)}× many cards (goal ≥ 0.8)`,
    ],
    [
      'a lone client, mean',
      `${(1_000 / alone.perSecond).toFixed(2)} ms`,
      `${(1_000 / alone.perSecond / lone.latencyMs).toFixed(2)}× a lone pgbench client (goal ≤ 2)`,
    ],
    ['server memory', `${memory.now} MB`, `peak ${memory.peak} MB (goal ≤ 200)`],
    ['errors', String(errors), ''],
  ]
  for (const [what, value, ratio] of lines)
    process.stdout.write(`${what.padEnd(30)} ${value.padStart(12)}   ${ratio}\n`)
} finally {
  await server.stop()
}
