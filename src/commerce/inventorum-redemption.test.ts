import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Decimal, decimal, parseDecimal } from '../money/decimal.ts'
import { formatCents } from '../money/money.ts'
import {
  type AttachedCard,
  applyCards,
  canApply,
  type PayableLine,
  sumApplied,
} from './inventorum-redemption.ts'

const number = (text: string): Decimal => parseDecimal(text) ?? assert.fail(text)
const units = (text: string): bigint => number(text).units * 10n ** BigInt(5 - number(text).scale)
const goods = (gross: string, rate: string): PayableLine => ({
  isGiftCard: false,
  rate: number(rate),
  gross: units(gross),
})
type Named = AttachedCard & { readonly name: string }
const single = (name: string, value: string, rate: string): Named => ({
  name,
  purpose: 'single',
  rate: number(rate),
  value: units(value),
})
const multi = (name: string, value: string): Named => ({
  name,
  purpose: 'multi',
  rate: undefined,
  value: units(value),
})
const table = (lines: PayableLine[], cards: Named[]) =>
  applyCards(lines, cards).map(({ card, applied, left }) => [
    card.name,
    formatCents(applied),
    formatCents(left),
  ])

const seedLines = [goods('95.62', '19'), goods('10.00', '7'), goods('25.76', '0')]

test('example 1: a 19 % card of 100.00 and a multi-purpose card of 50.00 pay 131.38', () => {
  const expected = [
    ['SP', '95.62', '4.38'],
    ['MP', '35.76', '14.24'],
  ]
  assert.deepEqual(table(seedLines, [single('SP', '100', '19'), multi('MP', '50')]), expected)
  assert.deepEqual(table(seedLines, [multi('MP', '50'), single('SP', '100', '19')]), expected)
})

test('example 2: four cards, single-purpose first, in the order attached', () => {
  const lines = [goods('60.00', '19'), goods('15.00', '7'), goods('5.00', '0')]
  const cards = [
    multi('MP', '25'),
    single('a', '30', '19'),
    single('SP7', '20', '7'),
    single('b', '50', '19'),
  ]
  assert.deepEqual(table(lines, cards), [
    ['a', '30.00', '0.00'],
    ['SP7', '15.00', '5.00'],
    ['b', '30.00', '20.00'],
    ['MP', '5.00', '20.00'],
  ])
})

test('example 3: what restricted money may not pay stays payable', () => {
  const lines = [goods('40.00', '19'), goods('60.00', '7')]
  const result = applyCards(lines, [single('SP', '100', '19'), multi('MP', '30')])
  assert.deepEqual(
    result.map(({ applied }) => formatCents(applied)),
    ['40.00', '30.00'],
  )
  assert.equal(formatCents(units('100') - sumApplied(result)), '30.00')
})

test('example 4: a card never pays for a card', () => {
  const lines: PayableLine[] = [
    goods('20.00', '19'),
    { isGiftCard: true, rate: number('0'), gross: units('50') },
  ]
  assert.deepEqual(table(lines, [multi('MP', '100')]), [['MP', '20.00', '80.00']])
})

test('rates are compared as numbers, whatever their spelling', () => {
  assert.deepEqual(table([goods('10', '19.000')], [single('SP', '4', '19.0000000000')]), [
    ['SP', '4.00', '0.00'],
  ])
})

test('only whole cents are spent; the rest stays on the card', () => {
  const [application] = applyCards([goods('10', '0')], [{ ...multi('MP', '0'), value: 123_999n }])
  assert.equal(application?.applied, 123_000n)
  assert.equal(application?.left, 999n)
})

test('a card can be applied only where a line of goods may be paid with it', () => {
  const giftCardLine = { ...goods('50', '19'), isGiftCard: true }
  assert.ok(canApply(single('SP', '1', '19'), seedLines))
  assert.ok(!canApply(single('SP', '1', '16'), seedLines))
  assert.ok(!canApply(single('SP', '1', '19'), [giftCardLine]))
  assert.ok(!canApply(multi('MP', '1'), [giftCardLine]))
  assert.ok(canApply(multi('MP', '1'), [giftCardLine, goods('1', '7')]))
})

const RATES = [decimal(19), decimal(7), decimal(0), decimal(16)]
const amount = fc.bigInt({ min: 0n, max: 50_000n }).map((cents) => cents * 1_000n)
const line = fc.record({ isGiftCard: fc.boolean(), rate: fc.constantFrom(...RATES), gross: amount })
const card: fc.Arbitrary<AttachedCard> = fc
  .record({
    purpose: fc.constantFrom('single' as const, 'multi' as const),
    rate: fc.constantFrom(decimal(19), decimal(7), decimal(16)),
    value: fc.bigInt({ min: 0n, max: 50_000_000n }),
  })
  .map(({ purpose, rate, value }) => ({
    purpose,
    value,
    rate: purpose === 'single' ? rate : undefined,
  }))
const orders = fc.tuple(fc.array(line, { maxLength: 8 }), fc.array(card, { maxLength: 8 }))

test('cards give at most what they hold, at most what is open, and never less than nothing', () => {
  fc.assert(
    fc.property(orders, ([lines, cards]) => {
      const result = applyCards(lines, cards)
      assert.equal(result.length, cards.length)
      for (const { card, applied, left } of result) {
        assert.ok(applied >= 0n && applied <= card.value)
        assert.equal(applied % 1_000n, 0n)
        assert.equal(left, card.value - applied)
      }
      const open = lines.reduce(
        (sum, { isGiftCard, gross }) => (isGiftCard ? sum : sum + gross),
        0n,
      )
      assert.ok(sumApplied(result) <= open)
      for (const rate of RATES) {
        const sold = lines.reduce(
          (sum, l) => (!l.isGiftCard && l.rate === rate ? sum + l.gross : sum),
          0n,
        )
        const spent = result.filter(
          ({ card }) => card.purpose === 'single' && card.rate?.units === rate.units,
        )
        assert.ok(sumApplied(spent) <= sold)
      }
    }),
  )
})

test('single-purpose cards come first, and each kind keeps the order of attachment', () => {
  fc.assert(
    fc.property(orders, ([lines, cards]) => {
      const order = applyCards(lines, cards).map(({ card }) => cards.indexOf(card))
      const expected = [
        ...cards.keys().filter((at) => cards[at]?.purpose === 'single'),
        ...cards.keys().filter((at) => cards[at]?.purpose === 'multi'),
      ]
      assert.deepEqual(order, expected)
    }),
  )
})

test('nothing that a card could still pay is left open', () => {
  fc.assert(
    fc.property(orders, ([lines, cards]) => {
      const result = applyCards(lines, cards)
      const open = lines.reduce(
        (sum, { isGiftCard, gross }) => (isGiftCard ? sum : sum + gross),
        0n,
      )
      const spare = result
        .filter(({ card }) => card.purpose === 'multi')
        .reduce((sum, { left }) => sum + (left - (left % 1_000n)), 0n)
      assert.ok(spare === 0n || sumApplied(result) === open)
    }),
  )
})
