import type { World } from '../../src/world/schema.ts'
import { storeWorld } from '../contract/market.ts'
import { basic, MARA, WRITER } from './lightspeed.ts'

/** A way in: what a good client sends there. */
export type Door = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly type: string
  readonly seed: string
}

const SLUG = 'fuzz'

/** A merchant who sells everything that a request could be about. */
export const fuzzWorld: World = {
  merchants: [
    storeWorld(SLUG, {
      credentials: [
        { name: 'shop', dialect: 'pretix', token: 'fuzz-pretix-0123456789abcdef' },
        { name: 'kitchen', dialect: 'foodics', token: 'fuzz-foodics-0123456789abcdef' },
        { name: 'till', dialect: 'inventorum', token: 'fuzz-inventorum-0123456789' },
        { name: 'mara', dialect: 'lightspeed', ...MARA },
      ],
      foodics: {
        oauth_clients: [{ client_id: 'app', client_secret: 'secret', redirect_uris: [] }],
      },
      cards: Array.from({ length: 20 }, (_, n) => ({ code: `CARD-${n}`, value: '100000.00' })),
      events: [
        {
          slug: 'gala',
          name: { en: 'Gala' },
          currency: 'EUR',
          date_from: '2031-05-01T08:00:00Z',
          live: true,
          items: [
            { ref: 'seat', name: { en: 'Seat' }, default_price: '23.00' },
            {
              ref: 'shirt',
              name: { en: 'Shirt' },
              default_price: '12.00',
              variations: [{ ref: 's', value: { en: 'S' } }],
            },
          ],
          quotas: [{ ref: 'hall', name: 'Hall', size: 1_000, items: ['seat'], variations: [] }],
          orders: [
            {
              code: 'FXQYW',
              status: 'n',
              email: 'kim@example.org',
              datetime: '2031-01-02T10:00:00Z',
              positions: [{ positionid: 1, item: 'seat', price: '23.00', secret: 'z3fsn8jyufm5' }],
            },
          ],
        },
      ],
    }),
  ],
}

const HEADERS = {
  pretix: { authorization: 'Token fuzz-pretix-0123456789abcdef' },
  foodics: { authorization: 'Bearer fuzz-foodics-0123456789abcdef' },
  inventorum: { authorization: 'Token fuzz-inventorum-0123456789', 'x-api-version': '12' },
  lightspeed: { 'user-agent': `${WRITER.appId}/2.1`, 'x-pappid': WRITER.privateId },
} as const

/** With the cookie alone: a password takes longer to check than all else in a request. */
const headersOf = (protocol: keyof typeof HEADERS, { cookie }: DoorIds) =>
  protocol === 'lightspeed' ? { ...HEADERS[protocol], cookie } : HEADERS[protocol]

const FORM = 'application/x-www-form-urlencoded'
const PARTS =
  '--b\r\nContent-Disposition: form-data; name="source_file"; filename="a.xlsx"\r\n\r\nPK\r\n' +
  '--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\nPNG\r\n' +
  '--b\r\nContent-Disposition: form-data; name="type"\r\n\r\nproduct\r\n--b--\r\n'

/** What stands in the paths and bodies of the doors, and the cookie of a LightSpeed login. */
export type DoorIds = Readonly<
  Record<
    | 'card'
    | 'product'
    | 'template'
    | 'gift'
    | 'cookie'
    | 'foodicsCard'
    | 'foodicsOrder'
    | 'foodicsProduct',
    string
  >
>

/** Every path that takes a body, of every protocol, with a body that it would take. `ids` are of this database. */
export function fuzzDoors(ids: DoorIds): Door[] {
  const at =
    (protocol: keyof typeof HEADERS, base: string, type = 'application/json') =>
    (method: string, path: string, seed: unknown): Door => ({
      method,
      path: base + path,
      headers: headersOf(protocol, ids),
      type,
      seed: typeof seed === 'string' ? seed : JSON.stringify(seed),
    })
  const pretix = at('pretix', `/api/v1/organizers/${SLUG}/`)
  const gala = at('pretix', `/api/v1/organizers/${SLUG}/events/gala/`)
  const foodics = at('foodics', '/v5/')
  const till = at('inventorum', '/api/')
  const onSite = at('lightspeed', '/api/', 'application/xml')
  const { card } = ids
  const giftcard = {
    secret: 'NEW.1',
    value: '12.34',
    currency: 'EUR',
    testmode: false,
    expires: '2031-05-01T08:00:00Z',
    conditions: 'none',
    owner_ticket: null,
  }
  const voucher = {
    code: 'ABCDE',
    max_usages: 2,
    valid_until: '2031-05-01T08:00:00Z',
    block_quota: false,
    allow_ignore_quota: false,
    price_mode: 'set',
    value: '12.00',
    item: 1,
    variation: null,
    quota: null,
    tag: 'tag',
    comment: '',
    subevent: null,
    seat: null,
  }
  const name = { en: 'Name' }
  const item = {
    name,
    default_price: '23.00',
    active: true,
    category: null,
    tax_rate: '19.00',
    available_from: '2031-01-01T00:00:00Z',
    variations: [{ value: name, default_price: '1.00' }],
  }
  const order = {
    email: 'kim@example.org',
    locale: 'en',
    positions: [{ positionid: 1, item: 1, variation: null, price: '23.00', voucher: 'ABCDE' }],
    use_gift_cards: ['CARD-1'],
    payment_provider: 'manual',
  }
  const template = {
    type: 'gift_card',
    name: 'Card',
    tax_type: 1,
    gross_price: '50.00',
    quantity: 0,
    categories: [],
    images: [],
    giftcard_template: { type: 'single-purpose', valid_until_value: 1, valid_until_unit: 'year' },
  }
  const basket = {
    items: [{ product: Number(ids.product), price: '5.00', quantity: 1 }],
    redeem_code: ['CARD-2'],
    note_external: 'x',
  }
  const payment = { amount: '5.00', method: 0, rounded: '0' }
  const sale = {
    type: 1,
    branch_id: 'b1',
    total_price: 5,
    products: [],
    gift_card: { gift_card_product_id: ids.foodicsProduct, amount: 5 },
  }
  const kitchenProduct = {
    name: 'Card',
    sku: 'S1',
    pricing_method: 1,
    price: 5,
    category_id: 'c1',
    branches: [{ id: 'b' }],
  }
  const booking = { amount: -0.01, gift_card_id: ids.foodicsCard, order_id: ids.foodicsOrder }
  return [
    pretix('POST', 'giftcards/', giftcard),
    pretix('PATCH', `giftcards/${card}/`, { ...giftcard, secret: 'NEW.2', value: '999.00' }),
    pretix('PUT', `giftcards/${card}/`, { ...giftcard, secret: 'NEW.3', value: '888.00' }),
    pretix('POST', `giftcards/${card}/transact/`, { value: '-0.01', text: 'x', info: { a: [1] } }),
    pretix('POST', 'events/', { name, slug: 'new', date_from: '2031-05-01T08:00:00Z' }),
    pretix('PATCH', 'events/gala/', { name, date_from: '2031-05-01T08:00:00Z', live: true }),
    gala('POST', 'categories/', { name, description: name, position: 1, is_addon: false }),
    gala('POST', 'items/', item),
    gala('PATCH', 'items/1/', { ...item, variations: undefined }),
    gala('POST', 'items/2/variations/', { value: name, default_price: '2.00', position: 1 }),
    gala('POST', 'quotas/', { name: 'Q', size: 5, items: [1], variations: [], subevent: null }),
    gala('PATCH', 'quotas/1/', { name: 'Q', size: 5, items: [1], variations: [] }),
    gala('POST', 'subevents/', { name, date_from: '2031-05-01T08:00:00Z', active: true }),
    gala('PATCH', 'seats/1/', { blocked: true }),
    gala('POST', 'vouchers/', voucher),
    gala('POST', 'vouchers/batch_create/', [
      { ...voucher, code: undefined },
      { ...voucher, code: undefined },
    ]),
    gala('PATCH', 'vouchers/1/', voucher),
    gala('POST', 'orders/', order),
    gala('POST', 'orders/FXQYW/mark_canceled/', { send_email: false, cancellation_fee: '1.00' }),
    gala('POST', 'orders/FXQYW/payments/', {
      state: 'confirmed',
      amount: '23.00',
      provider: 'giftcard',
      info: { gift_card: card },
    }),
    gala('POST', 'orders/FXQYW/payments/1/confirm/', { force: false }),
    gala('POST', 'orders/FXQYW/payments/1/refund/', { amount: '1.00', mark_canceled: false }),
    foodics('POST', 'gift_card_transactions', booking),
    foodics('POST', 'gift_card_products', kitchenProduct),
    foodics('PUT', `gift_card_products/${ids.foodicsProduct}`, kitchenProduct),
    foodics('POST', 'orders', sale),
    at('foodics', '/v5/', FORM)(
      'POST',
      'gift_card_transactions',
      `amount=-1&gift_card_id=${ids.foodicsCard}&order_id=${ids.foodicsOrder}`,
    ),
    at('foodics', '/')('POST', 'oauth/token', {
      grant_type: 'authorization_code',
      code: 'x',
      client_id: 'app',
      client_secret: 'secret',
      redirect_uri: 'https://example.org',
    }),
    till('POST', 'v2/giftcards/', template),
    till('PATCH', `v2/giftcards/${ids.template}/`, template),
    till('POST', `v2/giftcards/${ids.template}/pre_coded/`, [
      { redeem_code: 'AB12', card_code: 'C1', product: Number(ids.template) },
    ]),
    till('POST', 'basket/', basket),
    till('POST', 'basket/1/add_giftcard', { redeem_code: ['CARD-3'] }),
    till('DELETE', 'basket/1/add_giftcard', { redeem_code: ['CARD-3'] }),
    till('POST', 'basket/1/payment/', payment),
    till('POST', 'orders/1/refund/', { method: 0, items: [{ id: 1 }] }),
    till('POST', 'taxes/', { name: '5%', tax_rate: '5' }),
    till('POST', 'products/', { name: 'Tea', tax_type: 1, price: '1.00', quantity: 5 }),
    till('PUT', `products/${ids.product}/`, { name: 'Tea', price: '1.00' }),
    till('PUT', `products/${ids.product}/adjust_inventory/`, {
      stock: { quantity: '-3', date: '03.02.2031' },
    }),
    till('POST', 'categories/', { name: 'Teas', parent: null }),
    at('inventorum', '/api/', 'multipart/form-data; boundary=b')('POST', 'images/', PARTS),
    at('inventorum', '/api/', 'multipart/form-data; boundary=b')(
      'POST',
      'v2/giftcards/import',
      PARTS,
    ),
    onSite('POST', 'gift_cards/', cardXml(ids.gift)),
    onSite('POST', 'invoices/', '<invoice/>'),
    {
      ...onSite('POST', 'sessions/current/logout/', ''),
      headers: { ...HEADERS.lightspeed, authorization: basic(MARA) },
    },
  ]
}

const cardXml = (product: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><gift_card><product id="${product}"/><serial_number>S1</serial_number>` +
  `<flags><active>true</active></flags><source_id>x</source_id><note>a &amp; b<![CDATA[<c>]]></note>` +
  `<totals><used>12.50</used><credit>37.50</credit><total>50.00</total></totals></gift_card>`

/** Names that the lists and filters of the protocols know. */
export const QUERY_NAMES: readonly [string, ...string[]] = [
  ...([
    'page',
    'page_size',
    'per_page',
    'limit',
    'offset',
    'count',
    'order_by',
    'ordering',
  ] as const),
  ...['filter', 'sort', 'include', 'q', 'serialNumber', 'id', 'secret', 'value', 'testmode'],
  ...[
    'expired',
    'include_accepted',
    'expand',
    'elide',
    'filters',
    'gross_price',
    'search',
    'start',
  ],
  ...[
    'filter[id]',
    'filter[created_on]',
    'filter[updated_after]',
    'filter[gift_card_id]',
    'sort[0]',
  ],
  ...['redeem_code', 'code', 'tag', 'item', 'with_availability', 'language', 'end', 'channel'],
]

const LISTS = [
  ['pretix', `/api/v1/organizers/${SLUG}/giftcards/`],
  ['pretix', `/api/v1/organizers/${SLUG}/events/`],
  ['pretix', `/api/v1/organizers/${SLUG}/events/gala/vouchers/`],
  ['pretix', `/api/v1/organizers/${SLUG}/events/gala/items/`],
  ['pretix', `/api/v1/organizers/${SLUG}/events/gala/quotas/`],
  ['pretix', `/api/v1/organizers/${SLUG}/events/gala/orders/`],
  ['foodics', '/v5/gift_card_transactions'],
  ['foodics', '/v5/gift_card_products'],
  ['foodics', '/v5/orders'],
  ['foodics', '/v5/gift_cards/CARD-1'],
  ['inventorum', '/api/v2/giftcards/'],
  ['inventorum', '/api/giftcards/'],
  ['inventorum', '/api/orders/'],
  ['inventorum', '/api/products/'],
  ['inventorum', '/api/v2/giftcards/import'],
  ['lightspeed', '/api/gift_cards/'],
  ['lightspeed', '/api/gift_cards/search/'],
  ['lightspeed', '/api/invoices/'],
  ['lightspeed', '/api/users/'],
] as const

/** Lists, which take a query instead. */
export const fuzzLists = (ids: DoorIds): Door[] =>
  LISTS.map(([protocol, path]) => ({
    method: 'GET',
    path,
    headers: headersOf(protocol, ids),
    type: '',
    seed: '',
  }))
