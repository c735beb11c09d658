import { Resvg } from '@resvg/resvg-js'
import type { Mark, Sheet } from './layout.ts'

/**
 * Draws a sheet as a PNG of its exact size. Text goes in as outlines: no system font is looked for,
 * and no character of a hostile name ever becomes markup.
 */
export function drawPng({ width, height, marks }: Sheet): Buffer {
  const glyphs = new Map<string, string>()
  const body = marks.map((mark) => (mark.kind === 'rule' ? ruleSvg(mark) : textSvg(mark, glyphs)))
  const defs = Array.from(glyphs, ([id, outline]) => `<path id="${id}" d="${outline}"/>`)
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs>${defs.join('')}</defs>${body.join('')}</svg>`
  const image = new Resvg(svg, { background: '#fff', font: { loadSystemFonts: false } }).render()
  return image.asPng()
}

function ruleSvg({ x, y, width, style }: Extract<Mark, { kind: 'rule' }>): string {
  const dash = style === 'dashed' ? ' stroke-dasharray="7 5"' : ''
  return `<path d="M${x} ${y}h${width}" stroke="#000" stroke-width="2"${dash}/>`
}

function textSvg(
  { x, baseline, size, face, text }: Extract<Mark, { kind: 'text' }>,
  glyphs: Map<string, string>,
): string {
  const scale = size / face.unitsPerEm
  const uses = face.place(text).map((placed) => {
    const id = `${face.name}${placed.glyph.id}`
    glyphs.set(id, face.outlineOf(placed.glyph))
    return `<use href="#${id}" x="${placed.x}" y="${placed.y}"/>`
  })
  return `<g transform="matrix(${scale} 0 0 ${-scale} ${x} ${baseline})">${uses.join('')}</g>`
}
