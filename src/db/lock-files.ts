import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The postmaster's process id as its cluster's folder tells it; `undefined` when none runs there. */
export async function readPostmasterPid(folder: string): Promise<number | undefined> {
  return readPid(join(folder, 'postmaster.pid'))
}

/**
 * Removes lock files whose process is alive but is no PostgreSQL of this folder: after a restart of the
 * machine or container another program may have got the number, and PostgreSQL would refuse for ever.
 * It would still find a server that really runs by its shared memory.
 */
export async function removeForeignLocks(folder: string, port: number): Promise<void> {
  for (const name of ['postmaster.pid', `.s.PGSQL.${port}.lock`]) {
    const file = join(folder, name)
    const pid = await readPid(file)
    if (pid !== undefined && !(await isServerOf(pid, folder))) await rm(file, { force: true })
  }
}

/**
 * Ends sessions that outlived their killed postmaster because they were busy: no server can start as
 * long as they have its memory, and nothing that they do can be committed any more (Linux only).
 */
export async function endOrphans(folder: string, name: 'SIGQUIT' | 'SIGKILL'): Promise<void> {
  const servers: { pid: number; parent: number; title: string }[] = []
  for (const entry of await readdir('/proc').catch(() => [])) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || !(await isServerOf(pid, folder))) continue
    const title = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    servers.push({ pid, parent: Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]), title })
  }
  const pids = new Set(servers.map(({ pid }) => pid))
  for (const { pid, parent, title } of servers) {
    // A postmaster is not titled like this, and its children have it as their parent.
    if (!title.startsWith('postgres: ') || pids.has(parent)) continue
    signal(pid, name)
  }
}

/** Sends a signal (0: none, it only looks); false if the process has ended by itself in the meantime. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false // Thrown by the system.
    throw error
  }
}

async function readPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const pid = Math.abs(Number.parseInt(text, 10)) // A single-user server writes its number negated.
  return pid > 0 ? pid : undefined
}

async function isServerOf(pid: number, folder: string): Promise<boolean> {
  if (!existsSync('/proc/self/cwd')) {
    const listed = await run('ps', ['-p', String(pid), '-o', 'comm=']).catch(() => undefined)
    return /postgres/.test(listed?.stdout ?? '')
  }
  const [there, here] = await Promise.all([
    stat(`/proc/${pid}/cwd`).catch(() => undefined), // Gone, or not ours to look at.
    stat(folder),
  ])
  return there !== undefined && there.dev === here.dev && there.ino === here.ino
}
