import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { applyWorld } from './apply.ts'
import type { WorldMerchant } from './schema.ts'

const NOW = BigInt(Date.parse('2031-01-01T10:00:00Z')) * 1_000n

const merchant = (slug: string, foodics: WorldMerchant['foodics']): WorldMerchant => ({
  slug,
  name: slug,
  country: 'SA',
  currency: 'SAR',
  timezone: 'UTC',
  ...(foodics ? { foodics } : {}),
})

describe('the foodics block of a world', () => {
  let database: TestDatabase
  before(async () => {
    database = await openTestDatabase()
  })
  after(() => database.close())

  const apply = (block: WorldMerchant, now = NOW) =>
    applyWorld(database.owner, { merchants: [block] }, now)

  test('applied again it changes secrets and addresses, but gives no code new time', async () => {
    const block = (client_secret: string, redirect_uris: string[]) =>
      merchant('one', {
        oauth_clients: [{ client_id: 'one-app', client_secret, redirect_uris }],
        authorization_codes: [{ code: 'one-code', client_id: 'one-app', scopes: ['general.read'] }],
      })
    await apply(block('first', []))
    const clients = () => database.owner`
      select encode(secret_hash, 'hex') as secret, redirect_uris from foodics_oauth_clients where client_id = 'one-app'`
    const codes = () => database.owner`
      select expires_at, used_at, grants from foodics_authorization_codes where client_id = 'one-app'`
    const [before] = await clients()
    assert.deepEqual(await codes().then(([row]) => ({ ...row })), {
      expires_at: NOW + 600_000_000n,
      used_at: null,
      grants: ['general.read'],
    })
    const again = await apply(block('second', ['https://one.example/']), NOW + 300_000_000n)
    assert.equal(again.created, 0)
    const [now] = await clients()
    assert.notEqual(now?.secret, before?.secret)
    assert.deepEqual(now?.redirect_uris, ['https://one.example/'])
    const rows = await codes()
    assert.deepEqual([rows.length, rows[0]?.expires_at], [1, NOW + 600_000_000n])
  })

  test('a client is of one merchant only, and nothing of a refused file is kept', async () => {
    await apply(merchant('two', { oauth_clients: [{ client_id: 'app', client_secret: 's' }] }))
    await assert.rejects(
      apply(merchant('three', { oauth_clients: [{ client_id: 'app', client_secret: 't' }] })),
      {
        message:
          /^merchants\[0\]\.foodics\.oauth_clients\[0\]\.client_id: is the client of another/,
      },
    )
    const rows = await database.owner`select 1 from merchants where slug = 'three'`
    assert.equal(rows.length, 0)
  })

  test('a code needs a client of its merchant', async () => {
    await assert.rejects(
      apply(merchant('four', { authorization_codes: [{ code: 'c', client_id: 'app' }] })),
      {
        message:
          /^merchants\[0\]\.foodics\.authorization_codes\[0\]\.client_id: there is no client app/,
      },
    )
  })

  test('a rate limit becomes an option of the merchant', async () => {
    await apply(merchant('five', { rate_limit_per_minute: 90 }))
    const [row] = await database.owner<{ options: unknown }[]>`
      select options from merchants where slug = 'five'`
    assert.deepEqual(row?.options, { foodics: { rate_limit_per_minute: 90 } })
  })
})
