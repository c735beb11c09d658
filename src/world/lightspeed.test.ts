import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { openTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { teashop, WRITER } from '../../test/support/lightspeed.ts'
import { wallClock } from '../money/instant.ts'
import { applyWorld } from './apply.ts'
import { WorldError } from './error.ts'
import type { World, WorldMerchant } from './schema.ts'

let database: TestDatabase
before(async () => {
  database = await openTestDatabase()
})
after(() => database.close())

const apply = (world: World) => applyWorld(database.owner, world, wallClock())
const refused = async (world: World, path: string, reason: RegExp): Promise<void> => {
  await assert.rejects(apply(world), (error) => {
    assert.ok(error instanceof WorldError, String(error))
    assert.equal(error.path, path)
    assert.match(error.reason, reason)
    return true
  })
}
const shop = (slug: string, more: Partial<WorldMerchant>): World => ({
  merchants: [
    { slug, name: slug, country: 'DE', currency: 'EUR', timezone: 'Europe/Berlin', ...more },
  ],
})
const rows = async (): Promise<unknown> =>
  await database.owner`
    select (select json_agg(p order by id) from lightspeed_products p)::text as products,
      (select json_agg(i order by id) from lightspeed_invoices i)::text as invoices,
      (select json_agg(s order by merchant_id) from lightspeed_stores s)::text as stores`

it('a world applied again changes nothing', async () => {
  const first = await apply(teashop())
  assert.ok(first.created > 0)
  const before = await rows()
  const again = await apply(teashop())
  assert.equal(again.created, 0)
  assert.deepEqual(await rows(), before)
})

it('products and the store are updated, invoices are left as they are', async () => {
  await apply(
    teashop({
      lightspeed: {
        seats: 7,
        idle_minutes: 0.5,
        generate_serials: true,
        default_product: 'CARD',
        products: [
          { code: 'CARD', gift_card: true },
          { code: 'MUG', description: 'Big mug', sell_price: '13' },
        ],
        invoices: [{ number: '310', total: '99.00', voided: true }],
      },
    }),
  )
  const [mug] = await database.owner`
    select description, sell_price, inventoried from lightspeed_products where code = 'MUG'`
  assert.deepEqual(
    { ...mug },
    { description: 'Big mug', sell_price: 1_300_000n, inventoried: false },
  )
  const [invoice] = await database.owner`
    select total, voided from lightspeed_invoices where number = '310'`
  assert.deepEqual({ ...invoice }, { total: 6_000_000n, voided: false })
  const [store] = await database.owner`
    select s.seats, s.idle_micros, s.generates_serials, p.code from lightspeed_stores s
    join lightspeed_products p on p.id = s.default_product_id`
  assert.deepEqual(
    { ...store },
    { seats: 7, idle_micros: 30_000_000n, generates_serials: true, code: 'CARD' },
  )
})

it('a store without a gift card product gets one', async () => {
  await apply(shop('bare', { lightspeed: { products: [{ code: 'MUG' }] } }))
  const made = await database.owner<{ code: string }[]>`
    select p.code from lightspeed_products p join merchants m on m.id = p.merchant_id
    where m.slug = 'bare' and p.gift_card and p.current`
  assert.deepEqual(
    made.map(({ code }) => code),
    ['GIFT'],
  )
})

it('what cannot be is refused with its place in the file, and nothing of the file is applied', async () => {
  const cases: readonly (readonly [NonNullable<WorldMerchant['lightspeed']>, string, RegExp])[] = [
    [
      { default_product: 'NONE' },
      'merchants[0].lightspeed.default_product',
      /no gift card product/,
    ],
    [
      { products: [{ code: 'MUG' }], default_product: 'MUG' },
      'merchants[0].lightspeed.default_product',
      /no gift card product/,
    ],
    [{ products: [{ code: 'GIFT' }] }, 'merchants[0].lightspeed.products', /another product/],
    [
      { products: [{ code: 'A', gift_card: true, serialized: true }] },
      'merchants[0].lightspeed.products[0].gift_card',
      /neither/,
    ],
    [
      { products: [{ code: 'A', sell_price: '0.000001' }] },
      'merchants[0].lightspeed.products[0].sell_price',
      /decimals/,
    ],
    [
      { invoices: [{ number: '1' }, { number: '2', total: '1.000001' }] },
      'merchants[0].lightspeed.invoices[1].total',
      /decimals/,
    ],
  ]
  for (const [lightspeed, path, reason] of cases) {
    await refused(shop('bad', { lightspeed }), path, reason)
    const found = await database.owner`select 1 from merchants where slug = 'bad'`
    assert.equal(found.length, 0)
  }
})

it('an application and a user name must not lead to two users', async () => {
  const application = { app_id: WRITER.appId, private_id: 'another' }
  const mara = { name: 'm', dialect: 'lightspeed', username: 'mara', password: 'x' } as const
  await refused(
    shop('coffee', { credentials: [mara], lightspeed: { applications: [application] } }),
    'merchants[0].credentials[0].username',
    /mara of the application com\.example\.teashop/,
  )
  // Another user of the same application, or the same user of another application, is clear.
  await apply(
    shop('coffee', {
      credentials: [{ ...mara, username: 'kim' }],
      lightspeed: { applications: [application] },
    }),
  )
  await apply(
    shop('cocoa', {
      credentials: [mara],
      lightspeed: { applications: [{ app_id: 'com.example.cocoa', private_id: 'x' }] },
    }),
  )
  // Renaming a user can make two as well, without a block of the protocol.
  await refused(
    shop('coffee', { credentials: [{ ...mara, username: 'tom' }] }),
    'merchants[0].credentials[0].username',
    /tom/,
  )
  // So can two credentials of one merchant, and two demo switches.
  await refused(
    shop('cocoa', { credentials: [{ ...mara, name: 'n' }] }),
    'merchants[0].credentials[0].username',
    /mara/,
  )
  const demo = { lightspeed: { demo_application: true } }
  await apply(shop('one', { credentials: [{ ...mara, username: 'ann' }], ...demo }))
  await refused(
    shop('two', { credentials: [{ ...mara, username: 'ann' }], ...demo }),
    'merchants[0].credentials[0].username',
    /com\.lightspeed\.onsite\.demo/,
  )
})

it('secrets are stored hashed, and generated ones are told once', async () => {
  const first = await apply(
    shop('quiet', {
      credentials: [{ name: 'kim', dialect: 'lightspeed' }],
      lightspeed: { applications: [{ app_id: 'com.example.quiet', private_id: 'private-quiet' }] },
    }),
  )
  const secret = first.secrets.find(({ name }) => name === 'kim')?.secret
  assert.ok(secret)
  const [{ dump } = { dump: '' }] = await database.owner<{ dump: string }[]>`
    select (select json_agg(c)::text from credentials c) || (select json_agg(a)::text from lightspeed_applications a) as dump`
  assert.ok(!dump.includes(secret) && !dump.includes('private-quiet'))
})
