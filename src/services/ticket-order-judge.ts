import { judgeReferences } from '../commerce/ticket-order-facts.ts'
import {
  judgePositions,
  type PositionCharge,
  type PositionWish,
  type Shop,
} from '../commerce/ticket-order-rules.ts'
import type { Instant } from '../money/instant.ts'
import type { OrderCommand, OrderDraft, OrderRefusal, PositionDraft } from './ticket-order-draft.ts'
import type { Directory } from './ticket-order-shop.ts'

/** An order that can be made. */
export type JudgedOrder = {
  readonly wishes: readonly PositionWish[]
  readonly charges: readonly PositionCharge[]
  readonly total: bigint
}

/** Judges a whole order: what it names, then its positions, then how it is paid. Pure. */
export function judgeOrder(
  { draft, event }: OrderCommand,
  { facts, voucherIds }: Directory,
  shop: Shop,
  codeTaken: boolean,
  now: Instant,
): JudgedOrder | { readonly refused: OrderRefusal } {
  const references = draft.positions.map((position) =>
    judgeReferences(position, event, facts, (code) => voucherIds.has(code)),
  )
  if (codeTaken || references.some((faults) => Object.keys(faults).length > 0))
    return { refused: { kind: 'references', codeTaken, positions: references } }
  const wishes = draft.positions.map((position) => toWish(position, voucherIds))
  const verdict = judgePositions(wishes, shop, { force: draft.force, now })
  if ('faults' in verdict) return { refused: { kind: 'positions', positions: verdict.faults } }
  const { charges } = verdict
  const total = [
    ...charges.map(({ price }) => price),
    ...draft.fees.map(({ value }) => value),
  ].reduce((sum, amount) => sum + amount, 0n)
  const code = judgeProvider(draft, total)
  return code === undefined ? { wishes, charges, total } : { refused: { kind: 'payment', code } }
}

const toWish = (
  position: PositionDraft,
  voucherIds: ReadonlyMap<string, bigint>,
): PositionWish => ({
  itemId: position.itemId,
  variationId: position.variationId,
  subeventId: position.subeventId,
  price: position.price,
  voucherId: position.voucherCode === undefined ? undefined : voucherIds.get(position.voucherCode),
  seatGuid: position.seatGuid,
  isAddon: position.addonTo !== undefined,
})

/** An order for nothing is paid already, whatever provider it names (specs/pretix-vouchers.md 10.1). */
function judgeProvider(
  { provider, status }: OrderDraft,
  total: bigint,
): 'free_not_free' | 'paid_without_provider' | undefined {
  if (total === 0n) return undefined
  if (provider === 'free') return 'free_not_free'
  return status === 'p' && provider === undefined ? 'paid_without_provider' : undefined
}
