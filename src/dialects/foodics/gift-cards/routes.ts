import { type Answer, json } from '../../../http/answer.ts'
import { notFound } from '../errors.ts'
import type { Exchange, Route } from '../exchange.ts'
import { readIncludes } from '../query.ts'
import { loadCards } from '../views.ts'
import { encodeCard } from './encode.ts'

const INCLUDES = new Set(['gift_card_product', 'order'])

/** The card with exactly this code; a card's id is no code (specs/foodics.md 5). */
async function get({ services, principal, params, pairs }: Exchange): Promise<Answer> {
  const includes = readIncludes(pairs, (name) => INCLUDES.has(name))
  const { merchant } = principal
  const code = params[0]
  // No code holds a NUL, and PostgreSQL refuses to compare with one.
  if (code === undefined || code.includes('\0')) throw notFound()
  const card = await services.foodics.cards.findByCode(merchant, code)
  if (!card) throw notFound()
  const views = await loadCards({ services, merchant }, [card.id], {
    product: includes.has('gift_card_product'),
    order: includes.has('order'),
  })
  const view = views.get(card.id)
  if (!view) throw notFound()
  return json(200, { data: encodeCard(view) })
}

/** By code only: there is no list of cards, and no other way to make one than to sell it. */
export const cardRoutes: readonly Route[] = [
  { method: 'GET', path: 'gift_cards/:code', scopes: ['orders.gift_cards.read'], handle: get },
]
