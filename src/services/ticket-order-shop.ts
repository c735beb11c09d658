import type { Event, Quota } from '../commerce/catalogue.ts'
import { type QuotaRoom, reservesProduct, takesPosition, takesVoucher } from '../commerce/quota.ts'
import {
  findQuotaIds,
  loadQuotas,
  lockQuotas,
  mayClose,
  readTaken,
  roomOf,
  useOf,
} from '../commerce/quota-counts.ts'
import {
  type Facts,
  isDisabledIn,
  loadFacts,
  needsSeatIn,
  type PositionReferences,
  priceTagsFrom,
} from '../commerce/ticket-order-facts.ts'
import {
  type OrderVoucher,
  type PositionCharge,
  type PositionWish,
  type Shop,
  seatKey,
} from '../commerce/ticket-order-rules.ts'
import { loadSeats, lockSeats, type SeatState } from '../commerce/ticket-order-seats.ts'
import type { Queryable, Tx } from '../db/database.ts'
import type { Voucher } from '../instruments/voucher.ts'
import { budgetsUsed } from '../instruments/voucher-uses.ts'
import { findVoucherIds, lockVouchers, readVouchers } from '../instruments/vouchers.ts'
import type { Instant } from '../money/instant.ts'

/** What a position wants, as far as it decides on what is locked and counted. */
export type Wanted = PositionReferences & {
  readonly seatGuid: string | undefined
  /** Its order is made whatever the quotas say. */
  readonly force: boolean
}

/** Where orders are made from. */
export type Place = {
  readonly merchantId: bigint
  readonly event: Event
  /** The merchant option `voucher_budget`. */
  readonly budgets: boolean
}

/** The names that orders use, read before anything is locked: none of it is counted. */
export type Directory = {
  readonly facts: Facts
  readonly voucherIds: ReadonlyMap<string, bigint>
  /** The quotas in which the products count. */
  readonly quotaIds: readonly bigint[]
}

/** A shop whose counts go down as orders are made from it. */
export type OpenShop = {
  readonly shop: Shop
  readonly directory: Directory
  readonly quotas: readonly Quota[]
  readonly room: QuotaRoom
  readonly seats: ReadonlyMap<string, SeatState>
  /** As they were locked. */
  readonly locked: ReadonlyMap<bigint, Voucher>
  /** Uses by voucher, made from this shop so far. */
  readonly uses: ReadonlyMap<bigint, number>
  /** Counts an accepted order. */
  readonly take: (wishes: readonly PositionWish[], charges: readonly PositionCharge[]) => void
}

const distinct = <T>(values: readonly (T | undefined)[]): T[] => [
  ...new Set(values.filter((value) => value !== undefined)),
]

/** Reads what positions name. */
export async function readDirectory(
  sql: Queryable,
  { merchantId, event }: Place,
  positions: readonly PositionReferences[],
): Promise<Directory> {
  const codes = distinct(positions.map(({ voucherCode }) => voucherCode)).filter(
    // PostgreSQL cannot even compare with a NUL; no code has one.
    (code) => !code.includes('\0'),
  )
  const [facts, voucherIds, quotaIds] = await Promise.all([
    loadFacts(sql, merchantId, positions),
    findVoucherIds(sql, merchantId, event.id, codes),
    findQuotaIds(sql, merchantId, {
      itemIds: distinct(positions.map(({ itemId }) => itemId)),
      variationIds: distinct(positions.map(({ variationId }) => variationId)),
      quotaIds: [],
    }),
  ])
  return { facts, voucherIds, quotaIds }
}

/**
 * Locks quotas, vouchers and seats, in this order and each by id, and then counts (section 9). Without
 * a transaction to lock in (`simulate`) it only counts. `alsoLocked` are vouchers that no position names.
 */
export async function openShop(
  sql: Queryable,
  lockIn: Tx | undefined,
  { merchantId, event, budgets }: Place,
  directory: Directory,
  positions: readonly Wanted[],
  now: Instant,
  alsoLocked: readonly bigint[] = [],
): Promise<OpenShop> {
  const { facts, voucherIds, quotaIds } = directory
  const guids = distinct(positions.map(({ seatGuid }) => seatGuid))
  const used = distinct([
    ...alsoLocked,
    ...positions.map(({ voucherCode }) =>
      voucherCode === undefined ? undefined : voucherIds.get(voucherCode),
    ),
  ])
  const [, vouchers] = await Promise.all([
    lockIn && lockQuotas(lockIn, merchantId, quotaIds),
    lockIn
      ? lockVouchers(lockIn, merchantId, event.id, used)
      : readVouchers(sql, merchantId, event.id, used),
    lockIn && lockSeats(lockIn, merchantId, event.id, guids),
  ])
  const budgeted = budgets
    ? [...vouchers.values()].filter(({ budget }) => budget !== undefined).map(({ id }) => id)
    : []
  // Whoever holds a reserved place asks no quota: then only what it may close has to be counted.
  const asked = positions.some(({ voucherCode = '', force }) => {
    const voucher = vouchers.get(voucherIds.get(voucherCode) ?? 0n)
    return !force && !(voucher && reservesProduct(voucher)) && voucher?.allowIgnoreQuota !== true
  })
  const count = (ids: readonly bigint[]) => readTaken(sql, merchantId, event.id, ids, now)
  const [quotas, seats, spent, all] = await Promise.all([
    loadQuotas(sql, merchantId, quotaIds),
    loadSeats(sql, merchantId, event.id, guids, now),
    budgetsUsed(sql, merchantId, budgeted),
    asked ? count(quotaIds) : undefined,
  ])
  const counted = all ? quotas : quotas.filter(mayClose)
  const taken = all ?? (await count(counted.map(({ id }) => id)))
  const room = roomOf(counted, new Map(counted.map((quota) => [quota.id, useOf(quota, taken)])))
  const open = new Map(
    [...vouchers.values()].map((voucher): [bigint, OrderVoucher] => [
      voucher.id,
      {
        ...voucher,
        budgetRemaining:
          budgets && voucher.budget !== undefined
            ? voucher.budget - (spent.get(voucher.id) ?? 0n)
            : undefined,
      },
    ]),
  )
  const places = new Map(seats)
  const uses = new Map<bigint, number>()
  return {
    shop: {
      currency: event.currency,
      quotas,
      room,
      vouchers: open,
      seats: places,
      itemName: (itemId) => facts.items.get(itemId)?.name ?? '',
      priceTags: priceTagsFrom(facts),
      isDisabled: isDisabledIn(facts),
      needsSeat: needsSeatIn(facts),
    },
    directory,
    quotas,
    room,
    seats: places,
    locked: vouchers,
    uses,
    take: (wishes, charges) => {
      wishes.forEach((wish, index) => {
        const voucher = wish.voucherId === undefined ? undefined : open.get(wish.voucherId)
        takePlaces(quotas, room, wish, voucher, facts)
        if (voucher) {
          const budgetUse = charges[index]?.budgetUse ?? 0n
          open.set(voucher.id, {
            ...voucher,
            redeemed: voucher.redeemed + 1,
            budgetRemaining:
              voucher.budgetRemaining === undefined
                ? undefined
                : voucher.budgetRemaining - budgetUse,
          })
          uses.set(voucher.id, (uses.get(voucher.id) ?? 0) + 1)
        }
        if (wish.seatGuid === undefined) return
        const key = seatKey(wish.subeventId, wish.seatGuid)
        const seat = places.get(key)
        if (seat) places.set(key, { ...seat, sold: true })
      })
    },
  }
}

/** A position takes a place in each of its quotas; its voucher gives one back where it withheld it. */
function takePlaces(
  quotas: readonly Quota[],
  room: QuotaRoom,
  wish: PositionWish,
  voucher: OrderVoucher | undefined,
  { variations }: Facts,
): void {
  const variationsOf = (itemId: bigint) =>
    [...variations].flatMap(([id, variation]) => (variation.itemId === itemId ? [id] : []))
  for (const quota of quotas) {
    const left = room.get(quota.id)
    if (left === undefined) continue
    const taken = takesPosition(quota, wish) ? 1 : 0
    const returned = voucher?.blockQuota && takesVoucher(quota, voucher, variationsOf) ? 1 : 0
    room.set(quota.id, left - taken + returned)
  }
}
