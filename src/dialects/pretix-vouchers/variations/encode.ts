import type { Variation } from '../../../commerce/catalogue.ts'
import { encodeId, encodePrice } from '../catalogue-wire.ts'

/** A variation, with exactly the keys of specs/pretix-vouchers.md 10.1; `price` is its own or the item's. */
export const encodeVariation = (variation: Variation, itemPrice: bigint) => ({
  id: encodeId(variation.id),
  value: variation.value,
  default_price: encodePrice(variation.defaultPrice),
  price: encodePrice(variation.defaultPrice ?? itemPrice),
  active: variation.active,
  description: variation.description ?? null,
  position: variation.position,
  hide_without_voucher: variation.hideWithoutVoucher,
})
