import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { type Flags, readConfig } from '../config.ts'
import { SetupError } from '../errors.ts'
import { openStore, type Store } from '../store.ts'

/** Adds the two flags of every command that needs the database. */
export const withStoreFlags = (command: Command): Command =>
  command
    .option('--database-url <url>', 'a PostgreSQL server; none: the embedded one (DATABASE_URL)')
    .option('--data <folder>', 'the data folder (SCRIP_DATA, ./data)')

/**
 * Opens the database as the flags say, also beside a running server, and closes it afterwards. One in a
 * folder is made if there is none, unless it must be there already: then it is refused (SetupError).
 */
export async function usingStore<T>(
  flags: Flags,
  work: (store: Store) => Promise<T>,
  { mustExist = false } = {},
): Promise<T> {
  const config = readConfig(flags)
  const { databaseUrl, dataDirectory } = config
  if (mustExist && databaseUrl === undefined && !existsSync(join(dataDirectory, 'postgres')))
    throw new SetupError(`There is no database in ${dataDirectory}.`)
  const store = await openStore({ ...config, connections: 4 })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
