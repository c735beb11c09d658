import type { Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import { refuse } from '../errors.ts'
import {
  type CardChanges,
  type CardFilter,
  countCards,
  findCard,
  findCardByCode,
  findCardByFoldedCode,
  isCodeTaken,
  listCards,
  type Slice,
  updateCard,
} from '../instruments/cards.ts'
import { type Card, lockCards } from '../ledger/card.ts'
import type { Entry, Origin } from '../ledger/entry.ts'
import { type CardDraft, type Issued, issueCards } from '../ledger/issue.ts'
import { notify } from '../ledger/outbox.ts'
import { post } from '../ledger/post.ts'
import { findEntry, listEntries } from '../ledger/statement.ts'
import type { Instant } from '../money/instant.ts'
import { type AuditRecord, writeAudit } from './audit.ts'
import type { Deps } from './deps.ts'

/** What else a caller writes in the same commit: its remembered answer, rows of its own protocol. */
export type Finish<T> = (tx: Tx, result: T) => Promise<void>

export type IssueCommand = {
  readonly merchantId: bigint
  readonly draft: CardDraft
  /** Besides the merchant's own cards, no card of these issuers may have the code. */
  readonly otherIssuerIds?: readonly bigint[]
  readonly audit?: (issued: Issued) => readonly AuditRecord[]
  readonly finish?: Finish<Issued>
}

export type ChangeCommand = {
  readonly merchantId: bigint
  readonly cardId: bigint
  readonly changes: CardChanges
  /** New balance; an entry is written even if it is the present one. */
  readonly balance?: (current: Card) => bigint
  readonly origin: Origin
  /** A code that the change may not take from another card. */
  readonly code?: { readonly value: string; readonly issuerIds: readonly bigint[] }
  /** Whether the change counts as one of the card's own fields. */
  readonly modified: boolean
  readonly audit?: (card: Card, entry: Entry | undefined) => readonly AuditRecord[]
  readonly finish?: Finish<Card>
}

/** Cards as every dialect reads and makes them; each merchant's list of issuers is the caller's business. */
export function createCards({ db, now }: Deps) {
  return {
    /** A card of one of these merchants that passes the filter. */
    find: (merchantIds: readonly bigint[], id: bigint, filter?: CardFilter) =>
      findCard(db, merchantIds, id, now(), filter),
    findByCode: (merchantId: bigint, code: string) => findCardByCode(db, merchantId, code),
    findByFoldedCode: (merchantId: bigint, code: string) =>
      findCardByFoldedCode(db, merchantId, code),
    count: (merchantIds: readonly bigint[], filter?: CardFilter) =>
      countCards(db, merchantIds, now(), filter),
    list: (merchantIds: readonly bigint[], filter: CardFilter, slice: Slice) =>
      listCards(db, merchantIds, now(), filter, slice),
    entries: (card: Card, slice?: Slice) => listEntries(db, card.merchantId, card.id, slice),
    findEntry: (card: Card, entryId: bigint) => findEntry(db, card.merchantId, card.id, entryId),

    /** Makes one card with its first entry; refuses `code_taken`. */
    issue: ({
      merchantId,
      draft,
      otherIssuerIds = [],
      audit,
      finish,
    }: IssueCommand): Promise<Issued> =>
      transact(db, async (tx) => {
        const at = now()
        if (otherIssuerIds.length > 0 && (await isCodeTaken(tx, otherIssuerIds, draft.code)))
          refuse({ code: 'code_taken' })
        const [issued] = await issueCards(tx, merchantId, [draft], { now: at })
        if (!issued) throw new Error('a card without an entry')
        if (audit) await writeAudit(tx, merchantId, audit(issued), at)
        await finish?.(tx, issued)
        return issued
      }),

    /**
     * Changes a card's own fields and, if asked, its balance, under one lock and in one commit. Refuses
     * `card_not_found`, `code_taken`, and whatever `decide` refuses of setting a balance.
     */
    change: (command: ChangeCommand): Promise<Card> =>
      transact(db, async (tx) => {
        const at = now()
        const { merchantId, cardId, code, origin } = command
        const current = (await lockCards(tx, merchantId, [cardId])).get(cardId)
        if (!current) refuse({ code: 'card_not_found' })
        if (code && (await isCodeTaken(tx, code.issuerIds, code.value, cardId)))
          refuse({ code: 'code_taken' })
        let card = current
        if (command.modified) {
          card = (await updateCard(tx, merchantId, cardId, command.changes, at)) ?? card
          await notify(tx, merchantId, [{ topic: 'modified', cardId }], at)
        }
        let entry: Entry | undefined
        if (command.balance) {
          const set = {
            verb: 'set',
            cardId,
            balance: command.balance(current),
            origin,
            topic: 'transaction.manual',
          } as const
          const [outcome] = await post(tx, merchantId, [set], { now: at, allOrNothing: true })
          if (outcome?.ok) {
            card = outcome.card
            entry = outcome.entry
          }
        }
        if (command.audit) await writeAudit(tx, merchantId, command.audit(card, entry), at)
        await command.finish?.(tx, card)
        return card
      }),
  }
}

export type { Card, CardFilter, Entry, Instant }
