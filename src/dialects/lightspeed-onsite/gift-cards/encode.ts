import type { Statement, StatementEntry } from '../../../services/lightspeed-cards.ts'
import {
  element,
  type Markup,
  textElement,
  xmlAttribute,
  xmlTemplate,
  xmlText,
} from '../../../wire/xml.ts'
import { type BaseUri, formatAmount, formatBoolean, reference, type View } from '../wire.ts'
import { activityOf, stepOf, totalsOf } from './history.ts'

export const cardUri = (base: BaseUri, id: bigint): string => `${base}gift_cards/${id}/`

/** A list member: an empty element, unlike that of any other resource (5.2). */
export const encodeMember = (base: BaseUri, id: bigint): Markup =>
  element('gift_card', { uri: cardUri(base, id), id, full_render: false })

/** The full card; every element is there, whether or not it says anything (7.2). */
export function encodeCard(view: View, card: Statement): Markup {
  const { base, clock } = view
  const { total, used, credit } = totalsOf(card)
  return element('gift_card', { uri: cardUri(base, card.id), id: card.id, full_render: true }, [
    element('flags', {}, [textElement('active', formatBoolean(card.active))]),
    textElement('created', clock.format(card.createdAt)),
    textElement('modified', clock.format(card.modifiedAt)),
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
    element('history_entries', {}, encodeEntries(view, card.id, card.entries)),
  ])
}

/** Movements of value, each complete wherever it appears (7.9). */
export function encodeEntries(
  { base, clock }: View,
  cardId: bigint,
  entries: readonly StatementEntry[],
): Markup[] {
  const card = xmlAttribute(cardUri(base, cardId))
  const amount = (units: bigint): Markup => xmlText(formatAmount(units))
  return entries.map((entry) => {
    const step = stepOf(entry)
    const time = xmlText(clock.format(entry.createdAt))
    const user = reference('user', base, entry.userId)
    const note = textElement('note', entry.note)
    const source = textElement('source_id', entry.source)
    const totals = xmlTemplate`<before>${amount(step.before)}</before><after>${amount(step.after)}</after><amount>${amount(step.amount)}</amount>`
    return xmlTemplate`<history uri="${card}history/${entry.id}/" id="${entry.id}" full_render="true"><created>${time}</created>${user}${note}${source}<totals>${totals}</totals><activity>${xmlText(activityOf(entry))}</activity></history>`
  })
}
