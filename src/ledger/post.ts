import type { Tx } from '../db/database.ts'
import type { Refusal } from '../errors.ts'
import { DomainError } from '../errors.ts'
import { formatInstant, type Instant } from '../money/instant.ts'
import { type Card, cardColumns, toCard } from './card.ts'
import {
  type Account,
  type Conditions,
  decide,
  type EntryDraft,
  type Hold,
  type Original,
  type Verb,
} from './decide.ts'
import { chainHash, type Entry, type Origin } from './entry.ts'
import { loadHolds, writeHolds } from './holds.ts'
import { type Notice, notify, type Topic } from './outbox.ts'
import { loadOriginals, writeReversals } from './reversals.ts'

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

/** An entry that has its place in the chain but not yet its id. */
export type Chained = Omit<Entry, 'id' | 'eventId'>

/** Such an entry, its card as it leaves it, and the command it came from. */
type Placed = { readonly entry: Chained; readonly card: Card; readonly command: number }

/**
 * The only writer of balances: locks the cards of one merchant in id order, reads them under the lock,
 * folds `decide` over the commands in their order, and writes all entries and cards with one statement.
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
  const touched = new Set<bigint>()
  const placed: Placed[] = []
  const judged = commands.map((command, index): Judgement => {
    const account = accounts.get(command.cardId)
    if (!account) return { refusal: { code: 'card_not_found' } }
    const decision = decide(account, command, now)
    if ('refusal' in decision) return decision
    let { account: after } = decision
    if (decision.entry) {
      const entry = chain(account.card, after.card, decision.entry, command.origin)
      const card = { ...after.card, lastHash: entry.hash }
      after = { ...after, card }
      placed.push({ entry, card, command: index })
    }
    accounts.set(after.card.id, after)
    touched.add(after.card.id)
    return { card: after.card, holdId: decision.holdId }
  })
  const refused = judged.find((judgement) => 'refusal' in judgement)
  if (allOrNothing && refused) throw new DomainError(refused.refusal)

  const changed = [...touched].flatMap((id) => accounts.get(id) ?? [])
  const holds = changed.flatMap((account) => [...account.holds.values()])
  const reversals = changed.flatMap(({ card, originals }) =>
    [...originals.values()].filter(({ cardId }) => cardId === card.id),
  )
  const notices = hasWebhooks ? noticesOf(placed, commands) : []
  const writing = Promise.all([
    write(tx, merchantId, {
      placed,
      events: placed.map(({ command }) => commands[command]?.event ?? 0),
      cards: changed.map(({ card }) => card),
      xid,
      isLast: isLast && holds.length + reversals.length + notices.length === 0,
    }),
    writeHolds(tx, merchantId, holds, now),
    writeReversals(tx, merchantId, reversals),
    notify(tx, merchantId, notices, now),
  ])
  // The driver sends at the end of this turn of the event loop.
  if (onWriting) setImmediate(onWriting)
  const [entries] = await writing
  const entryOf = new Map(placed.map(({ command }, index) => [command, entries[index]]))
  return judged.map((judgement, index) => {
    if ('refusal' in judgement) return { ok: false, refusal: judgement.refusal }
    const { card, holdId } = judgement
    const outcome = { ok: true, card, entry: entryOf.get(index) } as const
    return holdId === undefined ? outcome : { ...outcome, holdId }
  })
}

/** What a command comes to, before its entry has an id. */
type Judgement =
  | { readonly refusal: Refusal }
  | { readonly card: Card; readonly holdId: bigint | undefined }

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
    reversed.length > 0
      ? await loadOriginals(tx, merchantId, reversed)
      : new Map<bigint, Original>()
  const holds =
    holding.length + named.length > 0
      ? await loadHolds(tx, merchantId, holding, named)
      : new Map<bigint, Map<bigint, Hold>>()
  const accounts = new Map(
    [...cards].map(([id, card]) => [id, { card, holds: holds.get(id) ?? new Map(), originals }]),
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

/** Puts a decided movement into its card's chain, after the entry that `before` ends with. */
export function chain(before: Card, after: Card, draft: EntryDraft, origin: Origin): Chained {
  const entry = {
    ...origin,
    merchantId: after.merchantId,
    cardId: after.id,
    cardSeq: after.lastSeq,
    kind: draft.kind,
    contra: draft.contra,
    amount: draft.amount,
    balanceAfter: after.balance,
    reverses: draft.reverses,
    holdId: draft.holdId,
    createdAt: after.modifiedAt,
  }
  return Object.assign(entry, { hash: chainHash(before.lastHash, entry) })
}

/** One row of an entry, as `numbered` reads it. */
const rowOfEntry = (entry: Chained, event = 0) => ({
  card_id: entry.cardId.toString(),
  card_seq: entry.cardSeq,
  event,
  kind: entry.kind,
  contra: entry.contra,
  amount: entry.amount.toString(),
  balance_after: entry.balanceAfter.toString(),
  reverses: entry.reverses?.toString(),
  hold_id: entry.holdId?.toString(),
  protocol: entry.protocol,
  credential_id: entry.credentialId?.toString(),
  acting_merchant_id: entry.actingMerchantId.toString(),
  order_ref: entry.orderRef,
  event_ref: entry.eventRef,
  invoice_ref: entry.invoiceRef,
  text: entry.text,
  info: entry.info,
  created_at: formatInstant(entry.createdAt),
  hash: `\\x${entry.hash}`,
})

/** What a card's row holds besides what its last entry says. */
const rowOfCard = (card: Card) => ({
  held: card.held.toString(),
  loaded: card.loaded.toString(),
  face: card.face.toString(),
  state: card.state,
})

/**
 * The rows of new entries, from one bound text whatever their number; ids are drawn in the order given,
 * under the locks of their cards. `held` and what follows is there in the last entry of a card.
 */
const numbered = (tx: Tx, rows: readonly unknown[]) => tx`
  select *, nextval('entry_ids') as id from json_to_recordset(${JSON.stringify(rows)}::text::json) as e (
    card_id int8, card_seq int4, event int4, kind text, contra text, amount int8, balance_after int8,
    reverses int8, hold_id int8, protocol text, credential_id int8, acting_merchant_id int8,
    order_ref text, event_ref text, invoice_ref text, text text, info text, created_at timestamptz,
    hash bytea, held int8, loaded int8, face int8, state text)`

/** Writes them; their ids come back rising and as one text, because a row for each would cost more than the rest. */
const written = (tx: Tx, merchantId: bigint, events: readonly number[]) => tx`
  written as (insert into entries (merchant_id, id, event_id, card_id, card_seq, kind, contra, amount, balance_after,
    reverses, hold_id, protocol, credential_id, acting_merchant_id, order_ref, event_ref, invoice_ref,
    text, info, created_at, hash)
  select ${merchantId}, id, ${areDistinct(events) ? tx`id` : tx`min(id) over (partition by event)`},
    card_id, card_seq, kind, contra, amount, balance_after, reverses, hold_id, protocol, credential_id,
    acting_merchant_id, order_ref, event_ref, invoice_ref, text, info, created_at, hash
  from numbered returning id)
  select string_agg(id::text, ',' order by id) as ids from written`

/** The group commit's batches: as many events as entries. */
const areDistinct = (events: readonly number[]): boolean => new Set(events).size === events.length

type Written = { readonly ids: string | null }

/** Ids were drawn in the order of the entries, so that the lowest is the first one's. */
function withIds(
  entries: readonly Chained[],
  events: readonly number[],
  row: Written | undefined,
): Entry[] {
  const ids = row?.ids ? row.ids.split(',').map(BigInt) : []
  if (ids.length !== entries.length)
    throw new Error('an entry was not written: its transaction was lost')
  const eventIds = new Map<number, bigint>()
  return entries.map((entry, index) => {
    const id = ids[index] ?? 0n
    const event = events[index] ?? 0
    const eventId = eventIds.get(event) ?? id
    eventIds.set(event, eventId)
    return Object.assign(entry, { id, eventId })
  })
}

/**
 * Appends entries of cards whose rows are being made, of one event unless `events` numbers several.
 * Their ids rise in the order of each card's history.
 */
export async function writeEntries(
  tx: Tx,
  merchantId: bigint,
  entries: readonly Chained[],
  events: readonly number[] = entries.map(() => 0),
): Promise<Entry[]> {
  if (entries.length === 0) return []
  const rows = entries.map((entry, index) => rowOfEntry(entry, events[index]))
  const [row] = await tx<Written[]>`
    with numbered as (${numbered(tx, rows)}), ${written(tx, merchantId, events)}`
  return withIds(entries, events, row)
}

type Writing = {
  readonly placed: readonly Placed[]
  readonly events: readonly number[]
  /** Every card that changed, as it is at the end. */
  readonly cards: readonly Card[]
  readonly xid: string | undefined
  readonly isLast: boolean
}

/**
 * Writes entries and the cards they leave, in one statement. It writes nothing unless it runs in the
 * transaction that holds the locks: a driver that reconnects must not finish on its own what it began.
 */
async function write(
  tx: Tx,
  merchantId: bigint,
  { placed, events, cards, xid = '', isLast }: Writing,
): Promise<Entry[]> {
  const finals = new Set(cards)
  const entries = placed.map(({ entry }) => entry)
  const rows = placed.map(({ entry, card }, index) => {
    const row = rowOfEntry(entry, events[index])
    return finals.has(card) ? Object.assign(row, rowOfCard(card)) : row
  })
  // A hold that is placed, released or past its time changes a card without an entry, or after it.
  for (const { card } of placed) finals.delete(card)
  // Started before the commit is: a query that is only awaited would come after it.
  const [found] = await Promise.all([
    rows.length > 0 &&
      tx<Written[]>`
        with numbered as (${numbered(tx, rows)} where pg_current_xact_id()::text = ${xid}),
        moved as (
          update cards set balance = n.balance_after, held = n.held, loaded = n.loaded, face = n.face,
            state = n.state, modified_at = n.created_at, last_seq = n.card_seq, last_hash = n.hash
          from numbered n
          where cards.merchant_id = ${merchantId} and cards.id = n.card_id and n.held is not null),
        ${written(tx, merchantId, events)}`.execute(),
    finals.size > 0 && writeCards(tx, merchantId, [...finals], xid),
    isLast && tx.commit(),
  ])
  return withIds(entries, events, found ? found[0] : undefined)
}

const writeCards = (tx: Tx, merchantId: bigint, cards: readonly Card[], xid: string) =>
  tx`
  update cards set balance = c.balance, held = c.held, loaded = c.loaded, face = c.face,
    state = c.state, modified_at = c.modified_at, last_seq = c.last_seq, last_hash = c.last_hash
  from json_to_recordset(${JSON.stringify(
    cards.map((card) => ({
      id: card.id.toString(),
      balance: card.balance.toString(),
      ...rowOfCard(card),
      modified_at: formatInstant(card.modifiedAt),
      last_seq: card.lastSeq,
      last_hash: `\\x${card.lastHash}`,
    })),
  )}::text::json) as c (
    id int8, balance int8, held int8, loaded int8, face int8, state text, modified_at timestamptz,
    last_seq int4, last_hash bytea)
  where cards.merchant_id = ${merchantId} and cards.id = c.id and pg_current_xact_id()::text = ${xid}`.execute()
