import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createClient, type Received } from '../../../../test/support/app.ts'
import { DATA, type Kitchen, startKitchen } from '../../../../test/support/foodics.ts'
import type { WorldMerchant } from '../../../world/schema.ts'

const GRANT = {
  grant_type: 'authorization_code',
  client_secret: 'client-secret',
  redirect_uri: 'https://shop.example.test/callback',
}

const faultOf = (answer: Received) => {
  const { error, message } = answer.json as { error: string; message: string } // As documented.
  assert.ok(message.length > 0)
  return [answer.status, error]
}

describe('OAuth', () => {
  let kitchen: Kitchen
  before(async () => {
    kitchen = await startKitchen()
  })
  after(() => kitchen.close())

  let count = 0
  async function openClient(codes: readonly string[], block: Partial<WorldMerchant> = {}) {
    count += 1
    const client_id = `client-${count}`
    const shop = await kitchen.open({
      foodics: {
        oauth_clients: [
          { client_id, client_secret: GRANT.client_secret, redirect_uris: [GRANT.redirect_uri] },
        ],
        authorization_codes: codes.map((code) => ({
          code: `${code}-${count}`,
          client_id,
          scopes: ['orders.gift_cards.read'],
        })),
      },
      ...block,
    })
    const stranger = createClient(kitchen.http)
    const ask = (fields: Record<string, unknown>) =>
      stranger.send('POST', '/oauth/token', { json: { ...GRANT, client_id, ...fields } })
    return { shop, ask, code: `${codes[0]}-${count}`, client_id, number: count }
  }

  test('a code is good for all four fields, and the token for its scopes', async () => {
    const { shop, ask, code } = await openClient(['A'])
    const answer = await ask({ code })
    assert.equal(answer.status, 200)
    const tokens = answer.json as Record<string, unknown> // As documented.
    assert.deepEqual(Object.keys(tokens), [
      'token_type',
      'expires_in',
      'access_token',
      'refresh_token',
    ])
    assert.equal(tokens.token_type, 'Bearer')
    assert.ok(Number.isInteger(tokens.expires_in))
    const client = createClient(kitchen.http, { authorization: `Bearer ${tokens.access_token}` })
    const me = DATA(await client.send('GET', '/v5/whoami'))
    assert.deepEqual(me.scopes, ['orders.gift_cards.read'])
    assert.equal((me.business as { reference: string }).reference, shop.slug)
    assert.equal((await client.send('GET', '/v5/gift_card_transactions')).status, 200)
    assert.equal((await client.send('GET', '/v5/orders')).status, 403)
  })

  test('a code is good once, also when it is shown many times at once', async () => {
    const { ask, code } = await openClient(['B'])
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask({ code })))
    assert.equal(answers.filter(({ status }) => status === 200).length, 1)
    for (const answer of answers)
      if (answer.status !== 200) assert.deepEqual(faultOf(answer), [400, 'invalid_grant'])
  })

  test('a code is good for 600 seconds from when it was first applied', async () => {
    const { shop, ask, code, client_id, number } = await openClient(['C', 'D'])
    const later = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString()
    kitchen.setClock(later(590))
    assert.equal((await ask({ code })).status, 200)
    kitchen.setClock(later(601))
    await shop.clientOf({})
    assert.deepEqual(faultOf(await ask({ code: `D-${number}`, client_id })), [400, 'invalid_grant'])
    kitchen.setClock(undefined)
    assert.equal((await ask({ code: `D-${number}` })).status, 200)
  })

  test('a refresh token gives a new access token; the one before is over', async () => {
    const { ask, code } = await openClient(['E'])
    const first = (await ask({ code })).json as Record<string, string> // As documented.
    const client = (token: string | undefined) =>
      createClient(kitchen.http, { authorization: `Bearer ${token}` })
    assert.equal((await client(first.access_token).send('GET', '/v5/whoami')).status, 200)
    const again = await ask({ grant_type: 'refresh_token', refresh_token: first.refresh_token })
    assert.equal(again.status, 200)
    const second = again.json as Record<string, string> // As documented.
    assert.deepEqual(Object.keys(second), Object.keys(first))
    assert.notEqual(second.access_token, first.access_token)
    assert.equal((await client(second.access_token).send('GET', '/v5/whoami')).status, 200)
    assert.equal((await client(first.access_token).send('GET', '/v5/whoami')).status, 401)
    const third = await ask({ grant_type: 'refresh_token', refresh_token: second.refresh_token })
    assert.equal(third.status, 200)
  })

  test('a wrong client is 401, told before a wrong grant', async () => {
    const { ask, code } = await openClient(['F'])
    for (const fields of [
      { code, client_secret: 'wrong' },
      { code, client_id: 'nobody' },
      { code, client_id: 5 },
      { code, client_id: 'a\u0000b' },
      { code: 'wrong', client_secret: undefined },
      { grant_type: 'nope', client_secret: 'wrong' },
    ])
      assert.deepEqual(faultOf(await ask(fields)), [401, 'invalid_client'])
    assert.equal((await ask({ code })).status, 200)
  })

  test('a wrong grant is 400 and uses nothing up', async () => {
    const { ask, code } = await openClient(['G'])
    const other = await openClient(['H'])
    for (const fields of [
      {},
      { code: 'nope' },
      { code: 5 },
      { code: other.code },
      { code, redirect_uri: 'https://evil.example.test/' },
      { code, redirect_uri: undefined },
      { code, grant_type: 'password' },
      { code, grant_type: undefined },
      { grant_type: 'refresh_token', refresh_token: 'nope' },
      { grant_type: 'refresh_token' },
    ])
      assert.deepEqual(faultOf(await ask(fields)), [400, 'invalid_grant'])
    assert.equal((await ask({ code })).status, 200)
    assert.equal((await other.ask({ code: other.code })).status, 200)
  })

  test('a form does what JSON does, and bad syntax is 400', async () => {
    const { code, client_id } = await openClient(['I'])
    const stranger = createClient(kitchen.http)
    const body = new URLSearchParams({ ...GRANT, client_id, code }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    assert.equal((await stranger.send('POST', '/oauth/token/', { body, headers })).status, 200)
    assert.equal((await stranger.send('POST', '/oauth/token', { body: '{' })).status, 400)
  })

  test('applying a file again gives no used code back, and no secret is stored as it is', async () => {
    const { shop, ask, code } = await openClient(['J'])
    const tokens = (await ask({ code })).json as Record<string, string> // As documented.
    await shop.clientOf({})
    assert.deepEqual(faultOf(await ask({ code })), [400, 'invalid_grant'])
    const rows = await kitchen.owner`
      select c::text as row from credentials c union all select r::text from foodics_refresh_tokens r
      union all select o::text from foodics_oauth_clients o union all select a::text from foodics_authorization_codes a`
    const text = JSON.stringify(rows)
    for (const secret of [code, GRANT.client_secret, tokens.access_token, tokens.refresh_token])
      assert.ok(!text.includes(String(secret)))
  })
})
