import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { World, WorldMerchant } from '../../src/world/schema.ts'
import { startTestApp, type TestApp, type TestAppOptions } from './app.ts'
import { exchange, type RawAnswer } from './raw-http.ts'

/** The organizers of specs/pretix-giftcards.md 0: who acts, whom it accepts, and who has nothing to do with it. */
const merchant = (slug: string, more: Partial<WorldMerchant>): WorldMerchant => ({
  slug,
  name: slug,
  country: 'DE',
  currency: 'EUR',
  timezone: 'Europe/Berlin',
  ...more,
})

export const TOKENS = {
  all: 'acme-all-0123456789abcdef',
  reader: 'acme-reader-0123456789abcdef',
  writer: 'acme-writer-0123456789abcdef',
  older: 'acme-older-0123456789abcdef',
  nobody: 'acme-nobody-0123456789abcdef',
  inactive: 'acme-inactive-0123456789abcdef',
  noOrders: 'acme-no-orders-0123456789abcdef',
  fairOnly: 'acme-fair-only-0123456789abcdef',
  beta: 'beta-all-0123456789abcdef',
  gamma: 'gamma-all-0123456789abcdef',
  delta: 'delta-all-0123456789abcdef',
} as const

/** Secrets of tickets in the world below. */
export const TICKETS = {
  plain: 'z3fsn8jyufm5kpk768q69gkbyr5f4h6w',
  digits: '17',
  canceled: 'canceled-ticket-secret',
  inCanceledOrder: 'ticket-of-a-canceled-order',
  fair: 'fair-ticket-secret',
  beta: 'beta-ticket-secret',
} as const

const ticketEvent = (
  slug: string,
  orders: NonNullable<WorldMerchant['events']>[number]['orders'],
) => ({
  slug,
  name: { en: slug },
  date_from: '2031-05-01T08:00:00Z',
  live: true,
  items: [{ ref: 'standard', name: { en: 'Standard' }, default_price: '14.00' }],
  ...(orders ? { orders } : {}),
})

/** `acme` accepts `beta`, no longer accepts `delta`, and does not know `gamma`. */
export const pretixWorld = (more: Partial<WorldMerchant> = {}): World => ({
  merchants: [
    merchant('acme', {
      accepts_cards_of: ['beta', { issuer: 'delta', active: false }],
      credentials: [
        { name: 'all', dialect: 'pretix', token: TOKENS.all, permissions: 'all', events: 'all' },
        {
          name: 'reader',
          dialect: 'pretix',
          token: TOKENS.reader,
          permissions: ['organizer.giftcards:read'],
        },
        {
          name: 'writer',
          dialect: 'pretix',
          token: TOKENS.writer,
          permissions: ['organizer.giftcards:write'],
        },
        {
          name: 'older',
          dialect: 'pretix',
          token: TOKENS.older,
          permissions: ['can_manage_gift_cards'],
        },
        { name: 'nobody', dialect: 'pretix', token: TOKENS.nobody, permissions: [] },
        { name: 'inactive', dialect: 'pretix', token: TOKENS.inactive, active: false },
        {
          name: 'no-orders',
          dialect: 'pretix',
          token: TOKENS.noOrders,
          permissions: ['can_manage_gift_cards', 'event.vouchers:read'],
        },
        {
          name: 'fair-only',
          dialect: 'pretix',
          token: TOKENS.fairOnly,
          permissions: ['can_manage_gift_cards', 'can_view_orders'],
          events: ['fair'],
        },
        { name: 'till', dialect: 'foodics', token: 'acme-foodics-0123456789abcdef' },
      ],
      events: [
        ticketEvent('expo', [
          {
            code: 'QX7PL',
            status: 'n',
            positions: [
              {
                item: 'standard',
                price: '14.00',
                secret: TICKETS.plain,
                pseudonymization_id: 'PSEUDO7890',
              },
              { item: 'standard', price: '14.00', secret: TICKETS.digits },
              { item: 'standard', price: '14.00', secret: TICKETS.canceled, canceled: true },
            ],
          },
          {
            code: 'CANCD',
            status: 'c',
            positions: [{ item: 'standard', price: '14.00', secret: TICKETS.inCanceledOrder }],
          },
          {
            code: 'TWINS',
            positions: [
              { item: 'standard', price: '14.00', secret: 'twin', pseudonymization_id: 'TWINA' },
              { item: 'standard', price: '14.00', secret: 'TWINA' },
            ],
          },
        ]),
        ticketEvent('fair', [
          {
            code: 'FAIR1',
            positions: [{ item: 'standard', price: '14.00', secret: TICKETS.fair }],
          },
        ]),
      ],
      ...more,
    }),
    merchant('beta', {
      credentials: [{ name: 'all', dialect: 'pretix', token: TOKENS.beta }],
      events: [
        ticketEvent('betacon', [
          {
            code: 'BETA1',
            positions: [{ item: 'standard', price: '14.00', secret: TICKETS.beta }],
          },
        ]),
      ],
    }),
    merchant('gamma', { credentials: [{ name: 'all', dialect: 'pretix', token: TOKENS.gamma }] }),
    merchant('delta', { credentials: [{ name: 'all', dialect: 'pretix', token: TOKENS.delta }] }),
  ],
})

export type Options = {
  readonly token?: string | undefined
  readonly json?: unknown
  /** As sent; with `type` or without a content type. */
  readonly body?: string | Uint8Array
  readonly type?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly chunked?: boolean
}

export type CardJson = {
  readonly id: number
  readonly secret: string
  readonly issuance: string
  readonly value: string
  readonly [key: string]: unknown
}

export type PretixServer = TestApp & {
  /** Sends below `/api/v1/organizers/`, as `acme`'s full token unless told otherwise; null sends none. */
  readonly send: (
    method: string,
    path: string,
    options?: Omit<Options, 'token'> & { readonly token?: string | null },
  ) => Promise<RawAnswer>
  /** A new card of `acme`, or of the organizer of the token. */
  readonly issue: (
    fields?: Record<string, unknown>,
    organizer?: 'acme' | 'beta' | 'gamma' | 'delta',
  ) => Promise<CardJson>
  readonly read: (id: number, organizer?: string) => Promise<CardJson>
  /** All bookings of a card, from every page. */
  readonly bookings: (id: number) => Promise<readonly Record<string, unknown>[]>
  /** Everything that a refusal may not touch, as one comparable value. */
  readonly state: () => Promise<unknown>
  /** Runs `work` and asserts that it left no trace. */
  readonly unchanged: <T>(work: () => Promise<T>) => Promise<T>
  readonly ticketId: (secret: string) => Promise<number>
}

/** A code that no other test uses. */
export const freshCode = (): string => `CARD-${randomUUID()}`

export async function startPretix(options: TestAppOptions = {}): Promise<PretixServer> {
  const server = await startTestApp({ world: pretixWorld(), ...options })
  const send: PretixServer['send'] = (
    method,
    path,
    { token = TOKENS.all, json, body, type, headers = [], chunked = false } = {},
  ) => {
    const text = json === undefined ? body : JSON.stringify(json)
    const contentType = type ?? (json === undefined ? undefined : 'application/json')
    return exchange(server.http, {
      method,
      target: path.startsWith('/') ? path : `/api/v1/organizers/${path}`,
      headers: [
        ...(token === null ? [] : [['Authorization', `Token ${token}`] as const]),
        ...(contentType === undefined ? [] : [['Content-Type', contentType] as const]),
        ...headers,
      ],
      body: typeof text === 'string' ? Buffer.from(text) : text,
      chunked,
    })
  }
  const state = async () => {
    const [row] = await server.owner`
      select (select count(*)::int4 from entries) as entries,
        (select count(*)::int4 from audit_records) as audit,
        (select count(*)::int4 from notifications) as notifications,
        (select count(*)::int4 from idempotency_keys) as keys,
        (select md5(string_agg(c::text, '|' order by id)) from cards c) as cards,
        (select md5(string_agg(r::text, '|' order by merchant_id, block)) from card_blocks r) as counts`
    return { ...row }
  }
  const issue: PretixServer['issue'] = async (fields = {}, organizer = 'acme') => {
    const answer = await send('POST', `${organizer}/giftcards/`, {
      token: organizer === 'acme' ? TOKENS.all : TOKENS[organizer],
      json: { secret: freshCode(), value: '20.00', currency: 'EUR', ...fields },
    })
    assert.equal(answer.status, 201, answer.text)
    return answer.json as CardJson
  }
  return {
    ...server,
    send,
    state,
    issue,
    unchanged: async (work) => {
      const before = await state()
      const result = await work()
      assert.deepEqual(await state(), before, 'something was written')
      return result
    },
    read: async (id, organizer = 'acme') => {
      const answer = await send('GET', `${organizer}/giftcards/${id}/?include_accepted=true`, {
        token: organizer === 'acme' ? TOKENS.all : TOKENS[organizer as 'beta'],
      })
      assert.equal(answer.status, 200, answer.text)
      return answer.json as CardJson
    },
    bookings: async (id) => {
      const all: Record<string, unknown>[] = []
      for (let page = 1; ; page++) {
        const answer = await send(
          'GET',
          `acme/giftcards/${id}/transactions/?include_accepted=true&page=${page}`,
        )
        assert.equal(answer.status, 200, answer.text)
        const { results, next } = answer.json as { results: typeof all; next: string | null }
        all.push(...results)
        if (next === null) return all
      }
    },
    ticketId: async (secret) => {
      const [row] = await server.owner<{ id: bigint }[]>`
        select id from ticket_positions where secret = ${secret}`
      if (!row) throw new Error(`no ticket ${secret}`)
      return Number(row.id)
    },
  }
}

/** Keys of a card, in the order of specs/pretix-giftcards.md 5.1. */
export const CARD_KEYS = [
  'id',
  'secret',
  'issuance',
  'value',
  'currency',
  'testmode',
  'expires',
  'conditions',
  'owner_ticket',
  'issuer',
]
