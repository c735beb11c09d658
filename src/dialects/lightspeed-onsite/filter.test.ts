import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Filter, matches } from '../../services/lightspeed-filter.ts'
import { FilterError, type FilterFields, parseFilter } from './filter.ts'

const FIELDS: FilterFields = {
  id: { kind: 'integer', field: 'id' },
  serialNumber: { kind: 'string', field: 'serialNumber' },
  serial_number: { kind: 'string', field: 'serialNumber' },
  current: { kind: 'boolean', field: 'current' },
  sell: { kind: 'decimal', field: 'sell' },
  datetime_mod: { kind: 'datetime', field: 'datetime_mod' },
}
const HOUR = 3_600_000_000n
const parse = (text: string): Filter => parseFilter(text, FIELDS, (reading) => reading - HOUR)
const CARD = {
  id: 4n,
  serialNumber: 'TEA-0042',
  current: true,
  sell: 2_550_000n,
  datetime_mod: BigInt(Date.parse('2026-03-04T09:15:30Z')) * 1_000n + 120_034n,
}
const holds = (text: string): boolean => matches(parse(text), CARD)

describe('a filter', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['(serialNumber == "TEA-0042")', true],
    ["serialNumber = 'TEA-0042'", true],
    ['serial_number == "TEA-0042"', true],
    ['serialNumber != "TEA-0042"', false],
    ['serialNumber <> "x"', true],
    ['serialNumber > "TEA"', true],
    ['serialNumber contains[cd] "tea"', true],
    ['serialNumber CONTAINS[CD] "tèa"', true],
    ['serialNumber CONTAINS [c] "tea"', true],
    ['serialNumber contains[ d ] "TÈA"', true],
    ['serialNumber CONTAINS "tea"', false],
    ['serialNumber beginsWith "TEA"', true],
    ['serialNumber EndsWith "42"', true],
    ['serialNumber LIKE "TEA-*"', true],
    ['serialNumber == 42', false],
    ['id == 4', true],
    ['id=4', true],
    ['id == "4"', true],
    ["id > '3'", true],
    ['id >= 004', true],
    ['id < -1', false],
    ['id == 99999999999999999999', false],
    ['id < 99999999999999999999', true],
    ['id == nil', false],
    ['id != NULL', true],
    ['serialNumber == nil', false],
    ['current == 1', true],
    ['current = true', true],
    ['current == YES', true],
    ['current == "0"', false],
    ['current != No', true],
    ['sell == 25.500', true],
    ['sell > "25.49"', true],
    ['datetime_mod > "2026-03-04 10:15:30"', true],
    ['datetime_mod == "2026-03-04T10:15:30.120034"', true],
    ['datetime_mod < "2026-03-04T10:15:30.12"', false],
    ['datetime_mod >= "2026-03-04T10:15:31"', false],
    ['TRUEPREDICATE', true],
    ['FALSEPREDICATE or truepredicate', true],
    ['NOT id == 4', false],
    ['!(id == 4)', false],
    ['! id == 5', true],
    ['id == 5 OR id == 4 AND current == 1', true],
    ['(id == 4 OR id == 5) AND current == 0', false],
    ['id == 4 && NOT (id == 5 || id == 6)', true],
    ['id==4&&id==4||id==5', true],
    ['serialNumber == "T\\"E\\\'A\\\\"', false],
    ['\tid\n==\r4 ', true],
  ]
  for (const [text, expected] of cases)
    it(`${text.trim()} is ${expected} of the card`, () => assert.equal(holds(text), expected))

  it('undoes the three escapes', () => {
    const filter = parse('serialNumber == "a\\"b\\\'c\\\\d"')
    assert.equal(filter.kind === 'compare' && filter.value, 'a"b\'c\\d')
  })

  it('keeps the leading zeros of a serial that looks like a number', () => {
    const filter = parse('serialNumber == 00731')
    assert.equal(filter.kind === 'compare' && filter.value, '00731')
  })
})

describe('a filter is refused for', () => {
  const nested = (depth: number): string => `${'('.repeat(depth)}id == 1${')'.repeat(depth)}`
  const cases: Readonly<Record<string, string>> = {
    'an unknown field': 'colour == "red"',
    'a field in another letter case': 'serialnumber == "x"',
    'a field named like a property of every object': 'constructor == "x"',
    'a missing value': 'id ==',
    'a missing operator': 'id',
    'a missing field': '== 4',
    'text for an id': 'id == "x"',
    'an empty text for an id': 'id == ""',
    'a fraction for an id': 'id == 4.5',
    'an exponent': 'id == 1e3',
    'a boolean for an id': 'id == TRUE',
    'a search in an id': 'id CONTAINS "4"',
    'a boolean that is none': 'current == 2',
    'an order of booleans': 'current > 0',
    'nil to search for': 'serialNumber CONTAINS nil',
    'a flag on a comparison': 'serialNumber ==[c] "x"',
    'an unknown flag': 'serialNumber CONTAINS[x] "x"',
    'a flag that is not closed': 'serialNumber CONTAINS[c "x"',
    MATCHES: 'serialNumber MATCHES ".*"',
    IN: 'id IN {1, 2}',
    BETWEEN: 'id BETWEEN {1, 2}',
    'a function': 'length(serialNumber) == 1',
    'a key path': 'product.code == "x"',
    'a field for a value': 'serialNumber == serialNumber',
    'a quote that is not closed': 'serialNumber == "x',
    'an unknown escape': 'serialNumber == "\\n"',
    'a parenthesis that is not closed': '(id == 1',
    'a parenthesis too many': 'id == 1)',
    'empty parentheses': '()',
    'two tests without a word between': 'id == 1 id == 2',
    'a dangling AND': 'id == 1 AND',
    'a double NOT': 'NOT NOT id == 1',
    'a date that does not exist': 'datetime_mod > "2026-02-30 00:00:00"',
    'a date without a time': 'datetime_mod > "2026-02-20"',
    'a datetime with a zone': 'datetime_mod > "2026-02-20T00:00:00Z"',
    'a NUL': 'serialNumber == "\0"',
    'more than 32 levels': nested(33),
    'more than 2000 characters': `serialNumber == "${'x'.repeat(1_990)}"`,
    'white space alone, which a caller has to know': ' ',
  }
  for (const [name, text] of Object.entries(cases))
    it(name, () => assert.throws(() => parse(text), FilterError))

  it('nothing that lies exactly at a limit', () => {
    assert.ok(parse(nested(32)))
    assert.ok(parse(`serialNumber == "${'😀'.repeat(2_000 - 'serialNumber == ""'.length)}"`))
  })
})

it('whatever the text, a filter is read or refused', () => {
  const part = fc.constantFrom(
    ...['(', ')', 'id', 'serialNumber', 'current', '==', '<', '!', 'NOT', 'AND', '||', '"x"', "'"],
    ...['"', '\\', '4', '-4.5', 'nil', 'TRUE', 'CONTAINS', '[', 'cd', ']', 'LIKE', ' ', '😀', '.'],
  )
  const soup = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(' '))
  fc.assert(
    fc.property(fc.oneof(soup, fc.string({ unit: 'binary' })), (text) => {
      try {
        matches(parse(text), CARD)
      } catch (error) {
        assert.ok(error instanceof FilterError, String(error))
      }
    }),
    { numRuns: 4_000 },
  )
})
