import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { DATA, faultsOf, type Kitchen, startKitchen } from '../../../../test/support/foodics.ts'

const STAMP = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const PATH = '/v5/gift_card_transactions'

describe('gift card transactions', () => {
  let kitchen: Kitchen
  before(async () => {
    kitchen = await startKitchen()
  })
  after(() => kitchen.close())

  test('a redemption is 201 with exactly eight keys, numbers as plain numbers', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('120')
    const order = await shop.order()
    const answer = await shop.book(card.id, '-37.25', order)
    assert.equal(answer.status, 201)
    assert.equal(answer.headers.get('content-type'), 'application/json')
    const data = DATA(answer)
    assert.deepEqual(Object.keys(answer.json as object), ['data'])
    assert.match(String(data.id), UUID)
    assert.match(String(data.created_at), STAMP)
    assert.equal(
      answer.text,
      `{"data":{"id":"${data.id}","amount":-37.25,"old_balance":120,"new_balance":82.75,` +
        `"gift_card":{"id":"${card.id}"},"order":{"id":"${order}"},` +
        `"created_at":"${data.created_at}","updated_at":"${data.created_at}"}}`,
    )
  })

  test('the amount asked for is booked: no clamping, no rounding, no emptying of the card', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('180.5')
    const answer = await shop.book(card.id, '-180', await shop.order())
    assert.match(answer.text, /"amount":-180,"old_balance":180.5,"new_balance":0.5,/)
    assert.equal(await shop.balance(card.code), 0.5)
  })

  test('a new id is made, and the requested card and order are echoed', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('10')
    const order = await shop.order()
    const data = DATA(await shop.book(card.id, '-1', order))
    assert.notEqual(data.id, card.id)
    assert.deepEqual([data.gift_card, data.order], [{ id: card.id }, { id: order }])
  })

  test('amounts in any spelling come out as the shortest plain number', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('1000')
    const order = await shop.order()
    for (const [sent, shown] of [
      ['-180.50', '-180.5'],
      ['-1.805e2', '-180.5'],
      ['-180.500000000', '-180.5'],
      ['-0.00001', '-0.00001'],
      ['"-12.5"', '-12.5'],
      ['100.00000', '100'],
      ['1E1', '10'],
    ])
      assert.match(
        (await shop.book(card.id, sent ?? '', order)).text,
        new RegExp(`"amount":${shown?.replace('.', '\\.')},`),
        sent,
      )
  })

  test('no drift: 0.3 less 0.1 is 0.2, and ten times 0.1 empty a card of 1', async () => {
    const shop = await kitchen.open()
    const order = await shop.order()
    const small = await shop.sell('0.3')
    const answer = await shop.book(small.id, '-0.1', order)
    assert.match(answer.text, /"old_balance":0.3,"new_balance":0.2,/)
    const one = await shop.sell('1')
    let text = ''
    for (let count = 0; count < 10; count += 1) text = (await shop.book(one.id, '-0.1', order)).text
    assert.match(text, /"old_balance":0.1,"new_balance":0,/)
  })

  test('a positive amount tops up: the balance rises above the face value, which never changes', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('50')
    const order = await shop.order()
    assert.equal((await shop.book(card.id, '30', order)).status, 201)
    const after = await shop.get(`/v5/gift_cards/${card.code}`)
    assert.deepEqual([after.amount, after.balance], [50, 80])
    await shop.book(card.id, '-80', order)
    await shop.book(card.id, '20', order)
    assert.equal((await shop.get(`/v5/gift_cards/${card.code}`)).amount, 50)
  })

  test('booking moves the updated_at of the card to the created_at of the transaction', async () => {
    const shop = await kitchen.open()
    kitchen.setClock('2031-03-05T09:01:10Z')
    const card = await shop.sell('50')
    const order = await shop.order()
    kitchen.setClock('2031-03-05T09:14:02.900Z')
    const data = DATA(await shop.book(card.id, '-1', order))
    kitchen.setClock(undefined)
    const after = await shop.get(`/v5/gift_cards/${card.code}`)
    assert.equal(data.created_at, '2031-03-05 09:14:02')
    assert.equal(after.created_at, '2031-03-05 09:01:10')
    assert.equal(after.updated_at, '2031-03-05 09:14:02')
  })

  test('an overdraft is 422 on amount and writes nothing', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('50')
    const answer = await shop.book(card.id, '-50.00001', await shop.order())
    assert.equal(answer.status, 422)
    assert.deepEqual(answer.json, {
      message: 'The given data was invalid.',
      errors: { amount: ['The gift card balance is not sufficient.'] },
    })
    assert.equal(await shop.balance(card.code), 50)
    assert.equal((await shop.list(PATH)).meta.total, 0)
  })

  test('a balance above the limit is 422 on amount, at the limit it is booked', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('9999999999.99998')
    const order = await shop.order()
    assert.deepEqual(faultsOf(await shop.book(card.id, '0.00002', order)), ['amount'])
    const full = await shop.book(card.id, '0.00001', order)
    assert.match(full.text, /"new_balance":9999999999.99999,/)
    assert.deepEqual(faultsOf(await shop.book(card.id, '0.00001', order)), ['amount'])
  })

  test('all faults of a body are told at once, unknown ids among them', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('50')
    const order = await shop.order()
    const all = ['amount', 'gift_card_id', 'order_id']
    assert.deepEqual(faultsOf(await shop.send('POST', PATH, { json: {} })), all)
    assert.deepEqual(faultsOf(await shop.send('POST', PATH)), all)
    assert.deepEqual(faultsOf(await shop.book(order, '0', card.id)), all)
    assert.deepEqual(faultsOf(await shop.book(card.id, '0', order)), ['amount'])
    assert.deepEqual(faultsOf(await shop.book(card.code, '-1', order)), ['gift_card_id'])
    assert.deepEqual(faultsOf(await shop.book(card.id, '-1', 'nope')), ['order_id'])
    assert.deepEqual(faultsOf(await shop.book('nope', '-1000', order)), ['gift_card_id'])
    assert.equal(await shop.balance(card.code), 50)
  })

  test('cards and orders of another business are invalid in a body, its transactions 404', async () => {
    const [shop, other] = [await kitchen.open(), await kitchen.open()]
    const [card, foreign] = [await shop.sell('50'), await other.sell('50')]
    const [order, foreignOrder] = [await shop.order(), await other.order()]
    assert.deepEqual(faultsOf(await shop.book(foreign.id, '-1', order)), ['gift_card_id'])
    assert.deepEqual(faultsOf(await shop.book(card.id, '-1', foreignOrder)), ['order_id'])
    assert.deepEqual(faultsOf(await shop.book(foreign.id, '0', foreignOrder)), [
      'amount',
      'order_id',
      'gift_card_id',
    ])
    assert.equal(await other.balance(foreign.code), 50)
    const id = DATA(await other.book(foreign.id, '-1', foreignOrder)).id
    assert.equal((await shop.send('GET', `${PATH}/${id}`)).status, 404)
    assert.equal((await shop.list(PATH)).meta.total, 0)
  })

  test('a form does what JSON does', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('50')
    const order = await shop.order()
    const answer = await shop.send('POST', PATH, {
      body: `amount=-12.50&gift_card_id=${card.id}&order_id=${order}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    assert.equal(answer.status, 201)
    assert.match(answer.text, /"amount":-12.5,"old_balance":50,"new_balance":37.5,/)
  })

  test('one transaction is read back as it was answered', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('50')
    const made = await shop.book(card.id, '-1.5', await shop.order())
    const read = await shop.send('GET', `${PATH}/${DATA(made).id}`)
    assert.equal(read.status, 200)
    assert.equal(read.text, made.text)
    for (const id of ['nope', card.id, String(DATA(made).id).toUpperCase()])
      assert.equal((await shop.send('GET', `${PATH}/${id}`)).status, 404, id)
  })

  test('includes expand the card with its balance of today and the order that was spent on', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('50')
    const order = await shop.order()
    const id = DATA(await shop.book(card.id, '-10', order)).id
    await shop.book(card.id, '-5', order)
    const plain = await shop.get(`${PATH}/${id}`)
    assert.deepEqual([plain.gift_card, plain.order], [{ id: card.id }, { id: order }])
    const whole = await shop.get(`${PATH}/${id}?include=order,gift_card`)
    const shown = whole.gift_card as Record<string, unknown> // Expanded.
    assert.deepEqual([shown.balance, shown.code], [35, card.code])
    assert.equal(whole.new_balance, 40)
    assert.deepEqual(shown.gift_card_product, { id: card.productId })
    const spentOn = whole.order as Record<string, unknown> // Expanded.
    assert.deepEqual([spentOn.id, spentOn.gift_card], [order, null])
    const soldBy = shown.order as { id: string } // The other order of trap 6.
    assert.notEqual(soldBy.id, order)
    const deep = await shop.get(`${PATH}/${id}?include=gift_card.gift_card_product,gift_card.order`)
    const card2 = deep.gift_card as Record<string, Record<string, unknown>> // Expanded twice.
    assert.equal(card2.gift_card_product?.name, 'Card')
    assert.deepEqual(card2.order?.gift_card, { id: card.id })
    assert.deepEqual(deep.order, { id: order })
  })

  test('the answer of a creation can be expanded, and needs no scope but write', async () => {
    const shop = await kitchen.open()
    const writer = await shop.clientOf({ scopes: ['orders.gift_cards.write'] })
    const card = await shop.sell('50')
    const order = await shop.order()
    const answer = await writer.send('POST', `${PATH}?include=gift_card,order`, {
      json: { amount: -10, gift_card_id: card.id, order_id: order },
    })
    assert.equal(answer.status, 201)
    const data = DATA(answer) as Record<string, Record<string, unknown>> // Both expanded.
    assert.equal(data.gift_card?.balance, 40)
    assert.equal(data.order?.reference, 2)
  })

  test('redemption works whatever the state of the product', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('50')
    const order = await shop.order()
    await shop.send('PUT', `/v5/gift_card_products/${card.productId}`, {
      json: { is_active: false },
    })
    assert.equal((await shop.book(card.id, '-1', order)).status, 201)
    await shop.send('DELETE', `/v5/gift_card_products/${card.productId}`)
    assert.equal((await shop.book(card.id, '-1', order)).status, 201)
  })

  test('selling a card is no transaction', async () => {
    const shop = await kitchen.open()
    await shop.sell('50')
    assert.deepEqual((await shop.list(PATH)).data, [])
  })

  test('two equal requests are two transactions', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('50')
    const order = await shop.order()
    const [first, second] = [
      await shop.book(card.id, '-10', order),
      await shop.book(card.id, '-10', order),
    ]
    assert.notEqual(DATA(first).id, DATA(second).id)
    assert.equal(await shop.balance(card.code), 30)
  })
})
