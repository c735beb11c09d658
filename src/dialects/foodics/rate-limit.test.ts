import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createClient } from '../../../test/support/app.ts'
import { type Kitchen, startKitchen } from '../../../test/support/foodics.ts'

const limits = ({ headers }: { headers: Headers }) => [
  headers.get('x-ratelimit-limit'),
  headers.get('x-ratelimit-remaining'),
]

describe('the rate limit', () => {
  let kitchen: Kitchen
  before(async () => {
    kitchen = await startKitchen()
  })
  after(() => kitchen.close())

  test('is off unless it is set, and then has no headers', async () => {
    const shop = await kitchen.open()
    for (let count = 0; count < 100; count += 1)
      assert.deepEqual(limits(await shop.send('GET', '/v5/whoami')), [null, null])
  })

  test('counts a token in each clock minute, and tells whole seconds to wait', async () => {
    const shop = await kitchen.open({ foodics: { rate_limit_per_minute: 3 } })
    kitchen.setClock('2031-01-01T10:00:12.345Z')
    assert.deepEqual(limits(await shop.send('GET', '/v5/whoami')), ['3', '2'])
    assert.deepEqual(limits(await shop.send('GET', '/v5/orders/nope')), ['3', '1'])
    assert.deepEqual(limits(await shop.send('POST', '/v5/orders', { body: '{' })), ['3', '0'])
    const refused = await shop.send('POST', '/v5/orders', { json: { type: 1, branch_id: 'b' } })
    assert.deepEqual([refused.status, refused.json], [429, { message: 'Too Many Attempts.' }])
    assert.deepEqual(limits(refused), ['3', '0'])
    assert.equal(refused.headers.get('retry-after'), '48')
    kitchen.setClock('2031-01-01T10:00:59.999Z')
    assert.equal((await shop.send('GET', '/v5/whoami')).headers.get('retry-after'), '1')
    kitchen.setClock('2031-01-01T10:01:00Z')
    const { data } = (await shop.send('GET', '/v5/orders')).json as { data: unknown[] } // A list.
    assert.deepEqual(data, [], 'a refused request writes nothing')
    kitchen.setClock(undefined)
  })

  test('counts each token on its own, after the token and before the scope', async () => {
    const shop = await kitchen.open({ foodics: { rate_limit_per_minute: 1 } })
    kitchen.setClock('2031-01-01T11:00:00Z')
    const none = await shop.clientOf({ scopes: [] })
    assert.equal((await none.send('GET', '/v5/orders')).status, 403)
    assert.equal((await none.send('GET', '/v5/orders')).status, 429)
    assert.equal((await shop.send('GET', '/v5/orders')).status, 200)
    const stranger = createClient(kitchen.http, { authorization: 'Bearer nope' })
    for (let count = 0; count < 3; count += 1) {
      const answer = await stranger.send('GET', '/v5/orders')
      assert.deepEqual([answer.status, ...limits(answer)], [401, null, null])
    }
    kitchen.setClock(undefined)
  })
})
