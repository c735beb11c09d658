import type { Tx } from '../db/database.ts'
import type { Instant } from '../money/instant.ts'
import { type Merchant, tokenDigest } from '../services/merchants.ts'
import type { Section } from './apply.ts'
import { WorldError } from './error.ts'
import type { WorldMerchant } from './schema.ts'

type Block = NonNullable<WorldMerchant['foodics']>
type Counts = { created: number; updated: number }

/** How long an authorization code is good from when it is first applied (specs/foodics.md 2). */
const CODE_LIFETIME: Instant = 600n * 1_000_000n

/** Applies a merchant's `foodics` block (contract.md section 3); its rate limit is the merchant's own. */
export const applyFoodics: Section = async (tx, merchant, world, applied, now) => {
  if (!world.foodics) return
  await applyClients(tx, merchant, world.foodics, applied)
  await applyCodes(tx, merchant, world.foodics, applied, now)
}

function count(counts: Counts, isNew: boolean): void {
  if (isNew) counts.created += 1
  else counts.updated += 1
}

async function applyClients(
  tx: Tx,
  merchant: Merchant,
  { oauth_clients = [] }: Block,
  counts: Counts,
): Promise<void> {
  for (const [index, client] of oauth_clients.entries()) {
    const [row] = await tx<{ inserted: boolean }[]>`
      insert into foodics_oauth_clients as c (client_id, merchant_id, secret_hash, redirect_uris)
      values (${client.client_id}, ${merchant.id}, ${tokenDigest(client.client_secret)},
        ${client.redirect_uris ?? []}::text[])
      on conflict (client_id) do update set secret_hash = excluded.secret_hash,
        redirect_uris = excluded.redirect_uris
      where c.merchant_id = excluded.merchant_id
      returning (xmax = 0) as inserted`
    if (!row)
      throw new WorldError(
        `foodics.oauth_clients[${index}].client_id`,
        'is the client of another merchant',
      )
    count(counts, row.inserted)
  }
}

/** A code that was applied before is left as it is: used, or as old as it then is. */
async function applyCodes(
  tx: Tx,
  merchant: Merchant,
  { authorization_codes = [] }: Block,
  counts: Counts,
  now: Instant,
): Promise<void> {
  for (const [index, { code, client_id, scopes = 'all' }] of authorization_codes.entries()) {
    const path = `foodics.authorization_codes[${index}]`
    const [client] = await tx`
      select 1 from foodics_oauth_clients where client_id = ${client_id} and merchant_id = ${merchant.id}`
    if (!client) throw new WorldError(`${path}.client_id`, `there is no client ${client_id}`)
    const [row] = await tx`
      insert into foodics_authorization_codes (code_hash, merchant_id, client_id, grants, expires_at)
      values (${tokenDigest(code)}, ${merchant.id}, ${client_id},
        ${scopes === 'all' ? null : scopes}::text[], ${now + CODE_LIFETIME}::timestamptz)
      on conflict (code_hash) do nothing returning 1`
    if (row) counts.created += 1
  }
}
