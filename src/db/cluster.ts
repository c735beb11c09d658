import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import {
  chmod,
  chown,
  constants,
  type FileHandle,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import { join } from 'node:path'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { giveTo, removeStale } from './folders.ts'

const STAGING = '.postgres-new-'
const INITDB_MILLISECONDS = 300_000
const LOG_BYTES_MAX = 8 * 1024 * 1024

/** The superuser of the cluster; there is no other way in than the socket in its 0700 folder. */
export const SUPERUSER = 'postgres'
export const PORT = 5432

/**
 * How PostgreSQL is told where its cluster is: as a folder that we have already opened for it. Nobody
 * needs permission on the folders above then, so the data may lie where only root can go.
 */
const OPENED = '/proc/self/fd/3'

/** Nothing of our own environment: it holds secrets, and PG… variables that would change meanings. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

export type ClusterOptions = {
  readonly folder: string
  readonly binaries: Binaries
  readonly account: Account | undefined
}

/**
 * Makes the cluster if there is none, whole or not at all: it is initialised beside its place and then
 * renamed. Refuses a folder that holds something else, or a cluster of another major version.
 */
export async function prepareCluster(options: ClusterOptions): Promise<void> {
  const { folder, binaries, account } = options
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new Error(`Cannot read the database folder ${folder}: ${error.message}`)
  })
  if (names.length === 0) return createCluster(options)
  const version = await readFile(join(folder, 'PG_VERSION'), 'utf8').catch(() => undefined)
  if (version === undefined) {
    throw new Error(`${folder} is not empty and is not a PostgreSQL database: move it away.`)
  }
  if (version.trim() !== String(binaries.major)) {
    throw new Error(
      `The database in ${folder} was made by PostgreSQL ${version.trim()} and cannot be opened by PostgreSQL ${binaries.major}: nothing was changed; upgrade it with pg_upgrade, or restore a dump into a new data folder.`,
    )
  }
  if (account === undefined) return
  // Restored from a backup by root, for example.
  const inside = await stat(join(folder, 'PG_VERSION'))
  const top = await stat(folder)
  if (top.uid === 0 || inside.uid === 0) await giveTo(account, folder)
}

async function createCluster({ folder, binaries, account }: ClusterOptions): Promise<void> {
  const parent = join(folder, '..')
  const staging = await mkdtemp(join(parent, STAGING)).catch((error: Error) => {
    throw new Error(`Cannot write to the data folder ${parent}: ${error.message}`)
  })
  try {
    await removeStale(parent, STAGING, [process.geteuid?.(), account?.uid])
    await chmod(staging, 0o700)
    if (account !== undefined) await chown(staging, account.uid, account.gid)
    await runInitdb(staging, binaries, account)
    await rename(staging, folder).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster: its cluster is as good as ours.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
    await syncFolder(parent)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

async function runInitdb(
  staging: string,
  binaries: Binaries,
  account: Account | undefined,
): Promise<void> {
  const locale =
    binaries.major >= 17
      ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
      : ['--locale=C']
  const flags = ['--auth-local=trust', '--auth-host=reject', '--data-checksums', '--encoding=UTF8']
  const args = [`--username=${SUPERUSER}`, ...flags, ...locale]
  const initdb = await spawnOn(staging, binaries.initdb, args, { account, output: 'pipe' })
  let said = ''
  initdb.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  initdb.stdout?.resume()
  const timer = setTimeout(() => initdb.kill('SIGKILL'), INITDB_MILLISECONDS)
  const [code, signal] = await once(initdb, 'close').finally(() => clearTimeout(timer))
  if (code === 0) return
  const reason = lastLine(said, /error|fatal|could not/i) ?? signal ?? `exit code ${code}`
  throw new Error(`PostgreSQL could not make its database in ${staging}: ${reason}`)
}

type SpawnOptions = {
  readonly account: Account | undefined
  /** Where standard output and error go. */
  readonly output: 'pipe' | number
  readonly detached?: boolean
}

/** Starts a program of PostgreSQL on a folder, as the account. */
async function spawnOn(
  folder: string,
  program: string,
  args: readonly string[],
  { account, output, detached = false }: SpawnOptions,
): Promise<ChildProcess> {
  // Opened and closed at once: the caller must not miss an early exit.
  const opened = openSync(folder, 'r')
  try {
    const where = existsSync('/proc/self/fd') ? OPENED : folder
    const child = spawn(program, ['-D', where, ...args], {
      cwd: '/', // Where anybody may be.
      env: ENVIRONMENT,
      detached,
      stdio: ['ignore', output, output, opened],
      ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
    })
    await once(child, 'spawn')
    return child
  } catch (error) {
    throw new Error(`Cannot start ${program}: ${error instanceof Error ? error.message : error}`)
  } finally {
    closeSync(opened)
  }
}

/** A postmaster that we have spawned, and that will outlive us if we are killed. */
export type Postmaster = {
  readonly pid: number
  /** What it last complained about; `undefined` while it runs. */
  exitReason(): Promise<string | undefined>
}

/**
 * Spawns the postmaster in a session of its own, so that neither Ctrl-C in our terminal nor our own
 * death takes it along.
 */
export async function spawnPostmaster(
  options: ClusterOptions & {
    readonly logFile: string
    readonly settings: Readonly<Record<string, string>>
  },
): Promise<Postmaster> {
  const { folder, binaries, account, logFile, settings } = options
  const log = await openLog(logFile, account)
  try {
    const from = (await log.stat()).size
    const args = ['-p', String(PORT)]
    for (const [name, value] of Object.entries(settings)) args.push('-c', `${name}=${value}`)
    const output = { account, output: log.fd, detached: true }
    const child = await spawnOn(folder, binaries.postgres, args, output)
    child.unref()
    const pid = child.pid ?? 0
    return {
      pid,
      exitReason: async () => {
        if (child.exitCode === null && child.signalCode === null) return undefined
        const exited = child.signalCode ?? `exit code ${child.exitCode}`
        const text = (await readFile(logFile)).subarray(from).toString()
        // Servers of other processes write to this log too; ours has its number in its lines.
        const own = new RegExp(`\\[${pid}\\] (FATAL|PANIC)`)
        return lastLine(text, own) ?? lastLine(text, /PANIC|error/) ?? exited
      },
    }
  } finally {
    await log.close()
  }
}

async function openLog(logFile: string, account: Account | undefined): Promise<FileHandle> {
  const size = await stat(logFile).then(
    (info) => info.size,
    () => 0,
  )
  if (size > LOG_BYTES_MAX) await rename(logFile, `${logFile}.1`)
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = constants
  const log = await open(logFile, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600)
  if (account !== undefined) await log.chown(account.uid, account.gid)
  return log
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

function lastLine(text: string, pattern: RegExp): string | undefined {
  return text
    .split('\n')
    .findLast((line) => pattern.test(line))
    ?.replace(/^.*?(FATAL|PANIC|ERROR|initdb: error): +/, '')
    .trim()
}
