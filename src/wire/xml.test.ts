import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  element,
  type Markup,
  parseXml,
  textElement,
  XML_LIMITS,
  type XmlElement,
  XmlError,
  xmlAttribute,
  xmlDocument,
  xmlTemplate,
  xmlText,
} from './xml.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const parse = (text: string): XmlElement => parseXml(bytes(text))
const refused = (body: string | Uint8Array): void =>
  assert.throws(() => parseXml(typeof body === 'string' ? bytes(body) : body), XmlError)

describe('the XML reader takes', () => {
  it('a bare root, a declared one, and one behind a byte order mark', () => {
    for (const text of [
      '<a/>',
      "<?xml version='1.0'?><a/>",
      '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<a/>\n',
      '<?xml version="1.0" encoding="US-ASCII"?><a/>',
      '\uFEFF<a/>',
      '\uFEFF<?xml version="1.0" encoding="UTF-8"?><a/>',
    ])
      assert.equal(parse(text).name, 'a', text)
  })

  it('the five entities and numeric references, in text and in attributes', () => {
    const root = parse('<a b="&lt;&#65;&quot;">&amp;&lt;&gt;&quot;&apos;&#65;&#x1F600;</a>')
    assert.equal(root.text, '&<>"\'A😀')
    assert.equal(root.attributes.get('b'), '<A"')
  })

  it('CDATA as text, and drops comments and processing instructions', () => {
    const root = parse('<?p x?><!-- c --><a>1<!-- <b/> --><![CDATA[<2&]]>3<?p y?>4</a><!-- end -->')
    assert.equal(root.text, '1<2&34')
    assert.deepEqual(root.children, [])
  })

  it('namespaces by ignoring them: elements go by their local name', () => {
    const root = parse('<x:a xmlns:x="urn:x" xmlns=""><b xmlns="urn:y" id="7"/></x:a>')
    assert.equal(root.name, 'a')
    assert.equal(root.children[0]?.name, 'b')
    assert.equal(root.children[0]?.attributes.get('id'), '7')
  })

  it('line ends as line feeds, and other white space as it is', () => {
    assert.equal(parse('<a> 1\r\n2\r3\t</a>').text, ' 1\n2\n3\t')
  })

  it('what lies exactly at a limit, and refuses one more', () => {
    const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth)
    assert.ok(parse(nested(XML_LIMITS.depth)))
    refused(nested(XML_LIMITS.depth + 1))
    const wide = (count: number): string => `<a>${'<b/>'.repeat(count - 1)}</a>`
    assert.equal(parse(wide(XML_LIMITS.elements)).children.length, XML_LIMITS.elements - 1)
    refused(wide(XML_LIMITS.elements + 1))
    const attributes = (count: number): string =>
      `<a>${`<b ${Array.from({ length: count }, (_, n) => `n${n}=""`).join(' ')}/>`.repeat(2)}</a>`
    assert.ok(parse(attributes(XML_LIMITS.attributes)))
    refused(attributes(XML_LIMITS.attributes + 1))
    const long = (size: number): string => `<a b="${'x'.repeat(size)}"/>`
    assert.ok(parse(long(XML_LIMITS.attributeBytes)))
    refused(long(XML_LIMITS.attributeBytes + 1))
    refused(`<a b="${'é'.repeat(XML_LIMITS.attributeBytes / 2 + 1)}"/>`)
    assert.ok(parse(`<!--${'x'.repeat(900_000)}--><a/>`))
  })
})

describe('the XML reader refuses', () => {
  const cases: Readonly<Record<string, string>> = {
    'an empty body': '',
    'white space alone': ' \n',
    'a declaration alone': "<?xml version='1.0'?>",
    'a comment alone': '<!-- a -->',
    'plain text': 'not xml',
    'an unclosed tag': '<a><b></a>',
    'a truncated document': '<a><b/>',
    'a truncated tag': '<a b="c',
    'a truncated comment': '<a/><!-- ',
    'a truncated CDATA section': '<a><![CDATA[ ]]',
    'a truncated entity': '<a>&amp',
    'two roots': '<a/><b/>',
    'text before the root': 'x<a/>',
    'text after the root': '<a/>x',
    'CDATA before the root': '<![CDATA[x]]><a/>',
    'CDATA after the root': '<a/><![CDATA[]]>',
    'a plain DOCTYPE': '<!DOCTYPE a><a/>',
    'an external DOCTYPE': '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    'a DOCTYPE with a subset': '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    'a DOCTYPE after the root': '<a/><!DOCTYPE a>',
    'a DOCTYPE inside a comment': '<!-- <!DOCTYPE a> --><a/>',
    'a lower-case doctype': '<!doctype a><a/>',
    'a billion laughs':
      '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><l>&c;</l>',
    'an entity of its own': '<a>&custom;</a>',
    'an entity named like a property of every object': '<a>&constructor;</a>',
    'a bare ampersand': '<a>fish & chips</a>',
    'a reference to NUL': '<a>&#0;</a>',
    'a reference to a control character': '<a>&#x1;</a>',
    'a reference to a surrogate': '<a>&#xD800;</a>',
    'a reference beyond Unicode': '<a>&#x110000;</a>',
    'a reference with a capital X': '<a>&#X41;</a>',
    'an empty reference': '<a>&#;</a>',
    'a raw control character': '<a>\x01</a>',
    'the end of a CDATA section in text': '<a>]]></a>',
    'an attribute twice': '<a b="1" b="2"/>',
    'an attribute without quotes': '<a b=1/>',
    'an attribute without value': '<a b/>',
    'a less-than sign in an attribute': '<a b="<"/>',
    'two hyphens in a comment': '<a><!-- -- --></a>',
    'a declaration that is not first': " <?xml version='1.0'?><a/>",
    'XML 1.1': "<?xml version='1.1'?><a/>",
    'a declaration without version': "<?xml encoding='UTF-8'?><a/>",
    'the encoding UTF-16': "<?xml version='1.0' encoding='UTF-16'?><a/>",
    'the encoding ISO-8859-1': "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
    'US-ASCII with other bytes': "<?xml version='1.0' encoding='US-ASCII'?><a>é</a>",
    'two byte order marks': '\uFEFF\uFEFF<a/>',
  }
  for (const [name, text] of Object.entries(cases)) it(name, () => refused(text))

  it('bytes that are not UTF-8', () => {
    refused(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]))
    refused(Buffer.from('<a>\u00e9</a>', 'latin1'))
    refused(Buffer.from('\uFEFF<a/>', 'utf16le'))
    // An overlong slash, and a surrogate spelled in three bytes.
    refused(Buffer.concat([bytes('<a>'), Buffer.from([0xc0, 0xaf]), bytes('</a>')]))
    refused(Buffer.concat([bytes('<a>'), Buffer.from([0xed, 0xa0, 0x80]), bytes('</a>')]))
  })
})

describe('the XML writer', () => {
  it('is compact, keeps the order of attributes, and makes empty elements of nothing', () => {
    const root = element('gift_card', { uri: 'https://h/api/', id: 4n, full_render: true }, [
      element('flags', {}, [textElement('active', 'true')]),
      textElement('note', ''),
      element('invoice'),
    ])
    assert.equal(
      xmlDocument(root),
      "<?xml version='1.0' encoding='UTF-8'?>\n" +
        '<gift_card uri="https://h/api/" id="4" full_render="true"><flags><active>true</active></flags><note/><invoice/></gift_card>',
    )
  })

  it('escapes what XML reserves, and writes no character that XML cannot hold', () => {
    assert.equal(textElement('a', '<&>"\'\r'), '<a>&lt;&amp;&gt;"\'&#13;</a>')
    assert.equal(element('a', { b: '<&>"\'\n' }), '<a b="&lt;&amp;&gt;&quot;\'&#10;"/>')
    assert.equal(textElement('a', '\x01\uD800x\uFFFE'), '<a>\uFFFD\uFFFDx\uFFFD</a>')
  })
})

it('a template takes markup and whole numbers, and nothing that is not escaped', () => {
  assert.equal(
    xmlTemplate`<a b="${xmlAttribute('"<')}" id="${7n}">${xmlText('"<')}${element('c')}</a>`,
    '<a b="&quot;&lt;" id="7">"&lt;<c/></a>',
  )
  // @ts-expect-error Plain text does not fit in.
  assert.equal(xmlTemplate`<a>${'<'}</a>`, '<a><</a>')
})

type Plain = { name: string; attributes: [string, string][]; children: Plain[]; text: string }
const plain = (node: XmlElement): Plain => ({
  name: node.name,
  attributes: [...node.attributes],
  children: node.children.map(plain),
  text: node.text,
})
const write = ({ name, attributes, children, text }: Plain): Markup =>
  children.length > 0
    ? element(name, Object.fromEntries(attributes), children.map(write))
    : textElement(name, text, Object.fromEntries(attributes))

const nameArbitrary = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,8}$/)
const textArbitrary = fc
  .string({ unit: 'binary', maxLength: 12 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are the point.
  .filter((text) => !/[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]|\p{Surrogate}/u.test(text))
const treeOfDepth = (depth: number): fc.Arbitrary<Plain> =>
  fc
    .record<Plain>({
      name: nameArbitrary,
      attributes: fc.uniqueArray(fc.tuple(nameArbitrary, textArbitrary), {
        maxLength: 4,
        selector: ([key]) => key,
      }),
      children:
        depth === 0 ? fc.constant<Plain[]>([]) : fc.array(treeOfDepth(depth - 1), { maxLength: 3 }),
      text: textArbitrary,
    })
    // A record of fast-check's may lack a prototype, which deepEqual would mind.
    .map((node) => (node.children.length > 0 ? { ...node, text: '' } : { ...node }))

/** Reads hostile bytes: the only legal outcomes are a tree and our own refusal, and soon. */
function survive(body: Uint8Array): void {
  // Processor time, because the wall clock also counts what else the machine is doing.
  const started = process.cpuUsage()
  try {
    parseXml(body)
  } catch (error) {
    assert.ok(error instanceof XmlError, `threw ${String(error)}`)
  }
  assert.ok(process.cpuUsage(started).user < 1_000_000, 'took more than a second')
}

const FRAGMENTS = [
  '<',
  '>',
  '/>',
  '</',
  '<a',
  '<a>',
  '</a>',
  ' b="',
  "'",
  '"',
  '=',
  '&',
  '&amp;',
  '&#',
  '&#x',
  ';',
  '<!--',
  '-->',
  '--',
  '<![CDATA[',
  ']]>',
  ']]',
  '<?',
  '?>',
  '<?xml',
  " version='1.0'",
  '<!',
  '<!D',
  '<!DOCTYPE',
  '[',
  ']',
  ':',
  'xmlns:',
  '\r',
  '\n',
  '\t',
  '\0',
  '\uFEFF',
  '\uFFFE',
  '😀',
  'é',
  'x',
]
const SEED = bytes(
  `<?xml version="1.0" encoding="UTF-8"?><gift_card><!-- c --><invoice id="310"/><product id="27"/>` +
    `<note>a &amp; b<![CDATA[<c>]]></note><totals><credit>60</credit></totals></gift_card>`,
)

describe('whatever the bytes, the XML reader', () => {
  it('refuses or reads: random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survive), { numRuns: 8_000 })
  })

  it('refuses or reads: random sequences of what XML is made of', () => {
    const soup = fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 40 })
    fc.assert(
      fc.property(soup, (parts) => survive(bytes(parts.join('')))),
      { numRuns: 8_000 },
    )
  })

  it('refuses or reads: a good document with bytes changed, cut out and put in', () => {
    const edit = fc.record({
      at: fc.nat(SEED.length - 1),
      cut: fc.nat(6),
      put: fc.oneof(
        fc.uint8Array({ maxLength: 4 }),
        fc.constantFrom(...FRAGMENTS).map((text) => new Uint8Array(bytes(text))),
      ),
    })
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let body = SEED
        for (const { at, cut, put } of edits)
          body = Buffer.concat([body.subarray(0, at), put, body.subarray(at + cut)])
        survive(body)
      }),
      { numRuns: 8_000 },
    )
  })

  it('reads back what the writer wrote', () => {
    fc.assert(
      fc.property(treeOfDepth(3), (tree) => {
        assert.deepEqual(plain(parse(xmlDocument(write(tree)))), tree)
      }),
      { numRuns: 1_000 },
    )
  })

  it('needs time in proportion to the size: a mebibyte of anything is soon done', () => {
    const size = 1_048_576
    for (const part of [
      '<',
      '&',
      '<a>',
      '<a ',
      ']]',
      '<!--',
      '<?a ',
      '&#x41;',
      '<a b="&amp;',
      '--',
      'x\r',
    ])
      for (const head of ['', '<a>', '<a b="', '<a><![CDATA[', '<!--', '<a>&'])
        survive(bytes(head + part.repeat(size / part.length)))
  })
})
