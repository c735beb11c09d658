import { json } from '../../../http/answer.ts'
import type { AddResource } from '../shell.ts'
import { encodeTax } from '../taxes/routes.ts'
import { id } from '../wire.ts'

/** What a till asks for first: the account and its taxes (specs/inventorum.md 11.7). */
export function addInfo(add: AddResource): void {
  add('/api/info/', {
    family: 'v1',
    methods: {
      GET: async ({ services, caller }) => {
        const { merchant } = caller
        const taxTypes = await services.inventorum.taxes.list(caller)
        return json(200, {
          tax_types: taxTypes.map(encodeTax),
          account: {
            id: id(merchant.id),
            name: merchant.name,
            store_name: merchant.name,
            country: merchant.country,
            email: caller.email ?? null,
          },
        })
      },
    },
  })
}
