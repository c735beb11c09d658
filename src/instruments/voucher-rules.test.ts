import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VOUCHER_DEFAULTS, type VoucherFields } from './voucher.ts'
import {
  judgeRepetition,
  judgeSeat,
  judgeVoucher,
  type VoucherOccasion,
  type VoucherTargets,
} from './voucher-rules.ts'

const voucher = (fields: Partial<VoucherFields> = {}): VoucherFields => ({
  ...VOUCHER_DEFAULTS,
  code: 'PRESS-1',
  ...fields,
})
const NONE: VoucherTargets = {
  event: { id: 1n, hasSubevents: false },
  quota: undefined,
  item: undefined,
  variation: undefined,
}
const ITEM = { id: 41n, eventId: 1n, hasVariations: false, soldAlone: true }
const QUOTA = { eventId: 1n, subeventId: undefined }
const CREATION: VoucherOccasion = { redeemed: 0, checkMinUsages: false }
const SERIES = { id: 1n, hasSubevents: true }

const judge = (
  fields: Partial<VoucherFields>,
  targets: Partial<VoucherTargets>,
  occasion: VoucherOccasion = CREATION,
) => judgeVoucher(voucher(fields), { ...NONE, ...targets }, occasion)?.code

test('a voucher for everything is fine', () => assert.equal(judge({}, {}), undefined))

test('B1: a quota of another event is refused before anything else', () => {
  const quota = { ...QUOTA, eventId: 2n }
  assert.equal(judge({}, { quota, item: ITEM, variation: { itemId: 9n } }), 'quota_of_other_event')
})

test('B2: a quota and an item exclude each other, before what is wrong with the item', () => {
  const item = { ...ITEM, soldAlone: false, eventId: 2n }
  assert.equal(judge({}, { quota: QUOTA, item }), 'quota_and_item')
})

test('a quota and a variation without an item are refused as a variation without a product', () => {
  assert.equal(judge({}, { quota: QUOTA, variation: { itemId: 41n } }), 'variation_without_item')
})

test('B3: an add-on or bundled product is refused, also one of another event', () => {
  const item = { ...ITEM, soldAlone: false, eventId: 2n }
  assert.equal(judge({}, { item }), 'item_not_sold_alone')
})

test('B4: an item of another event is refused before its variation is looked at', () => {
  const item = { ...ITEM, eventId: 2n }
  assert.equal(judge({}, { item, variation: { itemId: 9n } }), 'item_of_other_event')
})

test('B5 and B6: a variation needs a product with variations, and must be one of them', () => {
  assert.equal(judge({}, { item: ITEM, variation: { itemId: 9n } }), 'variation_without_item')
  const item = { ...ITEM, hasVariations: true }
  assert.equal(judge({}, { item, variation: { itemId: 9n } }), 'variation_of_other_item')
  assert.equal(judge({}, { item, variation: { itemId: 41n } }), undefined)
})

test('a blocking voucher for a product with variations needs none of them', () => {
  assert.equal(judge({ blockQuota: true }, { item: { ...ITEM, hasVariations: true } }), undefined)
})

test('B8 and B9: blocking needs a target, and is looked at before a lone variation', () => {
  const variation = { itemId: 41n }
  assert.equal(judge({ blockQuota: true }, { variation }), 'blocks_without_target')
  assert.equal(judge({}, { variation }), 'variation_without_item')
})

test('B10: in a series blocking needs a date, the date of its quota', () => {
  const blocking = { blockQuota: true }
  assert.equal(judge(blocking, { event: SERIES, item: ITEM }), 'blocks_without_date')
  assert.equal(judge({}, { event: SERIES, item: ITEM }), undefined)
  const onDate = { ...blocking, subeventId: 7n }
  assert.equal(judge(onDate, { event: SERIES, item: ITEM }), undefined)
  const quota = { ...QUOTA, subeventId: 8n }
  assert.equal(judge(onDate, { event: SERIES, quota }), 'blocks_without_date')
  assert.equal(judge({ subeventId: 7n }, { event: SERIES, quota }), undefined)
})

test('B11: a date needs a series', () =>
  assert.equal(judge({ subeventId: 7n }, {}), 'date_without_series'))

test('B12: usages cannot go below what was redeemed, which is said', () => {
  const occasion = { redeemed: 3, checkMinUsages: true }
  const fields = voucher({ maxUsages: 2, minUsages: 5 })
  assert.deepEqual(judgeVoucher(fields, NONE, occasion), {
    code: 'max_below_redeemed',
    redeemed: 3,
  })
  assert.equal(judge({ maxUsages: 3 }, {}, occasion), undefined)
})

test('B13: the minimum binds only who says it or changes a stored voucher', () => {
  assert.equal(judge({ maxUsages: 0 }, {}), undefined)
  assert.equal(judge({ maxUsages: 0 }, {}, { ...CREATION, checkMinUsages: true }), 'max_below_min')
  const zero = { maxUsages: 0, minUsages: 0 }
  assert.equal(judge(zero, {}, { ...CREATION, checkMinUsages: true }), undefined)
})

const seated = (fields: Partial<VoucherFields> = {}) => ({ ...voucher(fields), seatGuid: 'A-1' })
const SEAT = { itemId: 41n, itemName: 'Balcony', taken: false }

test('B16: the checks of a seat come in their order', () => {
  const plain = { hasSubevents: false }
  const wrong = seated({ quotaId: 3n, maxUsages: 2, itemId: 42n })
  assert.equal(judgeSeat(wrong, { hasSubevents: true }, undefined)?.code, 'seat_without_date')
  assert.deepEqual(judgeSeat(wrong, plain, undefined), { code: 'seat_unknown', guid: 'A-1' })
  assert.deepEqual(judgeSeat(wrong, plain, { ...SEAT, taken: true }), {
    code: 'seat_unavailable',
    guid: 'A-1',
  })
  assert.equal(judgeSeat(wrong, plain, SEAT)?.code, 'seat_without_item')
  const twice = seated({ maxUsages: 2, itemId: 42n })
  assert.equal(judgeSeat(twice, plain, SEAT)?.code, 'seat_used_twice')
  assert.equal(judgeSeat(seated({ minUsages: 2 }), plain, SEAT)?.code, 'seat_used_twice')
  assert.deepEqual(judgeSeat(seated({ itemId: 42n }), plain, SEAT), {
    code: 'seat_of_other_item',
    itemName: 'Balcony',
  })
  assert.equal(judgeSeat(seated({ itemId: 41n }), plain, SEAT), undefined)
  assert.equal(judgeSeat(seated(), plain, SEAT), undefined)
})

test('in a batch a repeated seat is said first, and its row does not claim the code', () => {
  const earlier = { seats: new Set<string>(), codes: new Set<string>() }
  const row = (code: string, seatGuid?: string, subeventId?: bigint) =>
    judgeRepetition({ code, seatGuid, subeventId }, earlier)?.code
  assert.equal(row('AAAAA', 'A-1'), undefined)
  assert.equal(row('BBBBB', 'A-1'), 'seat_repeated')
  assert.equal(row('BBBBB'), undefined)
  assert.equal(row('BBBBB', 'A-2'), 'code_repeated')
  assert.equal(row('CCCCC', 'A-1', 7n), undefined)
})
