import type { Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import { lockTakenCodes, releaseReservations, reserveCodes } from '../ledger/reservations.ts'
import type { Deps } from './deps.ts'
import type { PrecodedChanges, PrecodedDraft, ShopCaller } from './inventorum-commands.ts'
import { changeProblems, listProblems, targetProblems } from './inventorum-precoded-problems.ts'
import {
  findPrecoded,
  type PrecodedCard,
  type PrecodedRow,
  type PrecodedSecrets,
  precodedColumns,
  toPrecoded,
} from './inventorum-precoded-rows.ts'
import { deny, denyIfAny, missing, type ShopProblem } from './inventorum-problems.ts'
import { findProductRow, lockProductRows, type ProductRow } from './inventorum-product-rows.ts'
import type { Slice } from './inventorum-product-views.ts'

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
        const rows = await tx<PrecodedRow[]>`
          insert into inventorum_precoded_cards (merchant_id, product_id, redeem_code, card_code, reservation_id, created_at)
          select ${merchant.id}, ${productId}, redeem_code, card_code, reservation_id, ${at}::timestamptz
          from unnest(${codes}::text[], ${drafts.map(({ cardCode }) => cardCode)}::text[],
            ${reservations as bigint[]}::int8[]) with ordinality as d (redeem_code, card_code, reservation_id, position)
          order by position returning ${precodedColumns(tx)}`
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
      const rows = await db<PrecodedRow[]>`
        select ${precodedColumns(db)} from inventorum_precoded_cards
        where merchant_id = ${merchant.id} and product_id = ${productId}
        order by id offset ${offset} limit ${limit}`
      return rows.map(toPrecoded)
    },

    get: async (caller: ShopCaller, productId: bigint, id: bigint): Promise<PrecodedCard> => {
      const row = await findPrecoded(db, caller.merchant.id, productId, id)
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
        const [changed] = await tx<PrecodedRow[]>`
          update inventorum_precoded_cards set product_id = ${target}, reservation_id = ${reservationId},
            redeem_code = ${changes.redeemCode ?? row.redeem_code}, card_code = ${changes.cardCode ?? row.card_code}
          where merchant_id = ${merchant.id} and id = ${id} returning ${precodedColumns(tx)}`
        return changed ? toPrecoded(changed) : missing('precoded')
      }),

    /** What stands against a change that could be read in part. */
    findChangeProblems: async (
      { merchant }: ShopCaller,
      productId: bigint,
      id: bigint,
      changes: PrecodedChanges,
    ): Promise<readonly ShopProblem[]> => {
      const row = await findPrecoded(db, merchant.id, productId, id)
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

/** A card below its own template; the template's lock keeps it as it is. */
async function lockUnissued(
  tx: Tx,
  merchantId: bigint,
  product: ProductRow | undefined,
  id: bigint,
): Promise<PrecodedSecrets> {
  if (!product?.template || product.isDeleted) return missing('template')
  const row = await findPrecoded(tx, merchantId, product.id, id)
  if (!row) return missing('precoded')
  return row.issued_code === null ? row : deny({ code: 'precoded_issued' })
}
