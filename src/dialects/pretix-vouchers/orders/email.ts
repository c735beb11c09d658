import { type Reading, text } from '../../../wire/fields.ts'
import type { JsonValue } from '../../../wire/json.ts'

const EMAIL =
  /^[^\s@<>()[\],;:"\\]+@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,}$/u

/** An e-mail address, as far as one can be told by its looks. */
export function readEmail(input: JsonValue): Reading<string> {
  const reading = text({ max: 254 })(input)
  if ('faults' in reading || EMAIL.test(reading.value)) return reading
  return { faults: ['Enter a valid email address.'] }
}
