import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatUtc, parseInstant } from './dates.ts'
import { numberText, pythonText, readBoolean, readDecimal, strip } from './fields.ts'
import { JsonNumber, type JsonValue, parseJson } from './json.ts'

describe('numbers as Python shows them', () => {
  /** JSON, and what `str(json.loads(…))` is. */
  const cases: [json: string, shown: string][] = [
    ['0', '0'],
    ['-0', '0'],
    ['007'.slice(2), '7'],
    ['-12', '-12'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
    ['0.0', '0.0'],
    ['-0.0', '-0.0'],
    ['1.0', '1.0'],
    ['1.50', '1.5'],
    ['-2.25', '-2.25'],
    ['100.0', '100.0'],
    ['1e2', '100.0'],
    ['1E+2', '100.0'],
    ['12e-1', '1.2'],
    ['0.0001', '0.0001'],
    ['0.00001', '1e-05'],
    ['1.5e-7', '1.5e-07'],
    ['1e-100', '1e-100'],
    ['1e15', '1000000000000000.0'],
    ['123456789012345.6', '123456789012345.6'],
    ['1e16', '1e+16'],
    ['1.25e22', '1.25e+22'],
    ['0.30000000000000004', '0.30000000000000004'],
    ['5e-324', '5e-324'],
    ['1e400', 'inf'],
    ['-1e400', '-inf'],
  ]
  for (const [json, shown] of cases)
    test(`${json} is ${shown}`, () => assert.equal(numberText(new JsonNumber(json)), shown))

  test('read back are the same number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const json = JSON.stringify(value)
        assert.equal(Number(numberText(new JsonNumber(json))), Number(json))
      }),
    )
  })
})

test('values inside messages are spelled as Python spells them', () => {
  const cases: [json: string, shown: string][] = [
    ['"a\'b"', "a'b"],
    ['null', 'None'],
    ['true', 'True'],
    ['[]', '[]'],
    ['{}', '{}'],
    ['["a",1,1.0,null,false]', "['a', 1, 1.0, None, False]"],
    ['["it\'s"]', '["it\'s"]'],
    ['["it\'s \\"x\\""]', "['it\\'s \"x\"']"],
    ['["a\\\\b\\n"]', "['a\\\\b\\n']"],
    ['{"a":{"b":[]}}', "{'a': {'b': []}}"],
  ]
  for (const [json, shown] of cases) assert.equal(pythonText(parseJson(json)), shown)
})

test('blanks are those of Python: separators count, a byte order mark does not', () => {
  assert.equal(strip(' \t\n\u000b\f\r\u001c\u001d\u001e\u001f\u0085\u00a0\u2003x y\u3000 '), 'x y')
  const inner = `x${' '.repeat(1_000_000)}x`
  assert.equal(strip(` ${inner} `), inner)
  for (const kept of ['\u200bx\u200b', '\ufeffx\ufeff', '\ufeff x'])
    assert.equal(strip(` ${kept}\n`), kept)
  assert.equal(strip(''), '')
})

test('a boolean may be a number that equals 1 or 0', () => {
  for (const source of ['1', '1.0', '1e0', '10e-1'])
    assert.deepEqual(readBoolean(new JsonNumber(source)), { value: true })
  for (const source of ['0', '-0', '0.0', '0e5'])
    assert.deepEqual(readBoolean(new JsonNumber(source)), { value: false })
  assert.ok('faults' in readBoolean(new JsonNumber('1.1')))
})

test('every amount of two decimals is read as the number it is, however it is spelled', () => {
  const rules = { digits: 13, places: 2 }
  fc.assert(
    fc.property(fc.bigInt({ min: -9_999_999_999_999n, max: 9_999_999_999_999n }), (cents) => {
      const size = cents < 0n ? -cents : cents
      const text = `${cents < 0n ? '-' : ''}${size / 100n}.${String(size % 100n).padStart(2, '0')}`
      const spellings: JsonValue[] = [
        text,
        ` ${text}\n`,
        `${cents}e-2`,
        new JsonNumber(text),
        new JsonNumber(`${cents}E-2`),
      ]
      for (const input of spellings)
        assert.deepEqual(readDecimal(input, rules), { value: { units: cents, scale: 2 } })
    }),
  )
})

describe('instants', () => {
  test('that are printed are read back as the same instant', () => {
    const first = BigInt(Date.parse('0001-01-01T00:00:00Z')) * 1_000n
    const last = BigInt(Date.parse('9999-12-31T23:59:59Z')) * 1_000n
    fc.assert(
      fc.property(fc.bigInt({ min: first, max: last }), (instant) => {
        const text = formatUtc(instant)
        assert.equal(parseInstant(text), instant)
        assert.equal(parseInstant(text.replaceAll(/[-:]/g, '')), instant)
        assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/)
      }),
    )
  })

  test('without a zone are handed to whoever knows one', () => {
    const local = (reading: bigint) => reading - 3_600_000_000n
    assert.equal(parseInstant('1970-01-01T01:00', local), 0n)
    assert.equal(parseInstant('1970-01-01T01:00+00:00', local), 3_600_000_000n)
    assert.equal(
      parseInstant('1970-01-01', () => 7n),
      7n,
    )
  })
})
