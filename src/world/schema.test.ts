import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { World } from './schema.ts'

test('the published JSON Schema is the one that validates (npm run schemas writes it)', async () => {
  const published = await readFile(
    new URL('../../schemas/world.schema.json', import.meta.url),
    'utf8',
  )
  assert.deepEqual(JSON.parse(published), JSON.parse(JSON.stringify(World)))
})
