import assert from 'node:assert/strict'
import test from 'node:test'
import { inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { decimal } from '../money/decimal.ts'
import { fromDate } from '../money/instant.ts'
import { codeEnding } from './compose.ts'
import { measureReceipt, type ReceiptContent, renderReceipt } from './receipt.ts'

const cents = (amount: number): bigint => BigInt(amount) * 1_000n

const sale: ReceiptContent = {
  storeName: 'Café Łódź & Söhne',
  invoiceNumber: '41',
  completedAt: fromDate(new Date('2031-02-03T08:16:02Z')),
  timeZone: 'Europe/Berlin',
  currency: 'EUR',
  lines: [
    {
      name: 'Spa voucher 730284611905',
      quantity: decimal(1),
      unitGross: cents(5000),
      gross: cents(5000),
      taxRate: decimal(19_000, 3),
    },
  ],
  cards: [],
  vat: [{ rate: decimal(19), net: cents(4202), vat: cents(798), gross: cents(5000) }],
  total: cents(5000),
  payments: [{ method: 'Cash', amount: cents(5000) }],
  note: 'Happy birthday',
}

/** The text of a PDF as a reader would copy it: each shown run on its own line. */
function textOf(pdf: Buffer): string {
  const streams = Array.from(
    pdf.toString('latin1').matchAll(/stream\r?\n([\s\S]*?)\r?\nendstream/g),
    ([, body = '']) => inflate(Buffer.from(body, 'latin1')),
  )
  const fonts = streams.filter((text) => text.includes('beginbfrange')).map(readToUnicode)
  const page = streams.find((text) => text.includes(' Tf')) ?? ''
  return Array.from(
    page.matchAll(/\/F(\d+) [\d.]+ Tf[\s\S]*?\[([^\]]*)\] TJ/g),
    ([, font, run]) => {
      const ids = Array.from((run ?? '').matchAll(/<([0-9a-f]+)>/g), ([, hex = '']) => hex).join('')
      const letters = ids.match(/.{4}/g) ?? []
      return letters.map((id) => fonts[Number(font) - 1]?.[Number.parseInt(id, 16)] ?? '?').join('')
    },
  ).join('\n')
}

const inflate = (body: Buffer): string => {
  try {
    return inflateSync(body).toString('latin1')
  } catch {
    return ''
  }
}

const readToUnicode = (cmap: string): string[] =>
  Array.from((/\[([^\]]*)\]/.exec(cmap)?.[1] ?? '').matchAll(/<([^>]*)>/g), ([, hex = '']) =>
    hex
      .split(' ')
      .map((unit) => String.fromCharCode(Number.parseInt(unit, 16)))
      .join(''),
  )

/** Pixels of a PNG of ours, one number from 0 (black) to 15 (white) each. */
function pixelsOf(png: Buffer): {
  width: number
  height: number
  at: (x: number, y: number) => number
} {
  assert.equal(png.subarray(1, 4).toString(), 'PNG')
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const rows = inflateSync(png.subarray(41, png.length - 16))
  const stride = 1 + width / 2
  assert.equal(rows.length, stride * height)
  return {
    width,
    height,
    at: (x, y) => {
      const pair = rows[y * stride + 1 + (x >> 1)] ?? 0
      return x % 2 === 0 ? pair >> 4 : pair & 15
    },
  }
}

test('a receipt names the store, the number, the local time, every line, the VAT and the payment', async () => {
  const text = textOf((await renderReceipt(sale)).pdf).split('\n')
  for (const expected of [
    'Café Łódź & Söhne',
    'Receipt 41',
    '03.02.2031 09:16',
    'Spa voucher 730284611905',
    '1 × 50.00 · 19 %',
    '42.02',
    '7.98',
    'Total EUR',
    'Cash',
    'Happy birthday',
  ])
    assert.ok(text.includes(expected), expected)
})

test('the image has the size it claims, a margin, and amounts that end at the right edge', async () => {
  const { png, width, height } = await renderReceipt(sale)
  const image = pixelsOf(png)
  assert.deepEqual([image.width, image.height], [width, height])
  assert.deepEqual(measureReceipt(sale), { width, height })
  assert.equal(width, 576)
  const columnHasInk = (x: number): boolean => {
    for (let y = 0; y < height; y += 1) if (image.at(x, y) < 8) return true
    return false
  }
  assert.ok(!columnHasInk(10) && !columnHasInk(565))
  assert.ok(columnHasInk(545) && columnHasInk(26))
})

test('the same content gives the same bytes', async () => {
  assert.deepEqual(await renderReceipt(sale), await renderReceipt(sale))
})

test('a card that paid shows its kind, its ending, what it gave and what is left, never its code', async () => {
  const content: ReceiptContent = {
    ...sale,
    cards: [
      {
        type: 'single-purpose',
        code: '0DFC4265-3787',
        applied: cents(3000),
        remaining: cents(438),
      },
      { type: 'multi-purpose', code: 'ABCDEFG', applied: cents(1000), remaining: 0n },
    ],
    total: cents(1000),
    rounded: -cents(2),
  }
  const text = textOf((await renderReceipt(content)).pdf)
  assert.match(
    text,
    /Subtotal\n50\.00\nSingle-purpose gift card ••••3787\n-30\.00\nRemaining value 4\.38/,
  )
  assert.match(
    text,
    /Gross[\s\S]*Multi-purpose gift card ••••G\n-10\.00[\s\S]*Total EUR\n10\.00\nRounding\n-0\.02/,
  )
  assert.ok(!text.includes('0DFC4265') && !text.includes('ABCDEF'))
})

test('at most four characters of a code are shown, and never more than half of it', () => {
  const endings = ['', 'A', 'AB', 'ABCDEFG', 'ABCDEFGH', '730284611905'].map(codeEnding)
  assert.deepEqual(endings, ['', '', 'B', 'G', 'EFGH', '1905'])
})

test('Polish, Greek, Cyrillic, Hebrew and Arabic names stay text in the PDF', async () => {
  const names = ['Zażółć gęślą jaźń', 'Ελληνικός καφές', 'Київський торт', '€ ẞ ü']
  const line = sale.lines[0]
  assert.ok(line)
  const content = { ...sale, lines: [...names, 'שובר', 'هدية'].map((name) => ({ ...line, name })) }
  const text = textOf((await renderReceipt(content)).pdf)
  for (const name of names) assert.ok(text.includes(name), name)
  assert.ok(text.includes(Array.from('שובר').toReversed().join('')))
})

test('five hundred lines with long names stay within bounds and are all there', async () => {
  const line = sale.lines[0]
  assert.ok(line)
  const name = `${'A name that goes on and on '.repeat(9)}730284611905`
  const receipt = await renderReceipt({ ...sale, lines: Array(500).fill({ ...line, name }) })
  assert.ok(receipt.height < 65_000)
  assert.ok((receipt.pdf.toString('latin1').match(/\/Type \/Page\b/g) ?? []).length > 1)
})

test('a note is written whole up to 200 lines, and says where it was cut', async () => {
  const note = (lines: number) => Array.from({ length: lines }, (_, at) => `note ${at + 1}.`)
  const shown = async (lines: number) =>
    textOf((await renderReceipt({ ...sale, note: note(lines).join('\n') })).pdf)
      .split('\n')
      .filter((row) => row.startsWith('note ') || row === '…')
  assert.deepEqual(await shown(200), note(200))
  assert.deepEqual(await shown(201), [...note(200), '…'])
})

test('no text, however hostile, breaks a receipt', async () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({
      unit: fc.constantFrom('W', '\u0301', '\u202e', '\ud800', 'ש', '😀', '<', '&', ' '),
    }),
    fc.constantFrom(']]><svg onload=x>', '</text>', '%PDF-1.4\nendstream', '\u0000', ')Tj(', ''),
  )
  await fc.assert(
    fc.asyncProperty(hostile, hostile, hostile, async (storeName, name, note) => {
      const lines = sale.lines.map((line) => ({ ...line, name }))
      const { pdf, png, width, height } = await renderReceipt({ ...sale, storeName, lines, note })
      assert.equal(pdf.subarray(0, 5).toString(), '%PDF-')
      const image = pixelsOf(png)
      assert.deepEqual([image.width, image.height], [width, height])
    }),
    { numRuns: 60 },
  )
})
