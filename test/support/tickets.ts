import { VOUCHER_DEFAULTS, type Voucher } from '../../src/instruments/voucher.ts'
import { redeemVouchers } from '../../src/instruments/voucher-uses.ts'
import { insertVouchers } from '../../src/instruments/vouchers.ts'
import type { World } from '../../src/world/schema.ts'
import { createClient, type Received, type SendOptions, startTestApp, type TestApp } from './app.ts'

/** A server whose merchants sell tickets; each test has a merchant of its own. */
export type TicketServer = {
  readonly app: TestApp
  /** A new merchant with these events, and a client that may do everything there. */
  readonly shop: (...events: readonly WorldEvent[]) => Promise<Shop>
  readonly close: () => Promise<void>
}

type WorldMerchant = NonNullable<World['merchants']>[number]
type WorldEvent = NonNullable<WorldMerchant['events']>[number]
type WorldCredential = NonNullable<WorldMerchant['credentials']>[number]

export type Caller = {
  /** Sends to a path below the organizer, e.g. `events/gala/items/`. */
  readonly send: (method: string, path: string, options?: SendOptions) => Promise<Received>
  readonly get: (path: string) => Promise<Received>
  readonly post: (path: string, json: unknown) => Promise<Received>
  readonly patch: (path: string, json: unknown) => Promise<Received>
  readonly put: (path: string, json: unknown) => Promise<Received>
  readonly del: (path: string) => Promise<Received>
}

export type Shop = Caller & {
  readonly slug: string
  /** Another credential of the same merchant. */
  readonly as: (
    credential: Pick<WorldCredential, 'permissions' | 'events' | 'active'>,
  ) => Promise<Caller>
  /** Somebody without a credential, or with this header. */
  readonly anonymous: (authorization?: string) => Caller
  /** Rows of a table of this merchant, as the owner of the database sees them. */
  readonly rows: (table: string) => Promise<readonly Record<string, unknown>[]>
  /** The id of something of a world file, by its ref. */
  readonly idOf: (table: string, ref: string) => Promise<number>
  /** A voucher of an event, written as it is: no rule is asked. */
  readonly voucher: (event: string, voucher: Partial<Voucher>) => Promise<bigint>
  /** Adds to what the merchant sells. */
  readonly apply: (...events: readonly WorldEvent[]) => Promise<void>
}

/** The plain event most tests need: one item. */
export const GALA = {
  slug: 'gala',
  name: 'Gala',
  date_from: '2031-05-01T08:00:00Z',
} as const satisfies Partial<WorldEvent>

const merchant = (slug: string) => ({
  slug,
  name: `Merchant ${slug}`,
  country: 'DE',
  currency: 'EUR',
  timezone: 'Europe/Berlin',
})

export async function openTicketServer(): Promise<TicketServer> {
  const app = await startTestApp()
  let number = 0
  const caller = (slug: string, authorization: string | undefined): Caller => {
    const client = createClient(
      `${app.http}/api/v1/organizers/${slug}/`,
      authorization === undefined ? {} : { authorization },
    )
    return {
      send: client.send,
      get: (path) => client.send('GET', path),
      post: (path, json) => client.send('POST', path, { json }),
      patch: (path, json) => client.send('PATCH', path, { json }),
      put: (path, json) => client.send('PUT', path, { json }),
      del: (path) => client.send('DELETE', path),
    }
  }
  return {
    app,
    shop: async (...events) => {
      number += 1
      const slug = `shop${number}`
      const token = `${slug}-token-of-twenty-characters`
      const credentials = [{ name: 'all', dialect: 'pretix' as const, token }]
      await app.apply({ merchants: [{ ...merchant(slug), credentials, events: [...events] }] })
      let others = 0
      return {
        ...caller(slug, `Token ${token}`),
        slug,
        as: async (credential) => {
          others += 1
          const other = `${slug}-other-token-${others}-of-twenty-characters`
          const own = { name: `other${others}`, dialect: 'pretix' as const, token: other }
          await app.apply({
            merchants: [{ ...merchant(slug), credentials: [{ ...own, ...credential }] }],
          })
          return caller(slug, `Token ${other}`)
        },
        anonymous: (authorization) => caller(slug, authorization),
        rows: async (table) => [
          ...(await app.owner`
            select t.* from ${app.owner(table)} t join merchants m on m.id = t.merchant_id
            where m.slug = ${slug} order by t::text`),
        ],
        idOf: async (table, ref) => {
          const [row] = await app.owner<{ id: bigint }[]>`
            select t.id from ${app.owner(table)} t join merchants m on m.id = t.merchant_id
            where m.slug = ${slug} and t.ref = ${ref}`
          if (!row) throw new Error(`${table} has no ${ref}`)
          return Number(row.id)
        },
        voucher: (event, voucher) => writeVoucher(app, slug, event, voucher),
        apply: (...more) => app.apply({ merchants: [{ ...merchant(slug), events: [...more] }] }),
      }
    },
    close: app.close,
  }
}

/** A world that says something more about a merchant of these tests. */
export const merchantOptions = (
  { slug }: Pick<Shop, 'slug'>,
  options: Partial<WorldMerchant>,
): World => ({ merchants: [{ ...merchant(slug), ...options }] })

/** A world that switches voucher budgets on. */
export const budgetsOn = (shop: Pick<Shop, 'slug'>): World =>
  merchantOptions(shop, { pretix: { voucher_budget: true } })

let codes = 0

async function writeVoucher(
  { owner }: TestApp,
  slug: string,
  event: string,
  { redeemed = 0, ...voucher }: Partial<Voucher>,
): Promise<bigint> {
  const [place] = await owner<{ merchantId: bigint; eventId: bigint }[]>`
    select m.id as "merchantId", e.id as "eventId" from merchants m
    join ticket_events e on e.merchant_id = m.id where m.slug = ${slug} and e.slug = ${event}`
  if (!place) throw new Error(`${slug} has no event ${event}`)
  codes += 1
  const { merchantId, eventId } = place
  const blank = { ...VOUCHER_DEFAULTS, code: `TESTCODE${codes}`, seatId: undefined, eventId }
  return (await owner.begin(async (tx) => {
    const [made] = (await insertVouchers(tx, merchantId, [{ ...blank, ...voucher }], 0n)) ?? []
    if (!made) throw new Error('the code is taken')
    if (redeemed > 0)
      await redeemVouchers(
        tx,
        merchantId,
        new Map([[made.id, made]]),
        new Map([[made.id, redeemed]]),
      )
    return made.id
  })) as bigint // Plain values pass through `begin`.
}
