import { Resvg } from '@resvg/resvg-js'
import type { Glyph } from 'fontkit'
import type { Typeface } from './typeface.ts'

/** One glyph's ink at one size, in pixels from the pixel its origin falls into. */
export type Stencil = {
  /** Column of its first pixel on the paper, and row relative to the baseline. */
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly ink: Uint8Array
}

export type StencilCase = {
  /** The stencil of a glyph whose origin is at column `x`; undefined if it has no ink, like a blank. */
  readonly find: (face: Typeface, glyph: Glyph, size: number, x: number) => Stencil | undefined
}

/** Steps of a pixel at which a glyph may start: fewer are seen as uneven spacing. */
const STEPS = 4
/** All glyphs of some twenty languages at our sizes; beyond it the case is emptied and filled anew. */
const STENCILS_MAX = 8_000

/**
 * Cuts each glyph once: drawing a whole receipt as SVG takes ten times as long as pressing cut
 * glyphs, and the letters are always the same.
 */
export function createStencilCase(): StencilCase {
  const cuts = new Map<string, Stencil | undefined>()
  return {
    find(face, glyph, size, x) {
      const steps = Math.round(x * STEPS)
      const column = Math.floor(steps / STEPS)
      const shift = (steps - column * STEPS) / STEPS
      const key = `${face.name} ${glyph.id} ${size} ${shift}`
      if (!cuts.has(key)) {
        if (cuts.size >= STENCILS_MAX) cuts.clear()
        cuts.set(key, cutStencil(face, glyph, size, shift))
      }
      const cut = cuts.get(key)
      return cut && { ...cut, left: cut.left + column }
    },
  }
}

function cutStencil(
  face: Typeface,
  glyph: Glyph,
  size: number,
  shift: number,
): Stencil | undefined {
  const scale = size / face.unitsPerEm
  const { minX, minY, maxX, maxY } = glyph.bbox
  if (!(maxX > minX && maxY > minY)) return undefined
  const left = Math.floor(minX * scale + shift)
  const top = Math.floor(-maxY * scale)
  const width = Math.ceil(maxX * scale + shift) - left
  const height = Math.ceil(-minY * scale) - top
  const matrix = `${scale} 0 0 ${-scale} ${shift - left} ${-top}`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><path transform="matrix(${matrix})" d="${glyph.path.toSVG()}"/></svg>`
  const { pixels } = new Resvg(svg, { font: { loadSystemFonts: false } }).render()
  // Black on nothing: the fourth byte of each pixel is how much ink it has.
  return {
    left,
    top,
    width,
    height,
    ink: Uint8Array.from({ length: width * height }, (_, i) => pixels[i * 4 + 3] ?? 0),
  }
}
