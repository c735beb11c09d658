import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { decodeId, encodeId, type IdKind } from './ids.ts'

const anyId = fc.bigInt(1n, 2n ** 56n - 1n)
const KINDS: readonly IdKind[] = ['card', 'entry', 'order', 'product', 'business', 'user']

test('an id is a lower-case version 4 UUID and decodes to itself', () => {
  fc.assert(
    fc.property(fc.constantFrom(...KINDS), anyId, (kind, id) => {
      const text = encodeId(kind, id)
      assert.match(text, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.equal(decodeId(kind, text), id)
    }),
  )
})

test('ids sort like the numbers they stand for, so leading digits grow with time', () => {
  fc.assert(
    fc.property(anyId, fc.oneof(anyId, fc.constantFrom(1n, 2n, 15n, 16n)), (a, other) => {
      // Neighbours too: they share all digits but the last.
      const b = other > 16n || a + other > 2n ** 56n - 1n ? other : a + other
      assert.equal(encodeId('entry', a) < encodeId('entry', b), a < b)
    }),
    { numRuns: 5_000 },
  )
  const texts = [1n, 2n, 15n, 16n, 17n, 255n, 256n, 4_096n].map((id) => encodeId('card', id))
  assert.deepEqual(texts.toSorted(), texts)
  assert.equal(new Set(texts.map((text) => text.slice(0, 8))).size, texts.length)
})

test('an id of one kind is unknown as any other kind', () => {
  fc.assert(
    fc.property(anyId, (id) => {
      for (const made of KINDS)
        for (const read of KINDS)
          assert.equal(decodeId(read, encodeId(made, id)), made === read ? id : undefined)
    }),
  )
})

test('only the exact spelling is an id: no upper case, braces, spaces, prefixes or missing dashes', () => {
  const id = encodeId('card', 0xabcn)
  for (const other of [
    id.toUpperCase(),
    `{${id}}`,
    ` ${id}`,
    `${id} `,
    `${id}\n`,
    id.slice(0, 8),
    id.replaceAll('-', ''),
    '',
  ])
    assert.equal(decodeId('card', other), undefined, other)
})

test('one changed digit makes an id unknown', () => {
  fc.assert(
    fc.property(anyId, fc.nat(35), fc.constantFrom(...'0123456789abcdef'), (id, at, digit) => {
      const text = encodeId('order', id)
      const changed = text.slice(0, at) + digit + text.slice(at + 1)
      assert.equal(decodeId('order', changed), changed === text ? id : undefined)
    }),
    { numRuns: 2_000 },
  )
})

test('foreign UUIDs and arbitrary texts do not decode', () => {
  for (let count = 0; count < 2_000; count += 1)
    assert.equal(decodeId('card', randomUUID()), undefined)
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.uuid()), (text) => {
      assert.equal(decodeId('card', text), undefined)
    }),
    { numRuns: 2_000 },
  )
})

test('an id that no sequence can give is a defect', () => {
  for (const id of [0n, -1n, 2n ** 56n]) assert.throws(() => encodeId('card', id), RangeError)
})

test('the spelling of an id never changes: clients keep them', () => {
  const known: readonly (readonly [IdKind, bigint, string])[] = [
    ['card', 1n, '118950d6-795e-47a2-a38b-1ecc69d512fd'],
    ['entry', 19088743n, '71234567-0738-4d78-b58c-a373efc215ee'],
    ['order', 42n, '22ab485c-d7b7-4621-8404-ed062c04db26'],
    ['product', 7n, '1744ded9-9b32-4bb0-b69f-03f264e2f21b'],
    ['business', 1n, '11722b6a-96d0-45db-88af-71cf2943c3fb'],
    ['user', 72057594037927935n, 'efffffff-ffff-4fff-a485-a61d45fa2990'],
  ]
  for (const [kind, id, text] of known) assert.equal(encodeId(kind, id), text)
})
