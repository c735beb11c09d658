import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import manifest from '../../package.json' with { type: 'json' }
import { createDatabase, type Database } from '../../src/db/database.ts'
import { type EmbeddedPostgres, openEmbedded } from '../../src/db/embedded.ts'
import type { World } from '../../src/world/schema.ts'
import type { Target } from './pgbench.ts'

/** A Scrip under test: a server process of its own on an embedded PostgreSQL that we opened first. */
export type BenchServer = {
  readonly url: string
  readonly target: Target
  /** The database of the server, as its owner. */
  readonly db: Database
  readonly pid: number | undefined
  /** Resident memory of the server process now, and its highest, in MB. */
  readonly memoryMb: () => Promise<{ readonly now: number; readonly peak: number }>
  readonly stop: () => Promise<void>
}

const ROOT = new URL('../../', import.meta.url).pathname
/** What follows `exec node` in `npm start`: a bench runs what a merchant runs. */
const START = manifest.scripts.start.split(' ').slice(2)
/** The same without the command. */
export const NODE_FLAGS = START.slice(0, START.indexOf('src/main.ts'))

/** Starts everything in a temporary folder; `stop` leaves nothing behind. */
export async function startBenchServer(
  world: World,
  flags: readonly string[] = [],
): Promise<BenchServer> {
  const folder = await mkdtemp(join(tmpdir(), 'scrip-bench-'))
  const postgres = await openEmbedded({ dataDirectory: folder })
  const { host, port, username } = postgres.connection
  const target = { host, port, username }
  await createPgbenchDatabase(target)
  const file = join(folder, 'world.json')
  await writeFile(file, JSON.stringify(world))
  const child = spawn(
    process.execPath,
    [...START, '--port', '0', '--data', folder, '--world', file, '--log-level', 'warn', ...flags],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const url = await readUrl(child)
  const db = createDatabase({ socket: { ...target, database: 'scrip' }, max: 2 })
  return {
    url,
    target,
    db,
    pid: child.pid,
    memoryMb: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      const read = (name: string) =>
        Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
      return { now: read('VmRSS'), peak: read('VmHWM') }
    },
    stop: () => stop(child, db, postgres, folder),
  }
}

async function createPgbenchDatabase(target: Target): Promise<void> {
  const admin = createDatabase({ socket: { ...target, database: 'postgres' }, max: 1 })
  await admin`create database pgbench`
  await admin.end()
}

/** The address that a server says it is ready at. */
export async function readUrl(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('no standard output')
  for await (const line of createInterface(child.stdout))
    if (line.startsWith('ready ')) return line.slice('ready '.length)
  throw new Error('the server did not start')
}

async function stop(
  child: ChildProcess,
  db: Database,
  postgres: EmbeddedPostgres,
  folder: string,
): Promise<void> {
  child.kill('SIGTERM')
  if (child.exitCode === null) await once(child, 'exit')
  await db.end({ timeout: 2 })
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
}
