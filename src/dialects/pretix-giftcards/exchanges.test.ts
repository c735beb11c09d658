import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Client, createClient, startTestApp, type TestApp } from '../../../test/support/app.ts'

describe('pretix gift cards', () => {
  let server: TestApp
  let client: Client
  before(async () => {
    server = await startTestApp({
      world: {
        merchants: [
          {
            slug: 'acme',
            name: 'Acme',
            country: 'DE',
            currency: 'EUR',
            timezone: 'Europe/Berlin',
            credentials: [{ name: 'shop', dialect: 'pretix', token: 'acme-pretix-all' }],
          },
        ],
      },
    })
    client = createClient(`${server.http}/api/v1/organizers/acme`, {
      authorization: 'Token acme-pretix-all',
    })
  })
  after(() => server.close())

  test('a card is created with its ten keys', async () => {
    const created = await client.send('POST', '/giftcards/', {
      json: { secret: 'SPRING.77', currency: 'CHF', value: '40' },
    })
    assert.equal(created.status, 201)
    assert.equal(created.headers.get('content-type'), 'application/json')
    const { id: _id, issuance: _issuance, ...rest } = created.json as Record<string, unknown>
    assert.deepEqual(rest, {
      secret: 'SPRING.77',
      value: '40.00',
      currency: 'CHF',
      testmode: false,
      expires: null,
      conditions: null,
      owner_ticket: null,
      issuer: 'acme',
    })
  })
})
