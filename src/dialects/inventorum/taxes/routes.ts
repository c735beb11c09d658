import { json } from '../../../http/answer.ts'
import type { TaxType } from '../../../services/inventorum-taxes.ts'
import type { AddResource } from '../shell.ts'
import { fixed3, id } from '../wire.ts'
import { decodeTax } from './decode.ts'

/** Tax types of the account (specs/inventorum.md 11.1); the list is a plain array. */
export function addTaxes(add: AddResource): void {
  add('/api/taxes/', {
    family: 'v1',
    methods: {
      GET: async ({ services, caller }) =>
        json(200, (await services.inventorum.taxes.list(caller)).map(encodeTax)),
      POST: async ({ services, caller, body }) => {
        const { name, rate } = decodeTax(body())
        return json(200, encodeTax(await services.inventorum.taxes.create(caller, name, rate)))
      },
    },
  })
  add('/api/taxes/:id/', {
    family: 'v1',
    methods: {
      GET: async ({ services, caller, id }) =>
        json(200, encodeTax(await services.inventorum.taxes.get(caller, id('id')))),
      PUT: async ({ services, caller, id, body }) => {
        const taxTypeId = id('id')
        await services.inventorum.taxes.get(caller, taxTypeId)
        const { name, rate } = decodeTax(body())
        return json(
          200,
          encodeTax(await services.inventorum.taxes.update(caller, taxTypeId, name, rate)),
        )
      },
    },
  })
}

export const encodeTax = ({ id: taxTypeId, name, rate }: TaxType) => ({
  id: id(taxTypeId),
  name,
  tax_rate: fixed3(rate),
})
