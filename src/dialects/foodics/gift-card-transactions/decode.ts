import type { Body } from '../body.ts'
import { FaultList } from '../errors.ts'
import { Fields, TEXT } from '../fields.ts'
import { decodeId } from '../ids.ts'
import type { Grammar } from '../query.ts'

const INCLUDES = new Set(['gift_card', 'order', 'gift_card.gift_card_product', 'gift_card.order'])

export const GRAMMAR: Grammar = {
  filters: {
    id: 'text',
    gift_card_id: 'text',
    order_id: 'text',
    created_on: 'days',
    updated_on: 'days',
    updated_after: 'after',
  },
  sorts: ['amount', 'created_at', 'updated_at'],
  includes: (name) => INCLUDES.has(name),
}

/** What a body asks for as far as it can be read; whether card and order exist is not judged here. */
export type TransactionDraft = {
  readonly amount: bigint | undefined
  readonly cardId: bigint | undefined
  readonly orderId: bigint | undefined
  readonly faults: FaultList
}

/** Reads `amount`, `gift_card_id` and `order_id`, collecting every fault (specs/foodics.md 4.3). */
export function decodeTransaction(body: Body): TransactionDraft {
  const faults = new FaultList()
  const fields = new Fields(body, faults)
  const id = (name: string, kind: 'card' | 'order'): bigint | undefined => {
    const text = fields.requiredText(name)
    return text === undefined
      ? undefined
      : (decodeId(kind, text) ?? fields.addFault(name, TEXT.invalid))
  }
  const amount = fields.requiredAmount('amount')
  if (amount === 0n) fields.addFault('amount', TEXT.zero)
  return { amount, cardId: id('gift_card_id', 'card'), orderId: id('order_id', 'order'), faults }
}
