import type { Queryable, Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'

/** Applications, users and login sessions, rows only (specs/lightspeed-onsite.md 2). */

export type Access = 'read' | 'readwrite'

/** The application that comes in with any Private ID, where a store lets it (2.1). */
export const DEMO_APPLICATION = 'com.lightspeed.onsite.demo'

/** An application as it identifies itself. */
export type Application = { readonly appId: string; readonly privateHash: Buffer }

/** A user of a store that knows the application, whether or not the user may come in. */
export type Member = {
  readonly merchantId: bigint
  readonly userId: bigint
  readonly passwordHash: string | null
  readonly active: boolean
  readonly access: Access
  readonly idle: Instant
  readonly seats: number
  readonly generatesSerials: boolean
  /** What a card that another protocol made refers to: the store's choice, or its first such product. */
  readonly defaultProductId: bigint | null
}

/** The stores that know an application, and how far they let it in: `(merchant_id, access)`. */
const stores = (sql: Queryable, { appId, privateHash }: Application) => sql`
  select merchant_id, access from lightspeed_applications
  where app_id = ${appId} and private_hash = ${privateHash}
  union all
  select merchant_id, 'readwrite' from lightspeed_stores d
  where demo_application and ${appId === DEMO_APPLICATION}::bool and not exists (
    select 1 from lightspeed_applications
    where merchant_id = d.merchant_id and app_id = ${appId} and private_hash = ${privateHash})`

export async function isApplicationKnown(
  sql: Queryable,
  application: Application,
): Promise<boolean> {
  const rows = await sql`select 1 from (${stores(sql, application)}) a limit 1`
  return rows.length > 0
}

/** Whom to look for: a name, or the user of a session. */
export type Whom = { readonly username: string } | { readonly userId: bigint }

/** The one user whom an application and a name lead to (a world never makes it two). */
export async function findMember(
  sql: Queryable,
  application: Application,
  whom: Whom,
): Promise<Member | undefined> {
  const [row] = await sql<Member[]>`
    select u.merchant_id as "merchantId", u.id as "userId", u.password_hash as "passwordHash", u.active,
      a.access, st.idle_micros as idle, st.seats, st.generates_serials as "generatesSerials",
      coalesce(st.default_product_id, (
        select min(id) from lightspeed_products p where p.merchant_id = u.merchant_id and p.gift_card
      )) as "defaultProductId"
    from credentials u
    join (${stores(sql, application)}) a on a.merchant_id = u.merchant_id
    join lightspeed_stores st on st.merchant_id = u.merchant_id
    where u.dialect = 'lightspeed'
      and ${'username' in whom ? sql`u.username = ${whom.username}` : sql`u.id = ${whom.userId}`}
    limit 1`
  return row
}

/** A login that was opened before, whether or not it is over. */
export type Session = {
  readonly userId: bigint
  readonly appId: string
  readonly usedAt: Instant
}

export async function findSession(
  sql: Queryable,
  merchantId: bigint,
  tokenHash: Buffer,
): Promise<Session | undefined> {
  const [row] = await sql<Session[]>`
    select credential_id as "userId", app_id as "appId", used_at as "usedAt"
    from lightspeed_sessions where merchant_id = ${merchantId} and token_hash = ${tokenHash}`
  return row
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
