import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestApp, type TestApp } from '../../../../test/support/app.ts'
import {
  createOnSite,
  idsOf,
  type OnSite,
  type OnSiteAnswer,
  teashop,
  textAt,
  typeOf,
} from '../../../../test/support/lightspeed.ts'

const SERIALS = [
  'TEA-0042',
  'tea-0007',
  'crème',
  'CREME',
  '00731',
  '731',
  'ﬀ',
  '😀',
  'a_b%c',
  'z*?',
]

describe('the list of gift cards', () => {
  let server: TestApp
  let till: OnSite
  const ids = new Map<string, string>()
  let serials: Map<string, string>

  before(async () => {
    server = await startTestApp({
      world: teashop({
        // Cards that a store of euros does not have: other money, test money.
        cards: [
          { code: 'FRANCS', value: '10.00', currency: 'CHF' },
          { code: 'TEST-1', value: '10.00', testmode: true },
        ],
      }),
    })
    till = createOnSite(server.http)
    const [{ id } = { id: 0n }] = await server.owner<{ id: bigint }[]>`
      select id from lightspeed_products where gift_card order by id limit 1`
    for (const serial of SERIALS) {
      const { root } = await till.send('POST', '/api/gift_cards/', {
        body: `<gift_card><product id="${id}"/><serial_number>${serial}</serial_number></gift_card>`,
      })
      ids.set(serial, root?.attributes.get('id') ?? '')
    }
    serials = new Map([...ids].map(([serial, id]) => [id, serial]))
  })
  after(() => server.close())

  const get = (query: string, path = '/api/gift_cards/'): Promise<OnSiteAnswer> =>
    till.send('GET', `${path}?${query}`)
  const found = async (query: string, path?: string): Promise<string[]> => {
    const answer = await get(query, path)
    assert.equal(answer.status, 200, answer.text)
    return idsOf(answer).map((id) => serials.get(id) ?? `unknown ${id}`)
  }
  const filtered = (filter: string): Promise<string[]> =>
    found(`filter=${encodeURIComponent(filter)}`)

  it('is every card, in the order of ids, each an empty element, under a bare root', async () => {
    const answer = await till.send('GET', '/api/gift_cards/')
    const members = SERIALS.map((serial) => {
      const id = ids.get(serial)
      return `<gift_card uri="${server.http}/api/gift_cards/${id}/" id="${id}" full_render="false"/>`
    })
    assert.equal(
      answer.text,
      `<?xml version='1.0' encoding='UTF-8'?>\n<gift_cards>${members.join('')}</gift_cards>`,
    )
  })

  it('has no card of another currency, no test card, and does not find them by id', async () => {
    const hidden = await server.owner<{ id: bigint }[]>`
      select id from cards where code in ('FRANCS', 'TEST-1')`
    assert.equal(hidden.length, 2)
    for (const { id } of hidden) {
      assert.equal((await till.send('GET', `/api/gift_cards/${id}/`)).status, 404)
      assert.deepEqual(await filtered(`id == ${id}`), [])
    }
    // Their codes are taken all the same.
    const [{ id } = { id: 0n }] = await server.owner<{ id: bigint }[]>`
      select id from lightspeed_products where gift_card order by id limit 1`
    const taken = await till.send('POST', '/api/gift_cards/', {
      body: `<gift_card><product id="${id}"/><serial_number>TEST-1</serial_number></gift_card>`,
    })
    assert.equal(typeOf(taken), 'gift_cards.duplicate_serial_number')
  })

  it('is an empty element where nothing matches', async () => {
    const answer = await get('filter=FALSEPREDICATE')
    assert.equal(answer.text, "<?xml version='1.0' encoding='UTF-8'?>\n<gift_cards/>")
  })

  it('counts what matches before paging, but only for those who page', async () => {
    for (const [query, count, members] of [
      ['', undefined, SERIALS.length],
      ['order_by=id', undefined, SERIALS.length],
      ['filter=id%20%3E%200', undefined, SERIALS.length],
      ['count=3', '10', 3],
      ['limit=3', '10', 3],
      ['count=0', '10', 0],
      ['offset=8', '10', 2],
      ['offset=99', '10', 0],
      ['count=99&offset=0', '10', 10],
      [`count=${'9'.repeat(30)}`, '10', 10],
      [`offset=${'9'.repeat(30)}`, '10', 0],
      ['count=5&limit=2', '10', 2],
      ['count=2&limit=5', '10', 2],
      ['count=1&filter=serialNumber+contains[c]+"tea"', '2', 1],
      ['count=1&filter=serialNumber+contains[c]+"nothing"', '0', 0],
      ['showall&count=1', '10', 1],
    ] as const) {
      const { root } = await get(query)
      assert.equal(root?.attributes.get('total_count'), count, query)
      assert.equal(root?.children.length, members, query)
    }
  })

  it('is paged after filtering and ordering', async () => {
    assert.deepEqual(await found('offset=1&count=2'), SERIALS.slice(1, 3))
    assert.deepEqual(await found('order_by=id:desc&count=2'), SERIALS.toReversed().slice(0, 2))
    assert.deepEqual(
      await found('filter=serialNumber%20LIKE%20"*E*"&order_by=serialNumber:desc&offset=1'),
      ['CREME'],
    )
  })

  it('is ordered by code points, any number of ways', async () => {
    const sorted = SERIALS.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    assert.deepEqual(await found('order_by=serialNumber'), sorted)
    assert.deepEqual(await found('order_by=serialNumber:asc,id:desc'), sorted)
    assert.deepEqual(await found('order_by=serialNumber+desc'), sorted.toReversed())
  })

  it('is filtered as clients write it', async () => {
    const all = SERIALS
    for (const [filter, expected] of [
      ['(serialNumber == "TEA-0042")', ['TEA-0042']],
      ["serialNumber = 'TEA-0042'", ['TEA-0042']],
      ['serial_number == "TEA-0042"', ['TEA-0042']],
      ['serialNumber == "tea-0042"', []],
      ['serialNumber != "TEA-0042"', all.slice(1)],
      ['serialNumber contains[cd] "tea"', ['TEA-0042', 'tea-0007']],
      ['serialNumber CONTAINS "TEA"', ['TEA-0042']],
      ['serialNumber CONTAINS[c] "CRÈME"', ['crème']],
      ['serialNumber CONTAINS[d] "CRÈME"', ['CREME']],
      ['serialNumber CONTAINS[cd] "crÈme"', ['crème', 'CREME']],
      ['NOT serialNumber CONTAINS[cd] "e"', ['00731', '731', 'ﬀ', '😀', 'a_b%c', 'z*?']],
      ['serialNumber BEGINSWITH "TEA"', ['TEA-0042']],
      ['serialNumber ENDSWITH[c] "7"', ['tea-0007']],
      ['serialNumber LIKE "TEA-????"', ['TEA-0042']],
      ['serialNumber LIKE[c] "tea-*"', ['TEA-0042', 'tea-0007']],
      ['serialNumber LIKE "?"', ['ﬀ', '😀']],
      ['serialNumber LIKE "a_b%c"', ['a_b%c']],
      ['serialNumber LIKE "a?b?c"', ['a_b%c']],
      ['serialNumber LIKE "_%"', []],
      ['serialNumber == 731', ['731']],
      ['serialNumber == "00731"', ['00731']],
      ['serialNumber > "z" AND serialNumber < "😀"', ['z*?', 'ﬀ'].toReversed()],
      ['serialNumber == nil', []],
      ['TRUEPREDICATE', all],
      ['id == 99999999999999999999', []],
      ['id < 99999999999999999999', all],
      [`id == "${'0'.repeat(40)}"`, []],
    ] as const)
      assert.deepEqual((await filtered(filter)).toSorted(), [...expected].toSorted(), filter)
    const tea = ids.get('TEA-0042')
    assert.deepEqual(await filtered(`id == "${tea}"`), ['TEA-0042'])
    assert.deepEqual(await filtered(`id > "${tea}" && id <= ${Number(tea) + 1}`), ['tea-0007'])
    assert.deepEqual(await found('filter=(serialNumber+contains[cd]+"tea")+AND+id+>+0'), [
      'TEA-0042',
      'tea-0007',
    ])
  })

  it('is filtered by plain parameters too, all of them together', async () => {
    assert.deepEqual(await found('serialNumber=TEA-0042'), ['TEA-0042'])
    assert.deepEqual(await found('serial_number=TEA-0042'), ['TEA-0042'])
    assert.deepEqual(await found(`id=${ids.get('731')}`), ['731'])
    assert.deepEqual(await found(`id=000${ids.get('731')}`), ['731'])
    assert.deepEqual(await found(`id=${'9'.repeat(40)}`), [])
    assert.deepEqual(await found(`id=${ids.get('731')}&serialNumber=TEA-0042`), [])
    assert.deepEqual(await found('serialNumber=731&filter=serialNumber+contains+"0"'), [])
    assert.deepEqual(await found('serialNumber='), [])
    assert.deepEqual(await found('serialNumber=%00'), [])
    assert.deepEqual(await found('colour=red&serialNumber=731'), ['731'])
  })

  it('is refused for bad parameters', async () => {
    for (const query of [
      ...['count=-1', 'count=', 'count=x', 'offset=x', 'offset=-1', 'offset=1.5', 'limit=x'],
      ...[
        'order_by=colour',
        'order_by=',
        'order_by=id:sideways',
        'order_by=id,colour',
        'id=x',
        'id=',
      ],
    ]) {
      for (const path of ['/api/gift_cards/', '/api/gift_cards/search/']) {
        const answer = await get(query, path)
        assert.equal(answer.status, 400, query)
        assert.equal(typeOf(answer), 'server.invalid_parameter', query)
      }
    }
    for (const filter of [
      ...['colour == "red"', 'id ==', 'id == "x"', 'serialNumber == "x', 'id MATCHES "1"', '%00'],
      ...['id IN {1}', 'id BETWEEN {1,2}', `${'('.repeat(33)}id == 1${')'.repeat(33)}`],
      `serialNumber == "${'x'.repeat(2_000)}"`,
    ]) {
      const answer = await get(`filter=${encodeURIComponent(filter)}`)
      assert.equal(answer.status, 400, filter)
      assert.equal(typeOf(answer), 'server.invalid_filter', filter)
    }
    const long = await get(`filter=${'x'.repeat(1_900)}`)
    const field = textAt(long.root, 'localizable_message/fields/field')
    assert.equal(field, 'x'.repeat(200))
  })

  it('takes a blank filter for none', async () => {
    for (const query of ['filter=', 'filter', 'filter=%20', 'filter=+'])
      assert.equal((await found(query)).length, SERIALS.length, query)
  })

  describe('search', () => {
    const search = (q: string, more = ''): Promise<string[]> =>
      found(`q=${encodeURIComponent(q)}${more}`, '/api/gift_cards/search/')

    it('finds parts of serials, whatever their case and accents, and whole ids', async () => {
      assert.deepEqual(await search('TEA'), ['TEA-0042', 'tea-0007'])
      assert.deepEqual(await search('crÉm'), ['crème', 'CREME'])
      assert.deepEqual(await search('😀'), ['😀'])
      const id = ids.get('TEA-0042') ?? ''
      for (const q of [`G-${id}`, `g-${id}`, id])
        assert.ok((await search(q)).includes('TEA-0042'), q)
      assert.deepEqual(await search(`G-${id}0000000`), [])
      assert.deepEqual(await search('no such card'), [])
      assert.deepEqual(await search('\0'), [])
    })

    it('is a list like the other, with and without a question', async () => {
      for (const query of ['', 'q=', 'q=%20'])
        assert.equal((await found(query, '/api/gift_cards/search/')).length, SERIALS.length)
      const plain = await till.send('GET', '/api/gift_cards/search/')
      assert.equal(plain.text, (await till.send('GET', '/api/gift_cards/')).text)
      const paged = await get('q=tea&count=1&order_by=serialNumber', '/api/gift_cards/search/')
      assert.equal(paged.root?.attributes.get('total_count'), '2')
      assert.deepEqual(idsOf(paged), [ids.get('TEA-0042')])
      assert.deepEqual(await search('tea', '&filter=serialNumber+contains+"7"'), ['tea-0007'])
      assert.deepEqual(await search('tea', '&serialNumber=tea-0007'), ['tea-0007'])
    })
  })
})
