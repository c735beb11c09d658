import { readdir, readFile } from 'node:fs/promises'
import { SetupError } from '../errors.ts'
import type { Database, Tx } from './database.ts'
import { sqlState } from './transact.ts'

const DIRECTORY = new URL('./migrations/', import.meta.url)
/** Any fixed number; every process that migrates waits for it. */
const LOCK = 7_263_947_281
/** Requests are served in this role: it may not change or remove an entry. */
export const SERVER_ROLE = 'scrip_server'
/** What the database itself keeps append-only. */
const APPEND_ONLY = ['entries']
const VERSION_MIN = 150_000

/**
 * Brings the schema forward, safe with several processes starting at once, and returns the role in which
 * requests are to be served. Each migration runs once, in one transaction. Refuses (SetupError) a
 * PostgreSQL before 15 and a schema newer than this program.
 */
export async function migrate(db: Database): Promise<string | undefined> {
  const files = (await readdir(DIRECTORY)).filter((name) => name.endsWith('.sql')).sort()
  const [server] = await db<
    { version: number }[]
  >`select current_setting('server_version_num')::int4 as version`
  if (server && server.version < VERSION_MIN)
    throw new SetupError(
      `PostgreSQL 15 or later is needed; this one is ${(server.version / 10_000) | 0}.`,
    )
  return (await db.begin(async (tx) => {
    await tx`set local lock_timeout = 0`
    await tx`select pg_advisory_xact_lock(${LOCK}::int8)`
    await tx`create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now())`
    const applied = new Set(
      (await tx<{ name: string }[]>`select name from schema_migrations`).map(({ name }) => name),
    )
    const unknown = [...applied].find((name) => !files.includes(name))
    if (unknown) throw new SetupError(`The database was made by a newer Scrip: it has ${unknown}.`)
    for (const name of files) {
      if (applied.has(name)) continue
      await tx.unsafe(await readFile(new URL(name, DIRECTORY), 'utf8'))
      await tx`insert into schema_migrations (name) values (${name})`
    }
    return await grant(tx)
  })) as string | undefined // Plain values pass through `begin`.
}

/**
 * Lets the server's role read and write everything but change what is append-only. Where the database
 * user may not make roles, the owner gives up those rights itself, which PostgreSQL honours as well.
 */
async function grant(tx: Tx): Promise<string | undefined> {
  const role = (await ensureRole(tx)) ? SERVER_ROLE : undefined
  if (role) {
    await tx`grant usage on schema public to ${tx(role)}`
    await tx`grant select, insert, update, delete on all tables in schema public to ${tx(role)}`
    await tx`grant usage, select on all sequences in schema public to ${tx(role)}`
  }
  for (const table of APPEND_ONLY) {
    await tx`revoke update, delete, truncate on ${tx(table)} from ${role ? tx(role) : tx.unsafe('current_user')}`
  }
  return role
}

async function ensureRole(tx: Tx): Promise<boolean> {
  try {
    await tx.savepoint(async (inner) => {
      const [existing] = await inner`select 1 from pg_roles where rolname = ${SERVER_ROLE}`
      if (!existing) await inner`create role ${inner(SERVER_ROLE)} nologin`
      const [member] = await inner<{ member: boolean }[]>`
        select pg_has_role(current_user, ${SERVER_ROLE}, 'member') as member`
      const [user] = await inner<{ super: boolean }[]>`
        select rolsuper as super from pg_roles where rolname = current_user`
      if (!member?.member && !user?.super) await inner`grant ${inner(SERVER_ROLE)} to current_user`
    })
    return true
  } catch (error) {
    const state = sqlState(error)
    // 42501: may not make roles. 23505, 42710: another database of this cluster was faster.
    if (state === '23505' || state === '42710') return ensureRole(tx)
    if (state === '42501') return false
    throw error
  }
}
