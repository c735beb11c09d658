import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  add,
  compare,
  type Decimal,
  decimal,
  divide,
  divideUnits,
  formatFixed,
  formatShortest,
  multiply,
  negate,
  parseDecimal,
  rescale,
  rescaleExact,
  subtract,
} from './decimal.ts'

const parse = (text: string): Decimal => parseDecimal(text) ?? assert.fail(text)
const big = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n })
const decimals = fc.record({ units: big, scale: fc.integer({ min: -8, max: 12 }) })
/** Common ground of all of them: whole units at 20 decimals. */
const at20 = ({ units, scale }: Decimal): bigint => units * 10n ** BigInt(20 - scale)

describe('reading a decimal', () => {
  test('keeps what was written, its places included', () => {
    for (const [text, units, scale] of [
      ['0', 0n, 0],
      ['1.50', 150n, 2],
      ['+1.5', 15n, 1],
      ['-0.01', -1n, 2],
      ['007', 7n, 0],
      ['.5', 5n, 1],
      ['5.', 5n, 0],
      ['1e2', 1n, -2],
      ['1.25E+1', 125n, 1],
      ['-2e-3', -2n, 3],
      ['123456789012345678901234567890.1', 1234567890123456789012345678901n, 1],
    ] as const)
      assert.deepEqual(parseDecimal(text), { units, scale }, text)
  })

  test('refuses what is no number', () => {
    for (const text of [
      ...['', '.', '+', '-', '-.', 'e5', '.e5', '1e', '1e+', '--1', '1.2.3', '1,5', '0x1', '1_0'],
      ...[' 1', '1 ', '1\n', 'NaN', 'Infinity', '١', '１', '1e1.5', '1e1234567890123456'],
    ])
      assert.equal(parseDecimal(text), undefined, JSON.stringify(text))
  })

  test('has a longest text', () => {
    assert.ok(parseDecimal('1'.repeat(1_100)))
    assert.equal(parseDecimal('1'.repeat(1_101)), undefined)
  })
})

describe('another scale', () => {
  test('without losing anything, or not at all', () => {
    assert.deepEqual(rescaleExact(parse('1.5'), 5), decimal(150_000, 5))
    assert.deepEqual(rescaleExact(parse('1.50'), 1), decimal(15, 1))
    assert.deepEqual(rescaleExact(parse('1.5'), 1), decimal(15, 1))
    assert.equal(rescaleExact(parse('1.05'), 1), undefined)
    assert.deepEqual(rescaleExact(parse('12e2'), 0), decimal(1_200))
    assert.deepEqual(rescaleExact(parse('1200'), -2), decimal(12, -2))
    assert.equal(rescaleExact(parse('1201'), -2), undefined)
  })

  test('zero has every scale; another number none that is absurdly far', () => {
    assert.deepEqual(rescaleExact(parse('0e999999999'), 5), decimal(0, 5))
    assert.deepEqual(rescale(parse('0e-999999999'), 5, 'down'), decimal(0, 5))
    assert.ok(rescaleExact(parse('1e2000'), 0))
    assert.equal(rescaleExact(parse('1e2001'), 0), undefined)
    assert.equal(rescaleExact(parse('1e-2001'), 0), undefined)
    assert.equal(rescaleExact(parse('1e-2000'), 0), undefined)
    for (const text of ['1e2001', '1e-2001'])
      assert.throws(() => rescale(parse(text), 0, 'down'), RangeError)
  })

  test('is rounded as named, away from zero at the half', () => {
    for (const [text, up, down] of [
      ['2.345', '2.35', '2.34'],
      ['-2.345', '-2.35', '-2.34'],
      ['2.344', '2.34', '2.34'],
      ['-2.344', '-2.34', '-2.34'],
      ['2.3451', '2.35', '2.34'],
      ['0.005', '0.01', '0.00'],
      ['-0.004', '0.00', '0.00'],
      ['-0.005', '-0.01', '0.00'],
      ['2.3', '2.30', '2.30'],
      ['5e1', '50.00', '50.00'],
    ] as const) {
      assert.equal(formatFixed(parse(text), 2, 'half-up'), up, text)
      assert.equal(formatFixed(parse(text), 2, 'down'), down, text)
    }
    assert.equal(formatFixed(parse('-1.5'), 0, 'half-up'), '-2')
    assert.equal(formatFixed(parse('0.4'), 0, 'half-up'), '0')
  })
})

describe('arithmetic is exact', () => {
  test('a quotient is the nearest whole number, or the one towards zero', () => {
    const divisor = fc.bigInt({ min: -1_000n, max: 1_000n }).filter((value) => value !== 0n)
    fc.assert(
      fc.property(fc.bigInt({ min: -5_000n, max: 5_000n }), divisor, (numerator, denominator) => {
        const size = (value: bigint) => (value < 0n ? -value : value)
        const sign = numerator < 0n !== denominator < 0n ? -1n : 1n
        const [n, d] = [size(numerator), size(denominator)]
        assert.equal(divideUnits(numerator, denominator, 'down'), sign * (n / d))
        assert.equal(
          divideUnits(numerator, denominator, 'half-up'),
          sign * ((2n * n + d) / (2n * d)),
        )
      }),
      { numRuns: 2_000 },
    )
  })

  test('sums, differences, products and order are those of the numbers, not of their spelling', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        assert.equal(at20(add(a, b)), at20(a) + at20(b))
        assert.equal(at20(subtract(a, b)), at20(a) - at20(b))
        assert.equal(at20(negate(a)), -at20(a))
        const product = multiply(a, b)
        assert.equal(product.units * 10n ** BigInt(40 - product.scale), at20(a) * at20(b))
        assert.equal(compare(a, b), at20(a) < at20(b) ? -1 : at20(a) > at20(b) ? 1 : 0)
      }),
    )
    assert.equal(compare(parse('1.50'), parse('1.5')), 0)
    assert.equal(compare(parse('0.00'), parse('-0')), 0)
  })

  test('a quotient has the places asked for', () => {
    const divisor = decimals.filter(({ units }) => units !== 0n)
    const places = fc.integer({ min: -3, max: 8 })
    fc.assert(
      fc.property(decimals, divisor, places, (a, b, scale) => {
        const { units, scale: given } = divide(a, b, scale, 'half-up')
        assert.equal(given, scale)
        const ten = 10n ** BigInt(Math.abs(scale))
        const [numerator, denominator] =
          scale < 0 ? [at20(a), at20(b) * ten] : [at20(a) * ten, at20(b)]
        assert.equal(units, divideUnits(numerator, denominator, 'half-up'))
      }),
    )
    assert.equal(formatShortest(divide(decimal(100), decimal(119), 4, 'half-up')), '0.8403')
  })
})

describe('printing a decimal', () => {
  test('the shortest form says the same number, plainly', () => {
    for (const [text, shortest] of [
      ['0.00', '0'],
      ['-0.0', '0'],
      ['100', '100'],
      ['1e2', '100'],
      ['1.500', '1.5'],
      ['-7.000', '-7'],
      ['10.10', '10.1'],
      ['0.00001', '0.00001'],
    ] as const)
      assert.equal(formatShortest(parse(text)), shortest)
    fc.assert(
      fc.property(decimals, (value) => {
        const text = formatShortest(value)
        assert.match(text, /^(0|-?([1-9]\d*|0\.\d*[1-9]|[1-9]\d*\.\d*[1-9]))$/)
        assert.equal(at20(parse(text)), at20(value))
      }),
    )
  })
})
