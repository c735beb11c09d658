import type { Queryable, Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'

/** Applications, users and login sessions, rows only (specs/lightspeed-onsite.md 2). */

export type Access = 'read' | 'readwrite'

/** The application that comes in with any Private ID, where a store lets it (2.1). */
export const DEMO_APPLICATION = 'com.lightspeed.onsite.demo'

/** A store that knows the application, with the user and the sessions that were asked for, if any. */
export type Candidate = {
  readonly merchantId: bigint
  readonly access: Access
  readonly idle: Instant
  readonly seats: number
  readonly generatesSerials: boolean
  readonly userId: bigint | null
  readonly username: string | null
  readonly passwordHash: string | null
  readonly active: boolean | null
  readonly session: Buffer | null
  readonly sessionUserId: bigint | null
  readonly sessionAppId: string | null
  readonly usedAt: Instant | null
}

export type Question = {
  readonly appId: string
  readonly privateHash: Buffer
  /** Whom to look for; without a name, the user of a session. */
  readonly username: string | undefined
  readonly sessions: readonly Buffer[]
}

/** Everything that decides who is calling, in one statement. Empty: no such application. */
export async function readCandidates(
  sql: Queryable,
  { appId, privateHash, username, sessions }: Question,
): Promise<Candidate[]> {
  return await sql<Candidate[]>`
    select a.merchant_id as "merchantId", a.access, st.idle_micros as idle, st.seats,
      st.generates_serials as "generatesSerials",
      u.id as "userId", u.username, u.password_hash as "passwordHash", u.active,
      s.token_hash as session, s.credential_id as "sessionUserId", s.app_id as "sessionAppId",
      s.used_at as "usedAt"
    from (
      select merchant_id, access from lightspeed_applications
      where app_id = ${appId} and private_hash = ${privateHash}
      union all
      select merchant_id, 'readwrite' from lightspeed_stores d
      where demo_application and ${appId === DEMO_APPLICATION}::bool and not exists (
        select 1 from lightspeed_applications
        where merchant_id = d.merchant_id and app_id = ${appId} and private_hash = ${privateHash})
    ) a
    join lightspeed_stores st on st.merchant_id = a.merchant_id
    left join lightspeed_sessions s on s.merchant_id = a.merchant_id
      and s.token_hash = any(select decode(t, 'hex') from unnest(${sessions.map((hash) => hash.toString('hex'))}::text[]) t)
    left join credentials u on u.merchant_id = a.merchant_id and u.dialect = 'lightspeed'
      and case when ${username !== undefined}::bool then u.username = ${username ?? ''}
        else u.id = s.credential_id end
    order by a.merchant_id`
}

export type SessionDraft = {
  readonly merchantId: bigint
  readonly tokenHash: Buffer
  readonly userId: bigint
  readonly appId: string
  readonly access: Access
}

export async function insertSession(
  sql: Queryable,
  { merchantId, tokenHash, userId, appId, access }: SessionDraft,
  now: Instant,
): Promise<void> {
  await sql`
    insert into lightspeed_sessions (merchant_id, token_hash, credential_id, app_id, access, used_at)
    values (${merchantId}, ${tokenHash}, ${userId}, ${appId}, ${access}, ${now}::timestamptz)`
}

export async function touchSession(
  sql: Queryable,
  merchantId: bigint,
  tokenHash: Buffer,
  now: Instant,
): Promise<void> {
  await sql`
    update lightspeed_sessions set used_at = greatest(used_at, ${now}::timestamptz)
    where merchant_id = ${merchantId} and token_hash = ${tokenHash}`
}

export async function deleteSession(
  sql: Queryable,
  merchantId: bigint,
  tokenHash: Buffer,
): Promise<void> {
  await sql`
    delete from lightspeed_sessions where merchant_id = ${merchantId} and token_hash = ${tokenHash}`
}

/** Takes the merchant's turn to count seats; who has it sees every session that was opened before. */
export async function lockSeats(tx: Tx, merchantId: bigint): Promise<number> {
  const [row] = await tx<{ seats: number }[]>`
    select seats from lightspeed_stores where merchant_id = ${merchantId} for update`
  return row?.seats ?? 0
}

/** Sessions of applications that write, used after that instant; only these take a seat (2.3). */
export async function countSeatsTaken(
  tx: Tx,
  merchantId: bigint,
  usedAfter: Instant,
): Promise<number> {
  const [row] = await tx<{ count: bigint }[]>`
    select count(*) from lightspeed_sessions
    where merchant_id = ${merchantId} and access = 'readwrite' and used_at > ${usedAfter}::timestamptz`
  return Number(row?.count ?? 0n)
}

/** Forgets sessions that are over, and of the others all but the `max` used last. */
export async function pruneSessions(
  sql: Queryable,
  merchantId: bigint,
  usedUntil: Instant,
  max: number,
): Promise<void> {
  await sql`
    delete from lightspeed_sessions where merchant_id = ${merchantId} and used_at <= ${usedUntil}::timestamptz`
  await sql`
    delete from lightspeed_sessions where merchant_id = ${merchantId} and token_hash in (
      select token_hash from lightspeed_sessions where merchant_id = ${merchantId}
      order by used_at desc, token_hash offset ${max}::int8)`
}
