import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Kitchen, startKitchen } from '../../../../test/support/foodics.ts'

describe('gift cards by code', () => {
  let kitchen: Kitchen
  before(async () => {
    kitchen = await startKitchen()
  })
  after(() => kitchen.close())

  test('a sold card has its eight fields, numbers as numbers, product and order as ids', async () => {
    const shop = await kitchen.open()
    kitchen.setClock('2031-03-05T09:01:10Z')
    const card = await shop.sell('120', 'K7Q2-88XD')
    kitchen.setClock(undefined)
    const { data: orders } = await shop.list('/v5/orders')
    const answer = await shop.send('GET', '/v5/gift_cards/K7Q2-88XD')
    assert.equal(
      answer.text,
      `{"data":{"id":"${card.id}","amount":120,"balance":120,"code":"K7Q2-88XD",` +
        `"gift_card_product":{"id":"${card.productId}"},"order":{"id":"${orders[0]?.id}"},` +
        `"created_at":"2031-03-05 09:01:10","updated_at":"2031-03-05 09:01:10"}}`,
    )
  })

  test('a card of five decimals shows all of them', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('0.12345')
    assert.match(
      (await shop.send('GET', `/v5/gift_cards/${card.code}`)).text,
      /"amount":0.12345,"balance":0.12345,/,
    )
  })

  test('the path takes the code, exactly: no other case, no prefix, no id', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('10', 'Spring-Card')
    for (const path of ['spring-card', 'Spring', 'Spring-Card%20', card.id, '%00', '%zz', '%ff'])
      assert.equal((await shop.send('GET', `/v5/gift_cards/${path}`)).status, 404, path)
    assert.equal((await shop.send('GET', '/v5/gift_cards/Spring%2DCard/')).status, 200)
    assert.equal((await shop.send('GET', '/gift_cards/Spring-Card')).status, 200)
  })

  test('a code is decoded, and an encoded slash belongs to it', async () => {
    const shop = await kitchen.open({ cards: [{ code: 'A/B C+%ü', value: '5' }] })
    const code = encodeURIComponent('A/B C+%ü')
    assert.equal((await shop.get(`/v5/gift_cards/${code}`)).code, 'A/B C+%ü')
    assert.equal((await shop.send('GET', '/v5/gift_cards/A/B')).status, 404)
  })

  test('the same code in two businesses is two cards', async () => {
    const [one, two] = [await kitchen.open(), await kitchen.open()]
    const [first, second] = [await one.sell('10', 'TWIN'), await two.sell('20', 'TWIN')]
    assert.equal((await one.get('/v5/gift_cards/TWIN')).id, first.id)
    assert.equal((await two.get('/v5/gift_cards/TWIN')).id, second.id)
    const third = await kitchen.open()
    assert.equal((await third.send('GET', '/v5/gift_cards/TWIN')).status, 404)
  })

  test('includes expand the product and the order that sold the card', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('10')
    const path = `/v5/gift_cards/${card.code}`
    const whole = await shop.get(`${path}?include=gift_card_product, order`)
    const product = whole.gift_card_product as Record<string, unknown> // Expanded.
    const order = whole.order as Record<string, unknown> // Expanded.
    assert.deepEqual([product.id, product.sku], [card.productId, 'SKU-1'])
    assert.deepEqual([order.reference, order.gift_card], [1, { id: card.id }])
    for (const include of ['gift_card', 'category', 'order.gift_card'])
      assert.equal((await shop.send('GET', `${path}?include=${include}`)).status, 400, include)
  })

  test('a card made outside this dialect has neither product nor order', async () => {
    const shop = await kitchen.open({ cards: [{ code: 'WORLD', value: '25.50' }] })
    for (const include of ['', '?include=gift_card_product,order']) {
      const card = await shop.get(`/v5/gift_cards/WORLD${include}`)
      assert.deepEqual([card.gift_card_product, card.order], [null, null])
      assert.deepEqual([card.amount, card.balance], [25.5, 25.5])
    }
  })
})
