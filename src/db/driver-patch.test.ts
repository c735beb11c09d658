import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import postgres from 'postgres'
import { createBox, until } from '../../test/support/neighbour.ts'
import { assertPatched } from './driver-patch.ts'
import { openEmbedded } from './embedded.ts'

const box = await createBox()
const embedded = await openEmbedded({ dataDirectory: box.newDataFolder() })
const admin = createPool(1)
await admin`create table marks (name text)`
after(async () => {
  await admin.end()
  await embedded.stop()
})

function createPool(max: number): postgres.Sql {
  const pool = postgres({ ...embedded.connection, max, onnotice: () => {} })
  assertPatched(pool)
  return pool
}

async function endSession(pid: unknown): Promise<void> {
  await admin`select pg_terminate_backend(${Number(pid)})`
  await until('the session is gone', async () => {
    return (await admin`select from pg_stat_activity where pid = ${Number(pid)}`).length === 0
  })
}

test('a transaction that has lost its connection writes nothing more, even if the pool has a new one', async () => {
  const pool = createPool(1)
  const nothing: Promise<unknown> = Promise.resolve()
  let rest = nothing
  const transaction = pool.begin(async (tx) => {
    const [own] = await tx`select pg_backend_pid() as pid`
    await tx`insert into marks values ('before')`
    // Waits for the pool's only connection, and gets a new one as soon as this one is lost.
    const other = pool`select 1 as one`
    await endSession(own?.pid)
    assert.deepEqual([...(await other)], [{ one: 1 }])
    rest = Promise.allSettled([tx`insert into marks values ('after')`])
    await rest
  })
  await assert.rejects(transaction, { code: 'CONNECTION_CLOSED' })
  await until('the other query is through', () => rest !== nothing)
  await rest
  assert.deepEqual([...(await admin`select name from marks`)], [])
  await pool.end()
})

test('whatever a transaction is doing when its connection is lost, it is refused and nothing else', async () => {
  const pool = createPool(4)
  const works: ((tx: postgres.TransactionSql) => Promise<unknown>)[] = [
    (tx) => tx`select pg_sleep(60)`,
    (tx) => Promise.all([tx`select pg_sleep(60)`, tx`select 1`, tx`select 2`]),
    (tx) => tx`select pg_sleep(60)`.catch(() => tx`insert into marks values ('after')`),
    (tx) => tx.savepoint((inner) => inner`select pg_sleep(60)`),
  ]
  const transactions = works.map((work) => {
    const transaction = pool.begin(async (tx) => {
      await tx`select 1`
      await work(tx)
    })
    // The server's farewell, or, where that is lost, the driver's own word for it.
    return assert.rejects(transaction, ({ code }) => /^(57P01|CONNECTION_CLOSED)$/.test(code))
  })
  const listSleepers = () => admin`
    select pid from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active'
      and pid <> pg_backend_pid()`
  await until('all are busy', async () => (await listSleepers()).length === works.length)
  for (const { pid } of await listSleepers()) await endSession(pid)
  await Promise.all(transactions)
  assert.deepEqual([...(await admin`select name from marks`)], [])
  // Every connection of the pool is good again.
  await Promise.all(works.map(() => pool`select pg_sleep(0.05)`))
  await pool.end()
})

test('a busy pool recovers by itself when the server is killed', async () => {
  const pool = createPool(4)
  let done = 0
  let isOver = false
  const worker = async () => {
    while (!isOver) {
      const round = [
        pool`select 1`,
        pool.begin(async (tx) => {
          await tx`select 1`
          await tx`select 2`
        }),
      ]
      const results = await Promise.allSettled(round)
      if (results.every(({ status }) => status === 'fulfilled')) done += 1
    }
  }
  const workers = Array.from({ length: 12 }, worker)
  for (let kill = 0; kill < 3; kill++) {
    const before = done
    await until('work is done', () => done > before + 100)
    const { pid } = embedded
    process.kill(-pid, 'SIGKILL')
    await until('there is a new server', () => embedded.pid !== pid)
  }
  const before = done
  await until('work is done again', () => done > before + 100)
  isOver = true
  await Promise.all(workers)
  await Promise.all(Array.from({ length: 4 }, () => pool`select pg_sleep(0.05)`))
  await pool.end()
})
