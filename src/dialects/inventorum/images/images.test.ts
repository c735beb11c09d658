import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createClient, startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  createTill,
  type Json,
  OTHER_TILL,
  shopWorld,
  type Till,
} from '../../../../test/support/inventorum.ts'

let app: TestApp
let till: Till
before(async () => {
  app = await startTestApp({ world: shopWorld() })
  till = createTill(app.http)
})
after(() => app.close())

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

async function upload(parts: Record<string, Buffer | string>, file = 'picture.png') {
  const form = new FormData()
  for (const [name, value] of Object.entries(parts))
    if (typeof value === 'string') form.append(name, value)
    else form.append(name, new Blob([new Uint8Array(value)], { type: 'image/png' }), file)
  const encoded = new Response(form)
  return await till.send('POST', '/api/images/', {
    body: new Uint8Array(await encoded.arrayBuffer()),
    headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
  })
}

const RENDITIONS = ['ipad', 'thumb', 'image', 'ipad_retina', 'ebay', 'thumb_retina', 'original']

test('a picture is answered with seven addresses, and every one of them resolves', async () => {
  const answer = await upload({ type: 'product', image: PNG })
  assert.equal(answer.status, 200, answer.text)
  const { id, urls, type, new: isNew } = answer.json as Json
  assert.ok(Number.isInteger(id))
  assert.deepEqual([type, isNew], [0, true])
  assert.deepEqual(Object.keys(urls), RENDITIONS)
  for (const url of Object.values(urls) as string[]) {
    const file = await fetch(url)
    assert.equal(file.status, 200, url)
    assert.equal(file.headers.get('content-type'), 'image/png')
    assert.deepEqual(Buffer.from(await file.arrayBuffer()), PNG)
  }
})

test('templates carry pictures by negated ids, take either sign, and show the first as thumbnail', async () => {
  const ids = [
    (await upload({ image: PNG })).json as Json,
    (await upload({ image: PNG })).json as Json,
  ]
  const [tax] = await till.ok(200, 'GET', '/api/taxes/')
  const made = await till.ok(201, 'POST', '/api/v2/giftcards/', {
    type: 'gift_card',
    name: 'x',
    tax_type: tax.id,
    images: [{ id: ids[1].id, new: true }, { id: -ids[0].id }],
    giftcard_template: { type: 'single-purpose', valid_until_value: 1, valid_until_unit: 'day' },
  })
  assert.deepEqual(made.images, [
    { ...ids[1].urls, new: true, id: -ids[1].id },
    { ...ids[0].urls, new: true, id: -ids[0].id },
  ])
  assert.deepEqual(made.thumbnail, made.images[0])
  const cleared = await till.ok(200, 'PUT', `/api/v2/giftcards/${made.id}/`, { images: [] })
  assert.deepEqual(cleared.images, [])
  const other = createTill(app.http, OTHER_TILL)
  const [otherTax] = await other.ok(200, 'GET', '/api/taxes/')
  const stolen = await other.ok(400, 'POST', '/api/products/', {
    name: 'x',
    tax_type: otherTax.id,
    images: [{ id: ids[0].id }],
  })
  assert.deepEqual(stolen.error.fields, {
    images: [{ id: [`Invalid pk "${ids[0].id}" - object does not exist.`] }],
  })
})

test('JPEG and GIF are pictures too, told by their bytes and not by their names', async () => {
  const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(20)])
  const gif = Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(20)])
  for (const [bytes, type] of [
    [jpeg, 'image/jpeg'],
    [gif, 'image/gif'],
  ] as const) {
    const { urls } = (await upload({ image: bytes, type: 'category' }, '../../evil.html'))
      .json as Json
    const file = await fetch(urls.original)
    assert.equal(file.headers.get('content-type'), type)
    assert.equal(file.headers.get('x-content-type-options'), 'nosniff')
    assert.match(urls.original, /\/uploads\/\d+\/category\/[0-9a-f]{32}\.original\.(jpg|gif)$/)
  }
})

test('what is no picture is told so', async () => {
  const faults = async (parts: Record<string, Buffer | string>) => {
    const answer = await upload(parts)
    assert.equal(answer.status, 400, answer.text)
    return (answer.json as Json).error.fields
  }
  assert.deepEqual(await faults({ type: 'product' }), { image: ['This field is required.'] })
  assert.deepEqual(await faults({ image: PNG, type: 'cat' }), {
    type: ['"cat" is not a valid choice.'],
  })
  assert.deepEqual(await faults({ image: Buffer.from('<svg onload=alert(1)>') }), {
    image: [
      'Upload a valid image. The file you uploaded was either not an image or a corrupted image.',
    ],
  })
  assert.deepEqual(await faults({ image: Buffer.alloc(0) }), {
    image: ['The submitted file is empty.'],
  })
  assert.deepEqual(await faults({ image: 'text' }), {
    image: ['The submitted data was not a file. Check the encoding type on the form.'],
  })
  assert.deepEqual((await till.ok(400, 'POST', '/api/images/')).error.fields, {
    image: ['This field is required.'],
  })
  assert.equal((await till.send('POST', '/api/images/', { json: {} })).status, 415)
  const large = await upload({ image: Buffer.concat([PNG, Buffer.alloc(10 * 1024 * 1024)]) })
  assert.deepEqual([large.status, large.json], [413, { detail: 'Request body too large.' }])
})

test('a form is no JSON for endpoints that want JSON', async () => {
  const form = new FormData()
  form.append('name', 'x')
  const encoded = new Response(form)
  const answer = await till.send('POST', '/api/taxes/', {
    body: new Uint8Array(await encoded.arrayBuffer()),
    headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
  })
  assert.equal(answer.status, 415)
  assert.match(
    (answer.json as Json).detail,
    /^Unsupported media type "multipart\/form-data; boundary=/,
  )
})

test('an address that is not exactly right leads nowhere', async () => {
  const { urls } = (await upload({ image: PNG })).json as Json
  const path = new URL(urls.original).pathname
  const client = createClient(app.http)
  const [, , account = '', , file = ''] = path.split('/')
  for (const wrong of [
    path.replace(account, `${Number(account) + 1}`),
    path.replace('/product/', '/category/'),
    path.replace('.png', '.gif'),
    path.replace('.original.', '.huge.'),
    path.replace(file, '..%2f..%2fpackage.json'),
    `/uploads/${account}/product/`,
    '/uploads/x/product/y',
  ])
    assert.equal((await client.send('GET', wrong)).status, 404, wrong)
})
