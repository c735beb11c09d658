import type { Refusal } from '../errors.ts'
import type { Instant } from '../money/instant.ts'
import { availableOf, type Card, isExpired } from './card.ts'
import type { ContraAccount, EntryKind } from './entry.ts'

/**
 * Every rule about value. Pure: plain data in, plain data out; property tests, the model test and the
 * server all run this one function (design.md section 3).
 */

/** 99999999999.99: the largest balance that every protocol can print, in ledger units. */
export const BALANCE_MAX = 9_999_999_999_999_000n

/** A reservation of value; `open` ones that are past `expiresAt` no longer count. */
export type Hold = {
  readonly id: bigint
  readonly cardId: bigint
  readonly amount: bigint
  readonly captured: bigint
  readonly state: 'open' | 'captured' | 'released' | 'expired'
  readonly owner: string
  readonly reason?: string | undefined
  readonly expiresAt: Instant
}

/** An earlier entry that a command wants to undo, and how much of it was given back before. */
export type Original = {
  readonly id: bigint
  readonly cardId: bigint
  readonly kind: EntryKind
  readonly contra: ContraAccount
  readonly amount: bigint
  readonly reversed: bigint
}

/** What one decision looks at: a card, its open holds, and the entries that commands refer to. */
export type Account = {
  readonly card: Card
  readonly holds: ReadonlyMap<bigint, Hold>
  readonly originals: ReadonlyMap<bigint, Original>
}

/** What must hold besides the amount; each left out is not asked. */
export type Conditions = {
  readonly currency?: string
  readonly testmode?: boolean
  /** pretix `transact` books on expired cards too (specs/pretix-giftcards.md 8). */
  readonly ignoreExpiry?: boolean
  /** Never above BALANCE_MAX. */
  readonly balanceMax?: bigint
  /** False: a load leaves the face value alone (specs/foodics.md 4.3). */
  readonly raisesFace?: boolean
}

/** Amounts are positive ledger units unless a line says `signed`. */
export type Verb =
  /** First entry of a card; `used` was loaded and spent elsewhere before (an import). */
  | {
      readonly verb: 'issue'
      readonly amount: bigint
      readonly used?: bigint
      readonly contra?: ContraAccount
    }
  | { readonly verb: 'load'; readonly amount: bigint; readonly contra?: ContraAccount }
  | { readonly verb: 'redeem'; readonly amount: bigint }
  /** Signed, zero allowed: a load, a redemption, or a zero-value note. */
  | { readonly verb: 'book'; readonly amount: bigint }
  /** Sets the balance; an entry is written even when nothing changes. */
  | { readonly verb: 'set'; readonly balance: bigint }
  /** Signed correction by hand. */
  | { readonly verb: 'adjust'; readonly amount: bigint }
  /** Gives back an entry, in whole (what is left of it) or in part. */
  | { readonly verb: 'reverse'; readonly entryId: bigint; readonly amount?: bigint }
  /** One side of a transfer, signed. */
  | { readonly verb: 'transfer'; readonly amount: bigint }
  | { readonly verb: 'cashOut'; readonly amount: bigint }
  /** Writes off what is available, to breakage. */
  | { readonly verb: 'expire' }
  | { readonly verb: 'block' }
  | { readonly verb: 'unblock' }
  /** Ends an empty card for good. */
  | { readonly verb: 'close' }
  | {
      readonly verb: 'hold'
      readonly holdId: bigint
      readonly amount: bigint
      readonly owner: string
      readonly expiresAt: Instant
      readonly reason?: string
    }
  /** Spends from a hold; unless `keepRest`, what is left of it is released. */
  | {
      readonly verb: 'capture'
      readonly holdId: bigint
      readonly owner: string
      readonly amount?: bigint
      readonly keepRest?: boolean
    }
  | { readonly verb: 'release'; readonly holdId: bigint; readonly owner: string }
  /** Lets go of holds past their time; always succeeds. */
  | { readonly verb: 'lapse' }

/** A movement of value, before it has an id and a place in the chain. */
export type EntryDraft = {
  readonly kind: EntryKind
  readonly contra: ContraAccount
  readonly amount: bigint
  readonly reverses?: bigint
  readonly holdId?: bigint
}

/** What to write, or why not. At most one entry a command. */
export type Decision =
  | { readonly refusal: Refusal }
  | { readonly account: Account; readonly entry?: EntryDraft; readonly holdId?: bigint }

const REVERSIBLE: ReadonlySet<EntryKind> = new Set([
  'issue',
  'load',
  'redeem',
  'adjust',
  'cash_out',
])

const no = (refusal: Refusal): Decision => ({ refusal })

/** Judges one command on one account at one instant. */
export function decide(before: Account, command: Verb & Conditions, now: Instant): Decision {
  const account = lapseHolds(before, now)
  const { card } = account
  if (command.currency !== undefined && command.currency !== card.currency)
    return no({ code: 'currency_mismatch' })
  if (command.testmode !== undefined && command.testmode !== card.testmode)
    return no({ code: 'testmode_mismatch' })

  switch (command.verb) {
    case 'issue':
      if (command.amount < 0n || (command.used ?? 0n) < 0n) return no({ code: 'amount_invalid' })
      return move(account, command, now, {
        kind: 'issue',
        contra: command.contra ?? 'clearing',
        amount: command.amount,
        loads: command.amount + (command.used ?? 0n),
      })
    case 'load':
      if (command.amount <= 0n) return no({ code: 'amount_invalid' })
      return (
        usable(card, command, now) ?? load(account, command, now, command.amount, command.contra)
      )
    case 'redeem':
      if (command.amount <= 0n) return no({ code: 'amount_invalid' })
      return usable(card, command, now) ?? redeem(account, command, now, -command.amount)
    case 'book': {
      const refused = usable(card, command, now)
      if (refused) return refused
      if (command.amount > 0n) return load(account, command, now, command.amount)
      if (command.amount < 0n) return redeem(account, command, now, command.amount)
      return move(account, command, now, { kind: 'adjust', contra: 'adjustment', amount: 0n })
    }
    case 'set':
      return adjust(account, command, now, command.balance - card.balance)
    case 'adjust':
      return adjust(account, command, now, command.amount)
    case 'reverse':
      return reverse(account, command, now)
    case 'transfer': {
      if (command.amount === 0n) return no({ code: 'amount_invalid' })
      const loads = command.amount > 0n ? command.amount : 0n
      const draft = { kind: 'transfer', contra: 'transfer', amount: command.amount, loads } as const
      return usable(card, command, now) ?? move(account, command, now, draft)
    }
    case 'cashOut':
      if (command.amount <= 0n) return no({ code: 'amount_invalid' })
      return (
        usable(card, command, now) ??
        move(account, command, now, {
          kind: 'cash_out',
          contra: 'settlement',
          amount: -command.amount,
        })
      )
    case 'expire':
      if (card.state === 'closed') return no({ code: 'card_closed' })
      return move(account, command, now, {
        kind: 'expire',
        contra: 'breakage',
        amount: -availableOf(card),
      })
    case 'block':
      if (card.state !== 'active') return no({ code: stateRefusal(card) })
      return turn(account, now, 'blocked', 'block')
    case 'unblock':
      if (card.state === 'closed') return no({ code: 'card_closed' })
      if (card.state === 'active') return no({ code: 'card_not_blocked' })
      return turn(account, now, 'active', 'unblock')
    case 'close':
      if (card.state === 'closed') return no({ code: 'card_closed' })
      if (card.balance !== 0n) return no({ code: 'card_not_empty', balance: card.balance })
      return turn(account, now, 'closed', 'close')
    case 'hold':
      return hold(account, command, now)
    case 'capture':
      return capture(account, command, now)
    case 'release': {
      const found = ownHold(account, command)
      if ('refusal' in found) return found
      return endHold(account, found.hold, now, 'released')
    }
    case 'lapse':
      return { account }
  }
}

/** Holds past their time stop counting, whether or not anybody swept them. */
export function lapseHolds(account: Account, now: Instant): Account {
  if (account.holds.size === 0) return account
  let { held } = account.card
  const holds = new Map(account.holds)
  for (const hold of account.holds.values()) {
    if (hold.state !== 'open' || hold.expiresAt > now) continue
    held -= hold.amount - hold.captured
    holds.set(hold.id, { ...hold, state: 'expired' })
  }
  return held === account.card.held
    ? account
    : { ...account, card: { ...account.card, held }, holds }
}

const stateRefusal = (card: Card): 'card_blocked' | 'card_closed' =>
  card.state === 'closed' ? 'card_closed' : 'card_blocked'

function usable(card: Card, conditions: Conditions, now: Instant): Decision | undefined {
  if (card.state !== 'active') return no({ code: stateRefusal(card) })
  if (!conditions.ignoreExpiry && isExpired(card, now)) return no({ code: 'card_expired' })
  return undefined
}

const load = (
  account: Account,
  conditions: Conditions,
  now: Instant,
  amount: bigint,
  contra: ContraAccount = 'clearing',
): Decision => move(account, conditions, now, { kind: 'load', contra, amount, loads: amount })

const redeem = (account: Account, conditions: Conditions, now: Instant, amount: bigint): Decision =>
  move(account, conditions, now, { kind: 'redeem', contra: 'settlement', amount })

function adjust(account: Account, command: Conditions, now: Instant, amount: bigint): Decision {
  if (account.card.state !== 'active') return no({ code: stateRefusal(account.card) })
  const loads = amount > 0n ? amount : 0n
  return move(account, command, now, { kind: 'adjust', contra: 'adjustment', amount, loads })
}

/** A void cannot be voided, and nothing is given back twice: the original bounds what is reversed. */
function reverse(
  account: Account,
  command: Extract<Verb, { verb: 'reverse' }> & Conditions,
  now: Instant,
): Decision {
  const { card } = account
  const original = account.originals.get(command.entryId)
  if (!original || original.cardId !== card.id) return no({ code: 'entry_not_found' })
  if (card.state === 'closed') return no({ code: 'card_closed' })
  if (!REVERSIBLE.has(original.kind) || original.amount === 0n)
    return no({ code: 'entry_not_reversible' })
  const size = original.amount < 0n ? -original.amount : original.amount
  const left = size - original.reversed
  const amount = command.amount ?? left
  if (amount <= 0n && left > 0n) return no({ code: 'amount_invalid' })
  if (amount > left || left === 0n) return no({ code: 'reversal_exceeds_original', left })
  const spent = original.amount < 0n
  const decision = move(account, command, now, {
    kind: original.kind === 'redeem' || original.kind === 'cash_out' ? 'refund' : 'void',
    contra: original.contra,
    amount: spent ? amount : -amount,
    reverses: original.id,
    // What comes back was loaded before; what is taken back counts as never loaded.
    loads: spent ? 0n : -amount,
  })
  if ('refusal' in decision) return decision
  const originals = new Map(account.originals)
  originals.set(original.id, { ...original, reversed: original.reversed + amount })
  return { ...decision, account: { ...decision.account, originals } }
}

function hold(
  account: Account,
  command: Extract<Verb, { verb: 'hold' }> & Conditions,
  now: Instant,
): Decision {
  const { card } = account
  if (command.amount <= 0n || command.expiresAt <= now) return no({ code: 'amount_invalid' })
  const refused = usable(card, command, now)
  if (refused) return refused
  const available = availableOf(card)
  if (command.amount > available)
    return no({ code: 'insufficient_value', available, wanted: command.amount })
  const { holdId, amount, owner, expiresAt, reason } = command
  const placed: Hold = {
    id: holdId,
    cardId: card.id,
    amount,
    captured: 0n,
    state: 'open',
    owner,
    reason,
    expiresAt,
  }
  return {
    account: {
      ...account,
      card: { ...card, held: card.held + amount },
      holds: new Map(account.holds).set(holdId, placed),
    },
    holdId,
  }
}

function ownHold(
  account: Account,
  command: { readonly holdId: bigint; readonly owner: string },
): { readonly hold: Hold } | { readonly refusal: Refusal } {
  const hold = account.holds.get(command.holdId)
  if (!hold) return { refusal: { code: 'hold_not_found' } }
  if (hold.owner !== command.owner) return { refusal: { code: 'hold_not_owned' } }
  if (hold.state !== 'open') return { refusal: { code: 'hold_ended' } }
  return { hold }
}

/** A hold is a promise: it is honoured on an expired card, but not on a blocked one. */
function capture(
  account: Account,
  command: Extract<Verb, { verb: 'capture' }> & Conditions,
  now: Instant,
): Decision {
  const found = ownHold(account, command)
  if ('refusal' in found) return found
  const { hold } = found
  const refused = usable(account.card, { ignoreExpiry: true }, now)
  if (refused) return refused
  const left = hold.amount - hold.captured
  const amount = command.amount ?? left
  if (amount <= 0n) return no({ code: 'amount_invalid' })
  if (amount > left) return no({ code: 'capture_exceeds_hold', left })
  const open = command.keepRest === true && amount < left
  const after: Hold = {
    ...hold,
    captured: hold.captured + amount,
    state: open ? 'open' : 'captured',
  }
  const freed: Account = {
    ...account,
    card: { ...account.card, held: account.card.held - (open ? amount : left) },
    holds: new Map(account.holds).set(hold.id, after),
  }
  const decision = move(freed, command, now, {
    kind: 'redeem',
    contra: 'settlement',
    amount: -amount,
    holdId: hold.id,
  })
  return 'refusal' in decision ? decision : { ...decision, holdId: hold.id }
}

function endHold(account: Account, hold: Hold, now: Instant, state: 'released'): Decision {
  const { card } = account
  return {
    account: {
      ...account,
      card: {
        ...card,
        held: card.held - (hold.amount - hold.captured),
        modifiedAt: later(card, now),
      },
      holds: new Map(account.holds).set(hold.id, { ...hold, state }),
    },
    holdId: hold.id,
  }
}

/** Time never runs backwards on a card, whatever the clocks of several servers say. */
const later = (card: Card, now: Instant): Instant => (now > card.modifiedAt ? now : card.modifiedAt)

function turn(
  account: Account,
  now: Instant,
  state: Card['state'],
  kind: 'block' | 'unblock' | 'close',
): Decision {
  const card = {
    ...account.card,
    state,
    modifiedAt: later(account.card, now),
    lastSeq: account.card.lastSeq + 1,
  }
  return { account: { ...account, card }, entry: { kind, contra: 'adjustment', amount: 0n } }
}

/** The one place where a balance changes: never below what is held, never above the printable. */
function move(
  account: Account,
  { balanceMax, raisesFace = true }: Conditions,
  now: Instant,
  { loads = 0n, ...entry }: EntryDraft & { readonly loads?: bigint },
): Decision {
  const { card } = account
  const balance = card.balance + entry.amount
  if (balance < card.held)
    return no({ code: 'insufficient_value', available: availableOf(card), wanted: -entry.amount })
  const limit = balanceMax !== undefined && balanceMax < BALANCE_MAX ? balanceMax : BALANCE_MAX
  if (entry.amount > 0n && balance > limit) return no({ code: 'balance_too_large' })
  // Value given back beyond what was ever used counts as loaded (specs/lightspeed-onsite.md 7.9).
  const moved = card.loaded + loads
  const loaded = moved > balance ? moved : balance
  const after: Card = {
    ...card,
    balance,
    loaded,
    face: raisesFace ? card.face + (loaded - card.loaded) : card.face,
    modifiedAt: later(card, now),
    lastSeq: card.lastSeq + 1,
  }
  return { account: { ...account, card: after }, entry }
}
