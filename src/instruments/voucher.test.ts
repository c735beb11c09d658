import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { canonicalCode, generateVoucherCode, isVoucherExpired, isVoucherUsable } from './voucher.ts'

test('a generated code has sixteen symbols, none of which is read for another', () => {
  const codes = Array.from({ length: 200 }, () => generateVoucherCode((limit) => randomInt(limit)))
  for (const code of codes) assert.match(code, /^[A-HK-NP-Z2-9]{16}$/)
  assert.equal(new Set(codes).size, codes.length)
  assert.match(codes.join(''), /^(?!.*[IJO01])/)
})

test('a code is upper-cased as Unicode does it', () => {
  assert.equal(canonicalCode('press-1 straße é'), 'PRESS-1 STRASSE É')
})

test('at the very instant of its end a voucher still counts, a microsecond later not', () => {
  const voucher = { validUntil: 10n, redeemed: 0, maxUsages: 1 }
  assert.equal(isVoucherExpired(voucher, 10n), false)
  assert.equal(isVoucherExpired(voucher, 11n), true)
  assert.equal(isVoucherUsable(voucher, 10n), true)
  assert.equal(isVoucherUsable({ ...voucher, redeemed: 1 }, 10n), false)
  assert.equal(isVoucherUsable({ ...voucher, validUntil: undefined }, 11n), true)
})
