import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { JsonNumber } from '../../wire/json.ts'
import {
  encodeAmount,
  encodeDay,
  encodeStamp,
  parseDay,
  parseStamp,
  readAmount,
  UNITS_MAX,
} from './wire.ts'

const read = (source: string) => readAmount(new JsonNumber(source))
const print = (units: bigint): string => JSON.stringify(encodeAmount(units))
const at = (text: string): bigint => BigInt(Date.parse(text)) * 1_000n

test('a JSON number is read from its source text, exponents and trailing zeros included', () => {
  assert.equal(read('-180'), -18_000_000n)
  assert.equal(read('-180.50'), -18_050_000n)
  assert.equal(read('-1.805e2'), -18_050_000n)
  assert.equal(read('-180.500000000'), -18_050_000n)
  assert.equal(read('0.00001'), 1n)
  assert.equal(read('1E-5'), 1n)
})

test('a digit after the fifth decimal is a fault, never rounded', () => {
  for (const source of ['-0.000001', '-1.000000000000000001', '1e-6', '0.123456', '1e-999999999'])
    assert.equal(read(source), 'too-fine', source)
})

test('zero in every spelling is zero', () => {
  for (const source of ['0', '-0', '0.00000', '0e999999', '-0.0e-9'])
    assert.equal(read(source), 0n, source)
})

test('the limit is 9999999999.99999 either way', () => {
  assert.equal(read('9999999999.99999'), UNITS_MAX)
  assert.equal(read('-9999999999.99999'), -UNITS_MAX)
  for (const source of ['10000000000', '-10000000000', '1e10', '1e999999999', '9'.repeat(5_000)])
    assert.equal(read(source), 'too-large', source.slice(0, 20))
})

test('a text is an amount only as a plain decimal', () => {
  assert.equal(readAmount('-12.5'), -1_250_000n)
  assert.equal(readAmount('007.10'), 710_000n)
  for (const text of [
    '',
    ' ',
    'abc',
    '1e2',
    '+5',
    '1,5',
    '.5',
    '5.',
    '-',
    '--1',
    ' 1',
    '1 ',
    '0x1',
    '١',
    'NaN',
  ])
    assert.equal(readAmount(text), 'not-numeric', JSON.stringify(text))
})

test('booleans, null, arrays and objects are no amounts', () => {
  for (const value of [true, false, null, [], [new JsonNumber('1')], {}, { amount: '1' }])
    assert.equal(readAmount(value), 'not-numeric')
})

test('an amount prints as the shortest plain number', () => {
  assert.equal(print(18_050_000n), '180.5')
  assert.equal(print(10_000_000n), '100')
  assert.equal(print(1n), '0.00001')
  assert.equal(print(-1n), '-0.00001')
  assert.equal(print(0n), '0')
  assert.equal(print(UNITS_MAX), '9999999999.99999')
})

test('what is printed reads back as the same amount, and as the same double', () => {
  fc.assert(
    fc.property(fc.bigInt(-UNITS_MAX, UNITS_MAX), (units) => {
      const text = print(units)
      assert.match(text, /^-?(0|[1-9]\d*)(\.\d{0,4}[1-9])?$/)
      assert.equal(read(text), units)
      assert.equal(readAmount(text), units)
      assert.equal(Number(Number(text).toPrecision(15)), Number(text))
    }),
    { numRuns: 2_000 },
  )
})

test('time stamps are UTC with a space, cut off to the second', () => {
  assert.equal(encodeStamp(at('2024-03-05T09:14:02Z') + 999_999n), '2024-03-05 09:14:02')
  assert.equal(encodeDay(at('2024-03-05T23:59:59Z')), '2024-03-05')
})

test('a day is a real calendar day in UTC', () => {
  assert.deepEqual(parseDay('2024-02-29'), {
    from: at('2024-02-29T00:00:00Z'),
    until: at('2024-03-01T00:00:00Z'),
  })
  for (const text of [
    '2024-02-30',
    '2023-02-29',
    '13/02/2024',
    'yesterday',
    '2024-2-3',
    '2024-13-01',
    '2024-00-10',
    '0000-01-01',
    '2024-01-01 00:00:00',
    '2024-01-01T00:00:00Z',
    '',
  ])
    assert.equal(parseDay(text), undefined, text)
})

test('a stamp takes a space run, T and Z, or a day alone', () => {
  const noon = at('2024-03-05T12:00:01Z')
  for (const text of ['2024-03-05 12:00:01', '2024-03-05    12:00:01', '2024-03-05T12:00:01Z'])
    assert.equal(parseStamp(text), noon, text)
  assert.equal(parseStamp('2024-03-05'), at('2024-03-05T00:00:00Z'))
  for (const text of [
    '2024-03-05T12:00:01',
    '2024-03-05 12:00:01Z',
    '2024-03-05T12:00:01+00:00',
    '2024-03-05 24:00:00',
    '2024-03-05 12:60:00',
    '2024-03-05 12:00:60',
    '2024-03-05 12:00',
    '2024-02-30 12:00:00',
    '2024-03-0512:00:00',
    '1709640001',
  ])
    assert.equal(parseStamp(text), undefined, text)
})

test('every second prints as a stamp that reads back', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
      (date) => {
        const second = BigInt(Math.floor(date.getTime() / 1_000)) * 1_000_000n
        assert.equal(parseStamp(encodeStamp(second)), second)
      },
    ),
  )
})
