import { type Answer, empty, json } from '../../../http/answer.ts'
import type { PrecodedCard } from '../../../services/inventorum-precoded-rows.ts'
import { InvalidInput, listFaults } from '../decode.ts'
import { elementsOrFields } from '../errors.ts'
import { pageAnswer, slicePage } from '../paging.ts'
import { ELEMENTS, faultsOf } from '../problems.ts'
import type { AddResource, Call } from '../shell.ts'
import { id } from '../wire.ts'
import { decodePrecodedChanges, decodePrecodedList, toPrecodedDraft } from './decode.ts'

/** Pre-coded cards below their template (specs/inventorum.md 3). */
export function addPrecoded(add: AddResource): void {
  const base = '/api/v2/giftcards/:product(^\\d+$)/pre_coded/'
  add(base, { family: 'v2', methods: { GET: list, POST: create } })
  add(`${base}:card/`, {
    family: 'v2',
    methods: {
      GET: retrieve,
      PUT: (call) => update(call, 'PUT'),
      PATCH: (call) => update(call, 'PATCH'),
      DELETE: remove,
    },
  })
}

/** Ten of them whatever the real length, so that not even that is told. */
const MASKED_CODE = 'xxxxxxxxxx'

/** The real code is shown once the card is issued, never before. */
const encodePrecoded = ({ id: cardId, issuedCode, cardCode, productId }: PrecodedCard) => ({
  id: id(cardId),
  redeem_code: issuedCode ?? MASKED_CODE,
  card_code: cardCode,
  is_issued: issuedCode !== undefined,
  product: id(productId),
})

async function create(call: Call): Promise<Answer> {
  const { precoded } = call.services.inventorum
  const productId = call.id('product')
  await precoded.assertTemplate(call.caller, productId)
  const read = decodePrecodedList(call.body())
  const faults = listFaults(read.map((element) => element.faults))
  if (faults) {
    const values = read.map((element) => element.values)
    const problems = await precoded.findProblems(call.caller, productId, values)
    throw new InvalidInput(elementsOrFields(faultsOf(problems, { [ELEMENTS]: faults })))
  }
  const drafts = read.map(({ values }) => toPrecodedDraft(values))
  const cards = await precoded.add(call.caller, productId, drafts)
  return json(200, cards.map(encodePrecoded))
}

async function list(call: Call): Promise<Answer> {
  const { precoded, productViews } = call.services.inventorum
  const productId = call.id('product')
  await productViews.get(call.caller, productId, 'template')
  const count = await precoded.count(call.caller, productId)
  const page = slicePage(call, count)
  const cards = await precoded.list(call.caller, productId, page)
  return pageAnswer(call, count, page, cards.map(encodePrecoded))
}

async function retrieve(call: Call): Promise<Answer> {
  const { precoded } = call.services.inventorum
  const card = await precoded.get(call.caller, call.id('product'), call.id('card'))
  return json(200, encodePrecoded(card))
}

async function update(call: Call, method: 'PUT' | 'PATCH'): Promise<Answer> {
  const { precoded } = call.services.inventorum
  const [productId, cardId] = [call.id('product'), call.id('card')]
  await precoded.get(call.caller, productId, cardId)
  const { values, faults } = decodePrecodedChanges(call.body(), method)
  if (Object.keys(faults).length > 0)
    throw new InvalidInput(
      faultsOf(await precoded.findChangeProblems(call.caller, productId, cardId, values), faults),
    )
  return json(200, encodePrecoded(await precoded.update(call.caller, productId, cardId, values)))
}

async function remove(call: Call): Promise<Answer> {
  const { precoded } = call.services.inventorum
  await precoded.remove(call.caller, call.id('product'), call.id('card'))
  return empty(204)
}
