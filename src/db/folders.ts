import { chown, lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Account } from './account.ts'

const STALE_MILLISECONDS = 3_600_000

/**
 * Deletes what killed processes left half-made: a folder's entries by prefix, an hour old, and of these
 * owners only, because others may write to the same folder.
 */
export async function removeStale(
  folder: string,
  prefix: string,
  owners: readonly (number | undefined)[],
): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(prefix))
  for (const name of names) {
    const info = await lstat(join(folder, name)).catch(() => undefined)
    if (info === undefined || !owners.includes(info.uid)) continue
    if (Date.now() - info.mtimeMs < STALE_MILLISECONDS) continue
    await rm(join(folder, name), { recursive: true, force: true })
  }
}

/** Gives a tree of files to an account, without following links. */
export async function giveTo(account: Account, folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) {
      await chown(join(entry.parentPath, entry.name), account.uid, account.gid)
    }
  }
  await chown(folder, account.uid, account.gid)
}
