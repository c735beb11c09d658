import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { create as CreateFont, Font, Glyph } from 'fontkit'

/** One glyph where it stands in a run, in font units from the run's start on the baseline. */
export type PlacedGlyph = { readonly glyph: Glyph; readonly x: number; readonly y: number }

/** A font that shapes text once, the same way for every renderer. */
export type Typeface = {
  readonly name: 'regular' | 'bold'
  /** What pdfkit embeds: it lays out as we do, because it is asked to by us. */
  readonly embeddable: Font
  readonly unitsPerEm: number
  readonly has: (codePoint: number) => boolean
  /** Width of a run in units of the em, to be multiplied by the size. */
  readonly widthOf: (text: string) => number
  readonly place: (text: string) => readonly PlacedGlyph[]
}

/** DejaVu Sans Condensed: Latin, Greek, Cyrillic, Hebrew, Arabic and most symbols in one free font. */
export function openTypefaces(): Readonly<Record<Typeface['name'], Typeface>> {
  // Loaded when the first receipt is: most servers never draw one, and it is a tenth of their memory.
  const { create } = createRequire(import.meta.url)('fontkit') as { create: typeof CreateFont }
  return {
    regular: openTypeface('regular', 'DejaVuSansCondensed.ttf', create),
    bold: openTypeface('bold', 'DejaVuSansCondensed-Bold.ttf', create),
  }
}

type Run = ReturnType<Font['layout']>

// Scripts in which one character is one glyph, side by side: no shaping engine is needed for them,
// and it costs more than everything else on a receipt together.
const SIMPLE = /^[\u0020-\u02ff\u0370-\u052f\u1e00-\u1fff\u2010-\u20cf\u2100-\u2bff]*$/

/** Code points below it are remembered: every script that `SIMPLE` knows. */
const REMEMBERED_MAX = 0x2c00

/** Texts whose shaped width is remembered; each is a row or a part of one. */
const SHAPED_MAX = 5_000

function openTypeface(name: Typeface['name'], file: string, create: typeof CreateFont): Typeface {
  const path = fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${file}`))
  // A .ttf holds one font; only collections give anything else.
  const font = create(readFileSync(path)) as Font
  const { unitsPerEm } = font

  function layoutSimple(text: string): Run {
    const glyphs = font.glyphsForString(text)
    const positions = glyphs.map(({ advanceWidth: xAdvance }) => ({
      xAdvance,
      yAdvance: 0,
      xOffset: 0,
      yOffset: 0,
    }))
    const advanceWidth = positions.reduce((sum, { xAdvance }) => sum + xAdvance, 0)
    // Renderers read nothing else of a run.
    return { glyphs, positions, advanceWidth } as unknown as Run
  }
  const layout = (text: string): Run => (SIMPLE.test(text) ? layoutSimple(text) : font.layout(text))

  // Measuring is asked for with every payment, drawing only when somebody looks: widths are remembered.
  const advances = new Map<number, number>()
  const advanceOf = (codePoint: number): number => {
    const known = advances.get(codePoint)
    if (known !== undefined) return known
    const advance = font.glyphForCodePoint(codePoint).advanceWidth
    advances.set(codePoint, advance)
    return advance
  }
  const shaped = new Map<string, number>()
  /** Shaping takes a hundred times as long as adding up, and a receipt is measured again whenever it is shown. */
  function shapedWidthOf(text: string): number {
    const seen = shaped.get(text)
    if (seen !== undefined) return seen
    const width = font.layout(text).advanceWidth / unitsPerEm
    if (shaped.size >= SHAPED_MAX) shaped.clear()
    shaped.set(text, width)
    return width
  }
  function widthOf(text: string): number {
    if (!SIMPLE.test(text)) return shapedWidthOf(text)
    let width = 0
    for (const symbol of text) width += advanceOf(symbol.codePointAt(0) ?? 0)
    return width / unitsPerEm
  }
  const known = new Map<number, boolean>()

  return {
    name,
    embeddable: Object.create(font, { layout: { value: layout } }) as Font, // The font but for layout.
    unitsPerEm,
    has: (codePoint) => {
      const has = known.get(codePoint) ?? font.hasGlyphForCodePoint(codePoint)
      // Hostile text has a million symbols; what is remembered is what receipts are made of.
      if (codePoint < REMEMBERED_MAX) known.set(codePoint, has)
      return has
    },
    widthOf,
    place(text) {
      const { glyphs, positions } = layout(text)
      let cursor = 0
      return glyphs.map((glyph, index) => {
        const { xAdvance = 0, xOffset = 0, yOffset = 0 } = positions[index] ?? {}
        const placed = { glyph, x: cursor + xOffset, y: yOffset }
        cursor += xAdvance
        return placed
      })
    },
  }
}
