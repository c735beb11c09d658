import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'

/** POST of one voucher: every field, every check, in their order, and nothing written on a no. */

const VOUCHERS = 'events/gala/vouchers/'
const EVENT = {
  ...GALA,
  items: [
    { ref: 'standard', name: 'Standard', default_price: '23.00' },
    { ref: 'balcony', name: 'Balcony', default_price: '30.00' },
    {
      ref: 'shirt',
      name: 'Shirt',
      default_price: '12.00',
      variations: [
        { ref: 's', value: 'S' },
        { ref: 'l', value: 'L' },
      ],
    },
    {
      ref: 'cap',
      name: 'Cap',
      default_price: '9.00',
      variations: [{ ref: 'red', value: 'Red' }],
    },
    { ref: 'bundled', name: 'Bundled', default_price: '1.00' },
    { ref: 'addon', name: 'Add-on', default_price: '1.00' },
    { ref: 'nowhere', name: 'Nowhere', default_price: '1.00' },
  ],
  quotas: [
    { ref: 'hall', name: 'Hall', size: 2, items: ['standard'] },
    { ref: 'full', name: 'Full', size: 0, items: ['balcony'] },
    { ref: 'small', name: 'Small', size: 1, items: ['shirt'], variations: ['s'] },
  ],
  seats: [
    { seat_guid: 'A-1', row_name: 'A', seat_number: '1', item: 'standard' },
    { seat_guid: 'A-2', row_name: 'A', seat_number: '2', item: 'balcony' },
    { seat_guid: 'A-3', row_name: 'A', seat_number: '3', item: 'standard', blocked: true },
  ],
}
const TOUR = {
  ...GALA,
  slug: 'tour',
  has_subevents: true,
  items: [{ ref: 'standing', name: 'Standing', default_price: '20.00' }],
  subevents: [
    { ref: 'may', name: 'May', date_from: '2031-05-01T08:00:00Z' },
    { ref: 'june', name: 'June', date_from: '2031-06-01T08:00:00Z' },
  ],
  quotas: [
    { ref: 'may-hall', name: 'May hall', size: 5, items: ['standing'], subevent: 'may' },
    { ref: 'june-hall', name: 'June hall', size: 5, items: ['standing'], subevent: 'june' },
  ],
  seats: [{ seat_guid: 'T-1', item: 'standing', subevent: 'may' }],
}

/** What a field says no to, and with which words. */
const FIELD_FAULTS: Record<string, readonly (readonly [unknown, string])[]> = {
  code: [
    ['abcd', 'Ensure this field has at least 5 characters.'],
    ['x'.repeat(256), 'Ensure this field has no more than 255 characters.'],
    ['', 'This field may not be blank.'],
    ['   ', 'This field may not be blank.'],
    [null, 'This field may not be null.'],
    [true, 'Not a valid string.'],
    [['a'], 'Not a valid string.'],
    ['abcde\0', 'Null characters are not allowed.'],
  ],
  max_usages: [
    ['', 'A valid integer is required.'],
    ['x', 'A valid integer is required.'],
    [true, 'A valid integer is required.'],
    [1.5, 'A valid integer is required.'],
    [-1, 'Ensure this value is greater than or equal to 0.'],
    [2_147_483_648, 'Ensure this value is less than or equal to 2147483647.'],
    [null, 'This field may not be null.'],
  ],
  min_usages: [
    [-1, 'Ensure this value is greater than or equal to 0.'],
    [null, 'This field may not be null.'],
  ],
  valid_until: [
    [
      '',
      'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].',
    ],
    [
      '2031-13-01T00:00:00Z',
      'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].',
    ],
  ],
  block_quota: [
    ['x', 'Must be a valid boolean.'],
    [null, 'This field may not be null.'],
  ],
  allow_ignore_quota: [['', 'Must be a valid boolean.']],
  price_mode: [
    ['foo', '"foo" is not a valid choice.'],
    ['', '"" is not a valid choice.'],
    [null, 'This field may not be null.'],
  ],
  value: [
    ['x', 'A valid number is required.'],
    [true, 'A valid number is required.'],
    ['1.005', 'Ensure that there are no more than 2 decimal places.'],
    ['123456789012', 'Ensure that there are no more than 11 digits before the decimal point.'],
    ['123456789012.00', 'Ensure that there are no more than 13 digits in total.'],
    ['-0.01', 'Ensure this value is greater than or equal to 0.'],
  ],
  item: [
    [777_777, 'Invalid pk "777777" - object does not exist.'],
    ['abc', 'Incorrect type. Expected pk value, received str.'],
    [true, 'Incorrect type. Expected pk value, received bool.'],
    [1.5, 'Incorrect type. Expected pk value, received float.'],
    [[], 'Incorrect type. Expected pk value, received list.'],
    [{}, 'Incorrect type. Expected pk value, received dict.'],
  ],
  variation: [[777_777, 'Invalid pk "777777" - object does not exist.']],
  quota: [[777_777, 'Invalid pk "777777" - object does not exist.']],
  subevent: [[777_777, 'Invalid pk "777777" - object does not exist.']],
  tag: [
    ['x'.repeat(256), 'Ensure this field has no more than 255 characters.'],
    [null, 'This field may not be null.'],
  ],
  comment: [
    [null, 'This field may not be null.'],
    [{}, 'Not a valid string.'],
  ],
  seat: [['', 'This field may not be blank.']],
  show_hidden_items: [[null, 'This field may not be null.']],
  all_addons_included: [['maybe', 'Must be a valid boolean.']],
  all_bundles_included: [[2, 'Must be a valid boolean.']],
}

describe('a new voucher', () => {
  let server: TicketServer
  let shop: Shop
  const ids: Record<string, number> = {}

  const written = async () => (await shop.rows('vouchers')).length
  /** A refused body: the answer, and that nothing was written. */
  const refused = async (body: unknown, event = 'gala') => {
    const before = await written()
    const answer = await shop.post(`events/${event}/vouchers/`, body)
    assert.equal(answer.status, 400, answer.text)
    assert.equal(await written(), before)
    return answer.json
  }
  const refusal = async (body: unknown, event?: string) => {
    const faults = (await refused(body, event)) as { non_field_errors: string[] }
    assert.deepEqual(Object.keys(faults), ['non_field_errors'])
    assert.equal(faults.non_field_errors.length, 1)
    return faults.non_field_errors[0]
  }
  const made = async (body: unknown, event = 'gala') => {
    const answer = await shop.post(`events/${event}/vouchers/`, body)
    assert.equal(answer.status, 201, answer.text)
    return answer.json as Record<string, unknown>
  }

  before(async () => {
    server = await openTicketServer()
    shop = await server.shop(EVENT, TOUR)
    const tables = {
      ticket_items: [
        'standard',
        'balcony',
        'shirt',
        'cap',
        'bundled',
        'addon',
        'nowhere',
        'standing',
      ],
      ticket_variations: ['s', 'l', 'red'],
      ticket_quotas: ['hall', 'full', 'small', 'may-hall', 'june-hall'],
      ticket_subevents: ['may', 'june'],
    }
    for (const [table, refs] of Object.entries(tables))
      for (const ref of refs) ids[ref] = await shop.idOf(table, ref)
    const category = await shop.post('events/gala/categories/', { name: 'Extras', is_addon: true })
    const { id } = category.json as { id: number }
    await shop.patch(`events/gala/items/${ids.addon}/`, { category: id })
    await shop.patch(`events/gala/items/${ids.bundled}/`, { require_bundling: true })
  })
  after(() => server.close())

  test('of an empty body is good for everything, once, with a generated code', async () => {
    const { id, code, ...rest } = await made({})
    assert.equal(typeof id, 'number')
    assert.match(String(code), /^[ABCDEFGHKLMNPQRSTUVWXYZ23456789]{16}$/)
    assert.deepEqual(rest, {
      max_usages: 1,
      redeemed: 0,
      min_usages: 1,
      valid_until: null,
      block_quota: false,
      allow_ignore_quota: false,
      price_mode: 'none',
      value: null,
      item: null,
      variation: null,
      quota: null,
      tag: '',
      comment: '',
      subevent: null,
      show_hidden_items: true,
      seat: null,
      all_addons_included: false,
      all_bundles_included: false,
    })
  })

  test('is answered byte for byte, with its keys in their order', async () => {
    const body = {
      code: 'press-2026',
      item: ids.standard,
      price_mode: 'percent',
      value: '15',
      max_usages: 3,
      tag: ' press ',
      id: 5,
      redeemed: 9,
      nonsense: 1,
    }
    const { text, json } = await shop.post(VOUCHERS, body)
    const { id } = json as { id: number }
    assert.equal(
      text,
      `{"id":${id},"code":"PRESS-2026","max_usages":3,"redeemed":0,"min_usages":1,"valid_until":null,"block_quota":false,"allow_ignore_quota":false,"price_mode":"percent","value":"15.00","item":${ids.standard},"variation":null,"quota":null,"tag":"press","comment":"","subevent":null,"show_hidden_items":true,"seat":null,"all_addons_included":false,"all_bundles_included":false}`,
    )
    assert.equal((await shop.get(`${VOUCHERS}${id}/`)).text, text)
  })

  test('takes an empty text as null where a number or a reference may be null', async () => {
    const voucher = await made({ value: '', item: '', variation: '', quota: '', subevent: '' })
    for (const name of ['value', 'item', 'variation', 'quota', 'subevent'])
      assert.equal(voucher[name], null)
  })

  test('takes numbers as text, whole decimals as integers and words as booleans', async () => {
    const voucher = await made({
      code: 1_234_567,
      tag: 12,
      max_usages: '2.0',
      min_usages: 1.0,
      block_quota: '0',
      show_hidden_items: 'false',
      value: 12,
      valid_until: '2031-05-01',
    })
    assert.equal(voucher.code, '1234567')
    assert.equal(voucher.tag, '12')
    assert.equal(voucher.max_usages, 2)
    assert.equal(voucher.show_hidden_items, false)
    assert.equal(voucher.value, '12.00')
    assert.equal(voucher.valid_until, '2031-05-01T00:00:00Z')
  })

  test('may have ended already, keeps its microseconds, and any characters in its code', async () => {
    const body = { code: 'straße 1/ü?%', valid_until: '2020-01-01T10:00:00.000001+02:00' }
    const voucher = await made(body)
    assert.equal(voucher.code, 'STRASSE 1/Ü?%')
    assert.equal(voucher.valid_until, '2020-01-01T08:00:00.000001Z')
  })

  for (const [field, faults] of Object.entries(FIELD_FAULTS))
    test(`refuses what ${field} cannot be, in its words`, async () => {
      for (const [value, text] of faults)
        assert.deepEqual(await refused({ [field]: value }), { [field]: [text] }, String(value))
    })

  test('says all wrong fields together, and then nothing else', async () => {
    const body = { code: 'ab', value: 'x', item: 777_777, block_quota: true }
    assert.deepEqual(await refused(body), {
      code: ['Ensure this field has at least 5 characters.'],
      value: ['A valid number is required.'],
      item: ['Invalid pk "777777" - object does not exist.'],
    })
  })

  test('refuses a body that is no object', async () => {
    assert.deepEqual(await refused([]), {
      non_field_errors: ['Invalid data. Expected a dictionary, but got list.'],
    })
    assert.deepEqual(await refused('x'), {
      non_field_errors: ['Invalid data. Expected a dictionary, but got str.'],
    })
    const answer = await shop.send('POST', VOUCHERS, {
      body: 'null',
      headers: { 'content-type': 'application/json' },
    })
    assert.equal(answer.text, '{"non_field_errors":["No data provided"]}')
  })

  test('refuses a thing of another organizer as unknown, a date of another event too', async () => {
    const other = await server.shop({
      ...GALA,
      items: [{ ref: 'x', name: 'X', default_price: '1' }],
    })
    const foreign = await other.idOf('ticket_items', 'x')
    const unknown = (id: unknown) => [`Invalid pk "${id}" - object does not exist.`]
    assert.deepEqual(await refused({ item: foreign }), { item: unknown(foreign) })
    assert.deepEqual(await refused({ subevent: ids.may }), { subevent: unknown(ids.may) })
  })

  test('B1: a quota of another event', async () => {
    const text = 'You cannot select a quota that belongs to a different event.'
    assert.equal(await refusal({ quota: ids['may-hall'], item: ids.standard }), text)
  })

  test('B2: a quota and a product', async () => {
    const text = 'You cannot select a quota and a specific product at the same time.'
    assert.equal(await refusal({ quota: ids.hall, item: ids.addon }), text)
  })

  test('B3: a product that is only an add-on or part of a bundle', async () => {
    const text =
      'You cannot select a product that is only available as an add-on product or as part of a bundle, since vouchers cannot be applied to add-on products or bundled products.'
    assert.equal(await refusal({ item: ids.addon }), text)
    assert.equal(await refusal({ item: ids.bundled, variation: ids.s }), text)
  })

  test('B4: a product of another event', async () => {
    const text = 'You cannot select a product that belongs to a different event.'
    assert.equal(await refusal({ item: ids.standing, variation: ids.s }), text)
  })

  test('B5: a variation of a product without variations, of a quota, of nothing (B9)', async () => {
    const text =
      'You cannot select a variation without having selected a product that provides variations.'
    assert.equal(await refusal({ item: ids.standard, variation: ids.s }), text)
    assert.equal(await refusal({ quota: ids.hall, variation: ids.s }), text)
    assert.equal(await refusal({ variation: ids.s }), text)
  })

  test('B6: a variation of another product', async () => {
    const text = 'This variation does not belong to this product.'
    assert.equal(await refusal({ item: ids.shirt, variation: ids.red }), text)
  })

  test('B8: blocking quota for nothing in particular, before a lone variation', async () => {
    const text =
      'You need to select a specific product or quota if this voucher should reserve tickets.'
    assert.equal(await refusal({ block_quota: true, variation: ids.s }), text)
  })

  test('B10: blocking quota in a series needs a date, the date of its quota', async () => {
    const text = 'If you want this voucher to block quota, you need to select a specific date.'
    assert.equal(await refusal({ block_quota: true, item: ids.standing }, 'tour'), text)
    const crossed = { block_quota: true, quota: ids['may-hall'], subevent: ids.june }
    assert.equal(await refusal(crossed, 'tour'), text)
    await made({ ...crossed, subevent: ids.may }, 'tour')
    await made({ item: ids.standing }, 'tour')
    await made({ quota: ids['may-hall'], subevent: ids.june }, 'tour')
  })

  test('B13: fewer usages than the minimum that was asked for', async () => {
    const text = 'The maximum number of usages may not be lower than the minimum number of usages.'
    assert.equal(await refusal({ max_usages: 1, min_usages: 2 }), text)
    assert.equal((await made({ max_usages: 0 })).max_usages, 0)
    await made({ max_usages: 0, min_usages: 0 })
  })

  test('B14: a quota that has no room, unless it may be ignored', async () => {
    const text =
      'You cannot create a voucher that blocks quota as the selected product or quota is currently sold out or completely reserved.'
    assert.equal(await refusal({ block_quota: true, item: ids.balcony }), text)
    assert.equal(await refusal({ block_quota: true, quota: ids.full }), text)
    assert.equal(await refusal({ block_quota: true, item: ids.standard, max_usages: 3 }), text)
    assert.equal(await refusal({ block_quota: true, item: ids.shirt, max_usages: 2 }), text)
    await made({ block_quota: true, allow_ignore_quota: true, item: ids.balcony })
    await made({ block_quota: true, item: ids.balcony, valid_until: '2020-01-01' })
    await made({ item: ids.balcony })
    // In no quota at all: nothing to look at.
    await made({ block_quota: true, item: ids.nowhere, max_usages: 100 })
    await made({ block_quota: true, item: ids.shirt, variation: ids.l, max_usages: 100 })
    await made({ block_quota: true, item: ids.cap, max_usages: 100 })
  })

  test('B15: a code that is taken in this event, in whatever case', async () => {
    await made({ code: 'taken-1' })
    const text = 'A voucher with this code already exists.'
    assert.equal(await refusal({ code: 'Taken-1' }), text)
    // The quota is looked at first.
    const blocking = { code: 'TAKEN-1', block_quota: true, item: ids.balcony }
    assert.match(String(await refusal(blocking)), /sold out/)
    await made({ code: 'taken-1' }, 'tour')
  })

  test('B16: a seat, in the order of its checks', async () => {
    const seat = (body: unknown, event?: string) => refusal(body, event)
    assert.equal(
      await seat({ seat: 'T-1' }, 'tour'),
      'You need to choose a date if you select a seat.',
    )
    const unknown = 'The specified seat ID "Z-99" does not exist for this event.'
    assert.equal(await seat({ seat: 'Z-99', quota: ids.hall, max_usages: 2 }), unknown)
    assert.equal(
      await seat({ seat: 'T-1', subevent: ids.june }, 'tour'),
      'The specified seat ID "T-1" does not exist for this event.',
    )
    assert.equal(
      await seat({ seat: 'A-3', quota: ids.hall }),
      'The seat "A-3" is currently unavailable (blocked, already sold or a different voucher).',
    )
    assert.equal(
      await seat({ seat: 'A-1', quota: ids.hall, max_usages: 2 }),
      'You need to choose a specific product if you select a seat.',
    )
    const once = 'Seat-specific vouchers can only be used once.'
    assert.equal(await seat({ seat: 'A-1', max_usages: 2, item: ids.balcony }), once)
    assert.equal(
      await seat({ seat: 'A-2', item: ids.standard }),
      'You need to choose the product "Balcony" for this seat.',
    )
    assert.equal((await made({ seat: 'A-1', item: ids.standard })).seat, 'A-1')
    assert.equal(
      await seat({ seat: 'A-1' }),
      'The seat "A-1" is currently unavailable (blocked, already sold or a different voucher).',
    )
    assert.equal((await made({ seat: 'A-2' })).item, null)
    assert.equal((await made({ seat: 'T-1', subevent: ids.may }, 'tour')).seat, 'T-1')
  })
})
