import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createDatabase, type Database, type DatabaseOptions } from './db/database.ts'
import { openEmbedded } from './db/embedded.ts'
import { migrate } from './db/migrate.ts'
import { SetupError } from './errors.ts'

/** The database of one Scrip, opened: served by a URL, or the one in the data folder. */
export type Store = {
  /** How to reach it; for more pools. */
  readonly target: Pick<DatabaseOptions, 'url' | 'socket'>
  /** Serves requests, in the role that cannot change the journal. */
  readonly db: Database
  readonly close: () => Promise<void>
}

export type StoreOptions = {
  readonly databaseUrl: string | undefined
  readonly dataDirectory: string
  /** Connections of the pool. */
  readonly connections?: number
}

/**
 * Opens the database and brings its schema forward. Several processes may do so at once. Refuses
 * (SetupError) with one clear line what cannot be opened.
 */
export async function openStore({
  databaseUrl,
  dataDirectory,
  connections = 20,
}: StoreOptions): Promise<Store> {
  const embedded = databaseUrl === undefined ? await openData(dataDirectory) : undefined
  const target = databaseUrl === undefined ? { socket: embedded?.connection } : { url: databaseUrl }
  const options = target as Pick<DatabaseOptions, 'url' | 'socket'> // One of the two is there.
  const owner = createDatabase({ ...options, max: 1, applicationName: 'scrip migrate' })
  try {
    const role = await migrate(owner)
    await owner.end()
    const db = createDatabase({ ...options, max: connections, ...(role ? { role } : {}) })
    return {
      target: options,
      db,
      close: async () => {
        await db.end({ timeout: 5 })
        await embedded?.stop()
      },
    }
  } catch (error) {
    await owner.end({ timeout: 1 })
    await embedded?.stop()
    if (error instanceof SetupError) throw error
    const reason = error instanceof Error ? error.message || String(error) : String(error)
    throw new SetupError(`The database cannot be used: ${reason}`, { cause: error })
  }
}

async function openData(dataDirectory: string) {
  const folder = resolve(dataDirectory)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return await openEmbedded({ dataDirectory: folder })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SetupError(reason, { cause: error })
  }
}
