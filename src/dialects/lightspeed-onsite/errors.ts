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
