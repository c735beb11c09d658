import type { Ticket } from '../../../commerce/tickets.ts'
import { refuse } from '../../../errors.ts'
import { type Answer, json } from '../../../http/answer.ts'
import type { Card } from '../../../ledger/card.ts'
import type { Origin } from '../../../ledger/entry.ts'
import { cutToCents } from '../../../money/money.ts'
import type { Booking } from '../../../services/book.ts'
import type { Merchant } from '../../../services/merchants.ts'
import { TEXT } from '../../../wire/fields.ts'
import { JsonNumber, type JsonValue, maskSecrets, stringifyJson } from '../../../wire/json.ts'
import { can, canSeeEvent } from '../../pretix/auth.ts'
import { detail, fail, invalid, notFound } from '../../pretix/errors.ts'
import { listAnswer, readPage, slicePage } from '../../pretix/paging.ts'
import {
  type AddResource,
  type Call,
  type Caller,
  methodNotAllowed,
} from '../../pretix/resource.ts'
import { formatValue, includesAccepted, readFilter } from '../wire.ts'
import { decodeGiftCard, decodeTransact, type GiftCardFields } from './decode.ts'
import { type Expansion, encodeGiftCard } from './encode.ts'

const NO_CARD = 'No GiftCard matches the given query.'

/** Both gift card permissions are independent: writing does not include reading (3.2). */
export const permitsGiftCards = ({ principal, reads }: Caller): boolean =>
  can(principal, reads ? 'organizer.giftcards:read' : 'organizer.giftcards:write')

/** List, create, retrieve, change, and `transact`; DELETE is always refused. */
export function addGiftCards(add: AddResource, base: string): void {
  const permits = permitsGiftCards
  add(`${base}giftcards/`, { permits, methods: { GET: list, POST: create } })
  add(`${base}giftcards/:id/`, {
    permits,
    methods: {
      GET: retrieve,
      PUT: (call) => change(call, 'replace'),
      PATCH: (call) => change(call, 'change'),
      DELETE: remove,
    },
  })
  add(`${base}giftcards/:id/transact/`, { permits, methods: { POST: transact } })
}

async function list(call: Call): Promise<Answer> {
  const { cards } = call.context.services
  const filter = filterOf(call)
  const issuers = await issuersOf(call)
  const ids = issuers.map(({ id }) => id)
  const count = await cards.count(ids, filter)
  const page = slicePage(readPage(call.query), count)
  const rows = count === 0 ? [] : await cards.list(ids, filter, page)
  const expansion = await expand(call, rows)
  const slugs = slugsOf(issuers)
  return listAnswer(
    call,
    count,
    page,
    rows.map((card) => encodeGiftCard(card, slugs.get(card.merchantId) ?? '', expansion)),
  )
}

async function create(call: Call): Promise<Answer> {
  const { services } = call.context
  const { organizer } = call
  const { fields, sent, ownerPositionId } = await decode(call, 'create')
  const issuers = await services.merchants.listIssuers(organizer)
  const { secret, value, currency } = fields
  if (secret === undefined || value === undefined || currency === undefined)
    throw new Error('required fields were checked')
  let answer: Answer | undefined
  const expansion = await expandOwners(call, organizer.id, [ownerPositionId])
  const { card } = await services.cards.issue({
    merchantId: organizer.id,
    otherIssuerIds: issuers.map(({ id }) => id).filter((id) => id !== organizer.id),
    draft: {
      code: secret,
      amount: value,
      currency,
      testmode: fields.testmode ?? false,
      expiresAt: fields.expires ?? undefined,
      conditions: fields.conditions ?? undefined,
      ownerPositionId: ownerPositionId ?? undefined,
      origin: originOf(call),
      topics: ['created', 'transaction.manual'],
    },
    audit: ({ card: made, entry }) => [
      audit(call, 'pretix.giftcards.created', made),
      {
        ...audit(call, 'pretix.giftcards.transaction.manual', made, {
          ...sent,
          card_id: new JsonNumber(made.id.toString()),
          acceptor_id: new JsonNumber(organizer.id.toString()),
          acceptor_slug: organizer.slug,
        }),
        entryId: entry.id,
      },
    ],
    finish: async (tx, { card: made }) => {
      answer = json(201, encodeGiftCard(made, organizer.slug, expansion))
      const remembered = call.remember(answer)
      if (remembered) await services.idempotency.save(tx, remembered)
    },
  })
  return answer ?? json(201, encodeGiftCard(card, organizer.slug, expansion))
}

async function retrieve(call: Call): Promise<Answer> {
  const card = await visibleCard(call)
  return json(200, encodeGiftCard(card, await slugOf(call, card), await expand(call, [card])))
}

async function remove(call: Call): Promise<Answer> {
  await visibleCard(call)
  return methodNotAllowed('Gift cards cannot be deleted.')
}

async function change(call: Call, mode: 'replace' | 'change'): Promise<Answer> {
  const { services } = call.context
  const { organizer } = call
  const visible = await visibleCard(call)
  const { fields, sent, ownerPositionId } = await decode(call, mode)
  const issuers = await services.merchants.listIssuers(organizer)
  if (fields.secret !== undefined && call.query.has('include_accepted'))
    await refuseTakenCode(call, fields.secret, issuers, visible.id)
  if (call.query.has('include_accepted'))
    return detail(403, 'Accepted gift cards cannot be updated, use transact instead.')
  let answer: Answer | undefined
  const { value } = fields
  const owners = [visible.ownerPositionId, ownerPositionId]
  const expansion = await expandOwners(call, organizer.id, owners)
  const modified = Object.keys(sent).some((key) => key !== 'value')
  const card = await services.cards.change({
    merchantId: visible.merchantId,
    cardId: visible.id,
    origin: originOf(call),
    modified,
    changes: changesOf(fields, ownerPositionId),
    ...(fields.secret === undefined
      ? {}
      : { code: { value: fields.secret, issuerIds: issuers.map(({ id }) => id) } }),
    // What this protocol cannot show stays on the card when the shown value does not change.
    ...(value === undefined
      ? {}
      : { balance: ({ balance }) => (cutToCents(balance) === value ? balance : value) }),
    audit: (_card, entry) => [
      ...(modified ? [audit(call, 'pretix.giftcards.modified', visible, sent)] : []),
      ...(entry
        ? [
            {
              ...audit(call, 'pretix.giftcards.transaction.manual', visible, {
                value: formatValue(entry.amount),
                acceptor_id: new JsonNumber(organizer.id.toString()),
                acceptor_slug: organizer.slug,
              }),
              entryId: entry.id,
            },
          ]
        : []),
    ],
    finish: async (tx, changed) => {
      answer = json(200, encodeGiftCard(changed, organizer.slug, expansion))
      const remembered = call.remember(answer)
      if (remembered) await services.idempotency.save(tx, remembered)
    },
  })
  return answer ?? json(200, encodeGiftCard(card, organizer.slug, expansion))
}

/**
 * Books an amount. The card is looked up only when something other than the booking depends on it
 * (filters, other issuers, a bad body): otherwise the group commit finds out whether it exists.
 */
async function transact(call: Call): Promise<Answer> {
  const { services } = call.context
  const filter = filterOf(call)
  const id = cardId(call)
  const simple = !includesAccepted(call.query) && Object.keys(filter).length === 0
  const early = simple ? undefined : await visibleCard(call)
  let decoded: ReturnType<typeof decodeTransact>
  try {
    decoded = decodeTransact(call.body())
  } catch (error) {
    if (simple) await visibleCard(call)
    throw error
  }
  if ('faults' in decoded) {
    if (simple) await visibleCard(call)
    return invalid(decoded.faults)
  }
  const { value, text, info } = decoded.value
  const merchantId = early?.merchantId ?? call.organizer.id
  const expansion = await expandOf(call, early ?? { merchantId, id })
  const slug = early ? await slugOf(call, early) : call.organizer.slug
  let answer: Answer | undefined
  const booking = await services.book({
    merchantId,
    command: {
      verb: 'book',
      cardId: id,
      amount: value,
      ignoreExpiry: true,
      origin: { ...originOf(call), text, info },
      topic: 'transaction.manual',
    },
    ...(call.keyed && {
      remember: ({ card }: Booking) => {
        answer = json(200, encodeGiftCard(card, slug, expansion))
        return call.remember(answer)
      },
    }),
  })
  return answer ?? json(200, encodeGiftCard(booking.card, slug, expansion))
}

const originOf = ({ principal, organizer }: Call): Origin => ({
  protocol: 'pretix',
  credentialId: principal.credentialId,
  actingMerchantId: organizer.id,
})

const changesOf = (fields: GiftCardFields, ownerPositionId: bigint | null | undefined) => ({
  ...(fields.expires === undefined ? {} : { expiresAt: fields.expires }),
  ...(fields.conditions === undefined ? {} : { conditions: fields.conditions }),
  ...(ownerPositionId === undefined ? {} : { ownerPositionId }),
})

const audit = (call: Call, action: string, card: Card, data?: Record<string, JsonValue>) => ({
  action,
  cardId: card.id,
  credentialId: call.principal.credentialId,
  ...(data ? { data: stringifyJson(maskSecrets(data)) } : {}),
})

function filterOf(call: Call) {
  const filter = readFilter(call.query)
  if (filter === 'invalid value') return fail(invalid({ value: ['Enter a number.'] }))
  return filter
}

/** The id in the path; what is no number is no card. */
function cardId({ params }: Call): bigint {
  const text = params.id ?? ''
  if (!/^\d+$/.test(text)) return fail(notFound())
  const id = BigInt(text)
  return id < 2n ** 63n ? id : fail(notFound(NO_CARD))
}

const issuersOf = (call: Call): Promise<readonly Merchant[]> =>
  includesAccepted(call.query)
    ? call.context.services.merchants.listIssuers(call.organizer)
    : Promise.resolve([call.organizer])

/** The card of the path, if this organizer sees it and it passes the filters; else 404. */
export async function visibleCard(call: Call, { filtered = true } = {}): Promise<Card> {
  const filter = filtered ? filterOf(call) : {}
  const id = cardId(call)
  const issuers = await issuersOf(call)
  const card = await call.context.services.cards.find(
    issuers.map((issuer) => issuer.id),
    id,
    filter,
  )
  return card ?? fail(notFound(NO_CARD))
}

const slugsOf = (issuers: readonly Merchant[]) => new Map(issuers.map(({ id, slug }) => [id, slug]))

const slugOf = async (call: Call, card: Card): Promise<string> =>
  slugsOf(await issuersOf(call)).get(card.merchantId) ?? call.organizer.slug

async function refuseTakenCode(
  call: Call,
  code: string,
  issuers: readonly Merchant[],
  exceptId: bigint,
) {
  const { cards } = call.context.services
  for (const { id } of issuers) {
    const other = await cards.findByCode(id, code)
    if (other && other.id !== exceptId) refuse({ code: 'code_taken' })
  }
}

/** The body's fields and the live ticket of this organizer that it names as owner, or all faults as 400. */
async function decode(call: Call, mode: 'create' | 'replace' | 'change') {
  const { faults, fields, sent } = decodeGiftCard(call.body(), mode)
  const { owner } = fields
  const ticket = owner && (await call.context.services.tickets.find(call.organizer.id, owner))
  const unknown = owner && !ticket ? { owner_ticket: [TEXT.pk(owner.input)] } : {}
  const all = { ...faults, ...unknown }
  if (Object.keys(all).length > 0) fail(invalid(all))
  return { fields, sent, ownerPositionId: owner ? ticket?.id : owner }
}

/** Owner tickets of these cards, if the caller asked to expand them. */
async function expand(call: Call, cards: readonly Card[]): Promise<Expansion | undefined> {
  const merged = new Map<bigint, { ticket: Ticket; full: boolean }>()
  for (const merchantId of new Set(cards.map((card) => card.merchantId))) {
    const own = cards.filter((card) => card.merchantId === merchantId)
    const found = await expandOwners(
      call,
      merchantId,
      own.map((card) => card.ownerPositionId),
    )
    if (found === undefined) return undefined
    for (const [id, value] of found) merged.set(id, value)
  }
  return merged
}

/**
 * The same for tickets of one merchant. It is always read before a unit of work begins: within one it
 * would wait for a second connection, and enough of those waits would never end.
 */
async function expandOwners(
  call: Call,
  merchantId: bigint,
  ids: readonly (bigint | null | undefined)[],
): Promise<Map<bigint, { ticket: Ticket; full: boolean }> | undefined> {
  if (!call.queryAll('expand').includes('owner_ticket')) return undefined
  const known = ids.filter((id) => id !== null && id !== undefined)
  const tickets =
    known.length > 0 ? await call.context.services.tickets.list(merchantId, known) : []
  return new Map(
    tickets.map((ticket) => [
      ticket.id,
      {
        ticket,
        // Tickets of another organizer are never shown in full.
        full:
          merchantId === call.organizer.id &&
          can(call.principal, 'event.orders:read') &&
          canSeeEvent(call.principal, ticket.eventSlug),
      },
    ]),
  )
}

/** The same before a booking, for the card it will change. */
async function expandOf(call: Call, card: Pick<Card, 'merchantId' | 'id'>) {
  if (!call.queryAll('expand').includes('owner_ticket')) return undefined
  const found = await call.context.services.cards.find([card.merchantId], card.id)
  return await expand(call, found ? [found] : [])
}
