import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Card } from '../ledger/card.ts'
import { decimal } from '../money/decimal.ts'
import { type PaymentRequest, planPayment, settle, type Till } from './checkout-plan.ts'
import type { OrderLine } from './inventorum-order-rows.ts'
import { ShopError } from './inventorum-problems.ts'
import type { ProductRow, Template } from './inventorum-product-rows.ts'
import type { ShopCard } from './inventorum-shop-cards.ts'

const NOW = 1_900_000_000_000_000n
const RATES = [19, 7, 0]
const CENT = 1_000n

/** Goods are products 0 to 2, a pre-coded template of each rate is 10 to 12. */
const template: Template = {
  purpose: 'single',
  isPrecoded: true,
  validUntil: undefined,
  validUnit: 'year',
  validValue: 1,
}
const product = (id: number): ProductRow => ({
  id: BigInt(id),
  name: 'P',
  description: '',
  taxTypeId: 1n,
  rate: decimal(RATES[id % 10] ?? 0),
  net: decimal(1),
  gross: decimal(1),
  purchasePrice: decimal(0),
  customPrice: false,
  productCode: undefined,
  ean: undefined,
  quantity: decimal(0),
  reorderLevel: decimal(0),
  safetyStock: decimal(0),
  template: id >= 10 ? template : undefined,
  isDeleted: false,
})
const products = new Map([0, 1, 2, 10, 11, 12].map((id) => [BigInt(id), product(id)]))

const shopCard = (id: number, cents: number, rate: number | undefined): ShopCard => {
  const card = {
    id: BigInt(id),
    code: `C${id}`,
    state: 'active',
    purpose: rate === undefined ? 'multi' : 'single',
    taxRate: rate?.toString(),
    expiresAt: undefined,
  } as Card // The rest of a card is not looked at.
  return { card, available: BigInt(cents) * CENT, returnedAt: undefined }
}

const line = (id: number, productId: number, cents: number): OrderLine => ({
  id: BigInt(id),
  orderId: 1n,
  productId: BigInt(productId),
  name: 'P',
  taxTypeId: 1n,
  rate: product(productId).rate,
  purpose: productId >= 10 ? 'single' : undefined,
  productCode: undefined,
  quantity: decimal(1),
  unitNet: decimal(1),
  unitGross: BigInt(cents) * CENT,
  gross: BigInt(cents) * CENT,
  precodedId: undefined,
  cardId: undefined,
  cardLabel: undefined,
  refundedAt: undefined,
})

const cents = fc.integer({ min: 1, max: 20_000 })
const tills = fc.record({
  cards: fc.array(fc.tuple(cents, fc.constantFrom(19, 7, undefined)), {
    minLength: 1,
    maxLength: 5,
  }),
  units: fc.integer({ min: 0, max: 3 }),
})
const orders = fc.array(
  fc.record({
    lines: fc.array(fc.tuple(fc.constantFrom(0, 1, 2, 10), cents), { minLength: 1, maxLength: 4 }),
    cards: fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    mistake: fc.constantFrom(0n, 0n, 0n, CENT),
  }),
  { maxLength: 12 },
)

const open = ({
  cards,
  units,
}: {
  cards: [number, number | undefined][]
  units: number
}): Till => ({
  now: NOW,
  products,
  precoded: new Map([
    [
      10n,
      Array.from({ length: units }, (_, id) => ({
        id: BigInt(id),
        redeemCode: `R${id}`,
        cardCode: `K${id}`,
        reservationId: BigInt(id),
      })),
    ],
  ]),
  cards: new Map(cards.map(([value, rate], id) => [BigInt(id), shopCard(id, value, rate)])),
  lastInvoiceNumber: 40n,
})

/** What the cards of an order would leave to pay: asked of the planner itself, with an impossible amount. */
function remainingOf(till: Till, request: Omit<PaymentRequest, 'payment'>): bigint | undefined {
  try {
    planPayment(till, { ...request, payment: { amount: -1n, method: 0, rounded: 0n } })
  } catch (error) {
    const [problem] = error instanceof ShopError ? error.problems : []
    if (problem?.code === 'amount_differs') return problem.remaining
  }
  return undefined
}

test('whatever is paid in whatever order: numbers have no gap, cards and units are spent once', () => {
  fc.assert(
    fc.property(tills, orders, (stock, requests) => {
      const till = open(stock as Parameters<typeof open>[0]) // Fast-check makes tuples of arrays.
      const given = new Map([...till.cards].map(([id, { available }]) => [id, available]))
      const handedOut: bigint[] = []
      let number = till.lastInvoiceNumber
      requests.forEach(({ lines, cards, mistake }, index) => {
        const request = {
          orderId: BigInt(index),
          lines: lines.map(([productId, price], at) => line(at, productId, price)),
          cardIds: cards.filter((id) => till.cards.has(BigInt(id))).map(BigInt),
        }
        const before = JSON.stringify(
          [...till.cards.values()].map(({ available }) => `${available}`),
        )
        const remaining = remainingOf(till, request) ?? 0n
        try {
          const plan = planPayment(till, {
            ...request,
            payment: { amount: remaining + mistake, method: 0, rounded: 0n },
          })
          assert.equal(mistake, 0n)
          assert.equal(plan.invoiceNumber, number + 1n)
          number += 1n
          for (const { cardId, applied, remaining: left } of plan.redemptions) {
            assert.ok(applied >= 0n && left >= 0n)
            assert.equal(applied + left, till.cards.get(cardId)?.available)
          }
          handedOut.push(...plan.issues.flatMap(({ unit }) => unit?.id ?? []))
          settle(till, plan)
        } catch (error) {
          assert.ok(error instanceof ShopError, String(error))
          const after = JSON.stringify(
            [...till.cards.values()].map(({ available }) => `${available}`),
          )
          assert.equal(after, before)
          assert.equal(till.lastInvoiceNumber, number)
        }
      })
      assert.equal(new Set(handedOut).size, handedOut.length)
      assert.ok(handedOut.length <= stock.units)
      for (const [id, { available }] of till.cards)
        assert.ok(available >= 0n && available <= (given.get(id) ?? 0n))
    }),
  )
})
