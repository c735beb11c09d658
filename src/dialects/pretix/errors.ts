import type { RefusalCode } from '../../errors.ts'
import { type Answer, json } from '../../http/answer.ts'
import { type Failure, toFailure } from '../../http/failure.ts'
import type { Faults, FaultValue } from '../../wire/fields.ts'

/** pretix's general error body. */
export const detail = (
  status: number,
  text: string,
  headers: Record<string, string> = {},
): Answer => json(status, { detail: text }, headers)

export const notFound = (text = 'Not found.'): Answer => detail(404, text)
export const forbidden = (): Answer =>
  detail(403, 'You do not have permission to perform this action.')
export const unauthorized = (text: string): Answer =>
  detail(401, text, { 'www-authenticate': 'Token' })
/** Field errors by name, or a bare list where the call has no fields of its own. */
export const invalid = (faults: Faults | FaultValue): Answer => json(400, faults)

/** An answer on its way out of whatever was being done. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly answer: Answer

  constructor(answer: Answer) {
    super(`${answer.status}`)
    this.answer = answer
  }
}

/** Ends the exchange with this answer. */
export function fail(answer: Answer): never {
  throw new Problem(answer)
}

const TOO_BUSY = 'The server was too busy to process your request. Please try again.'
const NO_CREDIT = 'The gift card does not have sufficient credit for this operation.'
/** Each refusal's status and body (specs/pretix-giftcards.md 5.2, 8; contract.md section 4). */
const REFUSALS = {
  card_not_found: [404, { detail: 'No GiftCard matches the given query.' }],
  code_taken: [
    400,
    {
      secret: [
        'A gift card with the same secret already exists in your or an affiliated organizer account.',
      ],
    },
  ],
  card_blocked: [409, { value: ['The gift card is not active.'] }],
  card_closed: [409, { value: ['The gift card is not active.'] }],
  card_expired: [409, { value: ['This gift card is no longer valid.'] }],
  card_not_blocked: [409, { value: ['The gift card is active.'] }],
  card_not_empty: [409, { value: ['The gift card still has credit.'] }],
  insufficient_value: [409, { value: [NO_CREDIT] }],
  balance_too_large: [400, ['Ensure that there are no more than 13 digits in total.']],
  amount_invalid: [400, { value: ['A valid number is required.'] }],
  currency_mismatch: [400, { detail: 'This gift card does not support this currency.' }],
  testmode_mismatch: [400, { detail: 'This gift card can only be used in test mode.' }],
  entry_not_found: [404, { detail: 'No GiftCardTransaction matches the given query.' }],
  entry_not_reversible: [400, { detail: 'Invalid state of payment.' }],
  reversal_exceeds_original: [400, { amount: ['Invalid refund amount.'] }],
  hold_not_found: [404, { detail: 'Not found.' }],
  hold_ended: [409, { value: ['The reservation has ended.'] }],
  hold_not_owned: [403, { detail: 'You do not have permission to perform this action.' }],
  capture_exceeds_hold: [409, { value: [NO_CREDIT] }],
  busy: [409, { detail: TOO_BUSY }],
  overloaded: [503, { detail: TOO_BUSY }],
} as const satisfies Record<RefusalCode, readonly [number, unknown]>

/** Any error in pretix's words; `isDefect` says that it must be logged. */
export function answerFor(error: unknown): { readonly answer: Answer; readonly isDefect: boolean } {
  if (error instanceof Problem) return { answer: error.answer, isDefect: false }
  const failure: Failure = toFailure(error)
  switch (failure.kind) {
    case 'refusal': {
      const { code } = failure.refusal
      const [status, body] = REFUSALS[code]
      const retry = code === 'busy' || code === 'overloaded' ? { 'retry-after': '5' } : {}
      return { answer: json(status, body, retry), isDefect: false }
    }
    case 'client':
      return {
        answer: detail(
          failure.status,
          failure.status === 413 ? 'Request body too large.' : 'Bad request.',
        ),
        isDefect: false,
      }
    case 'unavailable':
      return { answer: detail(503, TOO_BUSY, { 'retry-after': '5' }), isDefect: true }
    case 'defect':
      return { answer: detail(500, 'Internal server error.'), isDefect: true }
  }
}
