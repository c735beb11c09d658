import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deps } from './deps.ts'
import type { ShopCaller } from './inventorum-commands.ts'
import type { ImageReference } from './inventorum-product-views.ts'

/** What an image is, told by its first bytes and never by its name. */
export type ImageFormat = 'png' | 'jpg' | 'gif'

export type ImageFile = { readonly bytes: Buffer; readonly format: ImageFormat }

const OPAQUE_BYTES = 16
const FOLDER = 'images'

/**
 * Pictures of goods (specs/inventorum.md 11.5). The bytes lie in the data folder under a name of ours;
 * the row is written when they are safely there, so that every address that is ever shown resolves.
 */
export function createImages({ db, now, randomBytes, dataDirectory }: Deps) {
  const pathOf = (opaque: string): string => join(dataDirectory, FOLDER, opaque)
  return {
    add: async (
      { merchant }: ShopCaller,
      { bytes, format }: ImageFile,
      type: number,
    ): Promise<ImageReference> => {
      const opaque = randomBytes(OPAQUE_BYTES).toString('hex')
      await mkdir(join(dataDirectory, FOLDER), { recursive: true })
      await writeFile(`${pathOf(opaque)}.new`, bytes, { flag: 'wx', flush: true })
      await rename(`${pathOf(opaque)}.new`, pathOf(opaque))
      const [row] = await db<{ id: bigint }[]>`
        insert into inventorum_images (merchant_id, type, opaque, extension, created_at)
        values (${merchant.id}, ${type}, ${opaque}, ${format}, ${now()}::timestamptz) returning id`
      if (!row) throw new Error('an image without an id')
      return { id: row.id, opaque, extension: format, type }
    },

    /** The bytes at an address, if all of it is right. */
    findFile: async (
      merchantId: bigint,
      type: number,
      opaque: string,
      extension: string,
    ): Promise<Buffer | undefined> => {
      const [row] = await db`
        select 1 from inventorum_images where merchant_id = ${merchantId} and type = ${type}
          and opaque = ${opaque} and extension = ${extension}`
      return row && (await readFile(pathOf(opaque)))
    },
  }
}
