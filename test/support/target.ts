import { createDatabase } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openTestDatabase, type TestDatabase } from './database.ts'
import { startServed } from './served.ts'

/** Both kinds of PostgreSQL that production knows; a race must come out the same on each. */
export const TARGETS = ['embedded', 'served'] as const

/** A database of one's own on the embedded PostgreSQL of the test run, or on a served one over TCP. */
export async function openTarget(target: (typeof TARGETS)[number]): Promise<TestDatabase> {
  if (target === 'embedded') return await openTestDatabase()
  const served = await startServed()
  const owner = createDatabase({ url: served.url, max: 2 })
  const role = await migrate(owner)
  const db = createDatabase({ url: served.url, max: 10, ...(role ? { role } : {}) })
  return {
    url: served.url,
    db,
    owner,
    close: async () => {
      await Promise.all([db.end({ timeout: 2 }), owner.end({ timeout: 2 })])
      await served.stop()
    },
  }
}
