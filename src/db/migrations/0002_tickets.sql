-- Events, what they sell, vouchers and orders (pretix's tickets; specs/pretix-vouchers.md).
--
-- The rules of 0001 hold: merchant_id first in every key, ids from explicit sequences, no triggers, money
-- in 1/100000 of the main unit. Further:
-- * A text in several languages is a jsonb object, language to text: {"en": "Gala seat"}.
-- * JSON that is only kept and given back is `text`, as it was sent: numbers keep their spelling.
-- * `ref` is the natural key by which a world file finds its own rows again; null for all others.
-- * Keys come after the other indexes of a table: as long as a table has no statistics, all indexes that
--   begin with merchant_id look alike to PostgreSQL, and then it takes the newest.
-- * Lock order: events, quotas, vouchers, seats, orders, cards; by id within a kind. Quotas, vouchers and
--   seats are locked `for no key update`: a foreign key that points to them does not wait for that lock.

-- ---------------------------------------------------------------------------------------------------
-- Events and dates

create sequence ticket_event_ids;
create table ticket_events (
  merchant_id           int8 not null references merchants (id),
  id                    int8 not null default nextval('ticket_event_ids'),
  slug                  text not null,
  name                  jsonb not null,
  currency              text not null default 'EUR',
  date_from             timestamptz not null,
  date_to               timestamptz,
  date_admission        timestamptz,
  presale_start         timestamptz,
  presale_end           timestamptz,
  live                  boolean not null default false,
  testmode              boolean not null default false,
  is_public             boolean not null default true,
  -- An event series: quotas, orders and blocking vouchers name one of its dates. Never changes.
  has_subevents         boolean not null default false,
  location              jsonb,
  meta_data             text not null default '{}',
  seating_plan          int8,
  seat_category_mapping text not null default '{}',
  timezone              text not null default 'UTC',
  plugins               text not null default '[]',
  created_at            timestamptz not null default now(),
  primary key (merchant_id, id),
  unique (merchant_id, slug)
);

create sequence ticket_subevent_ids;
create table ticket_subevents (
  merchant_id           int8 not null,
  id                    int8 not null default nextval('ticket_subevent_ids'),
  event_id              int8 not null,
  ref                   text,
  name                  jsonb not null,
  active                boolean not null default false,
  is_public             boolean not null default true,
  date_from             timestamptz not null,
  date_to               timestamptz,
  date_admission        timestamptz,
  presale_start         timestamptz,
  presale_end           timestamptz,
  location              jsonb,
  meta_data             text not null default '{}',
  seating_plan          int8,
  seat_category_mapping text not null default '{}',
  foreign key (merchant_id, event_id) references ticket_events (merchant_id, id)
);
create index ticket_subevents_event on ticket_subevents (merchant_id, event_id, id);
create unique index ticket_subevents_ref on ticket_subevents (merchant_id, event_id, ref) where ref is not null;
alter table ticket_subevents add primary key (merchant_id, id);

-- ---------------------------------------------------------------------------------------------------
-- Products

create sequence ticket_category_ids;
create table ticket_categories (
  merchant_id   int8 not null,
  id            int8 not null default nextval('ticket_category_ids'),
  event_id      int8 not null,
  name          jsonb not null,
  internal_name text,
  description   jsonb default '{"en": ""}',
  position      int4 not null default 0,
  is_addon      boolean not null default false,
  primary key (merchant_id, id),
  foreign key (merchant_id, event_id) references ticket_events (merchant_id, id)
);
create index ticket_categories_event on ticket_categories (merchant_id, event_id, position, id);

create sequence ticket_item_ids;
create table ticket_items (
  merchant_id          int8 not null,
  id                   int8 not null default nextval('ticket_item_ids'),
  event_id             int8 not null,
  ref                  text,
  category_id          int8,
  name                 jsonb not null,
  internal_name        text,
  description          jsonb,
  default_price        int8 not null,
  active               boolean not null default true,
  free_price           boolean not null default false,
  tax_rule             int8,
  admission            boolean not null default false,
  position             int4 not null default 0,
  available_from       timestamptz,
  available_until      timestamptz,
  require_voucher      boolean not null default false,
  hide_without_voucher boolean not null default false,
  require_bundling     boolean not null default false,
  allow_cancel         boolean not null default true,
  min_per_order        int4,
  max_per_order        int4,
  addons               text not null default '[]',
  bundles              text not null default '[]',
  -- Buying it makes a gift card elsewhere: such an order cannot be paid with one.
  issue_giftcard       boolean not null default false,
  foreign key (merchant_id, event_id) references ticket_events (merchant_id, id),
  foreign key (merchant_id, category_id) references ticket_categories (merchant_id, id)
);
create index ticket_items_event on ticket_items (merchant_id, event_id, position, id);
create index ticket_items_category on ticket_items (merchant_id, category_id) where category_id is not null;
create unique index ticket_items_ref on ticket_items (merchant_id, event_id, ref) where ref is not null;
alter table ticket_items add primary key (merchant_id, id);

create sequence ticket_variation_ids;
create table ticket_variations (
  merchant_id          int8 not null,
  id                   int8 not null default nextval('ticket_variation_ids'),
  event_id             int8 not null,
  item_id              int8 not null,
  ref                  text,
  value                jsonb not null,
  -- Null: the item's own.
  default_price        int8,
  active               boolean not null default true,
  description          jsonb,
  position             int4 not null default 0,
  hide_without_voucher boolean not null default false,
  foreign key (merchant_id, event_id) references ticket_events (merchant_id, id),
  foreign key (merchant_id, item_id) references ticket_items (merchant_id, id)
);
create index ticket_variations_item on ticket_variations (merchant_id, item_id, position, id);
create unique index ticket_variations_ref on ticket_variations (merchant_id, event_id, ref) where ref is not null;
alter table ticket_variations add primary key (merchant_id, id);

-- What is different on one date: a price (null: as elsewhere), or not sold at all.
create table ticket_subevent_items (
  merchant_id     int8 not null,
  subevent_id     int8 not null,
  item_id         int8 not null,
  price           int8,
  disabled        boolean not null default false,
  available_from  timestamptz,
  available_until timestamptz,
  primary key (merchant_id, subevent_id, item_id),
  foreign key (merchant_id, subevent_id) references ticket_subevents (merchant_id, id) on delete cascade,
  foreign key (merchant_id, item_id) references ticket_items (merchant_id, id) on delete cascade
);
create index ticket_subevent_items_item on ticket_subevent_items (merchant_id, item_id);
create table ticket_subevent_variations (
  merchant_id     int8 not null,
  subevent_id     int8 not null,
  variation_id    int8 not null,
  price           int8,
  disabled        boolean not null default false,
  available_from  timestamptz,
  available_until timestamptz,
  primary key (merchant_id, subevent_id, variation_id),
  foreign key (merchant_id, subevent_id) references ticket_subevents (merchant_id, id) on delete cascade,
  foreign key (merchant_id, variation_id) references ticket_variations (merchant_id, id) on delete cascade
);
create index ticket_subevent_variations_variation on ticket_subevent_variations (merchant_id, variation_id);

-- ---------------------------------------------------------------------------------------------------
-- Quotas: how much of a set of products there is. What is taken from them is in ticket_sales and
-- voucher_tallies (section 5.2).

create sequence ticket_quota_ids;
create table ticket_quotas (
  merchant_id         int8 not null,
  id                  int8 not null default nextval('ticket_quota_ids'),
  event_id            int8 not null,
  ref                 text,
  name                text not null,
  -- Null: unlimited.
  size                int4 check (size >= 0),
  subevent_id         int8,
  close_when_sold_out boolean not null default false,
  closed              boolean not null default false,
  release_after_exit  boolean not null default false,
  foreign key (merchant_id, event_id) references ticket_events (merchant_id, id),
  foreign key (merchant_id, subevent_id) references ticket_subevents (merchant_id, id)
);
create index ticket_quotas_event on ticket_quotas (merchant_id, event_id, id);
create index ticket_quotas_subevent on ticket_quotas (merchant_id, subevent_id) where subevent_id is not null;
create unique index ticket_quotas_ref on ticket_quotas (merchant_id, event_id, ref) where ref is not null;
alter table ticket_quotas add primary key (merchant_id, id);

create table ticket_quota_items (
  merchant_id int8 not null,
  quota_id    int8 not null,
  item_id     int8 not null,
  primary key (merchant_id, quota_id, item_id),
  foreign key (merchant_id, quota_id) references ticket_quotas (merchant_id, id) on delete cascade,
  foreign key (merchant_id, item_id) references ticket_items (merchant_id, id) on delete cascade
);
create index ticket_quota_items_item on ticket_quota_items (merchant_id, item_id);
create table ticket_quota_variations (
  merchant_id  int8 not null,
  quota_id     int8 not null,
  variation_id int8 not null,
  primary key (merchant_id, quota_id, variation_id),
  foreign key (merchant_id, quota_id) references ticket_quotas (merchant_id, id) on delete cascade,
  foreign key (merchant_id, variation_id) references ticket_variations (merchant_id, id) on delete cascade
);
create index ticket_quota_variations_variation on ticket_quota_variations (merchant_id, variation_id);

-- ---------------------------------------------------------------------------------------------------
-- Seats

create sequence ticket_seat_ids;
create table ticket_seats (
  merchant_id int8 not null,
  id          int8 not null default nextval('ticket_seat_ids'),
  event_id    int8 not null,
  subevent_id int8,
  seat_guid   text not null,
  zone_name   text not null default '',
  row_name    text not null default '',
  row_label   text,
  seat_number text not null default '',
  seat_label  text,
  -- The product this seat belongs to. A product that any seat names needs a seat when it is sold.
  item_id     int8,
  blocked     boolean not null default false,
  foreign key (merchant_id, event_id) references ticket_events (merchant_id, id),
  foreign key (merchant_id, subevent_id) references ticket_subevents (merchant_id, id),
  foreign key (merchant_id, item_id) references ticket_items (merchant_id, id)
);
-- Two indexes for one rule: a guid is unique in the event, in a series in its date.
create unique index ticket_seats_guid on ticket_seats (merchant_id, event_id, seat_guid) where subevent_id is null;
create unique index ticket_seats_date_guid on ticket_seats (merchant_id, event_id, subevent_id, seat_guid)
  where subevent_id is not null;
create index ticket_seats_item on ticket_seats (merchant_id, item_id) where item_id is not null;
alter table ticket_seats add primary key (merchant_id, id);

-- ---------------------------------------------------------------------------------------------------
-- Vouchers

create sequence voucher_ids;
create table vouchers (
  merchant_id           int8 not null,
  id                    int8 not null default nextval('voucher_ids'),
  event_id              int8 not null,
  -- Upper-cased when it is stored, so that this column's unique index is the one that ignores case.
  code                  text collate "C" not null check (code = upper(code)),
  max_usages            int4 not null default 1,
  redeemed              int4 not null default 0,
  min_usages            int4 not null default 1 check (min_usages >= 0),
  valid_until           timestamptz,
  block_quota           boolean not null default false,
  allow_ignore_quota    boolean not null default false,
  price_mode            text collate "C" not null default 'none'
                        check (price_mode in ('none', 'set', 'subtract', 'percent')),
  -- Money units, or for `percent` hundred thousandths of a per cent: 12.50 is 1250000 either way.
  value                 int8 check (value >= 0),
  item_id               int8,
  variation_id          int8,
  quota_id              int8,
  tag                   text collate "C" not null default '',
  comment               text not null default '',
  seat_id               int8,
  subevent_id           int8,
  show_hidden_items     boolean not null default true,
  all_addons_included   boolean not null default false,
  all_bundles_included  boolean not null default false,
  budget                int8 check (budget >= 0),
  created_at            timestamptz not null,
  -- Which tally counts it: a digest of what lists can be narrowed by (voucher-tallies.ts).
  facet                 uuid not null,
  foreign key (merchant_id, event_id) references ticket_events (merchant_id, id),
  foreign key (merchant_id, item_id) references ticket_items (merchant_id, id),
  foreign key (merchant_id, variation_id) references ticket_variations (merchant_id, id),
  foreign key (merchant_id, quota_id) references ticket_quotas (merchant_id, id),
  foreign key (merchant_id, seat_id) references ticket_seats (merchant_id, id),
  foreign key (merchant_id, subevent_id) references ticket_subevents (merchant_id, id),
  -- The database's own word that no voucher is used more often than it says.
  constraint vouchers_usages check (redeemed between 0 and max_usages)
) with (fillfactor = 85);
-- Few indexes, because every redemption writes to each: what else vouchers are looked up by (products,
-- quotas, dates) is found through their tallies and `facet`.
create index vouchers_facet on vouchers (merchant_id, event_id, facet, id);
create index vouchers_valid_until on vouchers (merchant_id, event_id, valid_until, id desc)
  where valid_until is not null;
create index vouchers_seat on vouchers (merchant_id, seat_id) where seat_id is not null;
-- In this order, because a generated code must be free in the whole organizer.
create unique index vouchers_code on vouchers (merchant_id, code, event_id);
alter table vouchers add primary key (merchant_id, event_id, id);

-- How many vouchers of an event are alike in everything that a list can be narrowed by, in eight rows by
-- id (so that redemptions of one campaign do not all wait for one row). Lists are counted here and quotas
-- read here what is withheld from them, without visiting a million vouchers. Whoever writes a voucher
-- writes its tally in the same transaction.
create table voucher_tallies (
  merchant_id        int8 not null,
  event_id           int8 not null,
  facet              uuid not null,
  shard              int8 not null,
  count              int8 not null,
  max_usages         int4 not null,
  redeemed           int4 not null,
  block_quota        boolean not null,
  allow_ignore_quota boolean not null,
  price_mode         text collate "C" not null,
  value              int8,
  item_id            int8,
  variation_id       int8,
  quota_id           int8,
  subevent_id        int8,
  tag                text collate "C" not null,
  -- The UTC hour of valid_until; the hour that `now` lies in is looked at voucher by voucher.
  valid_hour         timestamptz,
  primary key (merchant_id, event_id, facet, shard),
  -- No check on count: one would refuse a -1 that is about to be added to what is there.
  foreign key (merchant_id, event_id) references ticket_events (merchant_id, id)
) with (fillfactor = 70);
create index voucher_tallies_blocking on voucher_tallies (merchant_id, event_id)
  where block_quota and redeemed < max_usages;

-- ---------------------------------------------------------------------------------------------------
-- Orders

create sequence ticket_order_ids;
create table ticket_orders (
  merchant_id       int8 not null,
  id                int8 not null default nextval('ticket_order_ids'),
  event_id          int8 not null,
  code              text collate "C" not null,
  -- n pending, p paid, e expired, c canceled.
  status            text collate "C" not null check (status in ('n', 'p', 'e', 'c')),
  testmode          boolean not null default false,
  secret            text not null,
  email             text,
  phone             text,
  customer          text,
  locale            text not null default 'en',
  sales_channel     text not null default 'web',
  datetime          timestamptz not null,
  expires           timestamptz not null,
  total             int8 not null,
  comment           text not null default '',
  require_approval  boolean not null default false,
  valid_if_pending  boolean not null default false,
  invoice_address   text,
  last_modified     timestamptz not null,
  cancellation_date timestamptz,
  foreign key (merchant_id, event_id) references ticket_events (merchant_id, id)
);
create index ticket_orders_event on ticket_orders (merchant_id, event_id, datetime, id);
create index ticket_orders_status on ticket_orders (merchant_id, event_id, status, datetime, id);
create index ticket_orders_email on ticket_orders (merchant_id, event_id, lower(email collate "C")) where email is not null;
-- What the worker that expires orders looks at.
create index ticket_orders_due on ticket_orders (expires) where status = 'n';
alter table ticket_orders add unique (merchant_id, code);
alter table ticket_orders add primary key (merchant_id, id);

create sequence ticket_position_ids;
create table ticket_positions (
  merchant_id           int8 not null,
  id                    int8 not null default nextval('ticket_position_ids'),
  event_id              int8 not null,
  order_id              int8 not null,
  -- From 1 in its order.
  positionid            int4 not null,
  item_id               int8 not null,
  variation_id          int8,
  subevent_id           int8,
  seat_id               int8,
  price                 int8 not null,
  voucher_id            int8,
  -- The discount it took from its voucher's budget; null exactly if there is no voucher.
  voucher_budget_use    int8,
  -- One ticket taken back on its own. An order's status does not change this.
  canceled              boolean not null default false,
  -- What it takes: n (pending order) and p (paid) a place in quotas, its seat, budget and one use of its
  -- voucher; e (expired order) the use alone; null (canceled order or position) nothing.
  -- Written with every change of the order's status.
  holds                 text collate "C" check (holds in ('n', 'p', 'e')),
  attendee_name_parts   text not null default '{}',
  attendee_email        text,
  addon_to              int8,
  secret                text not null,
  pseudonymization_id   text not null,
  foreign key (merchant_id, order_id) references ticket_orders (merchant_id, id),
  foreign key (merchant_id, item_id) references ticket_items (merchant_id, id),
  foreign key (merchant_id, variation_id) references ticket_variations (merchant_id, id),
  foreign key (merchant_id, subevent_id) references ticket_subevents (merchant_id, id),
  foreign key (merchant_id, seat_id) references ticket_seats (merchant_id, id),
  foreign key (merchant_id, event_id, voucher_id) references vouchers (merchant_id, event_id, id),
  check (not (canceled and holds is not null)),
  check ((voucher_id is null) = (voucher_budget_use is null))
);
-- The database's own word that a seat is sold once.
create unique index ticket_positions_seat on ticket_positions (merchant_id, seat_id)
  where holds in ('n', 'p') and seat_id is not null;
create index ticket_positions_item on ticket_positions (merchant_id, item_id);
create index ticket_positions_variation on ticket_positions (merchant_id, variation_id) where variation_id is not null;
create index ticket_positions_subevent on ticket_positions (merchant_id, subevent_id) where subevent_id is not null;
create index ticket_positions_voucher on ticket_positions (merchant_id, voucher_id) where voucher_id is not null;
-- An owner ticket may be named by its secret or its pseudonymization id.
create index ticket_positions_secret on ticket_positions (merchant_id, secret);
create index ticket_positions_pseudonym on ticket_positions (merchant_id, pseudonymization_id);
alter table ticket_positions add unique (merchant_id, order_id, positionid);
alter table ticket_positions add primary key (merchant_id, id);
alter table ticket_positions add foreign key (merchant_id, addon_to) references ticket_positions (merchant_id, id);

-- How many positions of each product are in pending and in paid orders (holds n and p): what quotas count
-- without counting a hundred thousand tickets. Whoever writes `holds` writes this in the same transaction.
create table ticket_sales (
  merchant_id  int8 not null,
  item_id      int8 not null,
  -- 0: none.
  variation_id int8 not null,
  subevent_id  int8 not null,
  pending      int8 not null,
  paid         int8 not null,
  primary key (merchant_id, item_id, variation_id, subevent_id),
  foreign key (merchant_id, item_id) references ticket_items (merchant_id, id)
) with (fillfactor = 50);

create sequence ticket_fee_ids;
create table ticket_fees (
  merchant_id   int8 not null,
  id            int8 not null default nextval('ticket_fee_ids'),
  order_id      int8 not null,
  fee_type      text not null,
  value         int8 not null,
  description   text not null default '',
  internal_type text not null default '',
  tax_rule      int8,
  canceled      boolean not null default false,
  primary key (merchant_id, id),
  foreign key (merchant_id, order_id) references ticket_orders (merchant_id, id)
);
create index ticket_fees_order on ticket_fees (merchant_id, order_id, id);

create table ticket_payments (
  merchant_id      int8 not null,
  order_id         int8 not null,
  -- From 1 in its order.
  local_id         int4 not null,
  state            text collate "C" not null
                   check (state in ('created', 'pending', 'confirmed', 'canceled', 'failed', 'refunded')),
  amount           int8 not null,
  created_at       timestamptz not null,
  payment_date     timestamptz,
  provider         text,
  -- As it was sent.
  info             text not null default '{}',
  -- The gift card it names and, once confirmed, the entry that debited it. No foreign keys: the card may be
  -- another issuer's, whose rows live with that merchant.
  card_merchant_id int8,
  card_id          int8,
  entry_id         int8,
  primary key (merchant_id, order_id, local_id),
  foreign key (merchant_id, order_id) references ticket_orders (merchant_id, id)
);

create table ticket_refunds (
  merchant_id    int8 not null,
  order_id       int8 not null,
  -- From 1 in its order.
  local_id       int4 not null,
  payment_id     int4 not null,
  state          text collate "C" not null check (state in ('created', 'done')),
  amount         int8 not null check (amount > 0),
  created_at     timestamptz not null,
  execution_date timestamptz,
  provider       text,
  comment        text,
  -- The entry that gave the value back, a reversal of the payment's.
  entry_id       int8,
  primary key (merchant_id, order_id, local_id),
  foreign key (merchant_id, order_id, payment_id) references ticket_payments (merchant_id, order_id, local_id)
);
