import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { canonicalText, readBody } from './body.ts'
import { encodeList, pageSlice } from './envelope.ts'
import { FoodicsError } from './errors.ts'
import { decodeProduct, GRAMMAR as PRODUCTS, readSku } from './gift-card-products/decode.ts'
import { decodeTransaction, GRAMMAR as TRANSACTIONS } from './gift-card-transactions/decode.ts'
import { decodeOrder, GRAMMAR as ORDERS } from './orders/decode.ts'
import { parsePairs, readListQuery } from './query.ts'

/** Whatever comes in, either it is read or it is refused in this protocol's words. */
function assertOnlyOurRefusals(run: () => void): void {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof FoodicsError, `not ours: ${error}`)
    assert.ok(error.status === 400 || error.status === 422)
    assert.equal(error.errors !== undefined, error.status === 422)
  }
}

function decodeAll(contentType: string, bytes: Uint8Array): void {
  assertOnlyOurRefusals(() => {
    const body = readBody(contentType, bytes)
    canonicalText(body.object)
    JSON.stringify(decodeTransaction(body).faults.toFaults())
    JSON.stringify(decodeOrder(body).faults.toFaults())
    readSku(body)
    decodeProduct(body, { isSkuTaken: false })
  })
}

const NAMES = [
  ...['amount', 'gift_card_id', 'order_id', 'type', 'branch_id', 'gift_card', 'products', 'tags'],
  ...['name', 'sku', 'pricing_method', 'price', 'is_active', 'category_id', 'code', '__proto__'],
] as const
const numberText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc
    .tuple(fc.integer(), fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }))
    .map(([m, e]) => `${m}e${e}`),
  fc.bigInt().map(String),
)
const leaf = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.constantFrom('null', 'true', 'false', '"\\u0000"', '"\\ud800"', '-0', '""'),
  numberText,
)
const { value: jsonText } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(fc.oneof(fc.constantFrom(...NAMES), fc.string()), tie('value')), {
        maxLength: 6,
      })
      .map((members) => `{${members.map(([k, v]) => `${JSON.stringify(k)}:${v}`).join(',')}}`),
  ),
}))

test('any JSON body is read or refused in our words', () => {
  fc.assert(
    fc.property(jsonText, (text) => decodeAll('application/json', Buffer.from(text))),
    { numRuns: 8_000 },
  )
})

test('any bytes are read or refused in our words', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/plain', ''),
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.string().map((text) => Buffer.from(text)),
      ),
      decodeAll,
    ),
    { numRuns: 4_000 },
  )
})

const part = fc.oneof(
  fc.constantFrom(
    ...NAMES,
    '',
    '0',
    '%',
    '%5B',
    '%zz',
    '%ff',
    '%00',
    '+',
    ',',
    '-amount',
    '9'.repeat(40),
  ),
  fc.constantFrom('2024-01-01', '2024-02-30', '2024-01-01+10:00:00', 'true', 'gift_card.order'),
  fc.string(),
)
const key = fc.oneof(
  fc
    .tuple(fc.constantFrom(...NAMES, 'filter', 'sort', 'include'), fc.array(part, { maxLength: 3 }))
    .map(([name, path]) => name + path.map((item) => `[${item}]`).join('')),
  fc.constantFrom(
    'filter[created_on]',
    'filter[id]',
    'filter[is_active]',
    'filter[reference_after]',
  ),
  fc.constantFrom('include', 'sort', 'sort[]', 'page', 'per_page', 'filter[updated_after]'),
  part,
)
const pairsText = fc
  .array(fc.tuple(key, part), { maxLength: 8 })
  .map((pairs) => pairs.map(([k, v]) => `${k}=${v}`).join('&'))

test('any form is read or refused in our words', () => {
  fc.assert(
    fc.property(pairsText, (text) =>
      decodeAll('application/x-www-form-urlencoded', Buffer.from(text)),
    ),
    { numRuns: 4_000 },
  )
})

test('any query is read or refused in our words, and what is read makes an envelope', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(TRANSACTIONS, PRODUCTS, ORDERS),
      pairsText,
      fc.nat(200),
      (grammar, raw, total) => {
        assertOnlyOurRefusals(() => {
          const pairs = parsePairs(raw)
          const query = readListQuery(pairs, grammar)
          assert.ok(query.perPage >= 1 && query.perPage <= 50 && query.page >= 1n)
          const { offset, limit } = pageSlice(query, total)
          const data = Array.from({ length: Math.max(0, Math.min(limit, total - offset)) }, () => 1)
          const path = 'http://host/v5/list'
          const text = JSON.stringify(encodeList({ data, total, query, path, pairs }))
          const { links } = JSON.parse(text) as { links: { last: string } } // The shape under test.
          assert.match(new URL(links.last).searchParams.get('page') ?? '', /^\d+$/)
        })
      },
    ),
    { numRuns: 8_000 },
  )
})
