import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { startTestApp, type TestApp } from '../../../test/support/app.ts'
import {
  basic,
  createOnSite,
  freePort,
  MARA,
  type OnSite,
  type OnSiteAnswer,
  teashop,
  textAt,
  typeOf,
  WRITER,
} from '../../../test/support/lightspeed.ts'
import { speak as speakTo } from '../../../test/support/raw-http.ts'

const LIST = '/api/gift_cards/'

describe('a request', () => {
  let server: TestApp
  let port: number
  let base: string
  let till: OnSite
  let gift: string
  let serial = 0
  before(async () => {
    port = await freePort()
    server = await startTestApp({
      world: teashop(),
      flags: { lightspeedPort: String(port), lightspeedTls: 'off' },
    })
    base = `http://127.0.0.1:${port}`
    till = createOnSite(base)
    const products = await till.send('GET', '/api/products/?filter=code=="GIFT"')
    gift = products.root?.children[0]?.attributes.get('id') ?? ''
  })
  after(() => server.close())

  const card = (): string => {
    serial += 1
    return `<gift_card><product id="${gift}"/><serial_number>REQ-${serial}</serial_number></gift_card>`
  }
  const post = (
    body: string | Uint8Array,
    headers: Record<string, string | undefined> = {},
  ): Promise<OnSiteAnswer> => till.send('POST', LIST, { body, headers })

  const speak = (...parts: readonly string[]) => speakTo(port, ...parts)
  const head = (method: string, path: string, ...more: readonly string[]): string =>
    [
      `${method} ${path} HTTP/1.1`,
      `Host: pos.example:${port}`,
      `User-Agent: ${WRITER.appId}`,
      `X-PAPPID: ${WRITER.privateId}`,
      `Authorization: ${basic(MARA)}`,
      ...more,
      'Connection: close',
      '',
      '',
    ].join('\r\n')

  it('is answered alike with and without its last slash, without a redirect', async () => {
    const made = await till.send('POST', '/api/gift_cards', { body: card() })
    assert.equal(made.status, 201)
    const id = made.root?.attributes.get('id')
    for (const path of [
      '/api/gift_cards',
      '/api/gift_cards/search',
      `/api/gift_cards/${id}`,
      `/api/gift_cards/${id}/history`,
      '/api/sessions/current',
      '/api/products',
      '/api/invoices',
      '/api/users',
      '/api',
    ]) {
      const [bare, slashed] = await Promise.all([
        till.send('GET', path),
        till.send('GET', `${path}/`),
      ])
      assert.equal(bare.status, 200, path)
      assert.equal(bare.text, slashed.text, path)
      const query = await till.send('GET', `${path}?showall`)
      assert.equal(query.status, 200, path)
    }
  })

  it('for a path in capitals, a path with an empty part or an unknown one is 404', async () => {
    for (const path of [
      ...['/api/Gift_Cards/', '/api/gift_cards//', '/api//gift_cards/', '/api/nowhere/'],
      ...['/api/gift_cards/1/2/', '/api/gift_cards/1/history/2/3/', '/api/gift_cards/:id/'],
      ...['/api/gift_cards%2Fsearch/', '/api/sessions/', '/api/gift_cards/constructor/'],
      ...['/api/invoices/1/lineitems/', '/api/invoices/1/payments/', '/api/__proto__/'],
    ]) {
      const answer = await till.send('GET', path)
      assert.equal(answer.status, 404, path)
      assert.equal(typeOf(answer), 'server.not_found', path)
    }
  })

  it('with an escape in its path that cannot be decoded is 403, on both listeners', async () => {
    for (const client of [till, createOnSite(server.http)])
      for (const path of ['/api/gift_cards/%zz/', '/api/gift_cards/%/', '/api/gift_cards/%ff/']) {
        const answer = await client.send('GET', path)
        assert.equal(answer.status, 403, path)
        assert.equal(typeOf(answer), 'server.malformed_url')
      }
  })

  it('with a good escape in its path is as if it had none', async () => {
    assert.equal((await till.send('GET', '/api/gift%5Fcards/')).status, 200)
  })

  it('hears absolute addresses at the host and port it dialled', async () => {
    const hosts = [
      'pos.example:9630',
      'pos.example',
      '[2001:db8::7]:9630',
      'a_b.example',
      '10.0.0.7',
    ]
    for (const host of hosts) {
      const made = await post(card(), { host })
      assert.ok(made.headers.location?.startsWith(`http://${host}/api/gift_cards/`), host)
      assert.equal(made.root?.attributes.get('uri'), made.headers.location)
      for (const uri of made.text.match(/uri="[^"]*"/g) ?? [])
        assert.ok(uri.startsWith(`uri="http://${host}/api/`), uri)
    }
  })

  it('with a host that is none hears our own address', async () => {
    for (const host of ['"><x', 'a b', 'a/b', 'user@host', 'host:port', '[::1', '<>']) {
      const made = await post(card(), { host })
      assert.ok(made.headers.location?.startsWith(`${base}/api/`), host)
    }
    const old = await speak(
      head('GET', LIST)
        .replace('HTTP/1.1', 'HTTP/1.0')
        .replace(/Host: .*\r\n/, ''),
    )
    assert.match(old, / 200 /)
    assert.ok(old.includes(`uri="${base}/api/gift_cards/`))
  })

  it('is not believed to have come by https', async () => {
    const answer = await post(card(), { 'x-forwarded-proto': 'https' })
    assert.ok(answer.headers.location?.startsWith('http://'))
    assert.ok(!answer.headers['set-cookie']?.[0]?.includes('Secure'))
  })

  it('may have any Content-Type or none', async () => {
    for (const type of [
      ...['application/xml', 'text/xml; charset=utf-8', 'application/x-www-form-urlencoded'],
      ...['application/json', 'multipart/form-data; boundary=x', 'nonsense', ';;', '', undefined],
    ])
      assert.equal((await post(card(), { 'content-type': type })).status, 201, type)
  })

  it('may have any Accept and Accept-Encoding, and is answered plainly', async () => {
    for (const headers of [
      { accept: 'application/json', 'accept-encoding': 'gzip, br' },
      { accept: '', 'accept-encoding': 'pklib' },
      { accept: 'nonsense' },
    ]) {
      const answer = await till.send('GET', LIST, { headers })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['content-type'], 'application/xml; charset=utf-8')
      assert.equal(answer.headers['content-encoding'], undefined)
      assert.ok(answer.text.startsWith('<?xml'))
    }
  })

  it('has its conditions ignored: there are no entity tags', async () => {
    const headers = {
      'if-none-match': '*',
      'if-match': '"x"',
      'if-modified-since': new Date(Date.now() + 86_400_000).toUTCString(),
    }
    const answer = await till.send('GET', LIST, { headers })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.etag, undefined)
    assert.equal(answer.headers['last-modified'], undefined)
  })

  it('may be compressed, or only say that it is', async () => {
    for (const [coding, body] of [
      ['gzip', gzipSync(card())],
      ['x-gzip', gzipSync(card())],
      ['GZIP', gzipSync(card())],
      ['deflate', deflateSync(card())],
      ['deflate', deflateRawSync(card())],
      ['deflate, gzip', gzipSync(deflateSync(card()))],
      ['x-gzip', card()],
      ['deflate', card()],
      ['br', card()],
      ['identity', card()],
    ] as const)
      assert.equal((await post(body, { 'content-encoding': coding })).status, 201, coding)
    const torn = gzipSync(card()).subarray(0, 40)
    const answer = await post(torn, { 'content-encoding': 'gzip' })
    assert.equal(answer.status, 400)
    assert.equal(typeOf(answer), 'server.malformed_xml')
    // A claim without a body is no claim.
    const headers = { 'content-encoding': 'gzip' }
    assert.equal((await till.send('GET', LIST, { headers })).status, 200)
    const logout = await till.send('POST', '/api/sessions/current/logout/', { headers })
    assert.equal(logout.status, 204)
  })

  it('of more than a mebibyte is 413, read or decoded, and the connection survives it', async () => {
    const big = `<gift_card><!--${'x'.repeat(2 * 1_048_576)}--></gift_card>`
    for (const [body, headers] of [
      [big, {}],
      [gzipSync(big), { 'content-encoding': 'gzip' }],
      [deflateRawSync(big), { 'content-encoding': 'deflate' }],
    ] as const) {
      const answer = await post(body, headers)
      assert.equal(answer.status, 413)
      assert.equal(typeOf(answer), 'server.body_too_large')
    }
    const exact = card().replace('</gift_card>', '')
    const comment = '</gift_card>'.length + '<!---->'.length
    const filler = 'x'.repeat(1_048_576 - exact.length - comment)
    assert.equal((await post(`${exact}<!--${filler}--></gift_card>`)).status, 201)
    // Behind the answer of 413 the same connection goes on.
    const body = 'x'.repeat(1_100_000)
    const keep = head('POST', LIST, `Content-Length: ${body.length}`).replace(
      'Connection: close\r\n',
      '',
    )
    const heard = await speak(keep, body, head('GET', LIST))
    assert.deepEqual(heard.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 413', 'HTTP/1.1 200'])
  })

  it('of any size to a wrong verb or path hears of the verb or path', async () => {
    const body = 'x'.repeat(1_500_000)
    assert.equal((await till.send('PUT', '/api/gift_cards/1/', { body })).status, 405)
    assert.equal((await till.send('POST', '/api/nowhere/', { body })).status, 404)
  })

  it('may come in chunks, and may ask whether to go on', async () => {
    const body = card()
    const chunked = `${Math.floor(body.length / 2).toString(16)}\r\n${body.slice(0, body.length / 2)}\r\n`
    const rest = body.slice(Math.floor(body.length / 2))
    const heard = await speak(
      head('POST', LIST, 'Transfer-Encoding: chunked'),
      chunked,
      `${rest.length.toString(16)}\r\n${rest}\r\n0\r\n\r\n`,
    )
    assert.match(heard, /^HTTP\/1\.1 201 /)
    const other = card()
    const expecting = head('POST', LIST, 'Expect: 100-continue', `Content-Length: ${other.length}`)
    const waited = await speak(expecting, other)
    assert.match(waited, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /)
  })

  it('to log out needs no length', async () => {
    const heard = await speak(head('POST', '/api/sessions/current/logout/'))
    assert.match(heard, /^HTTP\/1\.1 204 /)
    assert.ok(!/content-type/i.test(heard))
    assert.ok(heard.endsWith('\r\n\r\n'))
  })

  it('without a body where one is needed is malformed', async () => {
    const heard = await speak(head('POST', LIST))
    assert.match(heard, /^HTTP\/1\.1 400 /)
    assert.ok(heard.includes('type="server.malformed_xml"'))
  })

  it('sees the cookie with Path first, and the body with the declaration first', async () => {
    const heard = await speak(head('GET', LIST))
    const cookie = /^set-cookie: (.*)$/im.exec(heard)?.[1] ?? ''
    assert.match(cookie, /^LS_SERVER_SESSION_ID=[^;]+; Path=\/; HttpOnly$/)
    const body = heard.slice(heard.indexOf('\r\n\r\n') + 4)
    assert.match(body, /^<\?xml version='1\.0' encoding='UTF-8'\?>\n<gift_cards><gift_card /)
    assert.ok(!/>\s+</.test(body.replace('?>\n', '?>')))
  })

  it('HEAD is GET without a body', async () => {
    const id = (await post(card())).root?.attributes.get('id')
    for (const path of [
      LIST,
      `/api/gift_cards/${id}/`,
      `/api/gift_cards/${id}/history/`,
      '/api/',
    ]) {
      const [got, headed] = await Promise.all([till.send('GET', path), till.send('HEAD', path)])
      assert.equal(headed.status, 200)
      assert.equal(headed.text, '')
      assert.equal(headed.headers['content-length'], got.headers['content-length'])
      assert.equal(headed.headers['content-type'], got.headers['content-type'])
    }
    assert.equal((await till.send('HEAD', '/api/gift_cards/999999/')).status, 404)
  })

  it('with a verb that OnSite never knew is 405 as well', async () => {
    for (const verb of ['PROPFIND', 'MKCOL', 'TRACE', 'REPORT'])
      assert.equal((await till.send(verb, '/api/gift_cards/1/')).status, 405, verb)
  })

  it('of hostile XML is refused at once', async () => {
    const laughs = Array.from(
      { length: 20 },
      (_, n) => `<!ENTITY a${n + 1} "&a${n};&a${n};">`,
    ).join('')
    for (const body of [
      `<!DOCTYPE x [<!ENTITY a0 "ha">${laughs}]><gift_card><note>&a20;</note></gift_card>`,
      '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><gift_card><note>&e;</note></gift_card>',
      '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><gift_card/>',
      `${'<a>'.repeat(100_000)}`,
      `<gift_card ${Array.from({ length: 50_000 }, (_, n) => `a${n}=""`).join(' ')}/>`,
      `<gift_card>${'<note/>'.repeat(100_000)}</gift_card>`,
      `<gift_card a="${'&amp;'.repeat(200_000)}"/>`,
      '\0'.repeat(1_000),
    ]) {
      const answer = await post(body)
      assert.equal(answer.status, 400)
      assert.equal(typeOf(answer), 'server.malformed_xml')
      assert.equal(textAt(answer.root, 'traceback'), '')
    }
  })

  it('under attack leaves the main listener’s other protocols alone', async () => {
    const main = createOnSite(server.http)
    for (const path of ['/api/', '/api/products/', '/api/nowhere/'])
      assert.ok(!(await main.send('GET', path)).text.includes('<resources'), path)
    const outside = await till.send('GET', '/elsewhere', { headers: { authorization: undefined } })
    assert.equal(outside.status, 404)
    assert.equal(outside.text, '{"message":"Not found."}')
  })
})

describe('behind a proxy that ends TLS', () => {
  let server: TestApp
  before(async () => {
    server = await startTestApp({ world: teashop(), flags: { publicUrl: 'https://pos.example' } })
  })
  after(() => server.close())

  it('addresses are https at the host that the client dialled, and the cookie is Secure', async () => {
    const till = createOnSite(server.http)
    const headers = { host: 'till.example:9630' }
    const answer = await till.send('GET', '/api/users/', { headers })
    assert.ok(answer.text.includes('uri="https://till.example:9630/api/users/'))
    assert.match(answer.headers['set-cookie']?.[0] ?? '', /; Path=\/; Secure; HttpOnly$/)
    const plain = await till.send('GET', '/api/users/', {
      headers: { ...headers, 'x-forwarded-proto': 'http' },
    })
    assert.ok(plain.text.includes('uri="http://till.example:9630/api/users/'))
    for (const [forwarded, scheme] of [
      ['HTTP', 'http'],
      ['https, http', 'https'],
      ['http,https', 'http'],
      ['gopher', 'https'],
    ]) {
      const chained = await till.send('GET', '/api/users/', {
        headers: { ...headers, 'x-forwarded-proto': forwarded },
      })
      assert.ok(chained.text.includes(`uri="${scheme}://till.example:9630/api/users/`), forwarded)
    }
    const broken = await till.send('GET', '/api/users/', { headers: { host: '<>' } })
    assert.ok(broken.text.includes('uri="https://pos.example/api/users/'))
  })
})
