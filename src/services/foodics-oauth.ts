import { timingSafeEqual } from 'node:crypto'
import type { Tx } from '../db/database.ts'
import { transact } from '../db/transact.ts'
import type { Deps } from './deps.ts'
import { MERCHANTS_CHANNEL, tokenDigest } from './merchants.ts'

/** What a client shows to get tokens (specs/foodics.md 2). */
export type TokenRequest = { readonly clientId: string; readonly clientSecret: string } & (
  | { readonly kind: 'code'; readonly code: string; readonly redirectUri: string | undefined }
  | { readonly kind: 'refresh'; readonly refreshToken: string }
  /** A grant of another kind, or one that cannot be read. */
  | { readonly kind: 'other' }
)

/** Shown once; only their digests are kept. */
export type Tokens = { readonly accessToken: string; readonly refreshToken: string }

export type TokenOutcome =
  | { readonly ok: true; readonly tokens: Tokens }
  | { readonly ok: false; readonly fault: 'invalid_client' | 'invalid_grant' }

const TOKEN_BYTES = 32
const INVALID_GRANT = { ok: false, fault: 'invalid_grant' } as const

/**
 * Authorization codes against tokens, once each, and refresh tokens against new access tokens. One
 * authorization is one credential of the merchant; refreshing it replaces its access token, while the
 * refresh token stays good, so that an answer that got lost locks nobody out.
 */
export function createOauth({ db, now, randomBytes }: Pick<Deps, 'db' | 'now' | 'randomBytes'>) {
  const generate = (): string => randomBytes(TOKEN_BYTES).toString('base64url')

  async function isClient(tx: Tx, { clientId, clientSecret }: TokenRequest): Promise<boolean> {
    const [row] = await tx<{ secret_hash: Buffer }[]>`
      select secret_hash from foodics_oauth_clients where client_id = ${clientId}`
    return row !== undefined && timingSafeEqual(row.secret_hash, tokenDigest(clientSecret))
  }

  async function redeemCode(
    tx: Tx,
    { clientId, code, redirectUri }: Extract<TokenRequest, { kind: 'code' }>,
  ): Promise<TokenOutcome> {
    const at = now()
    const [grant] = await tx<{ merchant_id: bigint; grants: string[] | null }[]>`
      update foodics_authorization_codes c set used_at = ${at}::timestamptz
      from foodics_oauth_clients o
      where c.code_hash = ${tokenDigest(code)} and c.client_id = ${clientId} and o.client_id = c.client_id
        and c.used_at is null and c.expires_at > ${at}::timestamptz
        and (o.redirect_uris = '{}' or ${redirectUri ?? null}::text = any(o.redirect_uris))
      returning c.merchant_id, c.grants`
    if (!grant) return INVALID_GRANT
    const tokens = { accessToken: generate(), refreshToken: generate() }
    const credentialId = await addCredential(tx, clientId, grant, tokens.accessToken)
    await tx`
      insert into foodics_refresh_tokens (token_hash, merchant_id, client_id, credential_id, created_at)
      values (${tokenDigest(tokens.refreshToken)}, ${grant.merchant_id}, ${clientId}, ${credentialId},
        ${at}::timestamptz)`
    return { ok: true, tokens }
  }

  async function refresh(
    tx: Tx,
    { clientId, refreshToken }: Extract<TokenRequest, { kind: 'refresh' }>,
  ): Promise<TokenOutcome> {
    const accessToken = generate()
    const [credential] = await tx`
      update credentials c set token_hash = ${tokenDigest(accessToken)}
      from foodics_refresh_tokens r
      where r.token_hash = ${tokenDigest(refreshToken)} and r.client_id = ${clientId}
        and c.id = r.credential_id and c.active
      returning c.id`
    if (!credential) return INVALID_GRANT
    await tx`select pg_notify(${MERCHANTS_CHANNEL}, '')`
    return { ok: true, tokens: { accessToken, refreshToken } }
  }

  return {
    /** Gives tokens, or says which half of the request is wrong; a wrong client is told first. */
    exchange: (request: TokenRequest): Promise<TokenOutcome> =>
      transact(db, async (tx): Promise<TokenOutcome> => {
        if (!(await isClient(tx, request))) return { ok: false, fault: 'invalid_client' }
        if (request.kind === 'code') return await redeemCode(tx, request)
        return request.kind === 'refresh' ? await refresh(tx, request) : INVALID_GRANT
      }),
  }
}

async function addCredential(
  tx: Tx,
  clientId: string,
  {
    merchant_id,
    grants,
  }: { readonly merchant_id: bigint; readonly grants: readonly string[] | null },
  accessToken: string,
): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    insert into credentials (merchant_id, name, dialect, token_hash, grants)
    select ${merchant_id}, ${`oauth ${clientId} `} || nextval('foodics_authorization_ids'), 'foodics',
      ${tokenDigest(accessToken)}, ${grants as string[] | null}::text[]
    returning id`
  if (!row) throw new Error('a credential without an id')
  return row.id
}
