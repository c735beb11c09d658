import type { Command } from 'commander'
import { type Flags, readConfig } from '../config.ts'
import { openStore, type Store } from '../store.ts'

/** Adds the two flags of every command that needs the database. */
export const withStoreFlags = (command: Command): Command =>
  command
    .option('--database-url <url>', 'a PostgreSQL server; none: the embedded one (DATABASE_URL)')
    .option('--data <folder>', 'the data folder (SCRIP_DATA, ./data)')

/** Opens the database as the flags say, also beside a running server, and closes it afterwards. */
export async function usingStore<T>(flags: Flags, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ ...readConfig(flags), connections: 4 })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
