import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { create, type Font, type Glyph } from 'fontkit'

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
  return {
    regular: openTypeface('regular', 'DejaVuSansCondensed.ttf'),
    bold: openTypeface('bold', 'DejaVuSansCondensed-Bold.ttf'),
  }
}

type Run = ReturnType<Font['layout']>

// Scripts in which one character is one glyph, side by side: no shaping engine is needed for them,
// and it costs more than everything else on a receipt together.
const SIMPLE = /^[\u0020-\u02ff\u0370-\u052f\u1e00-\u1fff\u2010-\u20cf\u2100-\u2bff]*$/

function openTypeface(name: Typeface['name'], file: string): Typeface {
  const path = fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${file}`))
  // A .ttf holds one font; only collections give anything else.
  const font = create(readFileSync(path)) as Font

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

  return {
    name,
    embeddable: Object.create(font, { layout: { value: layout } }) as Font, // The font but for layout.
    unitsPerEm: font.unitsPerEm,
    has: (codePoint) => font.hasGlyphForCodePoint(codePoint),
    widthOf: (text) => layout(text).advanceWidth / font.unitsPerEm,
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
