import { type Answer, json } from '../../../http/answer.ts'
import type { Use } from '../../../ledger/uses.ts'
import { parseDecimal } from '../../../money/decimal.ts'
import { cutToCents } from '../../../money/money.ts'
import type { Zone } from '../../../money/zone.ts'
import type { IssuedCard, ValidatedCard } from '../../../services/inventorum-issued.ts'
import { pageAnswer, slicePage } from '../paging.ts'
import type { AddResource, Call } from '../shell.ts'
import { fixed10, id, idOrNull, localMicros, money, utcZulu } from '../wire.ts'

/** Cards that holders have: the list, and the look at one code (specs/inventorum.md 8). */
export function addIssuedCards(add: AddResource): void {
  add('/api/giftcards/', { family: 'v1', methods: { GET: list } })
  add('/api/v2/giftcards/:code/validate/', { family: 'v2', methods: { GET: validate } })
}

async function list(call: Call): Promise<Answer> {
  const { issued } = call.services.inventorum
  const count = await issued.count(call.caller)
  const page = slicePage(call, count)
  const cards = await issued.list(call.caller, page)
  return pageAnswer(
    call,
    count,
    page,
    cards.map((card) => encodeIssued(card, call.zone)),
  )
}

async function validate(call: Call): Promise<Answer> {
  const { issued } = call.services.inventorum
  return json(200, encodeValidated(await issued.validate(call.caller, call.param('code'))))
}

/** Not returned is said by the beginning of time (specs/inventorum.md 8.1). */
const NEVER = 0n

const encodeIssued = (issued: IssuedCard, zone: Zone) => ({
  order_id: idOrNull(issued.orderId),
  invoice_number: issued.invoiceNumber?.toString() ?? null,
  product_id: idOrNull(issued.productId),
  user_id: idOrNull(issued.userId),
  tax_type: idOrNull(issued.taxTypeId),
  current_value: money(issued.currentValue),
  created_at: localMicros(zone, issued.card.createdAt),
  returned_at: localMicros(zone, issued.returnedAt ?? NEVER),
  redemption: issued.uses.map((use) => encodeUse(use, zone)),
  valid_until:
    issued.card.expiresAt === undefined ? null : localMicros(zone, issued.card.expiresAt),
  redeem_code: issued.card.code ?? null,
  name: issued.name,
  amount: money(issued.amount),
  is_valid: issued.isValid,
})

/** Another protocol's references mean nothing here; a refund is a redemption of less than nothing. */
const encodeUse = (
  { protocol, orderRef, invoiceRef, before, after, createdAt }: Use,
  zone: Zone,
) => ({
  order_id: protocol === 'inventorum' && orderRef !== undefined ? id(BigInt(orderRef)) : null,
  invoice_number: protocol === 'inventorum' ? (invoiceRef ?? null) : null,
  // What is cut off before and after is cut off of the amount too, so that sums close.
  amount: money(cutToCents(before) - cutToCents(after)),
  created_at: localMicros(zone, createdAt),
})

const encodeValidated = ({ card, name, amount, currentValue, wasUsed }: ValidatedCard) => ({
  name,
  original_amount: money(amount),
  remaining_value: money(currentValue),
  was_used: wasUsed,
  tax_rate: fixed10(parseDecimal(card.taxRate ?? '0') ?? { units: 0n, scale: 0 }),
  type: card.purpose === 'single' ? 'single-purpose' : 'multi-purpose',
  valid_until: card.expiresAt === undefined ? null : utcZulu(card.expiresAt),
})
