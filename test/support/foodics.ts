import assert from 'node:assert/strict'
import { wallClock } from '../../src/money/instant.ts'
import type { WorldCredential, WorldMerchant } from '../../src/world/schema.ts'
import {
  type Client,
  createClient,
  type Received,
  type SendOptions,
  startTestApp,
  type TestApp,
} from './app.ts'

/** A card or an order in a test, by its ids in Foodics. */
export type SoldCard = { readonly id: string; readonly code: string; readonly productId: string }

export type List = {
  readonly data: readonly Record<string, unknown>[]
  readonly links: Readonly<Record<string, string | null>>
  readonly meta: Readonly<Record<string, unknown>>
}

/** One business of its own, and what a test does with it. */
export type Shop = {
  readonly slug: string
  readonly token: string
  readonly client: Client
  readonly send: Client['send']
  /** A client of this business with only these scopes, or with another credential's details. */
  readonly clientOf: (credential: Partial<WorldCredential>) => Promise<Client>
  readonly get: (path: string) => Promise<Record<string, unknown>>
  readonly list: (path: string) => Promise<List>
  /** A new order's id. */
  readonly order: (fields?: Record<string, unknown>) => Promise<string>
  readonly product: (fields?: Record<string, unknown>) => Promise<string>
  /** Sells a card through an order; `amount` as it stands in the JSON. */
  readonly sell: (amount: string, code?: string) => Promise<SoldCard>
  /** Books; `amount` as it stands in the JSON. */
  readonly book: (
    cardId: string,
    amount: string,
    orderId: string,
    options?: SendOptions,
  ) => Promise<Received>
  readonly balance: (code: string) => Promise<unknown>
}

export type Kitchen = TestApp & {
  readonly open: (block?: Partial<WorldMerchant>) => Promise<Shop>
  /** Sets the server's clock, or lets it run again. */
  readonly setClock: (time: string | undefined) => void
}

/** A server whose tests open a business each. */
export async function startKitchen(): Promise<Kitchen> {
  let clock: bigint | undefined
  let count = 0
  const server = await startTestApp({ overrides: { now: () => clock ?? wallClock() } })
  return {
    ...server,
    setClock: (time) => {
      clock = time === undefined ? undefined : BigInt(Date.parse(time)) * 1_000n
    },
    open: (block = {}) => {
      count += 1
      return openShop(server, `shop${count}`, block)
    },
  }
}

export const DATA = (answer: Received): Record<string, unknown> => {
  const { data } = answer.json as { data: Record<string, unknown> } // What every single answer is.
  return data
}

/** The keys of a 422's `errors`; anything else fails the test. */
export function faultsOf(answer: Received): string[] {
  assert.equal(answer.status, 422, answer.text)
  const { errors } = answer.json as { errors: Record<string, string[]> } // What a 422 is.
  for (const texts of Object.values(errors)) assert.ok(texts.length > 0)
  return Object.keys(errors)
}

async function openShop(
  server: TestApp,
  slug: string,
  block: Partial<WorldMerchant>,
): Promise<Shop> {
  const token = `${slug}-token-0123456789abcdef`
  const base = {
    slug,
    name: slug,
    country: 'SA',
    currency: 'SAR',
    timezone: 'Asia/Riyadh',
    ...block,
  }
  const apply = (credentials: readonly WorldCredential[]) =>
    server.apply({ merchants: [{ ...base, credentials: [...credentials] }] })
  await apply([
    { name: 'main', dialect: 'foodics', token, scopes: 'all' },
    ...(block.credentials ?? []),
  ])
  const client = createClient(server.http, { authorization: `Bearer ${token}` })
  const ok = async (method: string, path: string, json?: unknown) => {
    const answer = await client.send(method, path, json === undefined ? {} : { json })
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
    return answer
  }
  let names = 0
  const product = async (fields: Record<string, unknown> = {}): Promise<string> => {
    names += 1
    const defaults = { name: 'Card', sku: `SKU-${names}`, pricing_method: 2, category_id: 'c1' }
    const made = DATA(await ok('POST', '/v5/gift_card_products', { ...defaults, ...fields }))
    return String(made.id)
  }
  return {
    slug,
    token,
    client,
    send: client.send,
    clientOf: async (credential) => {
      names += 1
      const own = `${slug}-token-${names}-0123456789abcdef`
      await apply([{ name: `extra ${names}`, dialect: 'foodics', token: own, ...credential }])
      return createClient(server.http, { authorization: `Bearer ${own}` })
    },
    get: async (path) => DATA(await ok('GET', path)),
    list: async (path) => (await ok('GET', path)).json as List,
    product,
    order: async (fields = {}) =>
      String(DATA(await ok('POST', '/v5/orders', { type: 1, branch_id: 'b1', ...fields })).id),
    sell: async (amount, code) => {
      const productId = await product()
      const codePart = code === undefined ? '' : `,"code":${JSON.stringify(code)}`
      const answer = await client.send('POST', '/v5/orders', {
        body: `{"type":1,"branch_id":"b1","gift_card":{"gift_card_product_id":"${productId}","amount":${amount}${codePart}}}`,
      })
      assert.equal(answer.status, 201, answer.text)
      const card = DATA(answer).gift_card as { id: string; code: string } // Sold just now.
      return { id: card.id, code: card.code, productId }
    },
    book: (cardId, amount, orderId, options = {}) =>
      client.send('POST', '/v5/gift_card_transactions', {
        body: `{"amount":${amount},"gift_card_id":"${cardId}","order_id":"${orderId}"}`,
        ...options,
      }),
    balance: async (code) =>
      DATA(await ok('GET', `/v5/gift_cards/${encodeURIComponent(code)}`)).balance,
  }
}
