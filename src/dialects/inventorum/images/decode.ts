import type { ImageFile, ImageFormat } from '../../../services/inventorum-images.ts'
import { type Faults, TEXT } from '../../../wire/fields.ts'
import { InvalidInput } from '../decode.ts'
import type { FormPart } from '../multipart.ts'

/** What images are of; the index is what answers show. */
export const IMAGE_TYPES = ['product', 'account', 'user', 'category']

const SIGNATURES: readonly (readonly [ImageFormat, Buffer])[] = [
  ['png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ['jpg', Buffer.from([0xff, 0xd8, 0xff])],
  ['gif', Buffer.from('GIF87a')],
  ['gif', Buffer.from('GIF89a')],
]

/** An image and what it is of, `product` unless told otherwise (specs/inventorum.md 11.5). */
export function decodeImage(
  image: FormPart | undefined,
  type: FormPart | undefined,
): { readonly file: ImageFile; readonly type: number } {
  const faults: Faults = {}
  const format = SIGNATURES.find(([, signature]) =>
    image?.bytes.subarray(0, signature.length).equals(signature),
  )?.[0]
  if (!image) faults.image = [TEXT.required]
  else if (image.fileName === undefined)
    faults.image = ['The submitted data was not a file. Check the encoding type on the form.']
  else if (image.bytes.length === 0) faults.image = ['The submitted file is empty.']
  else if (!format)
    faults.image = [
      'Upload a valid image. The file you uploaded was either not an image or a corrupted image.',
    ]
  const word = type?.bytes.toString('utf8').trim() ?? 'product'
  const index = IMAGE_TYPES.indexOf(word)
  if (index === -1) faults.type = [TEXT.choice(word)]
  if (!image || !format || Object.keys(faults).length > 0) throw new InvalidInput(faults)
  return { file: { bytes: image.bytes, format }, type: index }
}
