import type { FastifyInstance } from 'fastify'
import { type Answer, json, send } from '../../../http/answer.ts'
import type { DialectContext } from '../../../http/dialect.ts'
import { detail, fail, failNotFound } from '../errors.ts'
import { readFormParts } from '../multipart.ts'
import { encodeImageUrls } from '../products/encode.ts'
import { type AddResource, type Call, FORM, mediaType } from '../shell.ts'
import { id, parseId } from '../wire.ts'
import { decodeImage, IMAGE_TYPES } from './decode.ts'

const FILE_BYTES_MAX = 10 * 1024 * 1024

/** Uploads of pictures (specs/inventorum.md 11.5). */
export function addImages(add: AddResource): void {
  add('/api/images/', { family: 'v1', methods: { POST: create } })
}

async function create(call: Call): Promise<Answer> {
  const { request, services, caller, base } = call
  const isForm = mediaType(request) === FORM
  if (!isForm && request.body instanceof Buffer && request.body.length > 0)
    return fail(detail(415, `Unsupported media type "${request.sentType}" in request.`))
  const parts = isForm
    ? await readFormParts(request, ['image', 'type'], FILE_BYTES_MAX)
    : new Map<string, never>()
  const { file, type } = decodeImage(parts.get('image'), parts.get('type'))
  const image = await services.inventorum.images.add(caller, file, type)
  return json(200, {
    id: id(image.id),
    urls: encodeImageUrls(image, caller.merchant.id, base),
    type: image.type,
    new: true,
  })
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  gif: 'image/gif',
}

/** Serves pictures to anybody who has the address; seven names lead to the same bytes. */
export function addImageFiles(app: FastifyInstance, { services }: DialectContext): void {
  type Params = { account: string; folder: string; file: string }
  app.route<{ Params: Params }>({
    method: ['GET', 'HEAD'],
    url: `/uploads/:account/:folder(^(?:${IMAGE_TYPES.join('|')})$)/:file`,
    handler: async ({ params }, reply) => {
      const account = parseId(params.account) ?? failNotFound()
      const match = FILE.exec(params.file)
      const [, opaque = '', extension = ''] = match ?? failNotFound()
      const type = IMAGE_TYPES.indexOf(params.folder)
      const { images } = services.inventorum
      const bytes = await images.findFile(account, type, opaque, extension)
      return send(reply, {
        status: 200,
        headers: {
          'content-type': MEDIA_TYPES[extension] ?? 'application/octet-stream',
          'x-content-type-options': 'nosniff',
          'content-security-policy': "default-src 'none'; sandbox",
          'cache-control': 'public, max-age=31536000, immutable',
        },
        body: bytes ?? failNotFound(),
      })
    },
  })
}

const FILE =
  /^([0-9a-f]{32})\.(?:ipad|thumb|ipad_retina|ebay|thumb_retina|original)\.(png|jpg|gif)$/
