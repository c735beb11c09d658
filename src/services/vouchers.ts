import type { Event } from '../commerce/catalogue.ts'
import { fits, neededOf, takenBy, takeRoom } from '../commerce/quota.ts'
import { closeSoldOut } from '../commerce/quota-counts.ts'
import type { Tx } from '../db/database.ts'
import { sqlState, transact } from '../db/transact.ts'
import {
  canonicalCode,
  isVoucherExpired,
  VOUCHER_CODE,
  VOUCHER_DEFAULTS,
  type Voucher,
  type VoucherFields,
} from '../instruments/voucher.ts'
import { listVouchers, type VoucherQuery } from '../instruments/voucher-list.ts'
import {
  judgeRepetition,
  judgeSeat,
  judgeVoucher,
  type VoucherFault,
} from '../instruments/voucher-rules.ts'
import type { VoucherFilter } from '../instruments/voucher-tallies.ts'
import { budgetsUsed, isVoucherReferenced } from '../instruments/voucher-uses.ts'
import {
  deleteVoucher,
  findVoucher,
  insertVouchers,
  lockVouchers,
  takenCodes,
  updateVoucher,
} from '../instruments/vouchers.ts'
import type { Instant } from '../money/instant.ts'
import type { Finish } from './cards.ts'
import type { Deps } from './deps.ts'
import { createRandomPool, randomText } from './random-text.ts'
import {
  knownTargets,
  loadTargets,
  lockTargetQuotas,
  lockTargetSeats,
  type VoucherReferences,
} from './voucher-context.ts'

/** A voucher as a caller wants it. */
export type VoucherWish = {
  readonly fields: Partial<VoucherFields>
  /** Whether it says how often it must be used at least. */
  readonly checkMinUsages: boolean
}

/** New vouchers in order, or for each row what is wrong with it. */
export type CreateOutcome =
  | { readonly done: readonly Voucher[] }
  | { readonly faults: readonly (VoucherFault | undefined)[] }

export type UpdateOutcome =
  | { readonly done: Voucher }
  | { readonly fault: VoucherFault }
  | { readonly refused: 'not_found' }

export type DeleteOutcome = { readonly done: true } | { readonly refused: 'not_found' | 'used' }

/** Something that was read before the locks has changed: the unit of work starts again. */
class Stale extends Error {
  override readonly name = 'Stale'
}
const ATTEMPTS_MAX = 5

/** Vouchers of events (specs/pretix-vouchers.md 4 to 6). */
export function createVouchers({ db, now, randomBytes }: Pick<Deps, 'db' | 'now' | 'randomBytes'>) {
  async function work<T>(unit: (tx: Tx, at: Instant) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await transact(db, (tx) => unit(tx, now()))
      } catch (error) {
        // 23505: somebody else took a code since it was looked up; the next look finds it.
        const stale = error instanceof Stale || sqlState(error) === '23505'
        if (!stale || attempt === ATTEMPTS_MAX) throw error
      }
    }
  }

  const pool = createRandomPool(randomBytes)
  const drawCode = () => randomText(pool, VOUCHER_CODE.alphabet, VOUCHER_CODE.length)

  return {
    find: (merchantId: bigint, eventId: bigint, id: bigint, filter?: VoucherFilter) =>
      findVoucher(db, merchantId, eventId, id, now(), filter),
    list: (merchantId: bigint, eventId: bigint, query: VoucherQuery) =>
      listVouchers(db, merchantId, eventId, query, now()),
    known: (merchantId: bigint, eventId: bigint, references: VoucherReferences) =>
      knownTargets(db, merchantId, eventId, references),
    budgetsUsed: (merchantId: bigint, ids: readonly bigint[]) => budgetsUsed(db, merchantId, ids),

    /**
     * Makes all of these vouchers or none (section 6.3). A wish that is undefined is known to be bad:
     * then the others are judged, each on its own, and nothing is made.
     */
    create: (
      merchantId: bigint,
      event: Event,
      wishes: readonly (VoucherWish | undefined)[],
      finish?: Finish<readonly Voucher[]>,
    ): Promise<CreateOutcome> =>
      work((tx, at) => createAll(tx, merchantId, event, wishes, drawCode, at, finish)),

    update: (
      merchantId: bigint,
      event: Event,
      id: bigint,
      { fields }: VoucherWish,
      finish?: Finish<Voucher>,
    ): Promise<UpdateOutcome> =>
      work((tx, at) => updateOne(tx, merchantId, event, id, fields, at, finish)),

    /** Takes away a voucher that no order ever used (section 6.5). */
    remove: (
      merchantId: bigint,
      eventId: bigint,
      id: bigint,
      finish?: Finish<void>,
    ): Promise<DeleteOutcome> =>
      work(async (tx) => {
        const voucher = (await lockVouchers(tx, merchantId, eventId, [id])).get(id)
        if (!voucher) return { refused: 'not_found' }
        if (voucher.redeemed > 0 || (await isVoucherReferenced(tx, merchantId, id)))
          return { refused: 'used' }
        await deleteVoucher(tx, merchantId, voucher)
        await finish?.(tx)
        return { done: true }
      }),
  }
}

const canonical = (fields: Partial<VoucherFields>): Partial<VoucherFields> =>
  fields.code === undefined ? fields : { ...fields, code: canonicalCode(fields.code) }

const withholds = ({ blockQuota, ...voucher }: VoucherFields, at: Instant) =>
  blockQuota && !isVoucherExpired(voucher, at)

async function createAll(
  tx: Tx,
  merchantId: bigint,
  event: Event,
  wishes: readonly (VoucherWish | undefined)[],
  drawCode: () => string,
  at: Instant,
  finish: Finish<readonly Voucher[]> | undefined,
): Promise<CreateOutcome> {
  const wanted = wishes.map((wish) => ({
    ...VOUCHER_DEFAULTS,
    code: '',
    ...canonical(wish?.fields ?? {}),
  }))
  const targetsOf = await loadTargets(tx, merchantId, event, wanted)
  const faults = wanted.map((voucher, index) =>
    judgeVoucher(voucher, targetsOf(voucher), {
      redeemed: 0,
      checkMinUsages: wishes[index]?.checkMinUsages ?? false,
    }),
  )
  // Phase 1: every row on its own, against the same starting state.
  const blocking = wanted.filter((voucher, index) => !faults[index] && withholds(voucher, at))
  const locked = await lockTargetQuotas(tx, merchantId, event, blocking, at)
  const room = await locked.count()
  const { quotas, variationsOf } = locked
  const takes = wanted.map((voucher) =>
    takenBy({ ...voucher, redeemed: 0 }, undefined, quotas, variationsOf, at),
  )
  const needs = wanted.map((voucher, index) => neededOf(voucher, takes[index] ?? []))
  const seatOf = await lockTargetSeats(tx, merchantId, event.id, wanted, at)
  const given = wanted.flatMap(({ code }) => (code === '' ? [] : [code]))
  const taken = await takenCodes(tx, merchantId, event.id, given)
  wanted.forEach((voucher, index) => {
    faults[index] ??= fits(room, needs[index] ?? []) ? undefined : { code: 'quota_exhausted' }
    faults[index] ??= taken.has(voucher.code) ? { code: 'code_taken' } : undefined
    const { seatGuid } = voucher
    if (seatGuid !== undefined)
      faults[index] ??= judgeSeat({ ...voucher, seatGuid }, event, seatOf(voucher))
  })
  if (faults.some((fault) => fault !== undefined) || wishes.includes(undefined)) return { faults }

  // Phase 2: rows against the rows before them.
  const drawn = await drawCodes(tx, merchantId, wanted.length - given.length, given, drawCode)
  const drafts = wanted.map((voucher) => ({
    ...voucher,
    code: voucher.code === '' ? (drawn.pop() ?? '') : voucher.code,
    eventId: event.id,
    seatId: seatOf(voucher)?.id,
  }))
  const earlier = { seats: new Set<string>(), codes: new Set<string>() }
  const clashes = drafts.map((draft, index): VoucherFault | undefined => {
    const repetition = judgeRepetition(draft, earlier)
    if (repetition) return repetition
    if (!fits(room, needs[index] ?? [])) return { code: 'quota_exhausted' }
    takeRoom(room, takes[index] ?? [])
    return undefined
  })
  if (clashes.some((fault) => fault !== undefined)) return { faults: clashes }
  const vouchers = await insertVouchers(tx, merchantId, drafts, at)
  if (!vouchers) throw new Stale()
  await closeSoldOut(tx, merchantId, quotas, room)
  await finish?.(tx, vouchers)
  return { done: vouchers }
}

/** Codes that no voucher of the organizer has, nor any row of this batch. */
async function drawCodes(
  tx: Tx,
  merchantId: bigint,
  count: number,
  given: readonly string[],
  drawCode: () => string,
): Promise<string[]> {
  const codes = new Set<string>()
  const others = new Set(given)
  while (codes.size < count) {
    const round = Array.from({ length: count - codes.size }, drawCode)
    const taken = await takenCodes(tx, merchantId, undefined, round)
    for (const code of round) if (!taken.has(code) && !others.has(code)) codes.add(code)
  }
  return [...codes]
}

async function updateOne(
  tx: Tx,
  merchantId: bigint,
  event: Event,
  id: bigint,
  fields: Partial<VoucherFields>,
  at: Instant,
  finish: Finish<Voucher> | undefined,
): Promise<UpdateOutcome> {
  const seen = await findVoucher(tx, merchantId, event.id, id, at)
  if (!seen) return { refused: 'not_found' }
  const change = canonical(fields)
  // Quotas are locked before the voucher; which ones depends on what it will be.
  const expected = { ...seen, ...change }
  const blocking = withholds(expected, at) ? [expected] : []
  const locked = await lockTargetQuotas(tx, merchantId, event, blocking, at)
  const before = (await lockVouchers(tx, merchantId, event.id, [id])).get(id)
  if (!before) return { refused: 'not_found' }
  const after: Voucher = { ...before, ...change }
  if (!sameTarget(after, expected)) throw new Stale()
  const fault = await judgeUpdate(tx, merchantId, event, before, after, locked, at)
  if ('fault' in fault) return fault
  const voucher = { ...after, seatId: fault.seatId }
  await updateVoucher(tx, merchantId, before, voucher)
  if (fault.room) await closeSoldOut(tx, merchantId, locked.quotas, fault.room)
  await finish?.(tx, voucher)
  return { done: voucher }
}

const sameTarget = (a: VoucherFields, b: VoucherFields): boolean =>
  a.itemId === b.itemId &&
  a.variationId === b.variationId &&
  a.quotaId === b.quotaId &&
  a.blockQuota === b.blockQuota &&
  a.allowIgnoreQuota === b.allowIgnoreQuota &&
  a.validUntil === b.validUntil

async function judgeUpdate(
  tx: Tx,
  merchantId: bigint,
  event: Event,
  before: Voucher,
  after: Voucher,
  { quotas, variationsOf, count }: Awaited<ReturnType<typeof lockTargetQuotas>>,
  at: Instant,
): Promise<
  | { readonly fault: VoucherFault }
  | { readonly seatId: bigint | undefined; readonly room?: Awaited<ReturnType<typeof count>> }
> {
  const targetsOf = await loadTargets(tx, merchantId, event, [after])
  const occasion = { redeemed: before.redeemed, checkMinUsages: true }
  const fault = judgeVoucher(after, targetsOf(after), occasion)
  if (fault) return { fault }
  const takes = takenBy(after, before, quotas, variationsOf, at)
  const room = takes.length > 0 ? await count() : undefined
  if (room && !fits(room, neededOf(after, takes))) return { fault: { code: 'quota_exhausted' } }
  if (room) takeRoom(room, takes)
  if (after.code !== before.code) {
    const taken = await takenCodes(tx, merchantId, event.id, [after.code], after.id)
    if (taken.size > 0) return { fault: { code: 'code_taken' } }
  }
  const { seatGuid } = after
  if (seatGuid === undefined) return { seatId: undefined, ...(room && { room }) }
  const seat = (await lockTargetSeats(tx, merchantId, event.id, [after], at, after.id))(after)
  const seatFault = judgeSeat({ ...after, seatGuid }, event, seat)
  return seatFault ? { fault: seatFault } : { seatId: seat?.id, ...(room && { room }) }
}
