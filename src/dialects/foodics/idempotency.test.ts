import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createClient, startTestApp } from '../../../test/support/app.ts'
import { DATA, faultsOf, type Kitchen, startKitchen } from '../../../test/support/foodics.ts'

const PATH = '/v5/gift_card_transactions'
const keyed = (key: string) => ({ headers: { 'idempotency-key': key } })
const replayed = ({ headers }: { headers: Headers }) => headers.get('idempotency-replayed')

describe('Idempotency-Key', () => {
  let kitchen: Kitchen
  before(async () => {
    kitchen = await startKitchen()
  })
  after(() => kitchen.close())

  async function table() {
    const shop = await kitchen.open()
    return { shop, card: await shop.sell('100'), order: await shop.order() }
  }

  test('the same request again gets the first answer, byte for byte, and books nothing', async () => {
    const { shop, card, order } = await table()
    const first = await shop.book(card.id, '-10', order, keyed('a'))
    assert.deepEqual([first.status, replayed(first)], [201, null])
    await shop.book(card.id, '-5', order)
    const again = await shop.book(card.id, '-10', order, keyed('a'))
    assert.deepEqual([again.status, again.text, replayed(again)], [201, first.text, 'true'])
    assert.equal(again.headers.get('content-type'), 'application/json')
    assert.equal(await shop.balance(card.code), 85)
  })

  test('bodies are compared as parsed values', async () => {
    const { shop, card, order } = await table()
    await shop.book(card.id, '-10', order, keyed('a'))
    const again = await shop.send('POST', `${PATH}/`, {
      body: `{ "order_id": "${order}", "gift_card_id": "${card.id}", "amount": -1.0e1 }`,
      headers: { 'idempotency-key': 'a', 'content-type': 'text/plain' },
    })
    assert.deepEqual([again.status, replayed(again)], [201, 'true'])
    assert.equal(await shop.balance(card.code), 90)
  })

  test('another body, query or path under the same key is 409 and writes nothing', async () => {
    const { shop, card, order } = await table()
    await shop.book(card.id, '-10', order, keyed('a'))
    const body = `{"amount":-10,"gift_card_id":"${card.id}","order_id":"${order}"}`
    for (const answer of [
      await shop.book(card.id, '-10.00001', order, keyed('a')),
      await shop.book(card.id, '"-10"', order, keyed('a')),
      await shop.send('POST', `${PATH}?include=order`, { body, ...keyed('a') }),
      await shop.send('POST', PATH, { body: '{', ...keyed('a') }),
      await shop.send('POST', PATH, { body: '{}', ...keyed('a') }),
    ]) {
      assert.equal(answer.status, 409)
      assert.deepEqual(Object.keys(answer.json as object), ['message'])
    }
    const product = { name: 'P', sku: 'S', pricing_method: 2, category_id: 'c' }
    const [one, two] = [await shop.product(), await shop.product()]
    const rename = (id: string) =>
      shop.send('POST', `/v5/gift_card_products/${id}`, { json: { name: 'New' }, ...keyed('b') })
    assert.equal((await rename(one)).status, 200)
    assert.equal((await rename(two)).status, 409)
    assert.equal(
      (await shop.send('POST', '/v5/gift_card_products', { json: product, ...keyed('b') })).status,
      201,
    )
    assert.equal(await shop.balance(card.code), 90)
  })

  test('the prefix and a trailing slash make no other request', async () => {
    const { shop, card, order } = await table()
    const body = `{"amount":-10,"gift_card_id":"${card.id}","order_id":"${order}"}`
    await shop.send('POST', PATH, { body, ...keyed('a') })
    const again = await shop.send('POST', '/gift_card_transactions/', { body, ...keyed('a') })
    assert.equal(replayed(again), 'true')
  })

  test('a key counts for one token and one route', async () => {
    const { shop, card, order } = await table()
    const other = await shop.clientOf({ scopes: 'all' })
    const body = `{"amount":-10,"gift_card_id":"${card.id}","order_id":"${order}"}`
    await shop.book(card.id, '-10', order, keyed('a'))
    const theirs = await other.send('POST', PATH, { body, ...keyed('a') })
    assert.deepEqual([theirs.status, replayed(theirs)], [201, null])
    const made = await shop.send('POST', '/v5/orders', {
      json: { type: 1, branch_id: 'b' },
      ...keyed('a'),
    })
    assert.equal(made.status, 201)
  })

  test('only success is remembered', async () => {
    const { shop, card, order } = await table()
    assert.deepEqual(faultsOf(await shop.book(card.id, '-101', order, keyed('a'))), ['amount'])
    await shop.book(card.id, '1', order)
    const now = await shop.book(card.id, '-101', order, keyed('a'))
    assert.deepEqual([now.status, replayed(now)], [201, null])
    assert.equal((await shop.send('POST', PATH, { body: '{', ...keyed('b') })).status, 400)
    assert.equal((await shop.book(card.id, '5', order, keyed('b'))).status, 201)
  })

  test('an empty key is none, and one over 255 characters is 400', async () => {
    const { shop, card, order } = await table()
    await shop.book(card.id, '-10', order, keyed(''))
    await shop.book(card.id, '-10', order, keyed(''))
    assert.equal(await shop.balance(card.code), 80)
    assert.equal((await shop.book(card.id, '-10', order, keyed('k'.repeat(255)))).status, 201)
    assert.equal((await shop.book(card.id, '-10', order, keyed('k'.repeat(256)))).status, 400)
    const reader = await shop.clientOf({ scopes: [] })
    assert.equal((await reader.send('POST', PATH, { ...keyed('k'.repeat(256)) })).status, 403)
    assert.equal((await shop.send('GET', PATH, { ...keyed('k'.repeat(256)) })).status, 200)
  })

  test('products and orders are made once per key, expanded answers included', async () => {
    const { shop, card, order } = await table()
    const sale = {
      json: {
        type: 1,
        branch_id: 'b',
        gift_card: { gift_card_product_id: card.productId, amount: 5 },
      },
      ...keyed('s'),
    }
    const [sold, again] = [
      await shop.send('POST', '/v5/orders', sale),
      await shop.send('POST', '/v5/orders', sale),
    ]
    assert.deepEqual([sold.status, again.text, replayed(again)], [201, sold.text, 'true'])
    const product = {
      json: { name: 'P', sku: 'S', pricing_method: 2, category_id: 'c' },
      ...keyed('p'),
    }
    const made = await shop.send('POST', '/v5/gift_card_products', product)
    assert.equal((await shop.send('POST', '/v5/gift_card_products', product)).text, made.text)
    const body = `{"amount":-10,"gift_card_id":"${card.id}","order_id":"${order}"}`
    const path = `${PATH}?include=gift_card.gift_card_product,order`
    const whole = await shop.send('POST', path, { body, ...keyed('t') })
    assert.equal((DATA(whole).gift_card as { balance: number }).balance, 90)
    assert.equal((await shop.send('POST', path, { body, ...keyed('t') })).text, whole.text)
  })

  test('32 at once with one key are one transaction, and all hear of it', async () => {
    const { shop, card, order } = await table()
    const answers = await Promise.all(
      Array.from({ length: 32 }, () => shop.book(card.id, '-10', order, keyed('once'))),
    )
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
    assert.ok(answers.every(({ status }) => status === 201))
    assert.equal(answers.filter((answer) => replayed(answer) === null).length, 1)
    assert.equal(await shop.balance(card.code), 90)
  })

  test('of 16 different bodies at once with one key one is booked, the others are 409', async () => {
    const { shop, card, order } = await table()
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        shop.book(card.id, `-${index + 1}`, order, keyed('k')),
      ),
    )
    const statuses = answers.map(({ status }) => status).toSorted()
    assert.deepEqual(statuses, [201, ...Array(15).fill(409)])
    assert.equal((await shop.list(PATH)).meta.total, 1)
  })

  test('two server processes keep a key apart as one does', async () => {
    const { shop, card, order } = await table()
    const second = await startTestApp({ database: kitchen })
    const there = createClient(second.http, { authorization: `Bearer ${shop.token}` })
    const body = `{"amount":-10,"gift_card_id":"${card.id}","order_id":"${order}"}`
    const sale = {
      type: 1,
      branch_id: 'b',
      gift_card: { gift_card_product_id: card.productId, amount: 5 },
    }
    try {
      for (let round = 0; round < 5; round += 1) {
        const answers = await Promise.all(
          [shop, there, shop, there, there, shop].map((client) =>
            client.send('POST', PATH, { body, ...keyed(`round ${round}`) }),
          ),
        )
        assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
        assert.equal(answers.filter((answer) => replayed(answer) === null).length, 1)
        const orders = await Promise.all(
          [shop, there].map((client) =>
            client.send('POST', '/v5/orders', { json: sale, ...keyed(`o ${round}`) }),
          ),
        )
        assert.equal(new Set(orders.map(({ text }) => text)).size, 1)
      }
    } finally {
      await second.close()
    }
    assert.equal(await shop.balance(card.code), 50)
    assert.equal((await shop.list('/v5/orders')).meta.total, 7)
  })

  test('an answer is replayed for 24 hours', async () => {
    const { shop, card, order } = await table()
    kitchen.setClock('2031-01-01T10:00:00Z')
    await shop.book(card.id, '-10', order, keyed('old'))
    kitchen.setClock('2031-01-02T09:59:59Z')
    assert.equal(replayed(await shop.book(card.id, '-10', order, keyed('old'))), 'true')
    kitchen.setClock(undefined)
  })
})
