import { DomainError } from '../errors.ts'
import type { Card } from '../ledger/card.ts'
import type { Entry } from '../ledger/entry.ts'
import type { Remembered } from '../ledger/group-commit.ts'
import type { Command, Outcome } from '../ledger/post.ts'
import type { Deps } from './deps.ts'

/** One verb on one card of one merchant, through the group commit. */
export type BookCommand = {
  /** The issuer. */
  readonly merchantId: bigint
  readonly command: Command
  /** What to store in the same commit as the effect, so that a lost answer can be replayed. */
  readonly remember?: (booking: Booking) => Remembered | undefined
}

/** The card after the entry, and the entry if the verb writes one. */
export type Booking = { readonly card: Card; readonly entry: Entry | undefined }

/**
 * Load, redeem, book, adjust, reverse, hold …: any verb of `decide` on one card. Many callers share one
 * commit; this resolves only after it. Refuses whatever `decide` refuses, and `busy`, `overloaded`.
 */
export const book =
  ({ commit }: Pick<Deps, 'commit'>) =>
  ({ merchantId, command, remember }: BookCommand): Promise<Booking> =>
    commit
      .submit(
        remember
          ? {
              merchantId,
              command,
              remember: (outcome) => (outcome.ok ? remember(outcome) : undefined),
            }
          : { merchantId, command },
      )
      .then(bookingOf)

function bookingOf(outcome: Outcome): Booking {
  if (!outcome.ok) throw new DomainError(outcome.refusal)
  return outcome
}
