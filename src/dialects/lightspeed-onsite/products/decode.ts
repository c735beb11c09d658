import {
  FLAGS_DEFAULT,
  FURTHER_FLAGS,
  type FurtherFlag,
  type ProductDraft,
} from '../../../services/lightspeed-store.ts'
import {
  type ElementRule,
  group,
  readChildren,
  readDocument,
  readOnly,
  scalar,
} from '../elements.ts'
import { OnSiteError } from '../errors.ts'
import { readBoolean, readPrice, readSerial, readText } from '../wire.ts'

/** Reads `POST /api/products/` (specs/lightspeed-onsite.md 9.3). */
export function decodeProduct(body: Uint8Array): ProductDraft {
  const flags = new Set<FurtherFlag>(FLAGS_DEFAULT)
  let [code, description, sellPrice] = ['', '', 0n]
  let [giftCard, current, inventoried, serialized] = [false, true, false, false]

  const flag = (keep: (value: boolean) => void): ElementRule => scalar(readBoolean, keep)
  readChildren(readDocument(body, 'product'), {
    code: scalar(readSerial, (text) => {
      code = text
    }),
    description: scalar(readText(255), (text) => {
      description = text
    }),
    sell_price: scalar(readPrice, (units) => {
      sellPrice = units
    }),
    flags: group({
      ...Object.fromEntries(
        FURTHER_FLAGS.map((name) => [
          name,
          flag((value) => {
            if (value) flags.add(name)
            else flags.delete(name)
          }),
        ]),
      ),
      gift_card: flag((value) => {
        giftCard = value
      }),
      current: flag((value) => {
        current = value
      }),
      inventoried: flag((value) => {
        inventoried = value
      }),
      serialized: flag((value) => {
        serialized = value
      }),
    }),
    created: readOnly,
    modified: readOnly,
    product_id: readOnly,
    inventory: readOnly,
  })

  if (code === '') throw new OnSiteError('server.missing_field', ['code', ''])
  if (giftCard && (inventoried || serialized))
    throw new OnSiteError(
      'server.conflicting_fields',
      ['gift_card', 'true'],
      [inventoried ? 'inventoried' : 'serialized', 'true'],
    )
  return {
    code,
    description,
    sellPrice,
    giftCard,
    current,
    inventoried,
    serialized,
    flags: [...flags],
  }
}
