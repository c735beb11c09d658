import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Kitchen, startKitchen } from '../../test/support/foodics.ts'
import { verifyFoodics } from './foodics-check.ts'

describe('what scrip verify proves of Foodics', () => {
  let kitchen: Kitchen
  before(async () => {
    kitchen = await startKitchen()
  })
  after(() => kitchen.close())

  async function merchantIdOf(slug: string): Promise<bigint> {
    const [row] = await kitchen.owner<
      { id: bigint }[]
    >`select id from merchants where slug = ${slug}`
    return row?.id ?? 0n
  }

  test('orders and sold cards as the server makes them are in order', async () => {
    const shop = await kitchen.open()
    const merchantId = await merchantIdOf(shop.slug)
    assert.equal(await verifyFoodics(kitchen.owner, merchantId), undefined)
    await shop.sell('50')
    await shop.order()
    assert.equal(await verifyFoodics(kitchen.owner, merchantId), undefined)
  })

  test('a missing order is found', async () => {
    const shop = await kitchen.open()
    const merchantId = await merchantIdOf(shop.slug)
    await shop.order()
    await shop.order()
    await kitchen.owner`delete from foodics_orders where merchant_id = ${merchantId} and reference = 1`
    assert.match(String(await verifyFoodics(kitchen.owner, merchantId)), /^Foodics orders: 1 up to/)
  })

  test('a link to a card of another protocol is found', async () => {
    const shop = await kitchen.open({ cards: [{ code: 'WORLD', value: '5' }] })
    const merchantId = await merchantIdOf(shop.slug)
    await shop.sell('50')
    await kitchen.owner`
      update foodics_cards set card_id = (select id from cards where merchant_id = ${merchantId} and code = 'WORLD')
      where merchant_id = ${merchantId}`
    assert.match(
      String(await verifyFoodics(kitchen.owner, merchantId)),
      /issued by another protocol$/,
    )
  })
})
