import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  compareCodePoints,
  type Filter,
  foldedFields,
  foldText,
  matches,
  type TextMatch,
} from './lightspeed-filter.ts'

const test = (op: TextMatch, value: string, flags = ''): Filter => ({
  kind: 'match',
  field: 's',
  op,
  value,
  folding: { case: flags.includes('c'), marks: flags.includes('d') },
})
const holds = (filter: Filter, s: string): boolean => matches(filter, { s, n: 4n, b: true })

describe('a predicate', () => {
  it('compares integers as numbers and text by code point', () => {
    const compare = (field: string, op: '<' | '>' | '=', value: bigint | string): Filter => ({
      kind: 'compare',
      field,
      op,
      value,
    })
    assert.ok(holds(compare('n', '<', 10n), ''))
    assert.ok(!holds(compare('s', '<', '10'), '9'))
    assert.ok(holds(compare('s', '>', '\uFFFD'), '😀'))
    assert.ok(!holds(compare('s', '=', '9'), '09'))
    assert.ok(!holds(compare('s', '<', 10n as never), '9'))
  })

  it('knows nil only as equal or not', () => {
    for (const [op, expected] of [
      ['=', false],
      ['!=', true],
      ['<', false],
      ['>=', false],
    ] as const)
      assert.equal(holds({ kind: 'compare', field: 'n', op, value: undefined }, ''), expected, op)
    assert.ok(matches({ kind: 'compare', field: 'x', op: '=', value: undefined }, {}))
  })

  it('combines tests', () => {
    const all: Filter = { kind: 'all' }
    const none: Filter = { kind: 'none' }
    assert.ok(holds({ kind: 'or', terms: [none, all] }, ''))
    assert.ok(!holds({ kind: 'and', terms: [none, all] }, ''))
    assert.ok(holds({ kind: 'not', term: none }, ''))
  })

  it('overlooks case with c, diacritics with d, and nothing without', () => {
    assert.ok(!holds(test('contains', 'crème'), 'CREME'))
    assert.ok(!holds(test('contains', 'crème', 'c'), 'CREME'))
    assert.ok(!holds(test('contains', 'crème', 'd'), 'CREME'))
    assert.ok(holds(test('contains', 'crème', 'cd'), 'ice CREME'))
    assert.ok(holds(test('contains', 'CRÈ', 'c'), 'crème'))
    assert.ok(holds(test('contains', 'cre', 'd'), 'cre\u0300me'))
    assert.ok(holds(test('endswith', 'ΣΟΣ', 'c'), 'σος'))
    assert.ok(holds(test('like', 'stra?e', 'c'), 'STRAßE'))
  })

  it('finds runs at the start, at the end and anywhere', () => {
    assert.ok(holds(test('beginswith', 'TEA'), 'TEA-0042'))
    assert.ok(!holds(test('beginswith', '0042'), 'TEA-0042'))
    assert.ok(holds(test('endswith', '0042'), 'TEA-0042'))
    assert.ok(holds(test('contains', '-00'), 'TEA-0042'))
    assert.ok(holds(test('contains', ''), 'TEA-0042'))
  })

  it('takes * and ? of LIKE for wild cards and everything else for itself', () => {
    for (const [pattern, text, expected] of [
      ['TEA-*', 'TEA-0042', true],
      ['TEA-????', 'TEA-0042', true],
      ['TEA-???', 'TEA-0042', false],
      ['*', '', true],
      ['?', '😀', true],
      ['?', '', false],
      ['*42', 'TEA-0042', true],
      ['*4*', 'TEA-0042', true],
      ['TEA', 'TEA-0042', false],
      ['T.A%_[0-9]\\', 'TEA-0042', false],
      ['a%_b', 'a%_b', true],
    ] as const)
      assert.equal(holds(test('like', pattern), text), expected, pattern)
  })

  it('stays quick on patterns made to be slow', () => {
    const started = process.cpuUsage()
    assert.ok(!holds(test('like', `${'*a'.repeat(900)}b`), 'a'.repeat(2_000)))
    assert.ok(process.cpuUsage(started).user < 1_000_000)
  })

  it('says whether SQL alone could decide it', () => {
    const folded = test('like', '', 'd')
    assert.deepEqual(foldedFields({ kind: 'not', term: { kind: 'or', terms: [folded, folded] } }), [
      's',
    ])
    assert.deepEqual(foldedFields({ kind: 'and', terms: [test('like', ''), { kind: 'all' }] }), [])
  })
})

it('code point order is that of UTF-8 bytes', () => {
  const text = fc.string({ unit: 'binary', maxLength: 4 }).map((value) => value.toWellFormed())
  fc.assert(
    fc.property(text, text, (left, right) => {
      assert.equal(
        Math.sign(compareCodePoints(left, right)),
        Buffer.compare(Buffer.from(left), Buffer.from(right)),
      )
    }),
  )
})

it('folding ASCII text leaves ASCII capitals, as upper() in the C locale does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
      assert.equal(
        foldText(text, { case: true, marks: true }),
        text.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
      )
    }),
  )
})
