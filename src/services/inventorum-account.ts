import type { Tx } from '../db/database.ts'

/**
 * Takes a shop's turn: whoever completes an order, gives money back or changes its taxes holds this row
 * until the commit. Returns the last invoice number that was given.
 */
export async function lockAccount(tx: Tx, merchantId: bigint): Promise<bigint> {
  const read = async () => {
    const [row] = await tx<{ last_invoice_number: bigint }[]>`
      select last_invoice_number from inventorum_accounts where merchant_id = ${merchantId} for update`
    return row?.last_invoice_number
  }
  const known = await read()
  if (known !== undefined) return known
  await tx`insert into inventorum_accounts (merchant_id) values (${merchantId}) on conflict do nothing`
  return (await read()) ?? 0n
}
