import assert from 'node:assert/strict'
import type { World, WorldMerchant } from '../../src/world/schema.ts'
import { type Client, createClient, type Received, type SendOptions } from './app.ts'

export const TILL = 'acme-inventorum-0123456789'
export const SECOND_TILL = 'acme-second-till-0123456789'
export const OTHER_TILL = 'beta-inventorum-0123456789'
export const PRETIX = 'acme-pretix-token-0123456789'
export const FOODICS = 'acme-foodics-token-0123456789'

/** Two accounts, the first with two users and with cards of other protocols in reach. */
export const shopWorld = (more: Partial<WorldMerchant> = {}): World => ({
  merchants: [
    {
      slug: 'acme',
      name: 'Corner Shöp & Söhne',
      country: 'DE',
      currency: 'EUR',
      timezone: 'Europe/Berlin',
      ...more,
      credentials: [
        { name: 'till', dialect: 'inventorum', token: TILL, email: 'till@example.org' },
        { name: 'second', dialect: 'inventorum', token: SECOND_TILL },
        { name: 'gone', dialect: 'inventorum', token: 'acme-gone-0123456789abc', active: false },
        { name: 'shop', dialect: 'pretix', token: PRETIX },
        { name: 'kitchen', dialect: 'foodics', token: FOODICS },
        ...(more.credentials ?? []),
      ],
    },
    {
      slug: 'beta',
      name: 'Beta',
      country: 'DE',
      currency: 'EUR',
      timezone: 'America/New_York',
      credentials: [{ name: 'till', dialect: 'inventorum', token: OTHER_TILL }],
    },
  ],
})

/** JSON as a test looks into it: what is not there is undefined. */
// biome-ignore lint/suspicious/noExplicitAny: answers are looked into in every depth.
export type Json = any

export type Till = {
  readonly send: (method: string, path: string, options?: SendOptions) => Promise<Received>
  /** The JSON of an answer that must have this status. */
  readonly ok: (status: number, method: string, path: string, json?: unknown) => Promise<Json>
}

/** A till that is logged in; `createTill(base, null)` is not. */
export function createTill(base: string, token: string | null = TILL): Till {
  const client: Client = createClient(
    base,
    token === null ? {} : { authorization: `Token ${token}`, 'x-api-version': '12' },
  )
  return {
    send: client.send,
    ok: async (status, method, path, json) => {
      const answer = await client.send(method, path, json === undefined ? {} : { json })
      assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`)
      return answer.json as Json
    },
  }
}

/** What the seed page sells: three goods at three rates, a single-purpose and a multi-purpose card. */
export type Shop = {
  readonly taxes: Readonly<Record<'19' | '7' | '0', number>>
  readonly pants: number
  readonly keyboard: number
  readonly shirt: number
  /** Gross 100.00 at 19 %. */
  readonly single: number
  /** 50.00 at 0 %. */
  readonly multi: number
}

/** Fills an account through its own API. */
export async function openShop(till: Till): Promise<Shop> {
  const list = await till.ok(200, 'GET', '/api/taxes/')
  const rate = (value: string): number =>
    list.find(({ tax_rate }: Json) => tax_rate === `${value}.000`).id
  const taxes = { '19': rate('19'), '7': rate('7'), '0': rate('0') }
  const goods = async (name: string, tax_type: number, price: string): Promise<number> =>
    (await till.ok(201, 'POST', '/api/products/', { name, tax_type, price, quantity: 100 })).id
  return {
    taxes,
    pants: await goods('Pants', taxes['19'], '80.35'),
    keyboard: await goods('Keyboard', taxes['7'], '9.346'),
    shirt: await goods('Shirt', taxes['0'], '25.76'),
    single: (await makeTemplate(till, { name: 'SP GC-', tax_type: taxes['19'] })).id,
    multi: (
      await makeTemplate(till, {
        name: 'GC_MP-',
        tax_type: taxes['0'],
        gross_price: '50',
        giftcard_template: {
          type: 'multi-purpose',
          valid_until_value: 100,
          valid_until_unit: 'day',
        },
      })
    ).id,
  }
}

/** A single-purpose template of gross 100.00 for two years, unless told otherwise. */
export const makeTemplate = (till: Till, changes: object): Promise<Json> =>
  till.ok(201, 'POST', '/api/v2/giftcards/', {
    type: 'gift_card',
    name: 'Card',
    gross_price: '100.00',
    quantity: 10,
    giftcard_template: { type: 'single-purpose', valid_until_value: 2, valid_until_unit: 'year' },
    ...changes,
  })

/** Makes a basket; the answer is its summary. */
export const makeBasket = (
  till: Till,
  items: readonly object[],
  more: object = {},
): Promise<Json> => till.ok(200, 'POST', '/api/basket/', { items, ...more })

/** Pays what is to be paid; the answer is the order. */
export async function payBasket(till: Till, id: number, amount?: string): Promise<Json> {
  const due = amount ?? (await till.ok(200, 'GET', `/api/basket/${id}/`)).total
  return till.ok(200, 'POST', `/api/basket/${id}/payment/`, {
    amount: due,
    method: 0,
    rounded: '0',
  })
}

/** Sells cards of a template and returns their codes. */
export async function sellCards(
  till: Till,
  product: number,
  prices: readonly string[],
): Promise<readonly string[]> {
  const basket = await makeBasket(
    till,
    prices.map((price) => ({ product, price })),
  )
  const order = await payBasket(till, basket.id)
  return order.basket.items.map(({ name }: Json) => name.split(' ').at(-1))
}

/** A single-purpose pre-coded template with these codes; the card codes are `card-` and the code. */
export async function makePrecoded(
  till: Till,
  tax_type: number,
  codes: readonly string[],
): Promise<number> {
  const { id } = await makeTemplate(till, {
    name: 'Plastic',
    tax_type,
    quantity: 0,
    giftcard_template: {
      type: 'single-purpose',
      is_precoded: true,
      valid_until_value: 1,
      valid_until_unit: 'year',
    },
  })
  await till.ok(
    200,
    'POST',
    `/api/v2/giftcards/${id}/pre_coded/`,
    codes.map((redeem_code) => ({ redeem_code, card_code: `card-${redeem_code}`, product: id })),
  )
  return id
}
