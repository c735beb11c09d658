import type { Tx } from '../db/database.ts'
import { compare, type Decimal, decimal, formatShortest, parseDecimal } from '../money/decimal.ts'
import type { Merchant } from '../services/merchants.ts'
import type { Section } from './apply.ts'
import { WorldError } from './error.ts'
import type { WorldMerchant } from './schema.ts'

const PLACES_MAX = 10

/**
 * Applies a merchant's tax rates and invoice counter (contract.md section 3). A rate is known by its value:
 * one that exists is renamed. Without a list a new account has 19, 7 and 0 in Germany, elsewhere only 0.
 */
export const applyInventorum: Section = async (tx, merchant, world, applied) => {
  const counter = world.inventorum?.invoice_counter ?? 0
  // Never backwards: a number that was given is never given again.
  await tx`
    insert into inventorum_accounts as a (merchant_id, last_invoice_number) values (${merchant.id}, ${counter}::int8)
    on conflict (merchant_id) do update set
      last_invoice_number = greatest(a.last_invoice_number, excluded.last_invoice_number)`
  for (const { name, rate } of await ratesFor(tx, merchant, world)) {
    const [row] = await tx<{ inserted: boolean }[]>`
      insert into inventorum_tax_types (merchant_id, name, rate)
      values (${merchant.id}, ${name}, ${formatShortest(rate)}::numeric)
      on conflict (merchant_id, rate) do update set name = excluded.name
      returning (xmax = 0) as inserted`
    if (row?.inserted) applied.created += 1
    else applied.updated += 1
  }
}

type NamedRate = { readonly name: string; readonly rate: Decimal }

async function ratesFor(
  tx: Tx,
  merchant: Merchant,
  world: WorldMerchant,
): Promise<readonly NamedRate[]> {
  if (world.tax_rates) return readRates(world.tax_rates)
  const [known] = await tx`
    select 1 from inventorum_tax_types where merchant_id = ${merchant.id} limit 1`
  if (known) return []
  const rates = merchant.country === 'DE' ? [19, 7, 0] : [0]
  return rates.map((rate) => ({ name: `${rate}%`, rate: decimal(rate) }))
}

function readRates(list: NonNullable<WorldMerchant['tax_rates']>): readonly NamedRate[] {
  const rates: NamedRate[] = []
  for (const [index, { name, rate: text }] of list.entries()) {
    const path = `tax_rates[${index}].rate`
    const rate = parseDecimal(text)
    if (!rate || compare(rate, decimal(0)) < 0 || compare(rate, decimal(100)) > 0)
      throw new WorldError(path, 'is not a percentage from 0 to 100')
    if (rate.scale > PLACES_MAX) throw new WorldError(path, 'has more than ten decimals')
    if (rates.some((known) => compare(known.rate, rate) === 0))
      throw new WorldError(path, 'is there twice')
    rates.push({ name, rate })
  }
  return rates
}
