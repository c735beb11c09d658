-- Whose a token was that has been replaced: a retry with it still gets the answer of its idempotency key,
-- which is stored with that merchant (specs/pretix-giftcards.md 11). It opens nothing. Global, like credentials.
create table retired_tokens (
  token_hash  bytea not null primary key,
  merchant_id int8 not null references merchants (id),
  retired_at  timestamptz not null default now()
);
