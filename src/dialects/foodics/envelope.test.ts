import assert from 'node:assert/strict'
import test from 'node:test'
import { encodeList, pageSlice } from './envelope.ts'
import { parsePairs } from './query.ts'

const PATH = 'https://pos.example.test/v5/gift_card_transactions'

type Link = { url: string | null; label: string; active: boolean }
type Envelope = {
  data: unknown[]
  links: Record<'first' | 'last' | 'prev' | 'next', string | null>
  meta: {
    current_page: number
    from: number | null
    last_page: number
    links: Link[]
    path: string
    per_page: number
    to: number | null
    total: number
  }
}

function list(
  total: number,
  page: number,
  perPage: number,
  { raw = '', pagesMax }: { raw?: string; pagesMax?: number } = {},
): Envelope {
  const query = { page: BigInt(page), perPage }
  const { offset, limit } = pageSlice(query, total, pagesMax)
  const data = Array.from({ length: total }, (_, index) => index + 1).slice(offset, offset + limit)
  const envelope = encodeList({
    data,
    total,
    query,
    path: PATH,
    pairs: parsePairs(raw),
    ...(pagesMax === undefined ? {} : { pagesMax }),
  })
  return JSON.parse(JSON.stringify(envelope)) // The shape is what is tested.
}

test('the second of three pages is exactly as in the specification', () => {
  const raw = 'filter[gift_card_id]=c1&per_page=2&page=2'
  const url = (page: number) => `${PATH}?filter%5Bgift_card_id%5D=c1&per_page=2&page=${page}`
  assert.deepEqual(list(5, 2, 2, { raw }), {
    data: [3, 4],
    links: { first: url(1), last: url(3), prev: url(1), next: url(3) },
    meta: {
      current_page: 2,
      from: 3,
      last_page: 3,
      links: [
        { url: url(1), label: '&laquo; Previous', active: false },
        { url: url(1), label: '1', active: false },
        { url: url(2), label: '2', active: true },
        { url: url(3), label: '3', active: false },
        { url: url(3), label: 'Next &raquo;', active: false },
      ],
      path: PATH,
      per_page: 2,
      to: 4,
      total: 5,
    },
  })
})

test('prev is null on the first page, next on the last, and so are their links', () => {
  const first = list(3, 1, 2)
  assert.equal(first.links.prev, null)
  assert.equal(first.meta.links[0]?.url, null)
  const last = list(3, 2, 2)
  assert.equal(last.links.next, null)
  assert.equal(last.meta.links.at(-1)?.url, null)
  assert.deepEqual([last.meta.from, last.meta.to], [3, 3])
})

test('nothing found is one empty page', () => {
  const { data, links, meta } = list(0, 1, 50)
  assert.deepEqual(data, [])
  assert.deepEqual(links, {
    first: `${PATH}?page=1`,
    last: `${PATH}?page=1`,
    prev: null,
    next: null,
  })
  assert.deepEqual([meta.from, meta.to, meta.total, meta.last_page], [null, null, 0, 1])
})

test('a page past the end is empty, keeps its number and leads back by one', () => {
  const { data, links, meta } = list(5, 9, 2)
  assert.deepEqual(data, [])
  assert.deepEqual([meta.current_page, meta.from, meta.to, meta.last_page], [9, null, null, 3])
  assert.equal(links.prev, `${PATH}?page=8`)
  assert.equal(links.next, null)
  assert.ok(meta.links.every((link) => !link.active))
})

test('an absurd page is past the end too', () => {
  const query = { page: 10n ** 30n, perPage: 50 }
  assert.deepEqual(pageSlice(query, 5), { offset: 0, limit: 0 })
  const text = JSON.stringify(encodeList({ data: [], total: 5, query, path: PATH, pairs: [] }))
  assert.match(text, /"current_page":1000000000000000000000000000000,/)
})

test('all other parameters are kept, the page replaced and last', () => {
  const { links } = list(3, 1, 2, {
    raw: 'page=1&per_page=5000&include=a,+b&x=%C3%A9!&flag&page=1',
  })
  assert.equal(links.next, `${PATH}?per_page=5000&include=a%2C%20b&x=%C3%A9%21&flag=&page=2`)
})

test('a list that stops after page 10 says so and has nothing beyond', () => {
  const tenth = list(600, 10, 50, { pagesMax: 10 })
  assert.equal(tenth.data.length, 50)
  assert.equal(tenth.links.next, null)
  assert.deepEqual([tenth.meta.last_page, tenth.meta.total], [10, 600])
  const beyond = list(600, 11, 50, { pagesMax: 10 })
  assert.deepEqual(beyond.data, [])
  assert.equal(beyond.meta.last_page, 10)
})

test('every page is listed, beyond a thousand pages a window around the current one', () => {
  assert.equal(list(1_000, 1, 1).meta.links.length, 1_002)
  const labels = list(2_000, 500, 1).meta.links.map(({ label }) => label)
  assert.deepEqual(labels.slice(1, -1), [
    ...['1', '2', '...', '497', '498', '499', '500', '501', '502', '503', '...', '1999', '2000'],
  ])
  const start = list(2_000, 1, 1).meta.links.map(({ label }) => label)
  assert.deepEqual(start.slice(1, -1), ['1', '2', '3', '4', '...', '1999', '2000'])
  const end = list(2_000, 5_000, 1).meta.links.map(({ label }) => label)
  assert.deepEqual(end.slice(1, -1), ['1', '2', '...', '1997', '1998', '1999', '2000'])
})
