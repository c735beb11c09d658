import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseJson } from '../../wire/json.ts'
import type { Decoded } from './catalogue-fields.ts'
import { decodeCategory } from './categories/decode.ts'
import { decodeEvent } from './events/decode.ts'
import { categoryIn, decodeItem } from './items/decode.ts'
import { decodeQuota, referencesIn as quotaReferences } from './quotas/decode.ts'
import { decodeSeat } from './seats/decode.ts'
import { decodeSubevent, referencesIn as subeventReferences } from './subevents/decode.ts'
import { decodeVariation } from './variations/decode.ts'

const json = (value: unknown) => parseJson(JSON.stringify(value))
const whole = { partial: false }
const part = { partial: true }

function faultsOf(decoded: Decoded<unknown>): unknown {
  assert.ok('faults' in decoded, 'it was accepted')
  return decoded.faults
}
function accepted<T>(decoded: Decoded<T>): T {
  assert.ok('value' in decoded, 'it was refused')
  return decoded.value
}

const DATETIME =
  'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].'

describe('texts in several languages', () => {
  const name = (value: unknown) => decodeCategory(json({ name: value }), part)

  test('an object is kept, a plain string is English', () => {
    assert.deepEqual(accepted(name({ de: 'Halle', en: 'Hall' })).name, { de: 'Halle', en: 'Hall' })
    assert.deepEqual(accepted(name('Hall')).name, { en: 'Hall' })
    assert.deepEqual(accepted(name({ 'de-informal': 'Halle' })).name, { 'de-informal': 'Halle' })
  })

  test('anything else is refused', () => {
    for (const [value, text] of [
      ['', 'This field may not be blank.'],
      ['  ', 'This field may not be blank.'],
      [null, 'This field may not be null.'],
      [5, 'Invalid data type.'],
      [true, 'Invalid data type.'],
      [['Hall'], 'Invalid data type.'],
      [{ en: 5 }, 'Invalid data type.'],
      [{ en: null }, 'Invalid data type.'],
      [{ 'not a language': 'Hall' }, 'Invalid languages included.'],
      ['a\0b', 'Null characters are not allowed.'],
      [{ en: 'a\0b' }, 'Null characters are not allowed.'],
    ] as const)
      assert.deepEqual(faultsOf(name(value)), { name: [text] }, JSON.stringify(value))
  })

  test('an optional one may be null or empty', () => {
    const description = (value: unknown) => decodeCategory(json({ description: value }), part)
    assert.deepEqual(accepted(description(null)), { description: undefined })
    assert.deepEqual(accepted(description('')).description, { en: '' })
  })
})

describe('bodies', () => {
  test('one that is no object is refused as a whole', () => {
    for (const [body, text] of [
      [[], 'Invalid data. Expected a dictionary, but got list.'],
      ['x', 'Invalid data. Expected a dictionary, but got str.'],
      [5, 'Invalid data. Expected a dictionary, but got int.'],
      [null, 'No data provided'],
    ] as const)
      assert.deepEqual(faultsOf(decodeCategory(json(body), part)), { non_field_errors: [text] })
  })

  test('unknown and read-only keys are ignored', () => {
    assert.deepEqual(accepted(decodeCategory(json({ id: 'x', nonsense: [] }), part)), {})
  })

  test('all faults are told at once', () => {
    assert.deepEqual(faultsOf(decodeCategory(json({ position: 'a', is_addon: 'b' }), whole)), {
      name: ['This field is required.'],
      position: ['A valid integer is required.'],
      is_addon: ['Must be a valid boolean.'],
    })
  })

  test('what was not sent has no key, so that it stays as it is', () => {
    assert.deepEqual(accepted(decodeCategory(json({ position: 3 }), part)), { position: 3 })
  })
})

describe('category', () => {
  test('internal_name may be empty or null and has 255 characters at most', () => {
    const named = (value: unknown) => decodeCategory(json({ internal_name: value }), part)
    assert.equal(accepted(named('')).internalName, '')
    assert.deepEqual(accepted(named(null)), { internalName: undefined })
    assert.deepEqual(faultsOf(named('x'.repeat(256))), {
      internal_name: ['Ensure this field has no more than 255 characters.'],
    })
  })
})

describe('event', () => {
  const event = (body: object, creating = false, mode = part) =>
    decodeEvent(json(body), { ...mode, creating })

  test('name, slug and date_from are required', () => {
    assert.deepEqual(faultsOf(event({}, true, whole)), {
      name: ['This field is required.'],
      slug: ['This field is required.'],
      date_from: ['This field is required.'],
    })
  })

  test('a slug is letters, digits, dots and dashes, 50 at most', () => {
    const only = 'The slug may only contain letters, numbers, dots and dashes.'
    for (const slug of ['a b', '-a', 'a_b', 'ä1', 'x'])
      assert.deepEqual(faultsOf(event({ slug })), { slug: [only] }, slug)
    assert.deepEqual(faultsOf(event({ slug: 'a'.repeat(51) })), {
      slug: ['Ensure this field has no more than 50 characters.'],
    })
    assert.equal(accepted(event({ slug: 'Gala-26.x' })).slug, 'Gala-26.x')
  })

  test('a currency is an ISO code, a time zone a name', () => {
    assert.deepEqual(faultsOf(event({ currency: 'eur', timezone: 'Mars/Base' })), {
      currency: ['"eur" is not a valid choice.'],
      timezone: ['"Mars/Base" is not a valid choice.'],
    })
    assert.deepEqual(faultsOf(event({ timezone: '+01:00' })), {
      timezone: ['"+01:00" is not a valid choice.'],
    })
    assert.deepEqual(accepted(event({ currency: 'CHF', timezone: 'Europe/Berlin' })), {
      currency: 'CHF',
      timezone: 'Europe/Berlin',
    })
  })

  test('times are instants, those that may be missing null', () => {
    assert.deepEqual(faultsOf(event({ date_from: null, date_to: 'soon', presale_start: '' })), {
      date_from: ['This field may not be null.'],
      date_to: [DATETIME],
      presale_start: [DATETIME],
    })
    assert.deepEqual(
      accepted(event({ date_from: '2031-05-01T10:00:00+02:00', date_admission: null })),
      {
        dateFrom: BigInt(Date.parse('2031-05-01T08:00:00Z')) * 1_000n,
        dateAdmission: undefined,
      },
    )
  })

  test('cannot be created live, can be made live', () => {
    assert.deepEqual(faultsOf(event({ live: true }, true)), {
      live: [
        "Events cannot be created as 'live'. Quotas and payment must be added to the event before sales can go live.",
      ],
    })
    assert.equal(accepted(event({ live: true })).live, true)
    assert.equal(accepted(event({ live: false }, true)).live, false)
  })

  test('what is only stored keeps its spelling and its shape', () => {
    const value = accepted(
      decodeEvent(
        parseJson('{"meta_data":{"a":1.50},"plugins":["x"],"seat_category_mapping":{}}'),
        {
          ...part,
          creating: false,
        },
      ),
    )
    assert.deepEqual(value, { metaData: '{"a":1.50}', plugins: '["x"]', seatCategoryMapping: '{}' })
    assert.deepEqual(faultsOf(event({ meta_data: [], plugins: {} })), {
      meta_data: ['Expected a dictionary of items but got type "list".'],
      plugins: ['Expected a list of items but got type "dict".'],
    })
  })

  test('there is no seating plan to refer to', () => {
    assert.deepEqual(faultsOf(event({ seating_plan: 3 })), {
      seating_plan: ['Invalid pk "3" - object does not exist.'],
    })
    assert.deepEqual(accepted(event({ seating_plan: null })), { seatingPlan: undefined })
  })
})

describe('item', () => {
  const item = (body: object, { partial, creating } = { partial: true, creating: true }) =>
    decodeItem(json(body), { partial, creating }, (id) => id === 7n)

  test('name and default_price are required and not null', () => {
    assert.deepEqual(faultsOf(item({}, { partial: false, creating: true })), {
      name: ['This field is required.'],
      default_price: ['This field is required.'],
    })
    assert.deepEqual(faultsOf(item({ default_price: null })), {
      default_price: ['This field may not be null.'],
    })
  })

  test('a price has two decimals and 13 digits', () => {
    for (const [price, text] of [
      ['abc', 'A valid number is required.'],
      ['', 'A valid number is required.'],
      [true, 'A valid number is required.'],
      ['1.005', 'Ensure that there are no more than 2 decimal places.'],
      ['100000000000.00', 'Ensure that there are no more than 13 digits in total.'],
      ['100000000000', 'Ensure that there are no more than 11 digits before the decimal point.'],
    ] as const)
      assert.deepEqual(faultsOf(item({ default_price: price })), { default_price: [text] })
    assert.equal(accepted(item({ default_price: '23.5' })).fields.defaultPrice, 2_350_000n)
    assert.equal(accepted(item({ default_price: 23 })).fields.defaultPrice, 2_300_000n)
  })

  test('a category is one that exists', () => {
    assert.equal(accepted(item({ category: '7' })).fields.categoryId, 7n)
    assert.deepEqual(accepted(item({ category: '' })).fields, { categoryId: undefined })
    for (const [category, text] of [
      [8, 'Invalid pk "8" - object does not exist.'],
      ['abc', 'Incorrect type. Expected pk value, received str.'],
      [true, 'Incorrect type. Expected pk value, received bool.'],
      [1.5, 'Incorrect type. Expected pk value, received float.'],
      [[7], 'Incorrect type. Expected pk value, received list.'],
      [{}, 'Incorrect type. Expected pk value, received dict.'],
    ] as const)
      assert.deepEqual(faultsOf(item({ category })), { category: [text] })
    assert.deepEqual(categoryIn(json({ category: 8 })), [8n])
    assert.deepEqual(categoryIn(json({ category: [8] })), [])
    assert.deepEqual(categoryIn(json([])), [])
  })

  test('there is no tax rule to refer to', () => {
    assert.deepEqual(faultsOf(item({ tax_rule: 1 })), {
      tax_rule: ['Invalid pk "1" - object does not exist.'],
    })
    assert.deepEqual(accepted(item({ tax_rule: null })).fields, {})
  })

  test('numbers per order are not negative', () => {
    const low = 'Ensure this value is greater than or equal to 0.'
    assert.deepEqual(faultsOf(item({ min_per_order: -1, max_per_order: '' })), {
      min_per_order: [low],
      max_per_order: ['A valid integer is required.'],
    })
    assert.deepEqual(accepted(item({ min_per_order: null, max_per_order: '2' })).fields, {
      minPerOrder: undefined,
      maxPerOrder: 2,
    })
  })

  test('comes with its variations, whose faults stand at their places', () => {
    const value = accepted(item({ variations: [{ value: 'S' }, { value: 'L', position: 2 }] }))
    assert.deepEqual(value.variations, [
      { value: { en: 'S' } },
      { value: { en: 'L' }, position: 2 },
    ])
    assert.deepEqual(faultsOf(item({ variations: [{ value: 'S' }, {}, 'x'] })), {
      variations: [
        {},
        { value: ['This field is required.'] },
        { non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] },
      ],
    })
    assert.deepEqual(faultsOf(item({ variations: {} })), {
      variations: { non_field_errors: ['Expected a list of items but got type "dict".'] },
    })
    assert.deepEqual(faultsOf(item({ variations: null })), {
      variations: ['This field may not be null.'],
    })
  })

  test('its nested lists cannot be changed with it', () => {
    const text =
      'Updating add-ons, bundles, program times or variations via PATCH/PUT is not supported. Please use the dedicated nested endpoint.'
    for (const name of ['variations', 'addons', 'bundles', 'program_times'])
      assert.deepEqual(faultsOf(item({ [name]: [] }, { partial: true, creating: false })), {
        non_field_errors: [text],
      })
    assert.deepEqual(
      faultsOf(item({ addons: [], active: 'x' }, { partial: true, creating: false })),
      {
        active: ['Must be a valid boolean.'],
      },
    )
  })
})

describe('variation', () => {
  test('value is required, the price may be null', () => {
    assert.deepEqual(faultsOf(decodeVariation(json({}), whole)), {
      value: ['This field is required.'],
    })
    assert.deepEqual(accepted(decodeVariation(json({ default_price: null }), part)), {
      defaultPrice: undefined,
    })
    assert.deepEqual(accepted(decodeVariation(json({ default_price: '' }), part)), {
      defaultPrice: undefined,
    })
    assert.equal(
      accepted(decodeVariation(json({ default_price: '14.00' }), part)).defaultPrice,
      1_400_000n,
    )
  })
})

describe('quota', () => {
  const known = {
    item: (id: bigint) => id < 10n,
    variation: (id: bigint) => id < 20n,
    subevent: (id: bigint) => id === 30n,
  }
  const quota = (body: object, mode = part) => decodeQuota(json(body), mode, known)

  test('name is required, 200 characters at most', () => {
    assert.deepEqual(faultsOf(quota({}, whole)), { name: ['This field is required.'] })
    assert.deepEqual(faultsOf(quota({ name: 'x'.repeat(201) })), {
      name: ['Ensure this field has no more than 200 characters.'],
    })
    assert.deepEqual(faultsOf(quota({ name: ' ' })), { name: ['This field may not be blank.'] })
  })

  test('size is a whole number from 0 on, or null', () => {
    assert.deepEqual(accepted(quota({ size: null })), { size: undefined })
    assert.equal(accepted(quota({ size: 0 })).size, 0)
    assert.equal(accepted(quota({ size: '2.0' })).size, 2)
    for (const [size, text] of [
      [-1, 'Ensure this value is greater than or equal to 0.'],
      [2147483648, 'Ensure this value is less than or equal to 2147483647.'],
      ['many', 'A valid integer is required.'],
      ['', 'A valid integer is required.'],
      [true, 'A valid integer is required.'],
    ] as const)
      assert.deepEqual(faultsOf(quota({ size })), { size: [text] })
  })

  test('items and variations are lists of what exists', () => {
    assert.deepEqual(accepted(quota({ items: [1, '2', 1], variations: [] })), {
      itemIds: [1n, 2n],
      variationIds: [],
    })
    assert.deepEqual(faultsOf(quota({ items: 'x', variations: [1, 77, 88], subevent: 31 })), {
      items: ['Expected a list of items but got type "str".'],
      variations: ['Invalid pk "77" - object does not exist.'],
      subevent: ['Invalid pk "31" - object does not exist.'],
    })
    assert.deepEqual(faultsOf(quota({ items: ['x'] })), {
      items: ['Incorrect type. Expected pk value, received str.'],
    })
    assert.deepEqual(faultsOf(quota({ items: null })), { items: ['This field may not be null.'] })
  })

  test('everything that it names is looked up', () => {
    assert.deepEqual(
      quotaReferences(json({ items: [1, 'x', '2'], variations: 'no', subevent: 30 })),
      { items: [1n, 2n], variations: [], subevents: [30n] },
    )
  })
})

describe('date', () => {
  const known = { item: (id: bigint) => id === 1n, variation: (id: bigint) => id === 2n }
  const date = (body: object, mode = part) => decodeSubevent(json(body), mode, known)

  test('name and date_from are required', () => {
    assert.deepEqual(faultsOf(date({}, whole)), {
      name: ['This field is required.'],
      date_from: ['This field is required.'],
    })
  })

  test('price overrides name a product; a null price changes nothing', () => {
    assert.deepEqual(
      accepted(
        date({
          item_price_overrides: [{ item: 1, price: '9.00' }],
          variation_price_overrides: [{ variation: 2, price: null, disabled: true }],
        }),
      ),
      {
        itemOverrides: [
          {
            id: 1n,
            price: 900_000n,
            disabled: false,
            availableFrom: undefined,
            availableUntil: undefined,
          },
        ],
        variationOverrides: [
          {
            id: 2n,
            price: undefined,
            disabled: true,
            availableFrom: undefined,
            availableUntil: undefined,
          },
        ],
      },
    )
    assert.deepEqual(
      faultsOf(
        date({
          item_price_overrides: [{ item: 9, price: 'x' }, { item: 1 }],
          variation_price_overrides: [{}],
        }),
      ),
      {
        item_price_overrides: [
          {
            item: ['Invalid pk "9" - object does not exist.'],
            price: ['A valid number is required.'],
          },
          {},
        ],
        variation_price_overrides: [{ variation: ['This field is required.'] }],
      },
    )
  })

  test('everything that it names is looked up', () => {
    assert.deepEqual(
      subeventReferences(
        json({ item_price_overrides: [{ item: 1 }, {}, 5], variation_price_overrides: null }),
      ),
      { items: [1n], variations: [] },
    )
  })
})

describe('seat', () => {
  test('only blocked can be said', () => {
    assert.deepEqual(accepted(decodeSeat(json({ blocked: 'true', seat_guid: 'x' }))), {
      blocked: true,
    })
    assert.deepEqual(accepted(decodeSeat(json({}))), { blocked: undefined })
    assert.deepEqual(faultsOf(decodeSeat(json({ blocked: 'perhaps' }))), {
      blocked: ['Must be a valid boolean.'],
    })
  })
})
