import { refuse } from '../../../errors.ts'
import { type Answer, json } from '../../../http/answer.ts'
import type { Card } from '../../../ledger/card.ts'
import type { Origin } from '../../../ledger/entry.ts'
import { cutToCents } from '../../../money/money.ts'
import type { Booking } from '../../../services/book.ts'
import type { Merchant } from '../../../services/merchants.ts'
import { TEXT } from '../../../wire/fields.ts'
import { JsonNumber, type JsonValue, maskSecrets, stringifyJson } from '../../../wire/json.ts'
import { can } from '../../pretix/auth.ts'
import { detail, fail, invalid } from '../../pretix/errors.ts'
import { listAnswer, readPage, slicePage } from '../../pretix/paging.ts'
import {
  type AddResource,
  type Call,
  type Caller,
  methodNotAllowed,
} from '../../pretix/resource.ts'
import { formatValue, includesAccepted } from '../wire.ts'
import { decodeGiftCard, decodeTransact, type GiftCardFields } from './decode.ts'
import { encodeGiftCard } from './encode.ts'
import { asksForOwners, expand, expandOf, expandOwners } from './owner.ts'
import { cardId, filterOf, issuersOf, slugOf, slugsOf, visibleCard } from './visible.ts'

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
  const expansion = asksForOwners(call)
    ? await expandOf(call, early ?? { merchantId, id })
    : undefined
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
