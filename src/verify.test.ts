import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createClient, startTestApp, type TestApp } from '../test/support/app.ts'
import {
  createTill,
  makeBasket,
  makePrecoded,
  openShop,
  PRETIX,
  payBasket,
  sellCards,
  shopWorld,
} from '../test/support/inventorum.ts'
import { GALA } from '../test/support/tickets.ts'
import { createDatabase, type Tx } from './db/database.ts'
import { transact } from './db/transact.ts'
import { chainHash, GENESIS } from './ledger/entry.ts'
import { issueCards } from './ledger/issue.ts'
import { entryColumns, toEntry } from './ledger/statement.ts'
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

  // A voucher that was used by an order that is not paid yet, and two pre-coded cards of which one was sold.
  await post('events/gala/vouchers/', { code: 'VERIFY-V', item: Number(seat?.id), max_usages: 2 })
  await post(orders, { positions: [{ item: Number(seat?.id), voucher: 'VERIFY-V' }] })
  await post('events/gala/vouchers/', { code: 'VERIFY-U', item: Number(seat?.id), tag: 'unused' })
  await sell([
    { product: await makePrecoded(till, shop.taxes['19'], ['PC-1', 'PC-2']), price: '5.00' },
  ])

  // Cards that were blocked, one of them for a while, and one with a hold that was captured in part.
  const { services } = app.app
  const origin = { protocol: 'scrip', actingMerchantId: merchantId }
  for (const [secret, verbs] of [
    ['VERIFY.2', ['block']],
    ['VERIFY.3', ['block', 'unblock']],
  ] as const) {
    const { id } = await post('giftcards/', { secret, value: '5.00', currency: 'EUR' })
    for (const verb of verbs)
      await services.book({ merchantId, command: { verb, cardId: BigInt(id), origin } })
  }
  const held = { merchantId, cardId: BigInt(card.id), origin, owner: 'test' }
  const { holdId } = await services.holds.place({
    ...held,
    amount: 500_000n,
    expiresAt: 4_000_000_000_000_000n,
  })
  await services.holds.capture({ ...held, holdId, amount: 200_000n })
  // And one that is open still, of which a part was captured.
  const open = { ...held, amount: 100_000n, expiresAt: 4_000_000_000_000_000n }
  const { holdId: openId } = await services.holds.place(open)
  await services.holds.capture({ ...held, holdId: openId, amount: 40_000n, keepRest: true })
})
after(() => app.close())

const ROLLBACK = new Error('undone')
const CARD = `(select id from cards where code = 'VERIFY.1')`
const LAST = `(select max(card_seq) from entries where card_id = ${CARD})`
/** Stands for hashes that fit what the card's entries say now: whoever knows the rules can make them. */
const REHASH = 'rehash'

async function rehash(tx: Tx): Promise<void> {
  const rows = await tx`
    select ${entryColumns(tx)} from entries where card_id = ${tx.unsafe(CARD)} order by card_seq`
  let hash = GENESIS
  for (const entry of rows.map(toEntry)) {
    hash = chainHash(hash, entry)
    await tx`update entries set hash = decode(${hash}, 'hex') where id = ${entry.id}`
  }
  await tx`update cards set last_hash = decode(${hash}, 'hex') where id = ${tx.unsafe(CARD)}`
}

/** What `verify` says of books in which this was done; nothing of it stays. */
async function saidOf(statements: readonly string[]): Promise<string | undefined> {
  let broken: string | undefined
  try {
    await app.owner.begin(async (tx) => {
      for (const statement of statements) {
        if (statement === REHASH) await rehash(tx as Tx)
        else {
          const { count } = await tx.unsafe(statement)
          assert.ok(count > 0, `changes nothing: ${statement}`)
        }
      }
      broken = (await verifyMerchant(tx as Tx, merchantId)).broken
      throw ROLLBACK
    })
  } catch (error) {
    if (error !== ROLLBACK) throw error
  }
  return broken
}

test('books that nobody has touched are whole, and all of them are read', async () => {
  const report = await verify(app.owner)
  assert.equal(report.broken, undefined)
  const [there] = await app.owner`
    select (select count(*) from entries)::int4 as entries, (select count(*) from cards)::int4 as cards`
  assert.deepEqual({ entries: report.entries, cards: report.cards }, { ...there })
})

/** What is said, with N for each number, and what was done to make it so. */
const TAMPERED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'entry N (card N, number N): follows number N': [
    [
      `update entries set card_seq = card_seq + 1 where card_id = ${CARD} and card_seq = ${LAST}`,
      `update cards set last_seq = last_seq + 1 where id = ${CARD}`,
      REHASH,
    ],
  ],
  'entry N (card N, number N): its balance is not the one before plus its amount': [
    [`update entries set amount = amount + 1 where card_id = ${CARD} and card_seq = 2`],
    [`update entries set amount = amount + 1 where card_id = ${CARD} and card_seq = 2`, REHASH],
    [
      `update entries set balance_after = balance_after + 1 where card_id = ${CARD} and card_seq = ${LAST}`,
      `update cards set balance = balance + 1 where id = ${CARD}`,
      REHASH,
    ],
    [
      `update entries set balance_after = balance_after + 1 where card_id = ${CARD} and card_seq = 1`,
    ],
  ],
  'entry N (card N, number N): its hash does not match what it says': [
    [`update entries set text = 'forged' where card_id = ${CARD} and card_seq = 1`],
    [
      `update entries set created_at = created_at + '1 us' where card_id = ${CARD} and card_seq = 2`,
    ],
    [`update entries set kind = 'load' where card_id = ${CARD} and card_seq = 1`],
    [`update entries set acting_merchant_id = 999 where card_id = ${CARD} and card_seq = ${LAST}`],
  ],
  'card N: its balance is not what its last entry left': [
    [`update cards set balance = balance - 1 where id = ${CARD}`],
    [`update cards set last_seq = last_seq - 1 where id = ${CARD}`],
    [`update cards set last_seq = last_seq + 1 where id = ${CARD}`],
    [`update cards set last_hash = decode(repeat('00', 32), 'hex') where id = ${CARD}`],
  ],
  'card N: it has entries after its last one': [
    [
      `update cards set (last_seq, balance, last_hash) = (
         select card_seq, balance_after, hash from entries
         where card_id = ${CARD} and card_seq = ${LAST} - 1) where id = ${CARD}`,
    ],
  ],
  'card N: it has a value or is shown, but not by any entry, or is gone with its value': [
    [`update cards set removed_at = now() where id = ${CARD}`],
    ...['9900000, 9900000, 9900000, null', '0, 0, 0, null', '0, 1, 0, now()', '0, 0, 1, now()'].map(
      (values) => [
        `insert into cards (merchant_id, code, currency, origin, created_at, modified_at, last_seq,
           last_hash, balance, loaded, face, removed_at)
         select merchant_id, 'GIFT.OF.NOBODY', currency, origin, now(), now(), 0,
           decode(repeat('00', 32), 'hex'), ${values} from cards where id = ${CARD}`,
      ],
    ),
  ],
  'card N: its state is not what its entries made of it': [
    [
      `update cards set state = 'blocked' where id in (select card_id from entries where kind = 'close')`,
    ],
    [`update cards set state = 'active' where code = 'VERIFY.2'`],
    [`update cards set state = 'blocked' where code = 'VERIFY.3'`],
    [`update cards set state = 'closed' where id = ${CARD}`],
  ],
  'entry N: its event is not that of the first entry of the event': [
    [`update entries set event_id = id + 1 where card_id = ${CARD} and card_seq = 1`],
    [`update entries set event_id = 999999 where card_id = ${CARD} and card_seq = 1`],
    [`update entries set event_id = id + 1 where card_id = ${CARD}`],
  ],
  'hold N: what was captured is not what its entries took': [
    [`update holds set captured = captured - 1`],
    [`update holds set captured = 0`],
    [
      `insert into holds (merchant_id, id, card_id, amount, captured, state, owner, expires_at, created_at, ended_at)
         select merchant_id, 999, card_id, 1, 1, 'captured', owner, expires_at, created_at, created_at
         from holds limit 1`,
    ],
  ],
  'card N: what is held is not the sum of its open holds': [
    [`update cards set held = held + 1 where id = ${CARD}`],
    [`update holds set state = 'open', ended_at = null`],
  ],
  'entry N: more was given back than it was, or not to its card': [
    [`update reversal_totals set reversed = 0`],
    [`update reversal_totals set reversed = reversed - 1`],
    [`delete from reversal_totals`],
    // A refund of what is no redemption, and one of what another card gave.
    ...[
      `(select min(id) from entries where card_id = ${CARD})`,
      `(select max(id) from entries where card_id <> ${CARD} and kind = 'redeem')`,
    ].map((original) => [
      `insert into reversal_totals (merchant_id, entry_id, original, reversed)
         select merchant_id, id, abs(amount), 200000 from entries where id = ${original}`,
      `delete from reversal_totals where entry_id = (
         select reverses from entries where card_id = ${CARD} and amount = 200000)`,
      `update entries set reverses = ${original} where card_id = ${CARD} and amount = 200000`,
      REHASH,
    ]),
  ],
  'entry N: what is kept of its reversals is not what there are': [
    [`update reversal_totals set original = original * 10`],
    [
      `insert into reversal_totals (merchant_id, entry_id, original, reversed)
         select merchant_id, id, amount, amount from entries where card_id = ${CARD} and card_seq = 1`,
    ],
  ],
  'card block N: its count is not the number of its cards': [
    [`update cards set testmode = true where id = ${CARD}`],
    [`update card_blocks set live = live + 1`],
    [`update card_blocks set test = test + 1`],
    [`delete from card_blocks`],
    [
      `insert into card_blocks (merchant_id, block, live) select merchant_id, 99, 1 from card_blocks`,
    ],
  ],
  'voucher N: redeemed N, but N live positions use it': [
    [`update vouchers set redeemed = redeemed + 1`],
    [`update vouchers set redeemed = 0`],
    [`update vouchers set redeemed = 1 where code = 'VERIFY-U'`],
  ],
  'voucher tally X: counts N, there are N': [
    [`update voucher_tallies set count = count + 1`],
    [`delete from voucher_tallies`],
    [
      `insert into voucher_tallies
         select (jsonb_populate_record(t, jsonb_build_object('shard', (shard + 1) % 8))).*
         from voucher_tallies t where count > 0 limit 1`,
    ],
  ],
  'voucher N: is counted in a tally of others': [
    [`update voucher_tallies set max_usages = max_usages + 1`],
    [`update voucher_tallies set redeemed = 0`],
    [`update voucher_tallies set block_quota = not block_quota`],
    [`update voucher_tallies set tag = 'other'`],
    [`update vouchers set valid_until = now()`],
  ],
  'order position N: holds p in an order of status n': [
    [`update ticket_positions set holds = 'p' where holds = 'n'`],
  ],
  'payment N of order N: is not what its entry took': [
    [`update ticket_payments set amount = amount + 100000 where local_id = 1`],
    [`update ticket_payments set entry_id = 999999 where local_id = 1`],
    [`update ticket_payments set state = 'created' where local_id = 1`],
    [`update ticket_payments set state = 'refunded' where local_id = 1`],
    [`update ticket_payments set state = 'confirmed' where local_id = 2`],
    [
      `update ticket_payments set card_merchant_id = (select id from merchants where slug = 'beta') where local_id = 1`,
    ],
    [`update ticket_payments set card_id = card_id + 1 where local_id = 1`],
    [
      `update ticket_payments set entry_id = (select min(id) from entries where card_id = ${CARD})
         where local_id = 1`,
    ],
    [`update ticket_refunds set amount = 1300000 where payment_id = 1`],
    [`delete from ticket_refunds where payment_id = 2`],
  ],
  'entry N: is two payments': [
    [
      `insert into ticket_payments (merchant_id, order_id, local_id, state, amount, created_at, card_merchant_id, card_id, entry_id)
         select merchant_id, order_id, 9, state, amount, created_at, card_merchant_id, card_id, entry_id
         from ticket_payments where local_id = 1`,
    ],
  ],
  'refund N of order N: is not what its entry gave back': [
    [`update ticket_refunds set amount = amount + 100000 where local_id = 1`],
    [`update ticket_refunds set entry_id = null where local_id = 1`],
    [
      `update ticket_refunds set entry_id = (select entry_id from ticket_payments p where p.local_id = 1) where local_id = 1`,
    ],
  ],
  'sales of item N: counts N+N, there are N+N': [
    [`update ticket_sales set paid = paid + 1`],
    [`update ticket_sales set pending = pending - 1`],
    [`delete from ticket_sales`],
  ],
  'invoice numbers: one is beyond the counter': [
    [
      `update inventorum_orders set invoice_number = invoice_number + 1000 where invoice_number = 1`,
    ],
  ],
  'order N: its lines, cards and payment do not add up': [
    [`delete from inventorum_order_cards where applied > 0`],
    [`update inventorum_order_cards set applied = applied + 1000 where applied > 0`],
    [`update inventorum_order_lines set gross = gross + 1000`],
    [`update inventorum_payments set amount = amount + 1000 where amount > 0`],
    [`update inventorum_order_lines set card_id = null where card_id is not null`],
  ],
  'order N: card N did not give what it says': [
    [`update inventorum_order_cards set entry_id = null where applied > 0`],
    [`update inventorum_order_cards set entry_id = 999999 where applied > 0`],
    [`update inventorum_order_cards set card_id = ${CARD} where applied > 0`],
  ],
  'entry N: took value for no order': [
    [
      `update inventorum_payments p set amount = amount + c.applied
         from inventorum_order_cards c where c.order_id = p.order_id and c.applied > 0 and p.amount >= 0`,
      `delete from inventorum_order_cards where applied > 0`,
    ],
  ],
  'order N: its state, its lines and what was given back disagree': [
    [`update inventorum_orders set state = 360 where state = 376`],
    [`update inventorum_orders set state = 376 where state = 360`],
    [`update inventorum_order_lines set refunded_at = null where refunded_at is not null`],
    [`update inventorum_payments set amount = amount * 10 where amount < 0`],
    [`delete from inventorum_payments where amount < 0`],
  ],
  'order line N: was given back, but its card lives': [
    [
      `update inventorum_order_lines set card_id = ${CARD} where card_id is not null and refunded_at is not null`,
    ],
  ],
  'order line N: its card did not begin with what was paid for it': [
    [`update inventorum_order_lines set unit_gross = unit_gross + 1000 where card_id is not null`],
  ],
  'pre-coded card N: its code is not kept for it': [
    [`update inventorum_precoded_cards set redeem_code = 'OTHER' where card_id is null`],
    [`update inventorum_precoded_cards set redeem_code = 'OTHER' where card_id is not null`],
    [
      `update inventorum_precoded_cards set reservation_id = card_id, card_id = null
         where card_id is not null`,
    ],
  ],
  'import N: it does not have as many cards as it says': [
    [
      `insert into imports (merchant_id, user_id, state, file, file_name, opaque, imported, created_at, changed_at, completed_at)
         select merchant_id, id, 'done', '', 'a.xlsx', 'a', 1, now(), now(), now() from credentials
         where name = 'till'`,
    ],
  ],
  'Foodics orders: N up to reference N, N were given': [
    [
      `insert into foodics_order_registers (merchant_id, last_reference)
         select merchant_id, 1 from cards where id = ${CARD}`,
    ],
  ],
}
const withoutNumbers = (said: string | undefined): string | undefined =>
  said?.replace(/(?<=tally )[0-9a-f-]{36}/, 'X').replace(/\d+/g, 'N')

for (const [said, cases] of Object.entries(TAMPERED))
  test(`who changes the books past the ledger hears: ${said}`, async () => {
    for (const statements of cases)
      assert.equal(withoutNumbers(await saidOf(statements)), said, statements.join(';\n'))
  })

test('books of many pages are read to their end', async () => {
  const origin = { protocol: 'scrip', actingMerchantId: merchantId }
  // As the command does: a connection that has kept no plans for the few rows there were before.
  const verifyAnew = async () => {
    const db = createDatabase({ url: app.url, max: 1 })
    try {
      return await verify(db)
    } finally {
      await db.end()
    }
  }
  const before = await verifyAnew()
  const drafts = Array.from({ length: 10_500 }, (_, index) => ({
    code: `PAGE-${index}`,
    currency: 'EUR',
    amount: 1n,
    origin,
  }))
  await transact(app.owner, (tx) => issueCards(tx, merchantId, drafts, { now: 1n }))
  const after = await verifyAnew()
  assert.equal(after.broken, undefined)
  assert.equal(after.entries, before.entries + drafts.length)
  await app.owner`
    update entries set text = 'x' where card_id = (select max(id) from cards where code like 'PAGE-%')`
  assert.equal(
    withoutNumbers((await verifyAnew()).broken),
    'acme: entry N (card N, number N): its hash does not match what it says',
  )
})
