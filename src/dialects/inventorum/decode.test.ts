import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatShortest } from '../../money/decimal.ts'
import { fromDate } from '../../money/instant.ts'
import { createZone } from '../../money/zone.ts'
import type { Faults } from '../../wire/fields.ts'
import { parseJson } from '../../wire/json.ts'
import { decodeCategory } from './categories/decode.ts'
import { InvalidInput } from './decode.ts'
import { decodeTemplate, decodeTemplateChanges } from './gift-cards/decode.ts'
import {
  codesOfQuery,
  decodeBasket,
  decodeCodes,
  decodePayment,
  decodeRefund,
} from './orders/decode.ts'
import { decodePrecodedChanges, decodePrecodedList } from './pre-coded/decode.ts'
import { decodeAdjustment } from './products/adjust.ts'
import { decodeTax } from './taxes/decode.ts'

const berlin = createZone('Europe/Berlin')
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

const TEMPLATE = {
  type: 'gift_card',
  name: ' Spa voucher ',
  tax_type: 301,
  price: '42.0168',
  quantity: 4,
  giftcard_template: { type: 'single-purpose', valid_until_value: 2, valid_until_unit: 'year' },
}
const template = (changes: object = {}, inner: object | null = {}) =>
  decodeTemplate(
    body({
      ...TEMPLATE,
      ...changes,
      ...(inner === null ? {} : { giftcard_template: { ...TEMPLATE.giftcard_template, ...inner } }),
    }),
    berlin,
  )
const templateFaults = (changes?: object, inner?: object | null): Faults =>
  template(changes, inner).fields.faults

test('a template is read with its defaults', () => {
  const { command, dateText } = template()
  assert.ok(command)
  assert.equal(command.name, 'Spa voucher')
  assert.equal(command.taxTypeId, 301n)
  assert.equal(formatShortest(command.price.net ?? assert.fail()), '42.0168')
  assert.equal(formatShortest(command.quantity), '4')
  assert.equal(command.description, '')
  assert.equal(command.customPrice, false)
  assert.equal(command.productCode, undefined)
  assert.deepEqual(command.categoryIds, [])
  assert.deepEqual(command.template, {
    purpose: 'single',
    isPrecoded: false,
    validUntil: undefined,
    validUnit: 'year',
    validValue: 2,
  })
  assert.equal(dateText, undefined)
})

test('everything a template lacks is told at once', () => {
  assert.deepEqual(decodeTemplate(body({}), berlin).fields.faults, {
    type: REQUIRED,
    name: REQUIRED,
    tax_type: REQUIRED,
    giftcard_template: REQUIRED,
  })
})

test('one of type and is_giftcard is enough', () => {
  assert.deepEqual(templateFaults({ type: undefined, is_giftcard: true }), {})
  assert.deepEqual(templateFaults({ is_giftcard: false }), {})
  assert.deepEqual(templateFaults({ type: undefined }), { type: REQUIRED })
  assert.deepEqual(templateFaults({ type: undefined, is_giftcard: false }), { type: REQUIRED })
  assert.deepEqual(templateFaults({ type: 'product' }), {
    type: ['"product" is not a valid choice.'],
  })
  assert.deepEqual(templateFaults({ type: undefined, is_giftcard: 'maybe' }), {
    is_giftcard: ['Must be a valid boolean.'],
  })
})

test('each field of a template has its type and its bounds', () => {
  const long = 'x'.repeat(256)
  const cases: [object, Faults][] = [
    [{ name: '' }, { name: ['This field may not be blank.'] }],
    [{ name: '  ' }, { name: ['This field may not be blank.'] }],
    [{ name: null }, { name: ['This field may not be null.'] }],
    [{ name: [] }, { name: ['Not a valid string.'] }],
    [{ name: long }, { name: ['Ensure this field has no more than 255 characters.'] }],
    [{ tax_type: 'x' }, { tax_type: ['Incorrect type. Expected pk value, received str.'] }],
    [{ tax_type: null }, { tax_type: ['This field may not be null.'] }],
    [{ description: null }, { description: ['This field may not be null.'] }],
    [{ description: '' }, {}],
    [{ quantity: -1 }, { quantity: ['Ensure this value is greater than or equal to 0.'] }],
    [{ quantity: '1.234' }, { quantity: ['Ensure that there are no more than 2 decimal places.'] }],
    [{ quantity: null }, { quantity: ['This field may not be null.'] }],
    [{ reorder_level: 'x' }, { reorder_level: ['A valid number is required.'] }],
    [
      { safety_stock: -0.5 },
      { safety_stock: ['Ensure this value is greater than or equal to 0.'] },
    ],
    [{ price: '84,03' }, { price: ['A valid number is required.'] }],
    [
      { price: '1.12345678901' },
      { price: ['Ensure that there are no more than 10 decimal places.'] },
    ],
    [{ price: true }, { price: ['A valid number is required.'] }],
    [
      { gross_price: '1.005' },
      { gross_price: ['Ensure that there are no more than 2 decimal places.'] },
    ],
    [
      { purchase_price: -1 },
      { purchase_price: ['Ensure this value is greater than or equal to 0.'] },
    ],
    [
      { price: 12345678901 },
      { price: ['Ensure that there are no more than 10 digits before the decimal point.'] },
    ],
    [{ custom_price: 'x' }, { custom_price: ['Must be a valid boolean.'] }],
    [{ custom_price: null }, { custom_price: ['This field may not be null.'] }],
    [{ product_code: null, ean: null }, {}],
    [{ ean: 'x'.repeat(31) }, { ean: ['Ensure this field has no more than 30 characters.'] }],
    [{ categories: {} }, { categories: ['Expected a list of items but got type "dict".'] }],
    [{ categories: null }, { categories: ['This field may not be null.'] }],
    [
      { categories: [{ id: 1 }, 2, {}] },
      {
        categories: [
          {},
          { non_field_errors: ['Invalid data. Expected a dictionary, but got int.'] },
          { id: REQUIRED },
        ],
      },
    ],
    [
      { images: [{ id: 'x' }] },
      { images: [{ id: ['Incorrect type. Expected pk value, received str.'] }] },
    ],
  ]
  for (const [changes, faults] of cases)
    assert.deepEqual(templateFaults(changes), faults, JSON.stringify(changes))
})

test('an image is named by its id, negated or not', () => {
  assert.deepEqual(template({ images: [{ id: -640, new: true }, { id: 641 }] }).command?.imageIds, [
    640n,
    641n,
  ])
})

test('validity is a date, or a unit with a value', () => {
  const none = { valid_until_unit: undefined, valid_until_value: undefined }
  const inner = (changes: object) => templateFaults({}, changes).giftcard_template
  assert.deepEqual(inner(none), { valid_until_date: REQUIRED })
  assert.deepEqual(inner({ ...none, valid_until_date: null }), { valid_until_date: REQUIRED })
  assert.deepEqual(inner({ valid_until_unit: undefined }), { valid_until_unit: REQUIRED })
  assert.deepEqual(inner({ valid_until_value: undefined }), { valid_until_value: REQUIRED })
  assert.deepEqual(inner({ valid_until_value: null }), { valid_until_value: REQUIRED })
  assert.equal(inner({ ...none, valid_until_date: '2031-07-21' }), undefined)
  assert.equal(inner({ valid_until_date: '2031-07-21T22:59:59Z' }), undefined)
  assert.deepEqual(inner({ valid_until_unit: 'hour' }), {
    valid_until_unit: ['"hour" is not a valid choice.'],
  })
  assert.deepEqual(inner({ valid_until_unit: null }), {
    valid_until_unit: ['This field may not be null.'],
  })
  assert.deepEqual(inner({ valid_until_value: 0 }), {
    valid_until_value: ['Ensure this value is greater than or equal to 1.'],
  })
  assert.deepEqual(inner({ valid_until_value: 36501 }), {
    valid_until_value: ['Ensure this value is less than or equal to 36500.'],
  })
  assert.deepEqual(inner({ valid_until_value: 1.5 }), {
    valid_until_value: ['A valid integer is required.'],
  })
  assert.deepEqual(inner({ valid_until_date: '21.07.2031' }), {
    valid_until_date: [
      'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].',
    ],
  })
  assert.deepEqual(inner({ type: 'gift' }), { type: ['"gift" is not a valid choice.'] })
  assert.deepEqual(inner({ type: undefined }), { type: REQUIRED })
  assert.deepEqual(inner({ is_precoded: 'x' }), { is_precoded: ['Must be a valid boolean.'] })
  assert.deepEqual(templateFaults({ giftcard_template: 'x' }, null), {
    giftcard_template: { non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] },
  })
  assert.deepEqual(templateFaults({ giftcard_template: null }, null), {
    giftcard_template: ['This field may not be null.'],
  })
})

test("a date without an offset is the account's wall clock, and its spelling is kept for the answer", () => {
  const read = template(
    {},
    {
      valid_until_date: '2023-07-21T22:59:59',
      valid_until_unit: undefined,
      valid_until_value: undefined,
    },
  )
  assert.equal(read.command?.template?.validUntil, fromDate(new Date('2023-07-21T20:59:59Z')))
  assert.equal(read.command?.template?.validUnit, 'month')
  assert.equal(read.command?.template?.validValue, undefined)
  assert.equal(read.dateText, '2023-07-21T22:59:59')
})

test('a body that is no object is one fault', () => {
  assert.deepEqual(
    refused(() => decodeTemplate(body([]), berlin)),
    {
      non_field_errors: ['Invalid data. Expected a dictionary, but got list.'],
    },
  )
})

test('an update takes validity at the top or nested, the top first, and ignores what it cannot write', () => {
  const { command, fields } = decodeTemplateChanges(
    body({
      name: 'New',
      tax_type: 'ignored',
      type: 'ignored',
      quantity: 'ignored',
      valid_until_unit: 'week',
      valid_until_date: null,
      giftcard_template: {
        type: 'ignored',
        is_precoded: 'ignored',
        valid_until_unit: 'day',
        valid_until_value: 3,
        valid_until_date: '2101-01-01T00:00:00Z',
      },
    }),
    berlin,
  )
  assert.deepEqual(fields.faults, {})
  assert.equal(command?.name, 'New')
  assert.equal(command?.validUnit, 'week')
  assert.deepEqual(command?.validValue, { to: 3 })
  assert.deepEqual(command?.validUntil, { to: undefined })
  assert.equal(command?.taxTypeId, undefined)
  assert.equal(command?.quantity, undefined)
  assert.equal(decodeTemplateChanges(body({}), berlin).command?.price, undefined)
  assert.deepEqual(decodeTemplateChanges(body({ name: '' }), berlin).fields.faults, {
    name: ['This field may not be blank.'],
  })
})

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
