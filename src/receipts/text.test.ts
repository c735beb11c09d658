import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { directionalRuns, printable, wrap } from './text.ts'

const everyGlyph = () => true
const oneEach = (text: string): number => Array.from(text).length

test('controls, bidi overrides and joiners leave no trace in printed text', () => {
  assert.equal(printable('a\u0000b\u0007c\u202Eevil\u202C\u200b', everyGlyph), 'abcevil')
  assert.equal(printable('  two\n\tlines\u00a0 ', everyGlyph), 'two lines')
  assert.equal(printable('\ud800x', everyGlyph), '\ufffdx')
})

test('a character without a glyph is printed as a box', () => {
  assert.equal(
    printable('日本 ok', (codePoint) => codePoint < 0x3000),
    '□□ ok',
  )
})

test('a pile of combining marks is cut down to two', () => {
  const pile = `q${'\u0301'.repeat(500)}`
  assert.equal(Array.from(printable(pile, everyGlyph)).length, 3)
})

test('text wraps at blanks, and inside a word only where the word is too long', () => {
  assert.deepEqual(wrap('gift card 730284611905', 12, 8, oneEach), ['gift card', '730284611905'])
  assert.deepEqual(wrap('abcdefgh', 3, 8, oneEach), ['abc', 'def', 'gh'])
})

test('too many rows lose their middle, never the end that holds the code', () => {
  assert.deepEqual(wrap('one two three four five', 5, 3, oneEach), ['one', '…', 'five'])
})

test('whatever the text, rows fit and nothing but blanks is lost', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.integer({ min: 1, max: 40 }),
      (text, width) => {
        const line = printable(text, everyGlyph)
        const rows = wrap(line, width, Number.MAX_SAFE_INTEGER, oneEach)
        for (const row of rows) assert.ok(oneEach(row) <= width)
        assert.equal(rows.join('').replaceAll(' ', ''), line.replaceAll(' ', ''))
        assert.equal(directionalRuns(line).join(''), line)
      },
    ),
  )
})

test('Hebrew and Arabic stand in runs of their own, words in between included', () => {
  assert.deepEqual(directionalRuns('spa שובר מתנה 12'), ['spa ', 'שובר מתנה', ' 12'])
  assert.deepEqual(directionalRuns('plain'), ['plain'])
})
