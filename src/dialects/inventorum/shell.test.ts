import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../../test/support/app.ts'
import {
  createTill,
  OTHER_TILL,
  shopWorld,
  TILL,
  type Till,
} from '../../../test/support/inventorum.ts'

let app: TestApp
let till: Till
before(async () => {
  app = await startTestApp({ world: shopWorld() })
  till = createTill(app.http)
})
after(() => app.close())

const NOT_FOUND_V1 = {
  detail: 'Not found.',
  error: { fields: {}, description: null, key: 'common.unknown' },
}

test('a request without a readable token is told why, before anything else', async () => {
  const cases: [string | undefined, string][] = [
    [undefined, 'Authentication credentials were not provided.'],
    ['Basic abc', 'Authentication credentials were not provided.'],
    ['', 'Authentication credentials were not provided.'],
    ['Token', 'Invalid token header. No credentials provided.'],
    ['Token a b', 'Invalid token header. Token string should not contain spaces.'],
    ['Token unknown', 'Invalid token.'],
    ['Bearer unknown', 'Invalid token.'],
    ['Token acme-gone-0123456789abc', 'Invalid token.'],
  ]
  const stranger = createTill(app.http, null)
  for (const [authorization, detail] of cases)
    for (const [method, path] of [
      ['GET', '/api/taxes/'],
      ['GET', '/api/v2/giftcards/99999/'],
      ['PATCH', '/api/taxes/'],
      ['GET', '/api/v2/giftcards/nowhere/at/all'],
      ['POST', '/api/v2/giftcards/'],
    ] as const) {
      const answer = await stranger.send(method, path, {
        headers: authorization === undefined ? {} : { authorization },
        ...(method === 'POST' ? { body: 'no json' } : {}),
      })
      assert.equal(answer.status, 401, `${authorization} ${path}`)
      assert.deepEqual(answer.json, { detail })
      assert.equal(answer.headers.get('www-authenticate'), 'Token')
    }
})

test('the scheme is read without case, and Bearer is as good as Token', async () => {
  const stranger = createTill(app.http, null)
  for (const scheme of ['Token', 'token', 'TOKEN', 'Bearer', 'bearer'])
    for (const token of [TILL, OTHER_TILL]) {
      const headers = { authorization: `${scheme} ${token}` }
      assert.equal((await stranger.send('GET', '/api/taxes/', { headers })).status, 200)
    }
})

test('a version below 3 or no integer is refused, after the token', async () => {
  for (const version of ['2', '0', '-1', 'abc', '12.0', '1e3']) {
    const answer = await till.send('GET', '/api/taxes/', { headers: { 'x-api-version': version } })
    assert.equal(answer.status, 400, version)
    assert.deepEqual(answer.json, { detail: 'Invalid API version.' })
  }
  for (const version of ['3', '8', '12', '13', '99'])
    assert.equal(
      (await till.send('GET', '/api/taxes/', { headers: { 'x-api-version': version } })).status,
      200,
    )
  const stranger = createTill(app.http, null)
  const unversioned = await stranger.send('GET', '/api/taxes/', {
    headers: { authorization: `Token ${TILL}` },
  })
  assert.equal(unversioned.status, 200)
  const both = await stranger.send('GET', '/api/taxes/', { headers: { 'x-api-version': '2' } })
  assert.equal(both.status, 401)
})

test('a wrong method is 405 with what is allowed', async () => {
  for (const method of ['PATCH', 'DELETE', 'PUT']) {
    const answer = await till.send(method, '/api/taxes/')
    assert.equal(answer.status, 405)
    assert.deepEqual(answer.json, { detail: `Method "${method}" not allowed.` })
    assert.equal(answer.headers.get('allow'), 'GET, POST, HEAD')
  }
})

test('paths are served with and without their last slash, never redirected', async () => {
  assert.equal((await till.send('GET', '/api/taxes')).status, 200)
  assert.equal((await till.send('GET', '/api/taxes/')).status, 200)
  const made = await till.send('POST', '/api/taxes', { json: { name: '5%', tax_rate: 5 } })
  assert.equal(made.status, 200)
})

test('what does not exist is 404 in the words of its family', async () => {
  assert.deepEqual((await till.send('GET', '/api/taxes/999999/')).json, NOT_FOUND_V1)
  assert.deepEqual((await till.send('GET', '/api/taxes/abc/')).json, NOT_FOUND_V1)
  assert.deepEqual((await till.send('GET', '/api/taxes/99999999999999999999/')).json, NOT_FOUND_V1)
  assert.deepEqual((await till.send('GET', '/api/basket/1/nothing')).json, NOT_FOUND_V1)
  assert.deepEqual((await till.send('GET', '/api/v2/giftcards/1/nothing')).json, {
    detail: 'Not found.',
  })
  const malformed = await till.send('GET', '/api/v2/giftcards/%E0%A4%A/validate')
  assert.equal(malformed.status, 404)
  assert.deepEqual(malformed.json, { detail: 'Not found.' })
})

test('bodies must be JSON and say so', async () => {
  const text = await till.send('POST', '/api/taxes/', {
    body: '{}',
    headers: { 'content-type': 'text/plain' },
  })
  assert.equal(text.status, 415)
  assert.deepEqual(text.json, { detail: 'Unsupported media type "text/plain" in request.' })
  for (const body of [
    '{',
    '{"tax_rate": NaN}',
    '{"tax_rate": Infinity}',
    '[1,]',
    '\ufeff{}',
    "{'a':1}",
  ]) {
    const answer = await till.send('POST', '/api/taxes/', {
      body,
      headers: { 'content-type': 'application/json; charset=utf-8' },
    })
    assert.equal(answer.status, 400, body)
    assert.match((answer.json as { detail: string }).detail, /^JSON parse error - /)
    assert.deepEqual(Object.keys(answer.json as object), ['detail'])
  }
  const empty = await till.send('POST', '/api/taxes/', {
    body: '',
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(empty.status, 400)
  assert.ok('tax_rate' in (empty.json as object))
  const large = await till.send('POST', '/api/taxes/', {
    body: `{"name": "${'x'.repeat(1_100_000)}"}`,
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(large.status, 413)
  assert.deepEqual(large.json, { detail: 'Request body too large.' })
})

test('field errors of the older family come wrapped and mirrored', async () => {
  const answer = await till.send('POST', '/api/taxes/', { json: { name: 'x', tax_rate: 'x' } })
  const fields = { tax_rate: ['A valid number is required.'] }
  assert.equal(answer.status, 400)
  assert.deepEqual(answer.json, {
    detail: 'Serialization error',
    error: { fields, description: 'Serialization error', key: 'common.serializer_error' },
    ...fields,
  })
})

test("a path that belongs to no protocol is nobody's 404", async () => {
  assert.deepEqual((await till.send('GET', '/nothing')).json, { message: 'Not found.' })
})
