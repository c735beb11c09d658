/**
 * A predicate over records: what a LightSpeed filter says once it has been read
 * (specs/lightspeed-onsite.md 5.3). Integers, instants and decimals are all whole `bigint` numbers.
 */
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>='
export type TextMatch = 'contains' | 'beginswith' | 'endswith' | 'like'
export type FilterValue = bigint | string | boolean | undefined
/** What a match overlooks: letter case, diacritics, both or nothing. */
export type Folding = { readonly case: boolean; readonly marks: boolean }

export type Filter =
  | { readonly kind: 'all' | 'none' }
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Filter[] }
  | { readonly kind: 'not'; readonly term: Filter }
  | {
      readonly kind: 'compare'
      readonly field: string
      readonly op: Comparison
      /** Undefined is nil. */
      readonly value: FilterValue
    }
  | {
      readonly kind: 'match'
      readonly field: string
      readonly op: TextMatch
      readonly value: string
      readonly folding: Folding
    }

export type FilterRecord = Readonly<Record<string, FilterValue>>

/** Whether the record satisfies the predicate; the exact rule that the SQL form must agree with. */
export function matches(filter: Filter, record: FilterRecord): boolean {
  switch (filter.kind) {
    case 'all':
      return true
    case 'none':
      return false
    case 'and':
      return filter.terms.every((term) => matches(term, record))
    case 'or':
      return filter.terms.some((term) => matches(term, record))
    case 'not':
      return !matches(filter.term, record)
    case 'compare':
      return compareValues(filter.op, record[filter.field], filter.value)
    case 'match': {
      const value = record[filter.field]
      return typeof value === 'string' && matchText(filter.op, value, filter.value, filter.folding)
    }
  }
}

function compareValues(op: Comparison, left: FilterValue, right: FilterValue): boolean {
  if (op === '=') return left === right
  if (op === '!=') return left !== right
  const order = orderValues(left, right)
  if (order === undefined) return false
  if (op === '<') return order < 0
  if (op === '<=') return order <= 0
  return op === '>' ? order > 0 : order >= 0
}

/** Undefined where there is no order: nil, and values of different kinds. */
function orderValues(left: FilterValue, right: FilterValue): number | undefined {
  if (typeof left === 'string' && typeof right === 'string') return compareCodePoints(left, right)
  if (typeof left === 'bigint' && typeof right === 'bigint')
    return left < right ? -1 : left > right ? 1 : 0
  return undefined
}

/** Code point order, which `<` on JavaScript strings is not beyond U+FFFF. */
export function compareCodePoints(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length)
  for (let at = 0; at < shorter; at += 1) {
    const a = left.charCodeAt(at)
    const b = right.charCodeAt(at)
    if (a === b) continue
    // The first halves of characters above U+FFFF must come after U+E000 to U+FFFF.
    const aHigh = a >= 0xd800 && a <= 0xdfff
    const bHigh = b >= 0xd800 && b <= 0xdfff
    return aHigh === bHigh ? a - b : aHigh ? 1 : -1
  }
  return left.length - right.length
}

function matchText(op: TextMatch, value: string, pattern: string, folding: Folding): boolean {
  const text = foldText(value, folding)
  const sought = foldText(pattern, folding)
  if (op === 'contains') return text.includes(sought)
  if (op === 'beginswith') return text.startsWith(sought)
  if (op === 'endswith') return text.endsWith(sought)
  return isLike(text, sought)
}

/** One spelling for all that a match does not tell apart. ASCII stays ASCII, upper case. */
export function foldText(text: string, { case: ignoreCase, marks }: Folding): string {
  const bare = marks
    ? text
        .normalize('NFD')
        .replace(/\p{M}+/gu, '')
        .normalize('NFC')
    : text
  if (!ignoreCase) return bare
  // Letter by letter: a letter whose capital is two letters stays, so that `?` still means one.
  return bare.replace(/\p{L}|\p{M}|\p{Nl}|\p{So}/gu, (letter) => {
    const capital = letter.toUpperCase()
    return capital.length === letter.length ? capital : letter
  })
}

/** `*` is any run, `?` one character; linear in text × pattern, whatever the pattern. */
function isLike(text: string, pattern: string): boolean {
  const characters = [...text]
  const wanted = [...pattern]
  let [at, next] = [0, 0]
  // Where to start again, one character later, when what follows the last star does not fit.
  let [star, resume] = [-1, 0]
  while (at < characters.length) {
    if (wanted[next] === '*') {
      star = next
      resume = at
      next += 1
    } else if (wanted[next] === '?' || wanted[next] === characters[at]) {
      at += 1
      next += 1
    } else if (star >= 0) {
      resume += 1
      at = resume
      next = star + 1
    } else {
      return false
    }
  }
  while (wanted[next] === '*') next += 1
  return next === wanted.length
}

/** The fields of tests that overlook case or diacritics, which SQL decides exactly for ASCII text only. */
export function foldedFields(filter: Filter): string[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return [...new Set(filter.terms.flatMap(foldedFields))]
    case 'not':
      return foldedFields(filter.term)
    case 'match':
      return filter.folding.case || filter.folding.marks ? [filter.field] : []
    default:
      return []
  }
}
