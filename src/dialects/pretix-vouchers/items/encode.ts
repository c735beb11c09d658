import type { Item } from '../../../commerce/catalogue.ts'
import { encodeId, encodeInstant, encodeKept, encodePrice } from '../catalogue-wire.ts'
import { encodeVariation } from '../variations/encode.ts'

/** An item, with exactly the keys of specs/pretix-vouchers.md 10.1; taxes are not kept here. */
export const encodeItem = (item: Item) => ({
  id: encodeId(item.id),
  name: item.name,
  default_price: encodePrice(item.defaultPrice),
  internal_name: item.internalName ?? null,
  category: encodeId(item.categoryId),
  active: item.active,
  description: item.description ?? null,
  free_price: item.freePrice,
  tax_rate: '0.00',
  tax_rule: null,
  admission: item.admission,
  position: item.position,
  available_from: encodeInstant(item.availableFrom),
  available_until: encodeInstant(item.availableUntil),
  require_voucher: item.requireVoucher,
  hide_without_voucher: item.hideWithoutVoucher,
  require_bundling: item.requireBundling,
  allow_cancel: item.allowCancel,
  min_per_order: item.minPerOrder ?? null,
  max_per_order: item.maxPerOrder ?? null,
  has_variations: item.variations.length > 0,
  variations: item.variations.map((variation) => encodeVariation(variation, item.defaultPrice)),
  addons: encodeKept(item.addons),
  bundles: encodeKept(item.bundles),
  issue_giftcard: item.issueGiftcard,
})
