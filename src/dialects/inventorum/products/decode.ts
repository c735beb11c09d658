import { decimal } from '../../../money/decimal.ts'
import type {
  Change,
  PriceDraft,
  ProductChanges,
  ProductDraft,
  References,
} from '../../../services/inventorum-commands.ts'
import { type Fields, readBoolean, TEXT, text } from '../../../wire/fields.ts'
import { readObjects } from '../decode.ts'
import { number, readKey } from '../wire.ts'

/** Fields that ordinary goods and gift card templates share (specs/inventorum.md 2.1, 2.4, 11.2). */

const ZERO = decimal(0)
const quantity = number({ places: 2, min: ZERO })
const price = number({ places: 10, min: ZERO })
const grossPrice = number({ places: 2, min: ZERO })
const code = text({ blank: true, max: 30 })

/** What a body says about a product, and which ids it names; validity belongs to templates. */
export type ProductRead = {
  readonly values: Omit<ProductChanges, 'validUntil' | 'validUnit' | 'validValue'>
  readonly references: References
}

/** Reads every shared field that the body names; faults are noted in `fields`. */
export function readProduct(fields: Fields): ProductRead {
  const categoryIds = readReferences(fields, 'categories')
  const imageIds = readReferences(fields, 'images')
  const taxTypeId = fields.read('tax_type', { required: true, read: readKey })
  return {
    values: {
      name: fields.read('name', { required: true, read: text({ max: 255 }) }),
      taxTypeId,
      description: fields.read('description', { read: text({ blank: true, max: 10_000 }) }),
      quantity: fields.read('quantity', { read: quantity }),
      reorderLevel: fields.read('reorder_level', { read: quantity }),
      safetyStock: fields.read('safety_stock', { read: quantity }),
      price: readPrice(fields),
      purchasePrice: fields.read('purchase_price', { read: price }),
      customPrice: fields.read('custom_price', { read: readBoolean }),
      productCode: readCode(fields, 'product_code'),
      ean: readCode(fields, 'ean'),
      categoryIds: categoryIds?.filter((id) => id !== undefined),
      // The shape that products carry names an image by its negated id; both are taken.
      imageIds: imageIds?.flatMap((id) => (id === undefined ? [] : id < 0n ? -id : id)),
    },
    references: { taxTypeId, categoryIds, imageIds },
  }
}

function readCode(fields: Fields, name: string): Change<string> | undefined {
  const value = fields.read(name, { nullable: true, read: code })
  return value === undefined ? undefined : { to: value ?? undefined }
}

function readPrice(fields: Fields): PriceDraft | undefined {
  const net = fields.read('price', { read: price })
  const gross = fields.read('gross_price', { read: grossPrice })
  return net === undefined && gross === undefined ? undefined : { net, gross }
}

const REFERENCES_MAX = 100

const readReferences = (fields: Fields, name: string) =>
  readObjects(fields, name, (element) => element.read('id', { required: true, read: readKey }), {
    max: REFERENCES_MAX,
  })

/** A new product out of what was read; only to be called when nothing was wrong. */
export function toProductDraft({ values }: ProductRead): ProductDraft {
  const { name, taxTypeId } = values
  if (name === undefined || taxTypeId === undefined) throw new Error(TEXT.required)
  return {
    name,
    taxTypeId,
    description: values.description ?? '',
    quantity: values.quantity ?? ZERO,
    reorderLevel: values.reorderLevel ?? ZERO,
    safetyStock: values.safetyStock ?? ZERO,
    price: values.price ?? { net: ZERO },
    purchasePrice: values.purchasePrice ?? ZERO,
    customPrice: values.customPrice ?? false,
    productCode: values.productCode?.to,
    ean: values.ean?.to,
    categoryIds: values.categoryIds ?? [],
    imageIds: values.imageIds ?? [],
  }
}
