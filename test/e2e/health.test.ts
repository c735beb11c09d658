import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient, startTestApp, type TestApp } from '../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { type DelayProxy, openDelayProxy } from '../support/delay-proxy.ts'

/** What a server says of itself while its database cannot be reached (contract.md 1). */

const CARD = '/api/v1/organizers/acme/giftcards/'
const TOKEN = 'acme-health-0123456789abcdef'

describe('a server whose database', () => {
  let database: TestDatabase
  let proxy: DelayProxy
  let server: TestApp
  let client: Client
  before(async () => {
    database = await openTestDatabase()
    proxy = await openDelayProxy(database.url, 0)
    server = await startTestApp({
      database: { ...database, url: proxy.url },
      world: {
        merchants: [
          {
            slug: 'acme',
            name: 'Acme',
            country: 'DE',
            currency: 'EUR',
            timezone: 'Europe/Berlin',
            credentials: [{ name: 'shop', dialect: 'pretix', token: TOKEN }],
            cards: [{ code: 'HEALTH-1', value: '5.00', currency: 'EUR' }],
          },
        ],
      },
    })
    client = createClient(server.http, { authorization: `Token ${TOKEN}` })
  })
  after(async () => {
    await server.close()
    await proxy.close()
    await database.close()
  })

  const statusOf = async (path: string): Promise<number> => (await client.send('GET', path)).status

  /** The process itself is well, whatever became of the database. */
  async function livesUnready(): Promise<void> {
    const unready = await client.send('GET', '/readyz')
    assert.deepEqual([unready.status, unready.json], [503, { status: 'unavailable' }])
    assert.equal(await statusOf('/livez'), 200)
    const metrics = await client.send('GET', '/metrics')
    assert.equal(metrics.status, 200)
    assert.match(metrics.text, /^scrip_http_requests_total\{/m)
    assert.match(metrics.text, /^scrip_database_connections_in_use \d/m)
  }

  test('is frozen is alive but not ready, and ready again when it thaws', async () => {
    assert.equal(await statusOf('/readyz'), 200)
    assert.equal(await statusOf(CARD), 200)
    proxy.freeze()
    try {
      await livesUnready()
    } finally {
      proxy.thaw()
    }
    for (let waited = 0; (await statusOf('/readyz')) !== 200; waited += 50) {
      assert.ok(waited < 20_000, 'it never became ready again')
      await sleep(50)
    }
    assert.equal(await statusOf(CARD), 200)
  })

  test('is gone is alive but not ready, and asks clients to come back', async () => {
    await proxy.close()
    await livesUnready()
    const refused = await client.send('GET', CARD)
    assert.equal(refused.status, 503)
    assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/)
  })
})
