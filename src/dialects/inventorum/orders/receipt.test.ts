import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createClient, startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  createTill,
  type Json,
  makeBasket,
  makePrecoded,
  openShop,
  payBasket,
  type Shop,
  sellCards,
  shopWorld,
  type Till,
} from '../../../../test/support/inventorum.ts'
import { wallClock } from '../../../money/instant.ts'
import { readOrders } from '../../../services/inventorum-order-views.ts'
import { createMerchants } from '../../../services/merchants.ts'
import { receiptContent } from './receipt.ts'

let app: TestApp
let till: Till
let shop: Shop
before(async () => {
  app = await startTestApp({ world: shopWorld() })
  till = createTill(app.http)
  shop = await openShop(till)
})
after(() => app.close())

const read = async (url: string) => {
  const answer = await fetch(url)
  return { answer, bytes: Buffer.from(await answer.arrayBuffer()) }
}

/** Width and height as the image itself says. */
const sizeOf = (png: Buffer) => [png.readUInt32BE(16), png.readUInt32BE(20)]

test('both files are there when the payment is answered, under an address that nobody guesses', async () => {
  const order = await payBasket(till, (await makeBasket(till, [{ product: shop.pants }])).id)
  const { receipt, invoice_number } = order.basket
  assert.match(
    receipt.pdf,
    new RegExp(`/uploads/invoices/\\d+/[\\w-]{22,}/Corner-Shop-Sohne-${invoice_number}\\.pdf$`),
  )
  assert.equal(receipt.image, receipt.pdf.replace(/pdf$/, 'png'))
  const [image, pdf] = await Promise.all([read(receipt.image), read(receipt.pdf)])
  assert.equal(pdf.answer.headers.get('content-type'), 'application/pdf')
  assert.equal(image.answer.headers.get('content-type'), 'image/png')
  assert.ok(pdf.bytes.subarray(0, 5).equals(Buffer.from('%PDF-')))
  assert.deepEqual(sizeOf(image.bytes), [receipt.image_width, receipt.image_height])
  const again = await read(receipt.pdf)
  assert.deepEqual(again.bytes, pdf.bytes)
  assert.deepEqual((await till.ok(200, 'GET', `/api/orders/${order.id}/`)).basket.receipt, receipt)
})

test("a receipt survives a restart, through another process, and the order's return", async () => {
  const order = await payBasket(
    till,
    (await makeBasket(till, [{ product: shop.pants }], { note_external: 'x' })).id,
  )
  const before = await read(order.basket.receipt.pdf)
  const fresh = await payBasket(till, (await makeBasket(till, [{ product: shop.pants }])).id)
  await till.ok(200, 'POST', `/api/orders/${order.id}/refund/`, { method: 0 })
  const second = await startTestApp({ database: app })
  try {
    const moved = (url: string) => url.replace(app.http, second.http)
    assert.deepEqual((await read(moved(order.basket.receipt.pdf))).bytes, before.bytes)
    assert.equal((await read(moved(fresh.basket.receipt.image))).answer.status, 200)
  } finally {
    await second.close()
  }
})

test('two who ask first at once get the same file', async () => {
  const order = await payBasket(till, (await makeBasket(till, [{ product: shop.pants }])).id)
  const files = await Promise.all([1, 2, 3, 4].map(() => read(order.basket.receipt.pdf)))
  for (const { bytes } of files) assert.deepEqual(bytes, files[0]?.bytes)
})

test('an address that is not exactly right leads nowhere', async () => {
  const order = await payBasket(till, (await makeBasket(till, [{ product: shop.pants }])).id)
  const path = new URL(order.basket.receipt.pdf).pathname
  const [, , , account = '', opaque = '', file = ''] = path.split('/')
  const client = createClient(app.http)
  for (const wrong of [
    path.replace(`/${account}/`, `/${Number(account) + 1}/`),
    path.replace(opaque, opaque.toLowerCase()),
    path.replace(opaque, 'x'),
    path.replace(file, 'other.pdf'),
    path.replace('.pdf', '.html'),
    `/uploads/invoices/${account}/`,
  ])
    assert.equal((await client.send('GET', wrong)).status, 404, wrong)
  const head = await client.send('HEAD', path)
  assert.equal(head.status, 200)
})

test('every receipt has an address of its own, and no two orders share one', async () => {
  const orders = await Promise.all(
    [1, 2, 3].map(async () =>
      payBasket(till, (await makeBasket(till, [{ product: shop.pants }])).id),
    ),
  )
  const opaque = orders.map(({ basket }: Json) => basket.receipt.pdf.split('/')[6])
  assert.equal(new Set(opaque).size, 3)
  for (const segment of opaque) assert.ok(Buffer.from(segment, 'base64url').length >= 16)
})

test('what a receipt says is what the order says, and no more', async () => {
  const plastic = await makePrecoded(till, shop.taxes['19'], ['SECRET-CODE-1'])
  const [card = ''] = await sellCards(till, shop.multi, ['20.00'])
  const basket = await makeBasket(
    till,
    [
      { product: shop.pants, price: '95.62' },
      { product: plastic },
      { product: shop.keyboard, price: '10.00' },
    ],
    { redeem_code: [card], note_internal: 'for us only', note_external: 'Happy birthday' },
  )
  const order = await payBasket(till, basket.id)
  const merchant = (await createMerchants({ db: app.db }).findBySlug('acme')) ?? assert.fail()
  const orders = await readOrders(app.db, merchant, [BigInt(order.id)], wallClock())
  const stored = orders.get(BigInt(order.id)) ?? assert.fail()
  const content = receiptContent(stored, merchant) ?? assert.fail()
  assert.deepEqual(
    content.lines.map(({ name, gross }) => [name, gross]),
    [
      ['Pants', 9_562_000n],
      ['Plastic card-SECRET-CODE-1', 10_000_000n],
      ['Keyboard', 1_000_000n],
    ],
  )
  assert.deepEqual(content.cards, [
    { type: 'multi-purpose', code: card, applied: 2_000_000n, remaining: 0n },
  ])
  assert.deepEqual(
    content.vat.map(({ net, vat, gross }) => [net, vat, gross]),
    [
      [16_439_000n, 3_123_000n, 19_562_000n],
      [935_000n, 65_000n, 1_000_000n],
    ],
  )
  assert.deepEqual(
    [content.total, content.payments, content.note],
    [18_562_000n, [{ method: 'Cash', amount: 18_562_000n }], 'Happy birthday'],
  )
  assert.doesNotMatch(
    JSON.stringify(content, (_key, value) => (typeof value === 'bigint' ? `${value}` : value)),
    /for us only/,
  )
})
