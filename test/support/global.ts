import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatabase } from '../../src/db/database.ts'
import { type EmbeddedPostgres, openEmbedded } from '../../src/db/embedded.ts'
import { migrate } from '../../src/db/migrate.ts'

/**
 * One PostgreSQL for a whole test run, with a migrated template that each test file clones. Only here is
 * `fsync` off: what a crash leaves is tested on clusters of its own.
 */
let server: EmbeddedPostgres | undefined
let folder: string | undefined

export const TEMPLATE = 'scrip_template'

export async function globalSetup(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'scrip-test-'))
  server = await openEmbedded({
    dataDirectory: folder,
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '300' },
  })
  endWithUs(server, folder)
  const { host, port, username } = server.connection
  const admin = createDatabase({ socket: { host, port, username, database: 'postgres' }, max: 1 })
  await admin.unsafe(`create database ${TEMPLATE}`)
  await admin.end()
  const owner = createDatabase({ socket: { host, port, username, database: TEMPLATE }, max: 1 })
  await migrate(owner)
  await owner.end()
  process.env.SCRIP_TEST_POSTGRES = JSON.stringify({ host, port, username })
}

/** A run that is cut short, or forced to exit before its teardown, must not leave its server behind. */
function endWithUs(postgres: EmbeddedPostgres, data: string): void {
  process.once('exit', () => {
    try {
      process.kill(postgres.pid, 'SIGQUIT')
    } catch {
      return // Stopped in the regular way.
    }
    rmSync(data, { recursive: true, force: true, maxRetries: 5 })
  })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(1))
}

export async function globalTeardown(): Promise<void> {
  await server?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
}
