import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Client, createClient } from '../../../test/support/app.ts'
import { faultsOf, type Kitchen, type Shop, startKitchen } from '../../../test/support/foodics.ts'
import type { WorldMerchant } from '../../world/schema.ts'

const PATH = '/v5/gift_card_transactions'

/** Cards of one merchant are one, whichever protocol made or used them (contract.md section 4). */
describe('cards and entries of other protocols', () => {
  let kitchen: Kitchen
  before(async () => {
    kitchen = await startKitchen()
  })
  after(() => kitchen.close())

  let count = 0
  async function openBoth(
    block: Partial<WorldMerchant> = {},
  ): Promise<{ shop: Shop; pretix: Client }> {
    count += 1
    const token = `neighbour-${count}-pretix-0123456789`
    const shop = await kitchen.open({
      ...block,
      credentials: [{ name: 'pretix', dialect: 'pretix', token }, ...(block.credentials ?? [])],
    })
    const base = `${kitchen.http}/api/v1/organizers/${shop.slug}`
    return { shop, pretix: createClient(base, { authorization: `Token ${token}` }) }
  }

  async function make(pretix: Client, fields: Record<string, unknown>): Promise<number> {
    const made = await pretix.send('POST', '/giftcards/', { json: { currency: 'SAR', ...fields } })
    assert.equal(made.status, 201, made.text)
    return (made.json as { id: number }).id
  }

  const idOf = async (shop: Shop, code: string): Promise<string> =>
    String((await shop.get(`/v5/gift_cards/${code}`)).id)

  test('a pretix card is a card without product and order, and its opening is no transaction', async () => {
    const { shop, pretix } = await openBoth()
    await make(pretix, { secret: 'PRETIX-1', value: '30.00' })
    const card = await shop.get('/v5/gift_cards/PRETIX-1')
    assert.deepEqual(
      [card.amount, card.balance, card.gift_card_product, card.order],
      [30, 30, null, null],
    )
    assert.equal((await shop.list(PATH)).meta.total, 0)
  })

  test('a pretix booking is a transaction whose order has a null id, expanded or not', async () => {
    const { shop, pretix } = await openBoth()
    const id = await make(pretix, { secret: 'PRETIX-2', value: '30.00' })
    await pretix.send('POST', `/giftcards/${id}/transact/`, {
      json: { value: '-12.50', text: 'x' },
    })
    for (const include of ['', '?include=order,gift_card']) {
      const [row] = (await shop.list(PATH + include)).data
      assert.deepEqual(
        [row?.amount, row?.old_balance, row?.new_balance, row?.order],
        [-12.5, 30, 17.5, { id: null }],
      )
    }
    const { data, meta } = await shop.list(`${PATH}?filter[order_id]=null`)
    assert.deepEqual([data, meta.total], [[], 0])
  })

  test('loads by another protocol raise the face value, loads by this one do not', async () => {
    const { shop, pretix } = await openBoth()
    const id = await make(pretix, { secret: 'PRETIX-3', value: '30.00' })
    await pretix.send('POST', `/giftcards/${id}/transact/`, { json: { value: '20.00' } })
    const order = await shop.order()
    await shop.book(await idOf(shop, 'PRETIX-3'), '7', order)
    const card = await shop.get('/v5/gift_cards/PRETIX-3')
    assert.deepEqual([card.amount, card.balance], [50, 57])
  })

  test('entries of amount zero are no transactions, and the count agrees with the rows', async () => {
    const { shop, pretix } = await openBoth()
    const id = await make(pretix, { secret: 'PRETIX-4', value: '30.00' })
    for (const value of ['0.00', '-5.00', '0.00', '1.00'])
      await pretix.send('POST', `/giftcards/${id}/transact/`, { json: { value } })
    await pretix.send('PATCH', `/giftcards/${id}/`, { json: { value: '40.00' } })
    const { data, meta } = await shop.list(PATH)
    assert.deepEqual(
      data.map(({ amount }) => amount),
      [-5, 1, 14],
    )
    assert.equal(meta.total, 3)
    const card = await idOf(shop, 'PRETIX-4')
    assert.equal((await shop.list(`${PATH}?filter[gift_card_id]=${card}`)).meta.total, 3)
  })

  test('pretix sees a sold card, and a redemption by this protocol in whole cents', async () => {
    const { shop, pretix } = await openBoth()
    const card = await shop.sell('20', 'SOLD-1')
    const order = await shop.order()
    await shop.book(card.id, '-0.005', order)
    const found = (await pretix.send('GET', '/giftcards/?secret=SOLD-1')).json as {
      results: { id: number; value: string; issuer: string; testmode: boolean }[]
    } // A pretix list.
    const [seen] = found.results
    assert.deepEqual([seen?.value, seen?.issuer, seen?.testmode], ['19.99', shop.slug, false])
    await pretix.send('POST', `/giftcards/${seen?.id}/transact/`, { json: { value: '-9.99' } })
    assert.equal(await shop.balance('SOLD-1'), 10.005)
  })

  test('test cards and cards of another currency do not exist, and their codes are taken', async () => {
    const { shop, pretix } = await openBoth()
    const order = await shop.order()
    const product = await shop.product()
    const real = await shop.sell('5')
    for (const [secret, fields] of [
      ['TEST-1', { testmode: true }],
      ['EURO-1', { currency: 'EUR' }],
    ] as const) {
      const id = await make(pretix, { secret, value: '30.00', ...fields })
      await pretix.send('POST', `/giftcards/${id}/transact/`, { json: { value: '-1.00' } })
      assert.equal((await shop.send('GET', `/v5/gift_cards/${secret}`)).status, 404)
      assert.equal((await shop.list(PATH)).meta.total, 0)
      const answer = await shop.send('POST', '/v5/orders', {
        json: {
          type: 1,
          branch_id: 'b',
          gift_card: { gift_card_product_id: product, amount: 5, code: secret },
        },
      })
      assert.deepEqual(faultsOf(answer), ['gift_card.code'])
    }
    // Their ids are computed like any other's, and still name nothing here.
    const { encodeId } = await import('./ids.ts')
    const rows = await kitchen.owner<{ id: bigint; code: string }[]>`
      select id, code from cards where code in ('TEST-1', 'EURO-1')`
    assert.equal(rows.length, 2)
    for (const { id } of rows) {
      assert.deepEqual(faultsOf(await shop.book(encodeId('card', id), '-1', order)), [
        'gift_card_id',
      ])
      assert.deepEqual(faultsOf(await shop.book(encodeId('card', id), '0', order)), [
        'amount',
        'gift_card_id',
      ])
    }
    assert.equal(await shop.balance(real.code), 5)
  })

  test('an expired or inactive card shows its value and is refused on amount', async () => {
    const { shop } = await openBoth({
      cards: [
        { code: 'EXPIRED', value: '10.00', expires: '2020-01-01T00:00:00Z' },
        { code: 'BLOCKED', value: '10.00', active: false },
      ],
    })
    const order = await shop.order()
    for (const code of ['EXPIRED', 'BLOCKED']) {
      assert.equal(await shop.balance(code), 10)
      for (const amount of ['-1', '1', '-11'])
        assert.deepEqual(faultsOf(await shop.book(await idOf(shop, code), amount, order)), [
          'amount',
        ])
      assert.equal(await shop.balance(code), 10)
    }
    assert.equal((await shop.list(PATH)).meta.total, 0)
  })

  test('a redemption names its order in the journal, with the credential that booked it', async () => {
    const { shop } = await openBoth()
    const card = await shop.sell('20')
    const order = await shop.order()
    await shop.book(card.id, '-5', order)
    const [entry] = await kitchen.owner<
      { order_ref: string; protocol: string; kind: string; contra: string; name: string }[]
    >`
      select e.order_ref, e.protocol, e.kind, e.contra, c.name from entries e
      join credentials c on c.id = e.credential_id where e.order_ref = ${order}`
    assert.deepEqual(
      { ...entry },
      {
        order_ref: order,
        protocol: 'foodics',
        kind: 'redeem',
        contra: 'settlement',
        name: 'main',
      },
    )
  })
})
