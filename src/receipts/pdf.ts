import PDFDocument from 'pdfkit'
import { type Instant, toDate } from '../money/instant.ts'
import type { Mark, Sheet } from './layout.ts'

/** 80 mm in points: the paper, of which the sheet is an exact picture. */
const PAPER_WIDTH = (80 / 25.4) * 72
/** PDF's own limit is 14,400 points; a longer receipt goes on over several pages. */
const PAGE_HEIGHT_MAX = 14_000

/** Draws a sheet as a PDF with selectable text and embedded fonts; the same sheet, the same bytes. */
export async function drawPdf(sheet: Sheet, title: string, createdAt: Instant): Promise<Buffer> {
  const scale = PAPER_WIDTH / sheet.width
  const document = new PDFDocument({
    autoFirstPage: false,
    margin: 0,
    // Named here because the default, Helvetica, would be set up for nothing.
    font: '',
    info: { Title: title, Producer: 'Scrip', Creator: 'Scrip', CreationDate: toDate(createdAt) },
  })
  const chunks: Buffer[] = []
  for (const mark of sheet.marks)
    if (mark.kind === 'text')
      // Its types do not know that it also takes a font that is open already.
      document.registerFont(mark.face.name, mark.face.embeddable as unknown as Buffer)
  document.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<void>((resolve, reject) => {
    document.on('end', resolve)
    document.on('error', reject)
  })
  const pageHeight = Math.floor(PAGE_HEIGHT_MAX / scale)
  for (let top = 0; top < sheet.height; top += pageHeight) {
    const height = Math.min(pageHeight, sheet.height - top)
    document.addPage({ size: [PAPER_WIDTH, height * scale], margin: 0 })
    document.scale(scale)
    for (const mark of sheet.marks) {
      const y = (mark.kind === 'text' ? mark.baseline : mark.y) - top
      if (y >= 0 && y < height) drawMark(document, mark, y)
    }
  }
  document.end()
  await ended
  return Buffer.concat(chunks)
}

function drawMark(document: PDFKit.PDFDocument, mark: Mark, y: number): void {
  if (mark.kind === 'rule') {
    document
      .moveTo(mark.x, y)
      .lineTo(mark.x + mark.width, y)
      .lineWidth(2)
    if (mark.style === 'dashed') document.dash(7, { space: 5 })
    else document.undash()
    document.stroke()
    return
  }
  // `features` keeps pdfkit from shaping a run word by word, which would reorder Hebrew and Arabic.
  document
    .font(mark.face.name)
    .fontSize(mark.size)
    .text(mark.text, mark.x, y, { lineBreak: false, baseline: 'alphabetic', features: [] })
}
