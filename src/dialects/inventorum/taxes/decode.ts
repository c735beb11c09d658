import { type Decimal, decimal } from '../../../money/decimal.ts'
import { Fields, TEXT, text } from '../../../wire/fields.ts'
import type { JsonValue } from '../../../wire/json.ts'
import { asObject, assertOk } from '../decode.ts'
import { number } from '../wire.ts'

const rate = number({ places: 3, min: decimal(0), max: decimal(100) })

/** A tax type as clients send it, for POST and PUT alike (specs/inventorum.md 11.1). */
export function decodeTax(body: JsonValue): { readonly name: string; readonly rate: Decimal } {
  const fields = new Fields(asObject(body))
  const name = fields.read('name', { required: true, read: text({ max: 255 }) })
  const taxRate = fields.read('tax_rate', { required: true, read: rate })
  assertOk(fields)
  if (name === undefined || taxRate === undefined) throw new Error(TEXT.required)
  return { name, rate: taxRate }
}
