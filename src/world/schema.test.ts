import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { World } from './schema.ts'
import { unknownNames } from './unknown.ts'

test('the published JSON Schema is the one that validates (npm run schemas writes it)', async () => {
  const published = await readFile(
    new URL('../../schemas/world.schema.json', import.meta.url),
    'utf8',
  )
  assert.deepEqual(JSON.parse(published), JSON.parse(JSON.stringify(World)))
})

const merchant = {
  slug: 'acme',
  name: 'Acme',
  country: 'DE',
  currency: 'EUR',
  timezone: 'UTC',
}

test('what a world file says beyond the schema is named with its path', () => {
  const world = {
    merchant: [],
    merchants: [
      {
        ...merchant,
        acepts_cards_of: ['beta'],
        accepts_cards_of: ['beta', { issuer: 'gamma', activ: false }],
        credentials: [{ name: 'shop', dialect: 'pretix', tokken: { a: 1 }, events: ['a'] }],
        events: [{ slug: 'con', name: { en: 'Con', de: 'Con' }, currency: 'EUR' }],
      },
    ],
  }
  assert.deepEqual(unknownNames(World, world), [
    'merchant',
    'merchants[0].acepts_cards_of',
    'merchants[0].accepts_cards_of[1].activ',
    'merchants[0].credentials[0].tokken',
  ])
})

test('no world of the examples is warned about', async () => {
  const examples = new URL('../../examples/', import.meta.url)
  const worlds = (await readdir(examples)).filter((name) => name.endsWith('.world.json'))
  assert.ok(worlds.length > 0)
  for (const name of worlds) {
    const world = JSON.parse(await readFile(new URL(name, examples), 'utf8'))
    assert.deepEqual(unknownNames(World, world), [], name)
  }
})
