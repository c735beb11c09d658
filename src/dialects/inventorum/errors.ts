import type { RefusalCode } from '../../errors.ts'
import { type Answer, json } from '../../http/answer.ts'
import { type Failure, toFailure } from '../../http/failure.ts'
import { type Findable, ShopError, type ShopProblem } from '../../services/inventorum-problems.ts'
import type { Faults } from '../../wire/fields.ts'
import { InvalidInput } from './decode.ts'
import { FormError } from './multipart.ts'
import { ELEMENTS, faultsOf } from './problems.ts'

/** Two families of endpoints differ in how they spell an error (specs/inventorum.md 1.1, 1.9). */
export type Family = 'v1' | 'v2'

/** Bodies that carry nothing but `detail`, in either family. */
export const detail = (
  status: number,
  text: string,
  headers: Record<string, string> = {},
): Answer => json(status, { detail: text }, headers)

/** An answer on its way out of whatever was being done. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly answer: (family: Family) => Answer

  constructor(answer: (family: Family) => Answer) {
    super('answered')
    this.answer = answer
  }
}

/** Ends the exchange with an answer that is the same in both families. */
export function fail(answer: Answer): never {
  throw new Problem(() => answer)
}

/** Ends the exchange: there is nothing there. */
export function failNotFound(text = 'Not found.'): never {
  throw new Problem((family) => notFound(family, text))
}

const notFound = (family: Family, text: string, key = 'common.unknown'): Answer =>
  family === 'v2'
    ? detail(404, text)
    : json(404, { detail: text, error: { fields: {}, description: null, key } })

const KEYS: Partial<Record<Findable, string>> = {
  product: 'product.not_found',
  order: 'order.not_found',
}

const SERIALIZATION = 'Serialization error'

/** Field errors; the older family wraps them and mirrors them at the top. */
function invalid(
  family: Family,
  faults: Faults | readonly Faults[],
  text = SERIALIZATION,
  key = 'common.serializer_error',
): Answer {
  if (family === 'v2') return json(400, faults)
  return json(400, {
    detail: text,
    error: { fields: faults, description: text, key },
    ...(Array.isArray(faults) ? {} : faults),
  })
}

function shopAnswer(family: Family, problems: readonly ShopProblem[]): Answer {
  for (const problem of problems) {
    if (problem.code === 'not_found') return notFound(family, 'Not found.', KEYS[problem.what])
    if (problem.code === 'order_not_open' || problem.code === 'order_not_completed') {
      const faults = faultsOf([problem])
      const [text] = Object.values(faults).flat()
      return invalid(family, faults, String(text), 'order.invalid_state')
    }
  }
  return invalid(family, elementsOrFields(faultsOf(problems)))
}

/** Faults of a body that is a list go out as a list. */
export const elementsOrFields = (faults: Faults): Faults | readonly Faults[] => {
  const elements = faults[ELEMENTS]
  return Array.isArray(elements) ? (elements as readonly Faults[]) : faults // Placed by `addFault`.
}

const BUSY = 'The server is busy. Please try again.'
const INACTIVE = { non_field_errors: ['Gift card is not active.'] }
const VALUE = { non_field_errors: ['Gift card has no remaining value.'] }

/** Refusals of the ledger that the shop's own rules do not catch before. */
const REFUSALS = {
  card_not_found: [404, {}],
  code_taken: [400, { redeem_code: ['Redeem code already exists.'] }],
  card_blocked: [400, INACTIVE],
  card_closed: [400, INACTIVE],
  card_expired: [400, { non_field_errors: ['Gift card has expired.'] }],
  card_not_blocked: [400, INACTIVE],
  card_not_empty: [400, { non_field_errors: ['Gift card has a remaining value.'] }],
  insufficient_value: [400, VALUE],
  balance_too_large: [400, { non_field_errors: ['Gift card value is too large.'] }],
  amount_invalid: [400, { amount: ['A valid number is required.'] }],
  currency_mismatch: [404, {}],
  testmode_mismatch: [404, {}],
  entry_not_found: [404, {}],
  entry_not_reversible: [400, VALUE],
  reversal_exceeds_original: [400, VALUE],
  hold_not_found: [404, {}],
  hold_ended: [400, VALUE],
  hold_not_owned: [400, VALUE],
  capture_exceeds_hold: [400, VALUE],
  busy: [503, {}],
  overloaded: [503, {}],
} as const satisfies Record<RefusalCode, readonly [number, Faults]>

/** Any error in this protocol's words; `isDefect` says that it must be logged. */
export function answerFor(
  error: unknown,
  family: Family,
): { readonly answer: Answer; readonly isDefect: boolean } {
  const told = (answer: Answer) => ({ answer, isDefect: false })
  if (error instanceof Problem) return told(error.answer(family))
  if (error instanceof InvalidInput) return told(invalid(family, error.faults))
  if (error instanceof ShopError) return told(shopAnswer(family, error.problems))
  if (error instanceof FormError) return told(detail(400, error.message))
  const failure: Failure = toFailure(error)
  switch (failure.kind) {
    case 'refusal': {
      const [status, faults] = REFUSALS[failure.refusal.code]
      if (status === 404) return told(notFound(family, 'Not found.'))
      if (status === 503) return told(detail(503, BUSY, { 'retry-after': '1' }))
      return told(invalid(family, faults))
    }
    case 'client':
      return told(
        detail(
          failure.status,
          failure.status === 413 ? 'Request body too large.' : 'Malformed request.',
        ),
      )
    case 'unavailable':
      return { answer: detail(503, BUSY, { 'retry-after': '5' }), isDefect: true }
    case 'defect':
      return { answer: detail(500, 'Internal server error.'), isDefect: true }
  }
}
