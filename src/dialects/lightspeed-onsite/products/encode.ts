import type { Product } from '../../../services/lightspeed-store.ts'
import { element, type Markup, textElement } from '../../../wire/xml.ts'
import { type BaseUri, formatBoolean, formatPrice, type View } from '../wire.ts'

export const productUri = (base: BaseUri, id: bigint): string => `${base}products/${id}/`

/** All flags in the order of OnSite; a list member shows three of them. */
const FLAGS = [
  ...['current', 'editable', 'gift_card', 'inventoried', 'new_cost', 'new_update', 'no_live_rules'],
  ...['no_profit', 'serialized', 'web', 'editable_sell', 'master_model'],
]
const SUMMARY_FLAGS = ['inventoried', 'editable_sell', 'master_model']

function encodeFlags(product: Product, names: readonly string[]): Markup {
  const raised = new Set<string>([
    ...product.flags,
    ...(product.giftCard ? ['gift_card'] : []),
    ...(product.current ? ['current'] : []),
    ...(product.inventoried ? ['inventoried'] : []),
    ...(product.serialized ? ['serialized'] : []),
  ])
  return element(
    'flags',
    {},
    names.map((name) => textElement(name, formatBoolean(raised.has(name)))),
  )
}

/** A product, in full or as a list member; a client takes the first child for the code (9.3). */
export function encodeProduct({ base, clock }: View, product: Product, full: boolean): Markup {
  const { id, code, description } = product
  return element('product', { uri: productUri(base, id), id, full_render: full }, [
    textElement('code', code),
    ...(full
      ? [
          textElement('created', clock.format(product.createdAt)),
          textElement('modified', clock.format(product.modifiedAt)),
          textElement('product_id', `P-${id}`),
        ]
      : []),
    encodeFlags(product, full ? FLAGS : SUMMARY_FLAGS),
    textElement('sell_price', formatPrice(product.sellPrice)),
    textElement('description', description),
    // Nothing here counts stock.
    element('inventory', {}, [textElement('available', formatPrice(0n))]),
  ])
}
