import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createZone } from '../../money/zone.ts'
import { element } from '../../wire/xml.ts'
import { type ErrorType, OnSiteError } from './errors.ts'
import { decodeList, type ListQuery, listAnswer, parseQuery } from './list.ts'

const FIELDS = {
  filter: { id: { kind: 'integer', field: 'id' } },
  order: { id: 'id', serialNumber: 'serialNumber', serial_number: 'serialNumber' },
} as const
const decode = (query: string): ListQuery =>
  decodeList(parseQuery(query), FIELDS, createZone('UTC'))
const refused = (query: string, type: ErrorType): void =>
  assert.throws(
    () => decode(query),
    (error) => error instanceof OnSiteError && error.type === type,
  )

const PLAIN = { filter: { kind: 'all' }, order: [], offset: 0, count: undefined, paged: false }

describe('the parameters of a list', () => {
  it('are all optional, and unknown or valueless ones are no harm', () => {
    assert.deepEqual(decode(''), PLAIN)
    assert.deepEqual(decode('showall&colour=red&&filter=&filter=%20'), PLAIN)
  })

  it('page by count, limit and offset; the smaller of count and limit counts', () => {
    assert.deepEqual(decode('showall&count=5'), { ...PLAIN, count: 5, paged: true })
    assert.deepEqual(decode('limit=5'), { ...PLAIN, count: 5, paged: true })
    assert.deepEqual(decode('count=9&limit=5'), { ...PLAIN, count: 5, paged: true })
    assert.deepEqual(decode('offset=3'), { ...PLAIN, offset: 3, paged: true })
    assert.deepEqual(decode('count=0&offset=0'), { ...PLAIN, count: 0, paged: true })
    assert.equal(decode(`count=${'9'.repeat(40)}`).count, Number.MAX_SAFE_INTEGER)
  })

  it('order by fields, either way, by colon or by space, one or several', () => {
    const up = { field: 'id', descending: false }
    const down = { field: 'serialNumber', descending: true }
    assert.deepEqual(decode('order_by=id').order, [up])
    assert.deepEqual(decode('order_by=id:asc').order, [up])
    assert.deepEqual(decode('order_by=serialNumber%3Adesc').order, [down])
    assert.deepEqual(decode('order_by=serialNumber+DESC').order, [down])
    assert.deepEqual(decode('order_by=serial_number:desc,%20id').order, [down, up])
  })

  it('hold text in which + and %20 are both a space', () => {
    const query = parseQuery('a=x+y%20z%2B&b&c=%zz&a%20b=%C3%A9')
    assert.deepEqual(
      [...query],
      [
        ['a', 'x y z+'],
        ['b', ''],
        ['c', '%zz'],
        ['a b', 'é'],
      ],
    )
    assert.equal(parseQuery('a=1&a=2').get('a'), '2')
  })

  it('are refused when bad', () => {
    for (const query of [
      ...['count=-1', 'count=x', 'count', 'count=1.5', 'offset=x', 'offset=-1', 'limit=1e3'],
      ...['order_by=colour', 'order_by=', 'order_by=id:up', 'order_by=id,', 'order_by=id:asc:desc'],
      ...['order_by=constructor', 'order_by=id:desc,colour'],
    ])
      refused(query, 'server.invalid_parameter')
    refused('filter=colour%20==%20"red"', 'server.invalid_filter')
    refused('filter=id+==', 'server.invalid_filter')
  })
})

describe('the document of a list', () => {
  const written = async (count: number, paged: boolean): Promise<string> => {
    const members = Array.from({ length: count }, (_, n) => element('card', { id: BigInt(n) }))
    const { body } = await listAnswer('gift_cards', members, { paged, total: 7 })
    return body.toString()
  }

  it('has a bare root unless the client pages, and an empty one when nothing matches', async () => {
    assert.match(await written(0, false), /\n<gift_cards\/>$/)
    assert.match(await written(0, true), /\n<gift_cards total_count="7"\/>$/)
    assert.match(await written(1, false), /\n<gift_cards><card id="0"\/><\/gift_cards>$/)
    assert.match(
      await written(1, true),
      /\n<gift_cards total_count="7"><card id="0"\/><\/gift_cards>$/,
    )
  })

  it('is whole however many parts it is written in', async () => {
    for (const count of [3_000, 4_000, 10_000]) {
      const text = await written(count, false)
      assert.equal(text.match(/<card /g)?.length, count)
      assert.equal(text.match(/<\?xml/g)?.length, 1)
      assert.ok(text.endsWith(`<card id="${count - 1}"/></gift_cards>`))
    }
    // The last member fills a part to the letter.
    const long = element('card', { id: 'x'.repeat(64 * 1024) })
    const { body } = await listAnswer('gift_cards', [long], { paged: false, total: 1 })
    assert.ok(body.toString().endsWith('"/></gift_cards>'))
  })
})
