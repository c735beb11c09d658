-- What surrounds a card in the Foodics dialect (specs/foodics.md 6) and how its clients get in (2).
--
-- The rules of 0001 hold. JSON that is only kept and given back is `text`, as it was sent: numbers keep
-- their spelling. Time stamps are shown to the second; a list's order of insertion is the order of ids.
-- Cards and entries need no rows of their own here: their Foodics ids are computed (dialects/foodics/ids.ts).

create sequence foodics_product_ids;
create table foodics_products (
  merchant_id    int8 not null references merchants (id),
  id             int8 not null default nextval('foodics_product_ids'),
  name           text not null,
  name_localized text,
  image          text,
  barcode        text,
  sku            text not null,
  -- 1 fixed price, 2 open price.
  pricing_method int2 not null check (pricing_method in (1, 2)),
  price          int8 check (price >= 0),
  is_active      boolean not null,
  category_id    text not null,
  branches       text not null,
  tags           text not null,
  groups         text not null,
  -- The ids in `tags`, for the filter.
  tag_ids        text[] not null,
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  deleted_at     timestamptz,
  primary key (merchant_id, id),
  -- Deleted ones keep theirs: they can be restored.
  unique (merchant_id, sku),
  check (pricing_method = 2 or price is not null)
);

-- One row a merchant, locked by whoever makes an order: reference, id and time then rise together.
create table foodics_order_registers (
  merchant_id     int8 not null references merchants (id) primary key,
  last_reference  int8 not null default 0,
  last_created_at timestamptz not null default '-infinity'
);

create sequence foodics_order_ids;
create table foodics_orders (
  merchant_id     int8 not null references merchants (id),
  id              int8 not null default nextval('foodics_order_ids'),
  reference       int8 not null,
  type            int2 not null check (type between 1 and 4),
  source          int2 not null,
  status          int2 not null,
  branch_id       text not null,
  customer_id     text,
  subtotal_price  int8 not null,
  discount_amount int8 not null,
  rounding_amount int8 not null,
  total_price     int8 not null,
  business_date   date not null,
  -- What was sent besides, as one JSON object.
  details         text not null,
  created_at      timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, reference)
);
create index foodics_orders_business_date on foodics_orders (merchant_id, business_date);

-- Which product a card is of and which order sold it; cards that other protocols made have no row.
create table foodics_cards (
  merchant_id int8 not null,
  card_id     int8 not null,
  product_id  int8 not null,
  order_id    int8 not null,
  primary key (merchant_id, card_id),
  -- An order sells one card at most.
  unique (merchant_id, order_id),
  foreign key (merchant_id, card_id) references cards (merchant_id, id),
  foreign key (merchant_id, product_id) references foodics_products (merchant_id, id),
  foreign key (merchant_id, order_id) references foodics_orders (merchant_id, id)
);

-- OAuth. Global, as credentials are: a client is known by its id before its merchant is.
create table foodics_oauth_clients (
  client_id     text not null primary key,
  merchant_id   int8 not null references merchants (id),
  secret_hash   bytea not null,
  -- Empty: any address.
  redirect_uris text[] not null,
  created_at    timestamptz not null default now()
);

create table foodics_authorization_codes (
  code_hash   bytea not null primary key,
  merchant_id int8 not null references merchants (id),
  client_id   text not null references foodics_oauth_clients (client_id),
  -- Scopes; null means all.
  grants      text[],
  expires_at  timestamptz not null,
  used_at     timestamptz
);

-- Numbers the credentials that authorizations make.
create sequence foodics_authorization_ids;

create table foodics_refresh_tokens (
  token_hash    bytea not null primary key,
  merchant_id   int8 not null references merchants (id),
  client_id     text not null references foodics_oauth_clients (client_id),
  -- The credential whose access token it renews.
  credential_id int8 not null references credentials (id),
  created_at    timestamptz not null
);

-- A day of the journal without reading the rest; next to free on the way in.
create index entries_created on entries using brin (created_at) with (pages_per_range = 32, autosummarize = on);
-- Entries that move no value; a list that leaves them out counts them here.
create index entries_zero on entries (merchant_id, card_id) where amount = 0 and card_seq > 1;
