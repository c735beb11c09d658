import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatShortest } from '../../../money/decimal.ts'
import type { Faults } from '../../../wire/fields.ts'
import { parseJson } from '../../../wire/json.ts'
import { InvalidInput } from '../decode.ts'
import { codesOfQuery, decodeBasket, decodeCodes, decodePayment, decodeRefund } from './decode.ts'

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

const basketFaults = (value: unknown): Faults => decodeBasket(body(value)).fields.faults

test('a basket is read with its defaults', () => {
  const { command } = decodeBasket(
    body(
      '{"items": [{"product": 7, "price": 95.62}], "redeem_code": [674886243216, "138628948516"]}',
    ),
  )
  assert.ok(command)
  const line = command.lines[0] ?? assert.fail()
  assert.equal(formatShortest(line.gross ?? assert.fail()), '95.62')
  assert.equal(formatShortest(line.quantity), '1')
  assert.deepEqual(command.codes, ['674886243216', '138628948516'])
  assert.equal(command.customer, undefined)
  assert.deepEqual(
    decodeBasket(body({ items: [{ product: 1 }], redeem_code: null })).command?.codes,
    [],
  )
})

test('gross_price is an alias of price and goes first', () => {
  const [line] =
    decodeBasket(body({ items: [{ product: 1, price: 1, gross_price: 2 }] })).command?.lines ?? []
  assert.equal(formatShortest(line?.gross ?? assert.fail()), '2')
})

test('everything wrong with a basket is told at once, each element in its place', () => {
  assert.deepEqual(basketFaults({}), { items: REQUIRED })
  assert.deepEqual(basketFaults({ items: [] }), { items: ['This list may not be empty.'] })
  assert.deepEqual(basketFaults({ items: {} }), {
    items: ['Expected a list of items but got type "dict".'],
  })
  assert.deepEqual(basketFaults({ items: null }), { items: ['This field may not be null.'] })
  assert.deepEqual(
    basketFaults({
      items: [{ product: 1 }, { price: -1, quantity: 0, name: '', discount: 5 }, 'x'],
      redeem_code: [true, 'ok', 1.5],
      discount: 0,
      customer: 'x',
      note_internal: 5.5,
      note_external: [],
      external_id: 'x'.repeat(256),
    }),
    {
      items: [
        {},
        {
          product: REQUIRED,
          price: ['Ensure this value is greater than or equal to 0.'],
          quantity: ['Ensure this value is greater than 0.'],
          name: ['This field may not be blank.'],
          discount: ['Discounts are not supported.'],
        },
        { non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] },
      ],
      redeem_code: ['Not a valid string.', 'Not a valid string.'],
      discount: ['Discounts are not supported.'],
      customer: ['A valid integer is required.'],
      note_external: ['Not a valid string.'],
      external_id: ['Ensure this field has no more than 255 characters.'],
    },
  )
})

test('quantities, prices and lists of a basket have bounds', () => {
  const item = (changes: object) => basketFaults({ items: [{ product: 1, ...changes }] }).items
  assert.deepEqual(item({ quantity: 9_999.5 }), [
    { quantity: ['Ensure this value is less than or equal to 9999.'] },
  ])
  assert.deepEqual(item({ quantity: '1.005' }), [
    { quantity: ['Ensure that there are no more than 2 decimal places.'] },
  ])
  assert.equal(item({ price: '95.61999999999999' }), undefined)
  assert.deepEqual(item({ price: null }), [{ price: ['This field may not be null.'] }])
  assert.deepEqual(item({ price: 1e10 }), [
    { price: ['Ensure that there are no more than 10 digits before the decimal point.'] },
  ])
  assert.deepEqual(item({ pre_coded: 5, quantity: 2 }), [
    { quantity: ['Ensure this value is less than or equal to 1.'] },
  ])
  assert.equal(item({ pre_coded: null, card_code: null, discount: null, quantity: 2 }), undefined)
  assert.deepEqual(basketFaults({ items: Array.from({ length: 501 }, () => ({ product: 1 })) }), {
    items: ['Ensure this field has no more than 500 elements.'],
  })
  assert.deepEqual(
    basketFaults({ items: [{ product: 1 }], redeem_code: Array.from({ length: 101 }, () => 'x') }),
    { redeem_code: ['Ensure this field has no more than 100 elements.'] },
  )
})

test('a list of codes must be there and must hold something', () => {
  assert.deepEqual(decodeCodes(body('{"redeem_code": [12345678901234567890, " a "]}')), [
    '12345678901234567890',
    ' a ',
  ])
  assert.deepEqual(
    refused(() => decodeCodes(body({}))),
    { redeem_code: REQUIRED },
  )
  assert.deepEqual(
    refused(() => decodeCodes(body({ redeem_code: [] }))),
    {
      redeem_code: ['This list may not be empty.'],
    },
  )
  assert.deepEqual(
    refused(() => decodeCodes(body({ redeem_code: 'x' }))),
    {
      redeem_code: ['Expected a list of items but got type "str".'],
    },
  )
  assert.deepEqual(
    refused(() => decodeCodes(body({ redeem_code: null }))),
    {
      redeem_code: ['This field may not be null.'],
    },
  )
  assert.deepEqual(codesOfQuery(new URLSearchParams('redeem_code=a,b&redeem_code=c')), [
    'a',
    'b',
    'c',
  ])
  assert.equal(codesOfQuery(new URLSearchParams('x=1')), undefined)
})

test('a payment needs an amount of cents and a known method', () => {
  assert.deepEqual(decodePayment(body('{"amount": 150.00, "method": 0, "rounded": "0"}')), {
    amount: 15_000_000n,
    method: 0,
    rounded: 0n,
  })
  assert.deepEqual(decodePayment(body({ amount: '0', method: '20', rounded: '-0.02' })), {
    amount: 0n,
    method: 20,
    rounded: -2_000n,
  })
  assert.deepEqual(
    refused(() => decodePayment(body({}))),
    { amount: REQUIRED, method: REQUIRED },
  )
  assert.deepEqual(
    refused(() => decodePayment(body({ amount: -1, method: 99, rounded: '0.11' }))),
    {
      amount: ['Ensure this value is greater than or equal to 0.'],
      method: ['"99" is not a valid choice.'],
      rounded: ['Ensure this value is less than or equal to 0.10.'],
    },
  )
  assert.deepEqual(
    refused(() => decodePayment(body({ amount: '1.001', method: null, rounded: 'x' }))),
    {
      amount: ['Ensure that there are no more than 2 decimal places.'],
      method: ['This field may not be null.'],
      rounded: ['A valid number is required.'],
    },
  )
  for (const method of [5, '00', true, 'cash', '0.0'])
    assert.ok(
      'method' in (refused(() => decodePayment(body({ amount: 1, method }))) as object),
      String(method),
    )
})

test('a refund names lines or means the whole order', () => {
  assert.deepEqual(decodeRefund(body({ method: 0 })), { method: 0, lineIds: undefined })
  assert.deepEqual(decodeRefund(body({ items: [{ id: 30001 }] })), {
    method: undefined,
    lineIds: [30001n],
  })
  assert.deepEqual(
    refused(() => decodeRefund(body({ items: [], method: 7 }))),
    {
      items: ['This list may not be empty.'],
      method: ['"7" is not a valid choice.'],
    },
  )
})
