import type { Database, Tx } from '../db/database.ts'
import type { Refusal } from '../errors.ts'
import { DomainError } from '../errors.ts'
import type { Instant } from '../money/instant.ts'
import { type Card, cardColumns, toCard } from './card.ts'
import {
  type Account,
  type Conditions,
  decide,
  type Hold,
  type Original,
  type Verb,
} from './decide.ts'
import type { Entry, Origin } from './entry.ts'
import { loadHolds, writeHolds } from './holds.ts'
import type { KnownCard } from './known-cards.ts'
import { type Notice, notify, type Topic } from './outbox.ts'
import { loadOriginals, writeReversals } from './reversals.ts'
import { type Chained, chain, type Writing, writeKnown, writeLocked } from './write.ts'

/** One verb on one card, who asked for it, and what the world is told about it. */
export type Command = Verb &
  Conditions & {
    readonly cardId: bigint
    readonly origin: Origin
    /** Webhook topic of the entry; left out, nobody is told. */
    readonly topic?: Topic
    /** Tells apart the events of one call; commands that name none are one event. */
    readonly event?: number
  }

/** What became of one command. A refusal wrote nothing. */
export type Outcome =
  | {
      readonly ok: true
      readonly card: Card
      readonly entry: Entry | undefined
      readonly holdId?: bigint
    }
  | { readonly ok: false; readonly refusal: Refusal }

export type PostOptions = {
  readonly now: Instant
  /** One refusal refuses all: throws it as a DomainError, and the transaction must end. */
  readonly allOrNothing?: boolean
  /** Nothing else is written in this transaction: the commit may go out along with what this writes. */
  readonly isLast?: boolean
  /** Called when all is decided and on its way to the database: time to do something else. */
  readonly onWriting?: () => void
}

/** An entry in its card's chain, and the command it came from. */
type Placed = { readonly entry: Chained; readonly command: number }

/**
 * The writer of balances, of which `postKnown` is the short cut: locks the cards of one merchant in id
 * order, reads them under the lock, folds `decide` over the commands in their order, and writes all
 * entries and cards with one statement.
 * Commands of one call are one event, unless they name several. Unknown cards are refused with
 * `card_not_found`.
 */
export async function post(
  tx: Tx,
  merchantId: bigint,
  commands: readonly Command[],
  { now, allOrNothing = false, isLast = false, onWriting }: PostOptions,
): Promise<Outcome[]> {
  const { accounts, hasWebhooks, xid } = await loadAccounts(tx, merchantId, commands)
  const { judgements, placed, after } = judge(accounts, commands, now)
  const refused = judgements.find((judgement) => 'refusal' in judgement)
  if (allOrNothing && refused) throw new DomainError(refused.refusal)

  const changed = [...after.values()]
  const holds = changed.flatMap((account) => [...account.holds.values()])
  const reversals = changed.flatMap(({ card, originals }) =>
    [...originals.values()].filter(({ cardId }) => cardId === card.id),
  )
  const notices = hasWebhooks ? noticesOf(placed, commands) : []
  const hasMore = holds.length + reversals.length + notices.length > 0
  const writing = Promise.all([
    writeLocked(tx, merchantId, writingOf(commands, accounts, placed, after), {
      xid,
      isLast: isLast && !hasMore,
    }),
    writeHolds(tx, merchantId, holds, now),
    writeReversals(tx, merchantId, reversals),
    notify(tx, merchantId, notices, now),
  ])
  onWriting?.()
  const [entries] = await writing
  return outcomesOf(judgements, placed, entries)
}

/** Verbs for which a card's row is all there is to look at. */
const PLAIN: ReadonlySet<Verb['verb']> = new Set([
  'load',
  'redeem',
  'book',
  'set',
  'adjust',
  'cashOut',
  'expire',
  'block',
  'unblock',
  'close',
])

/** Whether `postKnown` may try a command. */
export const isPlain = ({ verb }: Command): boolean => PLAIN.has(verb)

const NO_HOLDS: ReadonlyMap<bigint, Hold> = new Map()
const NO_ORIGINALS: ReadonlyMap<bigint, Original> = new Map()

/** What could be done without a lock. */
export type KnownPosted = {
  /** Undefined: nothing was written, `post` must judge this command. */
  readonly outcomes: readonly (Outcome | undefined)[]
  /** Cards that were written, as they are now. */
  readonly left: readonly KnownCard[]
  readonly hasWebhooks: boolean
}

/**
 * As `post` does, but decides plain commands on cards as they were when last seen, and writes what comes
 * of it where the database finds their rows unchanged: one turn of the database instead of two, and no
 * lock is held between them. Each command is an event of its own. A refusal counts only if its card was
 * written too, and so was as known.
 */
export async function postKnown(
  db: Database,
  merchantId: bigint,
  commands: readonly Command[],
  known: ReadonlyMap<bigint, KnownCard>,
  { now, onWriting }: Pick<PostOptions, 'now' | 'onWriting'>,
): Promise<KnownPosted> {
  const accounts = new Map<bigint, Account>()
  // Open holds would have to be looked at.
  for (const [id, { card }] of known)
    if (card.held === 0n) accounts.set(id, { card, holds: NO_HOLDS, originals: NO_ORIGINALS })
  const { judgements, placed, after } = judge(accounts, commands, now)
  if (placed.length === 0)
    return { outcomes: commands.map(() => undefined), left: [], hasWebhooks: false }
  const writing = writeKnown(db, merchantId, writingOf(commands, accounts, placed, after), known)
  onWriting?.()
  const { moved, entries, version, hasWebhooks } = await writing
  const outcomes = outcomesOf(
    judgements,
    placed.filter(({ entry }) => moved.has(entry.cardId)),
    entries,
  )
  return {
    outcomes: commands.map(({ cardId }, index) =>
      moved.has(cardId) ? outcomes[index] : undefined,
    ),
    left: [...after.values()].flatMap(({ card }) => (moved.has(card.id) ? { card, version } : [])),
    hasWebhooks,
  }
}

/** What a command comes to, before its entry has an id. */
type Judgement =
  | { readonly refusal: Refusal }
  | { readonly card: Card; readonly holdId: bigint | undefined }

type Judged = {
  readonly judgements: readonly Judgement[]
  readonly placed: readonly Placed[]
  /** Accounts that the commands change, as they leave them. */
  readonly after: ReadonlyMap<bigint, Account>
}

/** Folds `decide` over the commands in their order, and chains what it says. */
function judge(
  accounts: ReadonlyMap<bigint, Account>,
  commands: readonly Command[],
  now: Instant,
): Judged {
  const after = new Map<bigint, Account>()
  const placed: Placed[] = []
  const judgements = commands.map((command, index): Judgement => {
    const account = after.get(command.cardId) ?? accounts.get(command.cardId)
    if (!account) return { refusal: { code: 'card_not_found' } }
    const decision = decide(account, command, now)
    if ('refusal' in decision) return decision
    const { account: left } = decision
    if (decision.entry) {
      const entry = chain(account.card, left.card, decision.entry, command.origin)
      // A card that an entry moves was made by `decide` and is nobody else's yet.
      Object.assign(left.card, { lastHash: entry.hash })
      placed.push({ entry, command: index })
    }
    after.set(left.card.id, left)
    return { card: left.card, holdId: decision.holdId }
  })
  return { judgements, placed, after }
}

function writingOf(
  commands: readonly Command[],
  accounts: ReadonlyMap<bigint, Account>,
  placed: readonly Placed[],
  after: ReadonlyMap<bigint, Account>,
): Writing {
  const events = placed.map(({ command }) => commands[command]?.event ?? 0)
  return {
    entries: placed.map(({ entry }) => entry),
    // The group commit's batches have as many events as entries.
    events: new Set(events).size === events.length ? undefined : events,
    changes: [...after].flatMap(([id, { card }]) => {
      const before = accounts.get(id)?.card
      return before ? [{ before, after: card }] : []
    }),
  }
}

function outcomesOf(
  judgements: readonly Judgement[],
  placed: readonly Placed[],
  entries: readonly Entry[],
): Outcome[] {
  const entryOf = new Map(placed.map(({ command }, index) => [command, entries[index]]))
  return judgements.map((judgement, index) => {
    if ('refusal' in judgement) return { ok: false, refusal: judgement.refusal }
    const { card, holdId } = judgement
    const outcome = { ok: true, card, entry: entryOf.get(index) } as const
    return holdId === undefined ? outcome : { ...outcome, holdId }
  })
}

function noticesOf(placed: readonly Placed[], commands: readonly Command[]): Notice[] {
  return placed.flatMap(({ entry, command }) => {
    const topic = commands[command]?.topic
    return topic ? [{ topic, cardId: entry.cardId, actingMerchantId: entry.actingMerchantId }] : []
  })
}

async function loadAccounts(
  tx: Tx,
  merchantId: bigint,
  commands: readonly Command[],
): Promise<Locked & { readonly accounts: Map<bigint, Account> }> {
  const ids = [...new Set(commands.map(({ cardId }) => cardId))]
  const { cards, ...locked } = await lockForPost(tx, merchantId, ids)
  const reversed = commands.flatMap((command) =>
    command.verb === 'reverse' ? [command.entryId] : [],
  )
  const holding = [...cards.values()].filter(({ held }) => held > 0n).map(({ id }) => id)
  const named = commands.flatMap((command) =>
    command.verb === 'capture' || command.verb === 'release' ? [command.holdId] : [],
  )
  const originals =
    reversed.length > 0 ? await loadOriginals(tx, merchantId, reversed) : NO_ORIGINALS
  const holds =
    holding.length + named.length > 0
      ? await loadHolds(tx, merchantId, holding, named)
      : new Map<bigint, Map<bigint, Hold>>()
  const accounts = new Map(
    [...cards].map(([id, card]) => [id, { card, holds: holds.get(id) ?? NO_HOLDS, originals }]),
  )
  return { accounts, ...locked }
}

/** What is true of a transaction that holds the locks. */
type Locked = {
  readonly hasWebhooks: boolean
  /** The transaction that holds them; undefined when there was nothing to lock. */
  readonly xid: string | undefined
}

async function lockForPost(
  tx: Tx,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<Locked & { readonly cards: Map<bigint, Card> }> {
  // As `lockCards` does, and with what else a batch has to know. The sub-select hides from the planner how
  // many cards there are: one plan serves all batches, where making it would take as long as following it.
  const rows = await tx`
    select ${cardColumns(tx)}, pg_current_xact_id()::text as xid,
      exists (select 1 from webhooks w where w.merchant_id = ${merchantId} and w.active) as has_webhooks
    from cards
    where merchant_id = ${merchantId} and id = any((select ${ids}::int8[])::int8[]) and removed_at is null
    order by id for no key update`
  const cards = new Map(
    rows.map((row) => {
      const card = toCard(row)
      return [card.id, card]
    }),
  )
  const [first] = rows as unknown as readonly { has_webhooks: boolean; xid: string }[] // As selected.
  return { cards, hasWebhooks: first?.has_webhooks === true, xid: first?.xid }
}
