import { randomBytes } from 'node:crypto'
import { createDatabase, type Database } from '../../src/db/database.ts'
import { SERVER_ROLE } from '../../src/db/migrate.ts'
import { TEMPLATE } from './global.ts'

/** A database of one's own, cloned from the migrated template. */
export type TestDatabase = {
  /** For `DATABASE_URL`. */
  readonly url: string
  /** In the role that serves requests. */
  readonly db: Database
  /** As the owner, who may do anything: for looking, and for breaking things on purpose. */
  readonly owner: Database
  readonly close: () => Promise<void>
}

/** Clones the template; drop it with `close`. */
export async function openTestDatabase({ connections = 10 } = {}): Promise<TestDatabase> {
  const text = process.env.SCRIP_TEST_POSTGRES
  if (text === undefined) throw new Error('run tests through npm test or npm run test:only')
  const { host, port, username } = JSON.parse(text) as {
    host: string
    port: number
    username: string
  } // Set by global.ts.
  const name = `test_${randomBytes(6).toString('hex')}`
  const admin = createDatabase({ socket: { host, port, username, database: 'postgres' }, max: 1 })
  await admin.unsafe(`create database ${name} template ${TEMPLATE}`)
  const socket = { host, port, username, database: name }
  const db = createDatabase({ socket, max: connections, role: SERVER_ROLE })
  const owner = createDatabase({ socket, max: 2 })
  return {
    url: `postgres://${username}@${encodeURIComponent(host)}:${port}/${name}`,
    db,
    owner,
    close: async () => {
      await Promise.all([db.end({ timeout: 2 }), owner.end({ timeout: 2 })])
      await admin.unsafe(`drop database if exists ${name} with (force)`)
      await admin.end()
    },
  }
}
