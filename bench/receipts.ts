import { decimal } from '../src/money/decimal.ts'
import { wallClock } from '../src/money/instant.ts'
import { type ReceiptContent, renderReceipt } from '../src/receipts/receipt.ts'

/** What a receipt costs: CPU time of its PDF and its PNG together, fonts being warm. */

const RECEIPTS = 300

const cents = (amount: number): bigint => BigInt(amount) * 1_000n
const receipt = (lines: number): ReceiptContent => ({
  storeName: 'Café Łódź & Söhne',
  invoiceNumber: '41',
  completedAt: wallClock(),
  timeZone: 'Europe/Berlin',
  currency: 'EUR',
  lines: Array.from({ length: lines }, (_, index) => ({
    name: `Spa voucher ${730_284_611_905 + index}`,
    quantity: decimal(1),
    unitGross: cents(5_000),
    gross: cents(5_000),
    taxRate: decimal(19),
  })),
  cards: [{ type: 'multi-purpose', code: 'AAAA-1111', applied: cents(1_000), remaining: 0n }],
  vat: [{ rate: decimal(19), net: cents(4_202), vat: cents(798), gross: cents(5_000) }],
  total: cents(4_000),
  payments: [{ method: 'Cash', amount: cents(4_000) }],
  note: 'Happy birthday',
})

for (const lines of [1, 5, 30]) {
  const content = receipt(lines)
  for (let i = 0; i < 30; i += 1) await renderReceipt(content)
  const before = process.cpuUsage()
  let bytes = 0
  for (let i = 0; i < RECEIPTS; i += 1) {
    const { pdf, png } = await renderReceipt(content)
    bytes = pdf.length + png.length
  }
  const { user, system } = process.cpuUsage(before)
  const cpu = (user + system) / 1_000 / RECEIPTS
  console.log(`${lines} lines: ${cpu.toFixed(1)} ms CPU, ${(bytes / 1024).toFixed(0)} KiB`)
}
