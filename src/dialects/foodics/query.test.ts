import assert from 'node:assert/strict'
import test from 'node:test'
import { FoodicsError } from './errors.ts'
import { GRAMMAR as PRODUCTS } from './gift-card-products/decode.ts'
import { GRAMMAR as TRANSACTIONS } from './gift-card-transactions/decode.ts'
import { GRAMMAR as ORDERS } from './orders/decode.ts'
import { type Grammar, type ListQuery, parsePairs, readIncludes, readListQuery } from './query.ts'

const read = (raw: string, grammar: Grammar = TRANSACTIONS): ListQuery =>
  readListQuery(parsePairs(raw), grammar)

const anyOf = (raw: string, name: string, grammar: Grammar = TRANSACTIONS): unknown => {
  const filter = read(raw, grammar).filters.get(name)
  return filter && 'anyOf' in filter ? filter.anyOf : undefined
}

function refusal(raw: string, grammar: Grammar = TRANSACTIONS): FoodicsError {
  try {
    read(raw, grammar)
  } catch (error) {
    assert.ok(error instanceof FoodicsError)
    return error
  }
  return assert.fail(`accepted ${raw}`)
}

const faultKeys = (raw: string, grammar?: Grammar): string[] => {
  const { status, errors } = refusal(raw, grammar)
  assert.equal(status, 422)
  return Object.keys(errors ?? {})
}

test('brackets of a filter are raw or percent-encoded', () => {
  assert.deepEqual(anyOf('filter[gift_card_id]=c1', 'gift_card_id'), ['c1'])
  assert.deepEqual(anyOf('filter%5Bgift_card_id%5D=c1', 'gift_card_id'), ['c1'])
  assert.deepEqual(anyOf('filter%5bgift_card_id%5d=c%31', 'gift_card_id'), ['c1'])
})

test('a comma means or, and so do array keys', () => {
  assert.deepEqual(anyOf('filter[status]=4,5', 'status', ORDERS), [4n, 5n])
  assert.deepEqual(anyOf('filter[id][]=a&filter[id][]=b', 'id'), ['a', 'b'])
  assert.deepEqual(anyOf('filter[id][0]=a&filter[id][1]=b', 'id'), ['a', 'b'])
  assert.deepEqual(anyOf('filter[id][]=a,b&filter[id][]=c', 'id'), ['a', 'b', 'c'])
  assert.deepEqual(anyOf('filter[id]=a,,b,', 'id'), ['a', 'b'])
})

test('the last of two equal plain keys wins', () => {
  assert.deepEqual(anyOf('filter[id]=a&filter[id]=b', 'id'), ['b'])
  assert.equal(read('page=2&page=3').page, 3n)
  assert.deepEqual(read('sort=amount&sort=-created_at').sort, [
    { field: 'created_at', descending: true },
  ])
})

test('an empty value does not filter', () => {
  assert.equal(read('filter[id]=&filter[created_on]=&filter[updated_after]=').filters.size, 0)
  assert.equal(read('filter[id]').filters.size, 0)
})

test('an unknown filter is 400 and named, with or without a value', () => {
  for (const raw of ['filter[nope]=1', 'filter[nope]=', 'filter[nope][]=1']) {
    const error = refusal(raw)
    assert.equal(error.status, 400)
    assert.match(error.message, /nope/)
    assert.equal(error.errors, undefined)
  }
  for (const raw of [
    'filter[id][gte]=1',
    'filter[]=1',
    'filter[__proto__]=1',
    'filter[toString]=1',
  ])
    assert.equal(refusal(raw).status, 400, raw)
})

test('unknown top-level parameters are ignored, the plural filters among them', () => {
  const query = read('limit=5&created_at[gte]=2024&filters[x]=1&filter=x&foo&=&&a=b=c')
  assert.equal(query.filters.size, 0)
  assert.equal(query.perPage, 50)
})

test('includes are trimmed, empty ones dropped, repeated ones fine, in any order', () => {
  const names = ['gift_card', 'order']
  for (const raw of [
    'include=order,gift_card',
    'include=gift_card,order,',
    'include=gift_card,%20order',
    'include=gift_card,+order,,order',
  ])
    assert.deepEqual([...read(raw).includes].toSorted(), names, raw)
  assert.equal(read('include=').includes.size, 0)
  assert.equal(read('include=,').includes.size, 0)
})

test('a dotted include implies its parent', () => {
  assert.deepEqual(
    [...read('include=gift_card.gift_card_product').includes],
    ['gift_card', 'gift_card.gift_card_product'],
  )
})

test('an unknown include is 400, on single objects too', () => {
  for (const raw of [
    'include=nope',
    'include=gift_card,creator',
    'include=Order',
    'include=order.x',
  ]) {
    assert.equal(refusal(raw).status, 400, raw)
    assert.throws(() => readIncludes(parsePairs(raw), TRANSACTIONS.includes), { status: 400 })
  }
})

test('orders accept the relations that clients name, and anything dotted below them', () => {
  const raw =
    'include=branch,customer,products,products.product,payments.payment_method,charges,combos,tags,discount,coupon,promotion,table,device,creator,closer,driver,customer_address,original_order,original_order.a.b.c,gift_card,gift_card.gift_card_product'
  assert.ok(read(raw, ORDERS).includes.has('gift_card.gift_card_product'))
  assert.equal(refusal('include=gift_card.nope', ORDERS).status, 400)
  assert.equal(refusal('include=nope', ORDERS).status, 400)
})

test('sort is a comma list with a minus for descending, or an array', () => {
  const keys = [
    { field: 'created_at', descending: true },
    { field: 'amount', descending: false },
  ]
  for (const raw of [
    'sort=-created_at,amount',
    'sort[0]=-created_at&sort[1]=amount',
    'sort[]=-created_at&sort[]=amount',
    'sort=-created_at,+amount,',
    'sort=-created_at,amount,-amount',
  ])
    assert.deepEqual(read(raw).sort, keys, raw)
  assert.deepEqual(read('sort=').sort, [])
})

test('an unknown sort field is 400', () => {
  for (const raw of ['sort=id', 'sort=old_balance', 'sort=--amount', 'sort=-', 'sort[0]=Amount'])
    assert.equal(refusal(raw).status, 400, raw)
})

test('a page that is missing, zero, negative or no integer is the first', () => {
  for (const raw of [
    '',
    'page=',
    'page=0',
    'page=-3',
    'page=abc',
    'page=1.5',
    'page=1e3',
    'page[]=x',
  ])
    assert.equal(read(raw).page, 1n, raw)
  assert.equal(read('page=7').page, 7n)
  assert.equal(read('page=99999999999999999999999').page, 99999999999999999999999n)
})

test('per_page is 50 unless 1 to 50 is asked for, and never an error', () => {
  for (const raw of ['', 'per_page=51', 'per_page=5000', 'per_page=0', 'per_page=-1', 'per_page=x'])
    assert.equal(read(raw).perPage, 50, raw)
  assert.equal(read('per_page=1').perPage, 1)
  assert.equal(read('per_page=50').perPage, 50)
})

test('days may be listed, and a bad one is 422 under its filter', () => {
  assert.equal((anyOf('filter[created_on]=2024-01-01,2024-01-02', 'created_on') as []).length, 2)
  for (const value of [
    '2024-02-30',
    '13/02/2024',
    'yesterday',
    '2024-01-01+10:00:00',
    '2024-01-01,x',
  ])
    assert.deepEqual(faultKeys(`filter[created_on]=${value}`), ['filter.created_on'], value)
})

test('updated_after takes one value; plus is a space', () => {
  const at = BigInt(Date.parse('2024-01-01T10:00:00Z')) * 1_000n
  for (const value of ['2024-01-01+10:00:00', '2024-01-01%20%2010:00:00', '2024-01-01T10:00:00Z'])
    assert.deepEqual(read(`filter[updated_after]=${value}`).filters.get('updated_after'), {
      kind: 'after',
      instant: at,
    })
  for (const value of ['2024-01-01,2024-01-02', '2024-01-01,', 'x', '2024-01-01T10:00:00'])
    assert.deepEqual(faultKeys(`filter[updated_after]=${value}`), ['filter.updated_after'], value)
})

test('integers and booleans that cannot be read are 422 under their filters', () => {
  for (const name of ['reference_after', 'reference', 'number', 'type', 'source', 'status'])
    for (const value of ['abc', '1.5', '1,x'])
      assert.deepEqual(faultKeys(`filter[${name}]=${value}`, ORDERS), [`filter.${name}`], name)
  assert.deepEqual(faultKeys('filter[reference_after]=1,2', ORDERS), ['filter.reference_after'])
  for (const name of ['is_active', 'is_deleted'])
    assert.deepEqual(faultKeys(`filter[${name}]=yes`, PRODUCTS), [`filter.${name}`])
  assert.deepEqual(anyOf('filter[is_active]=true,0', 'is_active', PRODUCTS), [true, false])
})

test('all bad values are told together, after all names', () => {
  assert.deepEqual(faultKeys('filter[created_on]=x&filter[updated_after]=y'), [
    'filter.created_on',
    'filter.updated_after',
  ])
  assert.equal(refusal('filter[created_on]=x&sort=nope').status, 400)
  assert.equal(refusal('filter[created_on]=x&include=nope').status, 400)
})

test('a broken escape stands for itself', () => {
  assert.deepEqual(anyOf('filter[id]=%zz', 'id'), ['%zz'])
  assert.deepEqual(anyOf('filter[id]=%ff', 'id'), ['%ff'])
})
