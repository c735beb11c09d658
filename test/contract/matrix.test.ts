import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { verify } from '../../src/verify.ts'
import { type Market, type Store, startMarket } from './market.ts'
import { ALL, DEBITS, debit } from './protocols.ts'
import { done } from './suite.ts'
import { assertCloses, type Step, viewsOf } from './views.ts'

/** One card, every protocol (contract.md section 4): who made it, who took from it, and who looks. */
describe('one card, every protocol:', () => {
  let market: Market
  before(async () => {
    market = await startMarket()
  })
  after(async () => {
    const { broken } = await verify(market.owner)
    await market.close()
    assert.equal(broken, undefined)
  })

  for (const [maker, protocol] of Object.entries(ALL))
    test(`a card made through ${maker} looks everywhere as if it had been made there`, async () => {
      const store = await market.open()
      done(await protocol.issue(store, 'MADE-1', '50.00'))
      const { id } = await store.card('MADE-1')
      const views = await viewsOf(store, 'MADE-1')
      assertCloses(views)

      const { id: _id, issuance, expires, ...pretixCard } = views.pretix?.card ?? {}
      assert.equal(String(_id), id.toString())
      assert.match(issuance, /Z$/)
      assert.equal(expires === null, maker !== 'inventorum')
      assert.deepEqual(pretixCard, {
        secret: 'MADE-1',
        value: '50.00',
        currency: 'EUR',
        testmode: false,
        conditions: null,
        owner_ticket: null,
        issuer: store.slug,
      })
      const [{ value, order, event, acceptor }, ...more] = views.pretix?.bookings ?? []
      assert.deepEqual(
        [value, order, event, acceptor, more.length],
        ['50.00', null, null, store.slug, 0],
      )

      assert.deepEqual(views.onSite?.totals, { total: '50.00', used: '0.00', credit: '50.00' })
      assert.equal(views.onSite?.product, (await store.giftProduct()).toString())
      assert.deepEqual(
        [views.onSite?.active, views.onSite?.hasInvoice, views.onSite?.hasUser],
        ['true', false, maker === 'lightspeed'],
      )
      assert.deepEqual(
        views.onSite?.history.map(({ activity, before, after, amount }) => [
          activity,
          before,
          after,
          amount,
        ]),
        [['created', '0.00', '50.00', '50.00']],
      )

      const { foodicsProduct } = maker === 'foodics' ? await store.goods() : {}
      const { card } = views.foodics ?? { card: {} }
      assert.deepEqual([card.amount, card.balance, card.code], [50, 50, 'MADE-1'])
      assert.deepEqual(card.gift_card_product, foodicsProduct ? { id: foodicsProduct } : null)
      assert.equal(card.order === null, maker !== 'foodics')
      assert.deepEqual(views.foodics?.transactions, [])

      const { row, told } = views.inventorum ?? { row: {}, told: {} }
      assert.deepEqual(
        [row.amount, row.current_value, row.is_valid, row.redemption, row.tax_type],
        ['50.00', '50.00', true, [], await untaxedOf(store)],
      )
      const own = maker === 'inventorum'
      assert.equal(row.name, own ? 'Plastic' : 'Gift card')
      for (const key of ['order_id', 'invoice_number', 'product_id', 'user_id', 'valid_until'])
        assert.equal(row[key] !== null, own, key)
      assert.deepEqual(
        [told.type, told.tax_rate, told.original_amount, told.remaining_value, told.was_used],
        ['multi-purpose', '0.0000000000', '50.00', '50.00', false],
      )
    })

  for (const [maker, protocol] of Object.entries(ALL))
    for (const [taker, by] of Object.entries(DEBITS))
      test(`made through ${maker}, debited through ${taker}: all see it at once, in their words`, async () => {
        const store = await market.open()
        done(await protocol.issue(store, 'USED-1', '50.00'))
        done(await debit(store, by, 'USED-1', '12.35'))
        const views = await viewsOf(store, 'USED-1')
        assertCloses(views)

        assert.equal(views.pretix?.card.value, '37.65')
        const booking = views.pretix?.bookings.at(-1)
        assert.deepEqual(
          [
            booking.value,
            booking.event,
            booking.order,
            booking.acceptor,
            views.pretix?.bookings.length,
          ],
          ['-12.35', null, null, store.slug, 2],
        )

        const { foodicsOrder } = await store.goods()
        assert.deepEqual([views.foodics?.card.amount, views.foodics?.card.balance], [50, 37.65])
        const [transaction, ...none] = views.foodics?.transactions ?? []
        assert.deepEqual(none, [])
        assert.deepEqual(
          [transaction.amount, transaction.old_balance, transaction.new_balance],
          [-12.35, 50, 37.65],
        )
        assert.deepEqual(transaction.order, { id: taker === 'foodics' ? foodicsOrder : null })

        const row = views.inventorum?.row
        const [use, ...noUses] = row.redemption
        assert.deepEqual(noUses, [])
        assert.deepEqual(
          [row.amount, row.current_value, use.amount, views.inventorum?.told.was_used],
          ['50.00', '37.65', '12.35', true],
        )
        assert.equal(use.order_id !== null, taker === 'inventorum')
        assert.equal(use.invoice_number !== null, taker === 'inventorum')

        assert.deepEqual(views.onSite?.totals, { total: '50.00', used: '12.35', credit: '37.65' })
        const sources = { pretix: '', foodics: foodicsOrder, inventorum: `${use.order_id}` }
        assert.deepEqual(views.onSite?.history.at(-1), {
          activity: 'redeemed',
          before: '50.00',
          after: '37.65',
          amount: '-12.35',
          note: '',
          source: sources[taker as keyof typeof sources], // Every taker has one.
        } satisfies Step)
      })
})

async function untaxedOf({ till }: Store): Promise<number> {
  const taxes = await till.ok(200, 'GET', '/api/taxes/')
  return taxes.find(({ tax_rate }: { tax_rate: string }) => tax_rate === '0.000').id
}
