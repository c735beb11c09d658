import type { Tx } from '../db/database.ts'
import { DomainError, refuse } from '../errors.ts'
import type { Instant } from '../money/instant.ts'
import type { Card, Purpose } from './card.ts'
import { decide } from './decide.ts'
import { type ContraAccount, type Entry, GENESIS, type Origin } from './entry.ts'
import { type Notice, notify, type Topic } from './outbox.ts'
import { chain, writeEntries } from './write.ts'

/** A card to be made, and the value it starts with. */
export type CardDraft = {
  readonly code: string
  readonly currency: string
  readonly amount: bigint
  /** Value that was loaded and spent before the card came here. */
  readonly used?: bigint
  readonly contra?: ContraAccount
  readonly testmode?: boolean
  /** Made blocked, as an inactive import is. */
  readonly blocked?: boolean
  readonly expiresAt?: Instant | undefined
  readonly conditions?: string | undefined
  readonly ownerPositionId?: bigint | undefined
  readonly purpose?: Purpose
  readonly taxRate?: string | undefined
  readonly origin: Origin
  /** What webhooks hear, in order. */
  readonly topics?: readonly Topic[]
  /** Tells apart the events of one call; cards that name none are one event. */
  readonly event?: number
}

/** How a new code is compared with those that exist: some protocols take no two that differ in case. */
export type CodeComparison = 'exact' | 'folded'

export type Issued = { readonly card: Card; readonly entry: Entry }

/** Rows in one INSERT. */
const CHUNK = 1_000

/**
 * Makes cards with their first entries, in order, as one event unless they name several. Refuses
 * `code_taken` when a code exists at this merchant, `amount_invalid`, `balance_too_large`; a refusal
 * must end the transaction. Locks the merchant's card register, so a merchant issues one after the
 * other: ids, issue times and the counts of `card_blocks` then agree (see 0001_ledger.sql).
 */
export async function issueCards(
  tx: Tx,
  merchantId: bigint,
  drafts: readonly CardDraft[],
  { now, codes = 'exact' }: { readonly now: Instant; readonly codes?: CodeComparison },
): Promise<Issued[]> {
  if (drafts.length === 0) return []
  // Sent together, run one after the other: the ids are drawn once it is this merchant's turn.
  const [issuedAt, ids] = await Promise.all([
    lockRegister(tx, merchantId, now),
    tx<{ id: bigint }[]>`
      select nextval('card_ids') as id from generate_series(1, ${drafts.length}::int4)`,
  ])
  const made = drafts.map((draft, index) => open(merchantId, ids[index]?.id ?? 0n, draft, issuedAt))
  const issued: Issued[] = []
  for (let start = 0; start < drafts.length; start += CHUNK) {
    const chunk = made.slice(start, start + CHUNK)
    const entries = await writeChunk(tx, merchantId, chunk, issuedAt, codes)
    chunk.forEach(({ card }, index) => {
      const entry = entries[index]
      if (entry) issued.push({ card, entry })
    })
  }
  return issued
}

/** Takes the merchant's turn to issue; the time of issue never runs backwards. */
async function lockRegister(tx: Tx, merchantId: bigint, now: Instant): Promise<Instant> {
  // Started at once: whatever is sent after it runs after it.
  const [row] = await tx<{ last_issued_at: Instant }[]>`
    insert into card_registers as r (merchant_id, last_issued_at) values (${merchantId}, ${now}::timestamptz)
    on conflict (merchant_id) do update set last_issued_at = greatest(r.last_issued_at, excluded.last_issued_at)
    returning last_issued_at`.execute()
  return row?.last_issued_at ?? now
}

type Made = ReturnType<typeof open>

/** The cards, their place in the counts, their first entries and what the world hears of them. */
async function writeChunk(
  tx: Tx,
  merchantId: bigint,
  made: readonly Made[],
  now: Instant,
  codes: CodeComparison,
): Promise<Entry[]> {
  const cards = made.map(({ card }) => card)
  if (codes === 'folded') await refuseTakenCodes(tx, merchantId, cards)
  await Promise.all([insertCards(tx, merchantId, cards), countCards(tx, merchantId, cards)])
  const [entries] = await Promise.all([
    writeEntries(
      tx,
      merchantId,
      made.map(({ entry }) => entry),
      made.map(({ draft }) => draft.event ?? 0),
    ),
    notify(tx, merchantId, made.flatMap(noticesOf), now),
  ])
  return entries
}

const noticesOf = ({ draft, card, entry }: Made): Notice[] =>
  (draft.topics ?? []).map((topic) => ({
    topic,
    cardId: card.id,
    ...(topic.startsWith('transaction.') ? { actingMerchantId: entry.actingMerchantId } : {}),
  }))

function open(merchantId: bigint, id: bigint, draft: CardDraft, now: Instant) {
  const blank: Card = {
    merchantId,
    id,
    code: draft.code,
    currency: draft.currency,
    testmode: draft.testmode ?? false,
    state: 'active',
    balance: 0n,
    held: 0n,
    loaded: 0n,
    face: 0n,
    expiresAt: draft.expiresAt,
    conditions: draft.conditions,
    ownerPositionId: draft.ownerPositionId,
    origin: draft.origin.protocol,
    purpose: draft.purpose ?? 'multi',
    taxRate: draft.taxRate,
    createdAt: now,
    modifiedAt: now,
    lastSeq: 0,
    lastHash: GENESIS,
  }
  const decision = decide(
    { card: blank, holds: new Map(), originals: new Map() },
    {
      verb: 'issue',
      amount: draft.amount,
      ...(draft.used === undefined ? {} : { used: draft.used }),
      ...(draft.contra === undefined ? {} : { contra: draft.contra }),
    },
    now,
  )
  if ('refusal' in decision) throw new DomainError(decision.refusal)
  const { card: valued } = decision.account
  const draftEntry = decision.entry ?? refuse({ code: 'amount_invalid' })
  const entry = chain(blank, valued, draftEntry, draft.origin)
  const state = draft.blocked ? ('blocked' as const) : ('active' as const)
  return { draft, card: { ...valued, state, lastHash: entry.hash }, entry }
}

/** For protocols that take no two codes that differ in case only. */
async function refuseTakenCodes(tx: Tx, merchantId: bigint, cards: readonly Card[]): Promise<void> {
  const codes = cards.map((card) => card.code ?? null)
  const folded = new Set(codes.map((code) => code?.replace(/[A-Z]/g, (c) => c.toLowerCase())))
  if (folded.size < codes.length) refuse({ code: 'code_taken' })
  const [taken] = await tx`
    select 1 from cards where merchant_id = ${merchantId}
      and lower(code collate "C") = any(select lower(c collate "C") from unnest(${codes}::text[]) c) limit 1`
  if (taken) refuse({ code: 'code_taken' })
}

async function insertCards(tx: Tx, merchantId: bigint, cards: readonly Card[]): Promise<void> {
  const rows = await tx`
    insert into cards (merchant_id, id, code, currency, testmode, state, balance, held, loaded, face,
      expires_at, conditions, owner_position_id, origin, purpose, tax_rate, created_at, modified_at, last_seq, last_hash)
    select ${merchantId}, c.id, c.code, c.currency, c.testmode, c.state, c.balance, 0, c.loaded, c.face,
      c.expires_at, c.conditions, c.owner_position_id, c.origin, c.purpose, c.tax_rate::numeric, c.created_at,
      c.created_at, c.last_seq, decode(c.last_hash, 'hex')
    from unnest(
      ${cards.map((card) => card.id)}::int8[], ${cards.map((card) => card.code ?? null)}::text[], ${cards.map((card) => card.currency)}::text[],
      ${cards.map((card) => card.testmode)}::bool[], ${cards.map((card) => card.state)}::text[],
      ${cards.map((card) => card.balance)}::int8[], ${cards.map((card) => card.loaded)}::int8[],
      ${cards.map((card) => card.face)}::int8[], ${cards.map((card) => card.expiresAt ?? null)}::timestamptz[],
      ${cards.map((card) => card.conditions ?? null)}::text[], ${cards.map((card) => card.ownerPositionId ?? null)}::int8[],
      ${cards.map((card) => card.origin)}::text[], ${cards.map((card) => card.purpose)}::text[],
      ${cards.map((card) => card.taxRate ?? null)}::text[], ${cards.map((card) => card.createdAt)}::timestamptz[],
      ${cards.map((card) => card.lastSeq)}::int4[], ${cards.map((card) => card.lastHash)}::text[]
    ) as c (id, code, currency, testmode, state, balance, loaded, face, expires_at, conditions,
      owner_position_id, origin, purpose, tax_rate, created_at, last_seq, last_hash)
    on conflict (merchant_id, code) do nothing returning id`
  if (rows.length < cards.length) refuse({ code: 'code_taken' })
}

/** Counts new cards in `card_blocks`; `removeCards` takes them out again. */
async function countCards(
  tx: Tx,
  merchantId: bigint,
  cards: readonly Pick<Card, 'id' | 'testmode'>[],
): Promise<void> {
  await tx`
    insert into card_blocks as b (merchant_id, block, live, test)
    select ${merchantId}, id >> 12, count(*) filter (where not testmode), count(*) filter (where testmode)
    from unnest(${cards.map((card) => card.id)}::int8[], ${cards.map((card) => card.testmode)}::bool[]) as c (id, testmode)
    group by id >> 12 order by id >> 12
    on conflict (merchant_id, block) do update set live = b.live + excluded.live, test = b.test + excluded.test`
}
