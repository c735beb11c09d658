import type { Database, Queryable, Tx } from '../db/database.ts'
import { formatInstant } from '../money/instant.ts'
import type { Card } from './card.ts'
import type { EntryDraft } from './decide.ts'
import { chainHash, type Entry, type Origin } from './entry.ts'
import type { KnownCard } from './known-cards.ts'
import { type KnownFound, writeLone } from './write-lone.ts'

/** An entry that has its place in the chain but not yet its id. */
export type Chained = Omit<Entry, 'id' | 'eventId'>

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

/** What entries written together mostly have in common, as their columns hold it. */
const commonColumns = {
  kind: (entry: Chained) => entry.kind,
  contra: (entry: Chained) => entry.contra,
  protocol: (entry: Chained) => entry.protocol,
  credential_id: (entry: Chained) => entry.credentialId?.toString(),
  acting_merchant_id: (entry: Chained) => entry.actingMerchantId.toString(),
  created_at: (entry: Chained) => formatInstant(entry.createdAt),
}

type Row = Record<string, unknown>
type Rows = { readonly rows: readonly Row[]; readonly common: Row }

/** The row of each entry, without what all of them have in common, which is said once. */
function rowsOf(entries: readonly Chained[], events: Events): Rows {
  const rows = entries.map(
    (entry, index): Row => ({
      card_id: entry.cardId.toString(),
      card_seq: entry.cardSeq,
      event: events?.[index],
      amount: entry.amount.toString(),
      balance_after: entry.balanceAfter.toString(),
      reverses: entry.reverses?.toString(),
      hold_id: entry.holdId?.toString(),
      order_ref: entry.orderRef,
      event_ref: entry.eventRef,
      invoice_ref: entry.invoiceRef,
      text: entry.text,
      info: entry.info,
      hash: `\\x${entry.hash}`,
    }),
  )
  const common: Row = {}
  for (const [column, read] of Object.entries(commonColumns)) {
    const values = entries.map(read)
    if (values.every((value) => value === values[0])) common[column] = values[0]
    else for (const [index, row] of rows.entries()) row[column] = values[index]
  }
  return { rows, common }
}

/** What becomes of a card's row, besides what its last entry says: only what that changes. */
const rowOfCard = (before: Card, after: Card) => ({
  is_last: true,
  held: after.held === before.held ? undefined : after.held.toString(),
  loaded: after.loaded === before.loaded ? undefined : after.loaded.toString(),
  face: after.face === before.face ? undefined : after.face.toString(),
  state: after.state === before.state ? undefined : after.state,
})

/**
 * The rows of new entries, from two bound texts whatever their number; ids are drawn in the order given.
 * `held` and what follows is there in the last entry of a card, if it changes.
 */
const numbered = (sql: Queryable, { rows, common }: Rows) => sql`
  select card_id, card_seq, event, amount, balance_after, reverses, hold_id, order_ref, event_ref, invoice_ref,
    text, info, hash, is_last, version, follows, held, loaded, face, state,
    coalesce(e.kind, c.kind) as kind, coalesce(e.contra, c.contra) as contra,
    coalesce(e.protocol, c.protocol) as protocol, coalesce(e.credential_id, c.credential_id) as credential_id,
    coalesce(e.acting_merchant_id, c.acting_merchant_id) as acting_merchant_id,
    coalesce(e.created_at, c.created_at) as created_at, nextval('entry_ids') as id
  from json_to_recordset(${JSON.stringify(rows)}::text::json) as e (
    card_id int8, card_seq int4, event int4, amount int8, balance_after int8, reverses int8, hold_id int8,
    order_ref text, event_ref text, invoice_ref text, text text, info text, hash bytea,
    kind text, contra text, protocol text, credential_id int8, acting_merchant_id int8, created_at timestamptz,
    is_last bool, version xid, follows bytea, held int8, loaded int8, face int8, state text)
  cross join json_to_record(${JSON.stringify(common)}::text::json) as c (
    kind text, contra text, protocol text, credential_id int8, acting_merchant_id int8, created_at timestamptz)`

/** Brings the cards of numbered rows to where their last entries leave them. */
const moveCards = (sql: Queryable, merchantId: bigint) => sql`
  update cards set balance = n.balance_after, held = coalesce(n.held, cards.held),
    loaded = coalesce(n.loaded, cards.loaded), face = coalesce(n.face, cards.face),
    state = coalesce(n.state, cards.state), modified_at = n.created_at, last_seq = n.card_seq, last_hash = n.hash
  from (select * from numbered where is_last order by card_id) n
  where cards.merchant_id = ${merchantId} and cards.id = n.card_id`

/** Appends numbered rows; events that are not told apart by `event` have one entry each. */
const appendEntries = (sql: Queryable, merchantId: bigint, events: Events) => sql`
  insert into entries (merchant_id, id, event_id, card_id, card_seq, kind, contra, amount, balance_after,
    reverses, hold_id, protocol, credential_id, acting_merchant_id, order_ref, event_ref, invoice_ref,
    text, info, created_at, hash)
  select ${merchantId}, id, ${events ? sql`min(id) over (partition by event)` : sql`id`},
    card_id, card_seq, kind, contra, amount, balance_after, reverses, hold_id, protocol, credential_id,
    acting_merchant_id, order_ref, event_ref, invoice_ref, text, info, created_at, hash
  from numbered`

/** Number of each entry's event, in the order of the entries; left out, each entry is one of its own. */
type Events = readonly number[] | undefined

/** Ids come back rising and as one text, because a row for each would cost more than the rest. */
type Written = { readonly ids: string | null }

/** Ids were drawn in the order of the entries, so that the lowest is the first one's. */
function withIds(entries: readonly Chained[], events: Events, row: Written | undefined): Entry[] {
  const ids = row?.ids ? row.ids.split(',').map(BigInt) : []
  // The code of "transaction resolution unknown": nobody may try again.
  if (ids.length !== entries.length)
    throw Object.assign(new Error('an entry was not written: its transaction was lost'), {
      code: '08007',
    })
  const eventIds = new Map<number, bigint>()
  return entries.map((entry, index) => {
    const id = ids[index] ?? 0n
    if (!events) return Object.assign(entry, { id, eventId: id })
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
  const [row] = await tx<Written[]>`
    with numbered as (${numbered(tx, rowsOf(entries, events))}),
    written as (${appendEntries(tx, merchantId, events)} returning id)
    select string_agg(id::text, ',' order by id) as ids from written`
  return withIds(entries, events, row)
}

/** A card before and after what is written of it. */
export type Change = { readonly before: Card; readonly after: Card }

export type Writing = {
  readonly entries: readonly Chained[]
  readonly events: Events
  /** Every card that changed, each once. */
  readonly changes: readonly Change[]
}

/** Puts what becomes of cards into the rows of their last entries; returns the cards that have none. */
function closeRows(
  { entries, changes }: Omit<Writing, 'events'>,
  rows: Rows['rows'],
  known?: ReadonlyMap<bigint, KnownCard>,
): Card[] {
  const lasts = new Map(entries.map(({ cardId }, index) => [cardId, rows[index]]))
  return changes.flatMap(({ before, after }) => {
    const last = lasts.get(after.id)
    if (!last) return [after]
    const version = known?.get(after.id)?.version
    Object.assign(last, rowOfCard(before, after))
    if (version !== undefined) Object.assign(last, { version, follows: `\\x${before.lastHash}` })
    return []
  })
}

/**
 * Writes entries and the cards they leave, in one statement. It writes nothing unless it runs in the
 * transaction `xid`, which holds the locks: a driver that reconnects must not finish on its own what it
 * began. The commit goes out along with the statement if this is the last.
 */
export async function writeLocked(
  tx: Tx,
  merchantId: bigint,
  writing: Writing,
  { xid = '', isLast }: { readonly xid: string | undefined; readonly isLast: boolean },
): Promise<Entry[]> {
  const { entries, events } = writing
  const rows = rowsOf(entries, events)
  const others = closeRows(writing, rows.rows)
  // Started before the commit is: a query that is only awaited would come after it.
  const [found] = await Promise.all([
    entries.length > 0 &&
      tx<Written[]>`
        with numbered as (${numbered(tx, rows)} where pg_current_xact_id()::text = ${xid}),
        moved as (${moveCards(tx, merchantId)}),
        written as (${appendEntries(tx, merchantId, events)} returning id)
        select string_agg(id::text, ',' order by id) as ids from written`.execute(),
    others.length > 0 && writeHeld(tx, merchantId, others, xid),
    isLast && tx.commit(),
  ])
  return withIds(entries, events, found ? found[0] : undefined)
}

/** What a `writeKnown` came to. */
export type KnownWritten = {
  /** Cards that were as known; nothing was written of the others. */
  readonly moved: ReadonlySet<bigint>
  /** Their entries, in the order given. */
  readonly entries: readonly Entry[]
  /** The version that their rows have now. */
  readonly version: string
  /** Somebody listens to the merchant's cards: nothing was written, because nobody would have been told. */
  readonly hasWebhooks: boolean
}

/**
 * Writes entries and the cards they leave, in one statement that is a transaction of its own: of each
 * card all or nothing, and only if its row still has the version and the last hash on which they were
 * decided. Of two that meet at a card the second waits for the first, and then finds others. Rows are
 * mostly locked in the order of their ids; two processes that meet in another order are told apart by
 * PostgreSQL, and the one that it ends begins anew.
 */
export async function writeKnown(
  db: Database,
  merchantId: bigint,
  writing: Omit<Writing, 'events'>,
  known: ReadonlyMap<bigint, KnownCard>,
): Promise<KnownWritten> {
  const { entries } = writing
  const rows = rowsOf(entries, undefined)
  closeRows(writing, rows.rows, known)
  const lone = { merchant_id: merchantId.toString(), ...rows.common, ...rows.rows[0] }
  const [row] =
    entries.length === 1 && isWellFormed(lone)
      ? await writeLone(db, lone)
      : await writeMany(db, merchantId, rows)
  const moved = new Set(row?.moved ? row.moved.split(',').map(BigInt) : [])
  const kept = entries.filter(({ cardId }) => moved.has(cardId))
  return {
    moved,
    entries: withIds(kept, undefined, row),
    version: row?.version ?? '',
    hasWebhooks: row?.has_webhooks === true,
  }
}

/** The driver would send half of a surrogate pair as something else than was hashed; JSON is refused. */
const isWellFormed = (row: object): boolean =>
  Object.values(row).every((value) => typeof value !== 'string' || value.isWellFormed())

const writeMany = (db: Database, merchantId: bigint, rows: Rows) => db<KnownFound[]>`
  with listening as (
    select exists (select 1 from webhooks w where w.merchant_id = ${merchantId} and w.active) as yes),
  numbered as materialized (${numbered(db, rows)} where not (select yes from listening)),
  moved as (${moveCards(db, merchantId)} and cards.xmin = n.version
    and cards.last_hash = n.follows returning cards.id),
  written as (${appendEntries(db, merchantId, undefined)} where card_id in (select id from moved) returning id)
  select string_agg(id::text, ',' order by id) as ids, (select string_agg(id::text, ',') from moved) as moved,
    pg_current_xact_id()::xid::text as version, (select yes from listening) as has_webhooks
  from written`

/** A hold that is placed, released or past its time changes a card without an entry. */
const writeHeld = (tx: Tx, merchantId: bigint, cards: readonly Card[], xid: string) =>
  tx`
  update cards set held = c.held, modified_at = c.modified_at
  from unnest(${cards.map(({ id }) => id)}::int8[], ${cards.map(({ held }) => held)}::int8[],
    ${cards.map(({ modifiedAt }) => modifiedAt)}::timestamptz[]) as c (id, held, modified_at)
  where cards.merchant_id = ${merchantId} and cards.id = c.id and pg_current_xact_id()::text = ${xid}`.execute()
