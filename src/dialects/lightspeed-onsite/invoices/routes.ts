import { readChildren, readDocument, readOnly } from '../elements.ts'
import { OnSiteError } from '../errors.ts'
import type { FilterFields } from '../filter.ts'
import { decodeList, listAnswer, orderOf } from '../list.ts'
import { type Call, type Resources, xml } from '../shell.ts'
import { encodeInvoice, encodeSummary, invoiceUri } from './encode.ts'

const FILTER: FilterFields = {
  id: { kind: 'integer', field: 'id' },
  invoice_id: { kind: 'string', field: 'invoice_id' },
  datetime_created: { kind: 'datetime', field: 'datetime_created' },
  datetime_modified: { kind: 'datetime', field: 'datetime_modified' },
  posted: { kind: 'boolean', field: 'posted' },
  voided: { kind: 'boolean', field: 'voided' },
}
const FIELDS = { filter: FILTER, order: orderOf(FILTER) }

/** What a full invoice shows and nobody can send: a new one is blank. */
const READ_ONLY = Object.fromEntries(
  [
    ...['document_id', 'date_created', 'datetime_created', 'date_modified', 'datetime_modified'],
    ...['flags', 'invoice_id', 'invoice_customer', 'source', 'primary_user', 'secondary_user'],
    ...['invoice_status', 'totals', 'payments', 'lineitems'],
  ].map((name) => [name, readOnly]),
)

/** `invoices`, as far as gift cards refer to them (specs/lightspeed-onsite.md 9.4). */
export const invoices: Resources = {
  invoices: { GET: list, POST: create },
  'invoices/:id': {
    GET: async (call) => xml(200, encodeInvoice(call, await invoiceOf(call, call.id()))),
  },
}

async function list(call: Call) {
  const wish = decodeList(call.query, FIELDS, call.clock.zone)
  const { store } = call.context.services.lightspeed
  const { members, total } = await store.listInvoices(call.caller.merchant, wish)
  const encoded = members.map((invoice) => encodeSummary(call, invoice))
  return await listAnswer('invoices', encoded, { paged: wish.paged, total })
}

async function create(call: Call) {
  readChildren(readDocument(await call.body(), 'invoice'), READ_ONLY)
  const { merchant, userId } = call.caller
  const id = await call.context.services.lightspeed.store.addInvoice(merchant, userId)
  const invoice = await invoiceOf(call, id)
  return xml(201, encodeInvoice(call, invoice), { location: invoiceUri(call.base, id) })
}

async function invoiceOf({ context, caller }: Call, id: bigint) {
  const invoice = await context.services.lightspeed.store.findInvoice(caller.merchant, id)
  if (!invoice) throw new OnSiteError('server.not_found')
  return invoice
}
