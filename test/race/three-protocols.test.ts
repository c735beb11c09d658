import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeId } from '../../src/dialects/foodics/ids.ts'
import { verify } from '../../src/verify.ts'
import { connectStore, type Held, type Store, storeWorld } from '../contract/market.ts'
import { foodics, pretix } from '../contract/protocols.ts'
import { viewInventorum, viewPretix } from '../contract/views.ts'
import { startTestApp } from '../support/app.ts'
import { openTarget, TARGETS } from '../support/target.ts'

const CLIENTS = 32
const CODE = 'RACE/1'
/** In ledger units: 12.00, taken in steps that leave a rest which only one protocol can see. */
const VALUE = 1_200_000n
const STEPS = { pretix: 2_000n, foodics: 1_001n }

for (const target of TARGETS)
  describe(`three protocols and one card on a ${target} PostgreSQL`, () => {
    test(`${CLIENTS} clients of two drain it while a third reads its history: no view is ever wrong`, async () => {
      const database = await openTarget(target)
      const server = await startTestApp({
        world: { merchants: [storeWorld('acme', { cards: [{ code: CODE, value: '12.00' }] })] },
        database,
      })
      try {
        const store = connectStore(server, 'acme')
        await store.goods()
        const card = await store.card(CODE)
        const counts = { pretix: 0n, foodics: 0n }
        const refusals = { pretix: 0, foodics: 0 }

        const drain = async (by: 'pretix' | 'foodics'): Promise<void> => {
          const { redeem, refusals: words } = by === 'pretix' ? pretix : foodics
          assert.ok(redeem)
          const amount = by === 'pretix' ? '0.02' : '0.01001'
          for (;;) {
            const { status, text } = await redeem(store, card, amount)
            if (status >= 300) {
              assert.equal(status, words.overdraft.status, text)
              assert.ok(text.includes(words.overdraft.says), text)
              refusals[by] += 1
              return
            }
            counts[by] += 1n
          }
        }
        let racing = true
        const drained = Promise.all(
          Array.from({ length: CLIENTS }, (_, n) => drain(n % 2 === 0 ? 'pretix' : 'foodics')),
        ).finally(() => {
          racing = false
        })
        let reads = 0
        const watch = async (): Promise<void> => {
          for (let last = 1; racing; reads += 1) {
            const steps = await readHistory(store, card)
            assert.ok(steps >= last, 'history never shrinks')
            last = steps
          }
        }
        const glance = async (): Promise<void> => {
          while (racing) {
            const inventorum = await viewInventorum(store, CODE)
            assert.ok(inventorum && !inventorum.row.current_value.startsWith('-'))
            assert.ok(!(await viewPretix(store, CODE))?.card.value.startsWith('-'))
          }
        }
        await Promise.all([drained, watch(), glance()])
        assert.ok(reads > 3)

        // Exactly what was acknowledged is gone, and no step more could have been taken.
        const { balance } = await store.card(CODE)
        assert.equal(balance, VALUE - counts.pretix * STEPS.pretix - counts.foodics * STEPS.foodics)
        assert.ok(balance >= 0n && balance < STEPS.foodics)
        assert.deepEqual(refusals, { pretix: CLIENTS / 2, foodics: CLIENTS / 2 })
        assert.ok(counts.pretix > 0n && counts.foodics > 0n)
        const { entries } = await store.books()
        assert.equal(entries, 1n + counts.pretix + counts.foodics)
        assert.equal(await readHistory(store, card), Number(entries))
        assert.equal(await readBookings(store, card), Number(entries))
        assert.equal(await readTransactions(store, card), Number(entries) - 1)
        assert.equal((await verify(database.owner)).broken, undefined)
      } finally {
        await server.close()
        await database.close()
      }
    })
  })

const cents = (text: string): bigint => BigInt(text.replace('.', ''))

/** LightSpeed's whole document: gapless, never negative, and its sums close. Returns the steps. */
async function readHistory({ onSite }: Store, { id }: Held): Promise<number> {
  const text = await onSite.read(`/api/gift_cards/${id}/`)
  const steps = text.matchAll(
    /<before>(-?[\d.]+)<\/before><after>(-?[\d.]+)<\/after><amount>(-?[\d.]+)<\/amount>/g,
  )
  let [count, previous] = [0, 0n]
  for (const [, before = '', after = '', amount = ''] of steps) {
    assert.equal(cents(before), previous)
    previous = cents(after)
    assert.equal(previous, cents(before) + cents(amount))
    assert.ok(previous >= 0n)
    count += 1
  }
  const totals = /<totals><total>([\d.]+)<\/total><used>([\d.]+)<\/used><credit>([\d.]+)</.exec(
    text,
  )
  const [, total = '', used = '', credit = ''] = totals ?? []
  assert.equal(cents(credit), previous)
  assert.equal(cents(total), cents(used) + cents(credit))
  return count
}

/** pretix's bookings: they add up to the value that is shown. */
async function readBookings({ pretix }: Store, { id }: Held): Promise<number> {
  let [count, sum] = [0, 0n]
  for (let page = 1, more = true; more; page += 1) {
    const { json } = await pretix.send('GET', `/giftcards/${id}/transactions/?page=${page}`)
    const { results, next } = json as { results: { value: string }[]; next: string | null }
    for (const { value } of results) sum += cents(value)
    count += results.length
    more = next !== null
  }
  const { json } = await pretix.send('GET', `/giftcards/${id}/`)
  assert.equal(cents((json as { value: string }).value), sum)
  return count
}

/** Foodics' transactions: each old balance is the new one before. */
async function readTransactions({ foodics }: Store, { id }: Held): Promise<number> {
  let [count, previous] = [0, Number(VALUE) / 100_000]
  for (let page = 1, last = 1; page <= last; page += 1) {
    const path = `/v5/gift_card_transactions?filter[gift_card_id]=${encodeId('card', id)}&page=${page}`
    const { data, meta } = (await foodics.send('GET', path)).json as Transactions
    for (const { old_balance, new_balance } of data) {
      assert.equal(old_balance, previous)
      assert.ok(new_balance >= 0)
      previous = new_balance
    }
    count += data.length
    last = meta.last_page
  }
  return count
}

type Transactions = {
  readonly data: readonly { readonly old_balance: number; readonly new_balance: number }[]
  readonly meta: { readonly last_page: number }
}
