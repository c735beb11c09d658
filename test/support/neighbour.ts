import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import type { EmbeddedPostgres } from '../../src/db/embedded.ts'

export const DB_SOURCES = fileURLToPath(new URL('../../src/db', import.meta.url))

/** A folder that anybody may enter, with room for data folders. */
export type Box = { readonly path: string; newDataFolder(): string }

/** Makes a box that is removed after the tests of the file that asks for it. */
export async function createBox(): Promise<Box> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'scrip-embedded-')))
  await chmod(path, 0o755)
  after(() => rm(path, { recursive: true, force: true }))
  let count = 0
  return { path, newDataFolder: () => join(path, String(++count), 'data') }
}

/** A pool on the server, closed again afterwards. */
export async function using<T>(
  embedded: EmbeddedPostgres,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sql = postgres({ ...embedded.connection, max: 2, onnotice: () => {} })
  return work(sql).finally(() => sql.end({ timeout: 1 }))
}

/** Whether a process runs. */
export function isAlive(pid: number): boolean {
  // A zombie, whose parent does not care, has ended all the same.
  const states = spawnSync('ps', ['-p', String(pid), '-o', 'state='])
    .stdout.toString()
    .trim()
  return states !== '' && states !== 'Z'
}

/** Waits for what another process does; never longer than 15 s. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(20)) {
    if (await isSo()) return
  }
  assert.fail(`not within 15 s: ${what}`)
}

/** Another process that has the data folder open until it is told to stop, or is killed. */
export type Neighbour = { child: ChildProcess; started: boolean; pid: number; lines: string[] }

export async function openNeighbour(
  dataDirectory: string,
  options: { sources?: string; work?: string; uid?: number; gid?: number } = {},
): Promise<Neighbour> {
  const { sources = DB_SOURCES, work = '', ...identity } = options
  const code = `
    import postgres from 'postgres'
    import { openEmbedded } from './embedded.ts'
    const embedded = await openEmbedded({ dataDirectory: ${JSON.stringify(dataDirectory)} })
    console.log(JSON.stringify({ started: embedded.started, pid: embedded.pid }))
    process.stdin.once('data', () => {
      process.stdin.destroy()
      embedded.stop()
    })
    ${work}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: sources, // Where the imports above are looked up from.
    stdio: ['pipe', 'pipe', 'pipe'],
    ...identity,
  })
  let complaints = ''
  child.stderr.on('data', (text) => {
    complaints += text
  })
  const lines: string[] = []
  const reader = createInterface(child.stdout).on('line', (line) => lines.push(line))
  await Promise.race([once(reader, 'line'), once(child, 'exit')])
  const first = lines.shift()
  assert.ok(first !== undefined, `the other process failed: ${complaints}`)
  return { child, lines, ...JSON.parse(first) }
}

export async function stopNeighbour({ child }: Neighbour): Promise<void> {
  const exited = once(child, 'exit')
  child.stdin?.write('stop\n')
  const [code] = await exited
  assert.equal(code, 0)
}

export async function killNeighbour({ child }: Neighbour): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
