import type { Queryable, Tx } from '../db/database.ts'
import type { Remembered } from '../ledger/group-commit.ts'
import { type Instant, MICROS_PER_SECOND } from '../money/instant.ts'
import type { Deps } from './deps.ts'

/** How long an answer is kept and replayed (specs/pretix-giftcards.md 11; specs/foodics.md 4.5). */
export const KEPT_FOR: Instant = 24n * 3_600n * MICROS_PER_SECOND

/** An answer as it went out the first time. */
export type StoredAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Digest of the request, where the protocol compares it. */
  readonly request: Buffer | undefined
}

/** Somebody else finished a request with the same key first: this effect was undone, theirs stands. */
export class IdempotencyConflict extends Error {
  override readonly name = 'IdempotencyConflict'
}

/**
 * Stores answers in the transaction of their effects. A key that another server process finished
 * meanwhile throws IdempotencyConflict and so undoes this effect: a key has one effect, ever.
 */
export async function saveRemembered(
  tx: Tx,
  remembered: readonly Remembered[],
  now: Instant,
): Promise<void> {
  if (remembered.length === 0) return
  const saved = await insertRemembered(tx, remembered, now)
  if (saved < remembered.length) throw new IdempotencyConflict()
}

async function insertRemembered(
  sql: Queryable,
  remembered: readonly Remembered[],
  now: Instant,
): Promise<number> {
  const rows = await sql`
    insert into idempotency_keys as k (merchant_id, scope, status, headers, body, request, created_at)
    select merchant_id, decode(scope, 'hex'), status, headers, convert_to(body, 'UTF8'), decode(request, 'hex'), ${now}::timestamptz
    from unnest(
      ${remembered.map((r) => r.merchantId)}::int8[], ${remembered.map((r) => r.scope.toString('hex'))}::text[],
      ${remembered.map((r) => r.status)}::int2[], ${remembered.map((r) => r.headers)}::text[],
      ${remembered.map((r) => r.body)}::text[], ${remembered.map((r) => r.request?.toString('hex') ?? null)}::text[]
    ) as r (merchant_id, scope, status, headers, body, request)
    on conflict (merchant_id, scope) do update set status = excluded.status, headers = excluded.headers,
      body = excluded.body, request = excluded.request, created_at = excluded.created_at
    where k.created_at <= ${now - KEPT_FOR}::timestamptz
    returning 1`
  return rows.length
}

export type Idempotency = {
  /**
   * The answer stored under this key, unless it is too old. A key may also lie with other merchants: 0
   * while nobody knew the token, the former one after that.
   */
  readonly find: (
    merchantId: bigint,
    scope: Buffer,
    otherIds?: readonly bigint[],
  ) => Promise<StoredAnswer | undefined>
  /** Stores an answer in the transaction of its effect; a key has one effect, ever. */
  readonly save: (tx: Tx, remembered: Remembered) => Promise<void>
  /** Stores an answer that had no effect of its own (a refusal); false if an earlier one stays. */
  readonly keep: (remembered: Remembered) => Promise<boolean>
  /** Forgets what is too old; bounded, for a worker. */
  readonly sweep: () => Promise<void>
}

/** Once per key: a second caller gets the first answer. */
export function createIdempotency({ db, now }: Pick<Deps, 'db' | 'now'>): Idempotency {
  return {
    find: async (merchantId, scope, otherIds = []) => {
      const [row] = await db<
        { status: number; headers: string; body: Buffer; request: Buffer | null }[]
      >`
        select status, headers, body, request from idempotency_keys
        where merchant_id = any(${[merchantId, ...otherIds]}::int8[]) and scope = ${scope}
          and created_at > ${now() - KEPT_FOR}::timestamptz
        order by created_at limit 1`
      if (!row) return undefined
      return {
        status: row.status,
        headers: JSON.parse(row.headers) as Record<string, string>, // Written by us.
        body: row.body.toString('utf8'),
        request: row.request ?? undefined,
      }
    },
    save: (tx, remembered) => saveRemembered(tx, [remembered], now()),
    keep: async (remembered) => (await insertRemembered(db, [remembered], now())) > 0,
    sweep: async () => {
      const merchants = await db<{ id: bigint }[]>`select id from merchants union all select 0`
      for (const { id } of merchants)
        await db`
          delete from idempotency_keys where merchant_id = ${id} and scope in (
            select scope from idempotency_keys
            where merchant_id = ${id} and created_at <= ${now() - KEPT_FOR}::timestamptz
            order by created_at limit 10000)`
      await db`delete from retired_tokens where retired_at <= ${now() - KEPT_FOR}::timestamptz`
    },
  }
}
