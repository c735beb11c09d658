import type { Change } from '../../../services/inventorum-commands.ts'
import { Fields, text } from '../../../wire/fields.ts'
import type { JsonValue } from '../../../wire/json.ts'
import { asObject } from '../decode.ts'
import { readKey } from '../wire.ts'

/** A category as clients send it: POST needs a name, PUT changes what it names (specs/inventorum.md 11.4). */
export function decodeCategory(body: JsonValue, method: 'POST' | 'PUT') {
  const fields = new Fields(asObject(body), { partial: method === 'PUT' })
  const name = fields.read('name', { required: true, read: text({ max: 255 }) })
  const parent = fields.read('parent', { nullable: true, read: readKey })
  const parentId: Change<bigint> | undefined =
    parent === undefined ? undefined : { to: parent ?? undefined }
  return { fields, name, parentId }
}
