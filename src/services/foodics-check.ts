import type { Check } from '../ledger/verify.ts'

/**
 * A merchant's orders are numbered 1, 2, 3 … up to what its register says, and a card that an order sold
 * begins with an entry that names no other protocol.
 */
export const verifyFoodics: Check = async (sql, merchantId) => {
  const [register] = await sql<{ last: bigint; highest: bigint; orders: bigint }[]>`
    select coalesce((select last_reference from foodics_order_registers where merchant_id = ${merchantId}), 0)::int8 as last,
      coalesce(max(reference), 0)::int8 as highest, count(*) as orders
    from foodics_orders where merchant_id = ${merchantId}`
  if (register && (register.highest !== register.last || register.orders !== register.last))
    return `Foodics orders: ${register.orders} up to reference ${register.highest}, ${register.last} were given`
  const [card] = await sql<{ id: bigint }[]>`
    select f.card_id as id from foodics_cards f
    join entries e on e.merchant_id = f.merchant_id and e.card_id = f.card_id and e.card_seq = 1
    where f.merchant_id = ${merchantId} and e.protocol <> 'foodics'
    order by f.card_id limit 1`
  return card && `card ${card.id}: sold by a Foodics order but issued by another protocol`
}
