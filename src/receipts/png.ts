import { crc32, deflateSync } from 'node:zlib'
import type { Mark, Sheet } from './layout.ts'
import { createStencilCase, type Stencil } from './stencil.ts'

const stencils = createStencilCase()

/** Grey levels, row by row; 0 is white while drawing, because ink is added. */
type Canvas = { readonly width: number; readonly height: number; readonly ink: Uint8Array }

/** Draws a sheet as a greyscale PNG of its exact size; the same sheet, the same bytes. */
export function drawPng({ width, height, marks }: Sheet): Buffer {
  const canvas: Canvas = { width, height, ink: new Uint8Array(width * height) }
  for (const mark of marks) {
    if (mark.kind === 'rule') drawRule(canvas, mark)
    else drawText(canvas, mark)
  }
  return encodePng(canvas)
}

function drawRule(canvas: Canvas, { x, y, width, style }: Extract<Mark, { kind: 'rule' }>): void {
  const [dash, gap] = style === 'dashed' ? [7, 5] : [width, 0]
  for (const row of [Math.round(y) - 1, Math.round(y)])
    for (let from = x; from < x + width; from += dash + gap)
      canvas.ink.fill(
        255,
        row * canvas.width + from,
        row * canvas.width + Math.min(from + dash, x + width),
      )
}

function drawText(
  canvas: Canvas,
  { x, baseline, size, face, text }: Extract<Mark, { kind: 'text' }>,
): void {
  const scale = size / face.unitsPerEm
  for (const placed of face.place(text)) {
    const stencil = stencils.find(face, placed.glyph, size, x + placed.x * scale)
    if (stencil) press(canvas, stencil, Math.round(baseline - placed.y * scale))
  }
}

/** Adds a glyph's ink where its stencil says, clipped to the paper. */
function press({ width, height, ink }: Canvas, stencil: Stencil, baseline: number): void {
  const top = baseline + stencil.top
  const first = Math.max(0, -top)
  const last = Math.min(stencil.height, height - top)
  const left = Math.max(0, -stencil.left)
  const right = Math.min(stencil.width, width - stencil.left)
  for (let row = first; row < last; row += 1) {
    const from = row * stencil.width
    const to = (top + row) * width + stencil.left
    for (let column = left; column < right; column += 1) {
      const value = (ink[to + column] ?? 0) + (stencil.ink[from + column] ?? 0)
      ink[to + column] = value > 255 ? 255 : value
    }
  }
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const NO_FILTER = 0

/** PNG (ISO/IEC 15948) with 16 levels of grey, which is what a receipt's letters need. */
function encodePng({ width, height, ink }: Canvas): Buffer {
  const stride = 1 + Math.ceil(width / 2)
  const rows = Buffer.alloc(stride * height, NO_FILTER)
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 2) {
      const at = row * width + column
      const grey = ((ink[at] ?? 0) & 0xf0) | ((column + 1 < width ? (ink[at + 1] ?? 0) : 0) >> 4)
      rows[row * stride + 1 + column / 2] = ~grey & 0xff
    }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // Four bits a pixel, greyscale, and the only compression, filter and order there are.
  header.set([4, 0, 0, 0, 0], 8)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 3 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  framed.set(body, 4)
  framed.writeUInt32BE(crc32(body), framed.length - 4)
  return framed
}
