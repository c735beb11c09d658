import type { JsonValue } from '../../../wire/json.ts'
import { type Decoded, decodeBody, flag } from '../catalogue-fields.ts'

/** PATCH of a seat: only `blocked` can be changed (specs/pretix-vouchers.md 10.1). */
export const decodeSeat = (body: JsonValue): Decoded<{ readonly blocked: boolean | undefined }> =>
  decodeBody(body, { partial: true }, (fields) => ({ blocked: fields.read('blocked', flag) }))
