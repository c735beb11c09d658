import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createClient, startTestApp, type TestApp } from '../support/app.ts'
import { basic, freePort, MARA, teashop, WRITER } from '../support/lightspeed.ts'
import { speak as speakTo } from '../support/raw-http.ts'

/** What every protocol is told by its listener: targets, hosts, verbs, and what is no HTTP at all. */

const world = teashop({
  credentials: [
    { name: 'till', dialect: 'inventorum', token: 'tea-inventorum-token-0123456789' },
    { name: 'kitchen', dialect: 'foodics', token: 'tea-foodics-token-0123456789' },
  ],
  cards: [{ code: 'TEA-1', value: '20.00', currency: 'EUR' }],
})
const ONSITE = [
  `Authorization: ${basic(MARA)}`,
  `User-Agent: ${WRITER.appId}/1.0`,
  `X-PAPPID: ${WRITER.privateId}`,
]
const PRETIX = ['Authorization: Token tea-pretix-token-0123456789']
const LIST = '/api/v1/organizers/tea/giftcards/'

describe('a listener', () => {
  let server: TestApp
  let main: number
  let onsite: number
  before(async () => {
    onsite = await freePort()
    server = await startTestApp({
      world,
      flags: { lightspeedPort: String(onsite), lightspeedTls: 'off' },
    })
    main = Number(new URL(server.http).port)
  })
  after(() => server.close())

  const speak = (port: number, lines: readonly string[]): Promise<string> =>
    speakTo(port, [...lines, 'Connection: close', '', ''].join('\r\n'))
  const statusOf = (heard: string): number => Number(heard.split(' ', 2)[1])
  const bodyOf = (heard: string): string => heard.slice(heard.indexOf('\r\n\r\n') + 4)

  it('reads a target that is a whole URL, whose host then counts instead of the Host header', async () => {
    const target = `http://shop.example:8080${LIST}?page_size=1&secret=TEA-1`
    const list = await speak(main, [`GET ${target} HTTP/1.1`, 'Host: other', ...PRETIX])
    assert.equal(statusOf(list), 200)
    assert.equal(JSON.parse(bodyOf(list)).count, 1)
    const redirect = await speak(main, [
      `GET HTTP://shop.example${LIST.slice(0, -1)}?a=b HTTP/1.1`,
      'Host: other',
    ])
    assert.match(
      redirect,
      /^HTTP\/1\.1 301 [\s\S]*\r\nlocation: \/api\/v1\/organizers\/tea\/giftcards\/\?a=b\r\n/i,
    )
    for (const port of [main, onsite]) {
      const card = await speak(port, [
        'GET http://shop.example:8080/api/gift_cards/?count=1 HTTP/1.1',
        'Host: other',
        ...ONSITE,
      ])
      assert.equal(statusOf(card), 200)
      assert.match(bodyOf(card), /uri="http:\/\/shop\.example:8080\/api\/gift_cards\/\d+\/"/)
    }
    assert.equal(statusOf(await speak(main, ['GET http://a:1 HTTP/1.1', 'Host: a'])), 404)
    assert.equal(statusOf(await speak(main, ['GET http://a:1?x HTTP/1.1', 'Host: a'])), 404)
    assert.equal(statusOf(await speak(main, ['OPTIONS * HTTP/1.1', 'Host: a'])), 404)
  })

  it('links to its own address for whoever names no host, or none that can be one', async () => {
    const own = (port: number): string => `http://127.0.0.1:${port}/api/`
    for (const host of [[], ['Host:'], ['Host: a b'], ['Host: x/y']]) {
      const cards = await speak(onsite, [
        'GET /api/gift_cards/?count=1 HTTP/1.1',
        ...host,
        ...ONSITE,
      ])
      assert.equal(statusOf(cards), 200, host[0])
      assert.match(bodyOf(cards), new RegExp(`uri="${own(onsite)}gift_cards/`))
      const made = await speak(main, [
        `GET ${LIST}?page_size=1&page=1 HTTP/1.1`,
        ...host,
        ...PRETIX,
      ])
      assert.equal(statusOf(made), 200, host[0])
    }
    const more = {
      merchants: [
        { ...world.merchants?.[0], cards: [{ code: 'TEA-2', value: '1', currency: 'EUR' }] },
      ],
    }
    await server.apply(more as typeof world)
    const page = await speak(main, [`GET ${LIST}?page_size=1 HTTP/1.1`, ...PRETIX])
    assert.equal(
      JSON.parse(bodyOf(page)).next,
      `${own(main)}v1/organizers/tea/giftcards/?page=2&page_size=1`,
    )
  })

  it('lets every dialect refuse a verb in its own words, whatever HTTP calls it', async () => {
    for (const verb of [
      'COPY',
      'PURGE',
      'REPORT',
      'QUERY',
      'LOCK',
      'PROPFIND',
      'TRACE',
      'M-SEARCH',
    ]) {
      const pretix = await speak(main, [`${verb} ${LIST} HTTP/1.1`, 'Host: a', ...PRETIX])
      assert.match(pretix, /^HTTP\/1\.1 405 [\s\S]*\r\nallow: GET, POST, HEAD, OPTIONS\r\n/i, verb)
      assert.deepEqual(JSON.parse(bodyOf(pretix)), { detail: `Method "${verb}" not allowed.` })
      const stranger = await speak(main, [`${verb} ${LIST} HTTP/1.1`, 'Host: a'])
      assert.equal(statusOf(stranger), 401, verb)
      const nowhere = await speak(main, [`${verb} /api/v1/nothing/ HTTP/1.1`, 'Host: a'])
      assert.match(nowhere, /^HTTP\/1\.1 404 [\s\S]*\{"detail":"Not found\."\}$/, verb)
      for (const port of [main, onsite]) {
        const card = await speak(port, [`${verb} /api/gift_cards/ HTTP/1.1`, 'Host: a', ...ONSITE])
        assert.match(card, /^HTTP\/1\.1 405 [\s\S]*type="server\.method_not_allowed"/, verb)
        const someone = await speak(port, [`${verb} /api/gift_cards/ HTTP/1.1`, 'Host: a'])
        assert.equal(statusOf(someone), 401, verb)
      }
      const foodics = await speak(main, [
        `${verb} /v5/gift_card_products HTTP/1.1`,
        'Host: a',
        'Authorization: Bearer tea-foodics-token-0123456789',
      ])
      assert.equal(statusOf(foodics), 405, verb)
      const inventorum = await speak(main, [
        `${verb} /api/v2/giftcards/ HTTP/1.1`,
        'Host: a',
        'Authorization: Token tea-inventorum-token-0123456789',
      ])
      assert.equal(statusOf(inventorum), 405, verb)
      assert.match(bodyOf(inventorum), new RegExp(`Method \\\\"${verb}\\\\" not allowed`), verb)
    }
  })

  it('takes filters of 2,000 characters however they are escaped, and refuses longer ones as filters', async () => {
    const find = (filter: string): Promise<string> =>
      speak(onsite, [`GET /api/gift_cards/?filter=${filter} HTTP/1.1`, 'Host: a', ...ONSITE])
    const long = await find(encodeURIComponent(`serialNumber == "${'𝄞'.repeat(1_980)}"`))
    assert.match(long, /^HTTP\/1\.1 200 [\s\S]*<gift_cards\/>$/)
    for (const length of [2_001, 20_000, 200_000]) {
      const refused = await find('a'.repeat(length))
      assert.match(refused, /^HTTP\/1\.1 400 [\s\S]*type="server\.invalid_filter"/, String(length))
      assert.match(refused, /\r\ncontent-type: application\/xml/i)
    }
  })

  it('counts the connections to the database that are at work', async () => {
    const inUse = async (): Promise<number> => {
      const { text } = await createClient(server.http).send('GET', '/metrics')
      return Number(/^scrip_database_connections_in_use (\d+)$/m.exec(text)?.[1])
    }
    assert.equal(await inUse(), 0)
    const [card] = await server.owner<{ id: bigint }[]>`select id from cards where code = 'TEA-1'`
    const pretix = createClient(server.http, {
      authorization: 'Token tea-pretix-token-0123456789',
    })
    let booked: Promise<unknown> = Promise.resolve()
    await server.owner.begin(async (tx) => {
      await tx`select 1 from cards where id = ${card?.id ?? 0n} for update`
      booked = pretix.send('POST', `${LIST}${card?.id}/transact/`, { json: { value: '-1.00' } })
      while ((await inUse()) === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    })
    await booked
    // Whoever asks again within a moment gets the same answer.
    while ((await inUse()) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  })

  it('answers 404 to a path of nobody, whatever comes with it', async () => {
    const body = 'x'.repeat(1_200_000)
    const answer = await createClient(server.http).send('POST', '/nothing', { body })
    assert.deepEqual([answer.status, answer.json], [404, { message: 'Not found.' }])
    for (const path of ['/livez', '/readyz'])
      assert.equal((await createClient(server.http).send('HEAD', path)).status, 200)
  })

  it('answers what is no HTTP, and hangs up', async () => {
    const garbage = await speak(main, ['FOO / HTTP/1.1', 'Host: a'])
    assert.match(garbage, /^HTTP\/1\.1 400 [\s\S]*\r\n\r\n\{"message":"Malformed request\."\}$/)
    const huge = await speak(main, ['GET / HTTP/1.1', `X: ${'x'.repeat(70_000)}`])
    assert.match(huge, /^HTTP\/1\.1 431 [\s\S]*\{"message":"Malformed request\."\}$/)
    const xml = await speak(onsite, ['FOO /api/ HTTP/1.1', 'Host: a'])
    assert.match(xml, /^HTTP\/1\.1 400 [\s\S]*\r\ncontent-type: application\/xml[\s\S]*<error /i)
    const after = await speak(main, ['GET /livez HTTP/1.1', 'Host: a'])
    assert.equal(statusOf(after), 200)
  })
})
