import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestApp, type TestApp } from '../../../test/support/app.ts'
import {
  at,
  basic,
  cookieOf,
  createOnSite,
  MARA,
  type OnSite,
  type OnSiteAnswer,
  READER,
  TOM,
  teashop,
  typeOf,
  WRITER,
} from '../../../test/support/lightspeed.ts'
import { wallClock } from '../../money/instant.ts'

const LIST = '/api/gift_cards/'
const LOGOUT = '/api/sessions/current/logout/'
const COOKIE = /^LS_SERVER_SESSION_ID=[A-Za-z0-9_-]{22,}=*; Path=\/; HttpOnly$/
const MINUTE = 60_000_000n

const refusedWith = (answer: OnSiteAnswer, status: number, type: string): void => {
  assert.equal(answer.status, status)
  assert.equal(typeOf(answer), type)
}

describe('a login', () => {
  let server: TestApp
  let till: OnSite
  let late = 0n
  before(async () => {
    server = await startTestApp({
      world: teashop({ lightspeed: { idle_minutes: 30 } }),
      overrides: { now: () => wallClock() + late },
    })
    till = createOnSite(server.http)
  })
  after(() => server.close())
  const sessions = async (): Promise<number> =>
    Number(
      (await server.owner<{ count: bigint }[]>`select count(*) from lightspeed_sessions`)[0]?.count,
    )
  const userOf = async (
    headers: Record<string, string | undefined>,
  ): Promise<string | undefined> => {
    const { root } = await till.send('GET', '/api/sessions/current/', { headers })
    return at(root, 'user')?.attributes.get('id')
  }

  it('opens a session and sets its cookie: Path first, no Secure over plain HTTP, one header', async () => {
    const answer = await till.send('GET', LIST)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['set-cookie']?.length, 1)
    assert.match(answer.headers['set-cookie']?.[0] ?? '', COOKIE)
  })

  it('is told from the application’s headers, in all their spellings', async () => {
    const agents = [
      WRITER.appId,
      `${WRITER.appId}/2.1`,
      `${WRITER.appId}/2.1/x (Macintosh; any/thing)`,
      `${WRITER.appId} 2.1`,
      `${WRITER.appId}/`,
    ]
    for (const agent of agents)
      assert.equal((await till.send('GET', LIST, { headers: { 'user-agent': agent } })).status, 200)
    const underscore = { 'x-pappid': undefined, X_PAPPID: WRITER.privateId }
    assert.equal((await till.send('GET', LIST, { headers: underscore })).status, 200)
    const both = { 'x-pappid': WRITER.privateId, X_PAPPID: 'wrong' }
    assert.equal((await till.send('GET', LIST, { headers: both })).status, 200)
    const hyphenWins = { 'x-pappid': 'wrong', X_PAPPID: WRITER.privateId }
    assert.equal((await till.send('GET', LIST, { headers: hyphenWins })).status, 401)
  })

  it('is refused to applications that are not known', async () => {
    for (const headers of [
      { 'user-agent': undefined },
      { 'user-agent': 'com.example.other/1.0' },
      { 'user-agent': WRITER.appId.toUpperCase() },
      { 'user-agent': 'constructor' },
      { 'x-pappid': undefined },
      { 'x-pappid': '' },
      { 'x-pappid': WRITER.privateId.toUpperCase() },
      { 'x-pappid': READER.privateId },
    ]) {
      const answer = await till.send('GET', LIST, { headers })
      refusedWith(answer, 401, 'auth.unknown_application')
      assert.equal(answer.headers['www-authenticate'], 'Basic realm="LightSpeed"')
      assert.equal(answer.headers['set-cookie'], undefined)
    }
  })

  it('is refused without a name and password that belong together', async () => {
    const encode = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
    const before = await sessions()
    const answers = []
    for (const authorization of [
      undefined,
      encode('mara:wrong'),
      encode('nobody:correct horse: ö'),
      encode('MARA:correct horse: ö'),
      encode('mara'),
      encode('mara:\0'),
      encode('\0:x'),
      encode('gone:bye'),
      `Basic ${Buffer.from('mara:correct horse: ö', 'latin1').toString('base64')}`,
      'Basic',
      'Basic ???',
      `Bearer ${Buffer.from('mara:correct horse: ö').toString('base64')}`,
    ])
      answers.push(await till.send('GET', LIST, { headers: { authorization } }))
    for (const answer of answers) {
      refusedWith(answer, 401, 'auth.invalid_credentials')
      assert.equal(answer.headers['www-authenticate'], 'Basic realm="LightSpeed"')
      assert.equal(answer.text, answers[0]?.text)
    }
    assert.equal(await sessions(), before)
    const lowerCase = basic(MARA).replace('Basic', 'basic')
    assert.equal(
      (await till.send('GET', LIST, { headers: { authorization: lowerCase } })).status,
      200,
    )
  })

  it('is asked for before path, method and body, so that nothing can be probed', async () => {
    const headers = { authorization: undefined }
    for (const [method, path] of [
      ['GET', '/api/gift_cards/1/'],
      ['GET', '/api/gift_cards/nowhere/at/all/'],
      ['DELETE', LIST],
      ['LOCK', '/api/gift_cards/1/'],
      ['POST', LIST],
      ['GET', '/api/gift_cards/%zz/'],
      ['POST', LOGOUT],
    ] as const) {
      const body = method === 'POST' ? 'x'.repeat(2_000_000) : undefined
      refusedWith(await till.send(method, path, { headers, body }), 401, 'auth.invalid_credentials')
    }
  })

  it('goes on with its cookie: no new one, with or without the password', async () => {
    const first = await till.send('GET', LIST)
    const cookie = cookieOf(first)
    const before = await sessions()
    for (const headers of [
      { cookie },
      { cookie, authorization: undefined },
      { cookie: `${cookie}; Path=/; secure; HttpOnly` },
      { cookie: `other=1;${cookie};LS_SERVER_SESSION_ID=;x` },
      { cookie: `LS_SERVER_SESSION_ID=stale; ${cookie}` },
    ]) {
      const answer = await till.send('GET', LIST, { headers })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['set-cookie'], undefined)
    }
    assert.equal(await sessions(), before)
    const user = await userOf({})
    assert.equal(await userOf({ cookie, authorization: undefined }), user)
  })

  it('needs the application’s headers with a cookie too', async () => {
    const cookie = cookieOf(await till.send('GET', LIST))
    const headers = { cookie, authorization: undefined, 'x-pappid': undefined }
    refusedWith(await till.send('GET', LIST, { headers }), 401, 'auth.unknown_application')
  })

  it('is refused for a wrong password whatever the cookie', async () => {
    const cookie = cookieOf(await till.send('GET', LIST))
    const headers = { cookie, authorization: basic({ ...MARA, password: 'wrong' }) }
    refusedWith(await till.send('GET', LIST, { headers }), 401, 'auth.invalid_credentials')
  })

  it('starts afresh for another user or another application', async () => {
    const cookie = cookieOf(await till.send('GET', LIST))
    const asTom = await till.send('GET', LIST, { headers: { cookie, authorization: basic(TOM) } })
    assert.equal(asTom.status, 200)
    assert.match(asTom.headers['set-cookie']?.[0] ?? '', COOKIE)
    const asReader = { 'user-agent': READER.appId, 'x-pappid': READER.privateId, cookie }
    const other = await till.send('GET', LIST, { headers: asReader })
    assert.match(other.headers['set-cookie']?.[0] ?? '', COOKIE)
    const nobody = await till.send('GET', LIST, {
      headers: { ...asReader, authorization: undefined },
    })
    refusedWith(nobody, 401, 'auth.invalid_credentials')
    // The first session is untouched.
    const still = await till.send('GET', LIST, { headers: { cookie, authorization: undefined } })
    assert.equal(still.status, 200)
  })

  it('overlooks a stale cookie beside a good password, and refuses it alone', async () => {
    for (const cookie of ['LS_SERVER_SESSION_ID=stale', 'LS_SERVER_SESSION_ID=<your cookie>']) {
      const answer = await till.send('GET', LIST, { headers: { cookie } })
      assert.equal(answer.status, 200)
      assert.match(answer.headers['set-cookie']?.[0] ?? '', COOKIE)
      const alone = await till.send('GET', LIST, { headers: { cookie, authorization: undefined } })
      refusedWith(alone, 401, 'auth.invalid_credentials')
    }
  })

  it('holds whatever comes after: errors carry the cookie too', async () => {
    for (const [method, path, status] of [
      ['GET', '/api/gift_cards/999999/', 404],
      ['PUT', LIST, 405],
      ['POST', LIST, 400],
      ['GET', `${LIST}?count=x`, 400],
      ['GET', '/api/gift_cards/%zz/', 403],
    ] as const) {
      const answer = await till.send(method, path)
      assert.equal(answer.status, status)
      const cookie = cookieOf(answer)
      const next = await till.send('GET', LIST, { headers: { cookie, authorization: undefined } })
      assert.equal(next.status, 200)
    }
  })

  it('ends when nobody has used it for as long as the store says, to the second', async () => {
    const cookie = cookieOf(await till.send('GET', LIST))
    const headers = { cookie, authorization: undefined }
    try {
      late += 29n * MINUTE
      assert.equal((await till.send('GET', LIST, { headers })).status, 200)
      late += 29n * MINUTE
      assert.equal((await till.send('GET', LIST, { headers })).status, 200)
      late += 30n * MINUTE
      refusedWith(await till.send('GET', LIST, { headers }), 401, 'auth.invalid_credentials')
      const again = await till.send('GET', LIST, { headers: { cookie } })
      assert.match(again.headers['set-cookie']?.[0] ?? '', COOKIE)
    } finally {
      late = 0n
    }
  })

  it('ends with a logout, body or no body, slash or no slash', async () => {
    for (const [path, body] of [
      [LOGOUT, undefined],
      [LOGOUT, ''],
      [LOGOUT.slice(0, -1), '<ignored'],
    ] as const) {
      const cookie = cookieOf(await till.send('GET', LIST))
      const out = await till.send('POST', path, {
        body,
        headers: { cookie, authorization: undefined },
      })
      assert.equal(out.status, 204)
      assert.equal(out.text, '')
      assert.equal(out.headers['content-type'], undefined)
      assert.match(
        out.headers['set-cookie']?.[0] ?? '',
        /^LS_SERVER_SESSION_ID=; Path=\/; .*Expires=Thu, 01 Jan 1970/,
      )
      const after = await till.send('GET', LIST, { headers: { cookie, authorization: undefined } })
      refusedWith(after, 401, 'auth.invalid_credentials')
    }
  })

  it('leaves nothing behind when it is opened and closed by a logout alone', async () => {
    const before = await sessions()
    for (const cookie of [undefined, 'LS_SERVER_SESSION_ID=stale'])
      assert.equal((await till.send('POST', LOGOUT, { headers: { cookie } })).status, 204)
    assert.equal(await sessions(), before)
  })

  it('is not ended by another verb', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'LOCK']) {
      const answer = await till.send(method, LOGOUT)
      assert.equal(answer.status, 405, method)
      assert.equal(answer.headers.allow, 'POST')
    }
  })

  it('shows who is logged in', async () => {
    const answer = await till.send('GET', '/api/sessions/current/')
    const user = at(answer.root, 'user')?.attributes.get('id')
    assert.equal(
      answer.text,
      `<?xml version='1.0' encoding='UTF-8'?>\n<session uri="${server.http}/api/sessions/current/" ` +
        `id="current" full_render="true"><user uri="${server.http}/api/users/${user}/" id="${user}"/></session>`,
    )
  })

  it('keeps a read application from writing, but not from logging out', async () => {
    const reader = createOnSite(server.http, READER, TOM)
    // Access is judged before the path.
    for (const method of ['POST', 'PUT', 'DELETE', 'LOCK', 'UNLOCK'])
      for (const path of [LIST, '/api/gift_cards/nowhere/'])
        refusedWith(await reader.send(method, path), 403, 'auth.read_only_application')
    assert.equal((await reader.send('GET', LIST)).status, 200)
    assert.equal((await reader.send('PATCH', LIST)).status, 405)
    assert.equal((await reader.send('POST', LOGOUT)).status, 204)
  })

  it('leaves neither password nor cookie in the database', async () => {
    const cookie = cookieOf(await till.send('GET', LIST))?.split('=')[1] ?? ''
    const [{ dump } = { dump: '' }] = await server.owner<{ dump: string }[]>`
      select (select json_agg(s)::text from lightspeed_sessions s)
        || (select json_agg(c)::text from credentials c)
        || (select json_agg(a)::text from lightspeed_applications a) as dump`
    for (const secret of [cookie, MARA.password, WRITER.privateId])
      assert.ok(!dump.includes(secret))
  })
})

describe('seats', () => {
  let server: TestApp
  let other: TestApp
  let late = 0n
  before(async () => {
    const overrides = { now: () => wallClock() + late }
    server = await startTestApp({ world: teashop({ lightspeed: { seats: 3 } }), overrides })
    // A second server process on the same database.
    other = await startTestApp({ database: server, overrides })
  })
  after(async () => {
    await other.close()
    await server.close()
  })

  it('are counted exactly, whoever comes at once and wherever; a logout or idleness frees one', async () => {
    const tills = [createOnSite(server.http), createOnSite(other.http)]
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) => (tills[n % 2] as OnSite).send('GET', LIST)),
    )
    const inside = answers.filter(({ status }) => status === 200)
    assert.equal(inside.length, 3)
    for (const answer of answers)
      if (answer.status !== 200) {
        refusedWith(answer, 403, 'auth.no_seats')
        assert.equal(answer.headers['set-cookie'], undefined)
      }
    const [till] = tills as [OnSite, OnSite]
    // Who is in stays in; who only reads needs no seat; who logs out never does.
    const headers = { cookie: cookieOf(inside[0] as OnSiteAnswer) }
    assert.equal((await till.send('GET', LIST, { headers })).status, 200)
    assert.equal((await createOnSite(server.http, READER).send('GET', LIST)).status, 200)
    assert.equal((await till.send('POST', LOGOUT)).status, 204)
    // No seat comes before any path.
    refusedWith(await till.send('GET', '/api/gift_cards/nowhere/'), 403, 'auth.no_seats')

    assert.equal((await till.send('POST', LOGOUT, { headers })).status, 204)
    assert.equal((await till.send('GET', LIST)).status, 200)
    assert.equal((await till.send('GET', LIST)).status, 403)
    late = 31n * MINUTE
    assert.equal((await till.send('GET', LIST)).status, 200)
  })

  it('a session of one server process is one of the other', async () => {
    const cookie = cookieOf(await createOnSite(server.http).send('GET', LIST))
    const headers = { cookie, authorization: undefined }
    assert.equal((await createOnSite(other.http).send('GET', LIST, { headers })).status, 200)
    await createOnSite(other.http).send('POST', LOGOUT, { headers })
    assert.equal((await createOnSite(server.http).send('GET', LIST, { headers })).status, 401)
  })
})

describe('the demo application', () => {
  it('comes in with any Private ID, but only where the store lets it', async () => {
    const demo = { appId: 'com.lightspeed.onsite.demo', privateId: 'anything' }
    const server = await startTestApp({ world: teashop() })
    try {
      const closed = await createOnSite(server.http, demo).send('GET', LIST)
      refusedWith(closed, 401, 'auth.unknown_application')
      await server.apply(teashop({ lightspeed: { demo_application: true } }))
      assert.equal((await createOnSite(server.http, demo).send('GET', LIST)).status, 200)
      const empty = await createOnSite(server.http, { ...demo, privateId: '' }).send('GET', LIST)
      refusedWith(empty, 401, 'auth.unknown_application')
      const body = '<product><code>DEMO</code></product>'
      // It may write: the demo application is readwrite.
      const wrote = await createOnSite(server.http, demo).send('POST', '/api/invoices/', { body })
      refusedWith(wrote, 400, 'server.unexpected_element')
    } finally {
      await server.close()
    }
  })
})
