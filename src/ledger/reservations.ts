import type { Queryable, Tx } from '../db/database.ts'
import { refuse } from '../errors.ts'
import type { Instant } from '../money/instant.ts'
import { GENESIS } from './entry.ts'

/**
 * Codes that are taken before there is a card. A reservation is a row of `cards` that was removed from
 * its first moment: no protocol shows it, but the unique index on codes holds for it as for any other.
 */

/** Whose codes, and who keeps them. */
export type Reserver = {
  readonly merchantId: bigint
  readonly currency: string
  readonly protocol: string
}

/** Which of these codes exist at the merchant, ignoring ASCII case; folded. Locks out other issuers. */
export async function lockTakenCodes(
  tx: Tx,
  merchantId: bigint,
  codes: readonly string[],
  now: Instant,
): Promise<Set<string>> {
  // The register is the turn to issue: whoever has it knows that no code appears meanwhile.
  await tx`
    insert into card_registers as r (merchant_id, last_issued_at) values (${merchantId}, ${now}::timestamptz)
    on conflict (merchant_id) do update set last_issued_at = greatest(r.last_issued_at, excluded.last_issued_at)`
  return await findTakenCodes(tx, merchantId, codes)
}

/** The same without the lock: good for telling faults, not for deciding. */
export async function findTakenCodes(
  sql: Queryable,
  merchantId: bigint,
  codes: readonly string[],
): Promise<Set<string>> {
  const rows = await sql<{ folded: string }[]>`
    select distinct lower(code collate "C") as folded from cards
    where merchant_id = ${merchantId}
      and lower(code collate "C") = any(select lower(c collate "C") from unnest(${codes as string[]}::text[]) c)`
  return new Set(rows.map(({ folded }) => folded))
}

/** Takes codes and returns the reservations' ids in their order. Refuses `code_taken`. */
export async function reserveCodes(
  tx: Tx,
  { merchantId, currency, protocol }: Reserver,
  codes: readonly string[],
  now: Instant,
): Promise<readonly bigint[]> {
  const rows = await tx<{ id: bigint; code: string }[]>`
    insert into cards (merchant_id, code, currency, balance, loaded, face, origin, created_at, modified_at,
      last_seq, last_hash, removed_at)
    select ${merchantId}, code, ${currency}, 0, 0, 0, ${protocol}, ${now}::timestamptz, ${now}::timestamptz,
      0, decode(${GENESIS}, 'hex'), ${now}::timestamptz
    from unnest(${codes as string[]}::text[]) with ordinality as c (code, position) order by position
    on conflict (merchant_id, code) do nothing returning id, code`
  const byCode = new Map(rows.map(({ id, code }) => [code, id]))
  return codes.map((code) => byCode.get(code) ?? refuse({ code: 'code_taken' }))
}

/** Gives codes free again, or up to the card that is issued under them next. */
export async function releaseReservations(
  tx: Tx,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<void> {
  if (ids.length === 0) return
  // Nothing else is ever removed with an empty chain: an issued card has its first entry.
  await tx`
    delete from cards
    where merchant_id = ${merchantId} and id = any(${ids as bigint[]}) and last_seq = 0 and removed_at is not null`
}
