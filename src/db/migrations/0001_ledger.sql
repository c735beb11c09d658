-- The ledger, its merchants and who may call for them.
--
-- Rules of every table (design.md section 4, Citus-ready): ids come from explicit sequences; a table of
-- one merchant has merchant_id in its primary key, in every unique index and in every foreign key to
-- another such table; no triggers. Money is int8 in 1/100000 of the main unit.
-- Global tables (reference tables when distributed): merchants, credentials, instance_keys.

create sequence merchant_ids;
create table merchants (
  id         int8 not null default nextval('merchant_ids') primary key,
  slug       text not null unique,
  name       text not null,
  country    text not null,
  currency   text not null,
  timezone   text not null,
  -- Switches of single protocols, by protocol: {"pretix": {"voucher_budget": true}}.
  options    jsonb not null default '{}',
  created_at timestamptz not null default now()
);

create sequence credential_ids;
create table credentials (
  id            int8 not null default nextval('credential_ids') primary key,
  merchant_id   int8 not null references merchants (id),
  name          text not null,
  dialect       text not null check (dialect in ('pretix', 'inventorum', 'foodics', 'lightspeed', 'scrip')),
  -- SHA-256 of a token; only LightSpeed users have a password instead (scrypt, salted).
  token_hash    bytea unique,
  username      text,
  password_hash text,
  -- pretix permissions or Foodics scopes, spelled as the newest release does; null means all.
  grants        text[],
  -- Slugs of the events it may touch; null means all.
  events        text[],
  role          text,
  email         text,
  first_name    text,
  last_name     text,
  hidden        boolean not null default false,
  active        boolean not null default true,
  created_at    timestamptz not null default now(),
  unique (merchant_id, name)
);
create index on credentials (username) where username is not null;

create table instance_keys (
  name       text not null primary key,
  token_hash bytea not null unique,
  created_at timestamptz not null default now()
);

-- Whose cards a merchant takes besides its own: one direction, not transitive.
create table acceptances (
  merchant_id int8 not null references merchants (id),
  issuer_id   int8 not null references merchants (id),
  active      boolean not null default true,
  primary key (merchant_id, issuer_id),
  check (merchant_id <> issuer_id)
);

-- One row a merchant, locked by whoever issues cards: ids and issue times are both taken under this
-- lock, so that the order of ids is the order of issue (lists page by id).
create table card_registers (
  merchant_id    int8 not null references merchants (id) primary key,
  last_issued_at timestamptz not null default '-infinity'
);

create sequence card_ids;
create table cards (
  merchant_id       int8 not null references merchants (id),
  id                int8 not null default nextval('card_ids'),
  -- What a holder shows; null once it was given free (an undone import).
  code              text,
  currency          text not null,
  testmode          boolean not null default false,
  state             text not null default 'active' check (state in ('active', 'blocked', 'closed')),
  balance           int8 not null,
  held              int8 not null default 0,
  -- Everything ever loaded, and the same without what Foodics' own transactions put on it.
  loaded            int8 not null,
  face              int8 not null,
  expires_at        timestamptz,
  conditions        text,
  owner_position_id int8,
  -- The protocol that made it, and how it is taxed: multi-purpose at redemption, single-purpose at sale.
  origin            text not null,
  purpose           text not null default 'multi' check (purpose in ('multi', 'single')),
  tax_rate          numeric(13, 10),
  created_at        timestamptz not null,
  -- Moves with every entry and every change of the card's own fields.
  modified_at       timestamptz not null,
  last_seq          int4 not null,
  last_hash         bytea not null,
  -- Set when the card was taken back as if it had never been: no protocol shows it.
  removed_at        timestamptz,
  primary key (merchant_id, id),
  check (balance >= held and held >= 0),
  check (loaded >= balance),
  check (purpose = 'multi' or tax_rate > 0)
) with (fillfactor = 85);
-- No index holds balance, held, last_seq, last_hash or modified_at: a redemption rewrites only the row (HOT).
create unique index cards_code on cards (merchant_id, code);
create index cards_code_folded on cards (merchant_id, lower(code collate "C"));
create index cards_expiring on cards (merchant_id, expires_at) where expires_at is not null;

-- How many cards a merchant has in each range of 4096 ids: the exact count of a list and the start of
-- any page are read from here without counting or skipping rows.
create table card_blocks (
  merchant_id int8 not null,
  block       int8 not null,
  live        int4 not null default 0,
  test        int4 not null default 0,
  primary key (merchant_id, block),
  check (live >= 0 and test >= 0)
);

create sequence hold_ids;
create table holds (
  merchant_id int8 not null,
  id          int8 not null default nextval('hold_ids'),
  card_id     int8 not null,
  amount      int8 not null check (amount > 0),
  captured    int8 not null default 0,
  state       text not null check (state in ('open', 'captured', 'released', 'expired')),
  -- Who placed it, and may therefore capture or release it.
  owner       text not null,
  reason      text,
  expires_at  timestamptz not null,
  created_at  timestamptz not null,
  ended_at    timestamptz,
  primary key (merchant_id, id),
  foreign key (merchant_id, card_id) references cards (merchant_id, id),
  check (captured between 0 and amount),
  check ((state = 'open') = (ended_at is null))
);
create index holds_open on holds (merchant_id, card_id) where state = 'open';
create index holds_due on holds (merchant_id, expires_at) where state = 'open';

-- The journal. The role that serves requests may only INSERT and SELECT here (see migrate.ts).
create sequence entry_ids;
create table entries (
  merchant_id        int8 not null,
  id                 int8 not null,
  card_id            int8 not null,
  card_seq           int4 not null,
  -- Entries of one happening share it: the id of its first entry.
  event_id           int8 not null,
  kind               text not null,
  contra             text not null,
  amount             int8 not null,
  balance_after      int8 not null check (balance_after >= 0),
  reverses           int8,
  hold_id            int8,
  protocol           text not null,
  credential_id      int8,
  acting_merchant_id int8 not null,
  order_ref          text,
  event_ref          text,
  invoice_ref        text,
  text               text,
  -- JSON as it was sent, numbers as spelled.
  info               text,
  created_at         timestamptz not null,
  hash               bytea not null,
  primary key (merchant_id, id),
  unique (merchant_id, card_id, card_seq),
  foreign key (merchant_id, card_id) references cards (merchant_id, id),
  foreign key (merchant_id, reverses) references entries (merchant_id, id)
);
create index entries_order on entries (merchant_id, order_ref, id) where order_ref is not null;
create index entries_reversal on entries (merchant_id, reverses) where reverses is not null;

-- What was given back of an entry so far: the database's own word that it never exceeds the original.
create table reversal_totals (
  merchant_id int8 not null,
  entry_id    int8 not null,
  original    int8 not null check (original > 0),
  reversed    int8 not null,
  primary key (merchant_id, entry_id),
  foreign key (merchant_id, entry_id) references entries (merchant_id, id),
  check (reversed between 0 and original)
);

-- Remembered answers (pretix X-Idempotency-Key and the like). merchant_id is the caller's, 0 if unknown.
create table idempotency_keys (
  merchant_id int8 not null,
  scope       bytea not null,
  status      int2 not null,
  headers     text not null,
  body        bytea not null,
  -- What was asked, where the protocol refuses the same key for another request.
  request     bytea,
  created_at  timestamptz not null,
  primary key (merchant_id, scope)
);
create index idempotency_keys_age on idempotency_keys (merchant_id, created_at);

create sequence audit_ids;
create table audit_records (
  merchant_id   int8 not null,
  id            int8 not null default nextval('audit_ids'),
  action        text not null,
  card_id       int8,
  entry_id      int8,
  credential_id int8,
  data          text,
  created_at    timestamptz not null,
  primary key (merchant_id, id)
);
create index on audit_records (merchant_id, card_id);

create sequence webhook_ids;
create table webhooks (
  merchant_id int8 not null references merchants (id),
  id          int8 not null default nextval('webhook_ids'),
  name        text not null,
  url         text not null,
  actions     text[] not null,
  secret      text,
  active      boolean not null default true,
  primary key (merchant_id, id),
  unique (merchant_id, name)
);

-- The outbox: written in the transaction of what it tells, delivered at least once afterwards.
create sequence notification_ids;
create table notifications (
  merchant_id        int8 not null,
  id                 int8 not null default nextval('notification_ids'),
  webhook_id         int8 not null,
  action             text not null,
  card_id            int8 not null,
  acting_merchant_id int8,
  attempts           int4 not null default 0,
  due_at             timestamptz not null,
  created_at         timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, webhook_id) references webhooks (merchant_id, id)
);
create index notifications_due on notifications (merchant_id, due_at);
