import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatShortest } from '../../../money/decimal.ts'
import { fromDate } from '../../../money/instant.ts'
import { createZone } from '../../../money/zone.ts'
import type { Faults } from '../../../wire/fields.ts'
import { parseJson } from '../../../wire/json.ts'
import { InvalidInput } from '../decode.ts'
import { decodeTemplate, decodeTemplateChanges } from './decode.ts'

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
    ...['images', 'categories'].map((name): (typeof cases)[number] => [
      { [name]: Array.from({ length: 101 }, () => ({ id: 1 })) },
      { [name]: ['Ensure this field has no more than 100 elements.'] },
    ]),
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
