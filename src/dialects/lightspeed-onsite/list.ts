import { setImmediate } from 'node:timers/promises'
import type { Answer } from '../../http/answer.ts'
import { INSTANT_MAX, INSTANT_MIN, type Instant } from '../../money/instant.ts'
import { fromReading, type Zone } from '../../money/zone.ts'
import type { Filter } from '../../services/lightspeed-filter.ts'
import type { ListOrder } from '../../services/lightspeed-list.ts'
import {
  element,
  endTag,
  type Markup,
  startTag,
  type XmlAttributes,
  xmlDocument,
} from '../../wire/xml.ts'
import { OnSiteError, XML_TYPE } from './errors.ts'
import { FilterError, type FilterFields, parseFilter } from './filter.ts'

/** The parameters of lists, and the document around their members (specs/lightspeed-onsite.md 5). */
export type ListQuery = {
  readonly filter: Filter
  readonly order: readonly ListOrder[]
  readonly offset: number
  /** Absent: everything, which is what most clients ask for. */
  readonly count: number | undefined
  /** Whether the client pages at all; only then the root says how many there are. */
  readonly paged: boolean
}

/** What of a resource can be asked for. */
export type ListFields = {
  readonly filter: FilterFields
  /** Names that `order_by` takes, each with the field it means. */
  readonly order: Readonly<Record<string, string>>
}

/** Rows beyond this cannot exist, and a larger number would not be exact. */
const NUMBER_MAX = Number.MAX_SAFE_INTEGER

/**
 * Parameters by name, the last of a repeated one. `+` and `%20` are both a space; a parameter without a
 * value is there and empty; an escape that cannot be decoded stands for itself.
 */
export function parseQuery(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const part of query.split('&')) {
    if (part === '') continue
    const at = part.indexOf('=')
    const [name, value] = at === -1 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
    parameters.set(decodePart(name), decodePart(value))
  }
  return parameters
}

function decodePart(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch (error) {
    if (error instanceof URIError) return spaced
    throw error
  }
}

const wrong = (name: string, value: string): OnSiteError =>
  new OnSiteError('server.invalid_parameter', [name, value])

/** Reads what a list is asked for. Refuses a bad value of any parameter that lists have. */
export function decodeList(
  query: ReadonlyMap<string, string>,
  fields: ListFields,
  zone: Zone,
): ListQuery {
  return {
    filter: readFilter(query, fields.filter, (reading) => within(fromReading(zone, reading))),
    ...decodePage(query, fields.order),
  }
}

/** The zone may take a reading out of the years that the database can be asked about. */
const within = (instant: Instant): Instant =>
  instant < INSTANT_MIN ? INSTANT_MIN : instant > INSTANT_MAX ? INSTANT_MAX : instant

/** The same without a filter, for lists that have none. */
export function decodePage(
  query: ReadonlyMap<string, string>,
  order: ListFields['order'],
): Omit<ListQuery, 'filter'> {
  const count = readCount(query, 'count')
  const limit = readCount(query, 'limit')
  const offset = readCount(query, 'offset')
  const counts = [count, limit].filter((value) => value !== undefined)
  return {
    order: readOrder(query, order),
    offset: offset ?? 0,
    count: counts.length > 0 ? Math.min(...counts) : undefined,
    paged: counts.length > 0 || offset !== undefined,
  }
}

function readCount(query: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = query.get(name)
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text.trim())) throw wrong(name, text)
  return Math.min(Number(text), NUMBER_MAX)
}

function readFilter(
  query: ReadonlyMap<string, string>,
  fields: FilterFields,
  fromStoreTime: (reading: Instant) => Instant,
): Filter {
  const text = query.get('filter') ?? ''
  if (text.trim() === '') return { kind: 'all' }
  try {
    return parseFilter(text, fields, fromStoreTime)
  } catch (error) {
    if (error instanceof FilterError)
      throw new OnSiteError('server.invalid_filter', ['filter', text])
    throw error
  }
}

/** `id:desc`, `id desc`, `serialNumber,id:asc`. */
function readOrder(
  query: ReadonlyMap<string, string>,
  fields: Readonly<Record<string, string>>,
): ListOrder[] {
  const text = query.get('order_by')
  if (text === undefined) return []
  return text.split(',').map((part) => {
    const [, name = '', direction = 'asc'] =
      /^(\w+)(?:\s*:\s*|\s+)?(asc|desc)?$/i.exec(part.trim()) ?? []
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (field === undefined) throw wrong('order_by', text)
    return { field, descending: direction.toLowerCase() === 'desc' }
  })
}

/** Text that is gathered before it becomes bytes, and others have their turn. */
const PART_LENGTH = 64 * 1024

/**
 * A list as an answer: `total_count` only where the client pages, else some clients break. Most clients
 * ask for everything in one call, so a long list is written in parts, between which others are served.
 */
export async function listAnswer(
  name: string,
  members: Iterable<Markup>,
  { paged, total }: { readonly paged: boolean; readonly total: number },
): Promise<Answer> {
  const attributes: XmlAttributes = paged ? { total_count: total.toString() } : {}
  const parts: Buffer[] = []
  const head = xmlDocument(startTag(name, attributes))
  let text = head
  for (const member of members) {
    text += member
    if (text.length < PART_LENGTH) continue
    parts.push(Buffer.from(text))
    text = ''
    await setImmediate()
  }
  const isEmpty = text === head
  parts.push(Buffer.from(isEmpty ? xmlDocument(element(name, attributes)) : text + endTag(name)))
  return { status: 200, headers: { 'content-type': XML_TYPE }, body: Buffer.concat(parts) }
}

/** Resources other than cards can be ordered by whatever they can be filtered by. */
export const orderOf = (fields: FilterFields): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(fields).map(([name, { field }]) => [name, field]))
