import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How to reach the PostgreSQL that is measured. */
export type Target = {
  readonly host: string
  readonly port: number
  readonly username: string
}

/** Debian keeps pgbench outside of PATH; take the newest. */
async function findPgbench(): Promise<string> {
  const versions = await readdir('/usr/lib/postgresql').catch(() => [])
  const [newest] = versions.sort((a, b) => Number(b) - Number(a))
  return newest ? `/usr/lib/postgresql/${newest}/bin/pgbench` : 'pgbench'
}

const base = ({ host, port, username }: Target) => ['-h', host, '-p', String(port), '-U', username]

/** Makes the `pgbench` database with `scale` × 100,000 accounts. */
export async function initPgbench(target: Target, scale: number): Promise<void> {
  const tool = await findPgbench()
  await run(tool, [...base(target), '-i', '-q', '-s', String(scale), 'pgbench'], {
    maxBuffer: 1 << 26,
  })
}

export type PgbenchRun = {
  readonly script: 'simple-update' | 'tpcb-like' | 'select-only'
  readonly clients: number
  readonly seconds: number
}

/** Transactions per second and mean latency of one run, prepared statements. */
export async function runPgbench(
  target: Target,
  { script, clients, seconds }: PgbenchRun,
): Promise<{ readonly tps: number; readonly latencyMs: number }> {
  const tool = await findPgbench()
  const { stdout } = await run(tool, [
    ...base(target),
    '-n',
    ...['-b', script, '-M', 'prepared', '-c', String(clients)],
    ...['-j', String(Math.min(clients, 2)), '-T', String(seconds), 'pgbench'],
  ])
  const tps = Number(/tps = ([\d.]+)/.exec(stdout)?.[1])
  const latencyMs = Number(/latency average = ([\d.]+) ms/.exec(stdout)?.[1])
  return { tps, latencyMs }
}

/** The best rate over some client counts: what the machine can do at most. */
export async function bestPgbench(
  target: Target,
  script: PgbenchRun['script'],
  seconds: number,
): Promise<{ readonly tps: number; readonly clients: number }> {
  let best = { tps: 0, clients: 0 }
  for (const clients of [4, 16, 32, 64]) {
    const { tps } = await runPgbench(target, { script, clients, seconds })
    if (tps > best.tps) best = { tps, clients }
  }
  return best
}
