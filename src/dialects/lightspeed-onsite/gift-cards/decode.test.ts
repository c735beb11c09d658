import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type ErrorType, OnSiteError } from '../errors.ts'
import { type CardOrder, decodeCard, openingOf } from './decode.ts'

const EUROS = { currency: 'EUR', generatesSerials: false }
const decode = (text: string | Uint8Array, rules = EUROS): CardOrder =>
  decodeCard(typeof text === 'string' ? Buffer.from(text) : text, rules)
const BASE = '<product id="27"/><serial_number>TEA-0042</serial_number>'
const card = (inside: string): string => `<gift_card>${inside}</gift_card>`
const withBase = (inside: string): string => card(BASE + inside)
const credit = (text: string): string => withBase(`<totals><credit>${text}</credit></totals>`)

const refused = (
  text: string | Uint8Array,
  type: ErrorType,
  name?: string,
  rules: typeof EUROS = EUROS,
): void =>
  assert.throws(
    () => decode(text, rules),
    (error) => {
      assert.ok(error instanceof OnSiteError, String(error))
      assert.equal(error.type, type)
      if (name !== undefined) assert.equal(error.fields[0]?.[0], name)
      return true
    },
  )

const BARE = {
  productId: 27n,
  serial: 'TEA-0042',
  invoiceId: undefined,
  sourceId: '',
  userId: undefined,
  active: true,
  note: '',
  credit: 0n,
  used: 0n,
}

describe('a card order', () => {
  it('needs a product and a serial only', () => assert.deepEqual(decode(withBase('')), BARE))

  it('takes the documented example', () => {
    assert.deepEqual(
      decode(`<?xml version='1.0' encoding='UTF-8'?>
        <gift_card>
          <invoice id="310"/>
          <product id="27"/>
          <serial_number>TEA-0042</serial_number>
          <note>Birthday counter</note>
          <totals><credit>60</credit></totals>
        </gift_card>`),
      { ...BARE, invoiceId: 310n, note: 'Birthday counter', credit: 6_000_000n },
    )
  })

  it('takes the import of a half-used card', () => {
    assert.deepEqual(
      decode(`<gift_card>
        <source_id>oldpos/8812</source_id><product id="27"/><serial_number>00731</serial_number>
        <flags><active>False</active></flags><user id="5"/>
        <totals><used>12.50</used><credit>37.50</credit><total>50.00</total></totals></gift_card>`),
      {
        ...BARE,
        serial: '00731',
        sourceId: 'oldpos/8812',
        active: false,
        userId: 5n,
        credit: 3_750_000n,
        used: 1_250_000n,
      },
    )
  })

  it('takes elements in any order, CDATA, comments, prefixes and foreign attributes', () => {
    assert.deepEqual(
      decode(
        '<x:gift_card xmlns:x="urn:x" uri="/gift_cards/9/" id="9" full_render="true"><!-- c -->' +
          '<note><![CDATA[a & b]]></note><serial_number kind="code39"> TEA-0042 </serial_number>' +
          '<x:product id=" 27 " uri="/products/27/">GIFT</x:product></x:gift_card>',
      ),
      { ...BARE, note: 'a & b' },
    )
  })

  it('takes empty elements for absent ones', () => {
    assert.deepEqual(
      decode(
        withBase('<invoice/><user id=""/><source_id> </source_id><note/><flags/><totals></totals>'),
      ),
      BARE,
    )
    assert.equal(decode(withBase('<invoice id=""/><source_id>x</source_id>')).sourceId, 'x')
    assert.equal(decode(withBase('<invoice id="3"/><source_id/>')).invoiceId, 3n)
  })

  it('takes text exactly as long as allowed', () => {
    const text = withBase(
      `<note>${'😀'.repeat(2_000)}</note><source_id>${'é'.repeat(255)}</source_id>`,
    )
    assert.equal([...decode(text).note].length, 2_000)
    refused(withBase(`<note>${'x'.repeat(2_001)}</note>`), 'server.invalid_value', 'note')
    refused(
      withBase(`<source_id>${'x'.repeat(256)}</source_id>`),
      'server.invalid_value',
      'source_id',
    )
  })

  it('leaves the serial to the server where that generates them', () => {
    const on = { currency: 'EUR', generatesSerials: true }
    assert.equal(decode(card('<product id="27"/>'), on).serial, undefined)
    assert.equal(
      decode(card('<product id="27"/><serial_number> </serial_number>'), on).serial,
      undefined,
    )
    refused(withBase(''), 'server.conflicting_fields', 'serial_number', on)
  })

  it('keeps to the coins of the currency', () => {
    const yen = { currency: 'JPY', generatesSerials: false }
    assert.equal(decode(credit('60.00'), yen).credit, 6_000_000n)
    refused(credit('60.50'), 'server.invalid_value', 'credit', yen)
  })
})

describe('the bad input matrix', () => {
  const cases: readonly (readonly [string, string | Uint8Array, ErrorType, string?])[] = [
    ['an empty body', '', 'server.malformed_xml'],
    ['not xml', 'not xml', 'server.malformed_xml'],
    ['an unclosed tag', '<gift_card><product id="27"/>', 'server.malformed_xml'],
    ['two roots', '<gift_card/><gift_card/>', 'server.malformed_xml'],
    ['a DOCTYPE', `<!DOCTYPE gift_card>${withBase('')}`, 'server.malformed_xml'],
    [
      'an external DOCTYPE',
      `<!DOCTYPE gift_card SYSTEM "file:///etc/hostname">${withBase('')}`,
      'server.malformed_xml',
    ],
    [
      'a billion laughs',
      `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>${withBase('<note>&b;</note>')}`,
      'server.malformed_xml',
    ],
    ['a custom entity', withBase('<note>&custom;</note>'), 'server.malformed_xml'],
    [
      'invalid UTF-8',
      Buffer.from(withBase('<note>\u00e9</note>'), 'latin1'),
      'server.malformed_xml',
    ],
    [
      'the encoding UTF-16',
      `<?xml version="1.0" encoding="UTF-16"?>${withBase('')}`,
      'server.malformed_xml',
    ],
    ['the root product', '<product id="27"/>', 'server.unexpected_element', 'product'],
    ['the root gift_cards', '<gift_cards/>', 'server.unexpected_element', 'gift_cards'],
    ['two products', withBase('<product id="27"/>'), 'server.unexpected_element', 'product'],
    ['a colour', withBase('<colour>red</colour>'), 'server.unexpected_element', 'colour'],
    ['an unknown flag', withBase('<flags><sold/></flags>'), 'server.unexpected_element', 'sold'],
    ['an element in a scalar', withBase('<note><b/></note>'), 'server.unexpected_element', 'b'],
    ['an element in a reference', withBase('<user><b/></user>'), 'server.unexpected_element', 'b'],
    [
      'an element named like a property of every object',
      withBase('<constructor/>'),
      'server.unexpected_element',
      'constructor',
    ],
    [
      'created',
      withBase('<created>2026-01-01T00:00:00.000000</created>'),
      'server.read_only_field',
      'created',
    ],
    ['modified', withBase('<modified/>'), 'server.read_only_field', 'modified'],
    ['gift_card_id', withBase('<gift_card_id>G-1</gift_card_id>'), 'server.read_only_field'],
    ['history_entries', withBase('<history_entries/>'), 'server.read_only_field'],
    ['no product', card('<serial_number>1</serial_number>'), 'server.missing_field', 'product'],
    [
      'an empty product',
      card('<product/><serial_number>1</serial_number>'),
      'server.missing_field',
    ],
    ['a product named abc', card('<product id="abc"/>'), 'server.invalid_value', 'product'],
    ['a negative product', card('<product id="-1"/>'), 'server.invalid_value', 'product'],
    ['a product of 16 digits', card('<product id="1000000000000000"/>'), 'server.invalid_value'],
    ['an invoice named abc', withBase('<invoice id="abc"/>'), 'server.invalid_value', 'invoice'],
    [
      'invoice and source',
      withBase('<invoice id="3"/><source_id>x</source_id>'),
      'server.conflicting_fields',
      'invoice',
    ],
    ['no serial', card('<product id="27"/>'), 'server.missing_field', 'serial_number'],
    [
      'an empty serial',
      card('<product id="27"/><serial_number/>'),
      'server.missing_field',
      'serial_number',
    ],
    [
      'a serial of 65 characters',
      card(`<product id="27"/><serial_number>${'x'.repeat(65)}</serial_number>`),
      'server.invalid_value',
      'serial_number',
    ],
    [
      'a serial with a tab inside',
      card('<product id="27"/><serial_number>a\tb</serial_number>'),
      'server.invalid_value',
      'serial_number',
    ],
    ...['10.005', '10.000', '1e3', '1,00', '', 'ten', '-1.00', '+1.00', '123456789', '25.000'].map(
      (text) =>
        [
          `a credit of ${text || 'nothing'}`,
          credit(text),
          'server.invalid_value',
          'credit',
        ] as const,
    ),
    ['used alone', withBase('<totals><used>1</used></totals>'), 'server.missing_field', 'total'],
    [
      'used and credit',
      withBase('<totals><used>1</used><credit>1</credit></totals>'),
      'server.missing_field',
      'total',
    ],
    [
      'used and total',
      withBase('<totals><used>1</used><total>1</total></totals>'),
      'server.missing_field',
      'credit',
    ],
    ['total alone', withBase('<totals><total>1</total></totals>'), 'server.missing_field', 'used'],
    [
      'credit and total',
      withBase('<totals><credit>1</credit><total>1</total></totals>'),
      'server.missing_field',
      'used',
    ],
    [
      '20 + 30 = 60',
      withBase('<totals><used>20</used><credit>30</credit><total>60</total></totals>'),
      'server.conflicting_fields',
      'total',
    ],
    [
      'active yes',
      withBase('<flags><active>yes</active></flags>'),
      'server.invalid_value',
      'active',
    ],
    ['an empty active', withBase('<flags><active/></flags>'), 'server.invalid_value', 'active'],
    ['an amount that no element holds', withBase('<totals>60</totals>'), 'server.invalid_value'],
  ]
  for (const [name, text, type, field] of cases) it(name, () => refused(text, type, field))
})

describe('of several faults', () => {
  it('a malformed document comes first', () =>
    refused('<gift_cards><colour></gift_cards>', 'server.malformed_xml'))

  it('then the root', () =>
    refused('<gift_cards><colour/></gift_cards>', 'server.unexpected_element', 'gift_cards'))

  it('then the elements, in document order, nested ones included', () => {
    refused(
      card('<created/><colour/><flags><active>yes</active></flags>'),
      'server.read_only_field',
      'created',
    )
    refused(
      card('<flags><active>yes</active></flags><colour/><created/>'),
      'server.invalid_value',
      'active',
    )
    refused(card('<product id="1"/><product id="x"/><created/>'), 'server.unexpected_element')
    refused(card('<totals><credit>x</credit></totals><colour/>'), 'server.invalid_value', 'credit')
  })

  it('then the rules across elements', () => {
    refused(card('<totals><credit>x</credit></totals>'), 'server.invalid_value', 'credit')
    refused(card('<totals><used>1</used></totals>'), 'server.missing_field', 'product')
  })
})

it('what a card opens with always closes: total = used + credit', () => {
  const cents = fc.bigInt({ min: 0n, max: 9_999_999_999n }).map((value) => value * 1_000n)
  fc.assert(
    fc.property(cents, cents, (used, credit) => {
      assert.deepEqual(openingOf({ used, credit, total: used + credit }), { used, credit })
      assert.throws(() => openingOf({ used, credit, total: used + credit + 1_000n }), OnSiteError)
    }),
  )
})
