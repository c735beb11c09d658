import type { Queryable } from '../db/database.ts'

/** Rows of pre-coded cards. */

/** A pre-coded card. The real code of an unissued one is not in here, so that nothing can show it. */
export type PrecodedCard = {
  readonly id: bigint
  readonly productId: bigint
  readonly cardCode: string
  /** Known once it is issued. */
  readonly issuedCode: string | undefined
}

export type PrecodedRow = {
  id: bigint
  product_id: bigint
  card_code: string
  issued_code: string | null
}

/** A row with what only its own change needs. */
export type PrecodedSecrets = PrecodedRow & { redeem_code: string; reservation_id: bigint }

export const precodedColumns = (sql: Queryable) => sql`
  id, product_id, card_code, case when card_id is not null then redeem_code end as issued_code`

export const toPrecoded = (row: PrecodedRow): PrecodedCard => ({
  id: row.id,
  productId: row.product_id,
  cardCode: row.card_code,
  issuedCode: row.issued_code ?? undefined,
})

/** A card below a template that was not deleted. */
export async function findPrecoded(
  sql: Queryable,
  merchantId: bigint,
  productId: bigint,
  id: bigint,
): Promise<PrecodedSecrets | undefined> {
  const [row] = await sql<PrecodedSecrets[]>`
    select ${precodedColumns(sql)}, redeem_code, reservation_id from inventorum_precoded_cards c
    where merchant_id = ${merchantId} and product_id = ${productId} and id = ${id}
      and exists (select 1 from inventorum_products p
        where p.merchant_id = c.merchant_id and p.id = c.product_id and p.deleted_at is null)`
  return row
}
