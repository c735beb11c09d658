import { directionalRuns, printable, wrap } from './text.ts'
import type { Typeface } from './typeface.ts'

/** A run of text on its baseline, or a line from edge to edge; pixels from the top left corner. */
export type Mark =
  | {
      readonly kind: 'text'
      readonly x: number
      readonly baseline: number
      readonly size: number
      readonly face: Typeface
      readonly text: string
    }
  | {
      readonly kind: 'rule'
      readonly x: number
      readonly y: number
      readonly width: number
      readonly style: 'dashed' | 'solid'
    }

/** A receipt laid out, to be drawn by any renderer. */
export type Sheet = {
  readonly width: number
  readonly height: number
  readonly marks: readonly Mark[]
}

export type TextStyle = {
  readonly size?: number
  readonly bold?: boolean
  readonly align?: 'left' | 'center' | 'right'
  readonly rowsMax?: number
}

/** The printable width of an 80 mm roll at 203 dpi. */
const WIDTH = 576
const MARGIN = 24
const GAP = 24
const BODY = 22
const LINE_HEIGHT = 1.3
/** Where the baseline lies within a row. */
const ASCENT = 0.98

/** No ASCII letter and no sign of ours is wider than this, in units of the em. */
const LETTER_MAX = 1.1

/** A pen that writes downwards, one row after the other, on a roll without an end. */
export class Pen {
  readonly #faces: Readonly<Record<Typeface['name'], Typeface>>
  readonly #marks: Mark[] = []
  readonly #isDry: boolean
  #y = MARGIN

  /** A dry pen leaves no marks: it only finds out how long the sheet will be. */
  constructor(faces: Readonly<Record<Typeface['name'], Typeface>>, { isDry = false } = {}) {
    this.#faces = faces
    this.#isDry = isDry
  }

  /** One text over the whole width. */
  write(text: string, style: TextStyle = {}): void {
    if (this.#isDry && isShort(text, style)) {
      this.#advance(style)
      return
    }
    for (const row of this.#rows(text, WIDTH - 2 * MARGIN, style)) {
      this.#put(row, MARGIN, WIDTH - MARGIN, style)
      this.#advance(style)
    }
  }

  /** A text at the left, which wraps, and one at the right of its last row, which does not. */
  writePair(left: string, right: string, style: TextStyle = {}): void {
    if (this.#isDry && isShort(left + right, style)) {
      this.#advance(style)
      return
    }
    const face = this.#face(style)
    const { size = BODY } = style
    const value = printable(right, face.has)
    const room = WIDTH - 2 * MARGIN - face.widthOf(value) * size - GAP
    const rows = this.#rows(left, room, style)
    rows.forEach((row, index) => {
      this.#put(row, MARGIN, WIDTH - MARGIN, style)
      if (index === rows.length - 1)
        this.#put(value, MARGIN, WIDTH - MARGIN, { ...style, align: 'right' })
      this.#advance(style)
    })
  }

  /** Cells of equal width, the first to the left, the others to the right. */
  writeCells(cells: readonly string[], style: TextStyle = {}): void {
    const cellWidth = (WIDTH - 2 * MARGIN) / cells.length
    const drawn = this.#isDry ? [] : cells
    drawn.forEach((cell, index) => {
      const left = MARGIN + cellWidth * index
      const align = index === 0 ? 'left' : 'right'
      this.#put(printable(cell, this.#face(style).has), left, left + cellWidth, { ...style, align })
    })
    this.#advance(style)
  }

  rule(style: 'dashed' | 'solid' = 'dashed'): void {
    this.#y += 9
    this.#marks.push({ kind: 'rule', x: MARGIN, y: this.#y, width: WIDTH - 2 * MARGIN, style })
    this.#y += 11
  }

  skip(pixels: number): void {
    this.#y += pixels
  }

  /** The paper is cut here. */
  cut(): Sheet {
    return { width: WIDTH, height: Math.ceil(this.#y + MARGIN), marks: this.#marks }
  }

  #face = ({ bold = false }: TextStyle): Typeface => this.#faces[bold ? 'bold' : 'regular']

  #rows(text: string, width: number, style: TextStyle): readonly string[] {
    const face = this.#face(style)
    const { size = BODY, rowsMax = 8 } = style
    return wrap(printable(text, face.has), width, rowsMax, (row) => face.widthOf(row) * size)
  }

  #put(row: string, left: number, right: number, style: TextStyle): void {
    if (this.#isDry) return
    const face = this.#face(style)
    const { size = BODY, align = 'left' } = style
    const runs = directionalRuns(row)
    const widths = runs.map((run) => face.widthOf(run) * size)
    const room = right - left - widths.reduce((sum, width) => sum + width, 0)
    let x = left + (align === 'right' ? room : align === 'center' ? room / 2 : 0)
    const baseline = this.#y + size * ASCENT
    runs.forEach((text, index) => {
      if (text !== '') this.#marks.push({ kind: 'text', x, baseline, size, face, text })
      x += widths[index] ?? 0
    })
  }

  #advance({ size = BODY }: TextStyle): void {
    this.#y += size * LINE_HEIGHT
  }
}

const SMALL = /^[ -~×·•]*$/

/** Whether a text fits into one row whatever its letters are, so that nobody has to measure them. */
const isShort = (text: string, { size = BODY }: TextStyle): boolean =>
  text.length * size * LETTER_MAX + GAP <= WIDTH - 2 * MARGIN && SMALL.test(text)
