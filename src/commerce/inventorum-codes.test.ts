import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { foldCode, generateCode } from './inventorum-codes.ts'

test('a generated code is twelve digits and survives as a JSON number', () => {
  for (let n = 0; n < 1_000; n += 1) {
    const code = generateCode(randomBytes)
    assert.match(code, /^[1-9]\d{11}$/)
    assert.equal(JSON.stringify(JSON.parse(code)), code)
  }
})

test('bytes beyond the span are thrown away, so every code is equally likely', () => {
  const draws = [
    Buffer.alloc(5, 0xff),
    Buffer.from([0xd1, 0x8c, 0x2e, 0x28, 0x00]),
    Buffer.alloc(5),
  ]
  assert.equal(
    generateCode(() => draws.shift() ?? assert.fail()),
    '100000000000',
  )
  const last = Buffer.from([0xd1, 0x8c, 0x2e, 0x27, 0xff])
  assert.equal(
    generateCode(() => last),
    '999999999999',
  )
  assert.throws(() => generateCode(() => Buffer.alloc(5, 0xff)))
})

test('folding touches A to Z and nothing else', () => {
  assert.equal(foldCode('GeBURT-ÄÖİẞ'), 'geburt-ÄÖİẞ')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (code) => {
      assert.equal(foldCode(foldCode(code)), foldCode(code))
      assert.equal(foldCode(code).length, code.length)
    }),
  )
})
