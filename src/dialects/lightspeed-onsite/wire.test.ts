import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatFixed } from '../../money/decimal.ts'
import { fromUnits } from '../../money/money.ts'
import {
  formatAmount,
  formatPrice,
  readAmount,
  readBoolean,
  readId,
  readPrice,
  readSerial,
  readText,
  reference,
} from './wire.ts'

describe('an atom', () => {
  it('id: one to fifteen digits, white space around', () => {
    assert.equal(readId(' 27\n'), 27n)
    assert.equal(readId('007'), 7n)
    assert.equal(readId('0'), 0n)
    assert.equal(readId('999999999999999'), 999_999_999_999_999n)
    for (const text of ['', 'abc', '-1', '+1', '1.0', '1e3', '0x1', '1000000000000000', '١'])
      assert.equal(readId(text), undefined, text)
  })

  it('amount: at most eight digits and two decimals, exactly', () => {
    assert.equal(readAmount('60', 2), 6_000_000n)
    assert.equal(readAmount(' 12.5 ', 2), 1_250_000n)
    assert.equal(readAmount('00.07', 2), 7_000n)
    assert.equal(readAmount('99999999.99', 2), 9_999_999_999_000n)
    for (const text of [
      ...['', ' ', '10.005', '10.000', '1e3', '1,00', 'ten', '-1.00', '+1.00', '-0', '123456789'],
      ...['1.', '.5', '1 000', '0x10', 'NaN', 'Infinity', '１'],
    ])
      assert.equal(readAmount(text, 2), undefined, text)
  })

  it('amount: no digit below the smallest coin, but a spelled-out zero', () => {
    assert.equal(readAmount('10.00', 0), 1_000_000n)
    assert.equal(readAmount('10.50', 0), undefined)
    assert.equal(readAmount('10.25', 3), 1_025_000n)
  })

  it('price: up to three decimals', () => {
    assert.equal(readPrice('25.000'), 2_500_000n)
    assert.equal(readPrice('25.125'), 2_512_500n)
    assert.equal(readPrice('25.1250'), undefined)
    assert.equal(formatPrice(2_512_599n), '25.125')
    assert.equal(formatPrice(0n), '0.000')
  })

  it('amount: written with two decimals, the rest cut off', () => {
    for (const [units, text] of [
      [0n, '0.00'],
      [-999n, '0.00'],
      [5_999n, '0.05'],
      [-1_525_000n, '-15.25'],
      [9_999_999_999_999_000n, '99999999999.99'],
    ] as const)
      assert.equal(formatAmount(units), text)
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), (units) => {
        assert.equal(formatAmount(units), formatFixed(fromUnits(units), 2, 'down'))
      }),
    )
  })

  it('boolean: true, false, 1 and 0, in any letter case', () => {
    for (const text of ['true', 'True', ' TRUE ', '1']) assert.equal(readBoolean(text), true, text)
    for (const text of ['false', 'False', '0']) assert.equal(readBoolean(text), false, text)
    for (const text of ['yes', 'no', '', '2', 'constructor', 'toString'])
      assert.equal(readBoolean(text), undefined, text)
  })

  it('text: trimmed, line ends as line feeds, counted in code points', () => {
    assert.equal(readText(9)(' a \r\n b\r '), 'a \n b')
    assert.equal(readText(3)('😀😀😀'), '😀😀😀')
    assert.equal(readText(3)('😀😀😀😀'), undefined)
  })

  it('serial: no control character, but leading zeros', () => {
    assert.equal(readSerial(' 00731\t'), '00731')
    assert.equal(readSerial('😀'.repeat(64)), '😀'.repeat(64))
    for (const text of ['a\tb', 'a\nb', 'a\u007fb', 'a\u0085b', 'x'.repeat(65)])
      assert.equal(readSerial(text), undefined, JSON.stringify(text))
  })

  it('reference: absolute, or empty without attributes', () => {
    assert.equal(
      reference('user', 'https://pos.example:9630/api/', 7n),
      '<user uri="https://pos.example:9630/api/users/7/" id="7"/>',
    )
    assert.equal(reference('invoice', 'https://pos.example:9630/api/', undefined), '<invoice/>')
  })
})
