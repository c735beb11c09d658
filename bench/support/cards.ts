import type { Database } from '../../src/db/database.ts'
import { transact } from '../../src/db/transact.ts'
import { issueCards } from '../../src/ledger/issue.ts'
import { wallClock } from '../../src/money/instant.ts'
import type { World } from '../../src/world/schema.ts'
import type { LoadRequest } from './wrk.ts'

/** The merchant of every bench. */
export const TOKEN = 'bench-token-0123456789abcdef'
export const benchWorld = (): World => ({
  merchants: [
    {
      slug: 'bench',
      name: 'Bench',
      country: 'DE',
      currency: 'EUR',
      timezone: 'UTC',
      credentials: [{ name: 'shop', dialect: 'pretix', token: TOKEN }],
    },
  ],
})

/** Books 0.01 off a card, by pretix. */
export const transactOn = (id: bigint): LoadRequest => ({
  method: 'POST',
  path: `/api/v1/organizers/bench/giftcards/${id}/transact/`,
  headers: { authorization: `Token ${TOKEN}`, 'content-type': 'application/json' },
  body: '{"value":"-0.01"}',
})

const CHUNK = 10_000

/** Issues cards of 100000.00 each until there are `count`; returns the lowest and the highest id. */
export async function fillCards(
  db: Database,
  count: number,
): Promise<{ readonly first: bigint; readonly last: bigint }> {
  const [merchant] = await db<{ id: bigint }[]>`select id from merchants where slug = 'bench'`
  if (!merchant) throw new Error('no bench merchant')
  const origin = { protocol: 'pretix', actingMerchantId: merchant.id }
  const [have] = await db<
    { count: bigint }[]
  >`select count(*) from cards where merchant_id = ${merchant.id}`
  for (let made = Number(have?.count ?? 0n); made < count; made += CHUNK) {
    const drafts = Array.from({ length: Math.min(CHUNK, count - made) }, (_, index) => ({
      code: `B${String(made + index).padStart(15, '0')}`,
      currency: 'EUR',
      amount: 10_000_000_000n,
      origin,
    }))
    await transact(db, (tx) => issueCards(tx, merchant.id, drafts, { now: wallClock() }))
  }
  await db`vacuum analyze cards`
  await db`vacuum analyze entries`
  const [range] = await db<{ first: bigint; last: bigint }[]>`
    select min(id) as first, max(id) as last from cards where merchant_id = ${merchant.id}`
  if (!range) throw new Error('no cards')
  return range
}
