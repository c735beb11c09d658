import { createHash } from 'node:crypto'
import { DEMO_APPLICATION } from '../commerce/lightspeed-sessions.ts'
import { FLAGS_DEFAULT, insertProduct } from '../commerce/lightspeed-store.ts'
import type { Tx } from '../db/database.ts'
import { parseDecimal } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import { toUnits } from '../money/money.ts'
import type { Merchant } from '../services/merchants.ts'
import type { Section } from './apply.ts'
import { WorldError } from './error.ts'
import type { WorldMerchant } from './schema.ts'

type Store = NonNullable<WorldMerchant['lightspeed']>
type Counts = { created: number; updated: number }

const MICROS_PER_MINUTE = 60_000_000
const IDLE_MINUTES_DEFAULT = 30
/** Made where a store has no gift card product at all: every card must refer to one. */
const PRODUCT_CODE_DEFAULT = 'GIFT'

/**
 * Applies a merchant's `lightspeed` block (contract.md section 3). Refuses what would leave a login
 * with two stores to choose from, also when this merchant has no block of its own.
 */
export const applyLightspeed: Section = async (tx, merchant, world, applied, now) => {
  const store = world.lightspeed
  if (store) {
    await applyProducts(tx, merchant, store, applied, now)
    await applyStore(tx, merchant, store, applied, now)
    await applyApplications(tx, merchant, store, applied)
    await applyInvoices(tx, merchant, store, applied, now)
  }
  await assertLoginsClear(tx, merchant, world)
}

function count(counts: Counts, created: boolean): void {
  if (created) counts.created += 1
  else counts.updated += 1
}

/** An amount of the file in ledger units. */
function readAmount(text: string | undefined, path: string): bigint {
  const value = parseDecimal(text ?? '0')
  const units = value && toUnits(value)
  if (units === undefined) throw new WorldError(path, 'has more than five decimals')
  return units
}

async function applyProducts(
  tx: Tx,
  merchant: Merchant,
  { products = [] }: Store,
  counts: Counts,
  now: Instant,
): Promise<void> {
  for (const [index, product] of products.entries()) {
    const path = `lightspeed.products[${index}]`
    const { code, gift_card = false, inventoried = false, serialized = false } = product
    if (gift_card && (inventoried || serialized))
      throw new WorldError(
        `${path}.gift_card`,
        'a gift card product is neither inventoried nor serialized',
      )
    const sellPrice = readAmount(product.sell_price, `${path}.sell_price`)
    const [row] = await tx<{ inserted: boolean }[]>`
      insert into lightspeed_products as p (merchant_id, code, description, sell_price, gift_card, current,
        inventoried, serialized, flags, created_at, modified_at)
      values (${merchant.id}, ${code}, ${product.description ?? ''}, ${sellPrice}, ${gift_card},
        ${product.current ?? true}, ${inventoried}, ${serialized}, ${FLAGS_DEFAULT as readonly string[]},
        ${now}, ${now})
      on conflict (merchant_id, code) do update set description = excluded.description,
        sell_price = excluded.sell_price, gift_card = excluded.gift_card, current = excluded.current,
        inventoried = excluded.inventoried, serialized = excluded.serialized,
        modified_at = case when (p.description, p.sell_price, p.gift_card, p.current, p.inventoried, p.serialized)
          is distinct from (excluded.description, excluded.sell_price, excluded.gift_card, excluded.current,
            excluded.inventoried, excluded.serialized)
          then excluded.modified_at else p.modified_at end
      returning (xmax = 0) as inserted`
    count(counts, row?.inserted ?? false)
  }
}

async function applyStore(
  tx: Tx,
  merchant: Merchant,
  store: Store,
  counts: Counts,
  now: Instant,
): Promise<void> {
  const productId = await defaultProduct(tx, merchant, store.default_product, counts, now)
  const idle = Math.max(
    1,
    Math.round((store.idle_minutes ?? IDLE_MINUTES_DEFAULT) * MICROS_PER_MINUTE),
  )
  await tx`
    insert into lightspeed_stores (merchant_id, demo_application, seats, idle_micros, generates_serials,
      default_product_id)
    values (${merchant.id}, ${store.demo_application ?? false}, ${store.seats ?? 0}, ${idle}::int8,
      ${store.generate_serials ?? false}, ${productId ?? null})
    on conflict (merchant_id) do update set demo_application = excluded.demo_application,
      seats = excluded.seats, idle_micros = excluded.idle_micros,
      generates_serials = excluded.generates_serials, default_product_id = excluded.default_product_id`
}

/** The product that the file names; undefined leaves it to be the first gift card product there is. */
async function defaultProduct(
  tx: Tx,
  merchant: Merchant,
  code: string | undefined,
  counts: Counts,
  now: Instant,
): Promise<bigint | undefined> {
  if (code !== undefined) {
    const [named] = await tx<{ id: bigint; gift_card: boolean }[]>`
      select id, gift_card from lightspeed_products where merchant_id = ${merchant.id} and code = ${code}`
    if (!named?.gift_card)
      throw new WorldError('lightspeed.default_product', `there is no gift card product ${code}`)
    return named.id
  }
  const [first] = await tx`
    select 1 from lightspeed_products where merchant_id = ${merchant.id} and gift_card limit 1`
  if (first) return undefined
  const made = await insertProduct(
    tx,
    merchant.id,
    {
      code: PRODUCT_CODE_DEFAULT,
      description: 'Gift card',
      sellPrice: 0n,
      giftCard: true,
      current: true,
      inventoried: false,
      serialized: false,
      flags: FLAGS_DEFAULT,
    },
    now,
  )
  if (made === undefined)
    throw new WorldError(
      'lightspeed.products',
      `none is a gift card, and ${PRODUCT_CODE_DEFAULT} is another product`,
    )
  count(counts, true)
  return undefined
}

async function applyApplications(
  tx: Tx,
  merchant: Merchant,
  { applications = [] }: Store,
  counts: Counts,
): Promise<void> {
  for (const { app_id, private_id, access = 'readwrite' } of applications) {
    const hash = createHash('sha256').update(private_id).digest()
    const [row] = await tx<{ inserted: boolean }[]>`
      insert into lightspeed_applications (merchant_id, app_id, private_hash, access)
      values (${merchant.id}, ${app_id}, ${hash}, ${access})
      on conflict (merchant_id, app_id) do update set private_hash = excluded.private_hash,
        access = excluded.access
      returning (xmax = 0) as inserted`
    count(counts, row?.inserted ?? false)
  }
}

/** Invoices that exist are left as they are. */
async function applyInvoices(
  tx: Tx,
  merchant: Merchant,
  { invoices = [] }: Store,
  counts: Counts,
  now: Instant,
): Promise<void> {
  for (const [index, invoice] of invoices.entries()) {
    const total = readAmount(invoice.total, `lightspeed.invoices[${index}].total`)
    const rows = await tx`
      insert into lightspeed_invoices (merchant_id, number, total, voided, created_at, modified_at)
      values (${merchant.id}, ${invoice.number}, ${total}, ${invoice.voided ?? false}, ${now}, ${now})
      on conflict (merchant_id, number) do nothing returning 1`
    if (rows.length > 0) counts.created += 1
  }
}

/** An application and a user name together must lead to one user of one store, also across merchants. */
async function assertLoginsClear(tx: Tx, merchant: Merchant, world: WorldMerchant): Promise<void> {
  const [twice] = await tx<{ appId: string; username: string }[]>`
    with applications as (
      select merchant_id, app_id from lightspeed_applications
      union select merchant_id, ${DEMO_APPLICATION} from lightspeed_stores where demo_application
    )
    select a.app_id as "appId", c.username from applications a
    join credentials c on c.merchant_id = a.merchant_id and c.dialect = 'lightspeed'
    where a.app_id in (select app_id from applications where merchant_id = ${merchant.id})
      and c.username in (
        select username from credentials where merchant_id = ${merchant.id} and dialect = 'lightspeed')
    group by a.app_id, c.username having count(*) > 1
    order by a.app_id, c.username limit 1`
  if (!twice) return
  const index = (world.credentials ?? []).findLastIndex(
    ({ dialect, username, name }) =>
      dialect === 'lightspeed' && (username ?? name) === twice.username,
  )
  throw new WorldError(
    index === -1 ? 'lightspeed.applications' : `credentials[${index}].username`,
    `the user ${twice.username} of the application ${twice.appId} would be two users`,
  )
}
