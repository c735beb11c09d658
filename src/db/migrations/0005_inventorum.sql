-- What surrounds a card in Inventorum's shop: taxes, products, pre-coded cards, orders, receipts
-- (specs/inventorum.md). An account is a merchant, a user one of its inventorum credentials.
--
-- Every index begins with merchant_id, so that without statistics all of a new table look alike; of equals the
-- planner takes the newest. What is looked up most by is therefore created last (docs/decisions/0041).
--
-- The rules of 0001 hold. Gross amounts are int8 in 1/100000 of the main unit, as the ledger's; net prices
-- have ten decimals, which no cent amount needs more of, and rates are percentages.

-- One row a merchant. Payments lock it, so that a shop completes one order after the other and its
-- invoice numbers have no gaps.
create table inventorum_accounts (
  merchant_id         int8 not null references merchants (id) primary key,
  last_invoice_number int8 not null default 0
);

create sequence inventorum_tax_type_ids;
create table inventorum_tax_types (
  merchant_id int8 not null references merchants (id),
  id          int8 not null default nextval('inventorum_tax_type_ids'),
  name        text not null,
  rate        numeric(13, 10) not null check (rate between 0 and 100),
  unique (merchant_id, rate)
);
alter table inventorum_tax_types add primary key (merchant_id, id);

create sequence inventorum_category_ids;
create table inventorum_categories (
  merchant_id int8 not null references merchants (id),
  id          int8 not null default nextval('inventorum_category_ids'),
  parent_id   int8,
  name        text not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, parent_id) references inventorum_categories (merchant_id, id)
);
create index inventorum_categories_parent on inventorum_categories (merchant_id, parent_id);

-- Bytes lie in the data folder under the opaque name, never under one that a client chose.
create sequence inventorum_image_ids;
create table inventorum_images (
  merchant_id int8 not null references merchants (id),
  id          int8 not null default nextval('inventorum_image_ids'),
  -- Index in product, account, user, category.
  type        int2 not null check (type between 0 and 3),
  opaque      text not null,
  extension   text not null,
  created_at  timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, opaque)
);

-- Ordinary goods and gift card templates share one id space (section 2).
create sequence inventorum_product_ids;
create table inventorum_products (
  merchant_id    int8 not null references merchants (id),
  id             int8 not null default nextval('inventorum_product_ids'),
  name           text not null,
  description    text not null,
  tax_type_id    int8 not null,
  net            numeric(20, 10) not null check (net >= 0),
  purchase_price numeric(20, 10) not null check (purchase_price >= 0),
  custom_price   boolean not null,
  product_code   text,
  ean            text,
  -- Of a pre-coded template it stays 0: its stock is the number of its unissued cards.
  quantity       numeric(16, 2) not null default 0,
  reorder_level  numeric(16, 2) not null,
  safety_stock   numeric(16, 2) not null,
  -- Null for ordinary goods; what follows is of templates.
  purpose        text check (purpose in ('single', 'multi')),
  is_precoded    boolean not null default false,
  valid_until    timestamptz,
  valid_unit     text check (valid_unit in ('day', 'week', 'month', 'year')),
  valid_value    int4,
  created_at     timestamptz not null,
  modified_at    timestamptz not null,
  -- Sold lines and issued cards go on naming it.
  deleted_at     timestamptz,
  foreign key (merchant_id, tax_type_id) references inventorum_tax_types (merchant_id, id),
  check ((purpose is null) = (valid_unit is null)),
  check (not is_precoded or purpose is not null)
);
create index inventorum_products_tax_type on inventorum_products (merchant_id, tax_type_id);
alter table inventorum_products add primary key (merchant_id, id);

create table inventorum_product_categories (
  merchant_id int8 not null,
  product_id  int8 not null,
  category_id int8 not null,
  position    int4 not null,
  primary key (merchant_id, product_id, category_id),
  foreign key (merchant_id, product_id) references inventorum_products (merchant_id, id),
  foreign key (merchant_id, category_id) references inventorum_categories (merchant_id, id) on delete cascade
);
create index inventorum_product_categories_category on inventorum_product_categories (merchant_id, category_id);

create table inventorum_product_images (
  merchant_id int8 not null,
  product_id  int8 not null,
  position    int4 not null,
  image_id    int8 not null,
  primary key (merchant_id, product_id, position),
  foreign key (merchant_id, product_id) references inventorum_products (merchant_id, id),
  foreign key (merchant_id, image_id) references inventorum_images (merchant_id, id)
);

-- What was booked by hand; of a pre-coded template it is recorded without effect (3.4).
create sequence inventorum_stock_adjustment_ids;
create table inventorum_stock_adjustments (
  merchant_id int8 not null,
  id          int8 not null default nextval('inventorum_stock_adjustment_ids'),
  product_id  int8 not null,
  quantity    numeric(16, 2) not null,
  booked_on   date not null,
  user_id     int8 references credentials (id),
  created_at  timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, product_id) references inventorum_products (merchant_id, id)
);

-- Cards whose code the merchant printed. Until one is issued its code is kept taken by a row of `cards`
-- that no protocol sees (ledger/reservations.ts); an issued one keeps both of its codes for ever.
create sequence inventorum_precoded_ids;
create table inventorum_precoded_cards (
  merchant_id    int8 not null,
  id             int8 not null default nextval('inventorum_precoded_ids'),
  product_id     int8 not null,
  redeem_code    text not null,
  card_code      text not null,
  reservation_id int8,
  card_id        int8,
  created_at     timestamptz not null,
  foreign key (merchant_id, product_id) references inventorum_products (merchant_id, id),
  foreign key (merchant_id, card_id) references cards (merchant_id, id),
  check ((reservation_id is null) = (card_id is not null))
);
create unique index inventorum_precoded_redeem_code on inventorum_precoded_cards (merchant_id, lower(redeem_code collate "C"));
create unique index inventorum_precoded_card_code on inventorum_precoded_cards (merchant_id, lower(card_code collate "C"));
create index inventorum_precoded_product on inventorum_precoded_cards (merchant_id, product_id, id);
create index inventorum_precoded_stock on inventorum_precoded_cards (merchant_id, product_id, id) where card_id is null;
alter table inventorum_precoded_cards add primary key (merchant_id, id);

create sequence inventorum_order_ids;
create sequence inventorum_basket_ids;
create table inventorum_orders (
  merchant_id    int8 not null references merchants (id),
  id             int8 not null default nextval('inventorum_order_ids'),
  -- A number of its own that no path uses.
  basket_id      int8 not null default nextval('inventorum_basket_ids'),
  -- Flags: 1 draft, 2 pending, 4 canceled, 360 completed, 376 given back (section 7.1).
  state          int4 not null default 1,
  user_id        int8 not null references credentials (id),
  customer       int8,
  note_internal  text,
  note_external  text,
  description    text,
  external_id    text,
  -- Sum of the lines, before cards.
  gross          int8 not null check (gross >= 0),
  invoice_number int8,
  created_at     timestamptz not null,
  completed_at   timestamptz,
  check ((invoice_number is null) = (completed_at is null)),
  check ((state & 256 <> 0) = (completed_at is not null))
) with (fillfactor = 80);
create unique index inventorum_orders_invoice on inventorum_orders (merchant_id, invoice_number) where invoice_number is not null;
create index inventorum_orders_completed on inventorum_orders (merchant_id, completed_at, id) where completed_at is not null;
alter table inventorum_orders add primary key (merchant_id, id);

create sequence inventorum_line_ids;
create table inventorum_order_lines (
  merchant_id  int8 not null,
  id           int8 not null default nextval('inventorum_line_ids'),
  order_id     int8 not null,
  -- From 0 in its order.
  position     int4 not null,
  product_id   int8 not null,
  -- Name, tax and type as they were when the basket was made.
  name         text not null,
  tax_type_id  int8 not null,
  tax_rate     numeric(13, 10) not null,
  -- Null for ordinary goods.
  purpose      text check (purpose in ('single', 'multi')),
  product_code text,
  quantity     numeric(8, 2) not null check (quantity > 0),
  unit_net     numeric(20, 10) not null,
  unit_gross   int8 not null check (unit_gross >= 0),
  gross        int8 not null check (gross >= 0),
  -- The particular pre-coded card that was asked for.
  precoded_id  int8,
  -- The card it sold, and what its name is followed by.
  card_id      int8,
  card_label   text,
  refunded_at  timestamptz,
  primary key (merchant_id, id),
  foreign key (merchant_id, order_id) references inventorum_orders (merchant_id, id),
  foreign key (merchant_id, product_id) references inventorum_products (merchant_id, id),
  foreign key (merchant_id, card_id) references cards (merchant_id, id)
) with (fillfactor = 80);
create unique index inventorum_order_lines_order on inventorum_order_lines (merchant_id, order_id, position);

-- Cards attached to an order. Attaching reserves nothing; what a card gave is written by the payment.
create table inventorum_order_cards (
  merchant_id int8 not null,
  order_id    int8 not null,
  card_id     int8 not null,
  -- Order of attachment.
  position    int4 not null,
  -- Order of application, what it gave, what it had left, and the entry that took it; null before the
  -- payment.
  rank        int4,
  applied     int8 check (applied >= 0),
  remaining   int8 check (remaining >= 0),
  entry_id    int8,
  primary key (merchant_id, order_id, card_id),
  foreign key (merchant_id, order_id) references inventorum_orders (merchant_id, id),
  foreign key (merchant_id, card_id) references cards (merchant_id, id),
  check ((rank is null) = (applied is null) and (rank is null) = (remaining is null)),
  check (entry_id is null or applied > 0)
) with (fillfactor = 80);

create sequence inventorum_payment_ids;
create table inventorum_payments (
  merchant_id int8 not null,
  id          int8 not null default nextval('inventorum_payment_ids'),
  order_id    int8 not null,
  method      int2 not null,
  -- Negative when money was given back.
  amount      int8 not null,
  rounded     int8 not null default 0,
  created_at  timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, order_id) references inventorum_orders (merchant_id, id)
);
create index inventorum_payments_order on inventorum_payments (merchant_id, order_id, id);

-- What a receipt says are facts of its order. Its files are drawn from them when they are first asked for,
-- and then kept as they are.
create table inventorum_receipts (
  merchant_id int8 not null,
  order_id    int8 not null,
  -- 128 random bits or more: whoever has the address may read the receipt.
  opaque      text not null,
  -- As it was called when the order was paid.
  store_name  text not null,
  pdf         bytea,
  png         bytea,
  unique (merchant_id, opaque),
  foreign key (merchant_id, order_id) references inventorum_orders (merchant_id, id)
);
alter table inventorum_receipts add primary key (merchant_id, order_id);

-- What Inventorum knows of a card that it sold or imported; cards of other protocols have no row.
create table inventorum_cards (
  merchant_id int8 not null,
  card_id     int8 not null,
  name        text not null,
  tax_type_id int8 not null,
  -- Seller or importer.
  user_id     int8 references credentials (id),
  -- Null for imported cards.
  product_id  int8,
  order_id    int8,
  line_id     int8,
  -- The job that imported it.
  import_id   int8,
  returned_at timestamptz,
  foreign key (merchant_id, card_id) references cards (merchant_id, id),
  foreign key (merchant_id, tax_type_id) references inventorum_tax_types (merchant_id, id)
);
create index inventorum_cards_import on inventorum_cards (merchant_id, import_id) where import_id is not null;
alter table inventorum_cards add primary key (merchant_id, card_id);

-- The list of issued cards: newest sale first, inside one sale by id. All cards of a sale have one time of
-- issue, so that this index is the list. The condition on the length is always true; only queries that repeat
-- it can take this index, so that no look-up of a card by its id or code is ever drawn to it.
create index cards_issued on cards (merchant_id, currency, created_at desc, id)
  where removed_at is null and not testmode and length(currency) = 3;
