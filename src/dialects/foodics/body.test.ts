import assert from 'node:assert/strict'
import test from 'node:test'
import { type JsonValue, parseJson } from '../../wire/json.ts'
import { canonicalText, readBody } from './body.ts'

const FORM = 'application/x-www-form-urlencoded; charset=UTF-8'
const read = (text: string, type?: string) => readBody(type, Buffer.from(text))
const form = (text: string): JsonValue => read(text, FORM).object

test('no bytes at all count as an empty object, whatever the type says', () => {
  for (const type of [undefined, 'application/json', 'text/plain', FORM])
    assert.deepEqual(read('', type).object, {})
})

test('any type but a form is read as JSON', () => {
  for (const type of [
    undefined,
    'application/json',
    'text/plain',
    'multipart/form-data; boundary=x',
  ])
    assert.deepEqual(read('{"a":"b"}', type), { object: { a: 'b' }, isForm: false })
})

test('malformed JSON and JSON that is no object are 400', () => {
  for (const text of [
    '{',
    '{"a":1,}',
    "{'a':1}",
    ' ',
    '[]',
    '[{}]',
    '1',
    'null',
    '"x"',
    'true',
    '{"a":NaN}',
    '\uFEFF{}',
  ])
    assert.throws(() => read(text, 'application/json'), { status: 400 }, text)
  assert.throws(() => readBody('application/json', Buffer.from([0x7b, 0xff, 0x7d])), {
    status: 400,
  })
})

test('a body nested beyond reason is 400', () => {
  for (const depth of [65, 1_000, 200_000])
    assert.throws(() => read(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`), { status: 400 })
  assert.throws(() => read(`a${'[b]'.repeat(100)}=1`, FORM), { status: 400 })
  assert.ok(read(`{"a":${'['.repeat(60)}${']'.repeat(60)}}`))
})

test('the values of a form are texts, and brackets nest', () => {
  assert.deepEqual(form('amount=-12.5&gift_card_id=a+b%26'), {
    amount: '-12.5',
    gift_card_id: 'a b&',
  })
  assert.deepEqual(form('gift_card[code]=A&gift_card[amount]=5'), {
    gift_card: { code: 'A', amount: '5' },
  })
  assert.deepEqual(form('tags[][id]=a&tags[1][id]=b&x[]=1&x[]=2'), {
    tags: [{ id: 'a' }, { id: 'b' }],
    x: ['1', '2'],
  })
  assert.deepEqual(form('a=1&a=2&b[1]=x&=y'), { a: '2', b: { 1: 'x' }, '': 'y' })
  assert.equal(read('a=1', FORM).isForm, true)
})

test('a form cannot reach what it did not make', () => {
  const object = form('__proto__[polluted]=1&constructor=2')
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
  assert.deepEqual(Object.keys(object as object), ['__proto__', 'constructor'])
})

test('bodies are compared as parsed values', () => {
  const same = (a: string, b: string) =>
    assert.equal(canonicalText(parseJson(a)), canonicalText(parseJson(b)), `${a} ${b}`)
  const other = (a: string, b: string) =>
    assert.notEqual(canonicalText(parseJson(a)), canonicalText(parseJson(b)), `${a} ${b}`)
  same('{"amount":-10}', '{ "amount" : -10.0 }')
  same('{"a":1,"b":[1.50,2]}', '{"b":[1.5,2e0],"a":1}')
  same('[0,-0,0.0,0e9]', '[0,0,0,0]')
  same('1e400', '10e399')
  same('{"a":1,"a":2}', '{"a":2}')
  other('{"amount":-10}', '{"amount":"-10"}')
  other('{"amount":-10}', '{"amount":-10.00001}')
  other('1', '10')
  other('{"a":null}', '{}')
  other('["a,b"]', '["a","b"]')
  other('9007199254740993', '9007199254740992')
})
