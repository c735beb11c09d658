-- What surrounds a card in LightSpeed OnSite: the store and its applications, login sessions, products
-- and invoices, and which of them a card refers to (specs/lightspeed-onsite.md). Users are credentials.
-- Global table (a reference table when distributed): lightspeed_applications, which is looked up before
-- the merchant is known, as credentials are.

-- One row a merchant. Logins lock it where seats are limited, so that seats are counted exactly.
create table lightspeed_stores (
  merchant_id        int8 not null references merchants (id) primary key,
  -- Whether any application called com.lightspeed.onsite.demo may come in.
  demo_application   boolean not null default false,
  -- Sessions of readwrite applications at a time; 0 is unlimited.
  seats              int4 not null default 0 check (seats >= 0),
  -- A session that nobody uses for so many microseconds is over.
  idle_micros        int8 not null default 1800000000 check (idle_micros > 0),
  generates_serials  boolean not null default false,
  -- What cards of other protocols refer to; null is the first gift card product.
  default_product_id int8
);

create table lightspeed_applications (
  merchant_id  int8 not null references merchants (id),
  app_id       text not null,
  -- SHA-256 of the Private ID.
  private_hash bytea not null,
  access       text not null check (access in ('read', 'readwrite')),
  primary key (merchant_id, app_id)
);
create index on lightspeed_applications (app_id);

create sequence lightspeed_product_ids;
create table lightspeed_products (
  merchant_id int8 not null references merchants (id),
  id          int8 not null default nextval('lightspeed_product_ids'),
  code        text not null,
  description text not null default '',
  sell_price  int8 not null default 0,
  gift_card   boolean not null default false,
  current     boolean not null default true,
  inventoried boolean not null default false,
  serialized  boolean not null default false,
  -- The names of further flags that are raised.
  flags       text[] not null,
  created_at  timestamptz not null,
  modified_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, code)
);

create sequence lightspeed_invoice_ids;
create table lightspeed_invoices (
  merchant_id int8 not null references merchants (id),
  id          int8 not null default nextval('lightspeed_invoice_ids'),
  -- The display id is I-{number}.
  number      text not null,
  total       int8 not null default 0,
  posted      boolean not null default false,
  voided      boolean not null default false,
  user_id     int8 references credentials (id),
  created_at  timestamptz not null,
  modified_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, number)
);

-- What only a card that was made here refers to. Its source is with its first entry.
create table lightspeed_cards (
  merchant_id int8 not null,
  card_id     int8 not null,
  product_id  int8 not null,
  invoice_id  int8,
  user_id     int8 not null references credentials (id),
  primary key (merchant_id, card_id),
  foreign key (merchant_id, card_id) references cards (merchant_id, id),
  foreign key (merchant_id, product_id) references lightspeed_products (merchant_id, id),
  foreign key (merchant_id, invoice_id) references lightspeed_invoices (merchant_id, id)
);

create table lightspeed_sessions (
  merchant_id   int8 not null references merchants (id),
  -- SHA-256 of the cookie's value.
  token_hash    bytea not null,
  credential_id int8 not null references credentials (id),
  app_id        text not null,
  access        text not null,
  used_at       timestamptz not null,
  primary key (merchant_id, token_hash)
);
create index lightspeed_sessions_age on lightspeed_sessions (merchant_id, used_at);
