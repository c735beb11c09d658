-- Imports of gift cards from files: what was sent, how far each job is, and what was wrong with it
-- (specs/inventorum.md 9). Which cards a job made is told by inventorum_cards.import_id.
--
-- The rules of 0001 hold. A job is locked before the merchant's card register and before cards.

create sequence import_ids;
create table imports (
  merchant_id   int8 not null references merchants (id),
  id            int8 not null default nextval('import_ids'),
  user_id       int8 not null references credentials (id),
  state         text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'undone')),
  -- The file as it was sent, and the name and the unguessable segment of the address at which it is kept.
  file          bytea not null,
  file_name     text not null,
  opaque        text not null,
  -- Times a server process began to work on it.
  attempts      int4 not null default 0,
  imported      int4,
  -- JSON: [["A4", "Redeem code contains invalid characters"], …] in the order to be told.
  faults        text,
  created_at    timestamptz not null,
  changed_at    timestamptz not null,
  completed_at  timestamptz,
  primary key (merchant_id, id),
  unique (merchant_id, opaque),
  check ((state in ('done', 'undone')) = (imported is not null)),
  check ((state in ('done', 'undone')) = (completed_at is not null)),
  check ((state = 'failed') = (faults is not null))
);
create index imports_unfinished on imports (merchant_id, id) where state in ('queued', 'running');
