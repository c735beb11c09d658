import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { isRoot } from './account.ts'
import { removeStale } from './folders.ts'

const STAGING = '.scrip-postgres-'

/**
 * Folders in which a private copy of PostgreSQL's programs may be kept. Root's copy is run by another
 * user, so it must be where everybody may look; an ordinary user's own data folder is the best place.
 */
export async function copyPlaces(dataDirectory: string): Promise<string[]> {
  const places = isRoot() ? ['/var/cache', '/var/tmp', tmpdir(), '/tmp'] : [dataDirectory, tmpdir()]
  const safe: string[] = []
  for (const place of new Set(places)) if (await isSafe(place)) safe.push(place)
  return safe
}

/**
 * Keeps a copy of the npm package's programs in `place`, made once for each version, and answers with
 * the copy's folder of programs; `undefined` where none can be kept.
 */
export async function copyPackage(
  native: string,
  place: string,
  log: (line: string) => void,
): Promise<string | undefined> {
  const text = await readFile(join(native, '..', 'package.json'), 'utf8')
  // The package's own manifest, which npm requires to have a version.
  const { version } = JSON.parse(text) as { version: string }
  const copy = join(place, `scrip-postgres-${version}-${process.geteuid?.() ?? 0}`)
  try {
    if (!(await isComplete(native, copy))) {
      log(`copying PostgreSQL's programs to ${copy}`)
      await makeCopy(native, copy)
    }
    return join(copy, 'bin')
  } catch (error) {
    log(`cannot keep PostgreSQL's programs in ${place}: ${String(error)}`)
    return undefined
  }
}

/** In a folder that others could rename entries of, they could put their own programs before ours. */
async function isSafe(place: string): Promise<boolean> {
  const info = await stat(place).catch(() => undefined)
  if (info === undefined || !info.isDirectory()) return false
  const sticky = (info.mode & 0o1000) !== 0
  const open = (info.mode & 0o022) !== 0
  return (info.uid === 0 || info.uid === process.geteuid?.()) && (sticky || !open)
}

/** A copy counts only if it is ours alone to write and holds every file in full: /tmp gets swept. */
async function isComplete(native: string, copy: string): Promise<boolean> {
  const top = await lstat(copy).catch(() => undefined)
  if (top === undefined) return false
  const ours = top.isDirectory() && top.uid === process.geteuid?.() && (top.mode & 0o022) === 0
  if (!ours) throw new Error(`${copy} belongs to somebody else`)
  for (const { path, size } of await listFiles(native)) {
    const info = await lstat(join(copy, path)).catch(() => undefined)
    if (info === undefined || (size !== undefined && info.size !== size)) return false
  }
  return true
}

/** Copies beside the goal and renames, so that nobody ever sees, or keeps, half of a copy. */
async function makeCopy(native: string, copy: string): Promise<void> {
  await removeStale(dirname(copy), STAGING, [process.geteuid?.()])
  const staging = await mkdtemp(join(dirname(copy), STAGING))
  try {
    for (const { path, size, target } of await listFiles(native)) {
      const to = join(staging, path)
      await makeFolders(staging, dirname(path))
      if (target !== undefined) await symlink(target, to)
      else if (size !== undefined) {
        await copyFile(join(native, path), to)
        await chmod(to, path.startsWith('bin/') ? 0o755 : 0o644)
      }
    }
    await chmod(staging, 0o755)
    const info = await lstat(copy).catch(() => undefined)
    if (info !== undefined) {
      // Incomplete; programs that still run from it keep what they have open.
      const old = await mkdtemp(join(dirname(copy), STAGING))
      await rename(copy, old)
      await rm(old, { recursive: true, force: true })
    }
    await rename(staging, copy).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster; isComplete has judged, or will judge, its copy.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

async function makeFolders(staging: string, folder: string): Promise<void> {
  if (folder === '.') return
  await makeFolders(staging, dirname(folder))
  await mkdir(join(staging, folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await chmod(join(staging, folder), 0o755) // Whatever the umask says.
}

type PackagedFile = {
  readonly path: string
  /** Of a plain file. */
  readonly size?: number
  /** Of a symbolic link. */
  readonly target?: string
}

/** All files of the package, with the links that npm cannot carry and an install script would make. */
async function listFiles(native: string): Promise<PackagedFile[]> {
  const files = new Map<string, PackagedFile>()
  for (const entry of await readdir(native, { recursive: true, withFileTypes: true })) {
    const path = relative(native, join(entry.parentPath, entry.name))
    if (entry.isSymbolicLink()) {
      files.set(path, { path, target: await readlink(join(native, path)) })
    } else if (entry.isFile()) {
      files.set(path, { path, size: (await stat(join(native, path))).size })
    }
  }
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  // Written by the package's own build: [{ "source": "native/lib/x.so.1.2", "target": "native/lib/x.so" }].
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const path = relative('native', target)
    if (!files.has(path)) files.set(path, { path, target: basename(source) })
  }
  return [...files.values()]
}
