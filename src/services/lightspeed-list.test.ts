import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import fc from 'fast-check'
import { openTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import {
  type Comparison,
  compareCodePoints,
  type Filter,
  type FilterRecord,
  matches,
  type TextMatch,
} from './lightspeed-filter.ts'
import { type ListSource, listIds } from './lightspeed-list.ts'

/** Serials in which case, accents, wildcards and escapes all matter. */
const SERIALS = [
  ...['TEA-0042', 'tea-0042', 'Tëa', 'tea', 'crème', 'CREME', 'straße', 'STRASSE', 'a_b%c', 'a\\b'],
  ...[
    'ÀÉ',
    'àé',
    'a\u0300e\u0301',
    '*?',
    'ΣΟΣ',
    'σος',
    'ﬀ',
    '\uFFFD',
    '😀',
    'ſ',
    'K',
    'K',
    'ı',
    'I',
  ],
]
const START = 1_700_000_000_000_000n
const ROWS: readonly FilterRecord[] = SERIALS.map((serial, index) => ({
  id: BigInt(index + 1),
  serial,
  flag: index % 3 === 0,
  at: START + BigInt(index) * 250_001n,
}))

let database: TestDatabase
let source: ListSource
before(async () => {
  database = await openTestDatabase()
  const { db, owner } = database
  await owner`create table things (id int8 not null, serial text not null, flag bool not null, at timestamptz not null)`
  await owner`grant select on things to public`
  for (const { id, serial, flag, at } of ROWS)
    await owner`insert into things values (${id as bigint}, ${serial as string}, ${flag as boolean}, ${at as bigint}::timestamptz)`
  source = {
    from: db`things where true`,
    columns: {
      id: { sql: db`id`, type: 'int8' },
      serial: { sql: db`serial`, type: 'text' },
      flag: { sql: db`flag`, type: 'bool' },
      at: { sql: db`at`, type: 'timestamptz' },
    },
  }
})
after(() => database.close())

const piece = fc.constantFrom(
  ...SERIALS,
  '',
  'e',
  'A',
  '*',
  '?',
  '%',
  '_',
  '\\',
  'a*',
  '*?*',
  '042',
)
const comparison = fc.constantFrom<Comparison>('=', '!=', '<', '<=', '>', '>=')
const flag = fc.boolean()
const leaf: fc.Arbitrary<Filter> = fc.oneof(
  fc.constantFrom<Filter>({ kind: 'all' }, { kind: 'none' }),
  fc.record({
    kind: fc.constant('compare' as const),
    field: fc.constant('id'),
    op: comparison,
    value: fc.oneof(fc.bigInt({ min: -3n, max: 30n }), fc.bigInt(), fc.constant(undefined)),
  }),
  fc.record({
    kind: fc.constant('compare' as const),
    field: fc.constant('serial'),
    op: comparison,
    value: fc.oneof(piece, fc.constant(undefined)),
  }),
  fc.record({
    kind: fc.constant('compare' as const),
    field: fc.constant('at'),
    op: comparison,
    value: fc.bigInt({ min: START - 1n, max: START + 6_000_000n }),
  }),
  fc.record({
    kind: fc.constant('compare' as const),
    field: fc.constant('flag'),
    op: fc.constantFrom<Comparison>('=', '!='),
    value: fc.oneof(flag, fc.constant(undefined)),
  }),
  fc.record({
    kind: fc.constant('match' as const),
    field: fc.constant('serial'),
    op: fc.constantFrom<TextMatch>('contains', 'beginswith', 'endswith', 'like'),
    value: piece,
    folding: fc.record({ case: flag, marks: flag }),
  }),
)
const filterOfDepth = (depth: number): fc.Arbitrary<Filter> =>
  depth === 0
    ? leaf
    : fc.oneof(
        leaf,
        fc.record({ kind: fc.constant('not' as const), term: filterOfDepth(depth - 1) }),
        fc.record({
          kind: fc.constantFrom('and' as const, 'or' as const),
          terms: fc.array(filterOfDepth(depth - 1), { minLength: 1, maxLength: 3 }),
        }),
      )

it('the database finds exactly what the predicate says, in the order and on the page asked for', async () => {
  const wish = fc.record({
    filter: filterOfDepth(3),
    order: fc.array(
      fc.record({ field: fc.constantFrom('id', 'serial', 'flag', 'at'), descending: flag }),
      { maxLength: 2 },
    ),
    offset: fc.nat(6),
    count: fc.option(fc.nat(8), { nil: undefined }),
  })
  await fc.assert(
    fc.asyncProperty(wish, async (wanted) => {
      const { ids, total } = await listIds(database.db, source, wanted)
      const expected = ROWS.filter((row) => matches(wanted.filter, row))
        .toSorted((a, b) => {
          for (const { field, descending } of wanted.order) {
            const order = compare(a[field], b[field])
            if (order !== 0) return descending ? -order : order
          }
          return compare(a.id, b.id)
        })
        .map((row) => row.id)
      assert.equal(total, expected.length)
      const end = wanted.count === undefined ? undefined : wanted.offset + wanted.count
      assert.deepEqual(ids, expected.slice(wanted.offset, end))
    }),
    { numRuns: 600 },
  )
})

function compare(left: FilterRecord[string], right: FilterRecord[string]): number {
  if (typeof left === 'string' && typeof right === 'string') return compareCodePoints(left, right)
  return Number(left) - Number(right)
}
