import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { wallClock } from '../money/instant.ts'
import { applyWorld } from './apply.ts'
import type { WorldMerchant } from './schema.ts'

let base: TestDatabase
before(async () => {
  base = await openTestDatabase()
})
after(() => base.close())

const apply = (slug: string, more: Partial<WorldMerchant> = {}) => {
  const merchant = { slug, name: 'M', country: 'DE', currency: 'EUR', timezone: 'Europe/Berlin' }
  return applyWorld(base.owner, { merchants: [{ ...merchant, ...more }] }, wallClock())
}

const taxesOf = async (slug: string): Promise<string[]> => {
  const rows = await base.db<{ name: string; rate: string }[]>`
    select t.name, trim_scale(t.rate) as rate from inventorum_tax_types t
    join merchants m on m.id = t.merchant_id where m.slug = ${slug} order by t.id`
  return rows.map(({ name, rate }) => `${name}=${rate}`)
}

const counterOf = async (slug: string): Promise<bigint | undefined> => {
  const [row] = await base.db<{ last_invoice_number: bigint }[]>`
    select last_invoice_number from inventorum_accounts a
    join merchants m on m.id = a.merchant_id where m.slug = ${slug}`
  return row?.last_invoice_number
}

test('a new account has 19, 7 and 0 in Germany and 0 elsewhere, once', async () => {
  await apply('de')
  await apply('de')
  assert.deepEqual(await taxesOf('de'), ['19%=19', '7%=7', '0%=0'])
  await apply('ch', { country: 'CH', currency: 'CHF' })
  assert.deepEqual(await taxesOf('ch'), ['0%=0'])
})

test('given rates replace the defaults; a rate is known by its value and renamed', async () => {
  await apply('at', {
    country: 'AT',
    tax_rates: [
      { name: '20', rate: '20' },
      { name: '0', rate: '0.00' },
    ],
  })
  assert.deepEqual(await taxesOf('at'), ['20=20', '0=0'])
  const applied = await apply('at', {
    country: 'AT',
    tax_rates: [
      { name: 'Normal', rate: '20.000' },
      { name: 'Reduced', rate: '10' },
    ],
  })
  assert.deepEqual(await taxesOf('at'), ['Normal=20', '0=0', 'Reduced=10'])
  assert.ok(applied.created >= 1)
  await apply('at', { country: 'AT' })
  assert.deepEqual(await taxesOf('at'), ['Normal=20', '0=0', 'Reduced=10'])
})

test('a rate that is none is refused with its place, and nothing is made', async () => {
  const refuse = (rates: string[], message: string) =>
    assert.rejects(
      apply('wrong', { tax_rates: rates.map((rate) => ({ name: rate, rate })) }),
      (error: Error) => error.message.includes(message),
    )
  await refuse(['19', '101'], 'merchants[0].tax_rates[1].rate')
  await refuse(['-1'], 'merchants[0].tax_rates[0].rate')
  await refuse(['7', '7.0'], 'merchants[0].tax_rates[1].rate')
  assert.deepEqual(await taxesOf('wrong'), [])
  assert.equal(await counterOf('wrong'), undefined)
})

test('the invoice counter begins where the file says and never goes back', async () => {
  await apply('counted', { inventorum: { invoice_counter: 40 } })
  assert.equal(await counterOf('counted'), 40n)
  await base.owner`
    update inventorum_accounts set last_invoice_number = 45
    where merchant_id = (select id from merchants where slug = 'counted')`
  await apply('counted', { inventorum: { invoice_counter: 40 } })
  await apply('counted')
  assert.equal(await counterOf('counted'), 45n)
})
