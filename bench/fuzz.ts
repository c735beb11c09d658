/**
 * `npm run bench:fuzz [-- COUNT [SEED]]` (or `FUZZ_COUNT`, `FUZZ_SEED`): broken documents to every reader of the
 * dialects, and as many broken requests with good tokens to every door of a running server. Never a 5xx,
 * never a hang, and the books are whole afterwards; else exit code 1, with what did it.
 */

import { verify } from '../src/verify.ts'
import { fuzzWorld } from '../test/support/fuzz-doors.ts'
import { prepareDoors } from '../test/support/fuzz-prepare.ts'
import { fuzzReader, READERS } from '../test/support/fuzz-readers.ts'
import { fuzzServer } from '../test/support/fuzz-server.ts'
import { startBenchServer } from './support/server.ts'

const [countText = process.env.FUZZ_COUNT ?? '200000', seedText = process.env.FUZZ_SEED] =
  process.argv.slice(2)
const count = Number(countText)
const seed = Number(seedText ?? Date.now() % 1_000_000_007)
if (!Number.isSafeInteger(count) || !Number.isSafeInteger(seed))
  throw new Error('usage: npm run bench:fuzz -- [COUNT [SEED]]')

const say = (line: string): boolean => process.stdout.write(`${line}\n`)
say(`seed ${seed}`)
for (const [name, reader] of Object.entries(READERS)) {
  const started = performance.now()
  fuzzReader(reader, count, seed)
  const seconds = (performance.now() - started) / 1_000
  say(`${name}: ${count} documents read or refused, ${(count / seconds).toFixed(0)}/s`)
}

const server = await startBenchServer(fuzzWorld)
try {
  const started = performance.now()
  const ids = await prepareDoors(server.url, server.db)
  const { requests, statuses, findings } = await fuzzServer(server.url, {
    requests: count,
    seed,
    ids,
    onProgress: (done) => process.stderr.write(`${done} requests\r`),
  })
  const seconds = (performance.now() - started) / 1_000
  const counts = [...statuses].sort(([a], [b]) => a - b).map(([status, n]) => `${status}: ${n}`)
  say(`${requests} requests, ${(requests / seconds).toFixed(0)}/s; ${counts.join(', ')}`)
  for (const finding of findings) say(JSON.stringify(finding))
  const { broken, entries } = await verify(server.db)
  say(broken === undefined ? `${entries} entries, all whole` : `BROKEN ${broken}`)
  if (findings.length > 0 || broken !== undefined) process.exitCode = 1
} finally {
  await server.stop()
}
