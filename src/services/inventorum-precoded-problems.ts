import { foldCode } from '../commerce/inventorum-codes.ts'
import type { Queryable } from '../db/database.ts'
import { findTakenCodes } from '../ledger/reservations.ts'
import type { PrecodedChanges } from './inventorum-commands.ts'
import type { PrecodedSecrets } from './inventorum-precoded-rows.ts'
import type { Place, ShopProblem } from './inventorum-problems.ts'
import type { ProductRow } from './inventorum-product-rows.ts'

/** What stands against pre-coded cards, before they are stored (specs/inventorum.md 3.1, 3.2). */

/** A card may move to another pre-coded template of the account only. */
export function targetProblems(
  product: ProductRow | undefined,
  id: bigint,
): readonly ShopProblem[] {
  if (!product || product.isDeleted)
    return [{ code: 'unknown', what: 'product', id: id.toString() }]
  return product.template?.isPrecoded ? [] : [{ code: 'not_precoded' }]
}

export async function changeProblems(
  sql: Queryable,
  merchantId: bigint,
  row: PrecodedSecrets,
  { redeemCode, cardCode }: PrecodedChanges,
): Promise<readonly ShopProblem[]> {
  const isSame = redeemCode !== undefined && foldCode(redeemCode) === foldCode(row.redeem_code)
  const codes = redeemCode === undefined || isSame ? [] : [redeemCode]
  const taken = await findTakenCodes(sql, merchantId, codes)
  const others = await takenCardCodes(
    sql,
    merchantId,
    cardCode === undefined ? [] : [cardCode],
    row.id,
  )
  return [
    ...(taken.size > 0 ? [{ code: 'redeem_code_taken' } as const] : []),
    ...(others.size > 0 ? [{ code: 'card_code_taken' } as const] : []),
  ]
}

/** Every problem of a list, element by element; of codes that repeat, the first is fine. */
export async function listProblems(
  sql: Queryable,
  merchantId: bigint,
  productId: bigint,
  list: readonly PrecodedChanges[],
): Promise<readonly ShopProblem[]> {
  const all = (read: (draft: PrecodedChanges) => string | undefined) =>
    list.flatMap((draft) => read(draft) ?? [])
  const takenCodes = await findTakenCodes(
    sql,
    merchantId,
    all(({ redeemCode }) => redeemCode),
  )
  const takenCards = await takenCardCodes(
    sql,
    merchantId,
    all(({ cardCode }) => cardCode),
  )
  const strangers = list.flatMap((draft) =>
    draft.productId === undefined || draft.productId === productId ? [] : [draft.productId],
  )
  const known = await knownTemplates(sql, merchantId, strangers)
  return list.flatMap((draft, index): ShopProblem[] => {
    const place: Place = { index, of: list.length }
    const problems: ShopProblem[] = []
    if (draft.redeemCode !== undefined) {
      const folded = foldCode(draft.redeemCode)
      if (takenCodes.has(folded)) problems.push({ code: 'redeem_code_taken', place })
      takenCodes.add(folded)
    }
    if (draft.cardCode !== undefined) {
      const folded = foldCode(draft.cardCode)
      if (takenCards.has(folded)) problems.push({ code: 'card_code_taken', place })
      takenCards.add(folded)
    }
    if (draft.productId !== undefined && draft.productId !== productId) {
      const id = draft.productId
      problems.push({ code: 'precoded_product', place, id: id.toString(), known: known.has(id) })
    }
    return problems
  })
}

async function takenCardCodes(
  sql: Queryable,
  merchantId: bigint,
  codes: readonly string[],
  exceptId: bigint = 0n,
): Promise<Set<string>> {
  if (codes.length === 0) return new Set()
  const rows = await sql<{ folded: string }[]>`
    select lower(card_code collate "C") as folded from inventorum_precoded_cards
    where merchant_id = ${merchantId} and id <> ${exceptId}
      and lower(card_code collate "C") = any(select lower(c collate "C") from unnest(${codes as string[]}::text[]) c)`
  return new Set(rows.map(({ folded }) => folded))
}

async function knownTemplates(
  sql: Queryable,
  merchantId: bigint,
  ids: readonly bigint[],
): Promise<Set<bigint>> {
  if (ids.length === 0) return new Set()
  const rows = await sql<{ id: bigint }[]>`
    select id from inventorum_products
    where merchant_id = ${merchantId} and id = any(${ids as bigint[]}) and deleted_at is null`
  return new Set(rows.map(({ id }) => id))
}
