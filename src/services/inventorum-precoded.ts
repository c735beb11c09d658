import { foldCode } from '../commerce/inventorum-codes.ts'
import type { Queryable, Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import {
  findTakenCodes,
  lockTakenCodes,
  releaseReservations,
  reserveCodes,
} from '../ledger/reservations.ts'
import type { Deps } from './deps.ts'
import type { PrecodedChanges, PrecodedDraft, ShopCaller } from './inventorum-commands.ts'
import { deny, denyIfAny, missing, type Place, type ShopProblem } from './inventorum-problems.ts'
import { findProductRow, lockProductRows, type ProductRow } from './inventorum-product-rows.ts'
import type { Slice } from './inventorum-product-views.ts'

/** A pre-coded card. The real code of an unissued one is not in here, so that nothing can show it. */
export type PrecodedCard = {
  readonly id: bigint
  readonly productId: bigint
  readonly cardCode: string
  /** Known once it is issued. */
  readonly issuedCode: string | undefined
}

type Row = {
  id: bigint
  product_id: bigint
  card_code: string
  issued_code: string | null
}

const columns = (sql: Queryable) => sql`
  id, product_id, card_code, case when card_id is not null then redeem_code end as issued_code`

const toPrecoded = (row: Row): PrecodedCard => ({
  id: row.id,
  productId: row.product_id,
  cardCode: row.card_code,
  issuedCode: row.issued_code ?? undefined,
})

/** Cards whose codes the merchant brings along (specs/inventorum.md 3). */
export function createPrecoded({ db, now }: Pick<Deps, 'db' | 'now'>) {
  return {
    /** Refuses a product that is no template, or one whose cards get their codes from us. */
    assertTemplate: async ({ merchant }: ShopCaller, productId: bigint): Promise<void> =>
      assertPrecoded(await findProductRow(db, merchant.id, productId, 'template')),

    /** Adds all or none. The codes are taken at once, for every protocol. */
    add: (
      { merchant }: ShopCaller,
      productId: bigint,
      drafts: readonly PrecodedDraft[],
    ): Promise<readonly PrecodedCard[]> =>
      transact(db, async (tx) => {
        const at = now()
        assertPrecoded((await lockProductRows(tx, merchant.id, [productId])).get(productId))
        const codes = drafts.map(({ redeemCode }) => redeemCode)
        await lockTakenCodes(tx, merchant.id, codes, at)
        denyIfAny(await listProblems(tx, merchant.id, productId, drafts))
        const reserver = {
          merchantId: merchant.id,
          currency: merchant.currency,
          protocol: 'inventorum',
        }
        const reservations = await reserveCodes(tx, reserver, codes, at)
        const rows = await tx<Row[]>`
          insert into inventorum_precoded_cards (merchant_id, product_id, redeem_code, card_code, reservation_id, created_at)
          select ${merchant.id}, ${productId}, redeem_code, card_code, reservation_id, ${at}::timestamptz
          from unnest(${codes}::text[], ${drafts.map(({ cardCode }) => cardCode)}::text[],
            ${reservations as bigint[]}::int8[]) with ordinality as d (redeem_code, card_code, reservation_id, position)
          order by position returning ${columns(tx)}`
        return rows.map(toPrecoded)
      }),

    /** What stands against elements that could be read, for the full list of a request's faults. */
    findProblems: (
      { merchant }: ShopCaller,
      productId: bigint,
      read: readonly PrecodedChanges[],
    ): Promise<readonly ShopProblem[]> => listProblems(db, merchant.id, productId, read),

    count: async ({ merchant }: ShopCaller, productId: bigint): Promise<number> => {
      const [row] = await db<{ count: bigint }[]>`
        select count(*) from inventorum_precoded_cards
        where merchant_id = ${merchant.id} and product_id = ${productId}`
      return Number(row?.count ?? 0n)
    },

    list: async (
      { merchant }: ShopCaller,
      productId: bigint,
      { offset, limit }: Slice,
    ): Promise<readonly PrecodedCard[]> => {
      const rows = await db<Row[]>`
        select ${columns(db)} from inventorum_precoded_cards
        where merchant_id = ${merchant.id} and product_id = ${productId}
        order by id offset ${offset} limit ${limit}`
      return rows.map(toPrecoded)
    },

    get: async (caller: ShopCaller, productId: bigint, id: bigint): Promise<PrecodedCard> => {
      const row = await findRow(db, caller.merchant.id, productId, id)
      return row ? toPrecoded(row) : missing('precoded')
    },

    /** Recodes a card or moves it to another template. An issued one cannot be changed. */
    update: (
      { merchant }: ShopCaller,
      productId: bigint,
      id: bigint,
      changes: PrecodedChanges,
    ): Promise<PrecodedCard> =>
      transact(db, async (tx) => {
        const at = now()
        const target = changes.productId ?? productId
        const products = await lockProductRows(tx, merchant.id, [productId, target])
        const row = await lockUnissued(tx, merchant.id, products.get(productId), id)
        if (changes.redeemCode !== undefined)
          await lockTakenCodes(tx, merchant.id, [changes.redeemCode], at)
        denyIfAny([
          ...targetProblems(products.get(target), target),
          ...(await changeProblems(tx, merchant.id, row, changes)),
        ])
        let { reservation_id: reservationId } = row
        if (changes.redeemCode !== undefined && changes.redeemCode !== row.redeem_code) {
          await releaseReservations(tx, merchant.id, [reservationId])
          const reserver = {
            merchantId: merchant.id,
            currency: merchant.currency,
            protocol: 'inventorum',
          }
          const [made] = await reserveCodes(tx, reserver, [changes.redeemCode], at)
          reservationId = made ?? reservationId
        }
        const [changed] = await tx<Row[]>`
          update inventorum_precoded_cards set product_id = ${target}, reservation_id = ${reservationId},
            redeem_code = ${changes.redeemCode ?? row.redeem_code}, card_code = ${changes.cardCode ?? row.card_code}
          where merchant_id = ${merchant.id} and id = ${id} returning ${columns(tx)}`
        return changed ? toPrecoded(changed) : missing('precoded')
      }),

    /** What stands against a change that could be read in part. */
    findChangeProblems: async (
      { merchant }: ShopCaller,
      productId: bigint,
      id: bigint,
      changes: PrecodedChanges,
    ): Promise<readonly ShopProblem[]> => {
      const row = await findRow(db, merchant.id, productId, id)
      if (!row) return missing('precoded')
      if (row.issued_code !== null) return deny({ code: 'precoded_issued' })
      const target = changes.productId
      const product =
        target === undefined ? undefined : await findProductRow(db, merchant.id, target, 'any')
      return [
        ...(target === undefined ? [] : targetProblems(product, target)),
        ...(await changeProblems(db, merchant.id, row, changes)),
      ]
    },

    /** The code becomes free. An issued card cannot be deleted. */
    remove: ({ merchant }: ShopCaller, productId: bigint, id: bigint): Promise<void> =>
      transact(db, async (tx) => {
        const products = await lockProductRows(tx, merchant.id, [productId])
        const row = await lockUnissued(tx, merchant.id, products.get(productId), id)
        await tx`delete from inventorum_precoded_cards where merchant_id = ${merchant.id} and id = ${id}`
        await releaseReservations(tx, merchant.id, [row.reservation_id])
      }),
  }
}

function assertPrecoded(product: ProductRow | undefined): void {
  if (!product?.template || product.isDeleted) missing('template')
  else if (!product.template.isPrecoded) deny({ code: 'not_precoded' })
}

type FullRow = Row & { redeem_code: string; reservation_id: bigint }

/** A card below its own template; the template's lock keeps it as it is. */
async function lockUnissued(
  tx: Tx,
  merchantId: bigint,
  product: ProductRow | undefined,
  id: bigint,
): Promise<FullRow> {
  if (!product?.template || product.isDeleted) return missing('template')
  const row = await findRow(tx, merchantId, product.id, id)
  if (!row) return missing('precoded')
  return row.issued_code === null ? row : deny({ code: 'precoded_issued' })
}

/** A card below a template that was not deleted. */
async function findRow(
  sql: Queryable,
  merchantId: bigint,
  productId: bigint,
  id: bigint,
): Promise<FullRow | undefined> {
  const [row] = await sql<FullRow[]>`
    select ${columns(sql)}, redeem_code, reservation_id from inventorum_precoded_cards c
    where merchant_id = ${merchantId} and product_id = ${productId} and id = ${id}
      and exists (select 1 from inventorum_products p
        where p.merchant_id = c.merchant_id and p.id = c.product_id and p.deleted_at is null)`
  return row
}

/** A card may move to another pre-coded template of the account only. */
function targetProblems(product: ProductRow | undefined, id: bigint): readonly ShopProblem[] {
  if (!product || product.isDeleted)
    return [{ code: 'unknown', what: 'product', id: id.toString() }]
  return product.template?.isPrecoded ? [] : [{ code: 'not_precoded' }]
}

async function changeProblems(
  sql: Queryable,
  merchantId: bigint,
  row: FullRow,
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
async function listProblems(
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
