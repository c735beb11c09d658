import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { openTestDatabase } from '../../test/support/database.ts'
import { INSTANT_MAX, INSTANT_MIN } from '../money/instant.ts'
import { serializeInstant } from './database.ts'

const { db, close } = await openTestDatabase({ connections: 1 })
after(close)

test('an instant of any year from 1 to 9999 comes back to the microsecond', async () => {
  const instants = fc.array(fc.bigInt({ min: INSTANT_MIN, max: INSTANT_MAX }), { maxLength: 50 })
  const edges = [
    INSTANT_MIN,
    ...[-1n, 0n, 1n, 1_000n, 500_000n, 999_999n, 1_000_000n],
    ...[
      '0099-12-31T23:59:59Z',
      '0100-01-01T00:00:00Z',
      '2255-06-05T23:47:34Z',
      '2256-01-01T00:00:00Z',
    ]
      .map((text) => BigInt(Date.parse(text)) * 1_000n)
      .flatMap((instant) => [instant - 1n, instant, instant + 10n]),
    INSTANT_MAX,
  ]
  const readBack = async (values: readonly bigint[]) => {
    const rows = await db<{ at: bigint }[]>`
      select at::timestamptz from unnest(${values.map(serializeInstant)}::text[]) with ordinality as t (at, n) order by n`
    assert.deepEqual(
      rows.map(({ at }) => at),
      values,
    )
  }
  await readBack(edges)
  await fc.assert(fc.asyncProperty(instants, readBack), { numRuns: 100 })
})

test('a time outside of those years is refused, not misread', async () => {
  for (const time of ['infinity', '-infinity', '10000-01-01'])
    await assert.rejects(db`select ${time}::timestamptz`, RangeError)
  assert.deepEqual([...(await db`select 1 as one`)], [{ one: 1 }])
})

test('a row reads the same, however many columns it has and whatever is in them', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.replaceAll('\0', '')),
    fc.string({ maxLength: 2_000 }).map((value) => value.replaceAll('\0', '')),
    fc.constantFrom('é', 'ÿ', '\u007f', '\u0080', '{"ß"}', ''),
  )
  const row = fc.record({
    texts: fc.array(fc.option(text), { minLength: 1, maxLength: 30 }),
    number: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    list: fc.array(text, { maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(row, async ({ texts, number, list }) => {
      const columns = texts.map((_, at) => `$${at + 1}::text as c${at}`)
      const [found] = await db.unsafe(
        `select ${columns.join(', ')}, $${texts.length + 1}::int8 as number, $${texts.length + 2}::text[] as list`,
        [...texts, number.toString(), list],
      )
      const names = Object.fromEntries(texts.map((value, at) => [`c${at}`, value]))
      assert.deepEqual({ ...found }, { ...names, number, list })
      assert.deepEqual(Object.keys(found ?? {}), [...Object.keys(names), 'number', 'list'])
    }),
    { numRuns: 300 },
  )
})
