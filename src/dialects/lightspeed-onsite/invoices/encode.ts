import type { Invoice } from '../../../services/lightspeed-store.ts'
import { element, type Markup, textElement } from '../../../wire/xml.ts'
import { type BaseUri, formatAmount, formatBoolean, reference, type View } from '../wire.ts'

export const invoiceUri = (base: BaseUri, id: bigint): string => `${base}invoices/${id}/`

const customer = (): Markup =>
  element('invoice_customer', {}, [element('customer'), element('mainname')])

/** A list member (specs/lightspeed-onsite.md 9.4). */
export const encodeSummary = ({ base, clock }: View, invoice: Invoice): Markup =>
  element('invoice', { uri: invoiceUri(base, invoice.id), id: invoice.id, full_render: false }, [
    textElement('datetime_created', clock.format(invoice.createdAt)),
    textElement('invoice_id', `I-${invoice.number}`),
    customer(),
    element('flags', {}, [textElement('posted', formatBoolean(invoice.posted))]),
    element('totals', {}, [textElement('total', formatAmount(invoice.total))]),
  ])

/** An invoice in full: nothing here takes payments, so everything on it is owing. */
export function encodeInvoice({ base, clock }: View, invoice: Invoice): Markup {
  const { id, number, total, createdAt, modifiedAt, posted, voided, userId } = invoice
  return element('invoice', { uri: invoiceUri(base, id), id, full_render: true }, [
    textElement('document_id', number),
    textElement('date_created', clock.format(createdAt).slice(0, 10)),
    textElement('datetime_created', clock.format(createdAt)),
    textElement('date_modified', clock.format(modifiedAt).slice(0, 10)),
    textElement('datetime_modified', clock.format(modifiedAt)),
    element('flags', {}, [
      textElement('drop_shipment', 'false'),
      textElement('exported', 'false'),
      textElement('pay_backorders', 'false'),
      textElement('posted', formatBoolean(posted)),
      textElement('voided', formatBoolean(voided)),
    ]),
    textElement('invoice_id', `I-${number}`),
    customer(),
    element('source'),
    element('primary_user', {}, [reference('user', base, userId)]),
    element('secondary_user', {}, [element('user')]),
    textElement('invoice_status', voided ? 'Voided' : 'Owing'),
    element('totals', {}, [
      textElement('subtotal', formatAmount(total)),
      textElement('tax', formatAmount(0n)),
      textElement('total', formatAmount(total)),
      textElement('owing', formatAmount(voided ? 0n : total)),
      textElement('paid', formatAmount(0n)),
    ]),
    element('payments'),
    element('lineitems'),
  ])
}
