import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  availableNumber,
  fits,
  isAvailable,
  type Need,
  neededOf,
  type QuotaRoom,
  reservesProduct,
  takenBy,
  takeRoom,
  takesPosition,
  takesVoucher,
  type Withholding,
  withheld,
} from './quota.ts'

const NOW = 1_000_000n
const USE = { paid: 0, pending: 0, blocked: 0, carts: 0 }
const q = (id: bigint, itemIds: bigint[], variationIds: bigint[] = [], subeventId?: bigint) => ({
  id,
  itemIds,
  variationIds,
  subeventId,
})
type Voucher = Withholding & { readonly allowIgnoreQuota: boolean }
const voucher = (fields: Partial<Voucher> = {}): Voucher => ({
  itemId: undefined,
  variationId: undefined,
  quotaId: undefined,
  subeventId: undefined,
  blockQuota: true,
  allowIgnoreQuota: false,
  validUntil: undefined,
  maxUsages: 1,
  redeemed: 0,
  ...fields,
})
const noVariations = () => []
type Rest = Parameters<typeof takenBy> extends [unknown, ...infer R] ? R : never
const needed = (after: Voucher, ...rest: Rest) => neededOf(after, takenBy(after, ...rest))
const verdict = (room: [bigint, number | undefined][], needs: readonly Need[]) =>
  fits(new Map(room), needs)

test('what is left of a quota is its size without all that is taken, never below 0', () => {
  const hall = { size: 10, closed: false }
  assert.equal(availableNumber(hall, { paid: 3, pending: 2, blocked: 0, carts: 1 }), 4)
  assert.equal(availableNumber(hall, { paid: 3, pending: 2, blocked: 3, carts: 1 }), 1)
  assert.equal(availableNumber(hall, { paid: 9, pending: 9, blocked: 0, carts: 0 }), 0)
})

test('a quota without size is unlimited, a closed one or one of size 0 has nothing', () => {
  assert.equal(availableNumber({ size: undefined, closed: false }, USE), undefined)
  assert.equal(availableNumber({ size: undefined, closed: true }, USE), 0)
  assert.equal(availableNumber({ size: 0, closed: false }, USE), 0)
  assert.deepEqual([undefined, 1, 0].map(isAvailable), [true, true, false])
})

test('a position counts by its variation if it has one, and only on the same date', () => {
  const quota = q(1n, [41n], [501n])
  const target = { itemId: 41n, variationId: undefined, subeventId: undefined }
  assert.equal(takesPosition(quota, target), true)
  assert.equal(takesPosition(quota, { ...target, variationId: 501n }), true)
  assert.equal(takesPosition(quota, { ...target, variationId: 502n }), false)
  assert.equal(takesPosition(quota, { ...target, subeventId: 7n }), false)
  assert.equal(takesPosition(q(1n, [41n], [], 7n), { ...target, subeventId: 7n }), true)
})

test('a voucher for a quota counts there alone, one for a product wherever the product is', () => {
  const [first, second] = [q(1n, [41n]), q(2n, [41n])]
  assert.equal(takesVoucher(first, voucher({ quotaId: 1n }), noVariations), true)
  assert.equal(takesVoucher(second, voucher({ quotaId: 1n }), noVariations), false)
  assert.equal(takesVoucher(second, voucher({ itemId: 41n }), noVariations), true)
  assert.equal(takesVoucher(second, voucher({ itemId: 42n }), noVariations), false)
  assert.equal(takesVoucher(second, voucher(), noVariations), false)
  assert.equal(takesVoucher(first, voucher({ quotaId: 1n, subeventId: 7n }), noVariations), false)
})

test('a voucher for a product with variations counts wherever any of them does', () => {
  const variationsOf = () => [501n, 502n]
  const shirts = voucher({ itemId: 50n })
  assert.equal(takesVoucher(q(1n, [50n], [502n]), shirts, variationsOf), true)
  assert.equal(takesVoucher(q(1n, [50n], [503n]), shirts, variationsOf), false)
  assert.equal(
    takesVoucher(q(1n, [50n], [502n]), { ...shirts, variationId: 501n }, variationsOf),
    false,
  )
})

test('a voucher withholds what it has left, until it has expired', () => {
  assert.equal(withheld(voucher({ maxUsages: 4, redeemed: 1 }), NOW), 3)
  assert.equal(withheld(voucher({ blockQuota: false, maxUsages: 4 }), NOW), 0)
  assert.equal(withheld(voucher({ validUntil: NOW }), NOW), 1)
  assert.equal(withheld(voucher({ validUntil: NOW - 1n }), NOW), 0)
  assert.equal(withheld(voucher({ allowIgnoreQuota: true }), NOW), 1)
})

test('the worked example of the specification, from four places to none', () => {
  const hall = q(1n, [41n])
  const size = { size: 10, closed: false }
  const needs = (after: Voucher, before?: Withholding) =>
    needed(after, before, [hall], noVariations, NOW)
  const state = (pending: number, ...vouchers: Withholding[]): [bigint, number | undefined][] => {
    const blocked = vouchers.reduce((sum, each) => sum + withheld(each, NOW), 0)
    return [[1n, availableNumber(size, { paid: 3, pending, blocked, carts: 1 })]]
  }
  const v1 = voucher({ itemId: 41n, maxUsages: 4, redeemed: 1 })
  const v2 = voucher({ itemId: 41n })
  assert.deepEqual(state(2), [[1n, 4]])
  assert.deepEqual(state(2, v1), [[1n, 1]])
  assert.equal(verdict(state(2, v1), needs(voucher({ itemId: 41n, maxUsages: 2 }))), false)
  assert.equal(verdict(state(2, v1), needs(v2)), true)
  assert.deepEqual(state(2, v1, v2), [[1n, 0]])
  // A place moves from blocked to pending.
  const v1Used = { ...v1, redeemed: 2 }
  assert.deepEqual(state(3, v1Used, v2), [[1n, 0]])
  const v2Over = { ...v2, validUntil: NOW - 1n }
  assert.deepEqual(state(3, v1Used, v2Over), [[1n, 1]])
  const v2Again = { ...v2, validUntil: NOW + 1n }
  assert.equal(verdict(state(3, v1Used, v2Over), needs(v2Again, v2Over)), true)
  assert.deepEqual(state(2, v1, v2Again), [[1n, 0]])
  assert.equal(verdict(state(2, v1, v2Again), needs({ ...v1, maxUsages: 6 }, v1)), false)
  const ignoring = voucher({ itemId: 41n, maxUsages: 50, allowIgnoreQuota: true })
  assert.equal(verdict(state(2, v1, v2Again), needs(ignoring)), true)
  assert.deepEqual(state(2, v1, v2Again, ignoring), [[1n, 0]])
})

test('every quota of a product must have room, the quota of a quota voucher alone', () => {
  const quotas = [q(1n, [41n]), q(2n, [41n])]
  const room: [bigint, number][] = [
    [1n, 10],
    [2n, 2],
  ]
  const product = needed(
    voucher({ itemId: 41n, maxUsages: 3 }),
    undefined,
    quotas,
    noVariations,
    NOW,
  )
  assert.equal(verdict(room, product), false)
  const named = needed(voucher({ quotaId: 1n, maxUsages: 3 }), undefined, quotas, noVariations, NOW)
  assert.equal(verdict(room, named), true)
})

test('a product in no quota withholds from none and passes', () => {
  const needs = needed(voucher({ itemId: 9n }), undefined, [q(1n, [41n])], noVariations, NOW)
  assert.deepEqual(needs, [])
})

test('a voucher moves between variations within a quota it holds, not into a full one', () => {
  const variationsOf = () => [501n, 502n]
  const before = voucher({ itemId: 50n, variationId: 501n })
  const after = { ...before, variationId: 502n }
  const apart = [q(1n, [50n], [502n]), q(2n, [50n], [501n])]
  const needs = needed(after, before, apart, variationsOf, NOW)
  assert.deepEqual(needs, [{ quotaId: 1n, amount: 1, named: false }])
  assert.equal(verdict([[1n, 2]], needs), true)
  assert.equal(verdict([[1n, 0]], needs), false)
  const together = [q(3n, [50n], [501n, 502n])]
  assert.deepEqual(needed(after, before, together, variationsOf, NOW), [])
})

test('letting go of the variation needs room in the quotas that are new', () => {
  const variationsOf = () => [501n, 502n]
  const before = voucher({ itemId: 50n, variationId: 501n, maxUsages: 2 })
  const quotas = [q(1n, [50n], [501n]), q(2n, [50n], [502n])]
  const after = { ...before, variationId: undefined }
  assert.deepEqual(needed(after, before, quotas, variationsOf, NOW), [
    { quotaId: 2n, amount: 2, named: false },
  ])
})

test('each of the five triggers makes a voucher need room again, and nothing else does', () => {
  const quotas = [q(1n, [41n]), q(2n, [42n]), q(3n, [41n], [], 7n)]
  const ask = (after: Voucher, before?: Withholding) =>
    needed(after, before, quotas, noVariations, NOW).length > 0
  const stored = voucher({ itemId: 41n })
  assert.equal(ask(stored), true)
  assert.equal(ask(stored, { ...stored, blockQuota: false }), true)
  assert.equal(ask(stored, { ...stored, validUntil: NOW - 1n }), true)
  assert.equal(ask({ ...stored, itemId: 42n }, stored), true)
  assert.equal(ask({ ...stored, itemId: undefined, quotaId: 2n }, stored), true)
  assert.equal(ask({ ...stored, subeventId: 7n }, stored), true)
  assert.equal(ask(stored, stored), false)
  assert.equal(ask({ ...stored, validUntil: NOW }, stored), false)
  assert.equal(ask({ ...stored, validUntil: NOW }), true, 'at its very last instant it counts')
  const ignored: Voucher = { ...stored, allowIgnoreQuota: true }
  assert.equal(ask(stored, ignored), false)
  assert.equal(ask({ ...stored, blockQuota: false }, stored), false)
  assert.equal(ask({ ...stored, allowIgnoreQuota: true }), false)
  assert.equal(ask({ ...stored, validUntil: NOW - 1n }), false)
})

test('a voucher that may ignore quota takes the same from it, and needs none of it', () => {
  const quotas = [q(1n, [41n])]
  const stored = voucher({ itemId: 41n, maxUsages: 3 })
  const ignoring = { ...stored, allowIgnoreQuota: true }
  const takes = takenBy(ignoring, undefined, quotas, noVariations, NOW)
  assert.deepEqual(takes, takenBy(stored, undefined, quotas, noVariations, NOW))
  assert.deepEqual(takes, [{ quotaId: 1n, amount: 3, named: false }])
  assert.deepEqual(neededOf(stored, takes), takes)
  assert.deepEqual(neededOf(ignoring, takes), [])
})

test('only a blocking voucher for a product reserves places in all its quotas', () => {
  assert.equal(reservesProduct(voucher({ itemId: 41n })), true)
  assert.equal(reservesProduct(voucher({ itemId: 41n, blockQuota: false })), false)
  assert.equal(reservesProduct(voucher({ quotaId: 1n })), false)
  assert.equal(reservesProduct(voucher()), false)
})

test('only the increase of what is withheld is asked of a quota that is held already', () => {
  const stored = voucher({ itemId: 41n, maxUsages: 4, redeemed: 1 })
  const needs = needed({ ...stored, maxUsages: 6 }, stored, [q(1n, [41n])], noVariations, NOW)
  assert.deepEqual(needs, [{ quotaId: 1n, amount: 2, named: false }])
  const less = needed({ ...stored, maxUsages: 2 }, stored, [q(1n, [41n])], noVariations, NOW)
  assert.deepEqual(less, [])
})

test('a used up voucher cannot be put on a sold out quota by name, on a product it can', () => {
  const full: [bigint, number][] = [[1n, 0]]
  const used = voucher({ maxUsages: 2, redeemed: 2 })
  const named = needed({ ...used, quotaId: 1n }, undefined, [q(1n, [41n])], noVariations, NOW)
  assert.equal(verdict(full, named), false)
  assert.equal(verdict([[1n, 1]], named), true, 'one place is enough')
  const product = needed({ ...used, itemId: 41n }, undefined, [q(1n, [41n])], noVariations, NOW)
  assert.equal(verdict(full, product), true)
})

test('what one row takes is gone for the next', () => {
  const room: QuotaRoom = new Map([
    [1n, 3],
    [2n, undefined],
  ])
  const needs = [
    { quotaId: 1n, amount: 2, named: false },
    { quotaId: 2n, amount: 2, named: false },
  ]
  assert.equal(fits(room, needs), true)
  takeRoom(room, needs)
  assert.equal(fits(room, needs), false)
  assert.deepEqual(
    [...room],
    [
      [1n, 1],
      [2n, undefined],
    ],
  )
})
