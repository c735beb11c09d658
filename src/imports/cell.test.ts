import assert from 'node:assert/strict'
import test from 'node:test'
import { isDateFormat, numberCell, textCell } from './cell.ts'

test('a number is read at fifteen significant digits, without exponent and without a float', () => {
  for (const [source, text] of [
    ['19', '19'],
    ['19.989999999999998', '19.99'],
    ['0.1', '0.1'],
    ['1E+2', '100'],
    ['1.5e-3', '0.0015'],
    ['-0', '0'],
    ['123456789012345', '123456789012345'],
    ['1234567890123456', '1234567890123460'],
    ['0.30000000000000004', '0.3'],
    ['50.00', '50'],
  ] as const)
    assert.deepEqual(numberCell(source), { kind: 'number', text }, source)
})

test('what is no number, or none that anybody means, stays text', () => {
  for (const source of ['#N/A', 'NaN', '1e999999', '1e-99999', ''])
    assert.notEqual(numberCell(source)?.kind, 'number', source)
})

test('text is trimmed, and characters that XML cannot hold are read back', () => {
  assert.deepEqual(textCell(' a_x000D__x0041_b\u00a0'), { kind: 'text', text: 'a\rAb' })
  assert.deepEqual(textCell('_x0000_'), { kind: 'text', text: '_x0000_' })
  assert.equal(textCell(' \t\u00a0 '), undefined)
})

test('a format is a date when it shows a day, a month, a year or a time', () => {
  for (const code of [
    'dd.mm.yyyy',
    '[$-407]d. mmmm yyyy;@',
    'h:mm AM/PM',
    '[h]:mm',
    'yyyy\\-mm\\-dd',
    'mmm',
    '[Red]d/m/yy',
  ])
    assert.equal(isDateFormat(170, code), true, code)
  for (const code of [
    'General',
    '@',
    '0.00',
    '#,##0.00 "days"',
    '[Red]0.00',
    '0.00E+00',
    '0\\d',
    '_d0*s',
    '0;"yd"',
  ])
    assert.equal(isDateFormat(170, code), false, code)
  assert.equal(isDateFormat(14, undefined), true)
  assert.equal(isDateFormat(47, undefined), true)
  assert.equal(isDateFormat(49, undefined), false)
})
