import type { Queryable } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'

/** What happened to a card, as webhooks name it (specs/pretix-giftcards.md 12.1). */
export type Topic =
  | 'created'
  | 'modified'
  | 'transaction.manual'
  | 'transaction.payment'
  | 'transaction.refund'

export type Notice = {
  readonly topic: Topic
  readonly cardId: bigint
  /** Who booked; only transactions name one. */
  readonly actingMerchantId?: bigint
}

/**
 * Writes what the world must hear, in the transaction of what happened: one row for each webhook of the
 * issuer that listens to the topic. Nothing is written for a merchant without webhooks.
 */
export async function notify(
  sql: Queryable,
  merchantId: bigint,
  notices: readonly Notice[],
  now: Instant,
): Promise<void> {
  if (notices.length === 0) return
  await sql`
    insert into notifications (merchant_id, webhook_id, action, card_id, acting_merchant_id, due_at, created_at)
    select w.merchant_id, w.id, n.action, n.card_id, n.acting_merchant_id, ${now}::timestamptz, ${now}::timestamptz
    from webhooks w
    cross join unnest(
      ${notices.map(({ topic }) => `pretix.giftcards.${topic}`)}::text[],
      ${notices.map(({ cardId }) => cardId)}::int8[],
      ${notices.map(({ actingMerchantId }) => actingMerchantId ?? null)}::int8[]
    ) with ordinality as n (action, card_id, acting_merchant_id, position)
    where w.merchant_id = ${merchantId} and w.active and (
      n.action = any(w.actions) or 'pretix.giftcards.*' = any(w.actions)
      or (n.action like 'pretix.giftcards.transaction.%' and 'pretix.giftcards.transaction.*' = any(w.actions)))
    order by n.position, w.id`
}
