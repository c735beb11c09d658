import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createRandomPool, randomText } from './random-text.ts'

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

test('a pool gives every byte of its source once, in order, however many are asked for', () => {
  let next = 0
  const source = (size: number) => Buffer.from(Array.from({ length: size }, () => next++ % 251))
  const pool = createRandomPool(source)
  const drawn = [3, 4_000, 100, 5_000, 7].flatMap((size) => [...pool(size)])
  assert.equal(drawn.length, 9_110)
  // A rest that is too short for what is asked next is left: here the last 93 bytes of the first pool.
  assert.ok(new Set(drawn).size === 251)
  assert.deepEqual(drawn.slice(0, 5), [0, 1, 2, 3, 4])
  assert.deepEqual(drawn.slice(4_003, 4_005), [4_096 % 251, 4_097 % 251])
})
