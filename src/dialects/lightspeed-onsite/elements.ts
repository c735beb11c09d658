import { parseXml, type XmlElement, XmlError } from '../../wire/xml.ts'
import { OnSiteError } from './errors.ts'
import { readId } from './wire.ts'

/**
 * Reads request documents strictly and in document order, so that of several faults the first one is
 * reported (specs/lightspeed-onsite.md 11): each rule is called at its element, or throws.
 */
export type ElementRule = (element: XmlElement) => void
export type ElementRules = Readonly<Record<string, ElementRule>>

/** The body's root element. Refuses what is not XML, and another root. */
export function readDocument(body: Uint8Array, rootName: string): XmlElement {
  const root = parseDocument(body)
  if (root.name !== rootName) throw unexpected(root)
  return root
}

function parseDocument(body: Uint8Array): XmlElement {
  try {
    return parseXml(body)
  } catch (error) {
    if (error instanceof XmlError) throw new OnSiteError('server.malformed_xml')
    throw error
  }
}

/** Calls the rule of each child; refuses children without a rule, repeated ones, and loose text. */
export function readChildren(parent: XmlElement, rules: ElementRules): void {
  const seen = new Set<string>()
  for (const child of parent.children) {
    const rule = Object.hasOwn(rules, child.name) ? rules[child.name] : undefined
    if (!rule || seen.has(child.name)) throw unexpected(child)
    seen.add(child.name)
    rule(child)
  }
  // Dropped silently, `<totals>60</totals>` would make an empty card.
  if (parent.text.trim() !== '') throw invalid(parent)
}

const unexpected = (element: XmlElement): OnSiteError =>
  new OnSiteError('server.unexpected_element', [element.name, element.text.trim()])

const invalid = (element: XmlElement, value = element.text): OnSiteError =>
  new OnSiteError('server.invalid_value', [element.name, value.trim()])

/** An element that the server alone decides. */
export const readOnly: ElementRule = (element) => {
  throw new OnSiteError('server.read_only_field', [element.name, element.text.trim()])
}

/** An element that has elements of its own. */
export const group =
  (rules: ElementRules): ElementRule =>
  (element) =>
    readChildren(element, rules)

/** An element whose text is one value. */
export const scalar =
  <T>(read: (text: string) => T | undefined, keep: (value: T) => void): ElementRule =>
  (element) => {
    const [child] = element.children
    if (child) throw unexpected(child)
    const value = read(element.text)
    if (value === undefined) throw invalid(element)
    keep(value)
  }

/** `<invoice id="310"/>`; without an id, or with an empty one, it is as if it were not there. */
export const referenceTo =
  (keep: (id: bigint) => void): ElementRule =>
  (element) => {
    const [child] = element.children
    if (child) throw unexpected(child)
    const text = element.attributes.get('id')?.trim() ?? ''
    if (text === '') return
    const id = readId(text)
    if (id === undefined) throw invalid(element, text)
    keep(id)
  }
