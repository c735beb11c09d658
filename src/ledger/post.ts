import type { Tx } from '../db/database.ts'
import type { Refusal } from '../errors.ts'
import { DomainError } from '../errors.ts'
import type { Instant } from '../money/instant.ts'
import { type Card, lockCards } from './card.ts'
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
import { notify, type Topic } from './outbox.ts'
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
}

/** An entry that has its place in the chain but not yet its id. */
export type Chained = Omit<Entry, 'id' | 'eventId'>

/**
 * The only writer of balances: locks the cards of one merchant in id order, reads them under the lock,
 * folds `decide` over the commands in their order, and writes all entries and cards with one statement
 * each. Commands of one call are one event, unless they name several. Unknown cards are refused with
 * `card_not_found`.
 */
export async function post(
  tx: Tx,
  merchantId: bigint,
  commands: readonly Command[],
  { now, allOrNothing = false }: PostOptions,
): Promise<Outcome[]> {
  const accounts = await loadAccounts(tx, merchantId, commands)
  const touched = new Set<bigint>()
  const chained: { entry: Chained; command: number }[] = []
  const outcomes = commands.map((command, index): Outcome => {
    const account = accounts.get(command.cardId)
    if (!account) return { ok: false, refusal: { code: 'card_not_found' } }
    const decision = decide(account, command, now)
    if ('refusal' in decision) return { ok: false, refusal: decision.refusal }
    let { card } = decision.account
    let entry: Chained | undefined
    if (decision.entry) {
      entry = chain(account.card, card, decision.entry, command.origin)
      card = { ...card, lastHash: entry.hash }
      chained.push({ entry, command: index })
    }
    accounts.set(card.id, { ...decision.account, card })
    touched.add(card.id)
    const holdId = decision.holdId
    return { ok: true, card, entry: undefined, ...(holdId === undefined ? {} : { holdId }) }
  })
  const refused = outcomes.find((outcome) => !outcome.ok)
  if (allOrNothing && refused) throw new DomainError(refused.refusal)

  const entries = await writeEntries(
    tx,
    merchantId,
    chained.map(({ entry }) => entry),
    chained.map(({ command }) => commands[command]?.event ?? 0),
  )
  const changed = [...touched].flatMap((id) => accounts.get(id) ?? [])
  await Promise.all([
    writeCards(
      tx,
      merchantId,
      changed.map(({ card }) => card),
    ),
    writeHolds(
      tx,
      merchantId,
      changed.flatMap(({ holds }) => [...holds.values()]),
      now,
    ),
    writeReversals(
      tx,
      merchantId,
      changed.flatMap(({ card, originals }) =>
        [...originals.values()].filter(({ cardId }) => cardId === card.id),
      ),
    ),
    notify(
      tx,
      merchantId,
      chained.flatMap(({ entry, command }) => {
        const topic = commands[command]?.topic
        return topic
          ? [{ topic, cardId: entry.cardId, actingMerchantId: entry.actingMerchantId }]
          : []
      }),
      now,
    ),
  ])
  chained.forEach(({ command }, index) => {
    const outcome = outcomes[command]
    const entry = entries[index]
    if (outcome?.ok && entry) outcomes[command] = { ...outcome, entry }
  })
  return outcomes
}

async function loadAccounts(
  tx: Tx,
  merchantId: bigint,
  commands: readonly Command[],
): Promise<Map<bigint, Account>> {
  const cards = await lockCards(tx, merchantId, [...new Set(commands.map(({ cardId }) => cardId))])
  const reversed = commands.flatMap((command) =>
    command.verb === 'reverse' ? [command.entryId] : [],
  )
  const holding = [...cards.values()].filter(({ held }) => held > 0n).map(({ id }) => id)
  const named = commands.flatMap((command) =>
    command.verb === 'capture' || command.verb === 'release' ? [command.holdId] : [],
  )
  const [originals, holds] = await Promise.all([
    reversed.length > 0 ? loadOriginals(tx, merchantId, reversed) : new Map<bigint, Original>(),
    holding.length + named.length > 0
      ? loadHolds(tx, merchantId, holding, named)
      : new Map<bigint, Map<bigint, Hold>>(),
  ])
  return new Map(
    [...cards].map(([id, card]) => [id, { card, holds: holds.get(id) ?? new Map(), originals }]),
  )
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
  return { ...entry, hash: chainHash(before.lastHash, entry) }
}

/**
 * Appends entries, of one event unless `events` numbers several. Their ids are drawn here, under the
 * locks of their cards, so that ids rise in the order of each card's history.
 */
export async function writeEntries(
  tx: Tx,
  merchantId: bigint,
  entries: readonly Chained[],
  events: readonly number[] = [],
): Promise<Entry[]> {
  if (entries.length === 0) return []
  const rows = await tx<{ id: bigint; event_id: bigint }[]>`
    with numbered as (
      select *, nextval('entry_ids') as id from unnest(
        ${entries.map((entry) => entry.cardId)}::int8[], ${entries.map((entry) => entry.cardSeq)}::int4[],
        ${entries.map((entry) => entry.kind)}::text[], ${entries.map((entry) => entry.contra)}::text[],
        ${entries.map((entry) => entry.amount)}::int8[], ${entries.map((entry) => entry.balanceAfter)}::int8[],
        ${entries.map((entry) => entry.reverses ?? null)}::int8[], ${entries.map((entry) => entry.holdId ?? null)}::int8[],
        ${entries.map((entry) => entry.protocol)}::text[], ${entries.map((entry) => entry.credentialId ?? null)}::int8[],
        ${entries.map((entry) => entry.actingMerchantId)}::int8[], ${entries.map((entry) => entry.orderRef ?? null)}::text[],
        ${entries.map((entry) => entry.eventRef ?? null)}::text[], ${entries.map((entry) => entry.invoiceRef ?? null)}::text[],
        ${entries.map((entry) => entry.text ?? null)}::text[], ${entries.map((entry) => entry.info ?? null)}::text[],
        ${entries.map((entry) => entry.createdAt)}::timestamptz[], ${entries.map((entry) => entry.hash.toString('hex'))}::text[],
        ${entries.map((_, index) => events[index] ?? 0)}::int4[]
      ) with ordinality as e (card_id, card_seq, kind, contra, amount, balance_after, reverses, hold_id,
        protocol, credential_id, acting_merchant_id, order_ref, event_ref, invoice_ref, text, info,
        created_at, hash, event, ordinality)
    )
    insert into entries (merchant_id, id, card_id, card_seq, event_id, kind, contra, amount, balance_after,
      reverses, hold_id, protocol, credential_id, acting_merchant_id, order_ref, event_ref, invoice_ref,
      text, info, created_at, hash)
    select ${merchantId}, id, card_id, card_seq, min(id) over (partition by event), kind, contra, amount, balance_after,
      reverses, hold_id, protocol, credential_id, acting_merchant_id, order_ref, event_ref, invoice_ref,
      text, info, created_at, decode(hash, 'hex')
    from numbered order by ordinality
    returning id, event_id`
  return entries.flatMap((entry, index) => {
    const row = rows[index]
    return row ? [{ ...entry, id: row.id, eventId: row.event_id }] : []
  })
}

async function writeCards(tx: Tx, merchantId: bigint, cards: readonly Card[]): Promise<void> {
  if (cards.length === 0) return
  await tx`
    update cards set balance = c.balance, held = c.held, loaded = c.loaded, face = c.face, state = c.state,
      modified_at = c.modified_at, last_seq = c.last_seq, last_hash = decode(c.last_hash, 'hex')
    from unnest(
      ${cards.map((card) => card.id)}::int8[], ${cards.map((card) => card.balance)}::int8[],
      ${cards.map((card) => card.held)}::int8[], ${cards.map((card) => card.loaded)}::int8[],
      ${cards.map((card) => card.face)}::int8[], ${cards.map((card) => card.state)}::text[],
      ${cards.map((card) => card.modifiedAt)}::timestamptz[], ${cards.map((card) => card.lastSeq)}::int4[],
      ${cards.map((card) => card.lastHash.toString('hex'))}::text[]
    ) as c (id, balance, held, loaded, face, state, modified_at, last_seq, last_hash)
    where cards.merchant_id = ${merchantId} and cards.id = c.id`
}
