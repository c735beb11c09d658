import type { RefusalCode } from '../../errors.ts'
import type { Answer } from '../../http/answer.ts'
import { toFailure } from '../../http/failure.ts'
import { element, type Markup, textElement, xmlDocument } from '../../wire/xml.ts'

/** Every error this dialect can say, with its status and its one sentence (specs/lightspeed-onsite.md 6). */
export const ERRORS = {
  'server.malformed_xml': [400, 'The request is not a well-formed XML document.'],
  'server.unexpected_element': [400, 'The document has an element that does not belong there.'],
  'server.read_only_field': [400, 'This element can only be read.'],
  'server.missing_field': [400, 'A required element is missing or empty.'],
  'server.invalid_value': [400, 'This value is not allowed here.'],
  'server.conflicting_fields': [400, 'These elements exclude or contradict each other.'],
  'server.invalid_filter': [400, 'The filter cannot be understood.'],
  'server.invalid_parameter': [400, 'This parameter has no such value.'],
  'auth.unknown_application': [401, 'The application is not known here.'],
  'auth.invalid_credentials': [401, 'The user name or the password is wrong.'],
  'auth.read_only_application': [403, 'This application may only read.'],
  'auth.no_seats': [403, 'All seats are taken.'],
  'server.malformed_url': [403, 'The address cannot be understood.'],
  'server.not_found': [404, 'There is nothing at this address.'],
  'server.method_not_allowed': [405, 'This resource does not support the method.'],
  'server.unknown_reference': [406, 'What this element refers to does not exist.'],
  'gift_cards.not_a_gift_card_product': [406, 'The product is not a current gift card product.'],
  'gift_cards.duplicate_serial_number': [
    406,
    'A gift card with this serial number already exists.',
  ],
  'gift_cards.invoice_voided': [406, 'The invoice is voided.'],
  'gift_cards.not_allowed': [406, 'The gift card does not allow this now.'],
  'products.duplicate_code': [406, 'A product with this code already exists.'],
  'server.body_too_large': [413, 'The request body is too large.'],
  'server.internal_error': [500, 'Something went wrong on the server.'],
  'server.unavailable': [503, 'The server cannot answer now. Try again.'],
} as const satisfies Readonly<Record<string, readonly [status: number, message: string]>>

export type ErrorType = keyof typeof ERRORS

/** What an error is about: the name of an element or parameter, and its offending text. */
export type ErrorField = readonly [name: string, value: string]

/** A protocol error on its way out; thrown by this dialect's readers only. */
export class OnSiteError extends Error {
  override readonly name = 'OnSiteError'
  readonly type: ErrorType
  readonly fields: readonly ErrorField[]

  constructor(type: ErrorType, ...fields: readonly ErrorField[]) {
    super(type)
    this.type = type
    this.fields = fields
  }

  get status(): number {
    return ERRORS[this.type][0]
  }
}

const FIELD_LENGTH_MAX = 200
const cut = (text: string): string => [...text].slice(0, FIELD_LENGTH_MAX).join('')

/** `gift_cards.duplicate_serial_number` is of class `giftcards.DuplicateSerialNumber`. */
function classOf(type: ErrorType): string {
  const [module = '', name = ''] = type.split('.')
  const camel = name.replace(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase())
  return `${module.replaceAll('_', '')}.${camel}`
}

/** The error body. Clients read `type` and `traceback`; the latter stays empty, always. */
export function errorDocument(type: ErrorType, fields: readonly ErrorField[] = []): string {
  const listed: Markup[] = fields.map(([name, value]) =>
    textElement('field', cut(value), { name: cut(name) }),
  )
  return xmlDocument(
    element('error', { class: classOf(type), type }, [
      element('localizable_message', { type }, [element('fields', {}, listed)]),
      textElement('message', ERRORS[type][1]),
      element('traceback'),
    ]),
  )
}

/** A verb that the resource lacks, with those it has. */
export class MethodNotAllowed extends OnSiteError {
  readonly allow: string

  constructor(allow: string) {
    super('server.method_not_allowed')
    this.allow = allow
  }
}

/** Refusals of the core. Most are of verbs that OnSite does not have; they have a word all the same. */
const REFUSALS = {
  card_not_found: 'server.not_found',
  code_taken: 'gift_cards.duplicate_serial_number',
  card_blocked: 'gift_cards.not_allowed',
  card_closed: 'gift_cards.not_allowed',
  card_expired: 'gift_cards.not_allowed',
  card_not_blocked: 'gift_cards.not_allowed',
  card_not_empty: 'gift_cards.not_allowed',
  insufficient_value: 'gift_cards.not_allowed',
  balance_too_large: 'server.invalid_value',
  amount_invalid: 'server.invalid_value',
  currency_mismatch: 'gift_cards.not_allowed',
  testmode_mismatch: 'gift_cards.not_allowed',
  entry_not_found: 'server.not_found',
  entry_not_reversible: 'gift_cards.not_allowed',
  reversal_exceeds_original: 'gift_cards.not_allowed',
  hold_not_found: 'server.not_found',
  hold_ended: 'gift_cards.not_allowed',
  hold_not_owned: 'gift_cards.not_allowed',
  capture_exceeds_hold: 'gift_cards.not_allowed',
  busy: 'server.unavailable',
  overloaded: 'server.unavailable',
} as const satisfies Record<RefusalCode, ErrorType>

/** Any error in OnSite's words; `isDefect` says that it must be logged. */
export function answerFor(error: unknown): { readonly answer: Answer; readonly isDefect: boolean } {
  if (error instanceof OnSiteError)
    return { answer: errorAnswer(error.type, error.fields, headersOf(error)), isDefect: false }
  const failure = toFailure(error)
  switch (failure.kind) {
    case 'refusal':
      return { answer: errorAnswer(REFUSALS[failure.refusal.code]), isDefect: false }
    case 'client':
      return {
        answer: errorAnswer(
          failure.status === 413 ? 'server.body_too_large' : 'server.malformed_xml',
        ),
        isDefect: false,
      }
    case 'unavailable':
      return { answer: errorAnswer('server.unavailable'), isDefect: true }
    case 'defect':
      return { answer: errorAnswer('server.internal_error'), isDefect: true }
  }
}

function headersOf(error: OnSiteError): Record<string, string> {
  if (error instanceof MethodNotAllowed) return { allow: error.allow }
  return error.status === 401 ? { 'www-authenticate': 'Basic realm="LightSpeed"' } : {}
}

const errorAnswer = (
  type: ErrorType,
  fields: readonly ErrorField[] = [],
  headers: Record<string, string> = {},
): Answer => ({
  status: ERRORS[type][0],
  headers: {
    'content-type': XML_TYPE,
    ...(type === 'server.unavailable' ? { 'retry-after': '1' } : {}),
    ...headers,
  },
  body: errorDocument(type, fields),
})

/** Without the charset some clients read Latin-1. */
export const XML_TYPE = 'application/xml; charset=utf-8'
