import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Quota } from './catalogue.ts'
import {
  judgePositions,
  type OrderSeat,
  type OrderVoucher,
  type PositionWish,
  type Shop,
  seatName,
} from './ticket-order-rules.ts'

const NOW = 1_000_000n
const EURO = 100_000n
const wish = (fields: Partial<PositionWish> = {}): PositionWish => ({
  itemId: 41n,
  variationId: undefined,
  subeventId: undefined,
  price: undefined,
  voucherId: undefined,
  seatGuid: undefined,
  isAddon: false,
  ...fields,
})
const quota = (
  id: bigint,
  itemIds: bigint[],
  name = 'Hall',
  variationIds: bigint[] = [],
): Quota => ({
  id,
  eventId: 1n,
  name,
  size: 10,
  itemIds,
  variationIds,
  subeventId: undefined,
  closeWhenSoldOut: false,
  closed: false,
  releaseAfterExit: false,
})
const voucher = (id: bigint, fields: Partial<OrderVoucher> = {}): OrderVoucher => ({
  id,
  itemId: undefined,
  variationId: undefined,
  quotaId: undefined,
  subeventId: undefined,
  priceMode: 'none',
  value: undefined,
  validUntil: undefined,
  blockQuota: false,
  allowIgnoreQuota: false,
  maxUsages: 1,
  redeemed: 0,
  seatGuid: undefined,
  budgetRemaining: undefined,
  ...fields,
})
const seat = (id: bigint, fields: Partial<OrderSeat> = {}): OrderSeat => ({
  id,
  zoneName: '',
  rowName: '3',
  rowLabel: undefined,
  seatNumber: '7',
  seatLabel: undefined,
  blocked: false,
  sold: false,
  voucherId: undefined,
  ...fields,
})
type ShopFields = {
  quotas?: Quota[]
  room?: [bigint, number | undefined][]
  vouchers?: OrderVoucher[]
  seats?: Record<string, OrderSeat>
  seated?: bigint[]
  disabled?: bigint[]
}
const shop = (fields: ShopFields = {}): Shop => ({
  currency: 'EUR',
  quotas: fields.quotas ?? [quota(1n, [41n])],
  room: new Map(fields.room ?? [[1n, 10]]),
  vouchers: new Map((fields.vouchers ?? []).map((each) => [each.id, each])),
  seats: new Map(Object.entries(fields.seats ?? {})),
  itemName: () => 'Gala seat',
  priceTags: () => ({
    variationOnDate: undefined,
    variation: undefined,
    itemOnDate: undefined,
    item: 30n * EURO,
  }),
  isDisabled: ({ itemId }) => fields.disabled?.includes(itemId) ?? false,
  needsSeat: ({ itemId }) => fields.seated?.includes(itemId) ?? false,
})
const judge = (wishes: PositionWish[], fields: ShopFields = {}, force = false) => {
  const verdict = judgePositions(wishes, shop(fields), { force, now: NOW })
  return 'faults' in verdict ? verdict.faults : verdict.charges
}

test('a plain ticket costs the listed price, and a given price wins', () => {
  assert.deepEqual(judge([wish(), wish({ price: -5n * EURO })]), [
    { price: 30n * EURO, budgetUse: undefined, seatId: undefined },
    { price: -5n * EURO, budgetUse: undefined, seatId: undefined },
  ])
})

test('R2 to R6 come in their order, each alone', () => {
  const over = voucher(9n, {
    itemId: 42n,
    subeventId: 7n,
    validUntil: NOW - 1n,
    seatGuid: 'A-1',
    redeemed: 1,
  })
  const only = (position: Partial<PositionWish>, fields: Partial<OrderVoucher>) =>
    judge([wish({ voucherId: 9n, ...position })], { vouchers: [{ ...over, ...fields }] })
  assert.deepEqual(only({ isAddon: true }, {}), [{ voucher: { code: 'addon' } }])
  assert.deepEqual(only({}, {}), [{ voucher: { code: 'other_item' } }])
  assert.deepEqual(only({}, { itemId: 41n }), [{ voucher: { code: 'other_date' } }])
  assert.deepEqual(only({}, { itemId: 41n, subeventId: undefined }), [
    { voucher: { code: 'expired' } },
  ])
  const valid = { itemId: 41n, subeventId: undefined, validUntil: NOW }
  assert.deepEqual(only({}, valid), [{ voucher: { code: 'other_seat' } }])
  assert.deepEqual(only({}, { ...valid, seatGuid: undefined }), [{ voucher: { code: 'used_up' } }])
})

test('a voucher applies to its product, its variation, or what its quota holds', () => {
  const quotas = [quota(1n, [41n, 50n], 'Hall', [501n])]
  const refused = (fields: Partial<OrderVoucher>, position: Partial<PositionWish> = {}) => {
    const [first] = judge([wish({ voucherId: 9n, ...position })], {
      quotas,
      vouchers: [voucher(9n, fields)],
    })
    return first !== undefined && 'voucher' in first && first.voucher?.code === 'other_item'
  }
  assert.equal(refused({}), false)
  assert.equal(refused({ itemId: 41n }), false)
  assert.equal(refused({ itemId: 50n }, { itemId: 50n, variationId: 501n }), false)
  const exact = { itemId: 50n, variationId: 501n }
  assert.equal(refused(exact, exact), false)
  assert.equal(refused(exact, { itemId: 50n, variationId: 502n }), true)
  assert.equal(refused({ quotaId: 1n }), false)
  assert.equal(refused({ quotaId: 1n }, exact), false)
  assert.equal(refused({ quotaId: 1n }, { itemId: 50n, variationId: 502n }), true)
  assert.equal(refused({ quotaId: 1n }, { itemId: 42n }), true)
})

test('R7: each position is one use, and only positions that the voucher fits count', () => {
  const vouchers = [voucher(9n, { itemId: 41n, maxUsages: 2, redeemed: 1 })]
  const used = { voucher: { code: 'used_up' } }
  const three = Array.from({ length: 3 }, () => wish({ voucherId: 9n }))
  assert.deepEqual(judge(three, { vouchers }), [{}, used, used])
  const quotas = [quota(1n, [41n, 42n])]
  const unfit = [wish({ voucherId: 9n, itemId: 42n }), wish({ voucherId: 9n })]
  assert.deepEqual(judge(unfit, { vouchers, quotas }), [{ voucher: { code: 'other_item' } }, {}])
})

test('R8: the budget is judged in order, within one order', () => {
  const vouchers = [
    voucher(9n, {
      priceMode: 'set',
      value: 24n * EURO,
      maxUsages: 9,
      budgetRemaining: 10n * EURO,
    }),
  ]
  const two = [wish({ voucherId: 9n }), wish({ voucherId: 9n })]
  assert.deepEqual(judge(two, { vouchers }), [
    { price: 24n * EURO, budgetUse: 6n * EURO, seatId: undefined },
    { price: 26n * EURO, budgetUse: 4n * EURO, seatId: undefined },
  ])
  assert.deepEqual(judge([...two, wish({ voucherId: 9n })], { vouchers }), [
    {},
    {},
    { voucher: { code: 'budget', remaining: 0n, discount: 6n * EURO } },
  ])
})

test('a quota error stands beside the error of a voucher', () => {
  const vouchers = [voucher(9n, { redeemed: 1 }), voucher(8n, { validUntil: NOW - 1n })]
  const item = { code: 'quota_exhausted', quotaName: 'Hall' }
  const full = { vouchers, room: [[1n, 0]] } satisfies ShopFields
  assert.deepEqual(judge([wish({ voucherId: 9n }), wish({ voucherId: 8n })], full), [
    { voucher: { code: 'used_up' }, item },
    { voucher: { code: 'expired' }, item },
  ])
})

test('the quota check is left out for a voucher that blocks or ignores quota, even an unfit one', () => {
  const vouchers = [
    voucher(9n, { blockQuota: true, itemId: 41n, validUntil: NOW - 1n }),
    voucher(8n, { allowIgnoreQuota: true }),
    voucher(7n, { blockQuota: true, itemId: 42n }),
    voucher(6n, { blockQuota: true, quotaId: 1n, validUntil: NOW - 1n }),
  ]
  const full = { vouchers, room: [[1n, 0]] } satisfies ShopFields
  const wishes = [9n, 8n, 7n, 6n].map((voucherId) => wish({ voucherId }))
  assert.deepEqual(judge(wishes, full), [
    { voucher: { code: 'expired' } },
    {},
    { voucher: { code: 'other_item' } },
    { voucher: { code: 'expired' } },
  ])
  assert.equal(judge([wish({ voucherId: 8n })], full).length, 1)
})

test('a voucher for a quota has its place there only; the other quotas of the product are asked', () => {
  const quotas = [quota(1n, [41n], 'Hall'), quota(2n, [41n], 'Day')]
  const vouchers = [voucher(9n, { blockQuota: true, quotaId: 1n })]
  const room = (hall: number, day: number): ShopFields => ({
    quotas,
    vouchers,
    room: [
      [1n, hall],
      [2n, day],
    ],
  })
  assert.deepEqual(judge([wish({ voucherId: 9n })], room(0, 0)), [
    { item: { code: 'quota_exhausted', quotaName: 'Day' } },
  ])
  assert.deepEqual(judge([wish({ voucherId: 9n })], room(0, 1)), [
    { price: 30n * EURO, budgetUse: 0n, seatId: undefined },
  ])
})

test('positions of one order use up a quota in turn', () => {
  assert.deepEqual(judge([wish(), wish()], { room: [[1n, 1]] }), [
    {},
    { item: { code: 'quota_exhausted', quotaName: 'Hall' } },
  ])
  assert.equal(judge([wish(), wish()], { room: [[1n, undefined]] }).length, 2)
})

test('a product in no quota is refused by name, and force lifts that', () => {
  const none = { quotas: [], room: [] }
  assert.deepEqual(judge([wish()], none), [{ item: { code: 'no_quota', itemName: 'Gala seat' } }])
  assert.equal('price' in (judge([wish()], none, true)[0] ?? {}), true)
})

test('force lifts the quota rule only', () => {
  const fields = { vouchers: [voucher(9n, { redeemed: 1 })], room: [[1n, 0]] } satisfies ShopFields
  assert.deepEqual(judge([wish({ voucherId: 9n }), wish()], fields, true), [
    { voucher: { code: 'used_up' } },
    {},
  ])
})

test('a product that is off on its date is refused, unless the voucher blocks or ignores quota', () => {
  const fields = {
    disabled: [41n],
    vouchers: [voucher(9n, { blockQuota: true, itemId: 41n }), voucher(8n)],
  }
  const item = { code: 'disabled', itemName: 'Gala seat' }
  assert.deepEqual(judge([wish(), wish({ voucherId: 9n }), wish({ voucherId: 8n })], fields), [
    { item },
    {},
    { item },
  ])
})

const SEATED = { seated: [41n], seats: { '/A-1': seat(1n), '/A-2': seat(2n, { voucherId: 9n }) } }

test('a seat is required, refused, unknown, or given', () => {
  assert.deepEqual(judge([wish()], SEATED), [{ seat: { code: 'required' } }])
  assert.deepEqual(judge([wish({ seatGuid: 'A-1' })], {}), [{ seat: { code: 'not_allowed' } }])
  assert.deepEqual(judge([wish({ seatGuid: 'Z-9' })], SEATED), [{ seat: { code: 'unknown' } }])
  const [given] = judge([wish({ seatGuid: 'A-1' })], SEATED)
  assert.equal(given && 'seatId' in given && given.seatId, 1n)
})

test('an add-on needs no seat and gets none', () => {
  assert.equal('price' in (judge([wish({ isAddon: true })], SEATED)[0] ?? {}), true)
  assert.deepEqual(judge([wish({ isAddon: true, seatGuid: 'A-1' })], SEATED), [
    { seat: { code: 'addon' } },
  ])
})

test('a seat that is blocked, sold, kept by a voucher or taken above is not available', () => {
  const fault = { seat: { code: 'unavailable', seatName: 'Row 3, Seat 7' } }
  const one = (fields: Partial<OrderSeat>) =>
    judge([wish({ seatGuid: 'A-1' })], { ...SEATED, seats: { '/A-1': seat(1n, fields) } })
  assert.deepEqual(one({ blocked: true }), [fault])
  assert.deepEqual(one({ sold: true }), [fault])
  assert.deepEqual(one({ voucherId: 5n }), [fault])
  const twice = [wish({ seatGuid: 'A-1' }), wish({ seatGuid: 'A-1' })]
  assert.deepEqual(judge(twice, SEATED), [{}, fault])
})

test('a seat kept by a voucher is free for a position that uses that very voucher', () => {
  const vouchers = [voucher(9n, { seatGuid: 'A-2' })]
  const [given] = judge([wish({ seatGuid: 'A-2', voucherId: 9n })], { ...SEATED, vouchers })
  assert.equal(given && 'seatId' in given && given.seatId, 2n)
  assert.deepEqual(judge([wish({ seatGuid: 'A-1', voucherId: 9n })], { ...SEATED, vouchers }), [
    { voucher: { code: 'other_seat' } },
  ])
})

test('R7 leaves the look at the seat to be had, the other voucher errors hide it', () => {
  const vouchers = [
    voucher(9n, { redeemed: 1 }),
    voucher(8n, { validUntil: NOW - 1n }),
    voucher(7n, { priceMode: 'set', value: 0n, budgetRemaining: 0n }),
  ]
  const wishes = [9n, 8n, 7n].map((voucherId) => wish({ voucherId }))
  assert.deepEqual(judge(wishes, { ...SEATED, vouchers }), [
    { voucher: { code: 'used_up' }, seat: { code: 'required' } },
    { voucher: { code: 'expired' } },
    { voucher: { code: 'budget', remaining: 0n, discount: 30n * EURO } },
  ])
})

test('a seat is named by zone, row and number, or by their labels', () => {
  const names = { zoneName: 'Stalls', rowName: 'A', seatNumber: '1' }
  assert.equal(
    seatName({ ...names, rowLabel: undefined, seatLabel: undefined }),
    'Stalls, Row A, Seat 1',
  )
  assert.equal(seatName({ ...names, rowLabel: 'Front', seatLabel: 'Box' }), 'Stalls, Front, Box')
  const empty = { zoneName: '', rowName: '', seatNumber: '' }
  assert.equal(seatName({ ...empty, rowLabel: undefined, seatLabel: undefined }), '')
})
