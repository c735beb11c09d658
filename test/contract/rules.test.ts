import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { verify } from '../../src/verify.ts'
import { type Market, startMarket } from './market.ts'
import { ALL, credit, DEBITS, debit, foodics, inventorum, lightspeed, pretix } from './protocols.ts'
import { done, type Protocol } from './suite.ts'
import { assertCloses, viewInventorum, viewOnSite, viewsOf } from './views.ts'

/** What holds for a card whichever protocol asks: words, decimals, faces, states, codes (contract.md section 4). */
describe('the same card in other words:', () => {
  let market: Market
  before(async () => {
    market = await startMarket()
  })
  after(async () => {
    const { broken } = await verify(market.owner)
    await market.close()
    assert.equal(broken, undefined)
  })

  test('a text is a note; what is given back is history, too', async () => {
    const store = await market.open({ cards: [{ code: 'NOTE-1', value: '20.00' }] })
    const { id } = await store.card('NOTE-1')
    const json = { value: '-3.00', text: 'bar tab', info: { till: 3 } }
    done(await store.pretix.send('POST', `/giftcards/${id}/transact/`, { json }))
    done(await debit(store, inventorum, 'NOTE-1', '5.00'))
    done(
      (await inventorum.giveBack?.(store, await store.card('NOTE-1'), '5.00')) ?? {
        status: 500,
        text: '',
      },
    )
    const views = await viewsOf(store, 'NOTE-1')
    assertCloses(views)
    assert.deepEqual(
      views.onSite?.history.map(({ activity, amount, note }) => [activity, amount, note]),
      [
        ['created', '20.00', ''],
        ['redeemed', '-3.00', 'bar tab'],
        ['redeemed', '-5.00', ''],
        ['refunded', '5.00', ''],
      ],
    )
    assert.deepEqual(views.onSite?.totals, { total: '20.00', used: '3.00', credit: '17.00' })
    assert.deepEqual(
      views.inventorum?.row.redemption.map(({ amount }: { amount: string }) => amount),
      ['3.00', '5.00', '-5.00'],
    )
    assert.deepEqual(
      views.foodics?.transactions.map(({ amount, order }) => [amount, order]),
      [
        [-3, { id: null }],
        [-5, { id: null }],
        [5, { id: null }],
      ],
    )
  })

  test('amounts of zero and a balance that was set are adjustments, and no redemptions', async () => {
    const store = await market.open({ cards: [{ code: 'SET-1', value: '20.00' }] })
    const { id } = await store.card('SET-1')
    const zero = { value: '0.00' }
    done(await store.pretix.send('POST', `/giftcards/${id}/transact/`, { json: zero }))
    for (const value of ['12.00', '30.00', '30.00'])
      done(await store.pretix.send('PATCH', `/giftcards/${id}/`, { json: { value } }))
    const views = await viewsOf(store, 'SET-1')
    assertCloses(views)
    assert.deepEqual(
      views.onSite?.history.map(({ activity, amount }) => [activity, amount]),
      [
        ['created', '20.00'],
        ['adjusted', '0.00'],
        ['adjusted', '-8.00'],
        ['adjusted', '18.00'],
        ['adjusted', '0.00'],
      ],
    )
    assert.deepEqual(views.onSite?.totals, { total: '38.00', used: '8.00', credit: '30.00' })
    assert.deepEqual(
      views.foodics?.transactions.map(({ amount }) => amount),
      [-8, 18],
    )
    assert.deepEqual(views.inventorum?.row.redemption, [])
    assert.equal(views.pretix?.bookings.length, 5)
  })

  test('five decimals are cut off, never rounded up, and every protocol still adds up', async () => {
    const store = await market.open({ cards: [{ code: 'FINE-1', value: '50.00' }] })
    const steps: readonly (readonly [Protocol, string, string])[] = [
      [foodics, '-0.00001', '49.99'],
      [foodics, '-0.00001', '49.99'],
      [foodics, '0.00002', '50.00'],
      [foodics, '-0.00999', '49.99'],
      [foodics, '-0.00001', '49.99'],
      [foodics, '-0.00001', '49.98'],
      [pretix, '-10.00', '39.98'],
      [foodics, '0.00500', '39.99'],
      [inventorum, '-39.99', '0.00'],
    ]
    for (const [by, amount, shown] of steps) {
      if (amount.startsWith('-')) done(await debit(store, by, 'FINE-1', amount.slice(1)))
      else done(await credit(store, by, 'FINE-1', amount))
      const views = await viewsOf(store, 'FINE-1')
      assertCloses(views)
      assert.deepEqual(
        [
          views.pretix?.card.value,
          views.onSite?.totals.credit,
          views.inventorum?.row.current_value,
        ],
        [shown, shown, shown],
      )
    }
    // 0.00499 is left: enough for Foodics, and nothing for those who know cents.
    const { balance } = await store.card('FINE-1')
    assert.equal(balance, 499n)
    const books = await store.books()
    const late = await debit(store, inventorum, 'FINE-1', '1.00')
    assert.equal(late.status, 400)
    assert.ok(late.text.includes('Gift card with redeem code FINE-1 has no remaining value.'))
    assert.equal((await debit(store, pretix, 'FINE-1', '0.01')).status, 409)
    assert.equal((await debit(store, foodics, 'FINE-1', '0.00500')).status, 422)
    assert.deepEqual(await store.books(), books)
    assert.equal((await viewInventorum(store, 'FINE-1'))?.row.is_valid, false)
    done(await debit(store, foodics, 'FINE-1', '0.00499'))
    assert.equal((await store.card('FINE-1')).balance, 0n)
    assertCloses(await viewsOf(store, 'FINE-1'))
  })

  test('the face value is what was ever loaded, what a LightSpeed import says was used included', async () => {
    const store = await market.open({ cards: [{ code: 'FACE-1', value: '50.00' }] })
    const face = async (code: string) => {
      const views = await viewsOf(store, code)
      assertCloses(views)
      const { row, told } = views.inventorum ?? { row: {}, told: {} }
      return [
        views.foodics?.card.amount,
        row.amount,
        told.original_amount,
        views.onSite?.totals.total,
      ]
    }
    assert.deepEqual(await face('FACE-1'), [50, '50.00', '50.00', '50.00'])
    done(await credit(store, pretix, 'FACE-1', '20.00'))
    assert.deepEqual(await face('FACE-1'), [70, '70.00', '70.00', '70.00'])
    done(await debit(store, pretix, 'FACE-1', '60.00'))
    assert.deepEqual(await face('FACE-1'), [70, '70.00', '70.00', '70.00'])
    // In Foodics the face of a card never moves by its own transactions.
    done(await credit(store, foodics, 'FACE-1', '5.00'))
    assert.deepEqual(await face('FACE-1'), [70, '75.00', '75.00', '75.00'])

    const productId = await store.giftProduct()
    const { status } = await store.onSite.send('POST', '/api/gift_cards/', {
      body: `<gift_card><source_id>oldpos/8812</source_id><product id="${productId}"/><serial_number>00731</serial_number>
        <totals><used>12.50</used><credit>37.50</credit><total>50.00</total></totals></gift_card>`,
    })
    assert.equal(status, 201)
    assert.deepEqual(await face('00731'), [50, '50.00', '50.00', '50.00'])
    const {
      pretix: shop,
      foodics: kitchen,
      inventorum: till,
      onSite,
    } = await viewsOf(store, '00731')
    assert.deepEqual(
      [shop?.card.value, kitchen?.card.balance, till?.row.current_value, onSite?.totals.used],
      ['37.50', 37.5, '37.50', '12.50'],
    )
    assert.equal(onSite?.history[0]?.source, 'oldpos/8812')
  })

  test('a card that LightSpeed made inactive is refused by all and shown by all who list it', async () => {
    const store = await market.open()
    await store.goods()
    const productId = await store.giftProduct()
    const { status } = await store.onSite.send('POST', '/api/gift_cards/', {
      body: `<gift_card><product id="${productId}"/><serial_number>OFF-1</serial_number>
        <flags><active>false</active></flags><totals><credit>9.50</credit></totals></gift_card>`,
    })
    assert.equal(status, 201)
    const books = await store.books()
    for (const [name, by] of Object.entries(DEBITS)) {
      const { status, text } = await debit(store, by, 'OFF-1', '1.00')
      const words = by.refusals.blocked
      assert.equal(status, words.status, name)
      assert.ok(text.includes(words.says.replace('BLOCKED-1', 'OFF-1')), text)
    }
    const { id } = await store.card('OFF-1')
    const set = await store.pretix.send('PATCH', `/giftcards/${id}/`, { json: { value: '1.00' } })
    assert.deepEqual([set.status, set.json], [409, { value: ['The gift card is not active.'] }])
    const other = await store.pretix.send('PATCH', `/giftcards/${id}/`, {
      json: { conditions: 'x' },
    })
    assert.equal(other.status, 200)
    assert.deepEqual(await store.books(), books)
    const views = await viewsOf(store, 'OFF-1')
    assert.deepEqual(
      [
        views.pretix?.card.value,
        views.foodics?.card.balance,
        views.onSite?.active,
        views.inventorum?.row.is_valid,
      ],
      ['9.50', 9.5, 'false', false],
    )
  })

  test('an expired card shows its value to all; pretix alone books on it, and all see that', async () => {
    const expires = '2020-01-01T00:00:00Z'
    const store = await market.open({ cards: [{ code: 'OLD-1', value: '10.00', expires }] })
    await store.goods()
    const books = await store.books()
    assert.equal((await debit(store, foodics, 'OLD-1', '1.00')).status, 422)
    assert.equal((await debit(store, inventorum, 'OLD-1', '1.00')).status, 400)
    assert.deepEqual(await store.books(), books)
    done(await debit(store, pretix, 'OLD-1', '4.00'))
    const views = await viewsOf(store, 'OLD-1')
    assertCloses(views)
    const { row, told } = views.inventorum ?? { row: {}, told: {} }
    assert.deepEqual(
      [views.pretix?.card.value, views.foodics?.card.balance, views.onSite?.totals.credit],
      ['6.00', 6, '6.00'],
    )
    assert.deepEqual(
      [row.current_value, row.is_valid, told.remaining_value],
      ['6.00', false, '6.00'],
    )
  })

  test('an unissued pre-coded code is invisible to all, taken for all, and a card once it is sold', async () => {
    const store = await market.open()
    const { precoded } = await store.goods()
    const body = [{ redeem_code: 'Plastic-1', card_code: 'P1', product: precoded }]
    const [{ id }] = await store.till.ok(
      200,
      'POST',
      `/api/v2/giftcards/${precoded}/pre_coded/`,
      body,
    )
    assert.deepEqual(await viewsOf(store, 'Plastic-1'), NOWHERE)
    const books = await store.books()
    assert.deepEqual([books.entries, books.value], [0n, 0n])
    for (const [name, protocol] of Object.entries(ALL)) {
      const { status, text } = await protocol.issue(store, 'Plastic-1', '5.00')
      assert.equal(status, protocol.refusals.taken.status, `${name}: ${text}`)
      assert.ok(text.includes(protocol.refusals.taken.says), `${name}: ${text}`)
    }
    assert.deepEqual(await store.books(), books)
    const basket = await store.till.ok(200, 'POST', '/api/basket/', {
      items: [{ product: precoded, price: '5.00', pre_coded: id }],
    })
    assert.deepEqual(await viewsOf(store, 'Plastic-1'), NOWHERE)
    const payment = { amount: '5.00', method: 0, rounded: '0' }
    await store.till.ok(200, 'POST', `/api/basket/${basket.id}/payment/`, payment)
    for (const protocol of Object.values(ALL))
      assert.equal(await protocol.look(store, 'Plastic-1'), '5.00')
  })

  test('Inventorum refuses a code that differs in case only, whichever way, and finds the exact one first', async () => {
    const store = await market.open()
    done(await pretix.issue(store, 'Tea-Card', '1.00'))
    done(await inventorum.issue(store, 'plastic', '2.00'))
    for (const code of ['TEA-CARD', 'tea-card', 'PLASTIC', 'Plastic']) {
      const { status, text } = await inventorum.issue(store, code, '9.00')
      assert.equal(status, 400, code)
      assert.ok(text.includes('Redeem code already exists.'), text)
    }
    assert.equal(await inventorum.look(store, 'TEA-card'), '1.00')
    assert.equal(await inventorum.look(store, 'PLASTIC'), '2.00')
    // Elsewhere case is part of the code.
    for (const protocol of [pretix, foodics, lightspeed]) {
      assert.equal(await protocol.look(store, 'TEA-CARD'), undefined)
      assert.equal(await protocol.look(store, 'PLASTIC'), undefined)
    }
    done(await pretix.issue(store, 'TEA-CARD', '3.00'))
    done(await foodics.issue(store, 'tea-card', '4.00'))
    done(await lightspeed.issue(store, 'PLASTIC', '5.00'))
    for (const [code, value] of [
      ['Tea-Card', '1.00'],
      ['TEA-CARD', '3.00'],
      ['tea-card', '4.00'],
      ['plastic', '2.00'],
      ['PLASTIC', '5.00'],
    ] as const)
      for (const [name, protocol] of Object.entries(ALL))
        assert.equal(await protocol.look(store, code), value, `${name} ${code}`)
    done(await debit(store, inventorum, 'TEA-CARD', '3.00'))
    assert.equal((await store.card('TEA-CARD')).balance, 0n)
    assert.equal((await store.card('Tea-Card')).balance, 100_000n)
  })

  test('a slash, an escaped slash and an escape belong to the code, in every path', async () => {
    const store = await market.open()
    const codes = ['A/B', 'A%2FB', 'A%252FB', 'A%2fB', '%', 'A/B/validate', '..%2F', 'a+b', 'a b']
    let value = 0
    for (const code of codes) {
      value += 1
      done(await lightspeed.issue(store, code, `${value}.00`))
    }
    value = 0
    for (const code of codes) {
      value += 1
      for (const [name, protocol] of Object.entries(ALL))
        assert.equal(await protocol.look(store, code), `${value}.00`, `${name} ${code}`)
      done(await debit(store, foodics, code, '0.50'))
      if (code !== 'a b') done(await debit(store, inventorum, code, '0.25'))
      assert.equal((await viewOnSite(store, code))?.history.length, code === 'a b' ? 2 : 3)
    }
  })

  test('test cards and other currencies: pretix alone has them, and nobody else can spend them', async () => {
    const store = await market.open({
      cards: [
        { code: 'TEST-1', value: '10.00', testmode: true },
        { code: 'YEN-1', value: '10.00', currency: 'JPY' },
      ],
    })
    await store.goods()
    for (const code of ['TEST-1', 'YEN-1']) {
      done(await debit(store, pretix, code, '1.00'))
      const { pretix: shop, ...others } = await viewsOf(store, code)
      assert.equal(shop?.card.value, '9.00')
      assert.deepEqual(others, { foodics: undefined, onSite: undefined, inventorum: undefined })
      for (const by of [foodics, inventorum])
        assert.equal((await debit(store, by, code, '1.00')).status, by.refusals.unknown.status)
      for (const protocol of Object.values(ALL)) {
        const { status } = await protocol.issue(store, code, '1.00')
        assert.equal(status, protocol.refusals.taken.status)
      }
      assert.equal((await store.card(code)).balance, 900_000n)
    }
    const list = await store.foodics.send('GET', '/v5/gift_card_transactions')
    assert.deepEqual((list.json as { data: unknown[] }).data, [])
    const issued = await store.till.ok(200, 'GET', '/api/giftcards/')
    assert.equal(issued.count, 0)
    const cards = await store.onSite.send('GET', '/api/gift_cards/?count=10')
    assert.equal(cards.root?.attributes.get('total_count'), '0')
  })
})

const NOWHERE = { pretix: undefined, foodics: undefined, onSite: undefined, inventorum: undefined }
