import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestApp, type TestApp } from '../../../test/support/app.ts'
import {
  at,
  cookieOf,
  createOnSite,
  freePort,
  idsOf,
  MARA,
  type OnSite,
  type OnSiteAnswer,
  teashop,
  textAt,
  typeOf,
  WRITER,
} from '../../../test/support/lightspeed.ts'

const SHOP = 'Token tea-pretix-token-0123456789'

/** The twenty traps of specs/lightspeed-onsite.md 12, in their order and under their numbers. */
describe('trap', () => {
  let server: TestApp
  let base: string
  let till: OnSite
  let gift: string
  before(async () => {
    const port = await freePort()
    server = await startTestApp({ world: teashop(), flags: { lightspeedPort: String(port) } })
    base = `https://127.0.0.1:${port}`
    till = createOnSite(base)
    const found = await till.send('GET', '/api/products/?filter=gift_card==1+AND+current==1')
    gift = idsOf(found)[0] ?? ''
  })
  after(() => server.close())

  const issue = (
    serial: string,
    more = '',
    headers: Record<string, string | undefined> = {},
  ): Promise<OnSiteAnswer> =>
    till.send('POST', '/api/gift_cards/', {
      headers,
      body: `<gift_card><product id="${gift}"/><serial_number>${serial}</serial_number>${more}</gift_card>`,
    })
  const idOf = ({ root }: OnSiteAnswer): string => root?.attributes.get('id') ?? ''
  const transact = async (card: string, body: object): Promise<void> => {
    const answer = await fetch(`${server.http}/api/v1/organizers/tea/giftcards/${card}/transact/`, {
      method: 'POST',
      headers: { authorization: SHOP, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    assert.equal(answer.status, 200)
  }

  it('1: addresses are absolute, https, at the client’s own host and port', async () => {
    const made = await issue('T-1', '', { host: 'pos.example:9630' })
    const uris = made.text.match(/uri="[^"]*"/g) ?? []
    assert.ok(uris.length >= 4)
    for (const uri of uris) assert.match(uri, /^uri="https:\/\/pos\.example:9630\/api\/.*\/"$/)
  })

  it('2: an unpaged list has no total_count', async () => {
    const { root } = await till.send('GET', '/api/gift_cards/?filter=FALSEPREDICATE')
    assert.equal(root?.attributes.size, 0)
  })

  it('3: the Private ID comes with an underscore too', async () => {
    const headers = { 'x-pappid': undefined, X_PAPPID: WRITER.privateId }
    assert.equal((await till.send('GET', '/api/', { headers })).status, 200)
  })

  it('4: XML arrives as form data, as nothing and as text', async () => {
    const types = ['application/x-www-form-urlencoded', undefined, 'text/xml']
    for (const [n, type] of types.entries())
      assert.equal((await issue(`T-4-${n}`, '', { 'content-type': type })).status, 201)
  })

  it('5: a logout without body and length neither hangs nor is 411', async () => {
    assert.equal((await till.send('POST', '/api/sessions/current/logout/')).status, 204)
  })

  it('6: ; Path comes first and capitalised; Secure goes with https only', async () => {
    const secure = await till.send('GET', '/api/users/')
    assert.match(
      secure.headers['set-cookie']?.[0] ?? '',
      /^LS_SERVER_SESSION_ID=[^;]+; Path=\/; Secure; HttpOnly$/,
    )
    const plain = await createOnSite(server.http).send('GET', '/api/users/')
    assert.match(
      plain.headers['set-cookie']?.[0] ?? '',
      /^LS_SERVER_SESSION_ID=[^;]+; Path=\/; HttpOnly$/,
    )
  })

  it('7: a stale cookie beside a good password is a normal request', async () => {
    const headers = { cookie: 'LS_SERVER_SESSION_ID=yesterday' }
    assert.equal((await till.send('GET', '/api/', { headers })).status, 200)
  })

  it('8: the declaration is there and the output compact', async () => {
    const { text } = await issue('T-8')
    assert.ok(text.startsWith("<?xml version='1.0' encoding='UTF-8'?>\n<gift_card "))
    assert.ok(!/>\s+</.test(text.slice(text.indexOf('\n') + 1)))
  })

  it('9: nothing is compressed', async () => {
    const headers = { 'accept-encoding': 'gzip, deflate, br' }
    const answer = await till.send('GET', '/api/users/', { headers })
    assert.equal(answer.headers['content-encoding'], undefined)
    assert.ok(answer.text.startsWith('<?xml'))
  })

  it('10: serialNumber in filters, serial_number in XML', async () => {
    const made = await issue('T-10')
    assert.equal(textAt(made.root, 'serial_number'), 'T-10')
    const found = await till.send('GET', '/api/gift_cards/?filter=serialNumber=="T-10"')
    assert.deepEqual(idsOf(found), [idOf(made)])
  })

  it('11: quoted numbers, a single =, lower-case contains[cd] and + for space in filters', async () => {
    const id = idOf(await issue('T-11'))
    const filter = `(id+=+"${id}")+and+serialNumber+contains[cd]+"t-11"`
    assert.deepEqual(idsOf(await till.send('GET', `/api/gift_cards/?filter=${filter}`)), [id])
  })

  it('12: a price of three decimals is refused in totals', async () => {
    const answer = await issue('T-12', '<totals><credit>25.000</credit></totals>')
    assert.equal(typeOf(answer), 'server.invalid_value')
  })

  it('13: search is no card, and LOCK and UNLOCK are verbs', async () => {
    assert.equal((await till.send('GET', '/api/gift_cards/search/')).root?.name, 'gift_cards')
    for (const verb of ['LOCK', 'UNLOCK'])
      assert.equal((await till.send(verb, '/api/gift_cards/search/')).status, 405)
  })

  it('14: datetimes have six digits and no zone', async () => {
    const made = await issue('T-14')
    for (const time of [
      textAt(made.root, 'created'),
      textAt(made.root, 'modified'),
      textAt(made.root, 'history_entries/history/created'),
    ])
      assert.match(time ?? '', /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}$/)
  })

  it('15: credit is not total: both move together with the history', async () => {
    const card = idOf(await issue('T-15', '<totals><credit>10</credit></totals>'))
    await transact(card, { value: '-4.00' })
    const { root } = await till.send('GET', `/api/gift_cards/${card}/`)
    assert.deepEqual(
      ['total', 'used', 'credit'].map((name) => textAt(root, `totals/${name}`)),
      ['10.00', '4.00', '6.00'],
    )
    assert.equal(at(root, 'history_entries')?.children.length, 2)
  })

  it('16: note and source are in the history only', async () => {
    const { root } = await issue('T-16', '<note>N</note><source_id>S</source_id>')
    assert.equal(at(root, 'note'), undefined)
    assert.equal(at(root, 'source_id'), undefined)
    assert.equal(textAt(root, 'history_entries/history/note'), 'N')
    assert.equal(textAt(root, 'history_entries/history/source_id'), 'S')
  })

  it('17: list members of cards are empty', async () => {
    const { root } = await till.send('GET', '/api/gift_cards/')
    for (const member of root?.children ?? []) {
      assert.deepEqual(member.children, [])
      assert.equal(member.text, '')
      assert.equal(member.attributes.get('full_render'), 'false')
    }
  })

  it('18: leading zeros of a serial are kept', async () => {
    assert.equal(textAt((await issue('000731')).root, 'serial_number'), '000731')
    assert.equal((await issue('731')).status, 201)
  })

  it('19: users have a password and a PIN, both empty', async () => {
    const answer = await till.send('GET', '/api/users/')
    for (const user of answer.root?.children ?? []) {
      assert.equal(textAt(user, 'password'), '')
      assert.equal(textAt(user, 'pin'), '')
    }
    assert.ok(!answer.text.includes(MARA.password))
  })

  it('20: 401 comes before 404', async () => {
    const headers = { authorization: undefined }
    assert.equal((await till.send('GET', '/api/nowhere/', { headers })).status, 401)
    const cookie = cookieOf(await till.send('GET', '/api/'))
    const known = await till.send('GET', '/api/nowhere/', { headers: { ...headers, cookie } })
    assert.equal(known.status, 404)
  })
})
