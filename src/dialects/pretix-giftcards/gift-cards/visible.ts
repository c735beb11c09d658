import type { CardFilter } from '../../../instruments/cards.ts'
import type { Card } from '../../../ledger/card.ts'
import type { Merchant } from '../../../services/merchants.ts'
import { fail, invalid, notFound } from '../../pretix/errors.ts'
import type { Call } from '../../pretix/resource.ts'
import { includesAccepted, readFilter } from '../wire.ts'

const NO_FILTER: CardFilter = {}
const NO_CARD = 'No GiftCard matches the given query.'

/** The filters of the query; a `value` that is no number is 400. */
export function filterOf(call: Call): CardFilter {
  if (call.query.size === 0) return NO_FILTER
  const filter = readFilter(call.query)
  if (filter === 'invalid value') return fail(invalid({ value: ['Enter a number.'] }))
  return filter
}

/** The id in the path; what is no number is no card. */
export function cardId({ params }: Call): bigint {
  const text = params.id ?? ''
  if (!/^\d+$/.test(text)) return fail(notFound())
  const id = BigInt(text)
  return id < 2n ** 63n ? id : fail(notFound(NO_CARD))
}

/** Whose cards this request is about: those of the organizer, and of accepted issuers if asked for. */
export const issuersOf = (call: Call): Promise<readonly Merchant[]> =>
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

/** Slugs of issuers by id. */
export const slugsOf = (issuers: readonly Merchant[]) =>
  new Map(issuers.map(({ id, slug }) => [id, slug]))

/** The slug that a card shows as its issuer. */
export const slugOf = async (call: Call, card: Card): Promise<string> =>
  slugsOf(await issuersOf(call)).get(card.merchantId) ?? call.organizer.slug
