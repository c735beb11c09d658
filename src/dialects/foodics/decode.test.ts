import assert from 'node:assert/strict'
import test from 'node:test'
import type { ProductFields } from '../../services/foodics-products.ts'
import { type Body, readBody } from './body.ts'
import { type Faults, FoodicsError } from './errors.ts'
import { decodeProduct } from './gift-card-products/decode.ts'
import { decodeTransaction } from './gift-card-transactions/decode.ts'
import { encodeId } from './ids.ts'
import { decodeOrder } from './orders/decode.ts'

const CARD = encodeId('card', 7n)
const ORDER = encodeId('order', 9n)
const PRODUCT = encodeId('product', 3n)

const json = (text: string): Body => readBody('application/json', Buffer.from(text))
const form = (text: string): Body =>
  readBody('application/x-www-form-urlencoded', Buffer.from(text))

const transactionFaults = (text: string): Faults => decodeTransaction(json(text)).faults.toFaults()
const orderFaults = (text: string): Faults => decodeOrder(json(text)).faults.toFaults()
const orderWith = (members: string): string => `{"type":1,"branch_id":"b",${members}}`

function product(body: Body, current?: ProductFields, isSkuTaken = false): ProductFields {
  return decodeProduct(body, { current, isSkuTaken })
}

function productFaults(body: Body, current?: ProductFields, isSkuTaken = false): string[] {
  try {
    product(body, current, isSkuTaken)
  } catch (error) {
    assert.ok(error instanceof FoodicsError && error.status === 422)
    return Object.keys(error.errors ?? {})
  }
  return []
}

const MUG: ProductFields = {
  name: 'Mug',
  nameLocalized: 'Becher',
  image: undefined,
  barcode: '123',
  sku: 'M-1',
  pricingMethod: 1,
  price: 500_000n,
  isActive: false,
  categoryId: 'c1',
  branches: '[{"id":"b1"}]',
  tags: '[]',
  groups: '[]',
  tagIds: [],
}

test('an empty transaction lacks all three fields', () => {
  assert.deepEqual(transactionFaults('{}'), {
    amount: ['The amount field is required.'],
    gift_card_id: ['The gift card field is required.'],
    order_id: ['The order field is required.'],
  })
})

test('a transaction decodes amount and both ids, from JSON and from a form', () => {
  const expected = { amount: -1_250_000n, cardId: 7n, orderId: 9n }
  for (const body of [
    json(`{"amount":-12.5,"gift_card_id":"${CARD}","order_id":"${ORDER}","extra":[]}`),
    json(`{"amount":"-12.5","gift_card_id":"${CARD}","order_id":"${ORDER}"}`),
    form(`amount=-12.5&gift_card_id=${CARD}&order_id=${ORDER}`),
  ]) {
    const { faults, ...draft } = decodeTransaction(body)
    assert.ok(faults.isEmpty)
    assert.deepEqual(draft, expected)
  }
})

test('every bad amount of a transaction is a fault of amount alone', () => {
  for (const amount of [
    'null',
    '0',
    '-0',
    '0.00000',
    '"0"',
    '-0.000001',
    '-1.000000000000000001',
    '10000000000',
    '-1e10',
    '1e999999999',
    'true',
    'false',
    '[]',
    '[1]',
    '{}',
    '""',
    '"abc"',
    '"1e2"',
    '"+5"',
    '"1,5"',
  ])
    assert.deepEqual(
      Object.keys(
        transactionFaults(`{"amount":${amount},"gift_card_id":"${CARD}","order_id":"${ORDER}"}`),
      ),
      ['amount'],
      amount,
    )
})

test('ids that are no texts, of another kind or in another spelling are faults of their fields', () => {
  for (const [card, order] of [
    ['7', '9'],
    ['null', 'null'],
    ['""', '""'],
    ['["a"]', '{}'],
    [JSON.stringify(ORDER), JSON.stringify(CARD)],
    [JSON.stringify(CARD.toUpperCase()), JSON.stringify(ORDER.slice(0, 8))],
    ['"K7Q2-88XD"', '"\\u0000"'],
  ])
    assert.deepEqual(
      Object.keys(transactionFaults(`{"amount":-1,"gift_card_id":${card},"order_id":${order}}`)),
      ['gift_card_id', 'order_id'],
      `${card} ${order}`,
    )
  assert.deepEqual(transactionFaults(`{"amount":-1,"gift_card_id":"x","order_id":"y"}`), {
    gift_card_id: ['The selected gift card is invalid.'],
    order_id: ['The selected order is invalid.'],
  })
})

test('both ids unknown and a bad amount are three faults', () => {
  assert.deepEqual(
    Object.keys(transactionFaults('{"amount":0,"gift_card_id":"x","order_id":"y"}')),
    ['amount', 'gift_card_id', 'order_id'],
  )
})

test('an empty product lacks its required fields, but not a price while the method is missing', () => {
  assert.deepEqual(productFaults(json('{}')), ['name', 'sku', 'category_id', 'pricing_method'])
})

test('a product has its defaults', () => {
  assert.deepEqual(
    product(json('{"name":"Open","sku":"O","pricing_method":2,"category_id":"c"}')),
    {
      name: 'Open',
      sku: 'O',
      categoryId: 'c',
      pricingMethod: 2,
      price: undefined,
      nameLocalized: undefined,
      image: undefined,
      barcode: undefined,
      isActive: true,
      branches: '[]',
      tags: '[]',
      tagIds: [],
      groups: '[]',
    },
  )
})

test('a fixed price is required, not negative, and may be zero', () => {
  const withPrice = (price: string) =>
    json(`{"name":"F","sku":"F","pricing_method":1,"category_id":"c"${price}}`)
  assert.deepEqual(productFaults(withPrice('')), ['price'])
  assert.deepEqual(productFaults(withPrice(',"price":null')), ['price'])
  for (const price of ['-1', '-0.00001', '0.000001', '1e10', '""', '"x"', 'true', '[]'])
    assert.deepEqual(productFaults(withPrice(`,"price":${price}`)), ['price'], price)
  assert.equal(product(withPrice(',"price":0')).price, 0n)
  assert.equal(product(withPrice(',"price":"12.5"')).price, 1_250_000n)
})

test('pricing methods other than 1 and 2 are faults', () => {
  for (const method of ['0', '3', '1.5', '"1"', '"fixed"', 'true', 'null', '1e99'])
    assert.deepEqual(
      productFaults(json(`{"name":"F","sku":"F","pricing_method":${method},"category_id":"c"}`)),
      ['pricing_method'],
      method,
    )
  assert.equal(
    product(form('name=F&sku=F&pricing_method=2&category_id=c&is_active=false')).isActive,
    false,
  )
})

test('product fields of a wrong type are told together', () => {
  const faults = productFaults(
    json(
      '{"name":1,"name_localized":{},"image":[],"barcode":5,"sku":false,"pricing_method":2,"is_active":"yes","category_id":3,"branches":"x","tags":[1],"groups":[{"id":5}]}',
    ),
  )
  assert.deepEqual(faults.toSorted(), [
    'barcode',
    'branches',
    'category_id',
    'groups',
    'image',
    'is_active',
    'name',
    'name_localized',
    'sku',
    'tags',
  ])
})

test('a text that no database can hold is a fault', () => {
  for (const name of ['"a\\u0000b"', '"\\ud800"'])
    assert.deepEqual(productFaults(json(`{"name":${name}}`), MUG), ['name'])
})

test('an update changes only what was sent', () => {
  assert.deepEqual(product(json('{}'), MUG), MUG)
  assert.deepEqual(
    product(json('{"name":"Cup","barcode":null,"tags":[{"id":"t","x":1.50}]}'), MUG),
    {
      ...MUG,
      name: 'Cup',
      barcode: undefined,
      tags: '[{"id":"t","x":1.50}]',
      tagIds: ['t'],
    },
  )
  assert.deepEqual(productFaults(json('{"name":null,"sku":""}'), MUG), ['name', 'sku'])
})

test('an update cannot leave a fixed price without a price', () => {
  assert.deepEqual(productFaults(json('{"price":null}'), MUG), ['price'])
  const open: ProductFields = { ...MUG, pricingMethod: 2, price: undefined }
  assert.deepEqual(productFaults(json('{"pricing_method":1}'), open), ['price'])
  assert.equal(product(json('{"pricing_method":2,"price":null}'), MUG).price, undefined)
})

test('an order needs a type and a branch', () => {
  assert.deepEqual(Object.keys(orderFaults('{}')), ['type', 'branch_id'])
  for (const type of ['0', '5', '"1"', '1.5', 'null', 'true'])
    assert.deepEqual(Object.keys(orderFaults(`{"type":${type},"branch_id":"b"}`)), ['type'], type)
  for (const branch of ['1', 'null', '""', '{}'])
    assert.deepEqual(Object.keys(orderFaults(`{"type":1,"branch_id":${branch}}`)), ['branch_id'])
})

test('only the rounding amount of an order may be negative', () => {
  const prices = '"subtotal_price":-1,"discount_amount":-1,"rounding_amount":-1,"total_price":-1'
  assert.deepEqual(Object.keys(orderFaults(orderWith(prices))), [
    'subtotal_price',
    'discount_amount',
    'total_price',
  ])
  assert.deepEqual(Object.keys(orderFaults(orderWith('"total_price":0.000001'))), ['total_price'])
  assert.equal(decodeOrder(json(orderWith('"total_price":"1.5"'))).totalPrice, 150_000n)
})

test('the lists of an order are lists, and a customer is a text', () => {
  assert.deepEqual(
    Object.keys(orderFaults(orderWith('"products":"x","combos":{},"tags":1,"customer_id":5'))),
    ['customer_id', 'products', 'combos', 'tags'],
  )
  assert.deepEqual(orderFaults(orderWith('"products":null,"customer_id":null')), {})
})

test('a card to be sold needs a product', () => {
  assert.deepEqual(Object.keys(orderFaults(orderWith('"gift_card":{}'))), [
    'gift_card.gift_card_product_id',
  ])
  assert.deepEqual(Object.keys(orderFaults(orderWith('"gift_card":5'))), ['gift_card'])
  assert.equal(decodeOrder(json(orderWith('"gift_card":null'))).sale, undefined)
  for (const id of ['5', `"${CARD}"`, '"x"', 'null'])
    assert.deepEqual(
      Object.keys(orderFaults(orderWith(`"gift_card":{"gift_card_product_id":${id}}`))),
      ['gift_card.gift_card_product_id'],
    )
})

test('the amount of a card to be sold is above zero', () => {
  const sale = (amount: string) =>
    orderWith(`"gift_card":{"gift_card_product_id":"${PRODUCT}","amount":${amount}}`)
  for (const amount of ['0', '-5', '"x"', 'null', '0.000001', 'true', '10000000000'])
    assert.deepEqual(Object.keys(orderFaults(sale(amount))), ['gift_card.amount'], amount)
  assert.deepEqual(decodeOrder(json(sale('50'))).sale, {
    productId: 3n,
    amount: 5_000_000n,
    code: undefined,
  })
})

test('a code to be sold is 1 to 64 printable characters, no slash, no space at an end', () => {
  const sale = (code: string) =>
    orderWith(`"gift_card":{"gift_card_product_id":"${PRODUCT}","code":${JSON.stringify(code)}}`)
  for (const code of ['', ' ', ' a', 'a ', 'a/b', 'ä', 'a\tb', 'a\n', '\u007f', 'x'.repeat(65)])
    assert.deepEqual(Object.keys(orderFaults(sale(code))), ['gift_card.code'], JSON.stringify(code))
  for (const code of ['a', 'a b', '!', '~', 'K7Q2-88XD', 'x'.repeat(64), '%2F'])
    assert.equal(decodeOrder(json(sale(code))).sale?.code, code)
  assert.deepEqual(
    Object.keys(
      orderFaults(orderWith(`"gift_card":{"gift_card_product_id":"${PRODUCT}","code":5}`)),
    ),
    ['gift_card.code'],
  )
})

test('all faults of an order are told together', () => {
  assert.deepEqual(
    Object.keys(orderFaults('{"type":9,"total_price":"x","gift_card":{"amount":0,"code":"/"}}')),
    [
      'type',
      'branch_id',
      'total_price',
      'gift_card.gift_card_product_id',
      'gift_card.amount',
      'gift_card.code',
    ],
  )
})
