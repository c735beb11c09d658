import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import {
  GALA,
  openTicketServer,
  type Shop,
  type TicketServer,
} from '../../../../test/support/tickets.ts'
import { verifyVouchers } from '../../../instruments/voucher-verify.ts'

/** Lists of vouchers: every filter and ordering, pages, and the same filters on one voucher (6.1, 0.2). */

const VOUCHERS = 'events/gala/vouchers/'

type Row = {
  readonly id: number
  readonly code: string
  readonly max_usages: number
  readonly redeemed: number
  readonly value: string | null
  readonly valid_until: string | null
  readonly [key: string]: unknown
}
type List = {
  readonly count: number
  readonly next: string | null
  readonly previous: string | null
  readonly results: readonly Row[]
}

describe('the list of vouchers', () => {
  let server: TicketServer
  let shop: Shop
  const ids: Record<string, number> = {}
  let all: readonly Row[]

  const list = async (query: string): Promise<List> => {
    const answer = await shop.get(`${VOUCHERS}?${query}`)
    assert.equal(answer.status, 200, `${query}: ${answer.text}`)
    return answer.json as List
  }
  const codes = async (query: string) => (await list(query)).results.map(({ code }) => code)
  const refused = async (query: string) => {
    const answer = await shop.get(`${VOUCHERS}?${query}`)
    assert.equal(answer.status, 400, query)
    return answer.json
  }
  const CHOICE = 'Select a valid choice. That choice is not one of the available choices.'

  before(async () => {
    server = await openTicketServer()
    shop = await server.shop(
      {
        ...GALA,
        items: [
          { ref: 'standard', name: 'Standard', default_price: '23.00' },
          {
            ref: 'shirt',
            name: 'Shirt',
            default_price: '12.00',
            variations: [{ ref: 's', value: 'S' }],
          },
        ],
        quotas: [
          { ref: 'hall', name: 'Hall', size: null, items: ['standard'] },
          { ref: 'unused', name: 'Unused', size: null, items: ['standard'] },
        ],
      },
      {
        ...GALA,
        slug: 'tour',
        has_subevents: true,
        subevents: [{ ref: 'may', name: 'May', date_from: '2031-05-01T08:00:00Z' }],
        items: [{ ref: 'standing', name: 'Standing', default_price: '20.00' }],
      },
    )
    for (const [table, refs] of Object.entries({
      ticket_items: ['standard', 'shirt', 'standing'],
      ticket_variations: ['s'],
      ticket_quotas: ['hall', 'unused'],
      ticket_subevents: ['may'],
    }))
      for (const ref of refs) ids[ref] = await shop.idOf(table, ref)
    const made = await shop.post(`${VOUCHERS}batch_create/`, [
      { code: 'alpha', item: ids.standard, tag: 'Press', value: '12.00', price_mode: 'set' },
      { code: 'bravo', item: ids.shirt, variation: ids.s, max_usages: 3, value: '5.00' },
      { code: 'charlie', quota: ids.hall, block_quota: true, valid_until: '2035-01-01' },
      { code: 'delta', valid_until: '2020-01-01', max_usages: 3, price_mode: 'percent' },
      { code: 'echo-1', allow_ignore_quota: true, tag: 'press', valid_until: '2034-01-01' },
      { code: 'foxtrot', item: ids.standard, value: '12.00' },
    ])
    assert.equal(made.status, 201, made.text)
    const order = await shop.post('events/gala/orders/', {
      positions: [{ item: ids.standard, voucher: 'FOXTROT' }],
    })
    assert.equal(order.status, 201, order.text)
    await shop.post('events/tour/vouchers/', { subevent: ids.may, code: 'tour-1' })
    all = (await list('')).results
  })
  after(() => server.close())

  test('is in the order of ids, of this event alone', async () => {
    assert.deepEqual(
      all.map(({ code }) => code),
      ['ALPHA', 'BRAVO', 'CHARLIE', 'DELTA', 'ECHO-1', 'FOXTROT'],
    )
    assert.equal((await list('')).count, 6)
  })

  test('is narrowed by every filter, and by several at once', async () => {
    const cases: Record<string, readonly string[]> = {
      'code=CHARLIE': ['CHARLIE'],
      'code=charlie': ['CHARLIE'],
      'code=charl': [],
      'code=': ['ALPHA', 'BRAVO', 'CHARLIE', 'DELTA', 'ECHO-1', 'FOXTROT'],
      'max_usages=3': ['BRAVO', 'DELTA'],
      'max_usages=3.0': ['BRAVO', 'DELTA'],
      'max_usages=2.5': [],
      'max_usages=99999999999999999999999': [],
      'redeemed=1': ['FOXTROT'],
      'block_quota=true': ['CHARLIE'],
      'block_quota=True': ['CHARLIE'],
      'block_quota=1': ['CHARLIE'],
      'block_quota=false': ['ALPHA', 'BRAVO', 'DELTA', 'ECHO-1', 'FOXTROT'],
      'block_quota=perhaps': ['ALPHA', 'BRAVO', 'CHARLIE', 'DELTA', 'ECHO-1', 'FOXTROT'],
      'allow_ignore_quota=TRUE': ['ECHO-1'],
      'price_mode=percent': ['DELTA'],
      'value=12': ['ALPHA', 'FOXTROT'],
      'value=12.00': ['ALPHA', 'FOXTROT'],
      'value=12.001': [],
      [`item=${ids.standard}`]: ['ALPHA', 'FOXTROT'],
      [`variation=${ids.s}`]: ['BRAVO'],
      [`quota=${ids.hall}`]: ['CHARLIE'],
      [`quota=${ids.unused}`]: [],
      [`subevent=${ids.may}`]: [],
      [`item=${ids.standing}`]: [],
      'tag=press': ['ECHO-1'],
      'tag=Press': ['ALPHA'],
      'active=true': ['ALPHA', 'BRAVO', 'CHARLIE', 'ECHO-1'],
      'active=false': ['DELTA', 'FOXTROT'],
      'active=maybe': ['ALPHA', 'BRAVO', 'CHARLIE', 'DELTA', 'ECHO-1', 'FOXTROT'],
      'seat=A-1&comment=x&min_usages=5': [
        'ALPHA',
        'BRAVO',
        'CHARLIE',
        'DELTA',
        'ECHO-1',
        'FOXTROT',
      ],
      [`item=${ids.standard}&redeemed=0&active=true`]: ['ALPHA'],
      'code=delta&active=true': [],
      'tag=a&tag=press': ['ECHO-1'],
    }
    for (const [query, expected] of Object.entries(cases)) {
      assert.deepEqual(await codes(query), expected, query)
      assert.equal((await list(query)).count, expected.length, query)
    }
  })

  test('refuses numbers, choices and ids that are none, each in its words', async () => {
    assert.deepEqual(await refused('redeemed=x&max_usages=y&value=z'), {
      max_usages: ['Enter a number.'],
      redeemed: ['Enter a number.'],
      value: ['Enter a number.'],
    })
    assert.deepEqual(await refused('price_mode=foo'), {
      price_mode: ['Select a valid choice. foo is not one of the available choices.'],
    })
    for (const name of ['item', 'variation', 'quota', 'subevent'])
      for (const id of ['777777', 'abc', '-1', '1.5'])
        assert.deepEqual(await refused(`${name}=${id}`), { [name]: [CHOICE] })
  })

  test('is ordered by what is asked for, ties by descending id, nulls last and first', async () => {
    const cases: Record<string, readonly string[]> = {
      'ordering=-id': ['FOXTROT', 'ECHO-1', 'DELTA', 'CHARLIE', 'BRAVO', 'ALPHA'],
      'ordering=code': ['ALPHA', 'BRAVO', 'CHARLIE', 'DELTA', 'ECHO-1', 'FOXTROT'],
      'ordering=-code': ['FOXTROT', 'ECHO-1', 'DELTA', 'CHARLIE', 'BRAVO', 'ALPHA'],
      'ordering=max_usages': ['FOXTROT', 'ECHO-1', 'CHARLIE', 'ALPHA', 'DELTA', 'BRAVO'],
      'ordering=-max_usages': ['DELTA', 'BRAVO', 'FOXTROT', 'ECHO-1', 'CHARLIE', 'ALPHA'],
      'ordering=max_usages,id': ['ALPHA', 'CHARLIE', 'ECHO-1', 'FOXTROT', 'BRAVO', 'DELTA'],
      'ordering=valid_until': ['DELTA', 'ECHO-1', 'CHARLIE', 'FOXTROT', 'BRAVO', 'ALPHA'],
      'ordering=-valid_until': ['FOXTROT', 'BRAVO', 'ALPHA', 'CHARLIE', 'ECHO-1', 'DELTA'],
      'ordering=value': ['BRAVO', 'FOXTROT', 'ALPHA', 'ECHO-1', 'DELTA', 'CHARLIE'],
      'ordering=-value,max_usages': ['ECHO-1', 'CHARLIE', 'DELTA', 'FOXTROT', 'ALPHA', 'BRAVO'],
      'ordering=nonsense': ['ALPHA', 'BRAVO', 'CHARLIE', 'DELTA', 'ECHO-1', 'FOXTROT'],
      'ordering=tag, -code': ['FOXTROT', 'ECHO-1', 'DELTA', 'CHARLIE', 'BRAVO', 'ALPHA'],
    }
    for (const [query, expected] of Object.entries(cases))
      assert.deepEqual(await codes(query), expected, query)
  })

  test('comes in pages, whose links keep the other parameters in order', async () => {
    const base = `${server.app.http}/api/v1/organizers/${shop.slug}/${VOUCHERS}`
    const first = await list('page_size=2&ordering=code&unknown=x')
    assert.equal(first.next, `${base}?ordering=code&page=2&page_size=2&unknown=x`)
    assert.equal(first.previous, null)
    const second = await list('page_size=2&page=2')
    assert.equal(second.previous, `${base}?page_size=2`)
    assert.deepEqual(
      second.results.map(({ code }) => code),
      ['CHARLIE', 'DELTA'],
    )
    const last = await list('page_size=4&page=last')
    assert.deepEqual(
      [last.next, last.results.map(({ code }) => code)],
      [null, ['ECHO-1', 'FOXTROT']],
    )
    for (const page of ['0', '4', 'x', '-1']) {
      const answer = await shop.get(`${VOUCHERS}?page_size=2&page=${page}`)
      assert.deepEqual([answer.status, answer.json], [404, { detail: 'Invalid page.' }])
    }
    assert.equal((await list('page_size=1000')).results.length, 6)
  })

  test('has filters that also decide whether one voucher is there', async () => {
    const [alpha] = all
    const path = `${VOUCHERS}${alpha?.id}/`
    assert.equal((await shop.get(`${path}?tag=Press&active=true`)).status, 200)
    for (const query of ['tag=press', 'active=false', 'redeemed=1', 'code=bravo']) {
      assert.equal((await shop.get(`${path}?${query}`)).status, 404)
      assert.equal((await shop.patch(`${path}?${query}`, { comment: 'x' })).status, 404)
      assert.equal((await shop.del(`${path}?${query}`)).status, 404)
    }
    assert.deepEqual((await shop.get(`${path}?redeemed=x`)).json, { redeemed: ['Enter a number.'] })
    assert.equal((await shop.patch(`${path}?item=777777`, { comment: 'x' })).status, 400)
    assert.deepEqual((await shop.get(path)).json, alpha)
  })
})

describe('a long list of vouchers', () => {
  let server: TicketServer
  let shop: Shop
  let all: readonly Row[]

  before(async () => {
    server = await openTicketServer()
    shop = await server.shop({
      ...GALA,
      items: [{ ref: 'standard', name: 'Standard', default_price: '23.00' }],
      quotas: [{ ref: 'hall', name: 'Hall', size: null, items: ['standard'] }],
    })
    const item = await shop.idOf('ticket_items', 'standard')
    const now = Date.now()
    const rows = Array.from({ length: 700 }, (_, index) => ({
      code: `code-${(index * 7919) % 1_000}`,
      max_usages: (index % 4) + 1,
      tag: `t${index % 3}`,
      ...(index % 2 === 0 ? { item } : {}),
      ...(index % 5 === 0 ? { value: `${index % 7}.00`, price_mode: 'set' } : {}),
      // Some end within minutes of now, on either side: the day that tallies know is not enough.
      ...(index % 6 === 0
        ? { valid_until: new Date(now + (index - 350) * 3_600_000).toISOString() }
        : {}),
    }))
    assert.equal((await shop.post(`${VOUCHERS}batch_create/`, rows)).status, 201)
    for (let start = 0; start < 60; start += 20)
      await shop.post('events/gala/orders/', {
        positions: rows
          .slice(start, start + 20)
          .filter(({ valid_until: end }) => end === undefined)
          .map(({ code }) => ({ item, voucher: code.toUpperCase() })),
      })
    const pages = await Promise.all(
      Array.from({ length: 14 }, (_, page) => shop.get(`${VOUCHERS}?page=${page + 1}`)),
    )
    all = pages.flatMap(({ json }) => (json as List).results)
  })
  after(() => server.close())

  /** What the list must say, worked out from all vouchers. */
  const matches = (row: Row, filter: Record<string, string>): boolean =>
    Object.entries(filter).every(([name, value]) => {
      const over = row.valid_until !== null && Date.parse(row.valid_until) <= Date.now()
      if (name === 'active') return (row.redeemed < row.max_usages && !over) === (value === 'true')
      if (name === 'value') return Number(row.value ?? Number.NaN) === Number(value)
      return String(row[name]) === value
    })
  const compare = (by: string) => (a: Row, b: Row) => {
    const [key, sign] = by.startsWith('-') ? [by.slice(1), -1] : [by, 1]
    const read = (row: Row) => {
      if (key === 'valid_until')
        return row.valid_until === null ? Number.POSITIVE_INFINITY : Date.parse(row.valid_until)
      if (key === 'value') return row.value === null ? Number.POSITIVE_INFINITY : Number(row.value)
      return row[key] as number | string
    }
    const [left, right] = [read(a), read(b)]
    return left < right ? -sign : left > right ? sign : 0
  }

  test('is the same as if it were counted and sorted by hand, whatever is asked', async () => {
    assert.equal(all.length, 700)
    assert.ok(all.some(({ redeemed }) => redeemed > 0))
    const filters = fc.record(
      {
        max_usages: fc.constantFrom('1', '2', '3', '4'),
        redeemed: fc.constantFrom('0', '1'),
        tag: fc.constantFrom('t0', 't1', 't2'),
        price_mode: fc.constantFrom('none', 'set'),
        value: fc.constantFrom('1', '3.00', '6'),
        active: fc.constantFrom('true', 'false'),
        block_quota: fc.constant('false'),
      },
      { requiredKeys: [] },
    )
    const orders = fc.constantFrom(
      'id',
      '-id',
      'code',
      '-valid_until',
      'valid_until',
      'value',
      '-value',
      'max_usages',
      '-max_usages,code',
      'value,-max_usages',
    )
    await fc.assert(
      fc.asyncProperty(filters, orders, fc.nat(4), async (filter, order, page) => {
        const expected = all.filter((row) => matches(row, filter))
        const terms = [...order.split(','), ...(/\bid\b/.test(order) ? [] : ['-id'])]
        expected.sort((a, b) => {
          for (const term of terms) {
            const verdict = compare(term)(a, b)
            if (verdict !== 0) return verdict
          }
          return 0
        })
        const query = new URLSearchParams({ ...filter, ordering: order, page_size: '20' })
        const last = Math.max(1, Math.ceil(expected.length / 20))
        const wanted = Math.min(page * 5 + 1, last)
        query.set('page', String(wanted))
        const answer = (await shop.get(`${VOUCHERS}?${query}`)).json as List
        assert.equal(answer.count, expected.length)
        assert.deepEqual(
          answer.results.map(({ id }) => id),
          expected.slice((wanted - 1) * 20, wanted * 20).map(({ id }) => id),
          query.toString(),
        )
      }),
      { numRuns: 120 },
    )
  })

  test('is proven by verify: uses equal positions, tallies equal vouchers', async () => {
    const { owner } = server.app
    const [merchant] = await owner<
      { id: bigint }[]
    >`select id from merchants where slug = ${shop.slug}`
    const id = merchant?.id ?? 0n
    assert.equal(await verifyVouchers(owner, id), undefined)
    await owner`update vouchers set redeemed = redeemed + 1
      where id = (select min(id) from vouchers where merchant_id = ${id} and redeemed = 0 and max_usages > 1)`
    assert.match((await verifyVouchers(owner, id)) ?? '', /^voucher \d+: redeemed 1, but 0 live/)
  })
})
