import type { Decimal } from '../../../money/decimal.ts'
import { Fields, type Reading, TEXT } from '../../../wire/fields.ts'
import type { JsonValue } from '../../../wire/json.ts'
import { asObject, assertOk, readObject } from '../decode.ts'
import { number, parseDay } from '../wire.ts'

const delta = number({ places: 2 })
const DATE = 'Date has wrong format. Use one of these formats instead: DD.MM.YYYY.'

function readDay(input: JsonValue): Reading<string> {
  const day = typeof input === 'string' ? parseDay(input) : undefined
  return day === undefined ? { faults: [DATE] } : { value: day }
}

/** A change of stock, signed, and the day it is booked on (specs/inventorum.md 11.3). */
export function decodeAdjustment(body: JsonValue): {
  readonly quantity: Decimal
  readonly day: string | undefined
} {
  const fields = new Fields(asObject(body))
  const stock = readObject(
    fields,
    'stock',
    (inner) => ({
      quantity: inner.read('quantity', { required: true, read: delta }),
      day: inner.read('date', { nullable: true, read: readDay }) ?? undefined,
    }),
    { required: true },
  )
  assertOk(fields)
  if (stock?.quantity === undefined) throw new Error(TEXT.required)
  return { quantity: stock.quantity, day: stock.day }
}
