import type { Answer } from '../../http/answer.ts'
import type { Origin } from '../../ledger/entry.ts'
import type { Remembered } from '../../ledger/group-commit.ts'
import type { Services } from '../../services/index.ts'
import type { Principal } from '../../services/merchants.ts'
import type { Body } from './body.ts'
import type { Pair } from './query.ts'

/** One authenticated request on its way through a resource. */
export type Exchange = {
  readonly services: Services
  readonly principal: Principal
  /** Path parameters, decoded; undefined where the escapes cannot be decoded. */
  readonly params: readonly (string | undefined)[]
  readonly pairs: readonly Pair[]
  /** `{}` for a method without one. */
  readonly body: Body
  /** The address as it was called, absolute, without its query. */
  readonly url: () => string
  /** With an `Idempotency-Key`: the answer that must be stored in the same commit as its effect. */
  readonly remember: ((answer: Answer) => Remembered) | undefined
}

/** One method of one path; a caller needs any one of the scopes, or none if the list is empty. */
export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below `/v5/`; a segment that begins with a colon is a parameter. */
  readonly path: string
  readonly scopes: readonly string[]
  readonly handle: (exchange: Exchange) => Promise<Answer>
}

/** Who books, as the ledger keeps it; `orderRef` is the Foodics id of an order. */
export const originOf = ({ credentialId, merchant }: Principal, orderRef?: string): Origin => ({
  protocol: 'foodics',
  credentialId,
  actingMerchantId: merchant.id,
  ...(orderRef === undefined ? {} : { orderRef }),
})
