import { type Answer, json } from '../../../http/answer.ts'
import type { Entry } from '../../../ledger/entry.ts'
import { fail, notFound } from '../../pretix/errors.ts'
import { listAnswer, readPage, slicePage } from '../../pretix/paging.ts'
import type { AddResource, Call } from '../../pretix/resource.ts'
import { permitsGiftCards } from '../gift-cards/routes.ts'
import { visibleCard } from '../gift-cards/visible.ts'
import { encodeTransaction } from './encode.ts'

/** A card's bookings, read-only; filters of the card list do not apply here (6.3). */
export function addTransactions(add: AddResource, base: string): void {
  const permits = permitsGiftCards
  add(`${base}giftcards/:id/transactions/`, { permits, methods: { GET: list } })
  add(`${base}giftcards/:id/transactions/:txid/`, { permits, methods: { GET: retrieve } })
}

async function list(call: Call): Promise<Answer> {
  const card = await visibleCard(call, { filtered: false })
  const page = slicePage(readPage(call.query), card.lastSeq)
  const entries = await call.context.services.cards.entries(card, page)
  return listAnswer(call, card.lastSeq, page, await encodeAll(call, entries))
}

async function retrieve(call: Call): Promise<Answer> {
  const card = await visibleCard(call, { filtered: false })
  const text = call.params.txid ?? ''
  if (!/^\d+$/.test(text)) return notFound()
  const id = BigInt(text)
  const entry = id < 2n ** 63n ? await call.context.services.cards.findEntry(card, id) : undefined
  if (!entry) return fail(notFound('No GiftCardTransaction matches the given query.'))
  const [encoded] = await encodeAll(call, [entry])
  return json(200, encoded)
}

/** Acceptors are other merchants, few of them, and kept in memory. */
const encodeAll = (call: Call, entries: readonly Entry[]) =>
  Promise.all(
    entries.map(async (entry) => {
      const acceptor = await call.context.services.merchants.findById(entry.actingMerchantId)
      return encodeTransaction(entry, acceptor?.slug)
    }),
  )
