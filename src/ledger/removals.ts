import type { Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'

/**
 * Takes cards out of every protocol's sight and gives their codes free. Their entries stay, so only cards
 * without value go, their last entries being the voids of their first. The caller holds the turn to
 * issue and the cards' locks.
 */
export async function removeCards(
  tx: Tx,
  merchantId: bigint,
  cardIds: readonly bigint[],
  now: Instant,
): Promise<void> {
  const rows = await tx<{ id: bigint; testmode: boolean }[]>`
    update cards set removed_at = ${now}::timestamptz, modified_at = ${now}::timestamptz, code = null
    where merchant_id = ${merchantId} and id = any(${cardIds as bigint[]}::int8[])
      and balance = 0 and held = 0 and removed_at is null
    returning id, testmode`
  if (rows.length < cardIds.length) throw new Error('a card that has value was to be removed')
  // The counts from which lists are paged (see 0001_ledger.sql) follow.
  await tx`
    update card_blocks b set live = b.live - gone.live, test = b.test - gone.test
    from (
      select id >> 12 as block, count(*) filter (where not testmode) as live,
        count(*) filter (where testmode) as test
      from unnest(${rows.map(({ id }) => id)}::int8[], ${rows.map(({ testmode }) => testmode)}::bool[]) as c (id, testmode)
      group by id >> 12
    ) gone
    where b.merchant_id = ${merchantId} and b.block = gone.block`
}
