import { transact } from '../db/transact.ts'
import type { Origin } from '../ledger/entry.ts'
import { type Outcome, post } from '../ledger/post.ts'
import type { Deps } from './deps.ts'

export type TransferCommand = {
  readonly merchantId: bigint
  readonly fromId: bigint
  readonly toId: bigint
  /** Ledger units, positive. */
  readonly amount: bigint
  readonly currency: string
  readonly origin: Origin
}

/** Moves value from card to card of one merchant and one currency: both entries or none. */
export const transfer =
  ({ db, now }: Deps) =>
  async ({
    merchantId,
    fromId,
    toId,
    amount,
    currency,
    origin,
  }: TransferCommand): Promise<Outcome[]> => {
    const side = { verb: 'transfer', currency, origin, topic: 'transaction.manual' } as const
    return await transact(db, (tx) =>
      post(
        tx,
        merchantId,
        [
          { ...side, cardId: fromId, amount: -amount },
          { ...side, cardId: toId, amount },
        ],
        { now: now(), allOrNothing: true },
      ),
    )
  }
