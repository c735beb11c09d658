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
