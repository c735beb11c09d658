import { parseDecimal } from '../../money/decimal.ts'
import type { Instant } from '../../money/instant.ts'
import { toUnits } from '../../money/money.ts'
import type {
  Comparison,
  Filter,
  FilterValue,
  TextMatch,
} from '../../services/lightspeed-filter.ts'

/**
 * Reads the predicates of `filter` (specs/lightspeed-onsite.md 5.3). Everything outside the grammar
 * (functions, key paths, `IN`, unknown fields) is refused, so nothing is ever half understood.
 */
export type FieldKind = 'integer' | 'string' | 'boolean' | 'datetime' | 'decimal'

/** The fields of a resource by the name that a filter uses, aliases included. */
export type FilterFields = Readonly<
  Record<string, { readonly kind: FieldKind; readonly field: string }>
>

/** A `filter` that cannot be read; the message never reaches a client. */
export class FilterError extends Error {
  override readonly name = 'FilterError'
}

const LENGTH_MAX = 2_000
const DEPTH_MAX = 32

type Token =
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'symbol'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'end'; readonly text: '' }

const TOKEN =
  /[ \t\r\n]+|([A-Za-z_]\w*)|([-+]?\d+(?:\.\d+)?)(?![\w.])|("(?:[^"\\]|\\["'\\])*"|'(?:[^'\\]|\\["'\\])*')|(==|!=|<>|<=|>=|&&|\|\||[=<>!()[\]])/y

function tokens(text: string): Token[] {
  const found: Token[] = []
  const pattern = new RegExp(TOKEN)
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text)
    if (!match) throw new FilterError('What stands here belongs to no predicate.')
    const [, word, number, quoted, symbol] = match
    if (word !== undefined) found.push({ kind: 'word', text: word })
    else if (number !== undefined) found.push({ kind: 'number', text: number })
    else if (quoted !== undefined)
      found.push({ kind: 'text', text: quoted.slice(1, -1).replace(/\\(.)/g, '$1') })
    else if (symbol !== undefined) found.push({ kind: 'symbol', text: symbol })
  }
  found.push({ kind: 'end', text: '' })
  return found
}

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
}
const MATCHES: Readonly<Record<string, TextMatch>> = {
  CONTAINS: 'contains',
  BEGINSWITH: 'beginswith',
  ENDSWITH: 'endswith',
  LIKE: 'like',
}
const BOOLEANS: Readonly<Record<string, boolean>> = {
  TRUE: true,
  YES: true,
  '1': true,
  FALSE: false,
  NO: false,
  '0': false,
}

/** A `filter` as a predicate. Refuses (FilterError) what is outside the grammar or over a limit. */
export function parseFilter(
  text: string,
  fields: FilterFields,
  fromStoreTime: (reading: Instant) => Instant,
): Filter {
  // PostgreSQL has no NUL, so no text of ours holds one either.
  if ([...text].length > LENGTH_MAX || text.includes('\0'))
    throw new FilterError('The filter is too long.')
  return new FilterReader(tokens(text), fields, fromStoreTime).read()
}

/** The tokens of one filter being read, left to right. */
class FilterReader {
  readonly #tokens: readonly Token[]
  readonly #fields: FilterFields
  readonly #fromStoreTime: (reading: Instant) => Instant
  #at = 0
  #depth = 0

  constructor(
    found: readonly Token[],
    fields: FilterFields,
    fromStoreTime: (reading: Instant) => Instant,
  ) {
    this.#tokens = found
    this.#fields = fields
    this.#fromStoreTime = fromStoreTime
  }

  read(): Filter {
    const filter = this.#either()
    if (this.#next().kind !== 'end') throw new FilterError('Something follows the predicate.')
    return filter
  }

  get #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '' }
  }

  #next(): Token {
    const token = this.#peek
    this.#at += 1
    return token
  }

  /** Takes the next token if it is that symbol or, in any letter case, that word. */
  #take(symbol: string | undefined, word?: string): boolean {
    const { kind, text } = this.#peek
    const found =
      (kind === 'symbol' && text === symbol) || (kind === 'word' && text.toUpperCase() === word)
    if (found) this.#at += 1
    return found
  }

  #either(): Filter {
    const terms = [this.#both()]
    while (this.#take('||', 'OR')) terms.push(this.#both())
    return terms.length === 1 && terms[0] ? terms[0] : { kind: 'or', terms }
  }

  #both(): Filter {
    const terms = [this.#maybeNot()]
    while (this.#take('&&', 'AND')) terms.push(this.#maybeNot())
    return terms.length === 1 && terms[0] ? terms[0] : { kind: 'and', terms }
  }

  #maybeNot(): Filter {
    if (this.#take('!', 'NOT')) return { kind: 'not', term: this.#primary() }
    return this.#primary()
  }

  #primary(): Filter {
    if (this.#take('(')) {
      this.#depth += 1
      if (this.#depth > DEPTH_MAX) throw new FilterError('Nested too deeply.')
      const inner = this.#either()
      if (!this.#take(')')) throw new FilterError('A parenthesis is not closed.')
      this.#depth -= 1
      return inner
    }
    if (this.#take(undefined, 'TRUEPREDICATE')) return { kind: 'all' }
    if (this.#take(undefined, 'FALSEPREDICATE')) return { kind: 'none' }
    return this.#test()
  }

  #test(): Filter {
    const name = this.#next()
    const known = Object.hasOwn(this.#fields, name.text) ? this.#fields[name.text] : undefined
    if (name.kind !== 'word' || !known) throw new FilterError('No such field.')
    const operator = this.#next()
    if (operator.kind === 'symbol') {
      const op = COMPARISONS[operator.text]
      if (!op) throw new FilterError('No such operator.')
      return { kind: 'compare', field: known.field, op, value: this.#value(known.kind, op) }
    }
    const op = operator.kind === 'word' ? MATCHES[operator.text.toUpperCase()] : undefined
    if (!op || known.kind !== 'string') throw new FilterError('No such operator.')
    const folding = this.#folding()
    const value = this.#value('string', '=')
    if (typeof value !== 'string') throw new FilterError('Only text can be searched for.')
    return { kind: 'match', field: known.field, op, value, folding }
  }

  #folding(): { case: boolean; marks: boolean } {
    if (!this.#take('[')) return { case: false, marks: false }
    const { kind, text } = this.#next()
    const flags = text.toLowerCase()
    if (kind !== 'word' || !['c', 'd', 'cd'].includes(flags) || !this.#take(']'))
      throw new FilterError('No such flag.')
    return { case: flags.includes('c'), marks: flags.includes('d') }
  }

  #value(kind: FieldKind, op: Comparison): FilterValue {
    const token = this.#next()
    const word = token.kind === 'word' ? token.text.toUpperCase() : undefined
    if (word === 'NIL' || word === 'NULL') return undefined
    if (kind === 'boolean') {
      const value = BOOLEANS[token.text.toUpperCase()]
      if (value === undefined || (op !== '=' && op !== '!=')) throw new FilterError('No boolean.')
      return value
    }
    if (token.kind !== 'text' && token.kind !== 'number') throw new FilterError('No value.')
    if (kind === 'string') return token.text
    const value =
      kind === 'integer'
        ? readInteger(token.text)
        : kind === 'decimal'
          ? readUnits(token.text)
          : this.#instant(token)
    if (value === undefined) throw new FilterError('Not a value of this field.')
    return value
  }

  #instant({ kind, text }: Token): Instant | undefined {
    const reading = kind === 'text' ? parseReading(text) : undefined
    return reading === undefined ? undefined : this.#fromStoreTime(reading)
  }
}

const readInteger = (text: string): bigint | undefined =>
  /^[-+]?\d+$/.test(text.trim()) ? BigInt(text.trim().replace(/^\+/, '')) : undefined

function readUnits(text: string): bigint | undefined {
  if (!/^[-+]?\d+(\.\d+)?$/.test(text.trim())) return undefined
  const value = parseDecimal(text.trim())
  return value && toUnits(value)
}

const READING = /^(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2}:\d{2})|T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?)$/

/** `YYYY-MM-DD hh:mm:ss` or `YYYY-MM-DDThh:mm:ss[.ffffff]`, taken as if it were UTC. */
function parseReading(text: string): Instant | undefined {
  const match = READING.exec(text.trim())
  if (!match) return undefined
  const [, day, spaced, joined, fraction = ''] = match
  const plain = `${day}T${spaced ?? joined}`
  const milliseconds = Date.parse(`${plain}Z`)
  // The 31st of June would otherwise be taken for the 1st of July.
  if (
    Number.isNaN(milliseconds) ||
    plain.startsWith('0000') ||
    new Date(milliseconds).toISOString().slice(0, 19) !== plain
  )
    return undefined
  return BigInt(milliseconds) * 1_000n + BigInt(fraction.padEnd(6, '0'))
}
