import { strToU8, zipSync } from 'fflate'

/** Header words by language (specs/inventorum.md 9.1). */
const HEADERS = {
  en: ['redeem code', 'name', 'valid until', 'current amount', 'tax rate'],
  de: ['Einlösecode', 'Name', 'Gültig bis', 'Aktueller Betrag', 'Steuersatz'],
  es: ['código de canje', 'nombre', 'válido hasta', 'importe actual', 'tipo impositivo'],
} as const

export type TemplateLanguage = keyof typeof HEADERS
export const TEMPLATE_LANGUAGES = Object.keys(HEADERS) as TemplateLanguage[] // Its keys, no others.

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

const CONTENT_TYPES = `<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${TYPE}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${TYPE}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${TYPE}.styles+xml"/></Types>`

const relationships = (...targets: readonly (readonly [type: string, target: string])[]): string =>
  `<Relationships xmlns="${PACKAGE}/relationships">${targets
    .map(([type, target], index) => {
      const id = `rId${index + 1}`
      return `<Relationship Id="${id}" Type="${RELATIONS}/${type}" Target="${target}"/>`
    })
    .join('')}</Relationships>`

const WORKBOOK = `<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets><sheet name="Gift cards" sheetId="1" r:id="rId1"/></sheets></workbook>`

/** Styles by number: 0 plain, 1 text (built-in format 49), 2 and 3 the same in bold for the header. */
const STYLES = `<styleSheet xmlns="${MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font><font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/><xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`

/** Codes, names and dates are text columns, or Excel would turn them into numbers and dates. */
const TEXT_COLUMNS = 3

function sheet(headers: readonly string[]): string {
  const cells = headers.map((header, index) => {
    const style = index < TEXT_COLUMNS ? 3 : 2
    return `<c r="${'ABCDE'.charAt(index)}1" s="${style}" t="inlineStr"><is><t>${header}</t></is></c>`
  })
  return `<worksheet xmlns="${MAIN}"><dimension ref="A1:E1"/><sheetViews><sheetView workbookViewId="0"/></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols><col min="1" max="1" width="40" style="1" customWidth="1"/><col min="2" max="2" width="32" style="1" customWidth="1"/><col min="3" max="3" width="16" style="1" customWidth="1"/><col min="4" max="5" width="18" customWidth="1"/></cols><sheetData><row r="1">${cells.join('')}</row></sheetData></worksheet>`
}

/** ZIP knows no earlier day; a fixed one makes the same template the same bytes. */
const MADE_AT = new Date(1980, 0, 1)

/** The workbook that an importer fills in: a header row and nothing else; always the same bytes. */
export function createTemplate(language: TemplateLanguage): Buffer {
  const parts = {
    '[Content_Types].xml': CONTENT_TYPES,
    '_rels/.rels': relationships(['officeDocument', 'xl/workbook.xml']),
    'xl/workbook.xml': WORKBOOK,
    'xl/_rels/workbook.xml.rels': relationships(
      ['worksheet', 'worksheets/sheet1.xml'],
      ['styles', 'styles.xml'],
    ),
    'xl/styles.xml': STYLES,
    'xl/worksheets/sheet1.xml': sheet(HEADERS[language]),
  }
  const files = Object.entries(parts).map(([path, xml]) => [path, strToU8(XML + xml)] as const)
  return Buffer.from(zipSync(Object.fromEntries(files), { mtime: MADE_AT, level: 9 }))
}
