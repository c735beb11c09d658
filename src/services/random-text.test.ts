import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { randomText } from './random-text.ts'

test('has its length, and only symbols of its alphabet, each about as often', () => {
  const counts = new Map<string, number>()
  for (const symbol of randomText(randomBytes, 'ABCDE', 20_000))
    counts.set(symbol, (counts.get(symbol) ?? 0) + 1)
  assert.deepEqual([...counts.keys()].sort(), ['A', 'B', 'C', 'D', 'E'])
  for (const count of counts.values()) assert.ok(count > 3_600 && count < 4_400, String(count))
})

test('leaves out bytes that would favour the first symbols', () => {
  const bytes = [255, 254, 253, 3, 4]
  const drawn = randomText((size) => Buffer.from(bytes.splice(0, size)), 'ABCDEFG', 2)
  // 252 is the largest multiple of seven below 256.
  assert.equal(drawn, 'DE')
})
