import { mkdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chooseAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { PORT, type Postmaster, prepareCluster, SUPERUSER, spawnPostmaster } from './cluster.ts'
import { endOrphans, readPostmasterPid, removeForeignLocks, signal } from './lock-files.ts'
import { type Connection, enter, type Presence } from './presence.ts'
import { serverSettings } from './server-settings.ts'
import { openSocketFolder, type SocketFolder } from './socket-folder.ts'

/** The PostgreSQL that lives in a data folder, as one process that uses it sees it. */
export type EmbeddedPostgres = {
  /** For postgres.js in this process, and in no other: the path may be valid here only. */
  readonly connection: Connection
  /** Of the postmaster; a new one after a recovery. */
  readonly pid: number
  /** Whether we started it; false when we joined one that was running. */
  readonly started: boolean
  /**
   * Stops the server if nobody else is using it (the last one out turns off the light). Close your own
   * connections first. Waits for the server to be gone, but not longer than the timeout (8 s).
   */
  stop(options?: { readonly timeoutSeconds?: number }): Promise<void>
}

export type EmbeddedOptions = {
  readonly dataDirectory: string
  readonly log?: (line: string) => void
  /** Settings of PostgreSQL that replace ours. */
  readonly settings?: Readonly<Record<string, string>>
}

const DATABASE = 'scrip'
const STOP_SECONDS = 8
/** How long a server that is there may take to recover, or to finish stopping. */
const BUSY_MILLISECONDS = 600_000
/** How long leftovers of a killed server may keep a new one from starting. */
const START_MILLISECONDS = 30_000
const RECOVERY_PAUSE_MILLISECONDS_MAX = 10_000

/**
 * Starts the PostgreSQL of a data folder, making it first if need be, or joins the one that another
 * process has started; if the server is lost while we use it, it is started again (design.md section 5).
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const home = await openHome(options)
  const stopping = new AbortController()
  let visit = await reach(home, stopping.signal).catch((error: unknown) => {
    home.socket?.close()
    throw error
  })
  const watching = watch()
  let stopped: Promise<void> | undefined

  async function watch(): Promise<void> {
    for (;;) {
      await visit.presence.ended
      if (stopping.signal.aborted) return
      home.log('lost the embedded PostgreSQL; opening it again')
      await visit.presence.leave()
      const next = await reachAgain(home, stopping.signal)
      if (next === undefined) return
      visit = next
      if (stopping.signal.aborted) return leave(home, visit, Date.now() + STOP_SECONDS * 1_000)
    }
  }

  async function stop(timeoutSeconds: number): Promise<void> {
    stopping.abort()
    const timeout = timeoutSeconds * 1_000
    const left = leave(home, visit, Date.now() + timeout).then(() => watching)
    await Promise.race([left, sleep(timeout, undefined, { ref: false })])
    home.socket?.close()
  }

  return {
    connection: connectionOf(home),
    get pid() {
      return visit.pid
    },
    get started() {
      return visit.started
    },
    stop: ({ timeoutSeconds = STOP_SECONDS } = {}) => (stopped ??= stop(timeoutSeconds)),
  }
}

type Home = {
  readonly data: string
  readonly cluster: string
  readonly settings: Readonly<Record<string, string>>
  readonly log: (line: string) => void
  /** There only once there is a cluster. */
  socket: SocketFolder | undefined
}

type Visit = { readonly presence: Presence; readonly pid: number; readonly started: boolean }

async function openHome({ dataDirectory, settings = {}, log = () => {} }: EmbeddedOptions) {
  if (process.platform === 'win32') {
    throw new Error(
      'The embedded PostgreSQL needs Linux or macOS: give a server with DATABASE_URL.',
    )
  }
  try {
    await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
    const data = await realpath(dataDirectory)
    const home: Home = { data, cluster: join(data, 'postgres'), settings, log, socket: undefined }
    return home
  } catch (error) {
    throw new Error(`Cannot use the data folder ${dataDirectory}: ${messageOf(error)}`)
  }
}

/** Connects to the server, and starts it whenever there is none; bounded, and patient with recovery. */
async function reach(home: Home, stopping: AbortSignal): Promise<Visit> {
  const began = Date.now()
  let postmaster: Postmaster | undefined
  for (let told = began; ; ) {
    stopping.throwIfAborted()
    const found = await tryEnter(home)
    if (typeof found === 'object') {
      const pid = (await readPostmasterPid(home.cluster)) ?? 0
      return { presence: found, pid, started: pid === postmaster?.pid }
    }
    const waited = Date.now() - began
    if (found === 'absent') {
      const reason = await postmaster?.exitReason()
      if (reason !== undefined && (!isPassing(reason) || waited > START_MILLISECONDS)) {
        throw new Error(`PostgreSQL did not start: ${reason} (see ${logFileOf(home)})`)
      }
      if (reason !== undefined) await clearWay(home.cluster, waited)
      if (postmaster === undefined || reason !== undefined) postmaster = await start(home)
    }
    if (waited > BUSY_MILLISECONDS) {
      throw new Error(
        `PostgreSQL is not ready after ${Math.round(waited / 1_000)} s (see ${logFileOf(home)})`,
      )
    }
    if (Date.now() - told > 5_000) {
      told = Date.now()
      home.log(`waiting for PostgreSQL to be ready (see ${logFileOf(home)})`)
    }
    await sleep(Math.min(20 + waited / 10, 500))
  }
}

/** A presence; or that nobody listens; or that somebody does, but is not ready for us. */
async function tryEnter(home: Home): Promise<Presence | 'absent' | 'busy'> {
  home.socket ??= (await isThere(home.cluster)) ? openSocketFolder(home.cluster) : undefined
  if (home.socket === undefined) return 'absent'
  try {
    return await enter(connectionOf(home))
  } catch (error) {
    // PostgreSQL's and the system's errors both have one.
    const { code } = error as { code?: unknown }
    if (ABSENT.has(code)) return 'absent'
    if (BUSY.has(code)) return 'busy'
    const hint = code === 'EACCES' ? ': it belongs to another user; start Scrip as that user' : ''
    throw new Error(`Cannot open the database in ${home.cluster}${hint}: ${messageOf(error)}`)
  }
}

const ABSENT = new Set<unknown>(['ENOENT', 'ECONNREFUSED'])
const BUSY = new Set<unknown>([
  '57P03', // starting up, recovering, shutting down
  '57P01', // ended by a shutdown just now
  '53300', // no connection free
  '55P03', // somebody holds the lock to stop the server, and has not stopped it yet
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
  'ECONNRESET',
  'EPIPE',
  'EAGAIN',
])

/**
 * Another process was faster to start it, or came, left as the last and stopped ours before we could
 * enter; or the children of a killed server are not gone yet.
 */
function isPassing(reason: string): boolean {
  return /lock file .* already exists|pre-existing shared memory|still in use|^SIG|^exit code 0$/.test(
    reason,
  )
}

/** Ends our session, and the server with it if nobody else is there. */
async function leave({ cluster }: Home, { presence }: Visit, deadline: number): Promise<void> {
  // If the server has just been lost, there is nothing to stop.
  const isLast = await presence.isLast().catch(() => false)
  const pid = isLast ? await readPostmasterPid(cluster) : undefined
  // Fast shutdown: ends all sessions, ours too.
  if (pid !== undefined && signal(pid, 'SIGINT')) {
    // The file is the last thing to go, but a server that is killed leaves it behind; and a process
    // that has ended may stay as a zombie which nobody waits for.
    const isRunning = async () => signal(pid, 0) && (await readPostmasterPid(cluster)) === pid
    while (Date.now() < deadline && (await isRunning())) await sleep(10)
  }
  await presence.leave()
}

/** Gets out of the way what a killed server has left, giving it time to go by itself. */
async function clearWay(cluster: string, waitedMilliseconds: number): Promise<void> {
  await removeForeignLocks(cluster, PORT)
  if (waitedMilliseconds > 6_000) await endOrphans(cluster, 'SIGKILL')
  else if (waitedMilliseconds > 2_000) await endOrphans(cluster, 'SIGQUIT')
}

async function start(home: Home): Promise<Postmaster> {
  const { data, cluster, settings, log } = home
  const owner = await stat(cluster).catch(() => undefined)
  const account = await chooseAccount(owner)
  const binaries = await findBinaries({ account, dataDirectory: data, log })
  const options = { folder: cluster, binaries, account }
  await prepareCluster(options)
  return spawnPostmaster({
    ...options,
    logFile: logFileOf(home),
    settings: serverSettings(settings),
  })
}

async function reachAgain(home: Home, stopping: AbortSignal): Promise<Visit | undefined> {
  let pause = 250
  for (;;) {
    // Never make a new, empty database in the place of one that somebody has just removed.
    if (!(await isThere(join(home.cluster, 'PG_VERSION')))) {
      home.log(`the database in ${home.cluster} is gone`)
      return undefined
    }
    try {
      return await reach(home, stopping)
    } catch (error) {
      if (stopping.aborted) return undefined
      home.log(messageOf(error))
      await sleep(pause)
      pause = Math.min(2 * pause, RECOVERY_PAUSE_MILLISECONDS_MAX)
    }
  }
}

function connectionOf({ socket, cluster }: Home): Connection {
  return { host: socket?.path ?? cluster, port: PORT, database: DATABASE, username: SUPERUSER }
}

function logFileOf({ data }: Home): string {
  return join(data, 'postgres.log')
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
