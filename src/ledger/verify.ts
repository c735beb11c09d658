import type { Queryable } from '../db/database.ts'
import { chainHash, GENESIS } from './entry.ts'
import { entryColumns, toEntry } from './statement.ts'

/** One thing that is not as it must be; ids only, never a code. */
export type Broken = string
/** Finds the first broken row of one merchant, or nothing. Every module that keeps counters has one. */
export type Check = (sql: Queryable, merchantId: bigint) => Promise<Broken | undefined>

/** Entries read in one go. */
const PAGE = 5_000

/**
 * Re-reads every entry of a merchant in card order and proves: numbering without gaps, chains unbroken,
 * each balance the fold of its entries, each reversal of its own card.
 */
export async function verifyChains(
  db: Queryable,
  merchantId: bigint,
): Promise<{ readonly entries: number; readonly broken?: Broken }> {
  let entries = 0
  let card = { id: 0n, seq: 0, balance: 0n, hash: GENESIS }
  for (let from = { cardId: 0n, seq: 0 }; ; ) {
    const rows = await db`
      select ${entryColumns(db)} from entries
      where merchant_id = ${merchantId} and (card_id, card_seq) > (${from.cardId}::int8, ${from.seq}::int4)
      order by card_id, card_seq limit ${PAGE}`
    for (const entry of rows.map(toEntry)) {
      if (entry.cardId !== card.id) card = { id: entry.cardId, seq: 0, balance: 0n, hash: GENESIS }
      const at = `entry ${entry.id} (card ${entry.cardId}, number ${entry.cardSeq})`
      if (entry.cardSeq !== card.seq + 1)
        return { entries, broken: `${at}: follows number ${card.seq}` }
      if (entry.balanceAfter !== card.balance + entry.amount)
        return { entries, broken: `${at}: its balance is not the one before plus its amount` }
      if (chainHash(card.hash, entry) !== entry.hash)
        return { entries, broken: `${at}: its hash does not match what it says` }
      card = { id: entry.cardId, seq: entry.cardSeq, balance: entry.balanceAfter, hash: entry.hash }
      entries += 1
    }
    const last = rows.at(-1)
    if (!last) return { entries }
    from = { cardId: card.id, seq: card.seq }
  }
}

/** Each invariant of cards, holds and reversals as a query that finds the first row that breaks it. */
export const verifyTotals: Check = async (sql, merchantId) => {
  const [card] = await sql<{ id: bigint }[]>`
    select c.id from cards c
    left join entries e on e.merchant_id = c.merchant_id and e.card_id = c.id and e.card_seq = c.last_seq
    where c.merchant_id = ${merchantId} and c.last_seq > 0 and (e.id is null or e.balance_after <> c.balance
      or e.hash <> c.last_hash) limit 1`
  if (card) return `card ${card.id}: its balance is not what its last entry left`
  const [tail] = await sql<{ id: bigint }[]>`
    select c.id from cards c join entries e on e.merchant_id = c.merchant_id and e.card_id = c.id
      and e.card_seq = c.last_seq + 1
    where c.merchant_id = ${merchantId} limit 1`
  if (tail) return `card ${tail.id}: it has entries after its last one`
  const [empty] = await sql<{ id: bigint }[]>`
    select id from cards where merchant_id = ${merchantId}
      and (last_seq = 0 and (loaded <> 0 or face <> 0 or removed_at is null)
        or removed_at is not null and balance <> 0) limit 1`
  if (empty)
    return `card ${empty.id}: it has a value or is shown, but not by any entry, or is gone with its value`
  const [turned] = await sql<{ id: bigint }[]>`
    select c.id from cards c left join (
      select distinct on (card_id) card_id, kind from entries
      where merchant_id = ${merchantId} and kind in ('block', 'unblock', 'close')
      order by card_id, card_seq desc) e on e.card_id = c.id
    where c.merchant_id = ${merchantId} and case e.kind when 'block' then c.state <> 'blocked'
      when 'unblock' then c.state <> 'active' when 'close' then c.state <> 'closed' else c.state = 'closed' end limit 1`
  if (turned) return `card ${turned.id}: its state is not what its entries made of it`
  const [event] = await sql<{ id: bigint }[]>`
    select e.id from entries e left join entries f on f.merchant_id = e.merchant_id and f.id = e.event_id
    where e.merchant_id = ${merchantId} and (f.event_id is distinct from e.event_id or f.id > e.id) limit 1`
  if (event) return `entry ${event.id}: its event is not that of the first entry of the event`
  const [captured] = await sql<{ id: bigint }[]>`
    select h.id from holds h left join (
      select hold_id, -sum(amount) as taken from entries
      where merchant_id = ${merchantId} and hold_id is not null group by hold_id) e on e.hold_id = h.id
    where h.merchant_id = ${merchantId} and h.captured <> coalesce(e.taken, 0) limit 1`
  if (captured) return `hold ${captured.id}: what was captured is not what its entries took`
  const [held] = await sql<{ id: bigint }[]>`
    select c.id from cards c left join (
      select card_id, sum(amount - captured) as open from holds
      where merchant_id = ${merchantId} and state = 'open' group by card_id) h on h.card_id = c.id
    where c.merchant_id = ${merchantId} and c.held <> coalesce(h.open, 0) limit 1`
  if (held) return `card ${held.id}: what is held is not the sum of its open holds`
  const [reversal] = await sql<{ id: bigint }[]>`
    select o.id from (
      select reverses, sum(amount) as given, min(card_id) as least, max(card_id) as most from entries
      where merchant_id = ${merchantId} and reverses is not null group by reverses) r
    join entries o on o.merchant_id = ${merchantId} and o.id = r.reverses
    left join reversal_totals t on t.merchant_id = o.merchant_id and t.entry_id = o.id
    where sign(r.given) = sign(o.amount) or abs(r.given) > abs(o.amount) or r.least <> o.card_id
      or r.most <> o.card_id or t.reversed is distinct from abs(r.given) limit 1`
  if (reversal) return `entry ${reversal.id}: more was given back than it was, or not to its card`
  const [total] = await sql<{ entry_id: bigint }[]>`
    select t.entry_id from reversal_totals t
    join entries o on o.merchant_id = t.merchant_id and o.id = t.entry_id
    where t.merchant_id = ${merchantId} and (t.original <> abs(o.amount) or t.reversed <> coalesce((
      select abs(sum(amount)) from entries r
      where r.merchant_id = ${merchantId} and r.reverses = t.entry_id), 0)) limit 1`
  if (total) return `entry ${total.entry_id}: what is kept of its reversals is not what there are`
  const [block] = await sql<{ block: bigint }[]>`
    select block from (
      select block, live, test from card_blocks where merchant_id = ${merchantId}) b
    full join (
      select id >> 12 as block, count(*) filter (where not testmode) as live, count(*) filter (where testmode) as test
      from cards where merchant_id = ${merchantId} and removed_at is null group by 1) c using (block)
    where coalesce(b.live, 0) <> coalesce(c.live, 0) or coalesce(b.test, 0) <> coalesce(c.test, 0) limit 1`
  if (block) return `card block ${block.block}: its count is not the number of its cards`
  return undefined
}
