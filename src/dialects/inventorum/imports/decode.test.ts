import assert from 'node:assert/strict'
import test from 'node:test'
import { fromDate } from '../../../money/instant.ts'
import { createZone } from '../../../money/zone.ts'
import { decodeFile, decodeLanguage, storedName } from './decode.ts'

test('the language is one of three, English by default', () => {
  assert.deepEqual([undefined, 'en', 'de', 'es'].map(decodeLanguage), ['en', 'en', 'de', 'es'])
  for (const wanted of ['fr', '', 'EN', 'toString'])
    assert.throws(() => decodeLanguage(wanted), {
      faults: { language: [`"${wanted}" is not a valid choice.`] },
    })
})

test('a file must be there, be a file, and not be empty', () => {
  const refused = (part: Parameters<typeof decodeFile>[0], text: string) =>
    assert.throws(() => decodeFile(part), { faults: { source_file: [text] } })
  refused(undefined, 'No file was submitted.')
  refused(
    { bytes: Buffer.from('x'), fileName: undefined },
    'The submitted data was not a file. Check the encoding type on the form.',
  )
  refused({ bytes: Buffer.alloc(0), fileName: 'a.xlsx' }, 'The submitted file is empty.')
  const bytes = Buffer.from('anything')
  assert.deepEqual(decodeFile({ bytes, fileName: 'a.xlsx' }), { file: bytes, name: 'a.xlsx' })
})

test('a file keeps its name, with the account and its local time, and nothing that could be a path', () => {
  const at = fromDate(new Date('2031-02-03T08:30:00.250Z'))
  const stored = (name: string) => storedName(name, 3n, createZone('Europe/Berlin'), at)
  const suffix = '_3_2031_02_03_09_30_00'
  assert.equal(stored('old_cards.xlsx'), `old_cards${suffix}.xlsx`)
  assert.equal(stored('old cards (1).xlsx'), `old_cards_1${suffix}.xlsx`)
  assert.equal(stored('Gutschein-Übersicht.XLSX'), `Gutschein-Ubersicht${suffix}.XLSX`)
  assert.equal(stored('C:\\Users\\me\\cards.xlsx'), `cards${suffix}.xlsx`)
  assert.equal(stored('../../etc/passwd'), `passwd${suffix}`)
  assert.equal(stored('..'), `upload${suffix}`)
  assert.equal(stored('.xlsx'), `xlsx${suffix}`)
  assert.equal(stored('カード.xlsx'), `upload${suffix}.xlsx`)
  assert.equal(stored('a.b.xl\u0000sx"\r\n'), `a.b${suffix}.xlsx_`)
  assert.ok(stored(`${'x'.repeat(5_000)}.xlsx`).length < 150)
})
