import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalCode, isVoucherExpired, isVoucherUsable, VOUCHER_CODE } from './voucher.ts'

test('a generated code has symbols none of which is read for another', () => {
  assert.match(VOUCHER_CODE.alphabet, /^[A-HK-NP-Z2-9]+$/)
  assert.equal(new Set(VOUCHER_CODE.alphabet).size, 31)
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
