import { type Answer, empty, json } from '../../../http/answer.ts'
import type { Product } from '../../../services/inventorum-product-views.ts'
import { InvalidInput } from '../decode.ts'
import { pageAnswer, slicePage } from '../paging.ts'
import { faultsOf } from '../problems.ts'
import { encodeCompact, encodeProduct } from '../products/encode.ts'
import type { AddResource, Call } from '../shell.ts'
import { decodeTemplate, decodeTemplateChanges, type TemplateRead } from './decode.ts'
import { elide, readFilter, readOrdering } from './query.ts'

/** Gift card templates (specs/inventorum.md 2). */
export function addGiftCards(add: AddResource): void {
  add('/api/v2/giftcards/', { family: 'v2', methods: { GET: list, POST: create } })
  // Digits only: a code is never taken for an id, nor an id for a word.
  add('/api/v2/giftcards/:product(^\\d+$)/', {
    family: 'v2',
    methods: { GET: retrieve, PUT: update, PATCH: update, DELETE: remove },
  })
}

async function create(call: Call): Promise<Answer> {
  const read = decodeTemplate(call.body(), call.zone)
  const draft = await commandOf(call, read)
  const product = await call.services.inventorum.products.create(call.caller, draft)
  const { dateText } = read
  return json(
    201,
    encodeProduct(product, shown(call), {
      isNew: true,
      ...(dateText === undefined ? {} : { dateText }),
    }),
  )
}

async function list(call: Call): Promise<Answer> {
  const { productViews } = call.services.inventorum
  const filter = readFilter(call.query)
  const count = await productViews.count(call.caller, filter)
  const page = slicePage(call, count)
  const products = await productViews.list(call.caller, filter, readOrdering(call.query), page)
  return pageAnswer(
    call,
    count,
    page,
    products.map((product) => elide(encodeCompact(product, shown(call)), call.query)),
  )
}

async function retrieve(call: Call): Promise<Answer> {
  const product = await find(call)
  return json(200, elide(encodeCompact(product, shown(call)), call.query))
}

async function update(call: Call): Promise<Answer> {
  await find(call)
  const changes = await commandOf(call, decodeTemplateChanges(call.body(), call.zone))
  const { products } = call.services.inventorum
  const product = await products.update(call.caller, call.id('product'), 'template', changes)
  return json(200, encodeCompact(product, shown(call), { isChanged: true }))
}

async function remove(call: Call): Promise<Answer> {
  await call.services.inventorum.products.remove(call.caller, call.id('product'), 'template')
  return empty(204)
}

const find = (call: Call): Promise<Product> =>
  call.services.inventorum.productViews.get(call.caller, call.id('product'), 'template')

const shown = ({ caller, base }: Call) => ({ accountId: caller.merchant.id, base })

/** What a body asks for; if anything is wrong with it, ids that do not exist are told along. */
async function commandOf<T>(
  { services, caller }: Call,
  { command, fields, references }: TemplateRead<T>,
): Promise<T> {
  if (command !== undefined) return command
  const unknown = await services.inventorum.products.findUnknown(caller, references)
  throw new InvalidInput(faultsOf(unknown, fields.faults))
}
