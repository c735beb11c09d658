/**
 * Names and notes are hostile text: this is what is left of them on paper. Nothing here can fail,
 * whatever the text (specs/inventorum.md 7.3, notes on parser hazards).
 */

/** Invisible characters that reorder, hide or break lines: controls, bidi marks, joiners, tags. */
const INVISIBLE = /\p{Cc}|\p{Cf}|\p{Default_Ignorable_Code_Point}/gu
const MARKS_PER_LETTER_MAX = 2
const MARK_PILE = new RegExp(`(\\p{M}{${MARKS_PER_LETTER_MAX}})\\p{M}+`, 'gu')
const NO_GLYPH = '\u25a1'

/** More than any name has by its protocol's rules; it bounds what follows. */
const TEXT_LENGTH_MAX = 3_000

/** ASCII words and our own signs with single blanks between them: nothing below changes them. */
const PLAIN = /^(?:[!-~×·•]+(?: [!-~×·•]+)*)?$/

/** One line of printable text: blanks collapsed, invisible characters gone, unknown ones a box. */
export function printable(text: string, has: (codePoint: number) => boolean): string {
  // Most of a receipt is this, and every font has it.
  if (text.length <= TEXT_LENGTH_MAX && PLAIN.test(text)) return text
  const visible = text
    .slice(0, TEXT_LENGTH_MAX)
    .toWellFormed()
    .normalize('NFC')
    .replace(/\s+/gu, ' ')
    .replace(INVISIBLE, '')
    .replace(MARK_PILE, '$1')
    .trim()
  return Array.from(visible, (symbol) =>
    has(symbol.codePointAt(0) ?? 0) ? symbol : NO_GLYPH,
  ).join('')
}

/**
 * Breaks a printable line into rows no wider than `width`, at blanks where it can, inside a word
 * where it must; beyond `rowsMax` the middle is left out, because names end with what identifies.
 */
export function wrap(
  text: string,
  width: number,
  rowsMax: number,
  widthOf: (text: string) => number,
): readonly string[] {
  // Most lines fit as they are, and measuring every beginning of one costs more than measuring it.
  if (widthOf(text) <= width) return [text]
  const rows: string[] = []
  let row = ''
  for (const word of text.split(' ').flatMap((part) => slice(part, width, widthOf))) {
    const longer = row === '' ? word : `${row} ${word}`
    if (widthOf(longer) <= width) {
      row = longer
      continue
    }
    if (row !== '') rows.push(row)
    row = word
  }
  rows.push(row)
  if (rows.length <= rowsMax) return rows
  const kept = Math.ceil((rowsMax - 1) / 2)
  return [...rows.slice(0, kept), '…', ...rows.slice(rows.length - (rowsMax - 1 - kept))]
}

/** A word in pieces that fit, each as long as can be; measuring is what costs, so their ends are halved in on. */
function slice(word: string, width: number, widthOf: (text: string) => number): readonly string[] {
  if (widthOf(word) <= width) return [word]
  const pieces: string[] = []
  for (let rest = Array.from(word); rest.length > 0; ) {
    const fits = (length: number) => widthOf(rest.slice(0, length).join('')) <= width
    let fitting = 1
    while (2 * fitting <= rest.length && fits(2 * fitting)) fitting *= 2
    for (let tooLong = Math.min(2 * fitting, rest.length + 1); tooLong - fitting > 1; ) {
      const middle = (fitting + tooLong) >> 1
      if (fits(middle)) fitting = middle
      else tooLong = middle
    }
    pieces.push(rest.slice(0, fitting).join(''))
    rest = rest.slice(fitting)
  }
  return pieces
}

const RTL = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u
const RUNS = new RegExp(`${RTL.source}(?:[^\\p{L}\\p{N}]*(?:${RTL.source}|\\p{M}))*`, 'gu')

/** A row in runs of one direction, left to right on paper; shaping turns a right-to-left run. */
export function directionalRuns(row: string): readonly string[] {
  if (!RTL.test(row)) return [row]
  const runs: string[] = []
  let from = 0
  for (const { 0: run, index } of row.matchAll(RUNS)) {
    if (index > from) runs.push(row.slice(from, index))
    runs.push(run)
    from = index + run.length
  }
  if (from < row.length) runs.push(row.slice(from))
  return runs
}
