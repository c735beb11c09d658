/**
 * The closed list of refusals: every "no" that a rule of the core can say. A dialect has words for each
 * of them, and the compiler counts (style.md example 5). `docs/errors.md` explains them.
 */
export type Refusal =
  /** No such card for this caller. */
  | { readonly code: 'card_not_found' }
  /** Another card has this code; some protocols compare without case. */
  | { readonly code: 'code_taken' }
  /** Stopped for now, or ended for good. */
  | { readonly code: 'card_blocked' }
  | { readonly code: 'card_closed' }
  | { readonly code: 'card_expired' }
  /** There is nothing to unblock. */
  | { readonly code: 'card_not_blocked' }
  /** Only an empty card can be closed. */
  | { readonly code: 'card_not_empty'; readonly balance: bigint }
  /** More than what is available: balance minus open holds. */
  | { readonly code: 'insufficient_value'; readonly available: bigint; readonly wanted: bigint }
  /** The balance would leave the range that every protocol can print. */
  | { readonly code: 'balance_too_large' }
  /** The amount is not a sensible one for this verb: zero or of the wrong sign. */
  | { readonly code: 'amount_invalid' }
  /** Value of one currency asked of a card of another; live money of a test card. */
  | { readonly code: 'currency_mismatch' }
  | { readonly code: 'testmode_mismatch' }
  | { readonly code: 'entry_not_found' }
  /** An entry of this kind has nothing to give back. */
  | { readonly code: 'entry_not_reversible' }
  /** More than what the original entry has left to give back. */
  | { readonly code: 'reversal_exceeds_original'; readonly left: bigint }
  | { readonly code: 'hold_not_found' }
  /** Captured, released or expired before. */
  | { readonly code: 'hold_ended' }
  /** Placed by someone else. */
  | { readonly code: 'hold_not_owned' }
  | { readonly code: 'capture_exceeds_hold'; readonly left: bigint }
  /** A lock could not be had in time, or the database gave up a race three times. */
  | { readonly code: 'busy' }
  /** Too much is waiting; nothing was begun. */
  | { readonly code: 'overloaded' }

export type RefusalCode = Refusal['code']

/** A refusal on its way out; nothing of the refused command was written. */
export class DomainError extends Error {
  override readonly name = 'DomainError'
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.code)
    this.refusal = refusal
  }
}

/** Ends the current command with a refusal. */
export function refuse(refusal: Refusal): never {
  throw new DomainError(refusal)
}

/** A setting, flag or file that cannot be used: one clear line, exit code 1. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}
