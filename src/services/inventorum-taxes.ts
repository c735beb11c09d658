import { transact } from '../db/transact.ts'
import { type Decimal, formatShortest } from '../money/decimal.ts'
import type { Deps } from './deps.ts'
import { lockAccount } from './inventorum-account.ts'
import type { ShopCaller } from './inventorum-commands.ts'
import { deny, missing } from './inventorum-problems.ts'
import { toDecimal } from './inventorum-product-rows.ts'

export type TaxType = { readonly id: bigint; readonly name: string; readonly rate: Decimal }

type Row = { id: bigint; name: string; rate: string }
const toTaxType = ({ id, name, rate }: Row): TaxType => ({ id, name, rate: toDecimal(rate) })

/** Tax types of an account, each rate once (specs/inventorum.md 11.1). */
export function createTaxes({ db }: Pick<Deps, 'db'>) {
  return {
    list: async ({ merchant }: Pick<ShopCaller, 'merchant'>): Promise<readonly TaxType[]> => {
      const rows = await db<Row[]>`
        select id, name, rate from inventorum_tax_types where merchant_id = ${merchant.id} order by id`
      return rows.map(toTaxType)
    },

    get: async ({ merchant }: ShopCaller, id: bigint): Promise<TaxType> => {
      const [row] = await db<Row[]>`
        select id, name, rate from inventorum_tax_types where merchant_id = ${merchant.id} and id = ${id}`
      return row ? toTaxType(row) : missing('tax_type')
    },

    /** Refuses a rate that exists, by its value and not its spelling. */
    create: ({ merchant }: ShopCaller, name: string, rate: Decimal): Promise<TaxType> =>
      transact(db, async (tx) => {
        await lockAccount(tx, merchant.id)
        const [row] = await tx<Row[]>`
          insert into inventorum_tax_types (merchant_id, name, rate)
          values (${merchant.id}, ${name}, ${formatShortest(rate)}::numeric)
          on conflict (merchant_id, rate) do nothing returning id, name, rate`
        return row ? toTaxType(row) : deny({ code: 'rate_taken' })
      }),

    /**
     * Net prices and issued cards keep what they have. Refuses a rate that another tax type has, and one
     * that would make gift cards of this type break their rule: multi-purpose is untaxed, single is not.
     */
    update: ({ merchant }: ShopCaller, id: bigint, name: string, rate: Decimal): Promise<TaxType> =>
      transact(db, async (tx) => {
        await lockAccount(tx, merchant.id)
        const [current] = await tx<Row[]>`
          select id, name, rate from inventorum_tax_types
          where merchant_id = ${merchant.id} and id = ${id} for update`
        if (!current) return missing('tax_type')
        const [twin] = await tx`
          select 1 from inventorum_tax_types
          where merchant_id = ${merchant.id} and rate = ${formatShortest(rate)}::numeric and id <> ${id}`
        if (twin) deny({ code: 'rate_taken' })
        const purpose = rate.units === 0n ? 'single' : 'multi'
        const [user] = await tx`
          select 1 from inventorum_products where merchant_id = ${merchant.id} and tax_type_id = ${id}
            and purpose = ${purpose} and deleted_at is null limit 1`
        if (user) deny({ code: 'rate_in_use' })
        await tx`
          update inventorum_tax_types set name = ${name}, rate = ${formatShortest(rate)}::numeric
          where merchant_id = ${merchant.id} and id = ${id}`
        return { id, name, rate }
      }),
  }
}
