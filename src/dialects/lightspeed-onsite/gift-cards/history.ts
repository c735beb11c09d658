import { cutToCents } from '../../../money/money.ts'

/**
 * How the ledger's entries look as OnSite history, and the sums that a client can check on every
 * response (specs/lightspeed-onsite.md 7.9). The ledger may be finer than the two decimals shown here.
 */
export type Activity =
  | 'created'
  | 'recharged'
  | 'redeemed'
  | 'refunded'
  | 'withdrawn'
  | 'adjusted'
  | 'expired'
  | 'activated'
  | 'deactivated'

/** What of an entry decides its word; kinds that only move value go by its sign. */
export type Movement = { readonly kind: string; readonly amount: bigint }

const WORDS: Readonly<Record<string, Activity>> = {
  issue: 'created',
  load: 'recharged',
  redeem: 'redeemed',
  refund: 'refunded',
  adjust: 'adjusted',
  cash_out: 'redeemed',
  expire: 'expired',
  block: 'deactivated',
  unblock: 'activated',
  close: 'deactivated',
}

/** The word for an entry. An undone load was never loaded; what comes back otherwise was spent before. */
export function activityOf({ kind, amount }: Movement): Activity {
  if (kind === 'transfer') return amount > 0n ? 'recharged' : 'redeemed'
  if (kind === 'void') return amount < 0n ? 'withdrawn' : 'refunded'
  return WORDS[kind] ?? 'adjusted'
}

/** Ledger units of whole cents: the balance before and after an entry, and the difference shown. */
export function stepOf({ amount, balanceAfter }: { amount: bigint; balanceAfter: bigint }): {
  before: bigint
  after: bigint
  amount: bigint
} {
  const before = cutToCents(balanceAfter - amount)
  const after = cutToCents(balanceAfter)
  return { before, after, amount: after - before }
}

/** `total = used + credit`, always: total and credit are cut off, used is what lies between. */
export function totalsOf({ loaded, balance }: { loaded: bigint; balance: bigint }): {
  total: bigint
  used: bigint
  credit: bigint
} {
  const total = cutToCents(loaded)
  const credit = cutToCents(balance)
  return { total, used: total - credit, credit }
}
