import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Decimal, decimal, parseDecimal } from '../../money/decimal.ts'
import { fromDate, type Instant } from '../../money/instant.ts'
import { createZone } from '../../money/zone.ts'
import { type JsonValue, parseJson } from '../../wire/json.ts'
import {
  fixed10,
  localInstant,
  localMicros,
  localMillis,
  money,
  money10,
  number,
  parseDay,
  parseId,
  parseLocalTime,
  plainNumber,
  readCode,
  readKey,
  shortest,
  utcSeconds,
  utcZulu,
} from './wire.ts'

const berlin = createZone('Europe/Berlin')
const at = (text: string): Instant => fromDate(new Date(text))
const json = (text: string): JsonValue => parseJson(text)
const dec = (text: string): Decimal => parseDecimal(text) ?? assert.fail(text)
const amount = number({ places: 2, min: decimal(0) })
const reads = (text: string, read: (input: JsonValue) => unknown = amount) => {
  const reading = read(json(text)) as { value?: Decimal; faults?: string[] }
  return reading.faults ?? (reading.value ? shortest(reading.value) : undefined)
}

test('numbers are read from numbers and strings alike, exponents and trailing zeros included', () => {
  const accepted: Record<string, string> = {
    '100': '100',
    '84.03': '84.03',
    '"84.03"': '84.03',
    '"150.0000000000"': '150',
    '150.0000000000': '150',
    '1E+2': '100',
    '"1e2"': '100',
    '" 7 "': '7',
    '"0"': '0',
    '0e-99999': '0',
    '-0.00': '0',
    '9999999999.99': '9999999999.99',
  }
  for (const [text, value] of Object.entries(accepted)) assert.equal(reads(text), value, text)
})

test('what is no number is told so', () => {
  for (const text of [
    'true',
    '"NaN"',
    '"Infinity"',
    '"-inf"',
    '"1,5"',
    '""',
    '"abc"',
    '[]',
    '{}',
    '"0x1"',
  ])
    assert.deepEqual(reads(text), ['A valid number is required.'], text)
})

test('scale, size and range have their own words, one at a time', () => {
  assert.deepEqual(reads('1.234'), ['Ensure that there are no more than 2 decimal places.'])
  assert.deepEqual(reads('10000000000'), [
    'Ensure that there are no more than 10 digits before the decimal point.',
  ])
  assert.deepEqual(reads('1e999999999'), [
    'Ensure that there are no more than 10 digits before the decimal point.',
  ])
  assert.deepEqual(reads('1e-999999999'), ['Ensure that there are no more than 2 decimal places.'])
  assert.deepEqual(reads('-0.01'), ['Ensure this value is greater than or equal to 0.'])
  assert.deepEqual(reads('0', number({ places: 2, above: decimal(0) })), [
    'Ensure this value is greater than 0.',
  ])
  assert.deepEqual(reads('9999.01', number({ places: 2, max: decimal(9_999) })), [
    'Ensure this value is less than or equal to 9999.',
  ])
})

test('keys are integers or their digits', () => {
  assert.deepEqual(readKey(json('7122')), { value: 7122n })
  assert.deepEqual(readKey(json('"7122"')), { value: 7122n })
  assert.deepEqual(readKey(json('-640')), { value: -640n })
  assert.deepEqual(readKey(json('"abc"')), {
    faults: ['Incorrect type. Expected pk value, received str.'],
  })
  assert.deepEqual(readKey(json('true')), {
    faults: ['Incorrect type. Expected pk value, received bool.'],
  })
  assert.deepEqual(readKey(json('1.5')), {
    faults: ['Incorrect type. Expected pk value, received float.'],
  })
  assert.deepEqual(readKey(json('{}')), {
    faults: ['Incorrect type. Expected pk value, received dict.'],
  })
  assert.deepEqual(readKey(json('99999999999999999999')), {
    faults: ['Invalid pk "99999999999999999999" - object does not exist.'],
  })
  assert.equal(parseId('12'), 12n)
  assert.equal(parseId('9999999999999999999'), undefined)
  assert.equal(parseId('1a'), undefined)
})

test('codes keep every digit of an integer', () => {
  assert.deepEqual(readCode(json('12345678901234567890123')), { value: '12345678901234567890123' })
  assert.deepEqual(readCode(json('"007"')), { value: '007' })
  for (const text of ['1.0', '1e5', 'true', 'null', '{}', '[]'])
    assert.deepEqual(readCode(json(text)), { faults: ['Not a valid string.'] }, text)
})

test("a date without an offset is a reading of the account's clock", () => {
  const read = localInstant(berlin)
  assert.deepEqual(read('2023-07-21T22:59:59'), { value: at('2023-07-21T20:59:59Z') })
  assert.deepEqual(read('2023-01-21T22:59:59'), { value: at('2023-01-21T21:59:59Z') })
  assert.deepEqual(read('2023-07-21T22:59:59-03:00'), { value: at('2023-07-22T01:59:59Z') })
  assert.ok('faults' in read('21.07.2023'))
})

test('days and local times of queries are read strictly', () => {
  assert.equal(parseDay('03.02.2031'), '2031-02-03')
  assert.equal(parseDay('31.02.2031'), undefined)
  assert.equal(parseDay('2031-02-03'), undefined)
  assert.equal(parseLocalTime('2031.07.01 12:00:00', berlin), at('2031-07-01T10:00:00Z'))
  assert.equal(parseLocalTime('2031.13.01 12:00:00', berlin), undefined)
  assert.equal(parseLocalTime('2031.02.31 12:00:00', berlin), undefined)
  assert.equal(parseLocalTime('2031.02.28 24:00:01', berlin), undefined)
  assert.equal(parseLocalTime('yesterday', berlin), undefined)
})

test('decimals have the shapes of the specification and never a negative zero', () => {
  assert.equal(money(-9_562_000n), '-95.62')
  assert.equal(money(-0n), '0.00')
  assert.equal(money(1_999n), '0.01')
  assert.equal(money10(15_000_000n), '150.0000000000')
  assert.equal(money10(0n), '0.0000000000')
  assert.equal(fixed10(dec('84.0336')), '84.0336000000')
  assert.equal(shortest(dec('100.0000000000')), '100')
  assert.equal(shortest(dec('1e2')), '100')
  assert.equal(JSON.stringify({ quantity: plainNumber(dec('1.00')) }), '{"quantity":1}')
  assert.equal(JSON.stringify({ quantity: plainNumber(dec('0.50')) }), '{"quantity":0.5}')
})

test('times have the shapes of the specification', () => {
  const instant = at('2031-02-03T08:15:20.125Z') + 1n
  assert.equal(localMillis(berlin, instant), '2031-02-03T09:15:20.125+01:00')
  assert.equal(localMillis(berlin, at('2031-02-03T08:15:20Z')), '2031-02-03T09:15:20.000+01:00')
  assert.equal(localMicros(berlin, instant), '2031-02-03T09:15:20.125001+01:00')
  assert.equal(localMicros(berlin, at('2031-07-03T08:15:20Z')), '2031-07-03T10:15:20+02:00')
  assert.equal(localMicros(berlin, 0n), '1970-01-01T01:00:00+01:00')
  assert.equal(
    localMicros(createZone('America/St_Johns'), at('2031-02-03T08:15:20Z')),
    '2031-02-03T04:45:20-03:30',
  )
  assert.equal(utcSeconds(instant), '2031-02-03T08:15:20+00:00')
  assert.equal(utcZulu(at('2031-06-30T21:59:59Z')), '2031-06-30T21:59:59Z')
  assert.equal(utcZulu(instant), '2031-02-03T08:15:20.125001Z')
})
