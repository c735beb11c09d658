import type { RefusalCode } from '../../errors.ts'
import { type Answer, json } from '../../http/answer.ts'
import { toFailure } from '../../http/failure.ts'

/** Texts by field, as `errors` of a 422 carries them (specs/foodics.md 8). */
export type Faults = { readonly [field: string]: readonly string[] }

/** An answer other than success in this protocol's shape: `message`, and `errors` for a 422. */
export class FoodicsError extends Error {
  override readonly name = 'FoodicsError'
  readonly status: number
  readonly errors: Faults | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    message: string,
    { errors, headers = {} }: { errors?: Faults; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.status = status
    this.errors = errors
    this.headers = headers
  }
}

/** 400: bad syntax, or a filter, include or sort field that does not exist. */
export const badRequest = (message: string): FoodicsError => new FoodicsError(400, message)

/** 422 with every fault at once. */
export const unprocessable = (errors: Faults): FoodicsError =>
  new FoodicsError(422, 'The given data was invalid.', { errors })

/** 404 for a path that leads nowhere: no such route, or no such object for this business. */
export const notFound = (): FoodicsError => new FoodicsError(404, 'Not Found.')

export const methodNotAllowed = (allow: readonly string[]): FoodicsError =>
  new FoodicsError(405, 'Method Not Allowed.', { headers: { allow: allow.join(', ') } })

export const unauthenticated = (): FoodicsError => new FoodicsError(401, 'Unauthenticated.')

export const scopeMissing = (): FoodicsError => new FoodicsError(403, 'Invalid scope(s) provided.')

export const tooManyRequests = (retryAfterSeconds: number): FoodicsError =>
  new FoodicsError(429, 'Too Many Attempts.', {
    headers: { 'retry-after': String(retryAfterSeconds) },
  })

/** 409: the same `Idempotency-Key`, another request. */
export const keyReused = (): FoodicsError =>
  new FoodicsError(409, 'The idempotency key was already used for another request.')

/** Collects texts by field, in the order in which they were found. */
export class FaultList {
  readonly #faults = new Map<string, string[]>()

  add(field: string, text: string): void {
    const known = this.#faults.get(field)
    if (known) known.push(text)
    else this.#faults.set(field, [text])
  }

  has(field: string): boolean {
    return this.#faults.has(field)
  }

  get isEmpty(): boolean {
    return this.#faults.size === 0
  }

  toFaults(): Faults {
    return Object.fromEntries(this.#faults)
  }

  /** Refuses (422) if anything was found. */
  assertNone(): void {
    if (!this.isEmpty) throw unprocessable(this.toFaults())
  }
}

type Words =
  | { readonly field: string; readonly text: string }
  | { readonly status: number; readonly text: string; readonly retryAfter?: true }

const AMOUNT = 'amount'
const NO_CARD = { field: 'gift_card_id', text: 'The selected gift card is invalid.' } as const
const NOT_USABLE = { field: AMOUNT, text: 'The gift card is not active.' } as const
const NOT_SPOKEN = {
  status: 409,
  text: 'The request conflicts with the state of the gift card.',
} as const

/** Every refusal in this protocol's words; those it can never meet still have some. */
const REFUSALS: Readonly<Record<RefusalCode, Words>> = {
  card_not_found: NO_CARD,
  // Cards of another currency and test cards do not exist here (contract.md section 4).
  currency_mismatch: NO_CARD,
  testmode_mismatch: NO_CARD,
  code_taken: { field: 'gift_card.code', text: 'The gift card.code has already been taken.' },
  card_blocked: NOT_USABLE,
  card_closed: NOT_USABLE,
  card_expired: { field: AMOUNT, text: 'The gift card has expired.' },
  insufficient_value: { field: AMOUNT, text: 'The gift card balance is not sufficient.' },
  balance_too_large: {
    field: AMOUNT,
    text: 'The gift card balance may not be greater than 9999999999.99999.',
  },
  amount_invalid: { field: AMOUNT, text: 'The amount must not be zero.' },
  card_not_blocked: NOT_SPOKEN,
  card_not_empty: NOT_SPOKEN,
  entry_not_found: NOT_SPOKEN,
  entry_not_reversible: NOT_SPOKEN,
  reversal_exceeds_original: NOT_SPOKEN,
  hold_not_found: NOT_SPOKEN,
  hold_ended: NOT_SPOKEN,
  hold_not_owned: NOT_SPOKEN,
  capture_exceeds_hold: NOT_SPOKEN,
  busy: { status: 503, text: 'Service Unavailable.', retryAfter: true },
  overloaded: { status: 503, text: 'Service Unavailable.', retryAfter: true },
}

/** The framework's own 4xx, in these words. */
const CLIENT_TEXTS: Readonly<Record<number, string>> = {
  408: 'Request Timeout.',
  413: 'Payload Too Large.',
  431: 'Request Header Fields Too Large.',
}

function toFoodicsError(error: unknown): FoodicsError | 'defect' {
  if (error instanceof FoodicsError) return error
  const failure = toFailure(error)
  switch (failure.kind) {
    case 'refusal': {
      const words = REFUSALS[failure.refusal.code]
      if ('field' in words) return unprocessable({ [words.field]: [words.text] })
      const headers = words.retryAfter ? { 'retry-after': '1' } : {}
      return new FoodicsError(words.status, words.text, { headers })
    }
    case 'client':
      return new FoodicsError(failure.status, CLIENT_TEXTS[failure.status] ?? 'Bad Request.')
    case 'unavailable':
      return new FoodicsError(503, 'Service Unavailable.', { headers: { 'retry-after': '1' } })
    case 'defect':
      return 'defect'
  }
}

/** Any error as an answer; `report` hears of a defect, the caller nothing but 500. */
export function answerOf(error: unknown, report: (error: unknown) => void): Answer {
  const known = toFoodicsError(error)
  if (known === 'defect') {
    report(error)
    return json(500, { message: 'Server Error.' })
  }
  const { status, message, errors, headers } = known
  return json(status, errors ? { message, errors } : { message }, headers)
}
