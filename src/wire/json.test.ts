import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonNumber, JsonSyntaxError, type JsonValue, parseJson, stringifyJson } from './json.ts'

/** The slow and plain way: every number looked at, whether or not there is one. */
const parsed = (text: string): JsonValue =>
  JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? new JsonNumber(context?.source ?? '') : value,
  ) as JsonValue // The reviver leaves nothing but these kinds.

test('numbers keep their source text, in short bodies and long ones', () => {
  assert.deepEqual(parseJson('{"value":12.50,"list":[-0,1e2],"text":"1.50"}'), {
    value: new JsonNumber('12.50'),
    list: [new JsonNumber('-0'), new JsonNumber('1e2')],
    text: '1.50',
  })
  for (const text of ['7', ' -7', '\t7.0', '[ 7]', '[1,\n7]', '{"a":\r\n-7}'])
    assert.deepEqual(parseJson(text), parsed(text), text)
})

test('whatever the document, every number is found and nothing else is touched', () => {
  const space = fc.constantFrom('', ' ', '\n', '\t ', '\r\n')
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), space, fc.nat(4), (value, before, indent) => {
      const text = before + JSON.stringify(value, null, indent)
      assert.deepEqual(parseJson(text), parsed(text))
    }),
    { numRuns: 2_000 },
  )
})

test('a document of too many parts, or with a number too long, is refused; texts may be long', () => {
  const list = (length: number, element: string) => `[${Array(length).fill(element).join()}]`
  assert.equal((parseJson(list(100_000, '1')) as readonly unknown[]).length, 100_000)
  for (const text of [list(100_001, '1'), list(60_000, '{}'), list(60_000, '"a,b"').repeat(2)])
    assert.throws(() => parseJson(text), JsonSyntaxError)
  assert.throws(() => parseJson(list(40_000, '{"a":1}')), JsonSyntaxError)
  assert.equal((parseJson(list(40_000, '{"a":1}'), 200_000) as readonly unknown[]).length, 40_000)
  const text = JSON.stringify(',:[{"\\'.repeat(200_000))
  assert.equal(stringifyJson(parseJson(text)), text)
  assert.deepEqual(parseJson('1'.repeat(4_300)), new JsonNumber('1'.repeat(4_300)))
  assert.throws(() => parseJson('1'.repeat(4_301)), JsonSyntaxError)
})

test('a document that can be read can be written again, however deep it nests', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const)
    for (const depth of [1, 100, 450, 499, 500, 501, 2_000, 2_275, 5_000, 100_000]) {
      const text = `${open.repeat(depth)}[]${close.repeat(depth)}`
      if (depth < 500) assert.equal(stringifyJson(parseJson(text)), text)
      else assert.throws(() => parseJson(text), JsonSyntaxError, `${depth} levels`)
    }
})
