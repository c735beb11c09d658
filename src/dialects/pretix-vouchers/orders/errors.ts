import type { ReferenceFaults } from '../../../commerce/ticket-order-facts.ts'
import type { PositionFaults } from '../../../commerce/ticket-order-rules.ts'
import { type Answer, json } from '../../../http/answer.ts'
import { formatCents } from '../../../money/money.ts'
import type { OrderRefusal } from '../../../services/ticket-order-draft.ts'
import { type Faults, pythonText, TEXT } from '../../../wire/fields.ts'
import type { JsonObject } from '../../../wire/json.ts'
import { invalid } from '../../pretix/errors.ts'
import { cardRefused } from '../payments/errors.ts'
import type { PositionRow } from './positions.ts'

/** What an order that may not be made is answered with (specs/pretix-vouchers.md 8.2, 8.3, 10.1, 0). */

export const CODE_TAKEN = 'This order code is already in use.'

const ITEM = {
  other_event: 'The specified item does not belong to this event.',
  inactive: 'The specified item is not active.',
} as const
const VARIATION = {
  required: 'You should specify a variation for this item.',
  other_item: 'The specified variation does not belong to the specified item.',
  not_allowed: 'You cannot specify a variation for this item.',
} as const
const SUBEVENT = {
  required: 'You need to set a subevent.',
  other_event: 'The specified subevent does not belong to this event.',
  not_allowed: 'You cannot set a subevent for this event.',
} as const

const spelled = (raw: JsonObject, name: string): string => pythonText(raw[name] ?? null)

/** What a position names wrongly, in the words of each field; an unknown id as it was spelled. */
export function encodeReferences(
  { item, variation, subevent, voucher }: ReferenceFaults,
  raw: JsonObject,
): Faults {
  const unknown = (name: string) => TEXT.pk(spelled(raw, name))
  return {
    ...(item && { item: [item === 'unknown' ? unknown('item') : ITEM[item]] }),
    ...(variation && {
      variation: [variation === 'unknown' ? unknown('variation') : VARIATION[variation]],
    }),
    ...(subevent && {
      subevent: [subevent === 'unknown' ? unknown('subevent') : SUBEVENT[subevent]],
    }),
    ...(voucher && { voucher: [`Object with code=${spelled(raw, 'voucher')} does not exist.`] }),
  }
}

const VOUCHER = {
  addon: 'Vouchers are currently not supported for add-on products.',
  other_item: 'This voucher is not valid for this product.',
  other_date: 'This voucher is not valid for this event date.',
  expired: 'This voucher is expired.',
  other_seat: 'This voucher is not valid for this seat.',
  used_up: 'The voucher has already been used the maximum number of times.',
} as const
const SEAT = {
  addon: 'Seats are currently not supported for add-on products.',
  required: 'The specified product requires to choose a seat.',
  not_allowed: 'The specified product does not allow to choose a seat.',
  unknown: 'The specified seat does not exist.',
} as const

function encodePosition({ voucher, item, seat }: PositionFaults): Faults {
  return {
    ...(voucher && { voucher: [voucherText(voucher)] }),
    ...(item && { item: [itemText(item)] }),
    ...(seat && {
      seat: [
        seat.code === 'unavailable'
          ? `The selected seat "${seat.seatName}" is not available.`
          : SEAT[seat.code],
      ],
    }),
  }
}

function voucherText(fault: NonNullable<PositionFaults['voucher']>): string {
  if (fault.code !== 'budget') return VOUCHER[fault.code]
  const [remaining, discount] = [formatCents(fault.remaining), formatCents(fault.discount)]
  return `The voucher has a remaining budget of ${remaining}, therefore a discount of ${discount} can not be given.`
}

function itemText(fault: NonNullable<PositionFaults['item']>): string {
  switch (fault.code) {
    case 'disabled':
      return `The product "${fault.itemName}" is not available on this date.`
    case 'no_quota':
      return `The product "${fault.itemName}" is not assigned to a quota.`
    case 'quota_exhausted':
      return `There is not enough quota available on quota "${fault.quotaName}" to perform the operation.`
  }
}

const PAYMENT = {
  free_not_free: 'You cannot use the "free" payment provider for non-free orders.',
  paid_without_provider: 'You cannot create a paid order without a payment provider.',
} as const

/** The refusal of a whole order; one object for each position, empty where it is fine. */
export function orderRefused(refusal: OrderRefusal, rows: readonly PositionRow[]): Answer {
  switch (refusal.kind) {
    case 'references': {
      const positions = refusal.positions.map((faults, index) =>
        encodeReferences(faults, rows[index]?.raw ?? {}),
      )
      return invalid({
        ...(refusal.codeTaken && { code: [CODE_TAKEN] }),
        ...(anyFault(positions) && { positions }),
      })
    }
    case 'positions':
      return invalid({ positions: refusal.positions.map(encodePosition) })
    case 'payment':
      // A bare list: this one has no field of its own.
      return json(400, [PAYMENT[refusal.code]])
    case 'card':
      return cardRefused(refusal.code)
  }
}

export const anyFault = (rows: readonly Faults[]): boolean =>
  rows.some((faults) => Object.keys(faults).length > 0)
