import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

/**
 * Paths of what a checked value has beyond its schema, e.g. `merchants[0].acepts_cards_of`: most likely
 * misspelt, and of no effect.
 */
export const unknownNames = (schema: TSchema, value: unknown): string[] =>
  beyond(value, Value.Clean(schema, structuredClone(value)), '')

function beyond(value: unknown, known: unknown, path: string): string[] {
  if (!isRecord(value) || !isRecord(known)) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    const at = Array.isArray(value) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`
    return Object.hasOwn(known, name) ? beyond(inner, known[name], at) : [at]
  })
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
