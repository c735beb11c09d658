import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createClient, startTestApp, type TestApp } from '../test/support/app.ts'
import {
  createTill,
  makeBasket,
  openShop,
  PRETIX,
  payBasket,
  sellCards,
  shopWorld,
} from '../test/support/inventorum.ts'
import { GALA } from '../test/support/tickets.ts'
import { verify, verifyMerchant } from './verify.ts'

/** Whoever changes the books past the ledger is found: the owner of the database, a bad restore, a bug of ours. */

let app: TestApp
let merchantId: bigint
before(async () => {
  const event = {
    ...GALA,
    items: [{ ref: 'seat', name: 'Seat', default_price: '20.00' }],
    quotas: [{ ref: 'hall', name: 'Hall', size: null, items: ['seat'] }],
  }
  app = await startTestApp({ world: shopWorld({ events: [event] }) })
  const [merchant] = await app.owner<{ id: bigint }[]>`select id from merchants where slug = 'acme'`
  merchantId = merchant?.id ?? 0n

  // Sold cards; one pays an order that is given back as a whole, one an order that stays; lines given back alone.
  const till = createTill(app.http)
  const shop = await openShop(till)
  const [first, second] = await sellCards(till, shop.multi, ['30.00', '40.00'])
  const sell = async (items: readonly object[], more: object = {}) =>
    await payBasket(till, (await makeBasket(till, items, more)).id)
  const refund = (id: number, json: object) =>
    till.ok(200, 'POST', `/api/orders/${id}/refund/`, json)
  const whole = await sell([{ product: shop.shirt }], { redeem_code: [first] })
  await refund(whole.id, { method: 0 })
  await sell([{ product: shop.shirt }], { redeem_code: [second] })
  const partly = await sell([{ product: shop.shirt }, { product: shop.pants }])
  await refund(partly.id, { method: 0, items: [{ id: partly.basket.items[0].id }] })
  const returned = await sell([{ product: shop.multi, price: '10.00' }])
  await refund(returned.id, { method: 0 })

  // A ticket order paid with two payments of one card, of which one is given back in part, one as a whole.
  const pretix = createClient(app.http, { authorization: `Token ${PRETIX}` })
  const post = async (path: string, json: object) => {
    const answer = await pretix.send('POST', `/api/v1/organizers/acme/${path}`, { json })
    assert.ok(answer.status < 300, answer.text)
    return answer.json as { id: number; code: string }
  }
  const card = await post('giftcards/', { secret: 'VERIFY.1', value: '50.00', currency: 'EUR' })
  const [seat] = await app.owner<{ id: bigint }[]>`select id from ticket_items`
  const orders = 'events/gala/orders/'
  const order = await post(orders, { positions: [{ item: Number(seat?.id) }] })
  const payments = `${orders}${order.code}/payments/`
  const info = { gift_card: card.id }
  for (const amount of ['12.00', '8.00'])
    await post(payments, { provider: 'giftcard', amount, state: 'confirmed', info })
  await post(`${payments}1/refund/`, { amount: '2.00' })
  await post(`${payments}2/refund/`, {})

  // A card that was blocked, and one with a hold that was captured in part.
  const { services } = app.app
  const origin = { protocol: 'scrip', actingMerchantId: merchantId }
  const blocked = await post('giftcards/', { secret: 'VERIFY.2', value: '5.00', currency: 'EUR' })
  await services.book({
    merchantId,
    command: { verb: 'block', cardId: BigInt(blocked.id), origin },
  })
  const held = { merchantId, cardId: BigInt(card.id), origin, owner: 'test' }
  const { holdId } = await services.holds.place({
    ...held,
    amount: 500_000n,
    expiresAt: 4_000_000_000_000_000n,
  })
  await services.holds.capture({ ...held, holdId, amount: 200_000n })
})
after(() => app.close())

const ROLLBACK = new Error('undone')

/** What `verify` says of books in which this was done; nothing of it stays. */
async function saidOf(statement: string): Promise<string | undefined> {
  let broken: string | undefined
  try {
    await app.owner.begin(async (tx) => {
      const { count } = await tx.unsafe(statement)
      assert.ok(count > 0, `changes nothing: ${statement}`)
      broken = (await verifyMerchant(tx, merchantId)).broken
      throw ROLLBACK
    })
  } catch (error) {
    if (error !== ROLLBACK) throw error
  }
  return broken
}

test('books that nobody has touched are whole', async () => {
  assert.equal((await verify(app.owner)).broken, undefined)
})

const CARD = `(select id from cards where code = 'VERIFY.1')`
const TAMPERED: Readonly<Record<string, readonly string[]>> = {
  'a card': [
    `update cards set balance = balance - 1 where id = ${CARD}`,
    `update cards set held = held + 1 where id = ${CARD}`,
    `update cards set last_seq = last_seq - 1 where id = ${CARD}`,
    `update cards set last_hash = decode(repeat('00', 32), 'hex') where id = ${CARD}`,
    `update cards set removed_at = now() where id = ${CARD}`,
    `update cards set state = 'blocked' where id in (select card_id from entries where kind = 'close')`,
    `update cards set state = 'active' where code = 'VERIFY.2'`,
    `update cards set state = 'closed' where id = ${CARD}`,
    `update cards set testmode = true where id = ${CARD}`,
    `insert into cards (merchant_id, code, currency, balance, loaded, face, origin, created_at, modified_at, last_seq, last_hash)
     select merchant_id, 'GIFT.OF.NOBODY', currency, 9900000, 9900000, 9900000, origin, now(), now(), 0, decode(repeat('00', 32), 'hex')
     from cards where id = ${CARD}`,
  ],
  'an entry': [
    `update entries set amount = amount + 1 where card_id = ${CARD} and card_seq = 2`,
    `update entries set text = 'forged' where card_id = ${CARD} and card_seq = 1`,
    `update entries set event_id = id + 1 where card_id = ${CARD} and card_seq = 1`,
    `update entries set event_id = 999999 where card_id = ${CARD} and card_seq = 1`,
  ],
  'a hold': [`update holds set captured = captured - 1`, `update holds set captured = 0`],
  'what is kept of reversals': [
    `update reversal_totals set original = original * 10`,
    `update reversal_totals set reversed = 0`,
    `insert into reversal_totals (merchant_id, entry_id, original, reversed)
     select merchant_id, id, amount, amount from entries where card_id = ${CARD} and card_seq = 1`,
  ],
  'a payment or refund of a ticket order': [
    `update ticket_payments set amount = amount + 100000 where local_id = 1`,
    `update ticket_payments set entry_id = 999999 where local_id = 1`,
    `update ticket_payments set state = 'created' where local_id = 1`,
    `update ticket_payments set state = 'refunded' where local_id = 1`,
    `update ticket_payments set state = 'confirmed' where local_id = 2`,
    `update ticket_payments set card_merchant_id = (select id from merchants where slug = 'beta') where local_id = 1`,
    `insert into ticket_payments (merchant_id, order_id, local_id, state, amount, created_at, card_merchant_id, card_id, entry_id)
     select merchant_id, order_id, 9, state, amount, created_at, card_merchant_id, card_id, entry_id
     from ticket_payments where local_id = 1`,
    `update ticket_refunds set amount = amount + 100000 where local_id = 1`,
    `update ticket_refunds set entry_id = null where local_id = 1`,
    `delete from ticket_refunds where payment_id = 2`,
  ],
  'an order of the till': [
    `update inventorum_orders set state = 360 where state = 376`,
    `update inventorum_orders set state = 376 where state = 360`,
    `update inventorum_order_lines set refunded_at = null where refunded_at is not null`,
    `update inventorum_payments set amount = amount * 10 where amount < 0`,
    `delete from inventorum_payments where amount < 0`,
    `delete from inventorum_order_cards where applied > 0`,
    `update inventorum_order_cards set applied = applied + 1000 where applied > 0`,
    `update inventorum_orders set invoice_number = invoice_number + 1000 where invoice_number = 1`,
  ],
}
for (const [what, statements] of Object.entries(TAMPERED))
  test(`${what} that was changed past the ledger is noticed`, async () => {
    for (const statement of statements) assert.ok(await saidOf(statement), statement)
  })
