import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJson } from '../../../wire/json.ts'
import { InvalidInput } from '../decode.ts'
import { decodePrecodedChanges, decodePrecodedList } from './decode.ts'

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

test('pre-coded cards are read element by element', () => {
  const read = decodePrecodedList(
    body('[{"redeem_code": 16587189000000000001, "card_code": " Card 7 ", "product": 9}, {}, 5]'),
  )
  assert.deepEqual(read[0]?.values, {
    redeemCode: '16587189000000000001',
    cardCode: 'Card 7',
    productId: 9n,
  })
  assert.deepEqual(
    read.map(({ faults }) => faults),
    [
      {},
      { redeem_code: REQUIRED, card_code: REQUIRED, product: REQUIRED },
      { non_field_errors: ['Invalid data. Expected a dictionary, but got int.'] },
    ],
  )
  assert.deepEqual(
    refused(() => decodePrecodedList(body({}))),
    {
      non_field_errors: ['Expected a list of items but got type "dict".'],
    },
  )
  assert.deepEqual(
    refused(() => decodePrecodedList(body(Array.from({ length: 1_001 }, () => ({}))))),
    {
      non_field_errors: ['Ensure this field has no more than 1000 elements.'],
    },
  )
})

test('codes of pre-coded cards have no white space, no control characters and a length', () => {
  const faults = (redeem_code: unknown, card_code: unknown = 'c') =>
    decodePrecodedList(body([{ redeem_code, card_code, product: 1 }]))[0]?.faults
  const invalid = ['Redeem code contains invalid characters']
  for (const code of ['a b', 'a\tb', 'a\u0000b', 'a\u00a0b', '.', '..', 'a\u2028b'])
    assert.deepEqual(faults(code), { redeem_code: invalid }, JSON.stringify(code))
  assert.deepEqual(faults(' ABC '), {})
  assert.deepEqual(faults(''), { redeem_code: ['This field may not be blank.'] })
  assert.deepEqual(faults(null), { redeem_code: ['This field may not be null.'] })
  assert.deepEqual(faults(1.5), { redeem_code: ['Not a valid string.'] })
  assert.deepEqual(faults(true), { redeem_code: ['Not a valid string.'] })
  assert.deepEqual(faults('x'.repeat(65)), {
    redeem_code: ['Ensure this field has no more than 64 characters.'],
  })
  assert.deepEqual(faults('ok', 'with space'), {})
  assert.deepEqual(faults('ok', 'a\u0007'), {
    card_code: ['Card code contains invalid characters'],
  })
  assert.deepEqual(faults('ok', 'x'.repeat(65)), {
    card_code: ['Ensure this field has no more than 64 characters.'],
  })
})

test('PUT of a pre-coded card needs its product, PATCH nothing', () => {
  assert.deepEqual(decodePrecodedChanges(body({}), 'PUT').faults, { product: REQUIRED })
  assert.deepEqual(decodePrecodedChanges(body({}), 'PATCH').faults, {})
  assert.deepEqual(decodePrecodedChanges(body({ product: 5, card_code: 'x' }), 'PUT').values, {
    redeemCode: undefined,
    cardCode: 'x',
    productId: 5n,
  })
})
