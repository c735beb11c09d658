import type { Queryable, Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'
import type { Hold } from './decide.ts'

type HoldRow = {
  id: bigint
  card_id: bigint
  amount: bigint
  captured: bigint
  state: Hold['state']
  owner: string
  reason: string | null
  expires_at: Instant
}

const toHold = (row: HoldRow): Hold => ({
  id: row.id,
  cardId: row.card_id,
  amount: row.amount,
  captured: row.captured,
  state: row.state,
  owner: row.owner,
  reason: row.reason ?? undefined,
  expiresAt: row.expires_at,
})

/** A new hold's id, drawn before it is placed so that `decide` stays pure. */
export async function nextHoldId(sql: Queryable): Promise<bigint> {
  const [row] = await sql<{ id: bigint }[]>`select nextval('hold_ids') as id`
  if (!row) throw new Error('no hold id')
  return row.id
}

/** Open holds of the given cards, and the named holds in whatever state, by card. */
export async function loadHolds(
  sql: Queryable,
  merchantId: bigint,
  cardIds: readonly bigint[],
  holdIds: readonly bigint[],
): Promise<Map<bigint, Map<bigint, Hold>>> {
  const rows = await sql<HoldRow[]>`
    select id, card_id, amount, captured, state, owner, reason, expires_at from holds
    where merchant_id = ${merchantId} and card_id = any(${cardIds as bigint[]}) and state = 'open'
    union
    select id, card_id, amount, captured, state, owner, reason, expires_at from holds
    where merchant_id = ${merchantId} and id = any(${holdIds as bigint[]})`
  const byCard = new Map<bigint, Map<bigint, Hold>>()
  for (const row of rows) {
    const holds = byCard.get(row.card_id) ?? new Map<bigint, Hold>()
    byCard.set(row.card_id, holds.set(row.id, toHold(row)))
  }
  return byCard
}

/** Stores holds as they are now; the cards' rows are locked, so nobody else changes them meanwhile. */
export async function writeHolds(
  tx: Tx,
  merchantId: bigint,
  holds: readonly Hold[],
  now: Instant,
): Promise<void> {
  if (holds.length === 0) return
  await tx`
    insert into holds (merchant_id, id, card_id, amount, captured, state, owner, reason, expires_at, created_at, ended_at)
    select ${merchantId}, id, card_id, amount, captured, state, owner, reason, expires_at, ${now}::timestamptz,
      case when state <> 'open' then ${now}::timestamptz end
    from unnest(
      ${holds.map((hold) => hold.id)}::int8[], ${holds.map((hold) => hold.cardId)}::int8[],
      ${holds.map((hold) => hold.amount)}::int8[], ${holds.map((hold) => hold.captured)}::int8[],
      ${holds.map((hold) => hold.state)}::text[], ${holds.map((hold) => hold.owner)}::text[],
      ${holds.map((hold) => hold.reason ?? null)}::text[], ${holds.map((hold) => hold.expiresAt)}::timestamptz[]
    ) as h (id, card_id, amount, captured, state, owner, reason, expires_at)
    on conflict (merchant_id, id) do update set captured = excluded.captured, state = excluded.state,
      ended_at = excluded.ended_at
    where holds.state = 'open'`
}

/** Cards of a merchant with holds that are past their time; for the sweeper. */
export async function listLapsedCards(
  sql: Queryable,
  merchantId: bigint,
  now: Instant,
  limit: number,
): Promise<bigint[]> {
  const rows = await sql<{ card_id: bigint }[]>`
    select distinct card_id from holds
    where merchant_id = ${merchantId} and state = 'open' and expires_at <= ${now}::timestamptz limit ${limit}`
  return rows.map((row) => row.card_id)
}
