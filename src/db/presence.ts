import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'

/** What postgres.js needs to reach the server from this process. */
export type Connection = {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly username: string
}

/**
 * One session that a process keeps for as long as it uses the embedded server. It holds a lock, shared
 * with all others who are present; whoever wants to stop the server must have that lock alone, so nobody
 * can arrive between the last look around and the shutdown.
 */
export type Presence = {
  /** Resolves when the session has ended, by whomever. */
  readonly ended: Promise<void>
  /**
   * True when nobody else is present and no other session is open; from then on, newcomers wait until
   * this session ends, and with it the server. Waits for sessions that are just closing.
   */
  isLast(): Promise<boolean>
  /** Ends the session, and with it the lock. */
  leave(): Promise<void>
}

/** Any constant will do: the key of the advisory lock in the database `postgres`. */
const LOCK_KEY = 7_245_810_663
const APPLICATION = 'scrip presence'
const LAST_LOOK_MILLISECONDS = 1_000
const LAST_LOOK_STEP_MILLISECONDS = 25

/**
 * Connects, takes the shared lock and makes sure that `connection.database` exists. Rejects with the
 * driver's error where there is no server, or it is not ready.
 */
export async function enter(connection: Connection): Promise<Presence> {
  let close = () => {}
  const ended = new Promise<void>((resolve) => {
    close = resolve
  })
  const sql = postgres({
    ...connection,
    // Not in the database that is used: that one stays free to be dropped or copied.
    database: 'postgres',
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: 10,
    fetch_types: false,
    onnotice: () => {},
    onclose: () => close(),
    connection: { application_name: APPLICATION, lock_timeout: 10_000 },
  })
  const leave = () => sql.end({ timeout: 0 })
  try {
    await sql`select pg_advisory_lock_shared(${LOCK_KEY})`
    await ensureDatabase(sql, connection)
  } catch (error) {
    await leave()
    throw error
  }
  return { ended, leave, isLast: () => isLast(sql) }
}

async function ensureDatabase(sql: postgres.Sql, { database }: Connection): Promise<void> {
  const found = await sql`select from pg_database where datname = ${database}`
  if (found.length > 0) return
  await sql`create database ${sql(database)}`.catch((error: unknown) => {
    // Made by another process in this very moment: 42P04 duplicate_database, 23505 unique_violation.
    const code = error instanceof postgres.PostgresError ? error.code : undefined
    if (code !== '42P04' && code !== '23505') throw error
  })
}

async function isLast(sql: postgres.Sql): Promise<boolean> {
  const [lock] = await sql<{ alone: boolean }[]>`
    select pg_advisory_unlock_shared(${LOCK_KEY}), pg_try_advisory_lock(${LOCK_KEY}) as alone`
  if (lock?.alone !== true) return false
  const deadline = Date.now() + LAST_LOOK_MILLISECONDS
  for (;;) {
    const [others] = await sql<{ sessions: number; newcomers: number }[]>`
      select count(*)::int4 as sessions,
        count(*) filter (where application_name = ${APPLICATION} and wait_event_type = 'Lock')::int4
          as newcomers
      from pg_stat_activity
      where backend_type in ('client backend', 'walsender') and pid <> pg_backend_pid()`
    if (others?.sessions === 0) return true
    // Somebody who waits for us to go can have the server as it is.
    if (others === undefined || others.newcomers > 0 || Date.now() > deadline) return false
    await sleep(LAST_LOOK_STEP_MILLISECONDS)
  }
}
