import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CURRENCIES, currencyPlaces } from './currency.ts'
import { parseDecimal } from './decimal.ts'
import {
  cutToCents,
  formatCents,
  formatExact,
  fromUnits,
  toUnits,
  UNITS_PER_CENT,
  UNITS_PER_MAIN,
} from './money.ts'

const units = fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n })
const read = (text: string) => toUnits(parseDecimal(text) ?? assert.fail(text))

test('the ledger has five decimals and takes no finer amount', () => {
  assert.equal(read('12.34999'), 1_234_999n)
  assert.equal(read('-0.00001'), -1n)
  assert.equal(read('1e3'), 1_000n * UNITS_PER_MAIN)
  assert.equal(read('1.000000'), UNITS_PER_MAIN)
  assert.equal(read('0.01'), UNITS_PER_CENT)
  assert.equal(read('0.000001'), undefined)
})

test('an amount is printed as it is, and read back as it was', () => {
  assert.equal(formatExact(1_234_999n), '12.34999')
  assert.equal(formatExact(1_234_000n), '12.34')
  assert.equal(formatExact(-1n), '-0.00001')
  assert.equal(formatExact(0n), '0')
  fc.assert(
    fc.property(units, (value) => {
      assert.equal(read(formatExact(value)), value)
      assert.equal(toUnits(fromUnits(value)), value)
    }),
  )
})

test('who knows two decimals sees the rest cut off, never rounded up, never a negative nothing', () => {
  for (const [value, text] of [
    [1_234_999n, '12.34'],
    [-1_234_999n, '-12.34'],
    [999n, '0.00'],
    [-999n, '0.00'],
    [1_000n, '0.01'],
    [-1_000n, '-0.01'],
    [100_000n, '1.00'],
    [0n, '0.00'],
  ] as const)
    assert.equal(formatCents(value), text)
  fc.assert(
    fc.property(units, (value) => {
      const cut = cutToCents(value)
      assert.equal(cut % UNITS_PER_CENT, 0n)
      assert.ok(value < 0n ? cut >= value && cut <= 0n : cut <= value && cut >= 0n)
      assert.ok((value - cut) / UNITS_PER_CENT === 0n)
      assert.equal(read(formatCents(value)), cut)
    }),
  )
})

test('currencies are the 165 of the list, each with its own places', () => {
  assert.equal(CURRENCIES.size, 165)
  const places = { EUR: 2, JPY: 0, ISK: 0, KWD: 3, TND: 3, CLF: 4, UYW: 4, CLP: 0, XAF: 0, HUF: 2 }
  for (const [code, expected] of Object.entries(places)) {
    assert.ok(CURRENCIES.has(code), code)
    assert.equal(currencyPlaces(code), expected, code)
  }
})
