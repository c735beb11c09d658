import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { strToU8, zipSync } from 'fflate'
import { HEADER, workbook } from '../../test/support/workbook.ts'
import { decimal } from '../money/decimal.ts'
import { fromDate } from '../money/instant.ts'
import type { ReadTask } from '../services/imports-commands.ts'
import { readImport, readImportHere } from './reader.ts'

const SHEET = 'xl/worksheets/sheet1.xml'
const GOOD = ['AAAA-1111', 'Old card', '31.12.2032', 50, 19] as const

const task = (bytes: Uint8Array): ReadTask => ({
  bytes,
  timeZone: 'Europe/Berlin',
  taxTypes: [{ id: 301n, rate: decimal(19) }],
  sentAt: fromDate(new Date('2031-02-03T08:30:00Z')),
})
const never = new AbortController().signal
const NOT_A_WORKBOOK = [['source_file', 'File is not a valid XLSX workbook.']]
const TOO_LARGE = [['source_file', 'The file is too large when it is unpacked.']]

async function refused(bytes: Uint8Array, faults: readonly (readonly string[])[] = NOT_A_WORKBOOK) {
  assert.deepEqual(await readImportHere(task(bytes)), { faults })
}
const withSheet = (rows: string): Buffer =>
  workbook({
    rows: [],
    parts: { [SHEET]: `<worksheet><sheetData>${rows}</sheetData></worksheet>` },
  })

test('a thread of its own reads a file and sends back what it plans', async () => {
  assert.deepEqual(await readImport(task(workbook({ rows: [HEADER, GOOD] })), never), {
    cards: [
      {
        code: 'AAAA-1111',
        name: 'Old card',
        validUntil: fromDate(new Date('2032-12-31T22:59:59Z')),
        units: 5_000_000n,
        taxTypeId: 301n,
      },
    ],
  })
})

test('reading stops when the server does', async () => {
  const stopping = new AbortController()
  const reading = readImport(task(workbook({ rows: [HEADER, GOOD] })), stopping.signal)
  stopping.abort()
  await assert.rejects(reading, { message: 'reading was stopped' })
})

test('what is no ZIP file is no workbook, whatever its name', async () => {
  const good = workbook({ rows: [HEADER, GOOD] })
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('<html><table><tr><td>AAAA-1111</td></tr></table></html>'),
    Buffer.from('redeem code;name\nAAAA-1111;x\n'),
    Buffer.from('d0cf11e0a1b11ae1', 'hex'),
    good.subarray(0, good.length - 30),
    good.subarray(100),
    Buffer.concat([good.subarray(0, 60), Buffer.alloc(400), good.subarray(460)]),
  ])
    await refused(bytes)
})

test('a ZIP file without the parts of a workbook is none', async () => {
  await refused(zipSync({ 'hello.txt': strToU8('hello') }))
  for (const missing of ['_rels/.rels', 'xl/workbook.xml', 'xl/_rels/workbook.xml.rels', SHEET])
    await refused(workbook({ rows: [HEADER, GOOD], parts: { [missing]: undefined } }))
  await refused(
    workbook({ rows: [], parts: { 'xl/workbook.xml': '<workbook><sheets/></workbook>' } }),
  )
})

test('a part is refused that is not well-formed, or declares a document type or an entity', async () => {
  // Not as tightly packed as a bomb.
  const noise = randomBytes(2 * 1024 * 1024).toString('hex')
  const entity = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
  for (const xml of [
    '',
    '<worksheet><sheetData>',
    '<worksheet></sheetData>',
    `${entity}<worksheet><sheetData><row r="2"><c r="A2" t="str"><v>&e;</v></c></row></sheetData></worksheet>`,
    '<worksheet><sheetData><row r="2"><c r="A2" t="str"><v>&e;</v></c></row></sheetData></worksheet>',
    '<!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet/>',
    '<a>'.repeat(1_000) + '</a>'.repeat(1_000),
    `<worksheet><!--${noise}--></worksheet>`,
    `<worksheet>${noise}</worksheet>`,
    `<worksheet ${Array.from({ length: 100_000 }, (_, i) => `attribute${i}="1"`).join(' ')}/>`,
  ])
    await refused(workbook({ rows: [], parts: { [SHEET]: xml } }))
  await refused(
    workbook({ rows: [HEADER, GOOD], parts: { 'xl/sharedStrings.xml': `${entity}<sst/>` } }),
  )
  await refused(workbook({ rows: [HEADER, GOOD], parts: { [SHEET]: Buffer.from([0x3c, 0xff]) } }))
})

test('a row, a cell or a shared text that cannot be is refused', async () => {
  await refused(withSheet('<row r="0"><c r="A0"><v>1</v></c></row>'))
  await refused(withSheet('<row r="1048577"/>'))
  await refused(withSheet('<row r="1.5"/>'))
  await refused(withSheet('<row r="2"><c r="AAAA2"><v>1</v></c></row>'))
  await refused(withSheet('<row r="2"><c r="A2" t="s"><v>99</v></c></row>'))
  await refused(withSheet('<row r="2"><c r="A2" t="s"><v>-1</v></c></row>'))
  await refused(workbook({ rows: [HEADER, GOOD], parts: { 'xl/sharedStrings.xml': undefined } }))
})

test('nothing outside of the file is ever looked at', async () => {
  await refused(
    workbook({
      rows: [HEADER, GOOD],
      parts: {
        'xl/_rels/workbook.xml.rels':
          '<Relationships><Relationship Id="rId1" Type="x/worksheet" TargetMode="External" Target="http://127.0.0.1:1/sheet1.xml"/></Relationships>',
      },
    }),
  )
  await refused(
    workbook({
      rows: [HEADER, GOOD],
      parts: {
        'xl/_rels/workbook.xml.rels':
          '<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="../../../../etc/passwd"/></Relationships>',
      },
    }),
  )
})

/** A ZIP file whose directory says what we like about its only entry. */
function withDirectory(change: (directory: Buffer) => void): Buffer {
  const bytes = Buffer.from(zipSync({ 'xl/workbook.xml': strToU8('<workbook/>') }))
  change(bytes.subarray(bytes.lastIndexOf(Buffer.from('504b0102', 'hex'))))
  return bytes
}

test('a bomb is recognised by its directory, before anything of it is unpacked', async () => {
  const zeros = new Uint8Array(30 * 1024 * 1024)
  // Honest about its size: packed a thousand times.
  await refused(zipSync({ [SHEET]: zeros }, { level: 9 }), TOO_LARGE)
  // Many parts that are each allowed.
  const noise = Buffer.alloc(200_000, 'abcdefghijklmnop')
  const parts = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`${i}.bin`, noise]))
  await refused(zipSync(parts), TOO_LARGE)
  await refused(
    withDirectory((directory) => directory.writeUInt32LE(0x7fff_ffff, 24)),
    TOO_LARGE,
  )
  const many = Object.fromEntries(Array.from({ length: 2_001 }, (_, i) => [`${i}`, strToU8('')]))
  await refused(zipSync(many))
})

test('a part that is larger than its directory says is refused', async () => {
  const bytes = workbook({ rows: [HEADER, ...Array.from({ length: 500 }, () => GOOD)] })
  const at = bytes.lastIndexOf(Buffer.from(SHEET)) - 46
  assert.equal(bytes.readUInt32LE(at), 0x02014b50)
  bytes.writeUInt32LE(100, at + 24)
  await refused(bytes)
})

test('an encrypted or oddly packed part is refused', async () => {
  await refused(withDirectory((directory) => directory.writeUInt16LE(1, 8)))
  await refused(withDirectory((directory) => directory.writeUInt16LE(99, 10)))
})

test('a million empty rows are skipped in bounded memory and time', async () => {
  const rows = Array.from(
    { length: 1_048_574 },
    (_, i) => `<row r="${i + 3}"><c r="A${i + 3}" s="1"/></row>`,
  )
  const cell = (at: string, value: string, type = 'str') =>
    `<c r="${at}" t="${type}"><v>${value}</v></c>`
  const first = `<row r="2">${cell('A2', 'AAAA-1111')}${cell('B2', 'x')}${cell('D2', '5', 'n')}${cell('E2', '19', 'n')}</row>`
  const bytes = withSheet(first + rows.join(''))
  const started = performance.now()
  const plan = await readImport(task(bytes), never)
  assert.ok('cards' in plan && plan.cards.length === 1)
  assert.ok(performance.now() - started < 30_000)
})

test('more rows than allowed are refused as they are read, blank ones too', async () => {
  const rows = (count: number, value: string): Buffer =>
    withSheet(
      Array.from(
        { length: count },
        (_, i) => `<row r="${i + 2}"><c t="str"><v>${value}</v></c></row>`,
      ).join(''),
    )
  await refused(rows(10_001, 'AAAA-1111'), [
    ['source_file', 'The file contains more than 10000 gift cards.'],
  ])
  await refused(rows(20_000, ' '), [['source_file', 'The file contains no gift cards.']])
  await refused(rows(60_000, ' '), [
    ['source_file', 'The file contains more than 10000 gift cards.'],
  ])
})

test('long texts are cut or refused, never collected', async () => {
  const long = 'x'.repeat(900_000)
  const row = (i: number) =>
    `<row r="${i}"><c t="str"><v>AAAA-${i}</v></c><c t="str"><v>${long}</v></c></row>`
  await refused(withSheet(Array.from({ length: 12 }, (_, i) => row(i + 2)).join('')), TOO_LARGE)
})

test('however a workbook is damaged, there is an answer', async () => {
  const good = workbook({ rows: [HEADER, GOOD, ['BBBB-2222', 'x', undefined, 1, 19]] })
  const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), {
    minLength: 1,
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(damage, fc.nat(good.length), async (changes, length) => {
      const bytes = Buffer.from(good)
      for (const [at, value] of changes) bytes[at] = value
      const plan = await readImportHere(task(length % 3 === 0 ? bytes.subarray(0, length) : bytes))
      assert.ok('cards' in plan ? plan.cards.length > 0 : plan.faults.length > 0)
    }),
    { numRuns: 300 },
  )
})

test('whatever stands in the sheet, there is an answer', async () => {
  const value = fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.constantFrom('0', '1', '1e400', '-1'),
  )
  const cell = fc.record({
    type: fc.constantFrom('s', 'n', 'b', 'e', 'd', 'str', 'inlineStr', 'zzz'),
    style: fc.constantFrom(0, 1, 99, -1),
    value: value.map((text) => text.replace(/[^\x20-\x7e]/g, '')),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(cell, { maxLength: 7 }), { maxLength: 5 }), async (rows) => {
      const plan = await readImportHere(task(workbook({ rows: [HEADER, ...rows], formats: [14] })))
      assert.ok('faults' in plan && plan.faults.length > 0)
    }),
    { numRuns: 150 },
  )
})
