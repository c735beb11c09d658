import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type PretixServer, startPretix } from '../../../test/support/pretix-cards.ts'

/** Content types, Accept, and bodies that are broken or no object (specs/pretix-giftcards.md 4, 5.1, 8, 14.12, 15). */

const REQUIRED = 'This field is required.'
const BOM = Buffer.from([0xef, 0xbb, 0xbf])

describe('bodies of pretix gift cards', () => {
  let server: PretixServer
  let id: number
  before(async () => {
    server = await startPretix()
    id = (await server.issue()).id
  })
  after(() => server.close())

  const routes = (): [method: string, path: string][] => [
    ['POST', 'acme/giftcards/'],
    ['PUT', `acme/giftcards/${id}/`],
    ['PATCH', `acme/giftcards/${id}/`],
    ['POST', `acme/giftcards/${id}/transact/`],
  ]

  describe('Accept', () => {
    const answers = (accept: string[]) =>
      server.send('GET', `acme/giftcards/${id}/`, {
        headers: accept.map((value) => ['Accept', value] as const),
      })
    for (const accept of [
      [],
      ['*/*'],
      ['application/*'],
      ['application/json'],
      ['application/json; indent=4'],
      ['text/html, application/json;q=0.1'],
      ['text/html,*/*;q=0.8'],
      ['text/html', 'application/json'],
    ])
      test(`${JSON.stringify(accept)} is JSON`, async () => {
        const answer = await answers(accept)
        assert.equal(answer.status, 200)
        assert.equal(answer.headers.get('content-type'), 'application/json')
      })
    for (const accept of [
      [''],
      ['text/html'],
      ['text/*, image/png'],
      ['application/xml'],
      ['json'],
    ])
      test(`${JSON.stringify(accept)} is 406`, async () => {
        const answer = await answers(accept)
        assert.equal(answer.status, 406)
        assert.deepEqual(answer.json, { detail: 'Could not satisfy the request Accept header.' })
      })
  })

  describe('an empty body', () => {
    const types = [
      undefined,
      'application/json',
      'text/plain',
      'multipart/form-data',
      'multipart/form-data; boundary=x',
      'application/x-www-form-urlencoded',
      'application/xml',
      'multipart/',
      'nonsense',
      '',
    ]
    for (const type of types)
      test(`of type ${JSON.stringify(type)} is an empty object`, async () => {
        for (const [options, kind] of [
          [{}, 'no body'],
          [{ body: '' }, 'a body of no bytes'],
          [{ body: '', chunked: true }, 'a chunked body of no bytes'],
        ] as const) {
          const typed = { ...options, ...(type === undefined ? {} : { type }) }
          const created = await server.send('POST', 'acme/giftcards/', typed)
          assert.equal(created.status, 400, `${kind}: ${created.text}`)
          assert.deepEqual(created.json, {
            secret: [REQUIRED],
            value: [REQUIRED],
            currency: [REQUIRED],
          })
          const booked = await server.send('POST', `acme/giftcards/${id}/transact/`, typed)
          assert.deepEqual([booked.status, booked.json], [400, ['A valid number is required.']])
          const patched = await server.send('PATCH', `acme/giftcards/${id}/`, typed)
          assert.equal(patched.status, 200)
          const replaced = await server.send('PUT', `acme/giftcards/${id}/`, typed)
          assert.equal(replaced.status, 400)
        }
      })
  })

  describe('the content type', () => {
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'APPLICATION/Json;charset=latin1',
      'application/json ; a=b; c',
    ])
      test(`${type} is JSON`, async () => {
        const answer = await server.send('PATCH', `acme/giftcards/${id}/`, {
          type,
          body: '{"conditions":"für alle"}',
        })
        assert.equal(answer.status, 200, answer.text)
        assert.equal((answer.json as { conditions: string }).conditions, 'für alle')
      })

    for (const type of [
      undefined,
      '',
      'text/plain',
      'text/plain; charset=utf-8',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'multipart/',
      'application/vnd.api+json',
      'application/jsonx',
      'nonsense',
      'a"b',
    ])
      test(`${JSON.stringify(type)} with a body is 415, which repeats it`, async () => {
        await server.unchanged(async () => {
          for (const [method, path] of routes()) {
            const answer = await server.send(method, path, {
              body: '{"value":"1.00"}',
              ...(type === undefined ? {} : { type }),
            })
            assert.equal(answer.status, 415, `${method} ${answer.text}`)
            assert.deepEqual(answer.json, {
              detail: `Unsupported media type "${type ?? ''}" in request.`,
            })
          }
        })
      })

    test('is looked at only after the card was found', async () => {
      const answer = await server.send('PATCH', 'acme/giftcards/999999999/', {
        body: 'x',
        type: 'text/plain',
      })
      assert.equal(answer.status, 404)
    })
  })

  test('a body in chunks is a body', async () => {
    const answer = await server.send('POST', `acme/giftcards/${id}/transact/`, {
      json: { value: '-0.01' },
      chunked: true,
    })
    assert.deepEqual([answer.status, (answer.json as { value: string }).value], [200, '19.99'])
  })

  describe('a body that is no JSON', () => {
    const broken: Record<string, string | Uint8Array> = {
      'cut off': '{"value":',
      'a bare word': 'value',
      'single quotes': "{'value': 1}",
      'a trailing comma': '{"value":1,}',
      NaN: '{"value":NaN}',
      Infinity: '{"value":-Infinity}',
      'a leading zero': '{"value":01}',
      'two values': '{} {}',
      'white space alone': ' \n ',
      'a byte order mark': Buffer.concat([BOM, Buffer.from('{}')]),
      'bytes that are not UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      'a form': 'secret=A1&value=1',
    }
    for (const [name, body] of Object.entries(broken))
      test(`(${name}) is 400 on every route`, async () => {
        await server.unchanged(async () => {
          for (const [method, path] of routes()) {
            const answer = await server.send(method, path, { body, type: 'application/json' })
            assert.equal(answer.status, 400, `${method} ${path}`)
            assert.match(answer.text, /^\{"detail":"JSON parse error - .+"\}$/)
          }
        })
      })
  })

  describe('a body that is no object', () => {
    const words: Record<string, string> = {
      '[]': 'list',
      '[{"secret":"A1","value":"1.00","currency":"EUR"}]': 'list',
      '"text"': 'str',
      '1': 'int',
      '1.5': 'float',
      '1e3': 'float',
      true: 'bool',
    }
    for (const [body, word] of Object.entries(words))
      test(`(${body}) is 400 and called ${word}`, async () => {
        await server.unchanged(async () => {
          for (const [method, path] of routes()) {
            const answer = await server.send(method, path, { body, type: 'application/json' })
            assert.equal(answer.status, 400)
            assert.deepEqual(
              answer.json,
              { non_field_errors: [`Invalid data. Expected a dictionary, but got ${word}.`] },
              method,
            )
          }
        })
      })

    test('null is 400 with words of its own', async () => {
      for (const [method, path] of routes()) {
        const answer = await server.send(method, path, { body: 'null', type: 'application/json' })
        assert.equal(answer.status, 400)
        assert.deepEqual(answer.json, { non_field_errors: ['No data provided'] })
      }
    })
  })

  test('of a key that comes twice the last one counts', async () => {
    const answer = await server.send('POST', 'acme/giftcards/', {
      body: '{"secret":"","secret":"TWICE-1","value":"x","value":"1","currency":"EUR","currency":"CHF"}',
      type: 'application/json',
    })
    assert.equal(answer.status, 201)
    const { secret, value, currency } = answer.json as Record<string, unknown>
    assert.deepEqual([secret, value, currency], ['TWICE-1', '1.00', 'CHF'])
  })

  test('unknown and read-only fields are ignored, whatever they hold', async () => {
    const answer = await server.send('POST', 'acme/giftcards/', {
      body: JSON.stringify({
        secret: 'IGNORES-1',
        value: '1',
        currency: 'EUR',
        id: 'x',
        issuance: 7,
        issuer: 'beta',
        customer: [1],
        constructor: {},
        toString: null,
        a: '\u0000\ud800',
      }).replace('"a"', '"__proto__"'),
      type: 'application/json',
    })
    assert.equal(answer.status, 201, answer.text)
    const card = answer.json as Record<string, unknown>
    assert.deepEqual([card.issuer, card.value], ['acme', '1.00'])
    assert.ok(Number.isInteger(card.id))
  })

  test('a field that is only inherited is not in the body', async () => {
    const answer = await server.send('POST', 'acme/giftcards/', {
      body: '{"__proto__":{"secret":"PROTO-1","value":"1","currency":"EUR"}}',
      type: 'application/json',
    })
    assert.equal(answer.status, 400)
    assert.deepEqual(Object.keys(answer.json as object), ['secret', 'value', 'currency'])
  })

  test('brackets nested absurdly deep are refused or read, never a defect', async () => {
    for (const depth of [500, 2_000, 5_000, 20_000, 100_000])
      for (const body of [
        `${'['.repeat(depth)}${']'.repeat(depth)}`,
        `{"value":"0","info":${'['.repeat(depth)}${']'.repeat(depth)}}`,
        `{"value":"0","info":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`,
        `{"conditions":"x","a":${'['.repeat(depth)}${']'.repeat(depth)}}`,
      ])
        for (const [method, path] of routes().slice(2)) {
          const answer = await server.send(method, path, { body, type: 'application/json' })
          assert.ok([200, 400].includes(answer.status), `${method} ${depth}: ${answer.status}`)
          if (answer.status === 200)
            assert.equal(
              (await server.send('GET', `${path.replace('transact/', '')}transactions/?page=last`))
                .status,
              200,
            )
        }
  })

  test('a body beyond the limit of the server is refused and not read', async () => {
    await server.unchanged(async () => {
      const answer = await server.send('PATCH', `acme/giftcards/${id}/`, {
        json: { conditions: 'x'.repeat(2 * 1024 * 1024) },
      })
      assert.equal(answer.status, 413)
    })
  })

  test('text beyond ASCII comes back as it was sent', async () => {
    const conditions = 'Grüße, 世界, 😀, \u2028, "quoted", \\'
    const answer = await server.send('PATCH', `acme/giftcards/${id}/`, { json: { conditions } })
    assert.equal((answer.json as { conditions: string }).conditions, conditions)
    assert.equal((await server.read(id)).conditions, conditions)
  })
})
