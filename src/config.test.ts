import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from './config.ts'

test('an empty variable is none, and a flag wins over its variable', () => {
  const names = ['HOST', 'PORT', 'DATABASE_URL', 'SCRIP_DATA', 'SCRIP_WORLD', 'LOG_LEVEL']
  const more = ['SCRIP_PUBLIC_URL', 'SCRIP_LIGHTSPEED_PORT', 'SCRIP_LIGHTSPEED_TLS', 'SCRIP_EMPTY']
  const empty = Object.fromEntries([...names, ...more].map((name) => [name, '']))
  assert.deepEqual(readConfig({}, empty), readConfig({}, {}))
  assert.equal(readConfig({}, empty).host, '127.0.0.1')
  assert.equal(readConfig({ port: '1' }, { PORT: '2' }).port, 1)
  assert.equal(readConfig({}, { PORT: '2' }).port, 2)
})
