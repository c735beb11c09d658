import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { createClient, startTestApp } from '../../../test/support/app.ts'
import type { List } from '../../../test/support/foodics.ts'
import type { World } from '../../world/schema.ts'

const TOKEN = 'addresses-token-0123456789'
const PATH = '/v5/gift_card_transactions'
const WORLD: World = {
  merchants: [
    {
      slug: 'shop',
      name: 'Shop',
      country: 'SA',
      currency: 'SAR',
      timezone: 'UTC',
      credentials: [{ name: 'main', dialect: 'foodics', token: TOKEN }],
    },
  ],
}

test('links are made from the configured public address', async () => {
  const server = await startTestApp({
    world: WORLD,
    flags: { publicUrl: 'https://pos.example.test/' },
  })
  try {
    const client = createClient(server.http, { authorization: `Bearer ${TOKEN}` })
    const { links, meta } = (await client.send('GET', `${PATH}?per_page=2`)).json as List
    assert.equal(links.last, `https://pos.example.test${PATH}?per_page=2&page=1`)
    assert.equal(meta.path, `https://pos.example.test${PATH}`)
  } finally {
    await server.close()
  }
})

test('without one, links are made from the Host header', async () => {
  const server = await startTestApp({ world: WORLD })
  try {
    const text = await new Promise<string>((resolve, reject) => {
      const headers = { host: 'till.example.test:8080', authorization: `Bearer ${TOKEN}` }
      const sent = request(server.http + PATH, { headers }, (answer) => {
        let body = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => {
          body += chunk
        })
        answer.on('end', () => resolve(body))
      })
      sent.on('error', reject)
      sent.end()
    })
    const { links } = JSON.parse(text) as List // The shape under test.
    assert.equal(links.last, `http://till.example.test:8080${PATH}?page=1`)
  } finally {
    await server.close()
  }
})
