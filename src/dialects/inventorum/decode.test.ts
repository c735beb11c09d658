import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatShortest } from '../../money/decimal.ts'
import { parseJson } from '../../wire/json.ts'
import { decodeCategory } from './categories/decode.ts'
import { InvalidInput } from './decode.ts'
import { decodeAdjustment } from './products/adjust.ts'
import { decodeTax } from './taxes/decode.ts'

const REQUIRED = ['This field is required.']
const body = (value: unknown) =>
  parseJson(typeof value === 'string' ? value : JSON.stringify(value))
const refused = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof InvalidInput)
    return error.faults
  }
  return {}
}

test('taxes, categories and adjustments have their fields', () => {
  assert.equal(formatShortest(decodeTax(body({ name: '19%', tax_rate: '19.000' })).rate), '19')
  assert.deepEqual(
    refused(() => decodeTax(body({ tax_rate: 101 }))),
    {
      name: REQUIRED,
      tax_rate: ['Ensure this value is less than or equal to 100.'],
    },
  )
  assert.deepEqual(decodeCategory(body({}), 'POST').fields.faults, { name: REQUIRED })
  assert.deepEqual(decodeCategory(body({ parent: null }), 'PUT').parentId, { to: undefined })
  const adjustment = decodeAdjustment(body({ stock: { quantity: '-3', date: '03.02.2031' } }))
  assert.equal(formatShortest(adjustment.quantity), '-3')
  assert.equal(adjustment.day, '2031-02-03')
  assert.deepEqual(
    refused(() => decodeAdjustment(body({}))),
    { stock: REQUIRED },
  )
  assert.deepEqual(
    refused(() => decodeAdjustment(body({ stock: { date: '2031-02-03' } }))),
    {
      stock: {
        quantity: REQUIRED,
        date: ['Date has wrong format. Use one of these formats instead: DD.MM.YYYY.'],
      },
    },
  )
})
