import { randomBytes } from 'node:crypto'
import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Database, Tx } from '../db/database.ts'
import { sqlState, transact } from '../db/transact.ts'
import { DomainError } from '../errors.ts'
import { issueCards } from '../ledger/issue.ts'
import { CURRENCIES } from '../money/currency.ts'
import { parseDecimal } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import { toUnits } from '../money/money.ts'
import { MERCHANTS_CHANNEL, type Merchant, tokenDigest } from '../services/merchants.ts'
import { hashPassword, verifyPassword } from '../services/passwords.ts'
import { parseInstant } from '../wire/dates.ts'
import { WorldError } from './error.ts'
import { applyEvents } from './events.ts'
import { applyFoodics } from './foodics.ts'
import { applyInventorum } from './inventorum.ts'
import { applyLightspeed } from './lightspeed.ts'
import { isAskedFor, newestNames } from './permissions.ts'
import { World, type WorldCredential, type WorldMerchant } from './schema.ts'
import { unknownNames } from './unknown.ts'

/** The largest world file. */
export const WORLD_BYTES_MAX = 16 * 1024 * 1024
/** Where servers hear that a world was applied. */
export const WORLD_CHANNEL = MERCHANTS_CHANNEL
const LOCK = 7_263_947_282

/** What was made and changed; `secrets` were generated and are shown this once. */
export type Applied = {
  created: number
  updated: number
  readonly secrets: {
    readonly merchant: string
    readonly name: string
    readonly dialect: string
    readonly secret: string
  }[]
  /** Told, not thrown. */
  readonly warnings: WorldError[]
}

/** Applies one section of a merchant; throws WorldError with a path below the merchant. */
export type Section = (
  tx: Tx,
  merchant: Merchant,
  world: WorldMerchant,
  applied: Applied,
  now: Instant,
) => Promise<void>

/** In this order: later sections may refer to what earlier ones made. */
const SECTIONS: readonly Section[] = [
  applyCredentials,
  applyLightspeed,
  applyFoodics,
  applyInventorum,
  applyEvents,
  applyWebhooks,
  applyCards,
]

/** Reads a world from its text; refuses (WorldError) with the path of the first thing wrong. */
export function parseWorld(text: string): World {
  if (Buffer.byteLength(text) > WORLD_BYTES_MAX)
    throw new WorldError('', 'the world file is larger than 16 MiB')
  let input: unknown
  try {
    input = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    throw new WorldError('', 'the world file is not JSON')
  }
  const error = Value.Errors(World as TSchema, input).First()
  if (error) throw new WorldError(toPath(error.path), error.message)
  return input as World // Checked against the schema.
}

/** `/merchants/0/tax_rates/2/rate` as `merchants[0].tax_rates[2].rate`. */
const toPath = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '')

/**
 * Makes a world so, all or nothing: what exists by its natural key is updated, nothing is deleted, and
 * cards, vouchers, orders and invoices that exist are left as they are.
 */
export const applyWorld = (db: Database, world: World, now: Instant): Promise<Applied> =>
  transact(db, async (tx) => {
    await lockWorld(tx)
    return await applyLocked(tx, world, now)
  })

/** The same, but only where there is no merchant yet, whoever else is starting; undefined if there is. */
export const applyFirstWorld = (
  db: Database,
  world: World,
  now: Instant,
): Promise<Applied | undefined> =>
  transact(db, async (tx) => {
    await lockWorld(tx)
    const [merchant] = await tx`select 1 from merchants limit 1`
    return merchant ? undefined : await applyLocked(tx, world, now)
  })

/** One process after the other, however long it takes. */
async function lockWorld(tx: Tx): Promise<void> {
  await tx`set local lock_timeout = 0`
  await tx`select pg_advisory_xact_lock(${LOCK}::int8)`
}

async function applyLocked(tx: Tx, world: World, now: Instant): Promise<Applied> {
  const warnings = unknownNames(World, world).map(
    (path) => new WorldError(path, 'not known, and ignored'),
  )
  const applied: Applied = { created: 0, updated: 0, secrets: [], warnings }
  for (const [index, key] of (world.instance_keys ?? []).entries()) {
    const path = `instance_keys[${index}]`
    await below(path, applied, () => applyInstanceKey(tx, key, applied))
  }
  const list = world.merchants ?? []
  const merchants: Merchant[] = []
  for (const [index, merchant] of list.entries())
    merchants.push(
      await below(`merchants[${index}]`, applied, () => applyMerchant(tx, merchant, applied)),
    )
  for (const [index, merchant] of merchants.entries()) {
    const section = list[index]
    if (!section) continue
    await below(`merchants[${index}]`, applied, async () => {
      await applyAcceptances(tx, merchant, section)
      for (const apply of SECTIONS) await apply(tx, merchant, section, applied, now)
    })
  }
  await tx`select pg_notify(${WORLD_CHANNEL}, '')`
  return applied
}

/** Runs a part of the work: what it warns of and refuses is below `prefix`. */
async function below<T>(prefix: string, { warnings }: Applied, work: () => Promise<T>): Promise<T> {
  const from = warnings.length
  try {
    const done = await work()
    warnings.push(...warnings.splice(from).map((warning) => warning.below(prefix)))
    return done
  } catch (error) {
    throw asWorldError(error)?.below(prefix) ?? error
  }
}

/** What only the ledger or the database would not take is the world's fault too; nothing of it is quoted. */
function asWorldError(error: unknown): WorldError | undefined {
  if (error instanceof WorldError) return error
  if (error instanceof DomainError) return new WorldError('', `is refused: ${error.refusal.code}`)
  return sqlState(error)?.startsWith('22')
    ? new WorldError('', 'has a value that cannot be stored')
    : undefined
}

async function applyInstanceKey(
  tx: Tx,
  key: { readonly name: string; readonly token?: string },
  applied: Applied,
): Promise<void> {
  const [existing] = await tx`select 1 from instance_keys where name = ${key.name}`
  const token = key.token ?? (existing ? undefined : generateToken('instance'))
  if (token === undefined) return
  warnShort(token, applied)
  if (key.token === undefined)
    applied.secrets.push({ merchant: '', name: key.name, dialect: 'instance', secret: token })
  const [other] = await tx`
    select 1 from instance_keys where token_hash = ${tokenDigest(token)} and name <> ${key.name}`
  if (other) throw new WorldError('token', 'is used by another key')
  await tx`
    insert into instance_keys (name, token_hash) values (${key.name}, ${tokenDigest(token)})
    on conflict (name) do update set token_hash = excluded.token_hash`
  count(applied, existing === undefined)
}

async function applyMerchant(tx: Tx, merchant: WorldMerchant, applied: Applied): Promise<Merchant> {
  if (!CURRENCIES.has(merchant.currency))
    throw new WorldError('currency', 'is not an ISO 4217 code')
  if (!isTimeZone(merchant.timezone)) throw new WorldError('timezone', 'is not a time zone')
  const options = {
    ...(merchant.pretix ? { pretix: merchant.pretix } : {}),
    ...(merchant.foodics?.rate_limit_per_minute === undefined
      ? {}
      : { foodics: { rate_limit_per_minute: merchant.foodics.rate_limit_per_minute } }),
  }
  const [row] = await tx<(Merchant & { readonly inserted: boolean })[]>`
    insert into merchants as m (slug, name, country, currency, timezone, options)
    values (${merchant.slug}, ${merchant.name}, ${merchant.country}, ${merchant.currency}, ${merchant.timezone},
      ${JSON.stringify(options)}::text::jsonb)
    on conflict (slug) do update set name = excluded.name, country = excluded.country,
      currency = excluded.currency, timezone = excluded.timezone, options = m.options || excluded.options
    returning id, slug, name, country, currency, timezone, options, (xmax = 0) as inserted`
  if (!row) throw new Error('a merchant without a row')
  await tx`insert into card_registers (merchant_id) values (${row.id}) on conflict do nothing`
  count(applied, row.inserted)
  return row
}

async function applyAcceptances(tx: Tx, merchant: Merchant, world: WorldMerchant): Promise<void> {
  for (const [index, entry] of (world.accepts_cards_of ?? []).entries()) {
    const { issuer, active = true } = typeof entry === 'string' ? { issuer: entry } : entry
    const [row] = await tx<{ id: bigint }[]>`select id from merchants where slug = ${issuer}`
    const path = `accepts_cards_of[${index}]`
    if (!row) throw new WorldError(path, `there is no merchant ${issuer}`)
    if (row.id === merchant.id)
      throw new WorldError(path, 'a merchant always accepts its own cards')
    await tx`
      insert into acceptances (merchant_id, issuer_id, active) values (${merchant.id}, ${row.id}, ${active})
      on conflict (merchant_id, issuer_id) do update set active = excluded.active`
  }
}

async function applyCredentials(
  tx: Tx,
  merchant: Merchant,
  world: WorldMerchant,
  applied: Applied,
): Promise<void> {
  for (const [index, credential] of (world.credentials ?? []).entries())
    await below(`credentials[${index}]`, applied, () =>
      applyCredential(tx, merchant, credential, applied),
    )
}

async function applyCredential(
  tx: Tx,
  merchant: Merchant,
  credential: WorldCredential,
  applied: Applied,
): Promise<void> {
  const { name, dialect } = credential
  const isUser = dialect === 'lightspeed'
  const [existing] = await tx<Existing[]>`
    select id, password_hash as "passwordHash" from credentials
    where merchant_id = ${merchant.id} and name = ${name}`
  const given = isUser ? credential.password : credential.token
  const secret = given ?? (existing ? undefined : generateToken(dialect))
  if (secret !== undefined && !isUser) warnShort(secret, applied)
  const list = dialect === 'foodics' ? credential.scopes : credential.permissions
  if (dialect === 'pretix') warnUnknown(list, applied)
  const grants =
    list === undefined || list === 'all' ? null : dialect === 'pretix' ? newestNames(list) : list
  const events =
    credential.events === undefined || credential.events === 'all' ? null : credential.events
  const hash = secret === undefined || isUser ? null : tokenDigest(secret)
  const passwordHash =
    secret !== undefined && isUser ? await changedPassword(existing, secret) : undefined
  if (hash && existing)
    await tx`
      insert into retired_tokens (token_hash, merchant_id)
      select token_hash, merchant_id from credentials
      where merchant_id = ${merchant.id} and name = ${name} and token_hash <> ${hash}
      on conflict (token_hash) do update set merchant_id = excluded.merchant_id, retired_at = excluded.retired_at`
  // Whoever knew the old password only must not stay inside.
  if (passwordHash && existing)
    await tx`
      delete from lightspeed_sessions
      where merchant_id = ${merchant.id} and credential_id = ${existing.id}`
  try {
    await tx.savepoint(
      (inner) => inner`
      insert into credentials as c (merchant_id, name, dialect, token_hash, username, password_hash, grants,
        events, role, email, first_name, last_name, hidden, active)
      values (${merchant.id}, ${name}, ${dialect}, ${hash}, ${isUser ? (credential.username ?? name) : null},
        ${passwordHash ?? null}, ${grants}::text[], ${events}::text[],
        ${credential.role ?? (dialect === 'scrip' ? 'owner' : null)}, ${credential.email ?? null},
        ${credential.first_name ?? null}, ${credential.last_name ?? null}, ${credential.hidden ?? false},
        ${credential.active ?? true})
      on conflict (merchant_id, name) do update set dialect = excluded.dialect,
        token_hash = coalesce(excluded.token_hash, c.token_hash), username = excluded.username,
        password_hash = coalesce(excluded.password_hash, c.password_hash), grants = excluded.grants,
        events = excluded.events, role = excluded.role, email = excluded.email,
        first_name = excluded.first_name, last_name = excluded.last_name, hidden = excluded.hidden,
        active = excluded.active`,
    )
  } catch (error) {
    if (sqlState(error) === '23505') throw new WorldError('token', 'is used by another credential')
    throw error
  }
  if (secret !== undefined && given === undefined)
    applied.secrets.push({ merchant: merchant.slug, name, dialect, secret })
  count(applied, existing === undefined)
}

type Existing = { readonly id: bigint; readonly passwordHash: string | null }

/** The hash of a password, unless it is the one that is already there. */
async function changedPassword(
  existing: Existing | undefined,
  password: string,
): Promise<string | undefined> {
  const isKept = await verifyPassword(existing?.passwordHash ?? '', password)
  return isKept ? undefined : await hashPassword(password)
}

async function applyWebhooks(
  tx: Tx,
  merchant: Merchant,
  world: WorldMerchant,
  applied: Applied,
): Promise<void> {
  for (const webhook of world.webhooks ?? []) {
    const [row] = await tx<{ inserted: boolean }[]>`
      insert into webhooks (merchant_id, name, url, actions, secret, active)
      values (${merchant.id}, ${webhook.name ?? webhook.url}, ${webhook.url}, ${webhook.actions}::text[],
        ${webhook.secret ?? null}, ${webhook.active ?? true})
      on conflict (merchant_id, name) do update set url = excluded.url, actions = excluded.actions,
        secret = excluded.secret, active = excluded.active
      returning (xmax = 0) as inserted`
    count(applied, row?.inserted ?? false)
  }
}

async function applyCards(
  tx: Tx,
  merchant: Merchant,
  world: WorldMerchant,
  applied: Applied,
  now: Instant,
): Promise<void> {
  const list = world.cards ?? []
  if (list.length === 0) return
  const existing = await tx<{ code: string }[]>`
    select code from cards where merchant_id = ${merchant.id} and code = any(${list.map(({ code }) => code)})`
  const known = new Set(existing.map(({ code }) => code))
  const drafts = list.flatMap((card, index) => {
    if (known.has(card.code)) return []
    known.add(card.code)
    const path = `cards[${index}]`
    const currency = card.currency ?? merchant.currency
    if (!CURRENCIES.has(currency))
      throw new WorldError(`${path}.currency`, 'is not an ISO 4217 code')
    const value = parseDecimal(card.value)
    const amount = value && toUnits(value)
    if (amount === undefined) throw new WorldError(`${path}.value`, 'has more than five decimals')
    const expires = card.expires == null ? undefined : parseInstant(card.expires)
    if (typeof expires === 'string')
      throw new WorldError(`${path}.expires`, 'is not a date and time')
    return [
      {
        code: card.code,
        currency,
        amount,
        testmode: card.testmode ?? false,
        blocked: card.active === false,
        expiresAt: expires,
        conditions: card.conditions ?? undefined,
        origin: { protocol: 'world', actingMerchantId: merchant.id },
      },
    ]
  })
  await below('cards', applied, () => issueCards(tx, merchant.id, drafts, { now }))
  applied.created += drafts.length
}

function count(applied: Applied, created: boolean): void {
  if (created) applied.created += 1
  else applied.updated += 1
}

const TOKEN_LENGTH_MIN = 20

function warnShort(token: string, { warnings }: Applied): void {
  if (token.length < TOKEN_LENGTH_MIN)
    warnings.push(new WorldError('', `the token is shorter than ${TOKEN_LENGTH_MIN} characters`))
}

function warnUnknown(permissions: WorldCredential['permissions'], { warnings }: Applied): void {
  if (permissions === undefined || permissions === 'all') return
  for (const [index, permission] of permissions.entries())
    if (!isAskedFor(permission))
      warnings.push(new WorldError(`permissions[${index}]`, 'is no permission that any call needs'))
}

/** 192 random bits behind a prefix that a secret scanner can know. */
export const generateToken = (kind: string): string =>
  `scrip_${kind}_${randomBytes(24).toString('base64url')}`

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
