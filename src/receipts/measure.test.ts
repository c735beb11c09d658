import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decimal } from '../money/decimal.ts'
import { layOutReceipt } from './compose.ts'
import { measureReceipt, type ReceiptContent } from './receipt.ts'
import { openTypefaces } from './typeface.ts'

const typefaces = openTypefaces()
const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.stringMatching(/^[W@%M ]{0,60}$/),
  fc.constantFrom('', '﷽ ﷽ ﷽', 'Spa voucher 730284611905'),
)
const units = fc.bigInt({ min: 0n, max: 999_999_999_999_000n })

test('a measured receipt is as long as the one that is laid out, whatever it says', () => {
  const content = fc.record({ name: text, store: text, code: text, note: text, gross: units })
  fc.assert(
    fc.property(content, ({ name, store, code, note, gross }) => {
      const receipt: ReceiptContent = {
        storeName: store,
        invoiceNumber: '41',
        completedAt: 1_900_000_000_000_000n,
        timeZone: 'Europe/Berlin',
        currency: 'EUR',
        lines: [{ name, quantity: decimal(1), unitGross: gross, gross, taxRate: decimal(19) }],
        cards: [{ type: 'multi-purpose', code, applied: gross, remaining: gross }],
        vat: [{ rate: decimal(19), net: gross, vat: gross, gross }],
        total: gross,
        payments: [{ method: 'Cash', amount: gross }],
        note,
      }
      const { width, height } = layOutReceipt(receipt, typefaces)
      assert.deepEqual(measureReceipt(receipt), { width, height })
    }),
    { numRuns: 300 },
  )
})
