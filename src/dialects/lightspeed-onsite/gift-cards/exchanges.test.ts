import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  at,
  createOnSite,
  freePort,
  idsOf,
  type OnSite,
  type OnSiteAnswer,
  READER,
  TOM,
  teashop,
  textAt,
  typeOf,
} from '../../../../test/support/lightspeed.ts'

const TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}/g

describe('gift cards of a LightSpeed store', () => {
  let server: TestApp
  let base: string
  let till: OnSite
  let products: Record<string, string>
  let invoices: Record<string, string>
  let users: Record<string, string>

  const byName = async (path: string, name: string): Promise<Record<string, string>> => {
    const { root } = await till.send('GET', path)
    return Object.fromEntries(
      (root?.children ?? []).map((child) => [
        textAt(child, name) ?? '',
        child.attributes.get('id') ?? '',
      ]),
    )
  }
  const post = (inside: string, client = till): Promise<OnSiteAnswer> =>
    client.send('POST', '/api/gift_cards/', { body: `<gift_card>${inside}</gift_card>` })
  const issue = (serial: string, more = ''): Promise<OnSiteAnswer> =>
    post(`<product id="${products.GIFT}"/><serial_number>${serial}</serial_number>${more}`)
  const idOf = ({ root }: OnSiteAnswer): string => root?.attributes.get('id') ?? ''
  const cardCount = async (): Promise<number> =>
    Number((await server.owner<{ count: bigint }[]>`select count(*) from cards`)[0]?.count)

  before(async () => {
    const port = await freePort()
    server = await startTestApp({
      world: teashop(),
      flags: { lightspeedPort: String(port), lightspeedTls: 'off' },
    })
    base = `http://127.0.0.1:${port}`
    till = createOnSite(base)
    products = await byName('/api/products/', 'code')
    invoices = await byName('/api/invoices/', 'invoice_id')
    users = await byName('/api/users/?showall', 'username')
  })
  after(() => server.close())

  it('a card is created with its whole document, byte for byte', async () => {
    const created = await post(
      `<invoice id="${invoices['I-310']}"/><product id="${products.GIFT}"/>
       <serial_number>TEA-0042</serial_number><note>Birthday counter</note>
       <totals><credit>60</credit></totals>`,
    )
    assert.equal(created.status, 201)
    assert.equal(created.headers['content-type'], 'application/xml; charset=utf-8')
    const id = idOf(created)
    const uri = `${base}/api/gift_cards/${id}/`
    assert.equal(created.headers.location, uri)
    const [time, ...times] = created.text.match(TIME) ?? []
    assert.deepEqual(times, [time, time])
    const history = at(created.root, 'history_entries/history')?.attributes.get('id')
    const user = `<user uri="${base}/api/users/${users.mara}/" id="${users.mara}"/>`
    assert.equal(
      created.text,
      `<?xml version='1.0' encoding='UTF-8'?>\n<gift_card uri="${uri}" id="${id}" full_render="true">` +
        `<flags><active>true</active></flags><created>${time}</created><modified>${time}</modified>` +
        `<gift_card_id>G-${id}</gift_card_id>${user}` +
        `<product uri="${base}/api/products/${products.GIFT}/" id="${products.GIFT}"/>` +
        `<invoice uri="${base}/api/invoices/${invoices['I-310']}/" id="${invoices['I-310']}"/>` +
        `<serial_number>TEA-0042</serial_number>` +
        `<totals><total>60.00</total><used>0.00</used><credit>60.00</credit></totals>` +
        `<history_entries><history uri="${uri}history/${history}/" id="${history}" full_render="true">` +
        `<created>${time}</created>${user}<note>Birthday counter</note><source_id>I-310</source_id>` +
        `<totals><before>0.00</before><after>60.00</after><amount>60.00</amount></totals>` +
        `<activity>created</activity></history></history_entries></gift_card>`,
    )
    const again = await till.send('GET', `/api/gift_cards/${id}/`)
    assert.equal(again.status, 200)
    assert.equal(again.text, created.text)
  })

  it('an import of a half-used card keeps what was used, its source and its user', async () => {
    const made = await post(
      `<source_id>oldpos/8812</source_id><product id="${products.GIFT}"/><serial_number>00731</serial_number>
       <flags><active>False</active></flags><user id="${users.tom}"/>
       <totals><used>12.50</used><credit>37.50</credit><total>50.00</total></totals>`,
    )
    assert.equal(made.status, 201)
    const { root } = made
    assert.equal(textAt(root, 'flags/active'), 'false')
    assert.equal(textAt(root, 'serial_number'), '00731')
    assert.equal(at(root, 'user')?.attributes.get('id'), users.tom)
    assert.deepEqual(
      ['total', 'used', 'credit'].map((name) => textAt(root, `totals/${name}`)),
      ['50.00', '12.50', '37.50'],
    )
    assert.ok(made.text.includes('<invoice/>'))
    const entries = at(root, 'history_entries')
    assert.equal(entries?.children.length, 1)
    assert.deepEqual(
      ['note', 'source_id', 'totals/before', 'totals/after', 'totals/amount', 'activity'].map(
        (path) => textAt(entries, `history/${path}`),
      ),
      ['', 'oldpos/8812', '0.00', '37.50', '37.50', 'created'],
    )
  })

  it('a card without totals, invoice or note is empty, and so are their elements', async () => {
    const made = await issue('BARE-1')
    assert.equal(made.status, 201)
    assert.ok(made.text.includes('<invoice/><serial_number>BARE-1</serial_number>'))
    assert.ok(made.text.includes('<note/><source_id/>'))
    assert.ok(
      made.text.includes(
        '<totals><total>0.00</total><used>0.00</used><credit>0.00</credit></totals>',
      ),
    )
    assert.equal(at(made.root, 'user')?.attributes.get('id'), users.mara)
  })

  it('a source that names an invoice does not fill the invoice', async () => {
    const made = await issue('SRC-1', '<source_id>I-310</source_id>')
    assert.equal(made.status, 201)
    assert.ok(made.text.includes('<invoice/>'))
    assert.equal(textAt(made.root, 'history_entries/history/source_id'), 'I-310')
  })

  it('what XML reserves survives in serials and notes', async () => {
    const made = await issue('A&lt;&amp;&gt;"é😀', '<note><![CDATA[<b>]]> &amp; "co"</note>')
    assert.equal(made.status, 201)
    assert.equal(textAt(made.root, 'serial_number'), 'A<&>"é😀')
    assert.equal(textAt(made.root, 'history_entries/history/note'), '<b> & "co"')
    const found = await till.send(
      'GET',
      `/api/gift_cards/?serialNumber=${encodeURIComponent('A<&>"é😀')}`,
    )
    assert.deepEqual(idsOf(found), [idOf(made)])
  })

  it('ids rise and modified is created at birth', async () => {
    const first = await issue('RISE-1')
    const second = await issue('RISE-2')
    assert.ok(BigInt(idOf(second)) > BigInt(idOf(first)))
    assert.equal(textAt(first.root, 'modified'), textAt(first.root, 'created'))
  })

  describe('is refused as things stand, and nothing is written, for', () => {
    const cases: readonly (readonly [
      string,
      (known: { product: (code: string) => string; invoice: (id: string) => string }) => string,
      string,
      string,
    ])[] = [
      ['an unknown product', () => '<product id="999999"/>', 'server.unknown_reference', 'product'],
      ['product 0', () => '<product id="0"/>', 'server.unknown_reference', 'product'],
      [
        'an unknown invoice',
        ({ product }) => `${product('GIFT')}<invoice id="999999"/>`,
        'server.unknown_reference',
        'invoice',
      ],
      [
        'an unknown user',
        ({ product }) => `${product('GIFT')}<user id="999999"/>`,
        'server.unknown_reference',
        'user',
      ],
      [
        'an ordinary product',
        ({ product }) => product('MUG'),
        'gift_cards.not_a_gift_card_product',
        'product',
      ],
      [
        'a gift card product that is not current',
        ({ product }) => product('OLD'),
        'gift_cards.not_a_gift_card_product',
        'product',
      ],
      [
        'a voided invoice',
        ({ product, invoice }) => product('GIFT') + invoice('I-311'),
        'gift_cards.invoice_voided',
        'invoice',
      ],
      [
        'an unknown invoice and an ordinary product: what does not exist comes first',
        ({ product }) => `${product('MUG')}<invoice id="999999"/>`,
        'server.unknown_reference',
        'invoice',
      ],
      [
        'an ordinary product and a voided invoice: the product comes first',
        ({ product, invoice }) => product('MUG') + invoice('I-311'),
        'gift_cards.not_a_gift_card_product',
        'product',
      ],
    ]
    for (const [name, inside, type, field] of cases)
      it(name, async () => {
        const before = await cardCount()
        const answer = await post(
          `${inside({
            product: (code) => `<product id="${products[code]}"/>`,
            invoice: (id) => `<invoice id="${invoices[id]}"/>`,
          })}<serial_number>NEVER-1</serial_number>`,
        )
        assert.equal(answer.status, 406)
        assert.equal(typeOf(answer), type)
        assert.equal(
          at(answer.root, 'localizable_message/fields/field')?.attributes.get('name'),
          field,
        )
        assert.equal(await cardCount(), before)
      })

    it('a serial that is taken, inactive and empty cards included; references come first', async () => {
      await issue('TAKEN-1', '<flags><active>0</active></flags>')
      const before = await cardCount()
      const again = await issue('TAKEN-1')
      assert.equal(again.status, 406)
      assert.equal(
        again.text,
        "<?xml version='1.0' encoding='UTF-8'?>\n" +
          '<error class="giftcards.DuplicateSerialNumber" type="gift_cards.duplicate_serial_number">' +
          '<localizable_message type="gift_cards.duplicate_serial_number">' +
          '<fields><field name="serial_number">TAKEN-1</field></fields></localizable_message>' +
          '<message>A gift card with this serial number already exists.</message><traceback/></error>',
      )
      const both = await post(
        `<product id="${products.MUG}"/><serial_number>TAKEN-1</serial_number>`,
      )
      assert.equal(typeOf(both), 'gift_cards.not_a_gift_card_product')
      assert.equal(await cardCount(), before)
      // Serials that differ in case only are two serials here.
      assert.equal((await issue('taken-1')).status, 201)
    })

    it('a document that is wrong on its own, with its body in OnSite’s words', async () => {
      const before = await cardCount()
      const answer = await issue('BAD-1', '<totals><credit>10.005</credit></totals>')
      assert.equal(answer.status, 400)
      assert.equal(typeOf(answer), 'server.invalid_value')
      assert.equal(textAt(answer.root, 'localizable_message/fields/field'), '10.005')
      assert.equal(answer.headers['content-type'], 'application/xml; charset=utf-8')
      assert.equal(await cardCount(), before)
    })

    it('a read application', async () => {
      const before = await cardCount()
      const answer = await post(
        `<product id="${products.GIFT}"/><serial_number>READ-1</serial_number>`,
        createOnSite(base, READER, TOM),
      )
      assert.equal(answer.status, 403)
      assert.equal(typeOf(answer), 'auth.read_only_application')
      assert.equal(await cardCount(), before)
    })
  })

  it('of twenty cards with one serial at once, one is made', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => issue('RACE-1')))
    const statuses = answers.map(({ status }) => status).sort()
    assert.deepEqual(statuses, [201, ...Array<number>(19).fill(406)])
    const found = await till.send('GET', '/api/gift_cards/?serialNumber=RACE-1')
    assert.equal(idsOf(found).length, 1)
  })

  it('history: the whole of it, page by page, and one entry', async () => {
    const card = idOf(await issue('HIST-1', '<totals><credit>60.00</credit></totals>'))
    const pretix = `${server.http}/api/v1/organizers/tea/giftcards/${card}/transact/`
    const transact = async (value: string, more: object = {}): Promise<void> => {
      const answer = await fetch(pretix, {
        method: 'POST',
        headers: {
          authorization: 'Token tea-pretix-token-0123456789',
          'content-type': 'application/json',
        },
        body: JSON.stringify({ value, ...more }),
      })
      assert.equal(answer.status, 200)
    }
    await transact('-15.25', { text: 'Online shop' })
    await transact('5.00')
    const full = await till.send('GET', `/api/gift_cards/${card}/`)
    const entries = at(full.root, 'history_entries')?.children ?? []
    assert.deepEqual(
      entries.map((entry) => [
        textAt(entry, 'activity'),
        textAt(entry, 'note'),
        textAt(entry, 'totals/before'),
        textAt(entry, 'totals/after'),
        textAt(entry, 'totals/amount'),
      ]),
      [
        ['created', '', '0.00', '60.00', '60.00'],
        ['redeemed', 'Online shop', '60.00', '44.75', '-15.25'],
        ['recharged', '', '44.75', '49.75', '5.00'],
      ],
    )
    assert.deepEqual(
      ['total', 'used', 'credit'].map((name) => textAt(full.root, `totals/${name}`)),
      ['65.00', '15.25', '49.75'],
    )
    assert.equal(textAt(full.root, 'modified'), textAt(entries[2], 'created'))
    assert.equal(at(entries[1], 'user')?.attributes.size, 0)

    const history = await till.send('GET', `/api/gift_cards/${card}/history/`)
    const inner = /<history_entries>.*<\/history_entries>/.exec(full.text)?.[0]
    assert.equal(history.text, `<?xml version='1.0' encoding='UTF-8'?>\n${inner}`)
    const ids = idsOf(history)
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => Number(BigInt(a) - BigInt(b))),
    )
    const page = await till.send(
      'GET',
      `/api/gift_cards/${card}/history/?order_by=id:desc&offset=1&count=1&filter=ignored`,
    )
    assert.equal(page.root?.attributes.get('total_count'), '3')
    assert.deepEqual(idsOf(page), [ids[1]])
    const last = await till.send('GET', `/api/gift_cards/${card}/history/?limit=9&order_by=id+desc`)
    assert.deepEqual(idsOf(last), ids.toReversed())
    for (const query of ['order_by=created', 'count=-1', 'offset=x']) {
      const answer = await till.send('GET', `/api/gift_cards/${card}/history/?${query}`)
      assert.equal(answer.status, 400)
      assert.equal(typeOf(answer), 'server.invalid_parameter')
    }

    const one = await till.send('GET', `/api/gift_cards/${card}/history/${ids[1]}/`)
    assert.equal(one.status, 200)
    assert.equal(one.root?.name, 'history')
    assert.ok(history.text.includes(one.text.slice(one.text.indexOf('<history '))))
  })

  it('an entry of another card, an unknown card and numbers that no id has are 404', async () => {
    const first = await issue('LOST-1')
    const second = await issue('LOST-2')
    const foreign = at(second.root, 'history_entries/history')?.attributes.get('id')
    for (const path of [
      `/api/gift_cards/${idOf(first)}/history/${foreign}/`,
      `/api/gift_cards/${idOf(first)}/history/0/`,
      '/api/gift_cards/999999/',
      '/api/gift_cards/999999/history/',
      '/api/gift_cards/0/',
      `/api/gift_cards/${'9'.repeat(30)}/`,
      '/api/gift_cards/abc/',
      '/api/gift_cards/1.5/',
      '/api/gift_cards/-1/',
    ]) {
      const answer = await till.send('GET', path)
      assert.equal(answer.status, 404, path)
      assert.equal(typeOf(answer), 'server.not_found', path)
    }
    const padded = await till.send('GET', `/api/gift_cards/000${idOf(first)}/`)
    assert.equal(padded.text, (await till.send('GET', `/api/gift_cards/${idOf(first)}/`)).text)
  })

  it('every verb that a resource lacks is 405 with what it has', async () => {
    const card = idOf(await issue('VERB-1'))
    const entry = at(
      (await till.send('GET', `/api/gift_cards/${card}/`)).root,
      'history_entries/history',
    )?.attributes.get('id')
    const others = ['PUT', 'DELETE', 'LOCK', 'UNLOCK', 'PATCH', 'OPTIONS']
    for (const [path, verbs, allow] of [
      ['/api/gift_cards/', others, 'GET, HEAD, POST'],
      [`/api/gift_cards/${card}/`, ['POST', ...others], 'GET, HEAD'],
      [`/api/gift_cards/${card}/history/`, ['POST', ...others], 'GET, HEAD'],
      [`/api/gift_cards/${card}/history/${entry}/`, ['POST', ...others], 'GET, HEAD'],
      ['/api/gift_cards/search/', ['POST', ...others], 'GET, HEAD'],
      // A wrong verb on a card that does not exist is a wrong verb.
      ['/api/gift_cards/999999/', ['POST', ...others], 'GET, HEAD'],
    ] as const)
      for (const verb of verbs) {
        const body = verb === 'POST' || verb === 'PUT' ? '<gift_card/>' : undefined
        const answer = await till.send(verb, path, { body })
        assert.equal(answer.status, 405, `${verb} ${path}`)
        assert.equal(typeOf(answer), 'server.method_not_allowed')
        assert.equal(answer.headers.allow, allow)
      }
  })
})

describe('a store that draws serials', () => {
  let server: TestApp
  let till: OnSite
  before(async () => {
    server = await startTestApp({ world: teashop({ lightspeed: { generate_serials: true } }) })
    till = createOnSite(server.http)
  })
  after(() => server.close())

  it('gives each card its own, and refuses one that is sent', async () => {
    const [{ id } = { id: 0n }] = await server.owner<{ id: bigint }[]>`
      select id from lightspeed_products where gift_card order by id limit 1`
    const post = (more: string) =>
      till.send('POST', '/api/gift_cards', {
        body: `<gift_card><product id="${id}"/>${more}</gift_card>`,
      })
    const made = await Promise.all(
      ['', '<serial_number/>', '<serial_number> </serial_number>'].map(post),
    )
    const serials = made.map(({ root }) => textAt(root, 'serial_number') ?? '')
    for (const serial of serials) assert.match(serial, /^[2-9A-HJKMNP-Z]{16}$/)
    assert.equal(new Set(serials).size, 3)
    const sent = await post('<serial_number>TEA-1</serial_number>')
    assert.equal(sent.status, 400)
    assert.equal(typeOf(sent), 'server.conflicting_fields')
  })
})

describe('a store whose randomness repeats itself', () => {
  it('draws again when a serial is taken', async () => {
    let call = 0
    // The first two serials drawn are the same; then come others.
    const randomBytes = (size: number): Buffer => {
      call += size === 16 ? 1 : 0
      return Buffer.alloc(size, size === 16 ? Math.max(0, call - 2) : call)
    }
    const server = await startTestApp({
      world: teashop({ lightspeed: { generate_serials: true } }),
      overrides: { randomBytes },
    })
    try {
      const till = createOnSite(server.http)
      const login = await till.send('GET', '/api/sessions/current/')
      const headers = { cookie: String(login.headers['set-cookie']?.[0]?.split(';')[0]) }
      const [{ id } = { id: 0n }] = await server.owner<{ id: bigint }[]>`
        select id from lightspeed_products where gift_card order by id limit 1`
      const body = `<gift_card><product id="${id}"/></gift_card>`
      const first = await till.send('POST', '/api/gift_cards/', { body, headers })
      const second = await till.send('POST', '/api/gift_cards/', { body, headers })
      assert.equal(textAt(first.root, 'serial_number'), '2'.repeat(16))
      assert.equal(textAt(second.root, 'serial_number'), '3'.repeat(16))
    } finally {
      await server.close()
    }
  })
})
