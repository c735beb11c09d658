import type { VoucherFault, VoucherFaultCode } from '../../../instruments/voucher-rules.ts'
import type { Faults } from '../../../wire/fields.ts'

const NEEDS_VARIATIONS =
  'You cannot select a variation without having selected a product that provides variations.'

/** Step B's words, in the order of specs/pretix-vouchers.md 4; then the two of a batch (6.3). */
const TEXTS = {
  quota_of_other_event: 'You cannot select a quota that belongs to a different event.',
  quota_and_item: 'You cannot select a quota and a specific product at the same time.',
  item_not_sold_alone:
    'You cannot select a product that is only available as an add-on product or as part of a bundle, since vouchers cannot be applied to add-on products or bundled products.',
  item_of_other_event: 'You cannot select a product that belongs to a different event.',
  variation_without_item: NEEDS_VARIATIONS,
  variation_of_other_item: 'This variation does not belong to this product.',
  blocks_without_target:
    'You need to select a specific product or quota if this voucher should reserve tickets.',
  blocks_without_date:
    'If you want this voucher to block quota, you need to select a specific date.',
  date_without_series: 'You can not select a subevent if your event is not an event series.',
  max_below_redeemed:
    'This voucher has already been redeemed {redeemed} times. You cannot reduce the maximum number of usages below this number.',
  max_below_min: 'The maximum number of usages may not be lower than the minimum number of usages.',
  quota_exhausted:
    'You cannot create a voucher that blocks quota as the selected product or quota is currently sold out or completely reserved.',
  code_taken: 'A voucher with this code already exists.',
  seat_without_date: 'You need to choose a date if you select a seat.',
  seat_unknown: 'The specified seat ID "{guid}" does not exist for this event.',
  seat_unavailable:
    'The seat "{guid}" is currently unavailable (blocked, already sold or a different voucher).',
  seat_without_item: 'You need to choose a specific product if you select a seat.',
  seat_used_twice: 'Seat-specific vouchers can only be used once.',
  seat_of_other_item: 'You need to choose the product "{itemName}" for this seat.',
  seat_repeated: 'Duplicate seat ID in request.',
  code_repeated: 'Duplicate voucher code in request.',
} as const satisfies Record<VoucherFaultCode, string>

/** What a voucher that may not be written is answered with. */
export function encodeFault(fault: VoucherFault): Faults {
  const values = new Map<string, unknown>(Object.entries(fault))
  // A seat without a product is named as pretix names nothing.
  const text = TEXTS[fault.code].replace(/\{(\w+)\}/g, (_all, name: string) =>
    String(values.get(name) ?? 'None'),
  )
  // Both are said under `code`, the seat too (section 6.3, trap 7).
  const repeated = fault.code === 'seat_repeated' || fault.code === 'code_repeated'
  return { [repeated ? 'code' : 'non_field_errors']: [text] }
}

export const USED = 'This voucher can not be deleted as it has already been used.'
