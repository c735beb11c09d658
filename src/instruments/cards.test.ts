import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { openTestDatabase } from '../../test/support/database.ts'
import { GENESIS } from '../ledger/entry.ts'
import { type CardFilter, countCards, listCards } from './cards.ts'

const { db, owner, close } = await openTestDatabase()
after(close)

/** Ids in one block, as 0001_ledger.sql counts them. */
const BLOCK = 4_096

/** When everything is read. */
const NOW = 1_700_000_000_000_000n

type Row = {
  id: number
  merchant: number
  testmode: boolean
  removed: boolean
  balance: bigint
  expiresAt: bigint | null
}

/** Cards far apart and close together, some of them taken back, some blocks left empty by that. */
const rows: fc.Arbitrary<Row[]> = fc.uniqueArray(
  fc.record({
    id: fc
      .tuple(fc.nat(12), fc.constantFrom(1, 2, 3, 17, BLOCK - 2, BLOCK - 1))
      .map(([block, place]) => block * BLOCK + place),
    merchant: fc.constantFrom(1, 1, 1, 2),
    testmode: fc.boolean(),
    removed: fc.boolean(),
    balance: fc.constantFrom(0n, 999n, 1_000n, 1_999n, 2_000n),
    expiresAt: fc.constantFrom(null, NOW - 1n, NOW, NOW + 1n),
  }),
  { selector: ({ id }) => id, maxLength: 40 },
)

const filters: fc.Arbitrary<CardFilter> = fc.record(
  {
    code: fc.constantFrom('c1', 'C2', 'c4095'),
    testmode: fc.boolean(),
    expired: fc.boolean(),
    balanceCents: fc.constantFrom(0n, 1_000n),
  },
  { requiredKeys: [] },
)

/** The same filter, said in the plainest way. */
function passes(card: Row, { code, testmode, expired, balanceCents }: CardFilter): boolean {
  const cents = card.balance - (card.balance % 1_000n)
  return (
    (code === undefined || code.toLowerCase() === `c${card.id}`) &&
    (testmode === undefined || card.testmode === testmode) &&
    (expired === undefined || (card.expiresAt !== null && card.expiresAt < NOW) === expired) &&
    (balanceCents === undefined || cents === balanceCents)
  )
}

const [one, two] = await owner<{ id: bigint }[]>`
  insert into merchants (slug, name, country, currency, timezone)
  select slug, slug, 'DE', 'EUR', 'UTC' from unnest(array['one', 'two']) slug returning id`
if (!one || !two) throw new Error('no merchants')
const idOf = (merchant: number): bigint => (merchant === 1 ? one.id : two.id)

async function store(cards: readonly Row[]): Promise<void> {
  await owner`truncate card_blocks, cards cascade`
  const column = <T>(read: (row: Row) => T): T[] => cards.map(read)
  await owner`
    insert into cards (merchant_id, id, code, currency, testmode, balance, loaded, face, origin, created_at,
      modified_at, last_seq, last_hash, removed_at, expires_at)
    select merchant_id, id, 'C' || id, 'EUR', testmode, balance, balance, 0, 'pretix', now(), now(), 1,
      decode(${GENESIS}, 'hex'), case when removed then now() end, expires_at
    from unnest(${column(({ merchant }) => idOf(merchant))}::int8[], ${column(({ id }) => BigInt(id))}::int8[],
      ${column(({ testmode }) => testmode)}::bool[], ${column(({ removed }) => removed)}::bool[],
      ${column(({ balance }) => balance)}::int8[], ${column(({ expiresAt }) => expiresAt)}::timestamptz[]
    ) as c (merchant_id, id, testmode, removed, balance, expires_at)`
  await owner`
    insert into card_blocks (merchant_id, block, live, test)
    select merchant_id, id >> 12, count(*) filter (where not testmode and removed_at is null),
      count(*) filter (where testmode and removed_at is null)
    from cards group by 1, 2`
}

test('any page of any list holds what skipping rows one by one would find, and its count is exact', async () => {
  await fc.assert(
    fc.asyncProperty(
      rows,
      fc.constantFrom<readonly number[]>([1], [1, 2], [2], [2, 1]),
      filters,
      fc.constantFrom(1, 2, 7, 50),
      async (cards, merchants, filter, limit) => {
        await store(cards)
        const ids = merchants.map(idOf)
        const expected = cards
          .filter(({ merchant, removed }) => merchants.includes(merchant) && !removed)
          .filter((card) => passes(card, filter))
          .map(({ id }) => id)
          .sort((a, b) => a - b)
        assert.equal(await countCards(db, ids, NOW, filter), expected.length)
        for (let offset = 0; offset <= expected.length + limit; offset += limit) {
          const page = await listCards(db, ids, NOW, filter, { offset, limit })
          assert.deepEqual(
            page.map(({ id }) => Number(id)),
            expected.slice(offset, offset + limit),
          )
        }
      },
    ),
    { numRuns: 150 },
  )
})
