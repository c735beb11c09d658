import type { WorldCredential, WorldMerchant } from '../../src/world/schema.ts'
import {
  type Client,
  createClient,
  type SendOptions,
  startTestApp,
  type TestApp,
} from '../support/app.ts'
import { createTill, type Json, type Till } from '../support/inventorum.ts'
import {
  basic,
  cookieOf,
  createOnSite,
  type MARA,
  type OnSite,
  type OnSiteOptions,
  WRITER,
} from '../support/lightspeed.ts'

/** One card as the ledger has it. */
export type Held = {
  readonly id: bigint
  readonly code: string
  readonly balance: bigint
}

/** One merchant who is called in every protocol at once (contract.md section 4). */
export type Store = {
  readonly slug: string
  readonly http: string
  readonly tokens: Readonly<Record<'pretix' | 'foodics' | 'inventorum', string>>
  /** Below `/api/v1/organizers/{slug}`. */
  readonly pretix: Client
  readonly foodics: Client
  readonly till: Till
  /** Logs in once and keeps its cookie. */
  readonly onSite: OnSite & {
    /** The text of a document that may be larger than our own reader lets a request be. */
    readonly read: (path: string) => Promise<string>
  }
  /** What Inventorum and LightSpeed sell and Foodics spends on; made when first asked for. */
  readonly goods: () => Promise<Goods>
  /** The id of LightSpeed's gift card product. */
  readonly giftProduct: () => Promise<bigint>
  readonly card: (code: string) => Promise<Held>
  /** Everything that money did here: entries, value, cards. */
  readonly books: () => Promise<Books>
}

export type Books = { readonly entries: bigint; readonly value: bigint; readonly cards: bigint }

export type Goods = {
  /** An untaxed good, whose price a basket names. */
  readonly tea: number
  /** An untaxed, multi-purpose card template for 100 years. */
  readonly template: number
  /** The same, of cards that were printed before. */
  readonly precoded: number
  readonly foodicsProduct: string
  readonly foodicsOrder: string
}

export type Market = TestApp & {
  readonly open: (block?: Partial<WorldMerchant>) => Promise<Store>
}

/** A server on which each test opens a merchant of its own. */
export async function startMarket(): Promise<Market> {
  const app = await startTestApp()
  let count = 0
  return {
    ...app,
    open: async (block = {}) => {
      count += 1
      const slug = `store${count}`
      await app.apply({ merchants: [storeWorld(slug, block)] })
      return connectStore(app, slug)
    },
  }
}

const credentialsOf = (slug: string): WorldCredential[] => [
  { name: 'shop', dialect: 'pretix', token: `${slug}-pretix-0123456789abcdef` },
  { name: 'kitchen', dialect: 'foodics', token: `${slug}-foodics-0123456789abcdef` },
  { name: 'till', dialect: 'inventorum', token: `${slug}-inventorum-0123456789` },
  { name: 'mara', dialect: 'lightspeed', username: `mara-${slug}`, password: 'oolong' },
]

/** A merchant with a login in every protocol, for `connectStore`. */
export const storeWorld = (slug: string, block: Partial<WorldMerchant> = {}): WorldMerchant => ({
  slug,
  name: slug,
  country: 'DE',
  currency: 'EUR',
  timezone: 'Europe/Berlin',
  credentials: credentialsOf(slug),
  lightspeed: {
    applications: [{ app_id: WRITER.appId, private_id: WRITER.privateId }],
    products: [{ code: 'GIFT', description: 'Gift card', gift_card: true }],
  },
  ...block,
})

/** The clients of a merchant that exists. */
export function connectStore(
  { http, owner }: Pick<TestApp, 'http' | 'owner'>,
  slug: string,
): Store {
  const tokens = {
    pretix: `${slug}-pretix-0123456789abcdef`,
    foodics: `${slug}-foodics-0123456789abcdef`,
    inventorum: `${slug}-inventorum-0123456789`,
  }
  const pretix = createClient(`${http}/api/v1/organizers/${slug}`, {
    authorization: `Token ${tokens.pretix}`,
  })
  const foodics = createClient(http, { authorization: `Bearer ${tokens.foodics}` })
  const till = createTill(http, tokens.inventorum)
  const onSite = keepCookie(http, { username: `mara-${slug}`, password: 'oolong' })
  let goods: Promise<Goods> | undefined
  return {
    slug,
    http,
    tokens,
    pretix,
    foodics,
    till,
    onSite,
    goods: () => {
      goods ??= makeGoods(till, foodics)
      return goods
    },
    giftProduct: async () => {
      // A client follows the product's URI, for which it needs the protocol's own listener.
      const [row] = await owner<{ id: bigint }[]>`
        select p.id from lightspeed_products p join merchants m on m.id = p.merchant_id
        where m.slug = ${slug} and p.gift_card`
      return row?.id ?? 0n
    },
    card: async (code) => {
      const [found] = await owner<Held[]>`
        select c.id, c.code, c.balance from cards c join merchants m on m.id = c.merchant_id
        where m.slug = ${slug} and c.code = ${code}`
      if (!found) throw new Error(`no card ${code}`)
      return found
    },
    books: async () => {
      const [row] = await owner<Books[]>`
        select
          (select count(*) from entries where merchant_id = m.id) as entries,
          (select coalesce(sum(balance), 0)::int8 from cards where merchant_id = m.id) as value,
          (select count(*) from cards where merchant_id = m.id) as cards
        from merchants m where m.slug = ${slug}`
      if (!row) throw new Error(`no merchant ${slug}`)
      return row
    },
  }
}

function keepCookie(http: string, user: typeof MARA): Store['onSite'] {
  const client = createOnSite(http, WRITER, user)
  let login: Promise<string> | undefined
  const cookie = (): Promise<string> => {
    login ??= client.send('GET', '/api/sessions/current/').then((first) => cookieOf(first) ?? '')
    return login
  }
  return {
    send: async (method, path, { headers, ...rest }: OnSiteOptions = {}) =>
      client.send(method, path, { ...rest, headers: { cookie: await cookie(), ...headers } }),
    read: async (path) => {
      const headers = {
        authorization: basic(user),
        'user-agent': `${WRITER.appId}/2.1`,
        'x-pappid': WRITER.privateId,
        cookie: await cookie(),
      }
      return (await fetch(`${http}${path}`, { headers })).text()
    },
  }
}

async function makeGoods(till: Till, foodics: Client): Promise<Goods> {
  const taxes = await till.ok(200, 'GET', '/api/taxes/')
  const untaxed = taxes.find(({ tax_rate }: Json) => tax_rate === '0.000').id
  const made = async (path: string, json: SendOptions['json']): Promise<string> => {
    const answer = await foodics.send('POST', path, { json })
    return (answer.json as Json).data.id
  }
  const template = async (is_precoded: boolean): Promise<number> => {
    const made = await till.ok(201, 'POST', '/api/v2/giftcards/', {
      type: 'gift_card',
      name: is_precoded ? 'Plastic' : 'Card',
      tax_type: untaxed,
      gross_price: '50.00',
      giftcard_template: {
        type: 'multi-purpose',
        is_precoded,
        valid_until_value: 100,
        valid_until_unit: 'year',
      },
    })
    return made.id
  }
  const tea = { name: 'Tea', tax_type: untaxed, price: '1.00', quantity: 1_000 }
  return {
    tea: (await till.ok(201, 'POST', '/api/products/', tea)).id,
    template: await template(false),
    precoded: await template(true),
    foodicsProduct: await made('/v5/gift_card_products', {
      name: 'Card',
      sku: 'CARD',
      pricing_method: 2,
      category_id: 'c1',
    }),
    foodicsOrder: await made('/v5/orders', { type: 1, branch_id: 'b1' }),
  }
}
