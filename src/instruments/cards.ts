import type { Queryable, Tx } from '../db/database.ts'
import { type Card, cardColumns, toCard } from '../ledger/card.ts'
import type { Instant } from '../money/instant.ts'

/** Reads of card rows; only the ledger changes their value. */

/** What a list of cards can be narrowed by; each left out does not narrow. */
export type CardFilter = {
  /** Whole code, compared without ASCII case. */
  readonly code?: string
  readonly testmode?: boolean
  readonly expired?: boolean
  /** Balance in ledger units as a two-decimal protocol shows it: from here up to the next cent. */
  readonly balanceCents?: bigint
}

/** A page of rows by position: `offset` rows are skipped, `limit` returned. */
export type Slice = { readonly offset: number; readonly limit: number }

const filterSql = (sql: Queryable, filter: CardFilter, now: Instant) => sql`
  removed_at is null
  ${filter.code === undefined ? sql`` : sql`and lower(code collate "C") = lower(${filter.code}::text collate "C")`}
  ${filter.testmode === undefined ? sql`` : sql`and testmode = ${filter.testmode}::bool`}
  ${
    filter.expired === undefined
      ? sql``
      : filter.expired
        ? sql`and expires_at is not null and expires_at < ${now}::timestamptz`
        : sql`and (expires_at is null or expires_at >= ${now}::timestamptz)`
  }
  ${
    filter.balanceCents === undefined
      ? sql``
      : sql`and balance >= ${filter.balanceCents}::int8 and balance < ${filter.balanceCents + 1_000n}::int8`
  }`

/** A card of one of these merchants, if it passes the filter. */
export async function findCard(
  sql: Queryable,
  merchantIds: readonly bigint[],
  id: bigint,
  now: Instant,
  filter: CardFilter = {},
): Promise<Card | undefined> {
  const [row] = await sql`
    select ${cardColumns(sql)} from cards
    where merchant_id = any(${merchantIds as bigint[]}) and id = ${id} and ${filterSql(sql, filter, now)}`
  return row && toCard(row)
}

/** The card with exactly this code. */
export async function findCardByCode(
  sql: Queryable,
  merchantId: bigint,
  code: string,
): Promise<Card | undefined> {
  const [row] = await sql`
    select ${cardColumns(sql)} from cards
    where merchant_id = ${merchantId} and code = ${code} and removed_at is null`
  return row && toCard(row)
}

/** The card with this code: the exact spelling if there is one, else one that differs in ASCII case only. */
export async function findCardByFoldedCode(
  sql: Queryable,
  merchantId: bigint,
  code: string,
): Promise<Card | undefined> {
  const [row] = await sql`
    select ${cardColumns(sql)} from cards
    where merchant_id = ${merchantId} and lower(code collate "C") = lower(${code}::text collate "C")
      and removed_at is null
    order by code = ${code} desc, id limit 1`
  return row && toCard(row)
}

/** Whether any of these merchants has a card with exactly this code, other than `exceptId`. */
export async function isCodeTaken(
  tx: Tx,
  merchantIds: readonly bigint[],
  code: string,
  exceptId?: bigint,
): Promise<boolean> {
  const [row] = await tx`
    select 1 from cards
    where merchant_id = any(${merchantIds as bigint[]}) and code = ${code}
      ${exceptId === undefined ? tx`` : tx`and id <> ${exceptId}`} limit 1`
  return row !== undefined
}

/** How many cards these merchants have; exact. */
export async function countCards(
  sql: Queryable,
  merchantIds: readonly bigint[],
  now: Instant,
  filter: CardFilter = {},
): Promise<number> {
  const ids = merchantIds as bigint[]
  const { expired, ...rest } = filter
  const found = (narrowed: CardFilter) => sql`
    (select count(*) from cards where merchant_id = any(${ids}) and ${filterSql(sql, narrowed, now)})`
  const counted = sql`
    (select coalesce(sum(${blockCount(sql, filter)}), 0)::int8 from card_blocks where merchant_id = any(${ids}))`
  // Those past their date are few and have an index; the others are the rest.
  const number = isPlain(filter)
    ? counted
    : expired === false && isPlain(rest)
      ? sql`${counted} - ${found({ ...rest, expired: true })}`
      : found(filter)
  const [row] = await sql<{ count: bigint }[]>`select ${number} as count`
  return Number(row?.count ?? 0n)
}

/** Cards in order of issue (which is the order of ids), from any depth without reading what is skipped. */
export async function listCards(
  sql: Queryable,
  merchantIds: readonly bigint[],
  now: Instant,
  filter: CardFilter,
  { offset, limit }: Slice,
): Promise<Card[]> {
  const ids = merchantIds as bigint[]
  if (!isPlain(filter)) {
    // The few cards of a code are found and sorted; a planner without statistics might walk all for them.
    const own = filter.code === undefined ? ofMerchants(sql, ids) : sql`merchant_id = any(${ids})`
    const rows = await sql`
      select ${cardColumns(sql)} from cards where ${own} and ${filterSql(sql, filter, now)}
      order by id offset ${offset} limit ${limit}`
    return rows.map(toCard)
  }
  const range = await findRange(sql, ids, filter, { offset, limit })
  if (!range) return []
  const rows = await sql`
    select ${cardColumns(sql)} from cards
    where ${ofMerchants(sql, ids)} and id >= ${range.first << 12n}::int8
      and id < ${(range.last + 1n) << 12n}::int8 and ${filterSql(sql, filter, now)}
    order by id offset ${offset - range.skipped} limit ${limit}`
  return rows.map(toCard)
}

/** One merchant's rows can be read in the order of an index; those of several must be sorted. */
const ofMerchants = (sql: Queryable, ids: readonly bigint[]) =>
  ids.length === 1 ? sql`merchant_id = ${ids[0] ?? 0n}` : sql`merchant_id = any(${ids as bigint[]})`

/**
 * The blocks of ids in which a page begins and ends, and how many cards come before the first. Undefined
 * if there is no such page.
 */
async function findRange(
  sql: Queryable,
  merchantIds: readonly bigint[],
  filter: CardFilter,
  { offset, limit }: Slice,
): Promise<{ first: bigint; last: bigint; skipped: number } | undefined> {
  const n = blockCount(sql, filter)
  const own = ofMerchants(sql, merchantIds)
  const blocks =
    merchantIds.length === 1
      ? sql`(select block, ${n} as n from card_blocks where ${own}) b`
      : sql`(select block, sum(${n}) as n from card_blocks where ${own} group by block) b`
  const upto = sql`sum(n) over (order by block rows unbounded preceding) as upto`
  // Those of one merchant are added up in the order of their index, and no further than needed.
  const [range] = await sql<{ first: bigint; last: bigint; skipped: bigint }[]>`
    select f.block as first, (f.upto - f.n)::int8 as skipped, coalesce((
      select block from (select block, ${upto} from ${blocks} where block >= f.block) s
      where s.upto >= ${offset + limit}::int8 - (f.upto - f.n) order by block limit 1
    ), (select max(block) from ${blocks} where n > 0)) as last
    from (
      select * from (select block, n, ${upto} from ${blocks}) s
      where s.upto > ${offset}::int8 order by block limit 1) f`
  return range && { ...range, skipped: Number(range.skipped) }
}

/** Blocks count live and test cards; every other filter needs the rows. */
const isPlain = ({ code, expired, balanceCents }: CardFilter): boolean =>
  code === undefined && expired === undefined && balanceCents === undefined

const blockCount = (sql: Queryable, { testmode }: CardFilter) =>
  testmode === undefined ? sql`live + test` : testmode ? sql`test` : sql`live`

/** The fields that a protocol may change on a card; undefined leaves one as it is, null clears it. */
export type CardChanges = {
  readonly expiresAt?: Instant | null
  readonly conditions?: string | null
  readonly ownerPositionId?: bigint | null
}

/** Changes fields that are not value; the caller holds the card's lock. */
export async function updateCard(
  tx: Tx,
  merchantId: bigint,
  id: bigint,
  changes: CardChanges,
  now: Instant,
): Promise<Card | undefined> {
  const [row] = await tx`
    update cards set modified_at = greatest(modified_at, ${now}::timestamptz)
      ${changes.expiresAt === undefined ? tx`` : tx`, expires_at = ${changes.expiresAt}::timestamptz`}
      ${changes.conditions === undefined ? tx`` : tx`, conditions = ${changes.conditions}::text`}
      ${changes.ownerPositionId === undefined ? tx`` : tx`, owner_position_id = ${changes.ownerPositionId}::int8`}
    where merchant_id = ${merchantId} and id = ${id} and removed_at is null
    returning ${cardColumns(tx)}`
  return row && toCard(row)
}
