import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Decimal, decimal, formatShortest } from '../money/decimal.ts'
import { formatCents } from '../money/money.ts'
import { vatTable } from './inventorum-vat.ts'

const line = (cents: number, rate: number) => ({
  rate: decimal(rate),
  gross: BigInt(cents) * 1_000n,
})
const paid = (purpose: 'single' | 'multi', cents: number, rate?: Decimal) => ({
  card: { purpose, rate },
  applied: BigInt(cents) * 1_000n,
})
const rows = (...input: Parameters<typeof vatTable>) =>
  vatTable(...input).map(({ rate, gross, net, vat }) => [
    formatShortest(rate),
    formatCents(gross),
    formatCents(net),
    formatCents(vat),
  ])

test('single-purpose cards leave the base, multi-purpose cards do not', () => {
  const lines = [line(9562, 19), line(1000, 7), line(2576, 0)]
  assert.deepEqual(rows(lines, [paid('single', 9562, decimal(19)), paid('multi', 3576)]), [
    ['19', '0.00', '0.00', '0.00'],
    ['7', '10.00', '9.35', '0.65'],
    ['0', '25.76', '25.76', '0.00'],
  ])
})

test('the sale of a single-purpose card is taxed, that of a multi-purpose card is not', () => {
  assert.deepEqual(rows([line(5000, 19)], []), [['19', '50.00', '42.02', '7.98']])
  assert.deepEqual(rows([line(5000, 0)], []), [['0', '50.00', '50.00', '0.00']])
})

test('lines of one rate are added before anything is rounded', () => {
  assert.deepEqual(rows([line(1, 19), { ...line(1, 0), rate: decimal(19_000n, 3) }], []), [
    ['19', '0.02', '0.02', '0.00'],
  ])
  assert.deepEqual(rows([], []), [])
  const [row] = vatTable([line(1, 19), line(1, 19)], [])
  assert.equal(row?.gross, 2_000n, 'to the unit')
})
