import type { Readable } from 'node:stream'
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl'

/** What a ZIP file may hold before a single byte of it is unpacked (specs/inventorum.md 1.13). */
const PACKAGE_LIMITS = {
  entries: 2_000,
  unpackedBytes: 100 * 1024 * 1024,
  /** No real workbook is packed tighter than this; small parts may be. */
  ratio: 250,
  ratioFromBytes: 1024 * 1024,
} as const

/** Why a file cannot be imported at all, before any of its cells matters. */
export type FileFault = 'not_a_workbook' | 'unpacked_too_large' | 'too_many_rows' | 'no_rows'

/** The file as a whole is refused; the reason is a word, never a piece of the file. */
export class FileError extends Error {
  override readonly name = 'FileError'
  readonly fault: FileFault

  constructor(fault: FileFault) {
    super(fault)
    this.fault = fault
  }
}

/** An Office package: parts by their path, compared without case as its standard asks. */
export type Package = {
  readonly has: (path: string) => boolean
  /** A part's bytes, unpacked as they are asked for; never more than its directory entry says. */
  readonly open: (path: string) => Promise<Readable>
}

/**
 * Opens a package from its central directory. Refuses (FileError) what is no ZIP file, encrypted or
 * packed in another way, holds a path twice, or claims to unpack into more than the limits.
 */
export async function openPackage(bytes: Buffer): Promise<Package> {
  const zip = await orNotAWorkbook(
    fromBufferPromise(bytes, { lazyEntries: true, autoClose: false }),
  )
  const entries = await readEntries(zip)
  return {
    has: (path) => entries.has(path.toLowerCase()),
    async open(path) {
      const entry = entries.get(path.toLowerCase())
      if (!entry) throw new FileError('not_a_workbook')
      return orNotAWorkbook(zip.openReadStreamPromise(entry))
    },
  }
}

async function readEntries(zip: ZipFile): Promise<ReadonlyMap<string, Entry>> {
  const { entries: entriesMax, unpackedBytes, ratio, ratioFromBytes } = PACKAGE_LIMITS
  if (zip.entryCount > entriesMax) throw new FileError('not_a_workbook')
  const entries = new Map<string, Entry>()
  let total = 0
  try {
    for await (const entry of zip.eachEntry()) {
      const { fileName, uncompressedSize, compressedSize } = entry
      total += uncompressedSize
      if (total > unpackedBytes) throw new FileError('unpacked_too_large')
      if (uncompressedSize > ratioFromBytes && uncompressedSize > compressedSize * ratio)
        throw new FileError('unpacked_too_large')
      const path = fileName.toLowerCase()
      if (!entry.canDecodeFileData() || entries.has(path)) throw new FileError('not_a_workbook')
      entries.set(path, entry)
    }
  } catch (error) {
    throw error instanceof FileError ? error : new FileError('not_a_workbook')
  }
  return entries
}

/** Whatever the ZIP reader objects to, the answer is the same; its words may quote the file. */
async function orNotAWorkbook<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof FileError ? error : new FileError('not_a_workbook')
  }
}
