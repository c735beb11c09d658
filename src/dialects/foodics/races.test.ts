import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { faultsOf, type Kitchen, startKitchen } from '../../../test/support/foodics.ts'

describe('many at once on one card', () => {
  let kitchen: Kitchen
  before(async () => {
    kitchen = await startKitchen()
  })
  after(() => kitchen.close())

  test('ten times 10 from 50: five are booked, five refused, nothing is left', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('50')
    const order = await shop.order()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => shop.book(card.id, '-10', order)),
    )
    assert.equal(answers.filter(({ status }) => status === 201).length, 5)
    for (const answer of answers)
      if (answer.status !== 201) assert.deepEqual(faultsOf(answer), ['amount'])
    assert.equal(await shop.balance(card.code), 0)
  })

  test('each balance follows from the one before, in the order of the list', async () => {
    const shop = await kitchen.open()
    const card = await shop.sell('1000')
    const order = await shop.order()
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        shop.book(card.id, index % 3 === 0 ? '7.00001' : '-11', order),
      ),
    )
    const { data } = await shop.list(`/v5/gift_card_transactions?filter[gift_card_id]=${card.id}`)
    assert.equal(data.length, 40)
    let balance: unknown = 1000
    for (const row of data) {
      assert.equal(row.old_balance, balance)
      balance = row.new_balance
    }
    assert.equal(await shop.balance(card.code), balance)
  })

  test('a pretix till and a Foodics till share what is on the card', async () => {
    const shop = await kitchen.open({
      credentials: [{ name: 'till', dialect: 'pretix', token: 'race-pretix-0123456789' }],
    })
    const card = await shop.sell('50', 'SHARED')
    const order = await shop.order()
    const pretix = `${kitchen.http}/api/v1/organizers/${shop.slug}/giftcards/`
    const headers = {
      authorization: 'Token race-pretix-0123456789',
      'content-type': 'application/json',
    }
    const found = (await (await fetch(`${pretix}?secret=SHARED`, { headers })).json()) as {
      results: { id: number }[]
    } // A pretix list.
    const transact = () =>
      fetch(`${pretix}${found.results[0]?.id}/transact/`, {
        method: 'POST',
        headers,
        body: '{"value":"-10.00"}',
      })
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        index % 2 === 0 ? transact() : shop.book(card.id, '-10', order),
      ),
    )
    assert.equal(answers.filter(({ status }) => status < 300).length, 5)
    assert.equal(await shop.balance('SHARED'), 0)
    const { data } = await shop.list('/v5/gift_card_transactions')
    assert.equal(data.length, 5)
  })
})
