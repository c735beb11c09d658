import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseXml } from '../../wire/xml.ts'
import { ERRORS, type ErrorType, errorDocument } from './errors.ts'

it('an error is the documented document, compact', () => {
  assert.equal(
    errorDocument('gift_cards.duplicate_serial_number', [['serial_number', 'TEA-0042']]),
    "<?xml version='1.0' encoding='UTF-8'?>\n" +
      '<error class="giftcards.DuplicateSerialNumber" type="gift_cards.duplicate_serial_number">' +
      '<localizable_message type="gift_cards.duplicate_serial_number">' +
      '<fields><field name="serial_number">TEA-0042</field></fields></localizable_message>' +
      '<message>A gift card with this serial number already exists.</message><traceback/></error>',
  )
})

it('an error with nothing to say has empty fields', () => {
  assert.match(errorDocument('server.internal_error'), /<fields\/>/)
})

it('an offending value is escaped and cut to 200 characters', () => {
  const body = errorDocument('server.invalid_value', [['note', `<&${'😀'.repeat(300)}`]])
  const field = parseXml(Buffer.from(body)).children[0]?.children[0]?.children[0]
  assert.equal(field?.text, `<&${'😀'.repeat(198)}`)
})

it('every type has a class, a message and the status that the specification gives it', () => {
  const statuses: Readonly<Record<string, readonly string[]>> = {
    400: [
      ...['malformed_xml', 'unexpected_element', 'read_only_field', 'missing_field'],
      ...['invalid_value', 'conflicting_fields', 'invalid_filter', 'invalid_parameter'],
    ].map((name) => `server.${name}`),
    401: ['auth.unknown_application', 'auth.invalid_credentials'],
    403: ['auth.read_only_application', 'auth.no_seats', 'server.malformed_url'],
    404: ['server.not_found'],
    405: ['server.method_not_allowed'],
    406: [
      'server.unknown_reference',
      'gift_cards.not_a_gift_card_product',
      'gift_cards.duplicate_serial_number',
      'gift_cards.invoice_voided',
    ],
    413: ['server.body_too_large'],
    500: ['server.internal_error'],
    503: ['server.unavailable'],
  }
  for (const [status, types] of Object.entries(statuses))
    for (const type of types) {
      assert.equal(ERRORS[type as ErrorType][0], Number(status), type)
      const root = parseXml(Buffer.from(errorDocument(type as ErrorType)))
      assert.match(root.attributes.get('class') ?? '', /^[a-z]+\.[A-Z][A-Za-z]+$/)
      assert.equal(root.attributes.get('type'), type)
      assert.deepEqual(
        root.children.map(({ name }) => name),
        ['localizable_message', 'message', 'traceback'],
      )
      assert.notEqual(root.children[1]?.text, '')
      assert.equal(root.children[2]?.text, '')
    }
})
