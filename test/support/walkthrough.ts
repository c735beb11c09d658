import { isJsonObject, JsonNumber, type JsonValue, parseJson } from '../../src/wire/json.ts'

/** A page of examples/ as its README describes it. */
export type Walkthrough = {
  readonly front: Front
  readonly steps: readonly Step[]
}

export type Front = {
  readonly world: string
  readonly variables?: Readonly<Record<string, string>>
  readonly lightspeed?: boolean
}

/** A block of commands, and what it prints, if the page says so. */
export type Step = {
  readonly line: number
  readonly script: string
  readonly expected: Expected | undefined
}

export type Expected = { readonly kind: 'json' | 'http' | 'xml' | 'text'; readonly text: string }

type Block = { readonly line: number; readonly info: string; readonly text: string }

const KINDS: ReadonlySet<string> = new Set(['json', 'http', 'xml', 'text'])

/** Reads a page; throws on one without exactly one front block before its commands. */
export function parseWalkthrough(markdown: string): Walkthrough {
  let front: Front | undefined
  const steps: Step[] = []
  for (const { line, info, text } of readBlocks(markdown)) {
    if (info === 'json walkthrough') {
      if (front || steps.length > 0) throw new Error(`line ${line}: a second front block`)
      front = JSON.parse(text) as Front // The pages are ours; what is missing fails at once.
      continue
    }
    if (info === 'sh') {
      if (!front) throw new Error(`line ${line}: commands before the front block`)
      steps.push({ line, script: text, expected: undefined })
      continue
    }
    const last = steps.at(-1)
    if (last && !last.expected && KINDS.has(info))
      steps[steps.length - 1] = { ...last, expected: { kind: info as Expected['kind'], text } } // In KINDS.
  }
  if (!front) throw new Error('no front block')
  return { front, steps }
}

function readBlocks(markdown: string): Block[] {
  const blocks: Block[] = []
  let open: { line: number; info: string; lines: string[] } | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line)
    if (!fence) open?.lines.push(line)
    else if (!open) open = { line: index + 1, info: fence[1]?.trim() ?? '', lines: [] }
    else {
      blocks.push({ line: open.line, info: open.info, text: open.lines.join('\n') })
      open = undefined
    }
  }
  if (open) throw new Error(`line ${open.line}: a block that never ends`)
  return blocks
}

/** What is wrong with an answer, or undefined if it is as expected. */
export function compareAnswer({ kind, text }: Expected, actual: string): string | undefined {
  switch (kind) {
    case 'json':
      return compareJsonText(text, actual)
    case 'http':
      return compareHttp(text, actual)
    case 'xml':
      return compareText(collapseXml(text), collapseXml(actual))
    case 'text':
      return compareText(trimLines(text), trimLines(actual))
  }
}

function compareHttp(expected: string, actual: string): string | undefined {
  const wanted = splitHttp(expected)
  const got = splitHttp(actual)
  if (wanted.status !== got.status) return `status ${got.status} instead of ${wanted.status}`
  for (const [name, value] of wanted.headers) {
    const found = got.headers.get(name)
    if (found === undefined) return `no header ${name}`
    const wrong = compareText(value, found)
    if (wrong) return `header ${name}: ${wrong}`
  }
  if (/^\s*[[{]/.test(wanted.body)) return compareJsonText(wanted.body, got.body)
  if (/^\s*</.test(wanted.body)) return compareText(collapseXml(wanted.body), collapseXml(got.body))
  return compareText(trimLines(wanted.body), trimLines(got.body))
}

function splitHttp(text: string): { status: string; headers: Map<string, string>; body: string } {
  const [head = '', ...rest] = text.replaceAll('\r\n', '\n').replace(/^\s+/, '').split('\n\n')
  const [first = '', ...lines] = head.split('\n')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return { status: /\d{3}/.exec(first)?.[0] ?? '', headers, body: rest.join('\n\n') }
}

const collapseXml = (text: string): string => text.replace(/>\s+</g, '><').trim()

const trimLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim()

/** `…` stands for any run of characters. */
function compareText(expected: string, actual: string): string | undefined {
  const pattern = expected.split('…').map(RegExp.escape).join('.*')
  return new RegExp(`^${pattern}$`, 's').test(actual)
    ? undefined
    : `got ${JSON.stringify(actual)}\n  instead of ${JSON.stringify(expected)}`
}

function compareJsonText(expected: string, actual: string): string | undefined {
  const wanted = parseJson(quoteEllipses(expected))
  let got: JsonValue
  try {
    got = parseJson(actual)
  } catch {
    return `not JSON: ${actual}`
  }
  const wrong = compareJson(wanted, got, '')
  return wrong === undefined ? undefined : `${wrong}\n  in ${actual}`
}

/** Bare ellipses as strings that JSON can hold: a value, or the rest of an object or a list. */
const REST = '\u0000rest'
const ANY = '\u0000any'

function quoteEllipses(text: string): string {
  const open: string[] = []
  let quoted = false
  let before = ''
  let out = ''
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? ''
    if (quoted) {
      out += character
      if (character === '\\') out += text[++index] ?? ''
      else if (character === '"') quoted = false
    } else if (character === '…') {
      const inside = before === ':' || before === '' ? undefined : open.at(-1)
      const rest = JSON.stringify(REST)
      out += inside === '{' ? `${rest}:0` : inside === '[' ? rest : JSON.stringify(ANY)
    } else {
      if (character === '"') quoted = true
      if (character === '{' || character === '[') open.push(character)
      if (character === '}' || character === ']') open.pop()
      out += character
    }
    if (character.trim() !== '') before = character
  }
  return out
}

function compareJson(wanted: JsonValue, got: JsonValue, path: string): string | undefined {
  if (wanted === ANY) return undefined
  if (Array.isArray(wanted)) return compareLists(wanted, got, path)
  if (isJsonObject(wanted)) return compareObjects(wanted, got, path)
  if (wanted instanceof JsonNumber)
    return got instanceof JsonNumber && got.source === wanted.source
      ? undefined
      : `${path}: not ${wanted.source}`
  if (typeof wanted === 'string') {
    const wrong = typeof got === 'string' ? compareText(wanted, got) : 'no text'
    return wrong && `${path}: ${wrong}`
  }
  return got === wanted ? undefined : `${path}: not ${String(wanted)}`
}

function compareLists(
  wanted: readonly JsonValue[],
  got: JsonValue,
  path: string,
): string | undefined {
  if (!Array.isArray(got)) return `${path}: no list`
  const list = got as readonly JsonValue[]
  const open = wanted.at(-1) === REST
  const known = open ? wanted.slice(0, -1) : wanted
  if (open ? list.length < known.length : list.length !== known.length)
    return `${path}: ${list.length} elements instead of ${known.length}`
  for (const [index, element] of known.entries()) {
    const wrong = compareJson(element, list[index] ?? null, `${path}[${index}]`)
    if (wrong) return wrong
  }
  return undefined
}

function compareObjects(
  wanted: { readonly [key: string]: JsonValue },
  got: JsonValue,
  path: string,
): string | undefined {
  if (!isJsonObject(got)) return `${path}: no object`
  for (const [key, value] of Object.entries(wanted)) {
    if (key === REST) continue
    const own = Object.hasOwn(got, key) ? got[key] : undefined
    if (own === undefined) return `${path}.${key}: missing`
    const wrong = compareJson(value, own, `${path}.${key}`)
    if (wrong) return wrong
  }
  const more = Object.keys(got).filter((key) => !Object.hasOwn(wanted, key))
  return more.length === 0 || Object.hasOwn(wanted, REST)
    ? undefined
    : `${path}: unexpected ${more.join(', ')}`
}
