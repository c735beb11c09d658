import type { MultipartFile, MultipartValue } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'

/** A part of a form; one without a file name is a plain field. */
export type FormPart = { readonly bytes: Buffer; readonly fileName: string | undefined }

/** A form that cannot be taken apart: 400, as a body that is no JSON. */
export class FormError extends Error {
  override readonly name = 'FormError'
}

/** Besides the file that is wanted a form may hold a few more parts, which are thrown away. */
const OTHER_PARTS_MAX = 20

/** A plain field is a word, and is kept in memory whether it is wanted or not. */
const FIELD_BYTES_MAX = 64 * 1024

/**
 * One part of a multipart form by its name, the last if there are several; undefined if there is none.
 * Passes on the framework's 413 for a file above `bytesMax`. Refuses (FormError) what is no form.
 */
export const readFormPart = async (
  request: FastifyRequest,
  name: string,
  bytesMax: number,
): Promise<FormPart | undefined> => (await readFormParts(request, [name], bytesMax)).get(name)

/** The same for several parts at once. */
export async function readFormParts(
  request: FastifyRequest,
  names: readonly string[],
  bytesMax: number,
): Promise<ReadonlyMap<string, FormPart>> {
  const limits = {
    fileSize: bytesMax,
    fieldSize: FIELD_BYTES_MAX,
    files: OTHER_PARTS_MAX,
    fields: OTHER_PARTS_MAX,
  }
  const wanted = new Map<string, FormPart>()
  try {
    for await (const part of request.parts({ limits })) {
      if (!names.includes(part.fieldname)) {
        if (part.type === 'file') part.file.resume()
        continue
      }
      const read = await readPart(part)
      if (read) wanted.set(part.fieldname, read)
      else wanted.delete(part.fieldname)
    }
  } catch (error) {
    if (isTooLarge(error)) throw error
    throw new FormError('Multipart form parse error')
  }
  return wanted
}

/** A file field that was left empty in a browser arrives as a file without a name: there is no file. */
async function readPart(part: MultipartFile | MultipartValue): Promise<FormPart | undefined> {
  if (part.type === 'field') return { bytes: Buffer.from(String(part.value)), fileName: undefined }
  const bytes = await part.toBuffer()
  return part.filename === '' ? undefined : { bytes, fileName: part.filename }
}

const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && 'statusCode' in error && error.statusCode === 413
