import { type Answer, json } from '../../../http/answer.ts'
import { scopesOf } from '../auth.ts'
import type { Exchange, Route } from '../exchange.ts'
import { encodeId } from '../ids.ts'

/** Whose token this is and what it may do. */
async function get({ principal }: Exchange): Promise<Answer> {
  const { credentialId, name, email, merchant } = principal
  return json(200, {
    data: {
      user: { id: encodeId('user', credentialId), name, email: email ?? null },
      business: {
        id: encodeId('business', merchant.id),
        name: merchant.name,
        reference: merchant.slug,
      },
      scopes: scopesOf(principal),
    },
  })
}

export const whoamiRoutes: readonly Route[] = [
  { method: 'GET', path: 'whoami', scopes: [], handle: get },
]
