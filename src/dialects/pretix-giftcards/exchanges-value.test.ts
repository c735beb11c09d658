import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type CardJson,
  freshCode,
  type PretixServer,
  startPretix,
} from '../../../test/support/pretix-cards.ts'

/** Amounts, in all four places that take one (specs/pretix-giftcards.md 4, 5.3, 8, 14.14, 14.15). */

const NUMBER = 'A valid number is required.'
const TOTAL = 'Ensure that there are no more than 13 digits in total.'
const PLACES = 'Ensure that there are no more than 2 decimal places.'
const WHOLE = 'Ensure that there are no more than 11 digits before the decimal point.'
const MIN = 'Ensure this value is greater than or equal to 0.00.'

/** JSON texts, and the amount that they are. */
const ACCEPTED: [json: string, shown: string][] = [
  ['"40"', '40.00'],
  ['40', '40.00'],
  ['0', '0.00'],
  ['-0', '0.00'],
  ['"-0.00"', '0.00'],
  ['-0.0', '0.00'],
  ['"0.00"', '0.00'],
  ['"15.37"', '15.37'],
  ['15.37', '15.37'],
  ['10.10', '10.10'],
  ['1.500', '1.50'],
  ['0.000', '0.00'],
  ['1e2', '100.00'],
  ['15E-1', '1.50'],
  ['"1e2"', '100.00'],
  ['"1E-2"', '0.01'],
  ['"+5"', '5.00'],
  ['".5"', '0.50'],
  ['"5."', '5.00'],
  ['"00007"', '7.00'],
  ['" 7.1\\n"', '7.10'],
  ['"\\u00a07\\u2003"', '7.00'],
  ['"99999999999.99"', '99999999999.99'],
  ['99999999999.99', '99999999999.99'],
  [`"${' '.repeat(2_000)}3${' '.repeat(2_000)}"`, '3.00'],
]

/** JSON texts, and the one text that is said about each. */
const REFUSED: [json: string, text: string][] = [
  ['""', NUMBER],
  ['" "', NUMBER],
  ['"abc"', NUMBER],
  ['"5,00"', NUMBER],
  ['"0x10"', NUMBER],
  ['"NaN"', NUMBER],
  ['"sNaN"', NUMBER],
  ['"Infinity"', NUMBER],
  ['"-inf"', NUMBER],
  ['"1_000"', NUMBER],
  ['"١٢"', NUMBER],
  ['"1 000"', NUMBER],
  ['"--1"', NUMBER],
  ['"."', NUMBER],
  ['"e5"', NUMBER],
  ['"1e"', NUMBER],
  ['"1\\u0000"', NUMBER],
  ['"\\ufeff1"', NUMBER],
  ['true', NUMBER],
  ['false', NUMBER],
  ['[]', NUMBER],
  ['[1]', NUMBER],
  ['{}', NUMBER],
  ['1e400', NUMBER],
  [`"${'1'.repeat(1_001)}"`, 'String value too large.'],
  [`"0.${'0'.repeat(1_000)}"`, 'String value too large.'],
  [`"${'x'.repeat(1_001)}"`, 'String value too large.'],
  [`"${'1'.repeat(1_000)}"`, TOTAL],
  ['"100000000000.00"', TOTAL],
  ['"1e-14"', TOTAL],
  ['"1e13"', TOTAL],
  ['"1e400"', TOTAL],
  ['"1e9999999999"', TOTAL],
  ['"-1e-9999999999"', TOTAL],
  ['"0e20"', TOTAL],
  ['0.30000000000000004', TOTAL],
  ['"0.00000000000001"', TOTAL],
  ['"12345678901234"', TOTAL],
  ['"1.500"', PLACES],
  ['"0.000"', PLACES],
  ['"1.005"', PLACES],
  ['1.005', PLACES],
  ['"1e-3"', PLACES],
  ['"10000000000.000"'.replace('10000000000', '1000000000'), PLACES],
  ['"100000000000"', WHOLE],
  ['100000000000', WHOLE],
  ['1000000000000', WHOLE],
  ['"1e11"', WHOLE],
  ['"100000000000.0"', WHOLE],
]

describe('amounts of pretix gift cards', () => {
  let server: PretixServer
  let id: number
  before(async () => {
    server = await startPretix()
    id = (await server.issue({ value: '0.00' })).id
  })
  after(() => server.close())

  const raw = (method: string, path: string, body: string) =>
    server.send(method, path, { body, type: 'application/json' })
  const create = (json: string) =>
    raw('POST', 'acme/giftcards/', `{"secret":"${freshCode()}","currency":"EUR","value":${json}}`)
  const patch = (json: string) => raw('PATCH', `acme/giftcards/${id}/`, `{"value":${json}}`)
  const put = (json: string) =>
    raw(
      'PUT',
      `acme/giftcards/${id}/`,
      `{"secret":"${freshCode()}","currency":"EUR","value":${json}}`,
    )
  const transact = (json: string) =>
    raw('POST', `acme/giftcards/${id}/transact/`, `{"value":${json}}`)

  for (const [json, shown] of ACCEPTED)
    test(`${json.slice(0, 40)} is ${shown}`, async () => {
      await patch('0')
      for (const [answer, status] of [
        [await create(json), 201],
        [await patch(json), 200],
        [await put(json), 200],
      ] as const) {
        assert.equal(answer.status, status, answer.text)
        assert.equal((answer.json as CardJson).value, shown)
        assert.equal((await server.read((answer.json as CardJson).id)).value, shown)
      }
      await patch('0')
      const booked = await transact(json)
      assert.deepEqual([booked.status, (booked.json as CardJson).value], [200, shown])
      assert.equal((await server.bookings(id)).at(-1)?.value, shown)
    })

  for (const [json, text] of REFUSED)
    test(`${json.slice(0, 40)} is refused: ${text}`, async () => {
      await server.unchanged(async () => {
        for (const answer of [await create(json), await patch(json), await put(json)])
          assert.deepEqual([answer.status, answer.json], [400, { value: [text] }])
        const booked = await transact(json)
        assert.deepEqual([booked.status, booked.json], [400, [text]])
      })
    })

  test('below zero is refused everywhere but in transact', async () => {
    await patch('10')
    await server.unchanged(async () => {
      for (const json of ['-0.01', '"-10.00"', '-1e2'])
        for (const answer of [await create(json), await patch(json), await put(json)])
          assert.deepEqual([answer.status, answer.json], [400, { value: [MIN] }])
    })
    const booked = await transact('"-0.01"')
    assert.deepEqual([booked.status, (booked.json as CardJson).value], [200, '9.99'])
  })

  test('the first broken rule is the one that is named', async () => {
    for (const [json, text] of [
      ['"-1.001"', PLACES],
      ['"-100000000000"', WHOLE],
      ['"-1e-14"', TOTAL],
    ] as const)
      assert.deepEqual((await patch(json)).json, { value: [text] })
  })

  test('null is no number in transact and may not be null elsewhere', async () => {
    for (const answer of [await create('null'), await patch('null'), await put('null')])
      assert.deepEqual(
        [answer.status, answer.json],
        [400, { value: ['This field may not be null.'] }],
      )
    const booked = await transact('null')
    assert.deepEqual([booked.status, booked.json], [400, [NUMBER]])
  })

  test('two decimals are shown for every currency, and none is ever rounded', async () => {
    for (const currency of ['JPY', 'KWD', 'CLF', 'EUR']) {
      const card = await server.issue({ currency, value: '12' })
      assert.equal(card.value, '12.00')
      const answer = await server.send('POST', `acme/giftcards/${card.id}/transact/`, {
        json: { value: '-0.01' },
      })
      assert.equal((answer.json as CardJson).value, '11.99')
    }
  })

  test('sums are exact over hundreds of bookings of a cent', async () => {
    const card = await server.issue({ value: '10.00' })
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        server.send('POST', `acme/giftcards/${card.id}/transact/`, {
          json: { value: index % 3 === 0 ? '-0.10' : 0.07 },
        }),
      ),
    )
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.equal((await server.read(card.id)).value, '14.00')
    assert.equal((await server.bookings(card.id)).length, 301)
    const [sum] = await server.owner<{ sum: bigint; balance: bigint }[]>`
      select sum(e.amount)::int8 as sum, max(c.balance) as balance from entries e
      join cards c on c.id = e.card_id where c.id = ${card.id}`
    assert.deepEqual([sum?.sum, sum?.balance], [1_400_000n, 1_400_000n])
  })
})
