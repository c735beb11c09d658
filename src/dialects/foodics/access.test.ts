import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createClient } from '../../../test/support/app.ts'
import { DATA, faultsOf, type Kitchen, startKitchen } from '../../../test/support/foodics.ts'

const TRANSACTIONS = '/v5/gift_card_transactions'

describe('who may ask for what, and in which order it is checked', () => {
  let kitchen: Kitchen
  before(async () => {
    kitchen = await startKitchen()
  })
  after(() => kitchen.close())

  test('only the very word Bearer and a known, active token are let in', async () => {
    const shop = await kitchen.open()
    const revoked = await shop.clientOf({ active: false })
    const stranger = createClient(kitchen.http)
    for (const authorization of [
      undefined,
      '',
      `bearer ${shop.token}`,
      `BEARER ${shop.token}`,
      `Token ${shop.token}`,
      shop.token,
      'Bearer',
      `Bearer ${shop.token}x`,
      `Bearer  ${shop.token}`,
    ]) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      const answer = await stranger.send('GET', TRANSACTIONS, { headers })
      assert.equal(answer.status, 401, authorization)
      assert.deepEqual(answer.json, { message: 'Unauthenticated.' })
      assert.equal(answer.headers.get('content-type'), 'application/json')
    }
    assert.equal((await revoked.send('GET', TRANSACTIONS)).status, 401)
  })

  test('a token of another protocol is none', async () => {
    const shop = await kitchen.open({
      credentials: [{ name: 'till', dialect: 'pretix', token: 'a-pretix-token-0123456789' }],
    })
    assert.equal((await shop.send('GET', '/v5/whoami')).status, 200)
    const till = createClient(kitchen.http, { authorization: 'Bearer a-pretix-token-0123456789' })
    assert.equal((await till.send('GET', '/v5/whoami')).status, 401)
  })

  test('each route asks for its scope, and for no other', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('50')
    const order = await shop.order()
    const { productId } = card
    const routes: readonly (readonly [
      method: string,
      path: string,
      scopes: readonly string[],
      body?: object,
    ])[] = [
      ['GET', TRANSACTIONS, ['orders.gift_cards.read']],
      ['GET', `${TRANSACTIONS}/x`, ['orders.gift_cards.read']],
      [
        'POST',
        TRANSACTIONS,
        ['orders.gift_cards.write'],
        { amount: -1, gift_card_id: card.id, order_id: order },
      ],
      ['GET', `/v5/gift_cards/${card.code}`, ['orders.gift_cards.read']],
      ['GET', '/v5/gift_card_products', ['general.read']],
      ['GET', `/v5/gift_card_products/${productId}`, ['general.read']],
      ['POST', '/v5/gift_card_products', ['admin.write'], {}],
      ['POST', `/v5/gift_card_products/${productId}`, ['admin.write'], {}],
      ['PUT', `/v5/gift_card_products/${productId}`, ['admin.write'], {}],
      ['PATCH', `/v5/gift_card_products/${productId}`, ['admin.write'], {}],
      ['DELETE', `/v5/gift_card_products/${productId}`, ['admin.write']],
      ['PUT', `/v5/gift_card_products/${productId}/restore`, ['admin.write']],
      ['GET', '/v5/orders', ['orders.list', 'orders.limited.read']],
      ['GET', `/v5/orders/${order}`, ['orders.get', 'orders.limited.read']],
      ['POST', '/v5/orders', ['orders.write', 'orders.limited.create'], {}],
      ['GET', '/v5/whoami', []],
    ]
    const all = [...new Set(routes.flatMap(([, , scopes]) => scopes))]
    const none = await shop.clientOf({ scopes: [] })
    const clients = new Map(
      await Promise.all(
        all.map(async (scope) => [scope, await shop.clientOf({ scopes: [scope] })] as const),
      ),
    )
    const without = new Map(
      await Promise.all(
        [...new Set(routes.map(([, , scopes]) => scopes.join()))].map(
          async (key) =>
            [
              key,
              await shop.clientOf({
                scopes: all.filter((scope) => !key.split(',').includes(scope)),
              }),
            ] as const,
        ),
      ),
    )
    for (const [method, path, scopes, json] of routes) {
      const options = json === undefined ? {} : { json }
      const what = `${method} ${path}`
      if (scopes.length === 0) {
        assert.equal((await none.send(method, path, options)).status, 200, what)
        continue
      }
      for (const client of [none, without.get(scopes.join())]) {
        const answer = await client?.send(method, path, options)
        assert.equal(answer?.status, 403, what)
        assert.deepEqual(answer?.json, { message: 'Invalid scope(s) provided.' })
      }
      for (const scope of scopes)
        assert.notEqual((await clients.get(scope)?.send(method, path, options))?.status, 403, what)
    }
  })

  test('whoami tells user, business and scopes', async () => {
    const shop = await kitchen.open({ name: 'Kitchen Co' })
    const reader = await shop.clientOf({
      name: 'till 7',
      scopes: ['orders.gift_cards.read', 'orders.gift_cards.write'],
      email: 'till@example.org',
    })
    const { user, business, scopes } = DATA(await reader.send('GET', '/v5/whoami/')) as Record<
      string,
      Record<string, unknown>
    > // As documented.
    assert.deepEqual([user?.name, user?.email], ['till 7', 'till@example.org'])
    assert.deepEqual([business?.name, business?.reference], ['Kitchen Co', shop.slug])
    assert.deepEqual(scopes, ['orders.gift_cards.read', 'orders.gift_cards.write'])
    const main = await shop.get('/v5/whoami')
    assert.ok((main.scopes as string[]).includes('orders.gift_cards.write'))
    assert.equal((main.user as { email: unknown }).email, null)
  })

  test('unknown routes are 404 and wrong methods 405 with Allow, before any token is asked for', async () => {
    const shop = await kitchen.open()
    const stranger = createClient(kitchen.http)
    for (const client of [stranger, shop]) {
      for (const [method, path] of [
        ['GET', '/v5'],
        ['GET', '/v5/'],
        ['GET', '/v5/nope'],
        ['GET', '/v5/oauth/token'],
        ['GET', '/v5/gift_cards'],
        ['POST', '/v5/gift_cards'],
        ['PUT', '/v5/gift_cards'],
        ['DELETE', '/v5/gift_cards'],
        ['GET', '/gift_cards/'],
        ['GET', '/v5/gift_cards/a/b'],
        ['GET', '/v5/orders//'],
        ['GET', '/v5/gift_card_transactions/a/b'],
        ['GET', '/v5/gift_card_products/x/nope'],
        ['GET', '/orders'],
        ['GET', '/whoami'],
      ] as const) {
        const answer = await client.send(method, path)
        assert.equal(answer.status, 404, `${method} ${path}`)
        assert.deepEqual(Object.keys(answer.json as object), ['message'])
        assert.equal(answer.headers.get('content-type'), 'application/json')
      }
      for (const [method, path, allow] of [
        ['PUT', '/v5/gift_cards/x', 'GET'],
        ['PATCH', '/v5/gift_cards/x', 'GET'],
        ['DELETE', '/gift_cards/x', 'GET'],
        ['POST', '/v5/gift_cards/x', 'GET'],
        ['POST', `${TRANSACTIONS}/x`, 'GET'],
        ['PUT', `${TRANSACTIONS}/x`, 'GET'],
        ['PATCH', `${TRANSACTIONS}/x`, 'GET'],
        ['DELETE', `${TRANSACTIONS}/x`, 'GET'],
        ['DELETE', TRANSACTIONS, 'GET, POST'],
        ['PUT', '/v5/orders/x', 'GET'],
        ['PATCH', '/v5/orders', 'GET, POST'],
        ['POST', '/v5/gift_card_products/x/restore', 'PUT, PATCH'],
        ['OPTIONS', '/v5/whoami', 'GET'],
        ['GET', '/oauth/token', 'POST'],
      ] as const) {
        const answer = await client.send(method, path)
        assert.equal(answer.status, 405, `${method} ${path}`)
        assert.equal(answer.headers.get('allow'), allow, `${method} ${path}`)
        assert.deepEqual(answer.json, { message: 'Method Not Allowed.' })
      }
    }
  })

  test('a path whose escapes are broken is 404, after the token', async () => {
    const shop = await kitchen.open()
    const stranger = createClient(kitchen.http)
    for (const path of ['/v5/gift_cards/%zz', '/gift_cards/%', '/v5/gift_card_products/%c3']) {
      assert.equal((await stranger.send('GET', path)).status, 401, path)
      assert.equal((await shop.send('GET', path)).status, 404, path)
    }
    assert.equal((await stranger.send('GET', '/v5/%zz')).status, 404)
  })

  test('HEAD answers like GET without the body', async () => {
    const shop = await kitchen.open()
    const answer = await shop.send('HEAD', TRANSACTIONS)
    assert.deepEqual([answer.status, answer.text], [200, ''])
  })

  test('the first check that fails is the answer', async () => {
    const shop = await kitchen.open()
    const reader = await shop.clientOf({ scopes: ['orders.gift_cards.read'] })
    const stranger = createClient(kitchen.http)
    const bad = { body: '{' }
    assert.equal((await stranger.send('POST', '/v5/nope', bad)).status, 404)
    assert.equal((await stranger.send('PUT', TRANSACTIONS, bad)).status, 405)
    assert.equal((await stranger.send('POST', TRANSACTIONS, bad)).status, 401)
    assert.equal((await reader.send('POST', TRANSACTIONS, bad)).status, 403)
    assert.equal((await shop.send('POST', `${TRANSACTIONS}?include=nope`, bad)).status, 400)
    assert.equal(
      (await shop.send('POST', `${TRANSACTIONS}?include=nope`, { json: {} })).status,
      400,
    )
    assert.deepEqual(
      faultsOf(await shop.send('POST', `${TRANSACTIONS}?include=order`, { json: {} })),
      ['amount', 'gift_card_id', 'order_id'],
    )
    const missing = '/v5/gift_card_products/nope'
    assert.equal((await shop.send('PUT', missing, bad)).status, 400)
    assert.equal((await shop.send('PUT', `${missing}?include=nope`, { json: {} })).status, 400)
    assert.equal((await shop.send('PUT', missing, { json: { name: 5 } })).status, 404)
    assert.equal((await shop.send('GET', `${missing}?include=nope`)).status, 400)
  })

  test('malformed JSON and JSON that is no object are 400, a body of no bytes is an object', async () => {
    const shop = await kitchen.open()
    for (const body of ['{', '[]', '1', 'null', '"x"', '{"a":1,}', '\u0000']) {
      const answer = await shop.send('POST', TRANSACTIONS, { body })
      assert.equal(answer.status, 400, body)
      assert.deepEqual(Object.keys(answer.json as object), ['message'])
    }
    assert.equal(faultsOf(await shop.send('POST', TRANSACTIONS)).length, 3)
    const typed = { headers: { 'content-type': 'application/json' } }
    assert.equal(faultsOf(await shop.send('POST', TRANSACTIONS, typed)).length, 3)
    for (const type of [
      'text/plain',
      'application/xml',
      'multipart/form-data; boundary=x',
      'nonsense',
    ]) {
      const answer = await shop.send('POST', TRANSACTIONS, {
        body: '{}',
        headers: { 'content-type': type },
      })
      assert.equal(faultsOf(answer).length, 3, type)
    }
  })

  test('a GET may carry a Content-Type, and a body that is nonsense', async () => {
    const shop = await kitchen.open()
    const answer = await shop.send('DELETE', '/v5/gift_card_products/nope', {
      body: '{',
      headers: { 'content-type': 'application/json' },
    })
    assert.equal(answer.status, 404)
    const headers = { 'content-type': 'application/json', accept: 'x/y' }
    assert.equal((await shop.send('GET', TRANSACTIONS, { headers })).status, 200)
  })

  test('a body beyond a mebibyte is refused in this shape', async () => {
    const shop = await kitchen.open()
    const answer = await shop.send('POST', '/v5/orders', {
      body: `{"x":"${'x'.repeat(1_100_000)}"}`,
    })
    assert.deepEqual([answer.status, answer.json], [413, { message: 'Payload Too Large.' }])
    const token = await createClient(kitchen.http).send('POST', '/oauth/token', {
      json: { grant_type: 'x'.repeat(20_000) },
    })
    assert.deepEqual([token.status, token.json], [413, { message: 'Payload Too Large.' }])
  })
})
