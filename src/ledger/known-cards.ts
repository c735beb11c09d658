import type { Queryable } from '../db/database.ts'
import { type Card, cardColumns, toCard } from './card.ts'

/**
 * A card as one version of its row had it. Every change of a row, whoever makes it, gives it another
 * version (the id of the transaction, PostgreSQL's `xmin`), so that what was decided on an old one is found out.
 */
export type KnownCard = { readonly card: Card; readonly version: string }

/** Cards as they were when last seen. Nothing here is true until the database has said so. */
export type KnownCards = {
  /** Cards of a merchant: what is remembered of them, the others read. Unknown ids are left out. */
  readonly recall: (
    db: Queryable,
    merchantId: bigint,
    ids: readonly bigint[],
  ) => Promise<Map<bigint, KnownCard>>
  readonly remember: (cards: readonly KnownCard[]) => void
  readonly forget: (ids: Iterable<bigint>) => void
}

/** About 700 bytes each, and what their conditions take. */
const REMEMBERED_MAX = 16_384
/** A card whose conditions are longer is not remembered: they have no bound of their own. */
const CONDITIONS_MAX = 1_000

/** Remembers at most `max` cards; the first that came is the first to go, until it is used again. */
export function createKnownCards(max = REMEMBERED_MAX): KnownCards {
  // In the order in which they came.
  const cards = new Map<bigint, KnownCard>()
  return {
    recall: async (db, merchantId, ids) => {
      const found = new Map<bigint, KnownCard>()
      const missing: bigint[] = []
      for (const id of new Set(ids)) {
        const known = cards.get(id)
        if (known?.card.merchantId === merchantId) found.set(id, known)
        else missing.push(id)
      }
      if (missing.length > 0)
        for (const known of await readCards(db, merchantId, missing))
          found.set(known.card.id, known)
      return found
    },
    remember: (known) => {
      for (const one of known)
        if ((one.card.conditions?.length ?? 0) <= CONDITIONS_MAX) cards.set(one.card.id, one)
        else cards.delete(one.card.id)
      for (const id of cards.keys()) {
        if (cards.size <= max) break
        cards.delete(id)
      }
    },
    forget: (ids) => {
      for (const id of ids) cards.delete(id)
    },
  }
}

async function readCards(
  db: Queryable,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<KnownCard[]> {
  // The sub-select hides from the planner how many cards there are: one plan serves all batches.
  const rows = await db<{ version: string }[]>`
    select ${cardColumns(db)}, cards.xmin::text as version from cards
    where merchant_id = ${merchantId} and id = any((select ${ids as bigint[]}::int8[])::int8[])
      and removed_at is null`
  return rows.map((row) => {
    const card = toCard(row)
    const texts = {
      code: copied(card.code),
      conditions: copied(card.conditions),
      lastHash: copied(card.lastHash),
    }
    return { card: { ...card, ...texts }, version: row.version }
  })
}

/** A text of its own: a long one of the driver's is a part of its whole row, which it keeps alive. */
const copied = <T extends string | undefined>(text: T): T =>
  (text === undefined ? text : Buffer.from(text).toString()) as T // The same text.
