import { type Static, Type } from '@sinclair/typebox'

/**
 * The world file (contract.md section 3), stated once: the type, the check, and the JSON Schema that is
 * published as schemas/world.schema.json (a test keeps the two the same).
 */
const Nullable = <T extends Parameters<typeof Type.Optional>[0]>(schema: T) =>
  Type.Optional(Type.Union([schema, Type.Null()]))
const Slug = Type.String({ minLength: 1, maxLength: 100, pattern: '^[A-Za-z0-9._-]+$' })
const Name = Type.String({ minLength: 1, maxLength: 255 })
/** Money as text, so that no digit is lost. */
const Decimal = Type.String({ pattern: '^-?[0-9]{1,12}(\\.[0-9]{1,10})?$' })
const Currency = Type.String({ pattern: '^[A-Z]{3}$' })
/** Language to text, or one text. */
const Localized = Type.Union([Type.String(), Type.Record(Type.String(), Type.String())])
const Instant = Type.String({ minLength: 8, maxLength: 40 })
const Grants = Type.Union([Type.Literal('all'), Type.Array(Type.String())])

const Credential = Type.Object({
  name: Name,
  dialect: Type.Union(
    (['pretix', 'inventorum', 'foodics', 'lightspeed', 'scrip'] as const).map((name) =>
      Type.Literal(name),
    ),
  ),
  token: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  username: Type.Optional(Name),
  password: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  permissions: Type.Optional(Grants),
  scopes: Type.Optional(Grants),
  events: Type.Optional(Grants),
  role: Type.Optional(
    Type.Union(
      (['owner', 'manager', 'cashier', 'auditor'] as const).map((role) => Type.Literal(role)),
    ),
  ),
  email: Nullable(Type.String()),
  first_name: Type.Optional(Type.String()),
  last_name: Type.Optional(Type.String()),
  hidden: Type.Optional(Type.Boolean()),
  active: Type.Optional(Type.Boolean()),
})

const Item = Type.Object({
  ref: Name,
  /** Left out: the ref; 0.00. */
  name: Type.Optional(Localized),
  default_price: Type.Optional(Decimal),
  active: Type.Optional(Type.Boolean()),
  admission: Type.Optional(Type.Boolean()),
  issue_giftcard: Type.Optional(Type.Boolean()),
  require_bundling: Type.Optional(Type.Boolean()),
  variations: Type.Optional(
    Type.Array(
      Type.Object({
        ref: Name,
        value: Type.Optional(Localized),
        default_price: Nullable(Decimal),
        active: Type.Optional(Type.Boolean()),
      }),
    ),
  ),
})

const Event = Type.Object({
  slug: Slug,
  name: Type.Optional(Localized),
  currency: Type.Optional(Currency),
  date_from: Type.Optional(Instant),
  date_to: Nullable(Instant),
  timezone: Type.Optional(Type.String()),
  has_subevents: Type.Optional(Type.Boolean()),
  live: Type.Optional(Type.Boolean()),
  testmode: Type.Optional(Type.Boolean()),
  is_public: Type.Optional(Type.Boolean()),
  items: Type.Optional(Type.Array(Item)),
  subevents: Type.Optional(
    Type.Array(
      Type.Object({
        ref: Name,
        name: Type.Optional(Localized),
        date_from: Type.Optional(Instant),
        active: Type.Optional(Type.Boolean()),
      }),
    ),
  ),
  quotas: Type.Optional(
    Type.Array(
      Type.Object({
        ref: Name,
        name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
        size: Nullable(Type.Integer({ minimum: 0, maximum: 2147483647 })),
        items: Type.Optional(Type.Array(Type.String())),
        variations: Type.Optional(Type.Array(Type.String())),
        subevent: Nullable(Type.String()),
      }),
    ),
  ),
  seats: Type.Optional(
    Type.Array(
      Type.Object({
        seat_guid: Name,
        zone_name: Type.Optional(Type.String()),
        row_name: Type.Optional(Type.String()),
        row_label: Nullable(Type.String()),
        seat_number: Type.Optional(Type.String()),
        seat_label: Nullable(Type.String()),
        item: Nullable(Type.String()),
        subevent: Nullable(Type.String()),
        blocked: Type.Optional(Type.Boolean()),
      }),
    ),
  ),
  orders: Type.Optional(
    Type.Array(
      Type.Object({
        code: Type.String({ minLength: 1, maxLength: 16 }),
        status: Type.Optional(
          Type.Union((['n', 'p', 'e', 'c'] as const).map((status) => Type.Literal(status))),
        ),
        email: Nullable(Type.String()),
        datetime: Type.Optional(Instant),
        expires: Nullable(Instant),
        testmode: Type.Optional(Type.Boolean()),
        positions: Type.Optional(
          Type.Array(
            Type.Object({
              positionid: Type.Optional(Type.Integer({ minimum: 1 })),
              item: Type.String(),
              variation: Nullable(Type.String()),
              /** Left out: the variation's or the item's. */
              price: Type.Optional(Decimal),
              secret: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
              pseudonymization_id: Type.Optional(Type.String()),
              attendee_name: Nullable(Type.String()),
              attendee_email: Nullable(Type.String()),
              subevent: Nullable(Type.String()),
              seat: Nullable(Type.String()),
              canceled: Type.Optional(Type.Boolean()),
            }),
          ),
        ),
      }),
    ),
  ),
})

const Lightspeed = Type.Object({
  applications: Type.Optional(
    Type.Array(
      Type.Object({
        app_id: Name,
        private_id: Name,
        access: Type.Optional(Type.Union([Type.Literal('read'), Type.Literal('readwrite')])),
      }),
    ),
  ),
  demo_application: Type.Optional(Type.Boolean()),
  seats: Type.Optional(Type.Integer({ minimum: 0 })),
  idle_minutes: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  generate_serials: Type.Optional(Type.Boolean()),
  default_product: Type.Optional(Type.String()),
  products: Type.Optional(
    Type.Array(
      Type.Object({
        code: Name,
        description: Type.Optional(Type.String()),
        gift_card: Type.Optional(Type.Boolean()),
        current: Type.Optional(Type.Boolean()),
        inventoried: Type.Optional(Type.Boolean()),
        serialized: Type.Optional(Type.Boolean()),
        sell_price: Type.Optional(Decimal),
      }),
    ),
  ),
  invoices: Type.Optional(
    Type.Array(
      Type.Object({
        number: Name,
        voided: Type.Optional(Type.Boolean()),
        total: Type.Optional(Decimal),
      }),
    ),
  ),
})

const Foodics = Type.Object({
  rate_limit_per_minute: Type.Optional(Type.Integer({ minimum: 0 })),
  oauth_clients: Type.Optional(
    Type.Array(
      Type.Object({
        client_id: Name,
        client_secret: Name,
        redirect_uris: Type.Optional(Type.Array(Type.String())),
      }),
    ),
  ),
  authorization_codes: Type.Optional(
    Type.Array(Type.Object({ code: Name, client_id: Name, scopes: Type.Optional(Grants) })),
  ),
})

const Card = Type.Object({
  code: Type.String({ minLength: 1, maxLength: 190 }),
  value: Type.String({ pattern: '^[0-9]{1,11}(\\.[0-9]{1,5})?$' }),
  currency: Type.Optional(Currency),
  testmode: Type.Optional(Type.Boolean()),
  expires: Nullable(Instant),
  conditions: Nullable(Type.String()),
  active: Type.Optional(Type.Boolean()),
})

const Merchant = Type.Object({
  slug: Slug,
  name: Name,
  country: Type.String({ pattern: '^[A-Z]{2}$' }),
  currency: Currency,
  timezone: Type.String({ minLength: 1 }),
  accepts_cards_of: Type.Optional(
    Type.Array(
      Type.Union([
        Type.String(),
        Type.Object({ issuer: Type.String(), active: Type.Optional(Type.Boolean()) }),
      ]),
    ),
  ),
  credentials: Type.Optional(Type.Array(Credential)),
  tax_rates: Type.Optional(Type.Array(Type.Object({ name: Name, rate: Decimal }))),
  pretix: Type.Optional(Type.Object({ voucher_budget: Type.Optional(Type.Boolean()) })),
  lightspeed: Type.Optional(Lightspeed),
  foodics: Type.Optional(Foodics),
  inventorum: Type.Optional(
    Type.Object({ invoice_counter: Type.Optional(Type.Integer({ minimum: 0, maximum: 1e15 })) }),
  ),
  events: Type.Optional(Type.Array(Event)),
  webhooks: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.Optional(Name),
        url: Type.String({ pattern: '^https?://' }),
        actions: Type.Array(Type.String(), { minItems: 1 }),
        secret: Nullable(Type.String()),
        active: Type.Optional(Type.Boolean()),
      }),
    ),
  ),
  cards: Type.Optional(Type.Array(Card)),
})

export const World = Type.Object(
  {
    instance_keys: Type.Optional(
      Type.Array(
        Type.Object({
          name: Name,
          token: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
        }),
      ),
    ),
    merchants: Type.Optional(Type.Array(Merchant)),
  },
  {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A Scrip world',
    description: 'Merchants, who may call for them, and what they sell.',
  },
)

export type World = Static<typeof World>
export type WorldMerchant = Static<typeof Merchant>
export type WorldCredential = Static<typeof Credential>
export type WorldEvent = Static<typeof Event>
