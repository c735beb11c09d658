import assert from 'node:assert/strict'
import test from 'node:test'
import { HEADER, workbook, workbookParts } from '../../test/support/workbook.ts'
import { readFirstSheet } from './xlsx.ts'

const LIMITS = { columns: 5, dataRows: 10 }
const text = (value: string) => ({ kind: 'text', text: value })
const number = (value: string) => ({ kind: 'number', text: value })
const SHEET = 'xl/worksheets/sheet1.xml'
const sheetOf = (rows: string): string => `<worksheet><sheetData>${rows}</sheetData></worksheet>`

test('shared, inline and formula texts, numbers, dates, booleans and errors are told apart', async () => {
  for (const strings of ['shared', 'inline'] as const) {
    const bytes = workbook({
      rows: [
        HEADER,
        ['AAAA-1111', 'Spa & more', { value: '46753', style: 1 }, 19.99, { value: '1', type: 'b' }],
        [
          { type: 'str', formula: 'A2&"x"', value: 'AAAA-1111x' },
          { formula: '1+1', value: '2' },
          { type: 'd', value: '2031-01-01' },
          { type: 'e', value: '#N/A' },
          { formula: 'NOW()' },
        ],
      ],
      formats: ['dd.mm.yyyy'],
      strings,
    })
    assert.deepEqual(await readFirstSheet(bytes, LIMITS), [
      {
        row: 2,
        cells: [
          text('AAAA-1111'),
          text('Spa & more'),
          { kind: 'date' },
          number('19.99'),
          { kind: 'boolean' },
        ],
      },
      {
        row: 3,
        cells: [text('AAAA-1111x'), number('2'), { kind: 'date' }, text('#N/A'), undefined],
      },
    ])
  }
})

test('a number is a date by its built-in or its own format, whatever the date system', async () => {
  for (const date1904 of [false, true]) {
    const bytes = workbook({
      rows: [HEADER, [1, 2, 3].map((style) => ({ value: '45000', style }))],
      formats: [14, '#,##0.00 "Std"', 'd. mmm'],
      date1904,
    })
    const [row] = await readFirstSheet(bytes, LIMITS)
    assert.deepEqual(row?.cells.slice(0, 3), [{ kind: 'date' }, number('45000'), { kind: 'date' }])
  }
})

test('rich text loses its looks and its reading aids, never its letters', async () => {
  const bytes = workbook({
    rows: [HEADER, [{ type: 's', value: '0' }]],
    parts: {
      'xl/sharedStrings.xml':
        '<sst><si><r><rPr><b/></rPr><t>Spa </t></r><r><t>Tag</t></r><rPh sb="0" eb="1"><t>x</t></rPh></si></sst>',
    },
  })
  assert.deepEqual((await readFirstSheet(bytes, LIMITS))[0]?.cells[0], text('Spa Tag'))
})

test('the first row, blank rows and columns beyond the wanted ones do not exist', async () => {
  const bytes = workbook({
    rows: [
      ['x', 'y'],
      [],
      [' ', undefined, { style: 1 }],
      [undefined, undefined, undefined, undefined, undefined, 'F4'],
      ['A5'],
      [{ style: 0 }, { style: 0 }],
    ],
  })
  assert.deepEqual(await readFirstSheet(bytes, LIMITS), [
    { row: 5, cells: [text('A5'), undefined, undefined, undefined, undefined] },
  ])
})

test('rows and cells without an address stand one after the other; with one, where it says', async () => {
  const cell = (value: string) => `<c t="inlineStr"><is><t>${value}</t></is></c>`
  const bytes = workbook({
    rows: [],
    parts: {
      [SHEET]: `<?xml version="1.0"?><x:worksheet xmlns:x="m"><x:sheetData><x:row/><x:row>${cell('one')}${cell('two')}</x:row><x:row r="9"><x:c r="C9"><x:v>3</x:v></x:c>${cell('four')}</x:row></x:sheetData></x:worksheet>`,
    },
  })
  assert.deepEqual(await readFirstSheet(bytes, LIMITS), [
    { row: 2, cells: [text('one'), text('two'), undefined, undefined, undefined] },
    { row: 9, cells: [undefined, undefined, number('3'), text('four'), undefined] },
  ])
})

test('the first sheet is the first in the workbook, not the first file; paths may differ in case', async () => {
  const parts = workbookParts({ rows: [HEADER, ['second']] })
  const bytes = workbook({
    rows: [],
    parts: {
      'xl/workbook.xml':
        '<workbook xmlns:r="r"><sheets><sheet name="a" r:id="b"/><sheet name="z" r:id="a"/></sheets></workbook>',
      'xl/_rels/workbook.xml.rels':
        '<Relationships><Relationship Id="a" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="b" Type="x/worksheet" Target="/XL/Worksheets/../other.xml"/></Relationships>',
      'xl/other.xml': sheetOf('<row r="2"><c r="A2"><v>7</v></c></row>'),
      [SHEET]: parts[SHEET] ?? '',
    },
  })
  assert.deepEqual((await readFirstSheet(bytes, LIMITS))[0]?.cells[0], number('7'))
})

test('UTF-16 parts are read as such', async () => {
  const xml = sheetOf('<row r="2"><c r="A2" t="str"><v>Łódź</v></c></row>')
  const bytes = workbook({ rows: [], parts: { [SHEET]: Buffer.from(`\ufeff${xml}`, 'utf16le') } })
  assert.deepEqual((await readFirstSheet(bytes, LIMITS))[0]?.cells[0], text('Łódź'))
})

test('the limit counts data rows, not blank ones', async () => {
  const rows = (count: number) => [
    HEADER,
    ...Array.from({ length: count }, (_, i) => [`CODE-${i}`]),
  ]
  assert.equal((await readFirstSheet(workbook({ rows: rows(10) }), LIMITS)).length, 10)
  const blank = Array.from({ length: 20 }, () => [' '])
  const spread = workbook({ rows: [...rows(5), ...blank, ...rows(5)] })
  assert.equal((await readFirstSheet(spread, { ...LIMITS, dataRows: 11 })).length, 11)
  await assert.rejects(readFirstSheet(workbook({ rows: rows(11) }), LIMITS), {
    fault: 'too_many_rows',
  })
})
