import type { Statement, StatementEntry } from '../../../services/lightspeed-cards.ts'
import { element, type Markup, textElement } from '../../../wire/xml.ts'
import {
  type BaseUri,
  formatAmount,
  formatBoolean,
  formatStoreTime,
  reference,
  type View,
} from '../wire.ts'
import { activityOf, stepOf, totalsOf } from './history.ts'

export const cardUri = (base: BaseUri, id: bigint): string => `${base}gift_cards/${id}/`

/** A list member: an empty element, unlike that of any other resource (5.2). */
export const encodeMember = (base: BaseUri, id: bigint): Markup =>
  element('gift_card', { uri: cardUri(base, id), id, full_render: false })

/** The full card; every element is there, whether or not it says anything (7.2). */
export function encodeCard({ base, zone }: View, card: Statement): Markup {
  const { total, used, credit } = totalsOf(card)
  return element('gift_card', { uri: cardUri(base, card.id), id: card.id, full_render: true }, [
    element('flags', {}, [textElement('active', formatBoolean(card.active))]),
    textElement('created', formatStoreTime(zone, card.createdAt)),
    textElement('modified', formatStoreTime(zone, card.modifiedAt)),
    textElement('gift_card_id', `G-${card.id}`),
    reference('user', base, card.userId),
    reference('product', base, card.productId),
    reference('invoice', base, card.invoiceId),
    textElement('serial_number', card.serial),
    element('totals', {}, [
      textElement('total', formatAmount(total)),
      textElement('used', formatAmount(used)),
      textElement('credit', formatAmount(credit)),
    ]),
    element(
      'history_entries',
      {},
      card.entries.map((entry) => encodeEntry({ base, zone }, card.id, entry)),
    ),
  ])
}

/** One movement of value, complete wherever it appears (7.9). */
export function encodeEntry({ base, zone }: View, cardId: bigint, entry: StatementEntry): Markup {
  const { before, after, amount } = stepOf(entry)
  const uri = `${cardUri(base, cardId)}history/${entry.id}/`
  return element('history', { uri, id: entry.id, full_render: true }, [
    textElement('created', formatStoreTime(zone, entry.createdAt)),
    reference('user', base, entry.userId),
    textElement('note', entry.note),
    textElement('source_id', entry.source),
    element('totals', {}, [
      textElement('before', formatAmount(before)),
      textElement('after', formatAmount(after)),
      textElement('amount', formatAmount(amount)),
    ]),
    textElement('activity', activityOf(entry)),
  ])
}
