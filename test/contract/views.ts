import assert from 'node:assert/strict'
import type { Json } from '../support/inventorum.ts'
import { at, idsOf, textAt } from '../support/lightspeed.ts'
import type { Store } from './market.ts'

/** A card as each protocol shows it, with what moved it; nothing where the protocol does not know it. */
export type Views = {
  readonly pretix: { readonly card: Json; readonly bookings: Json[] } | undefined
  readonly foodics: { readonly card: Json; readonly transactions: Json[] } | undefined
  readonly onSite: OnSiteView | undefined
  readonly inventorum: { readonly row: Json; readonly told: Json } | undefined
}

export type OnSiteView = {
  readonly totals: Totals
  readonly active: string | undefined
  readonly product: string | undefined
  readonly hasUser: boolean
  readonly hasInvoice: boolean
  readonly history: readonly Step[]
}

export type Totals = Readonly<Record<'total' | 'used' | 'credit', string | undefined>>
export type Step = Readonly<
  Record<'activity' | 'before' | 'after' | 'amount' | 'note' | 'source', string | undefined>
>

/** Asks every protocol for one code, one after the other and without waiting for anything. */
export async function viewsOf(store: Store, code: string): Promise<Views> {
  return {
    pretix: await viewPretix(store, code),
    foodics: await viewFoodics(store, code),
    onSite: await viewOnSite(store, code),
    inventorum: await viewInventorum(store, code),
  }
}

export async function viewPretix({ pretix }: Store, code: string): Promise<Views['pretix']> {
  const list = await pretix.send('GET', `/giftcards/?secret=${encodeURIComponent(code)}`)
  const card = (list.json as Json).results.find(({ secret }: Json) => secret === code)
  if (!card) return undefined
  const bookings = await pretix.send('GET', `/giftcards/${card.id}/transactions/`)
  return { card, bookings: (bookings.json as Json).results }
}

export async function viewFoodics({ foodics }: Store, code: string): Promise<Views['foodics']> {
  const answer = await foodics.send('GET', `/v5/gift_cards/${encodeURIComponent(code)}`)
  if (answer.status === 404) return undefined
  const card = (answer.json as Json).data
  const list = await foodics.send(
    'GET',
    `/v5/gift_card_transactions?filter[gift_card_id]=${card.id}`,
  )
  return { card, transactions: (list.json as Json).data }
}

export async function viewOnSite({ onSite }: Store, code: string): Promise<OnSiteView | undefined> {
  const filter = encodeURIComponent(`serialNumber == "${code.replace(/["\\]/g, '\\$&')}"`)
  const [id] = idsOf(await onSite.send('GET', `/api/gift_cards/?filter=${filter}`))
  if (id === undefined) return undefined
  const { root } = await onSite.send('GET', `/api/gift_cards/${id}/`)
  assert.equal(textAt(root, 'serial_number'), code)
  return {
    totals: {
      total: textAt(root, 'totals/total'),
      used: textAt(root, 'totals/used'),
      credit: textAt(root, 'totals/credit'),
    },
    active: textAt(root, 'flags/active'),
    product: at(root, 'product')?.attributes.get('id'),
    hasUser: at(root, 'user')?.attributes.has('id') ?? false,
    hasInvoice: at(root, 'invoice')?.attributes.has('id') ?? false,
    history: (at(root, 'history_entries')?.children ?? []).map((entry) => ({
      activity: textAt(entry, 'activity'),
      before: textAt(entry, 'totals/before'),
      after: textAt(entry, 'totals/after'),
      amount: textAt(entry, 'totals/amount'),
      note: textAt(entry, 'note'),
      source: textAt(entry, 'source_id'),
    })),
  }
}

export async function viewInventorum({ till }: Store, code: string): Promise<Views['inventorum']> {
  const list = await till.ok(200, 'GET', '/api/giftcards/?limit=100')
  const row = list.results.find(({ redeem_code }: Json) => redeem_code === code)
  if (!row) return undefined
  const answer = await till.send('GET', `/api/v2/giftcards/${encodeURIComponent(code)}/validate`)
  return { row, told: answer.json as Json }
}

const cents = (text: unknown): bigint => {
  const shown = String(text)
  assert.match(shown, /^-?\d+\.\d\d$/)
  return BigInt(shown.replace('.', ''))
}

/** Every sum that a client of any protocol can check on what it is shown. */
export function assertCloses({ pretix, foodics, onSite, inventorum }: Views): void {
  if (pretix) {
    const sum = pretix.bookings.reduce((total, { value }: Json) => total + cents(value), 0n)
    assert.equal(sum, cents(pretix.card.value), 'pretix: bookings add up to the value')
  }
  let before: number | undefined
  for (const { old_balance, new_balance, amount } of foodics?.transactions ?? []) {
    assert.ok(before === undefined || before === old_balance, 'Foodics: gapless')
    assert.ok(Math.abs(old_balance + amount - new_balance) < 1e-9)
    before = new_balance
  }
  if (foodics && before !== undefined) assert.equal(before, foodics.card.balance)
  if (onSite) {
    const { totals, history } = onSite
    let previous = 0n
    for (const step of history) {
      assert.equal(cents(step.before), previous, 'LightSpeed: gapless')
      previous = cents(step.after)
      assert.equal(previous, cents(step.before) + cents(step.amount))
      assert.ok(previous >= 0n, 'LightSpeed: never negative')
    }
    assert.equal(previous, cents(totals.credit))
    assert.equal(cents(totals.total), cents(totals.used) + cents(totals.credit))
  }
  if (inventorum) {
    const { amount, current_value } = inventorum.row
    assert.ok(cents(current_value) >= 0n && cents(current_value) <= cents(amount))
    assert.equal(inventorum.told.remaining_value ?? current_value, current_value)
  }
}
