import { TEMPLATE_LANGUAGES, type TemplateLanguage } from '../../../imports/template.ts'
import { type Instant, toDate } from '../../../money/instant.ts'
import { toReading, type Zone } from '../../../money/zone.ts'
import { TEXT } from '../../../wire/fields.ts'
import { InvalidInput } from '../decode.ts'
import type { FormPart } from '../multipart.ts'

/** The template's language; English unless asked otherwise (specs/inventorum.md 9.1). */
export function decodeLanguage(wanted: string | undefined): TemplateLanguage {
  const language = TEMPLATE_LANGUAGES.find((known) => known === (wanted ?? 'en'))
  if (language) return language
  throw new InvalidInput({ language: [TEXT.choice(wanted ?? '')] })
}

/** The file of an import: any bytes, but a file and not empty (specs/inventorum.md 9.2). */
export function decodeFile(part: FormPart | undefined): { file: Buffer; name: string } {
  const fault = (text: string): InvalidInput => new InvalidInput({ source_file: [text] })
  if (!part) throw fault('No file was submitted.')
  if (part.fileName === undefined)
    throw fault('The submitted data was not a file. Check the encoding type on the form.')
  if (part.bytes.length === 0) throw fault('The submitted file is empty.')
  return { file: part.bytes, name: part.fileName }
}

const BASE_LENGTH_MAX = 100
const EXTENSION_LENGTH_MAX = 10

/**
 * The name that a file is kept under: its own, free of anything but ASCII letters, digits and `._-`, with the
 * account and its local time of arrival. It becomes part of an address, never of a path of ours.
 */
export function storedName(name: string, accountId: bigint, zone: Zone, now: Instant): string {
  // Browsers of old sent whole paths.
  const last = name.split(/[/\\]/).at(-1) ?? ''
  const dot = last.lastIndexOf('.')
  const [base, extension] = dot > 0 ? [last.slice(0, dot), last.slice(dot + 1)] : [last, '']
  const time = toDate(toReading(zone, now)).toISOString().slice(0, 19).replace(/[-T:]/g, '_')
  const ending = plain(extension, EXTENSION_LENGTH_MAX).replaceAll('.', '')
  const stem = plain(base, BASE_LENGTH_MAX) || 'upload'
  return `${stem}_${accountId}_${time}${ending === '' ? '' : `.${ending}`}`
}

const plain = (text: string, lengthMax: number): string =>
  text
    .normalize('NFKD')
    .replace(/\s+/g, '_')
    .replace(/[^A-Za-z0-9._-]/g, '')
    .replace(/^\.+/, '')
    .slice(0, lengthMax)
