import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compareAnswer, type Expected, parseWalkthrough } from './walkthrough.ts'

const agrees = (kind: Expected['kind'], text: string, actual: string): boolean =>
  compareAnswer({ kind, text }, actual) === undefined

describe('a page of examples', () => {
  test('is its front block, its commands, and the answer after each', () => {
    const page = parseWalkthrough(
      [
        '# T',
        '```json walkthrough',
        '{"world":"w.json","variables":{"TOKEN":"t"}}',
        '```',
        '```console',
        'npm start',
        '```',
        '```sh',
        'curl a',
        '```',
        'gives',
        '```json',
        '{"a": …}',
        '```',
        '```json',
        '{"not": "an answer"}',
        '```',
        '```sh',
        'curl b',
        '```',
      ].join('\n'),
    )
    assert.deepEqual(page.front, { world: 'w.json', variables: { TOKEN: 't' } })
    assert.deepEqual(page.steps, [
      { line: 8, script: 'curl a', expected: { kind: 'json', text: '{"a": …}' } },
      { line: 18, script: 'curl b', expected: undefined },
    ])
  })

  test('has exactly one front block, before all commands, and no open block', () => {
    const front = '```json walkthrough\n{"world":"w.json"}\n```\n'
    assert.throws(() => parseWalkthrough('```sh\nls\n```\n'), /before the front block/)
    assert.throws(() => parseWalkthrough(`${front}${front}`), /second front block/)
    assert.throws(() => parseWalkthrough('# nothing'), /no front block/)
    assert.throws(() => parseWalkthrough(`${front}\`\`\`sh\nls`), /never ends/)
  })
})

describe('an expected answer', () => {
  test('in JSON forgives white space and key order, and nothing else', () => {
    assert.ok(agrees('json', '{ "a": 1,\n "b": [null, true] }', '{"b":[null,true],"a":1}'))
    for (const wrong of [
      '{"a":1.0,"b":[null,true]}',
      '{"a":1,"b":[null]}',
      '{"a":1,"b":[null,true],"c":0}',
      '{"a":"1","b":[null,true]}',
      '{"b":[null,true]}',
      'a: 1',
    ])
      assert.ok(!agrees('json', '{"a":1,"b":[null,true]}', wrong), wrong)
  })

  test('in JSON may leave a value, a part of a text, or the rest open', () => {
    assert.ok(agrees('json', '{"a": …, "b": "20…Z"}', '{"a":{"x":[1]},"b":"2031Z"}'))
    assert.ok(!agrees('json', '{"a": …, "b": "20…Z"}', '{"a":0,"b":"2031"}'))
    assert.ok(!agrees('json', '{"a": …}', '{}'))
    assert.ok(agrees('json', '{"a": 1, …}', '{"z":0,"a":1}'))
    assert.ok(!agrees('json', '{"a": 1, …}', '{"z":0}'))
    assert.ok(agrees('json', '[1, …]', '[1]'))
    assert.ok(agrees('json', '[1, …]', '[1,2,3]'))
    assert.ok(!agrees('json', '[1, …]', '[2]'))
    assert.ok(agrees('json', '{…}', '{"a":1}'))
    assert.ok(agrees('json', '…', '[]'))
  })

  test('of HTTP is a status, some headers, and a body', () => {
    const actual = 'HTTP/1.1 201 Created\r\nX-A: 1\r\nDate: now\r\n\r\n{"id":7}'
    assert.ok(agrees('http', 'HTTP/2 201\nx-a: …\n\n{"id": …}', actual))
    assert.ok(!agrees('http', 'HTTP/1.1 200\n\n{"id": 7}', actual))
    assert.ok(!agrees('http', 'HTTP/1.1 201\nX-B: 1\n\n{"id": 7}', actual))
    assert.ok(!agrees('http', 'HTTP/1.1 201\nX-A: 2\n\n{"id": 7}', actual))
    assert.ok(!agrees('http', 'HTTP/1.1 201\n\n{"id": 8}', actual))
    assert.ok(!agrees('http', 'HTTP/1.1 201', actual))
  })

  test('in XML forgives white space between tags', () => {
    assert.ok(agrees('xml', '<a>\n  <b id="…">x y</b>\n</a>', '<a><b id="7">x y</b></a>'))
    assert.ok(!agrees('xml', '<a><b>x</b></a>', '<a><b>x </b></a>'))
  })

  test('as text forgives white space at the ends of lines', () => {
    assert.ok(agrees('text', 'a …\nb', ' a 1 \nb\n'))
    assert.ok(!agrees('text', 'a\nb', 'a b'))
  })
})
