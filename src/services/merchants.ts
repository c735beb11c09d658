import { hash } from 'node:crypto'
import type { Deps } from './deps.ts'

/** Who owes the value; `options` are the switches of single protocols, by protocol. */
export type Merchant = {
  readonly id: bigint
  readonly slug: string
  readonly name: string
  readonly country: string
  readonly currency: string
  readonly timezone: string
  readonly options: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Who is calling, for which merchant, and what they may do. */
export type Principal = {
  readonly credentialId: bigint
  readonly name: string
  readonly dialect: string
  readonly merchant: Merchant
  readonly active: boolean
  /** pretix permissions or Foodics scopes; undefined means all. */
  readonly grants: ReadonlySet<string> | undefined
  /** Slugs of events; undefined means all. */
  readonly events: ReadonlySet<string> | undefined
  readonly role: string | undefined
  readonly email: string | undefined
}

export type Merchants = {
  /** Whose token this is in this dialect, deactivated ones included. Compares digests only. */
  readonly findPrincipal: (dialect: string, token: string) => Promise<Principal | undefined>
  /** The same if it is known already, without a wait; undefined says nothing about the token. */
  readonly recallPrincipal: (dialect: string, token: string) => Principal | undefined
  /** The merchant whose token this was until lately; it opens nothing any more. */
  readonly findFormerId: (token: string) => Promise<bigint | undefined>
  readonly findBySlug: (slug: string) => Promise<Merchant | undefined>
  readonly findById: (id: bigint) => Promise<Merchant | undefined>
  /** The merchant itself and every issuer whose cards it accepts at present. */
  readonly listIssuers: (merchant: Merchant) => Promise<readonly Merchant[]>
  /** Forgets what was read; called when a world was applied, by any process. */
  readonly forget: () => void
}

/** Servers listen here and forget what they remembered of merchants and credentials. */
export const MERCHANTS_CHANNEL = 'scrip_world'

/** What was read is believed for this long when no word of a change arrives. */
const CACHE_MS = 5_000
const CACHE_MAX = 10_000

type Cached<T> = { readonly value: T; readonly until: number }

/**
 * Merchants, credentials and acceptances. They change rarely (`scrip apply`, a limited credential's new
 * event), and who changes them tells every server process through a notification, so they are kept in
 * memory between changes.
 */
export function createMerchants({ db }: Pick<Deps, 'db'>): Merchants {
  const caches = { principal: new Map(), merchant: new Map(), issuers: new Map() }

  function recall<T>(cache: Map<string, Cached<T>>, key: string): T | undefined {
    const hit = cache.get(key)
    return hit && hit.until > performance.now() ? hit.value : undefined
  }

  async function remembered<T>(
    cache: Map<string, Cached<T>>,
    key: string,
    read: () => Promise<T>,
  ): Promise<T> {
    const known = recall(cache, key)
    if (known !== undefined) return known
    const value = await read()
    if (cache.size >= CACHE_MAX) cache.clear()
    // What does not exist is not remembered: guesses must not fill the memory.
    if (value !== undefined) cache.set(key, { value, until: performance.now() + CACHE_MS })
    return value
  }

  const merchantBy = async (
    column: 'id' | 'slug',
    value: bigint | string,
  ): Promise<Merchant | undefined> => {
    const [row] = await db<(Omit<Merchant, 'options'> & { options: Merchant['options'] })[]>`
      select id, slug, name, country, currency, timezone, options from merchants
      where ${column === 'id' ? db`id = ${value}::int8` : db`slug = ${value}::text`}`
    return row && { ...row }
  }

  const findById = (id: bigint) =>
    remembered<Merchant | undefined>(caches.merchant, `id ${id}`, () => merchantBy('id', id))

  return {
    findById,
    findBySlug: (slug) =>
      // A NUL cannot be in a stored slug, and PostgreSQL refuses to compare with one.
      slug.includes('\0')
        ? Promise.resolve(undefined)
        : remembered<Merchant | undefined>(caches.merchant, `slug ${slug}`, () =>
            merchantBy('slug', slug),
          ),
    recallPrincipal: (dialect, token) =>
      recall<Principal>(caches.principal, principalKey(dialect, token)),
    findPrincipal: async (dialect, token) => {
      return await remembered<Principal | undefined>(
        caches.principal,
        principalKey(dialect, token),
        async () => {
          const [row] = await db<
            {
              id: bigint
              name: string
              merchant_id: bigint
              active: boolean
              grants: string[] | null
              events: string[] | null
              role: string | null
              email: string | null
            }[]
          >`
            select id, name, merchant_id, active, grants, events, role, email from credentials
            where token_hash = ${tokenDigest(token)} and dialect = ${dialect}`
          const merchant = row && (await findById(row.merchant_id))
          if (!row || !merchant) return undefined
          return {
            credentialId: row.id,
            name: row.name,
            dialect,
            merchant,
            active: row.active,
            grants: row.grants ? new Set(row.grants) : undefined,
            events: row.events ? new Set(row.events) : undefined,
            role: row.role ?? undefined,
            email: row.email ?? undefined,
          }
        },
      )
    },
    findFormerId: async (token) => {
      const [row] = await db<{ merchant_id: bigint }[]>`
        select merchant_id from retired_tokens where token_hash = ${tokenDigest(token)}`
      return row?.merchant_id
    },
    listIssuers: (merchant) =>
      remembered<readonly Merchant[]>(caches.issuers, merchant.id.toString(), async () => {
        const rows = await db<{ issuer_id: bigint }[]>`
          select issuer_id from acceptances where merchant_id = ${merchant.id} and active order by issuer_id`
        const issuers = await Promise.all(rows.map(({ issuer_id }) => findById(issuer_id)))
        return [merchant, ...issuers.filter((issuer) => issuer !== undefined)]
      }),
    forget: () => {
      for (const cache of Object.values(caches)) cache.clear()
    },
  }
}

const principalKey = (dialect: string, token: string): string =>
  `${dialect} ${hash('sha256', token)}`

/** Tokens are stored and compared as SHA-256 only. */
export const tokenDigest = (token: string): Buffer => hash('sha256', token, 'buffer')
