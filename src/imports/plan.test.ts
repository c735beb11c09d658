import assert from 'node:assert/strict'
import test from 'node:test'
import { decimal } from '../money/decimal.ts'
import { formatInstant, fromDate, type Instant } from '../money/instant.ts'
import { createZone } from '../money/zone.ts'
import { duplicateFault, type ImportPlan, offendingCodes } from '../services/imports-commands.ts'
import type { Cell } from './cell.ts'
import { planImport } from './plan.ts'

const account = {
  zone: createZone('Europe/Berlin'),
  taxTypes: [
    { id: 301n, rate: decimal(19_000, 3) },
    { id: 302n, rate: decimal(7) },
    { id: 303n, rate: decimal(0) },
  ],
}
const sentAt: Instant = fromDate(new Date('2031-02-03T08:30:00.250Z'))

const text = (value: string): Cell => ({ kind: 'text', text: value })
const number = (value: string): Cell => ({ kind: 'number', text: value })
const date: Cell = { kind: 'date' }
const boolean: Cell = { kind: 'boolean' }

const GOOD = [text('AAAA-1111'), text('Old card'), undefined, number('50'), number('19')]
type Column = 'A' | 'B' | 'C' | 'D' | 'E'

const plan = (...rows: readonly (readonly (Cell | undefined)[])[]): ImportPlan =>
  planImport(
    rows.map((cells, index) => ({ row: index + 2, cells })),
    account,
    sentAt,
  )

/** The fault of one cell in an otherwise good row, or undefined. */
function faultOf(column: Column, cell: Cell | undefined): string | undefined {
  const result = plan(GOOD.with('ABCDE'.indexOf(column), cell))
  if (!('faults' in result)) return undefined
  assert.deepEqual(
    result.faults.map(([place]) => place),
    [`${column}2`],
  )
  return result.faults[0]?.[1]
}

function cardOf(row: readonly (Cell | undefined)[]) {
  const result = plan(row)
  assert.ok('cards' in result)
  return result.cards[0]
}

test('a good row becomes a card', () => {
  const cells = GOOD.with(2, text('31.12.2032'))
  assert.deepEqual(cardOf(cells), {
    code: 'AAAA-1111',
    name: 'Old card',
    validUntil: fromDate(new Date('2032-12-31T22:59:59Z')),
    units: 5_000_000n,
    taxTypeId: 301n,
  })
})

test('each cell has its rules and its words', () => {
  const INVALID = 'Redeem code contains invalid characters'
  const REQUIRED = 'This field is required.'
  const NO_STRING = 'Not a valid string.'
  const NO_NUMBER = 'A valid number is required.'
  const NO_RATE = 'Tax rate does not match any tax rate of the account.'
  const noDate = (value: string) => `time data '${value}' does not match format '%d.%m.%Y'`
  const cases: readonly (readonly [Column, Cell | undefined, string | undefined])[] = [
    ['A', undefined, REQUIRED],
    ['A', text('0DFC4265-3787-45F5-B0AB-4E3AFFC666B8'), undefined],
    ['A', text('AAAA_1111'), INVALID],
    ['A', text('AAAA 1111'), INVALID],
    ['A', text('ÄÄÄÄ-1111'), INVALID],
    ['A', text('1.23457E+15'), INVALID],
    ['A', text('AAA-111'), 'Ensure this field has at least 8 characters.'],
    ['A', text('.'), INVALID],
    ['A', text('A'.repeat(64)), undefined],
    ['A', text('A'.repeat(65)), 'Ensure this field has no more than 64 characters.'],
    ['A', text('00000000'), undefined],
    ['A', number('12345678'), undefined],
    ['A', number('123456789012345'), undefined],
    ['A', number('1234567'), 'Ensure this field has at least 8 characters.'],
    ['A', number('1234567890123460'), INVALID],
    ['A', number('12345678.5'), INVALID],
    ['A', number('-12345678'), INVALID],
    ['A', date, NO_STRING],
    ['A', boolean, NO_STRING],
    ['B', undefined, REQUIRED],
    ['B', number('2031'), undefined],
    ['B', text('é'.repeat(255)), undefined],
    ['B', text('é'.repeat(256)), 'Ensure this field has no more than 255 characters.'],
    ['B', date, NO_STRING],
    ['B', boolean, NO_STRING],
    ['C', undefined, undefined],
    ['C', text('1.2.2032'), undefined],
    ['C', text('31.12.2020'), undefined],
    ['C', text('29.02.2032'), undefined],
    ['C', text('29.02.2031'), 'day is out of range for month'],
    ['C', text('31.02.2032'), 'day is out of range for month'],
    ['C', text('32.01.2032'), noDate('32.01.2032')],
    ['C', text('01.13.2032'), noDate('01.13.2032')],
    ['C', text('01.01.32'), noDate('01.01.32')],
    ['C', text('01.01.0000'), noDate('01.01.0000')],
    ['C', text('2032-01-01'), noDate('2032-01-01')],
    ['C', text('TT.MM.JJJJ'), noDate('TT.MM.JJJJ')],
    ['C', number('46753'), noDate('46753')],
    ['C', number('31.122027'), noDate('31.122027')],
    ['C', date, NO_STRING],
    ['C', boolean, NO_STRING],
    ['D', undefined, REQUIRED],
    ['D', text('50.5'), undefined],
    ['D', text('50.500'), undefined],
    ['D', text('1E+2'), undefined],
    ['D', text('50,50'), NO_NUMBER],
    ['D', text('€ 50'), NO_NUMBER],
    ['D', text('NaN'), NO_NUMBER],
    ['D', text('1e999999999'), NO_NUMBER],
    ['D', text('9'.repeat(5_000)), NO_NUMBER],
    ['D', date, NO_NUMBER],
    ['D', boolean, NO_STRING],
    ['D', number('0'), 'Ensure this value is greater than 0.'],
    ['D', number('-5'), 'Ensure this value is greater than 0.'],
    ['D', number('0.001'), 'Ensure that there are no more than 2 decimal places.'],
    ['D', number('0.0000001'), 'Ensure that there are no more than 2 decimal places.'],
    ['D', number('9999999999.99'), undefined],
    [
      'D',
      number('10000000000'),
      'Ensure that there are no more than 10 digits before the decimal point.',
    ],
    ['E', undefined, REQUIRED],
    ['E', text('19.0'), undefined],
    ['E', number('0'), undefined],
    ['E', text('19%'), NO_NUMBER],
    ['E', text('19,0'), NO_NUMBER],
    ['E', number('0.19'), NO_RATE],
    ['E', number('-19'), NO_RATE],
    ['E', date, NO_NUMBER],
    ['E', boolean, NO_STRING],
  ]
  for (const [column, cell, expected] of cases)
    assert.equal(faultOf(column, cell), expected, `${column} ${JSON.stringify(cell)}`)
})

test('every bad cell is told, by row and then by column, and no card is planned', () => {
  assert.deepEqual(
    plan(GOOD, [text('x'), undefined, text('x'), text('x'), text('x')], GOOD.with(4, number('5'))),
    {
      faults: [
        ['A3', 'Ensure this field has at least 8 characters.'],
        ['B3', 'This field is required.'],
        ['C3', "time data 'x' does not match format '%d.%m.%Y'"],
        ['D3', 'A valid number is required.'],
        ['E3', 'A valid number is required.'],
        ['E4', 'Tax rate does not match any tax rate of the account.'],
      ],
    },
  )
})

test('codes that are repeated in the file or taken are told once each, in file order, as first written', () => {
  const codes = ['AAAA-1111', 'BBBB-2222', 'cccc-3333', 'bbbb-2222', 'Aaaa-1111', 'aaaa-1111', 'D']
  assert.deepEqual(offendingCodes(codes, new Set()), ['AAAA-1111', 'BBBB-2222'])
  assert.deepEqual(offendingCodes(codes, new Set(['cccc-3333', 'bbbb-2222', 'other'])), [
    'AAAA-1111',
    'BBBB-2222',
    'cccc-3333',
  ])
  assert.deepEqual(offendingCodes(['A', 'B'], new Set()), [])
  assert.deepEqual(duplicateFault(['X']), ['redeem_code', "Duplicate redeem codes ['X']."])
})

test('repeated codes wait until every cell is right', () => {
  const result = plan(GOOD, GOOD)
  assert.ok('cards' in result)
  assert.deepEqual(plan(GOOD, GOOD.with(3, number('0'))), {
    faults: [['D3', 'Ensure this value is greater than 0.']],
  })
})

test('without a day a card is good for three years, to the end of that day in the shop', () => {
  const end = (sent: string) => {
    const result = planImport([{ row: 2, cells: GOOD }], account, fromDate(new Date(sent)))
    assert.ok('cards' in result && result.cards[0])
    return formatInstant(result.cards[0].validUntil)
  }
  assert.equal(end('2031-02-03T08:30:00Z'), '2034-02-03T22:59:59.000000Z')
  // 23:30 UTC is the next day in Berlin already.
  assert.equal(end('2031-06-30T22:30:00Z'), '2034-07-01T21:59:59.000000Z')
  assert.equal(end('2032-02-29T12:00:00Z'), '2035-02-28T22:59:59.000000Z')
})

test('a file without data rows says so', () => {
  assert.deepEqual(plan(), { faults: [['source_file', 'The file contains no gift cards.']] })
})
