import { parseDecimal } from '../../money/decimal.ts'
import {
  isJsonObject,
  JsonNumber,
  type JsonObject,
  JsonSyntaxError,
  type JsonValue,
  parseJson,
} from '../../wire/json.ts'
import { badRequest } from './errors.ts'
import { parsePairs } from './query.ts'

/** A body as an object; `isForm` when its values could be nothing but texts. */
export type Body = { readonly object: JsonObject; readonly isForm: boolean }

/** Deeper bodies are refused: it bounds every walk over one. */
const DEPTH_MAX = 64

/** What no bytes at all count as. */
export const NO_BODY: Body = { object: {}, isForm: false }

/**
 * Reads a body whatever its type says, except that a form is read as one. Refuses (400) bad syntax and
 * JSON that is no object; no bytes at all count as `{}` (specs/foodics.md 1).
 */
export function readBody(contentType: string | undefined, bytes: Uint8Array): Body {
  if (bytes.length === 0) return NO_BODY
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded')
    return { object: readForm(Buffer.from(bytes).toString('utf8')), isForm: true }
  const value = readJson(bytes)
  if (!isJsonObject(value)) throw badRequest('The request body must be a JSON object.')
  if (!isWithin(value, DEPTH_MAX)) throw badRequest('The request body is nested too deeply.')
  return { object: value, isForm: false }
}

function readJson(bytes: Uint8Array): JsonValue {
  try {
    return parseJson(bytes)
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw badRequest('The request body is not valid JSON.')
    throw error
  }
}

function isWithin(value: JsonValue, depth: number): boolean {
  if (value instanceof JsonNumber || value === null || typeof value !== 'object') return true
  if (depth === 0) return false
  const items: readonly JsonValue[] = Array.isArray(value) ? value : Object.values(value)
  return items.every((item) => isWithin(item, depth - 1))
}

/** A node of a form's tree: a text, or what its brackets name. */
type Node = string | Map<string, Node>

/** Reads a form; brackets nest: `gift_card[code]=A&tags[][id]=b`. The last of equal keys wins. */
function readForm(raw: string): JsonObject {
  const root = new Map<string, Node>()
  for (const [key, value] of parsePairs(raw)) {
    const match = /^([^[]+)((?:\[[^\]]*\])*)$/.exec(key)
    const path = match ? [match[1] ?? '', ...bracketNames(match[2] ?? '')] : [key]
    if (path.length > DEPTH_MAX) throw badRequest('The request body is nested too deeply.')
    let node = root
    for (const name of path.slice(0, -1)) {
      const slot = name === '' ? String(node.size) : name
      const known = node.get(slot)
      const next = known instanceof Map ? known : new Map<string, Node>()
      node.set(slot, next)
      node = next
    }
    const last = path.at(-1) ?? ''
    node.set(last === '' && node !== root ? String(node.size) : last, value)
  }
  return toObject(root)
}

const bracketNames = (brackets: string): string[] =>
  brackets === '' ? [] : brackets.slice(1, -1).split('][')

const toObject = (node: Map<string, Node>): JsonObject =>
  Object.fromEntries([...node].map(([name, child]) => [name, toJson(child)]))

/** Keys 0, 1, 2 … make a list, anything else an object. */
function toJson(node: Node): JsonValue {
  if (typeof node === 'string') return node
  const isList = [...node.keys()].every((name, index) => name === String(index))
  return isList ? [...node.values()].map(toJson) : toObject(node)
}

/**
 * One text for all spellings of one value: keys sorted, numbers by value (`-10` is `-10.0`), so that two
 * bodies can be compared as parsed (specs/foodics.md 4.5).
 */
export function canonicalText(value: JsonValue): string {
  if (value instanceof JsonNumber) return canonicalNumber(value.source)
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (isJsonObject(value)) {
    const members = Object.keys(value)
      .toSorted()
      .map((key) => `${JSON.stringify(key)}:${canonicalText(value[key] ?? null)}`)
    return `{${members.join(',')}}`
  }
  return `[${value.map(canonicalText).join(',')}]`
}

/** Digits without trailing zeros and the power of ten, so that an absurd exponent is never written out. */
function canonicalNumber(source: string): string {
  const value = parseDecimal(source)
  // Too long to be read as a number here; two such are equal only as spelled.
  if (!value) return source
  if (value.units === 0n) return '0'
  const digits = value.units.toString()
  const short = digits.replace(/0+$/, '')
  return `${short}e${digits.length - short.length - value.scale}`
}
