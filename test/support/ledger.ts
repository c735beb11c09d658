import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { transact } from '../../src/db/transact.ts'
import type { Card } from '../../src/ledger/card.ts'
import type { Origin } from '../../src/ledger/entry.ts'
import { createGroupCommit } from '../../src/ledger/group-commit.ts'
import { type CardDraft, issueCards } from '../../src/ledger/issue.ts'
import { type Instant, wallClock } from '../../src/money/instant.ts'
import type { Deps } from '../../src/services/deps.ts'
import { saveRemembered } from '../../src/services/idempotency.ts'
import { createServices, type Services } from '../../src/services/index.ts'
import { openTestDatabase, type TestDatabase } from './database.ts'

/** Every verb over a database of one's own, without HTTP, with one merchant. */
export type TestLedger = TestDatabase & {
  readonly services: Services
  readonly merchantId: bigint
  readonly origin: Origin
  readonly issue: (draft: Partial<CardDraft>) => Promise<Card>
  readonly close: () => Promise<void>
}

/** `now` may be set to move time by hand. */
export async function openTestLedger({
  now = wallClock,
}: {
  now?: () => Instant
} = {}): Promise<TestLedger> {
  const database = await openTestDatabase()
  const { db } = database
  const log = pino({ level: 'silent' })
  const commit = createGroupCommit({ db, now, saveRemembered })
  const deps: Deps = { db, now, randomBytes, commit, log, dataDirectory: '/nonexistent' }
  const [merchant] = await db<{ id: bigint }[]>`
    insert into merchants (slug, name, country, currency, timezone)
    values ('acme', 'Acme', 'DE', 'EUR', 'Europe/Berlin') returning id`
  if (!merchant) throw new Error('no merchant')
  const origin: Origin = { protocol: 'pretix', actingMerchantId: merchant.id }
  let cards = 0
  return {
    ...database,
    services: createServices(deps),
    merchantId: merchant.id,
    origin,
    issue: async (draft) => {
      const full = { code: `CARD-${++cards}`, currency: 'EUR', amount: 0n, origin, ...draft }
      const [issued] = await transact(db, (tx) =>
        issueCards(tx, merchant.id, [full], { now: now() }),
      )
      if (!issued) throw new Error('no card')
      return issued.card
    },
    close: async () => {
      await commit.close()
      await database.close()
    },
  }
}
