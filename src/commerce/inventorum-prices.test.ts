import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decimal, formatFixed, formatShortest, parseDecimal } from '../money/decimal.ts'
import { formatExact } from '../money/money.ts'
import { GROSS_UNITS_MAX, grossOf, netOf, priceLine, toCentUnits } from './inventorum-prices.ts'

const number = (text: string) => parseDecimal(text) ?? assert.fail(text)
const gross = (net: string, rate: string) =>
  formatFixed(grossOf(number(net), number(rate)), 2, 'down')
const net = (of: string, rate: string) => formatShortest(netOf(number(of), number(rate)))

test('gross follows from net by the table of the specification', () => {
  assert.equal(gross('84.0336', '19'), '100.00')
  assert.equal(gross('100', '7'), '107.00')
  assert.equal(gross('80.35', '19'), '95.62')
  assert.equal(gross('42.0168', '19'), '50.00')
  assert.equal(gross('0', '19'), '0.00')
})

test('net follows from gross at ten decimals, rounded half up', () => {
  assert.equal(net('111.11', '19'), '93.3697478992')
  assert.equal(net('24.99', '7'), '23.3551401869')
  assert.equal(net('50', '0'), '50')
})

test('any gross of whole cents survives the way to net and back', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 999_999_999_999n }),
      fc.integer({ min: 0, max: 100_000 }),
      (cents, thousandths) => {
        const rate = decimal(thousandths, 3)
        const back = grossOf(netOf(decimal(cents, 2), rate), rate)
        assert.equal(back.units, cents)
      },
    ),
  )
})

const product = { net: number('80.35'), rate: number('19') }

test("a line at the product's own gross keeps the product's stored net", () => {
  const line = priceLine(product, decimal(1), number('95.62'))
  assert.equal(formatShortest(line.unitNet), '80.35')
  assert.equal(line.gross, 9_562_000n)
  assert.deepEqual(priceLine(product, decimal(1)), line)
})

test('a line at another gross computes its net from it', () => {
  const line = priceLine(product, decimal(3), number('100'))
  assert.equal(formatShortest(line.unitNet), '84.0336134454')
  assert.equal(line.unitGross, 10_000_000n)
  assert.equal(line.gross, 30_000_000n)
})

test('a sent gross is rounded to cents, and so is the line', () => {
  const line = priceLine(product, number('0.25'), number('10.005'))
  assert.equal(line.unitGross, 1_001_000n)
  assert.equal(line.gross, 250_000n)
  assert.equal(toCentUnits(number('0.004999')), 0n)
  assert.equal(toCentUnits(number('0.005')), 1_000n)
})

test('no line and no price is larger than what ten digits and two decimals can say', () => {
  assert.equal(formatExact(GROSS_UNITS_MAX), '9999999999.99')
})
