import type { OpenCardProblem, Statement } from '../../../services/lightspeed-cards.ts'
import type { Filter } from '../../../services/lightspeed-filter.ts'
import type { ListWish } from '../../../services/lightspeed-list.ts'
import { OnSiteError } from '../errors.ts'
import type { FilterFields } from '../filter.ts'
import { decodeList, decodePage, listAnswer } from '../list.ts'
import { type Call, type Resources, xml } from '../shell.ts'
import { readId } from '../wire.ts'
import { type CardOrder, decodeCard } from './decode.ts'
import { cardUri, encodeCard, encodeEntries, encodeMember } from './encode.ts'

const FILTER: FilterFields = {
  id: { kind: 'integer', field: 'id' },
  serialNumber: { kind: 'string', field: 'serialNumber' },
  // Every other filter of OnSite is in snake case.
  serial_number: { kind: 'string', field: 'serialNumber' },
}
const FIELDS = {
  filter: FILTER,
  order: { id: 'id', serialNumber: 'serialNumber', serial_number: 'serialNumber' },
} as const

/** `gift_cards` and all below it (specs/lightspeed-onsite.md 7). */
export const giftCards: Resources = {
  gift_cards: {
    GET: (call) => list(call, []),
    POST: create,
  },
  'gift_cards/search': { GET: (call) => list(call, searched(call.query.get('q') ?? '')) },
  'gift_cards/:id': { GET: async (call) => xml(200, encodeCard(call, await statementOf(call))) },
  'gift_cards/:id/history': { GET: history },
  'gift_cards/:id/history/:id': { GET: historyEntry },
}

async function list(call: Call, further: readonly Filter[]) {
  const { query, clock, caller, base, context } = call
  const wish = decodeList(query, FIELDS, clock.zone)
  const page = await context.services.lightspeed.cards.list(caller.merchant, {
    ...wish,
    filter: { kind: 'and', terms: [wish.filter, ...equalities(query), ...further] },
  })
  const members = page.ids.values().map((id) => encodeMember(base, id))
  return await listAnswer('gift_cards', members, { paged: wish.paged, total: page.total })
}

/** `?serialNumber=AB12` and `?id=4`, which are as good as a filter (5.3). */
function equalities(query: ReadonlyMap<string, string>): Filter[] {
  const found: Filter[] = []
  for (const name of ['serialNumber', 'serial_number']) {
    const serial = query.get(name)
    // PostgreSQL has no NUL, so no card has one.
    if (serial?.includes('\0')) found.push({ kind: 'none' })
    else if (serial !== undefined)
      found.push({ kind: 'compare', field: 'serialNumber', op: '=', value: serial })
  }
  const id = query.get('id')
  if (id === undefined) return found
  if (!/^\d+$/.test(id.trim())) throw new OnSiteError('server.invalid_parameter', ['id', id])
  return [...found, { kind: 'compare', field: 'id', op: '=', value: BigInt(id.trim()) }]
}

/** What `q` finds: part of a serial, or a whole id, with or without its `G-` (7.8). */
function searched(q: string): Filter[] {
  const text = q.trim()
  if (text === '') return []
  if (text.includes('\0')) return [{ kind: 'none' }]
  const terms: Filter[] = [
    {
      kind: 'match',
      field: 'serialNumber',
      op: 'contains',
      value: text,
      folding: { case: true, marks: true },
    },
  ]
  const id = readId(/^(?:g-)?([1-9]\d*)$/i.exec(text)?.[1] ?? '')
  if (id !== undefined) terms.push({ kind: 'compare', field: 'id', op: '=', value: id })
  return [{ kind: 'or', terms }]
}

async function create(call: Call) {
  const { caller, context, base } = call
  const { merchant, generatesSerials, userId } = caller
  const { cards } = context.services.lightspeed
  const order = decodeCard(await call.body(), { currency: merchant.currency, generatesSerials })
  const made = await cards.open({
    ...order,
    merchant,
    credentialId: userId,
    userId: order.userId ?? userId,
  })
  if (typeof made === 'object') throw problem(made, order)
  const card = await cards.find(merchant, made)
  if (!card) throw new Error('a card that was just made is gone')
  return xml(201, encodeCard(call, card), { location: cardUri(base, made) })
}

function problem(found: OpenCardProblem, order: CardOrder): OnSiteError {
  switch (found.problem) {
    case 'unknown':
      return new OnSiteError('server.unknown_reference', [found.what, found.id.toString()])
    case 'not_a_gift_card_product':
      return new OnSiteError('gift_cards.not_a_gift_card_product', [
        'product',
        order.productId.toString(),
      ])
    case 'invoice_voided':
      return new OnSiteError('gift_cards.invoice_voided', [
        'invoice',
        (order.invoiceId ?? '').toString(),
      ])
    case 'serial_taken':
      return new OnSiteError('gift_cards.duplicate_serial_number', [
        'serial_number',
        order.serial ?? '',
      ])
  }
}

async function statementOf({ caller, context, id }: Call): Promise<Statement> {
  const card = await context.services.lightspeed.cards.find(caller.merchant, id())
  if (!card) throw new OnSiteError('server.not_found')
  return { ...card, productId: card.productId ?? caller.defaultProductId }
}

async function history(call: Call) {
  const card = await statementOf(call)
  const page = decodePage(call.query, { id: 'id' })
  const entries = encodeEntries(call, card.id, paged(card.entries, page))
  const total = card.entries.length
  return await listAnswer('history_entries', entries, { paged: page.paged, total })
}

/** Entries come oldest first, which is the order of their ids. */
function paged<T>(entries: readonly T[], { order, offset, count }: Omit<ListWish, 'filter'>): T[] {
  const ordered = order[0]?.descending ? entries.toReversed() : entries
  return ordered.slice(offset, count === undefined ? undefined : offset + count)
}

async function historyEntry(call: Call) {
  const card = await statementOf(call)
  const wanted = call.id(1)
  const [entry] = encodeEntries(
    call,
    card.id,
    card.entries.filter(({ id }) => id === wanted),
  )
  if (!entry) throw new OnSiteError('server.not_found')
  return xml(200, entry)
}
