import { verifySales } from './commerce/ticket-sales.ts'
import type { Database, Tx } from './db/database.ts'
import { verifyVouchers } from './instruments/voucher-verify.ts'
import { type Broken, type Check, verifyChains, verifyTotals } from './ledger/verify.ts'
import { verifyFoodics } from './services/foodics-check.ts'
import { verifyImports } from './services/imports-check.ts'
import { verifyShop } from './services/inventorum-check.ts'

/** Every check that is a query of one merchant; the chains are re-read besides. */
const CHECKS: readonly Check[] = [
  verifyTotals,
  verifyFoodics,
  verifyImports,
  verifyShop,
  verifyVouchers,
  verifySales,
]

export type VerifyReport = {
  readonly cards: number
  readonly entries: number
  readonly broken?: Broken
}

/** Proves the books of every merchant, in one consistent snapshot each; stops at the first broken row. */
export async function verify(db: Database): Promise<VerifyReport> {
  let cards = 0
  let entries = 0
  const merchants = await db<
    { id: bigint; slug: string }[]
  >`select id, slug from merchants order by id`
  for (const { id, slug } of merchants) {
    const report = (await db.begin('isolation level repeatable read read only', (tx) =>
      verifyMerchant(tx, id),
    )) as MerchantReport // Plain data passes through.
    cards += report.cards
    entries += report.entries
    if (report.broken !== undefined) return { cards, entries, broken: `${slug}: ${report.broken}` }
  }
  return { cards, entries }
}

type MerchantReport = {
  readonly cards: number
  readonly entries: number
  readonly broken: Broken | undefined
}

/** Proves the books of one merchant as this transaction sees them. */
export async function verifyMerchant(tx: Tx, id: bigint): Promise<MerchantReport> {
  const chains = await verifyChains(tx, id)
  let { broken } = chains
  for (const check of CHECKS) broken ??= await check(tx, id)
  const [row] = await tx<{ count: bigint }[]>`select count(*) from cards where merchant_id = ${id}`
  return { entries: chains.entries, cards: Number(row?.count ?? 0n), broken }
}
