import { SaxesParser } from 'saxes'

/**
 * A strict, bounded, linear-time XML 1.0 reader and a compact writer
 * (specs/lightspeed-onsite.md 4.1 and 4.3). The reader knows no DOCTYPE, hence no entities of its own.
 */
export type XmlElement = {
  /** The local name; a prefix is dropped, because clients' libraries invent namespaces. */
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  /** All character data directly inside the element, CDATA included, in order. */
  readonly text: string
}

/** Bytes that are not an XML document we accept; the message never quotes the input. */
export class XmlError extends Error {
  override readonly name = 'XmlError'
}

export const XML_LIMITS = {
  depth: 32,
  elements: 1_000,
  attributes: 100,
  attributeBytes: 64 * 1024,
} as const

type OpenElement = {
  name: string
  attributes: Map<string, string>
  children: OpenElement[]
  text: string
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads one document. Refuses (XmlError) whatever is not well formed, or over a limit. */
export function parseXml(body: Uint8Array): XmlElement {
  const source = decodeUtf8(body)
  // Before the parser sees it: no code of a parser for internal subsets is ever reached.
  if (source.includes('<!DOCTYPE')) throw new XmlError('A document type is not allowed.')
  return new TreeBuilder(body).read(source)
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch (error) {
    if (error instanceof TypeError) throw new XmlError('The body is not valid UTF-8.')
    throw error
  }
}

/** One document being read: the elements that are open, and what has been counted so far. */
class TreeBuilder {
  readonly #parser = new SaxesParser({
    xmlns: false,
    position: false,
    forceXMLVersion: true,
    defaultXMLVersion: '1.0',
  })
  readonly #bytes: Uint8Array
  readonly #open: OpenElement[] = []
  #root: OpenElement | undefined
  #elements = 0
  #attributes = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    const parser = this.#parser
    parser.on('error', () => {
      throw new XmlError('The document is not well formed.')
    })
    parser.on('xmldecl', ({ version, encoding }) => this.#declaration(version, encoding))
    parser.on('opentagstart', () => this.#countElement())
    parser.on('attribute', ({ value }) => this.#countAttribute(value))
    parser.on('opentag', ({ name, attributes }) => this.#push(name, attributes))
    parser.on('closetag', () => void this.#open.pop())
    parser.on('text', (text) => this.#append(text))
    parser.on('cdata', (text) => {
      if (this.#open.length === 0) throw new XmlError('Character data outside the root.')
      this.#append(text)
    })
  }

  read(source: string): XmlElement {
    this.#parser.write(source).close()
    if (!this.#root) throw new XmlError('The document has no root element.')
    return this.#root
  }

  #declaration(version: string | undefined, encoding = 'UTF-8'): void {
    if (version !== '1.0') throw new XmlError('Only XML 1.0 is read.')
    const ascii = encoding.toUpperCase() === 'US-ASCII'
    if (ascii ? this.#bytes.some((byte) => byte > 0x7f) : encoding.toUpperCase() !== 'UTF-8')
      throw new XmlError('The declared encoding is not the one of the body.')
  }

  #countElement(): void {
    this.#elements += 1
    this.#attributes = 0
    if (this.#elements > XML_LIMITS.elements) throw new XmlError('Too many elements.')
    if (this.#open.length >= XML_LIMITS.depth) throw new XmlError('Nested too deeply.')
  }

  #countAttribute(value: string): void {
    this.#attributes += 1
    if (this.#attributes > XML_LIMITS.attributes) throw new XmlError('Too many attributes.')
    if (Buffer.byteLength(value) > XML_LIMITS.attributeBytes)
      throw new XmlError('An attribute is too long.')
  }

  #push(qualified: string, attributes: Readonly<Record<string, string>>): void {
    const element: OpenElement = {
      name: qualified.slice(qualified.indexOf(':') + 1),
      attributes: new Map(Object.entries(attributes)),
      children: [],
      text: '',
    }
    const parent = this.#open.at(-1)
    if (parent) parent.children.push(element)
    else this.#root = element
    this.#open.push(element)
  }

  #append(text: string): void {
    const element = this.#open.at(-1)
    if (element) element.text += text
  }
}

/** Text that is XML already: everything in it has been escaped. */
export type Markup = string & { readonly escaped: unique symbol }
// Only this module makes markup, and only out of escaped text.
const markup = (text: string): Markup => text as Markup

export type XmlAttributes = Readonly<Record<string, string | bigint | boolean>>

/** What XML 1.0 has no way to write, lone surrogates included. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be replaced.
const UNWRITABLE = /[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]|\p{Surrogate}/gu
const SPECIAL = /[&<>\r]/g
const SPECIAL_IN_ATTRIBUTE = /[&<>"\t\n\r]/g
/** Most texts are written as they are; the rest, and whatever has surrogates, is looked at closely. */
const PLAIN = /^[\x20-\x25\x27-\x3B\x3D\x3F-\uD7FF\uE000-\uFFFD\n\t]*$/
const PLAIN_IN_ATTRIBUTE = /^[\x20\x21\x23-\x25\x27-\x3B\x3D\x3F-\uD7FF\uE000-\uFFFD]*$/
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // Written plainly, a reader would turn them into a space or a line feed.
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}
const escaped = (text: string, plain: RegExp, special: RegExp): string =>
  plain.test(text)
    ? text
    : text.replace(UNWRITABLE, '\uFFFD').replace(special, (character) => ESCAPES[character] ?? '')

/** An element with elements inside, or empty: `<note/>`. Attributes keep their order. */
export function element(
  name: string,
  attributes: XmlAttributes = {},
  children: readonly Markup[] = [],
): Markup {
  const head = headOf(name, attributes)
  return markup(children.length === 0 ? `<${head}/>` : `<${head}>${children.join('')}</${name}>`)
}

/** An element that holds text; the empty string makes it empty. */
export function textElement(name: string, text: string, attributes: XmlAttributes = {}): Markup {
  const head = headOf(name, attributes)
  return markup(text === '' ? `<${head}/>` : `<${head}>${escaped(text, PLAIN, SPECIAL)}</${name}>`)
}

/** The two halves of an element, for documents that are written in parts. */
export const startTag = (name: string, attributes: XmlAttributes = {}): Markup =>
  markup(`<${headOf(name, attributes)}>`)
export const endTag = (name: string): Markup => markup(`</${name}>`)

function headOf(name: string, attributes: XmlAttributes): string {
  let head = name
  for (const key in attributes) {
    const value = String(attributes[key])
    head += ` ${key}="${escaped(value, PLAIN_IN_ATTRIBUTE, SPECIAL_IN_ATTRIBUTE)}"`
  }
  return head
}

/** Text as it stands between tags. */
export const xmlText = (text: string): Markup => markup(escaped(text, PLAIN, SPECIAL))

/** Text as it stands between the quotes of an attribute. */
export const xmlAttribute = (text: string): Markup =>
  markup(escaped(text, PLAIN_IN_ATTRIBUTE, SPECIAL_IN_ATTRIBUTE))

/** A fixed piece of markup with values in it, for documents that are written often: plain text does not fit in. */
export function xmlTemplate(
  pieces: TemplateStringsArray,
  ...values: readonly (Markup | bigint)[]
): Markup {
  let text = pieces[0] ?? ''
  for (let at = 0; at < values.length; at += 1) text += `${values[at]}${pieces[at + 1] ?? ''}`
  return markup(text)
}

/** A whole document: declaration, then the root, with nothing in between that a client could trip on. */
export const xmlDocument = (root: Markup): string =>
  `<?xml version='1.0' encoding='UTF-8'?>\n${root}`
