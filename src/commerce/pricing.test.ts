import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDecimal } from '../money/decimal.ts'
import { formatCents, toUnits } from '../money/money.ts'
import { charge, type Discount, listedPrice, voucherPrice } from './pricing.ts'

const units = (text: string): bigint => {
  const value = parseDecimal(text)
  assert.ok(value)
  return toUnits(value) ?? assert.fail('finer than the ledger')
}
const price = (listed: string, mode: Discount['priceMode'], value?: string, currency = 'EUR') =>
  formatCents(
    voucherPrice(
      units(listed),
      { priceMode: mode, value: value === undefined ? undefined : units(value) },
      currency,
    ),
  )

test('a variation price beats the price of its item on a date', () => {
  const all = { variationOnDate: 4n, variation: 3n, itemOnDate: 2n, item: 1n }
  assert.equal(listedPrice(all), 4n)
  assert.equal(listedPrice({ ...all, variationOnDate: undefined }), 3n)
  assert.equal(listedPrice({ ...all, variationOnDate: undefined, variation: undefined }), 2n)
  const none = { variationOnDate: undefined, variation: undefined, itemOnDate: undefined, item: 1n }
  assert.equal(listedPrice(none), 1n)
})

test('every price mode gives the worked examples of the specification', () => {
  assert.equal(price('19.99', 'percent', '15'), '16.99')
  assert.equal(price('0.20', 'percent', '12.50'), '0.18')
  assert.equal(price('19.99', 'subtract', '25.00'), '0.00')
  assert.equal(price('19.99', 'set', '25.00'), '25.00')
  assert.equal(price('19.99', 'set'), '19.99')
  assert.equal(price('1500', 'percent', '12.35', 'JPY'), '1315.00')
  assert.equal(price('19.99', 'percent', '120'), '0.00')
})

test('without an effect or a value the listed price stays', () => {
  for (const mode of ['none', 'set', 'subtract', 'percent'] as const)
    assert.equal(price('19.99', mode), '19.99')
  assert.equal(price('19.99', 'none', '5.00'), '19.99')
})

test('a currency without decimals is rounded half up in every mode', () => {
  assert.equal(price('100.50', 'none', undefined, 'JPY'), '101.00')
  assert.equal(price('100', 'set', '99.50', 'JPY'), '100.00')
  assert.equal(price('100', 'subtract', '0.51', 'JPY'), '99.00')
})

test('a percentage of a currency without decimals is rounded twice', () => {
  // 99.495 becomes 99.50 and then 100; rounded once it would be 99.
  assert.equal(price('198.99', 'percent', '50', 'JPY'), '100.00')
  assert.equal(price('198.97', 'percent', '50', 'JPY'), '99.00')
})

test('half a cent is rounded up, never to even', () => {
  assert.equal(price('0.50', 'percent', '5'), '0.48')
  assert.equal(price('0.30', 'percent', '5'), '0.29')
})

test('no voucher ever makes a price negative or a percentage change a cent too much', () => {
  const cents = fc.bigInt({ min: 0n, max: 9_999_999_999_999n })
  fc.assert(
    fc.property(cents, cents, (listedCents, valueCents) => {
      const [listed, value] = [listedCents * 1_000n, valueCents * 1_000n]
      for (const priceMode of ['none', 'set', 'subtract', 'percent'] as const)
        assert.ok(voucherPrice(listed, { priceMode, value }, 'EUR') >= 0n)
      const percent = voucherPrice(listed, { priceMode: 'percent', value }, 'EUR')
      const exact = listed * (10_000_000n - value)
      const off = percent * 10_000_000n - (exact < 0n ? 0n : exact)
      assert.ok((off < 0n ? -off : off) * 2n <= 10_000_000n * 1_000n)
    }),
  )
})

const SET_24: Discount = { priceMode: 'set', value: units('24.00') }
const thirty = { listed: units('30.00'), given: undefined, voucher: SET_24, currency: 'EUR' }

test('a budget is granted in order, the last part only as far as it goes, then refused', () => {
  const first = charge({ ...thirty, remaining: units('10.00') })
  assert.deepEqual(first, { price: units('24.00'), budgetUse: units('6.00') })
  const second = charge({ ...thirty, remaining: units('4.00') })
  assert.deepEqual(second, { price: units('26.00'), budgetUse: units('4.00') })
  const third = charge({ ...thirty, remaining: 0n })
  assert.deepEqual(third, { refused: { remaining: 0n, discount: units('6.00') } })
})

test('a given price is never changed to fit a budget', () => {
  const given = units('24.00')
  assert.deepEqual(charge({ ...thirty, given, remaining: units('4.00') }), {
    refused: { remaining: units('4.00'), discount: units('6.00') },
  })
})

test('a budget books what the voucher stands for, and judges all that is taken off', () => {
  const given = units('20.00')
  assert.deepEqual(charge({ ...thirty, given, remaining: units('10.00') }), {
    price: given,
    budgetUse: units('6.00'),
  })
  assert.deepEqual(charge({ ...thirty, given, remaining: units('9.99') }), {
    refused: { remaining: units('9.99'), discount: units('10.00') },
  })
})

test('a budget that was lowered below what it gave says that 0.00 remains', () => {
  assert.deepEqual(charge({ ...thirty, remaining: units('-3.00') }), {
    refused: { remaining: 0n, discount: units('6.00') },
  })
  const free = charge({ ...thirty, voucher: { ...SET_24, value: units('31.00') }, remaining: -1n })
  assert.deepEqual(free, { price: units('31.00'), budgetUse: 0n })
})

test('a position without a voucher uses no budget', () => {
  assert.deepEqual(charge({ ...thirty, voucher: undefined, remaining: undefined }), {
    price: units('30.00'),
    budgetUse: undefined,
  })
})
