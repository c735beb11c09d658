/**
 * `npm run bench:growth`: what a merchant's ten-thousandth, millionth and (with `-- --ten-million`)
 * ten-millionth card costs the others. Reads are compared with the smallest size, bookings with pgbench on as
 * many accounts, all on the same PostgreSQL in the same run.
 */
import { benchWorld, fillCards, TOKEN, transactOn } from './support/cards.ts'
import { initPgbench, runPgbench } from './support/pgbench.ts'
import { startBenchServer } from './support/server.ts'
import { type LoadRequest, runLoad } from './support/wrk.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 6)
const SIZES = process.argv.includes('--ten-million')
  ? [10_000, 1_000_000, 10_000_000]
  : [10_000, 1_000_000]
/** Distinct requests of one load; more would only grow the client. */
const SAMPLE = 20_000

const headers = { authorization: `Token ${TOKEN}`, 'content-type': 'application/json' }
const base = '/api/v1/organizers/bench/giftcards/'
const get = (path: string): LoadRequest => ({ method: 'GET', path: `${base}${path}`, headers })

const server = await startBenchServer(benchWorld())
const say = (line: string): boolean => process.stdout.write(`${line}\n`)
try {
  const first = new Map<string, number>()
  for (const size of SIZES) {
    const range = await fillCards(server.db, size)
    const random = (): bigint => range.first + BigInt(Math.floor(Math.random() * size))
    const sample = Array.from({ length: Math.min(SAMPLE, size) }, random)
    say(`\n${size.toLocaleString('en')} cards`)
    const reads: Record<string, readonly LoadRequest[]> = {
      retrieve: sample.map((id) => get(`${id}/`)),
      'list, page 1': [get('')],
      '?secret=': sample.map((id) => get(`?secret=B${String(id - range.first).padStart(15, '0')}`)),
      'list, deepest page': [get('?page=last')],
    }
    for (const [name, requests] of Object.entries(reads)) {
      const { perSecond, errors } = await runLoad(server.url, requests, {
        connections: 16,
        seconds: SECONDS,
      })
      const ms = 16_000 / perSecond
      const smallest = first.get(name) ?? ms
      first.set(name, smallest)
      say(
        `  ${name.padEnd(26)} ${ms.toFixed(2)} ms   ${(ms / smallest).toFixed(2)}× the smallest (goal ≤ 1.5)${errors ? `  ${errors} ERRORS` : ''}`,
      )
    }
    const started = performance.now()
    const [count] = await server.db<{ count: bigint }[]>`
      select coalesce(sum(live + test), 0)::int8 as count from card_blocks`
    say(
      `  ${'count of a list'.padEnd(26)} ${(performance.now() - started).toFixed(1)} ms   goal ≤ 20 (${count?.count})`,
    )

    const active = Array.from({ length: 10_000 }, (_, index) => range.first + BigInt(index))
    const few = await runLoad(server.url, active.map(transactOn), {
      connections: 64,
      seconds: SECONDS,
    })
    const smallest = first.get('active') ?? few.perSecond
    first.set('active', smallest)
    say(
      `  ${'transact, 10,000 active'.padEnd(26)} ${few.perSecond.toFixed(0)}/s   ${(smallest / few.perSecond).toFixed(2)}× the time of the smallest (goal ≤ 1.5)`,
    )
    await initPgbench(server.target, Math.max(1, size / 100_000))
    const pgbench = await runPgbench(server.target, {
      script: 'simple-update',
      clients: 64,
      seconds: SECONDS,
    })
    const all = await runLoad(server.url, sample.map(transactOn), {
      connections: 64,
      seconds: SECONDS,
    })
    say(
      `  ${'transact, uniform'.padEnd(26)} ${all.perSecond.toFixed(0)}/s   ${(all.perSecond / pgbench.tps).toFixed(2)}× pgbench with as many accounts (goal ≥ 2)`,
    )
  }
} finally {
  await server.stop()
}
