import type { Check } from '../ledger/verify.ts'

/** A finished import has as many cards as it says, an undone or failed one has none. */
export const verifyImports: Check = async (sql, merchantId) => {
  const [job] = await sql<{ id: bigint }[]>`
    select i.id from imports i
    left join (
      select c.import_id, count(*) as cards from inventorum_cards c
      join cards k on k.merchant_id = c.merchant_id and k.id = c.card_id
      where c.merchant_id = ${merchantId} and c.import_id is not null and k.removed_at is null
      group by c.import_id
    ) made on made.import_id = i.id
    where i.merchant_id = ${merchantId}
      and coalesce(made.cards, 0) <> case i.state when 'done' then i.imported else 0 end
    order by i.id limit 1`
  return job && `import ${job.id}: it does not have as many cards as it says`
}
