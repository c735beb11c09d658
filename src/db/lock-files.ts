import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, rm, stat } from 'node:fs/promises'
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
