import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { strFromU8, unzipSync } from 'fflate'
import { createTemplate, TEMPLATE_LANGUAGES } from './template.ts'
import { readFirstSheet } from './xlsx.ts'

test('the template has a header row of its language and nothing else', async () => {
  const headers = TEMPLATE_LANGUAGES.map((language) => {
    const sheet = strFromU8(
      unzipSync(createTemplate(language))['xl/worksheets/sheet1.xml'] ?? new Uint8Array(),
    )
    return Array.from(
      sheet.matchAll(/<c r="([A-Z]\d)"[^>]*><is><t>([^<]*)/g),
      ([, at, text]) => `${at} ${text}`,
    )
  })
  assert.deepEqual(headers, [
    ['A1 redeem code', 'B1 name', 'C1 valid until', 'D1 current amount', 'E1 tax rate'],
    ['A1 Einlösecode', 'B1 Name', 'C1 Gültig bis', 'D1 Aktueller Betrag', 'E1 Steuersatz'],
    [
      'A1 código de canje',
      'B1 nombre',
      'C1 válido hasta',
      'D1 importe actual',
      'E1 tipo impositivo',
    ],
  ])
  for (const language of TEMPLATE_LANGUAGES)
    assert.deepEqual(
      await readFirstSheet(createTemplate(language), { columns: 5, dataRows: 1 }),
      [],
    )
})

test('columns A to C are formatted as text, so that codes and dates stay what is typed', () => {
  const parts = unzipSync(createTemplate('de'))
  const sheet = strFromU8(parts['xl/worksheets/sheet1.xml'] ?? new Uint8Array())
  const styles = strFromU8(parts['xl/styles.xml'] ?? new Uint8Array())
  const formats = Array.from(
    (/<cellXfs[\s\S]*<\/cellXfs>/.exec(styles)?.[0] ?? '').matchAll(/numFmtId="(\d+)"/g),
    ([, id]) => id,
  )
  const text = Array.from(
    sheet.matchAll(/<col min="(\d)" max="\d"[^>]* style="(\d)"/g),
    ([, column, style]) => [column, formats[Number(style)]],
  )
  assert.deepEqual(text, [
    ['1', '49'],
    ['2', '49'],
    ['3', '49'],
  ])
})

test('the same template is the same bytes, each time', () => {
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  for (const language of TEMPLATE_LANGUAGES)
    assert.equal(hash(createTemplate(language)), hash(createTemplate(language)))
})
