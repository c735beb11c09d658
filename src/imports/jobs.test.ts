import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test, { after, before } from 'node:test'
import { pino } from 'pino'
import { openTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { type CellInput, HEADER, workbook } from '../../test/support/workbook.ts'
import { transact } from '../db/transact.ts'
import { createGroupCommit } from '../ledger/group-commit.ts'
import { issueCards } from '../ledger/issue.ts'
import { reserveCodes } from '../ledger/reservations.ts'
import { verifyChains, verifyTotals } from '../ledger/verify.ts'
import { fromDate, wallClock } from '../money/instant.ts'
import { book } from '../services/book.ts'
import { createImports, type Imports } from '../services/imports.ts'
import { verifyImports } from '../services/imports-check.ts'
import type { ImportJob, ReadImport } from '../services/imports-commands.ts'
import { readImportHere } from './reader.ts'

const log = pino({ level: 'silent' })

let database: TestDatabase
let imports: Imports
before(async () => {
  database = await openTestDatabase()
  imports = open(database)
})
after(() => database.close())

/** The verbs of one server process. */
const open = ({ db }: TestDatabase): Imports =>
  createImports({
    db,
    now: wallClock,
    randomBytes,
    commit: createGroupCommit({ db, now: wallClock, saveRemembered: async () => {} }),
    log,
    dataDirectory: '',
  })

const never = new AbortController().signal
const here: ReadImport = (task) => readImportHere(task)

type Account = { readonly merchantId: bigint; readonly userId: bigint }

async function account(): Promise<Account> {
  const { owner } = database
  const slug = `m-${randomBytes(6).toString('hex')}`
  const [merchant] = await owner<[{ id: bigint }]>`
    insert into merchants (slug, name, country, currency, timezone)
    values (${slug}, 'Acme', 'DE', 'EUR', 'Europe/Berlin') returning id`
  const [user] = await owner<[{ id: bigint }]>`
    insert into credentials (merchant_id, name, dialect) values (${merchant.id}, 'till', 'inventorum') returning id`
  for (const rate of ['19', '7', '0'])
    await owner`insert into inventorum_tax_types (merchant_id, name, rate) values (${merchant.id}, ${`${rate}%`}, ${rate}::numeric)`
  return { merchantId: merchant.id, userId: user.id }
}

const row = (code: string, amount: CellInput = 50, rate: CellInput = 19): CellInput[] => [
  code,
  `Card ${code}`,
  '31.12.2032',
  amount,
  rate,
]
const file = (...rows: readonly CellInput[][]): Buffer => workbook({ rows: [HEADER, ...rows] })

const submit = (to: Account, bytes: Buffer): Promise<ImportJob> =>
  imports.submit({ ...to, file: bytes, fileName: 'old_cards.xlsx' })

async function get({ merchantId, id }: ImportJob): Promise<ImportJob> {
  const job = await imports.find(merchantId, id)
  assert.ok(job)
  return job
}

const importNow = async (to: Account, bytes: Buffer): Promise<ImportJob> => {
  const job = await submit(to, bytes)
  await imports.run(here, never)
  return get(job)
}

type CardRow = {
  code: string | null
  balance: bigint
  purpose: string
  rate: string | null
  expires_at: bigint
  name: string
}
const cardsOf = ({ merchantId }: Account) => database.owner<CardRow[]>`
  select c.code, c.balance, c.purpose, c.tax_rate::text as rate, c.expires_at, i.name
  from cards c join inventorum_cards i on i.merchant_id = c.merchant_id and i.card_id = c.id
  where c.merchant_id = ${merchantId} and c.removed_at is null order by c.id`

/** What a merchant owes by its journal; every balance must agree with it. */
async function proveLedger({ merchantId }: Account): Promise<bigint> {
  const [sums] = await database.owner<
    [{ entries: bigint; balances: bigint; live: bigint; blocks: bigint }]
  >`
    select (select coalesce(sum(amount), 0)::int8 from entries where merchant_id = ${merchantId}) as entries,
      (select coalesce(sum(balance), 0)::int8 from cards where merchant_id = ${merchantId}) as balances,
      (select count(*) from cards where merchant_id = ${merchantId} and removed_at is null) as live,
      (select coalesce(sum(live), 0)::int8 from card_blocks where merchant_id = ${merchantId}) as blocks`
  assert.equal(sums.entries, sums.balances)
  assert.equal(sums.live, sums.blocks)
  assert.equal((await verifyChains(database.owner, merchantId)).broken, undefined)
  assert.equal(await verifyTotals(database.owner, merchantId), undefined)
  assert.equal(await verifyImports(database.owner, merchantId), undefined)
  return sums.entries
}

test('a file is accepted at once and imported by whoever works on jobs', async () => {
  const shop = await account()
  const job = await submit(shop, file(row('AAAA-1111', 50.5), row('bbbb-2222', 12, 0)))
  assert.equal(job.state, 'queued')
  assert.equal(job.completedAt, undefined)
  assert.ok(job.opaque.length >= 22)
  await imports.run(here, never)
  const done = await get(job)
  assert.equal(done.state, 'done')
  assert.equal(done.imported, 2)
  assert.equal(done.completedAt, done.changedAt)
  const expires_at = fromDate(new Date('2032-12-31T22:59:59Z'))
  assert.deepEqual(
    [...(await cardsOf(shop))],
    [
      {
        code: 'AAAA-1111',
        balance: 5_050_000n,
        purpose: 'single',
        rate: '19.0000000000',
        expires_at,
        name: 'Card AAAA-1111',
      },
      {
        code: 'bbbb-2222',
        balance: 1_200_000n,
        purpose: 'multi',
        rate: null,
        expires_at,
        name: 'Card bbbb-2222',
      },
    ],
  )
  assert.equal(await proveLedger(shop), 6_250_000n)
})

test('a file with one bad cell imports nothing', async () => {
  const shop = await account()
  const job = await importNow(shop, file(row('AAAA-1111'), row('BBBB-2222', 0), row('x', 1, 5)))
  assert.equal(job.state, 'failed')
  assert.deepEqual(job.faults, [
    ['D3', 'Ensure this value is greater than 0.'],
    ['A4', 'Ensure this field has at least 8 characters.'],
    ['E4', 'Tax rate does not match any tax rate of the account.'],
  ])
  assert.equal(job.completedAt, undefined)
  assert.equal((await cardsOf(shop)).length, 0)
})

test('codes of cards of any protocol, and of reservations, are taken, whatever their case', async () => {
  const shop = await account()
  const { merchantId } = shop
  await transact(database.db, async (tx) => {
    const origin = { protocol: 'pretix', actingMerchantId: merchantId }
    const draft = { currency: 'EUR', amount: 0n, origin }
    await issueCards(
      tx,
      merchantId,
      [
        { ...draft, code: 'Live-Card-1' },
        { ...draft, code: 'test-card-1', testmode: true },
      ],
      { now: wallClock() },
    )
    await reserveCodes(
      tx,
      { merchantId, currency: 'EUR', protocol: 'inventorum' },
      ['PRE-CODED-1'],
      wallClock(),
    )
  })
  const job = await importNow(
    shop,
    file(...['pre-coded-1', 'FREE-CODE', 'LIVE-CARD-1', 'TEST-CARD-1'].map((code) => row(code))),
  )
  assert.deepEqual(job.faults, [
    ['redeem_code', "Duplicate redeem codes ['pre-coded-1', 'LIVE-CARD-1', 'TEST-CARD-1']."],
  ])
  assert.equal((await cardsOf(shop)).length, 0)
})

test('the same file twice is imported once', async () => {
  const shop = await account()
  const bytes = file(row('AAAA-1111'), row('BBBB-2222'))
  const [first, second] = await Promise.all([submit(shop, bytes), submit(shop, bytes)])
  await imports.run(here, never)
  const states = [(await get(first)).state, (await get(second)).state]
  assert.deepEqual(states.sort(), ['done', 'failed'])
  assert.equal((await cardsOf(shop)).length, 2)
  assert.equal(await proveLedger(shop), 10_000_000n)
})

test('two merchants may have the same codes', async () => {
  const [one, other] = [await account(), await account()]
  assert.equal((await importNow(one, file(row('AAAA-1111')))).state, 'done')
  assert.equal((await importNow(other, file(row('AAAA-1111')))).state, 'done')
})

test('several processes run the jobs of a merchant one at a time, in order', async () => {
  const shop = await account()
  const jobs: ImportJob[] = []
  for (let i = 0; i < 6; i += 1) jobs.push(await submit(shop, file(row(`CODE-${i}-000`))))
  const order: string[] = []
  let busy = 0
  const watched: ReadImport = async (task, signal) => {
    busy += 1
    assert.equal(busy, 1)
    await new Promise((resolve) => setImmediate(resolve))
    const plan = await here(task, signal)
    busy -= 1
    if ('cards' in plan) order.push(plan.cards[0]?.code ?? '')
    return plan
  }
  const processes = [imports, open(database), open(database)]
  await Promise.all(processes.map((process) => process.run(watched, never)))
  // A process that found the first job taken went away; whoever had it went on with the rest.
  assert.deepEqual(order, [
    'CODE-0-000',
    'CODE-1-000',
    'CODE-2-000',
    'CODE-3-000',
    'CODE-4-000',
    'CODE-5-000',
  ])
  for (const job of jobs) assert.equal((await get(job)).state, 'done')
})

test('a job whose process died is taken up again and done once', async () => {
  const shop = await account()
  const job = await submit(shop, file(row('AAAA-1111')))
  const dying: ReadImport = async (task, signal) => {
    await here(task, signal)
    throw new Error('the process is gone')
  }
  await imports.run(dying, never)
  assert.equal((await get(job)).state, 'running')
  assert.equal((await cardsOf(shop)).length, 0)
  await open(database).run(here, never)
  assert.equal((await get(job)).state, 'done')
  assert.equal((await cardsOf(shop)).length, 1)
})

test('a job that never ends is given up, and the next one has its turn', async () => {
  const shop = await account()
  const stuck = await submit(shop, file(row('AAAA-1111')))
  const next = await submit(shop, file(row('BBBB-2222')))
  const dying: ReadImport = () => Promise.reject(new Error('again'))
  for (let i = 0; i < 20; i += 1) await imports.run(dying, never)
  assert.equal((await get(stuck)).state, 'running')
  await imports.run(here, never)
  assert.deepEqual((await get(stuck)).faults, [['source_file', 'The file could not be imported.']])
  assert.equal((await get(next)).state, 'done')
})

test('a merchant with a broken job keeps nobody else waiting', async () => {
  const [broken, fine] = [await account(), await account()]
  const first = await submit(broken, file(row('AAAA-1111')))
  const second = await submit(fine, file(row('AAAA-1111')))
  const failing: ReadImport = (task, signal) =>
    task.sentAt === first.createdAt ? Promise.reject(new Error('broken')) : here(task, signal)
  await imports.run(failing, never)
  assert.equal((await get(second)).state, 'done')
  await imports.run(here, never)
})

test('a merchant may not pile up jobs without end', async () => {
  const shop = await account()
  const bytes = Buffer.from('no workbook')
  for (let i = 0; i < 100; i += 1) await submit(shop, bytes)
  await assert.rejects(submit(shop, bytes), { refusal: { code: 'overloaded' } })
  assert.equal(await imports.count(shop.merchantId), 100)
  await imports.run(here, never)
  await submit(shop, bytes)
  const newest = await imports.list(shop.merchantId, { offset: 0, limit: 2 })
  assert.deepEqual(
    newest.map(({ state }) => state),
    ['queued', 'failed'],
  )
  await imports.run(here, never)
})

test('a page with more faults than fit in memory is refused, a shorter one is not', async () => {
  const shop = await account()
  for (let i = 0; i < 5; i += 1) await importNow(shop, Buffer.from('no workbook'))
  await database.owner`
    update imports set faults = '[["A2","' || repeat('x', 8000000) || '"]]' where merchant_id = ${shop.merchantId}`
  const list = (limit: number) => imports.list(shop.merchantId, { offset: 0, limit })
  await assert.rejects(list(5), { refusal: { code: 'overloaded' } })
  assert.equal((await list(4)).length, 4)
})

test('undoing voids the cards, frees their codes, and can be done once', async () => {
  const shop = await account()
  const job = await importNow(shop, file(row('AAAA-1111'), row('BBBB-2222', 12, 0)))
  const undo = () => imports.undo({ ...shop, id: job.id })
  assert.equal(await undo(), 'undone')
  const undone = await get(job)
  assert.deepEqual([undone.state, undone.imported], ['undone', 2])
  assert.equal((await cardsOf(shop)).length, 0)
  assert.equal(await proveLedger(shop), 0n)
  const kinds = await database.owner<{ kind: string }[]>`
    select kind from entries where merchant_id = ${shop.merchantId} order by id`
  assert.deepEqual(
    kinds.map(({ kind }) => kind),
    ['issue', 'issue', 'void', 'void'],
  )
  assert.equal(await undo(), 'not_undoable')
  assert.equal((await importNow(shop, file(row('aaaa-1111'), row('BBBB-2222')))).state, 'done')
  assert.equal(await proveLedger(shop), 10_000_000n)
})

test('an import of which one card was used, loaded or held cannot be undone', async () => {
  const shop = await account()
  const { merchantId } = shop
  const { db } = database
  const commit = createGroupCommit({ db, now: wallClock, saveRemembered: async () => {} })
  const origin = { protocol: 'pretix', actingMerchantId: merchantId }
  const uses = [
    { verb: 'redeem', amount: 1_000n },
    { verb: 'load', amount: 1_000n },
    { verb: 'hold', amount: 1_000n, holdId: 1n, owner: 'x', expiresAt: wallClock() + 60_000_000n },
  ] as const
  for (const [index, use] of uses.entries()) {
    const job = await importNow(shop, file(row(`USED-CARD-${index}`), row(`FREE-CARD-${index}`)))
    const [card] = await database.owner<[{ id: bigint }]>`
      select id from cards where merchant_id = ${merchantId} and code = ${`USED-CARD-${index}`}`
    await book({ commit })({ merchantId, command: { ...use, cardId: card.id, origin } })
    const before = await proveLedger(shop)
    assert.equal(await imports.undo({ ...shop, id: job.id }), 'not_undoable')
    assert.equal((await get(job)).state, 'done')
    assert.equal(await proveLedger(shop), before)
  }
  await commit.close()
})

test('a finished import that lost a card is found out', async () => {
  const shop = await account()
  const job = await importNow(shop, file(row('AAAA-1111'), row('BBBB-2222')))
  await database.owner`
    update inventorum_cards set import_id = null where merchant_id = ${shop.merchantId}
      and card_id = (select min(card_id) from inventorum_cards where merchant_id = ${shop.merchantId})`
  assert.equal(
    await verifyImports(database.owner, shop.merchantId),
    `import ${job.id}: it does not have as many cards as it says`,
  )
})

test('what did not end well cannot be undone, and what is not there cannot either', async () => {
  const shop = await account()
  const failed = await importNow(shop, Buffer.from('x'))
  const queued = await submit(shop, file(row('AAAA-1111')))
  assert.equal(await imports.undo({ ...shop, id: failed.id }), 'not_undoable')
  assert.equal(await imports.undo({ ...shop, id: queued.id }), 'not_undoable')
  assert.equal(await imports.undo({ ...(await account()), id: failed.id }), 'not_found')
  await imports.run(here, never)
  assert.equal((await get(queued)).state, 'done')
})

test('two who undo the same import take its value back once', async () => {
  const shop = await account()
  const job = await importNow(shop, file(row('AAAA-1111')))
  const outcomes = await Promise.all([1, 2, 3].map(() => imports.undo({ ...shop, id: job.id })))
  assert.deepEqual(outcomes.sort(), ['not_undoable', 'not_undoable', 'undone'])
  assert.equal(await proveLedger(shop), 0n)
})

test('a file is found by its merchant, segment and name together', async () => {
  const shop = await account()
  const bytes = randomBytes(3_000)
  const job = await submit(shop, bytes)
  const { merchantId, opaque, fileName } = job
  assert.deepEqual(await imports.findFile(merchantId, opaque, fileName), bytes)
  assert.equal(await imports.findFile(merchantId, opaque, 'x'), undefined)
  assert.equal(await imports.findFile(merchantId + 1n, opaque, fileName), undefined)
  await imports.run(here, never)
})
