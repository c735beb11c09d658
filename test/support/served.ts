import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { type Account, chooseAccount } from '../../src/db/account.ts'
import { type Binaries, findBinaries, findInstalledBinaries } from '../../src/db/binaries.ts'

const run = promisify(execFile)

/** A PostgreSQL server that a test owns. */
export type Served = {
  /** For `DATABASE_URL`: TCP, a password, and an owner who is no superuser. */
  readonly url: string
  stop(): Promise<void>
}

const ATTEMPTS_MAX = 5

/**
 * Starts a throw-away PostgreSQL on a free port of 127.0.0.1, as a hosted database gives one: password
 * logins, and a database whose owner may create roles and databases, but is no superuser. The machine's
 * own PostgreSQL is preferred, because it is another version than the embedded one.
 */
export async function startServed(): Promise<Served> {
  const account = await chooseAccount(undefined)
  const folder = await mkdtemp(join(tmpdir(), 'scrip-served-'))
  try {
    if (account !== undefined) await chown(folder, account.uid, account.gid)
    const binaries =
      (await findInstalledBinaries(account)) ??
      (await findBinaries({ account, dataDirectory: folder, log: () => {} }))
    await init(folder, binaries, account)
    for (let attempt = 1; ; attempt++) {
      const port = await findFreePort()
      try {
        return await start({ folder, binaries, account, port })
      } catch (error) {
        // Somebody else may have taken the port in the meantime.
        if (attempt === ATTEMPTS_MAX) throw error
      }
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

type Options = {
  readonly folder: string
  readonly binaries: Binaries
  readonly account: Account | undefined
  readonly port: number
}

function spawnOptions(account: Account | undefined) {
  const identity = account === undefined ? {} : { uid: account.uid, gid: account.gid }
  return { cwd: '/', env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' }, ...identity }
}

async function init(folder: string, binaries: Binaries, account: Account | undefined) {
  const auth = ['--auth-local=trust', '--auth-host=scram-sha-256', '--username=postgres']
  const args = ['-D', folder, ...auth, '--encoding=UTF8', '--locale=C', '--no-sync']
  await run(binaries.initdb, args, spawnOptions(account))
}

async function start({ folder, binaries, account, port }: Options): Promise<Served> {
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=.',
    'fsync=off', // It is thrown away: nothing here has to survive.
    'max_connections=100',
    'timezone=Europe/Berlin', // Whoever relies on the server's time zone shall notice.
  ].flatMap((setting) => ['-c', setting])
  const args = ['-D', folder, '-p', String(port), ...settings]
  const server = spawn(binaries.postgres, args, {
    ...spawnOptions(account),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaints = ''
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = `${complaints}${text}`.slice(-4_000)
  })
  const exited = once(server, 'exit')
  const kill = () => server.kill('SIGQUIT')
  process.once('exit', kill)
  const stop = async () => {
    process.off('exit', kill)
    if (kill()) await exited
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await waitUntilReady(folder, () => server.exitCode ?? server.signalCode)
    return { url: await createOwner(folder, port), stop }
  } catch (error) {
    process.off('exit', kill)
    if (kill()) await exited
    throw new Error(`The throw-away PostgreSQL did not start: ${complaints}`, { cause: error })
  }
}

async function waitUntilReady(folder: string, exitOf: () => unknown): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 20) {
    const lines = (await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')).split(
      '\n',
    )
    if (lines[7]?.trim() === 'ready') return
    if (exitOf() !== null) throw new Error(`exited with ${exitOf()}`)
    await sleep(20)
  }
  throw new Error('not ready after 30 s')
}

async function createOwner(folder: string, port: number): Promise<string> {
  const password = randomBytes(16).toString('hex')
  const superuser = postgres({
    host: folder,
    port,
    username: 'postgres',
    database: 'postgres',
    max: 1,
  })
  try {
    await superuser.unsafe(
      `create role scrip_owner login nosuperuser createrole createdb password '${password}'`,
    )
    await superuser.unsafe('create database scrip owner scrip_owner')
  } finally {
    await superuser.end()
  }
  return `postgres://scrip_owner:${password}@127.0.0.1:${port}/scrip`
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
