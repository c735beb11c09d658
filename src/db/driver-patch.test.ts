import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
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

test('a connection that is lost while it is being opened is opened again, and ends nothing else', async () => {
  // Cuts the first connections in the moment in which the driver asks for the types of arrays.
  let cuts = 5
  const proxy = createServer((client) => {
    const server = createConnection(
      `${embedded.connection.host}/.s.PGSQL.${embedded.connection.port}`,
    )
    client.on('data', (chunk: Buffer) => {
      if (cuts > 0 && chunk.includes('typarray')) {
        cuts -= 1
        client.resetAndDestroy()
      } else server.write(chunk)
    })
    server.on('data', (chunk: Buffer) => client.write(chunk))
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
    for (const socket of [client, server]) socket.on('error', () => {})
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const { port } = proxy.address() as { port: number } // It listens on a port.
  const { database, username } = embedded.connection
  const pool = postgres({
    host: '127.0.0.1',
    port,
    database,
    username,
    max: 2,
    backoff: () => 0.01,
  })
  const results: unknown[] = []
  await until('the pool works', async () => {
    const [one] = await Promise.allSettled([pool`select array[1, 2] as list`])
    results.push(one?.status)
    return one?.status === 'fulfilled'
  })
  assert.equal(cuts, 0)
  assert.deepEqual([...(await pool`select array[1, 2] as list`)], [{ list: [1, 2] }])
  await pool.end()
  proxy.close()
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

test('a commit goes out along with the last statement, and nothing can follow it', async () => {
  const pool = createPool(2)
  let after: Promise<unknown> = Promise.resolve()
  await pool
    .begin(async (tx) => {
      const writing = tx`insert into marks values ('last')`.execute()
      const committing = tx.commit()
      after = assert.rejects(tx`insert into marks values ('after')`, { code: 'TRANSACTION_OVER' })
      await Promise.all([writing, committing])
      await after
    })
    .catch((error) => assert.equal(error.code, 'TRANSACTION_OVER'))
  await after
  assert.deepEqual([...(await admin`select name from marks`)], [{ name: 'last' }])
  await admin`delete from marks`
  await pool.end()
})

test('a last statement that fails undoes everything, and the connection is good for the next', async () => {
  const pool = createPool(1)
  for (let round = 0; round < 3; round++) {
    const transaction = pool.begin(async (tx) => {
      await tx`insert into marks values ('before')`
      const writing = tx`insert into marks select (1 / 0)::text`.execute()
      await Promise.all([writing, tx.commit()])
    })
    await assert.rejects(transaction, { code: '22012' })
  }
  assert.deepEqual([...(await pool`select name from marks`)], [])
  const [state] = await pool`select pg_current_xact_id_if_assigned() as xid`
  assert.equal(state?.xid, null)
  await pool.end()
})

test('what a branch sends after the transaction was undone is refused, not written', async () => {
  const pool = createPool(1)
  let late: unknown
  const transaction = pool.begin((tx) =>
    Promise.all([
      tx`select 1 / 0`,
      tx`select 1`.then(async () => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        await tx`insert into marks values ('late')`.catch((error) => {
          late = error.code
        })
      }),
    ]),
  )
  await assert.rejects(transaction, { code: '22012' })
  await until('the branch has tried', () => late !== undefined)
  assert.equal(late, 'TRANSACTION_OVER')
  assert.deepEqual([...(await pool`select name from marks`)], [])
  await pool.end()
})

test('a commit that is lost with its connection is refused, not waited for', async () => {
  const pool = createPool(2)
  const transaction = pool.begin(async (tx) => {
    const [own] = await tx`select pg_backend_pid() as pid`
    const writing = tx`insert into marks select pg_sleep(60)::text`.execute()
    const committing = tx.commit()
    await until('it works', async () => {
      return (
        (
          await admin`select from pg_stat_activity where pid = ${own?.pid} and wait_event = 'PgSleep'`
        ).length > 0
      )
    })
    await endSession(own?.pid)
    await Promise.all([writing, committing])
  })
  await assert.rejects(transaction, ({ code }) => /^(57P01|CONNECTION_CLOSED)$/.test(code))
  assert.deepEqual([...(await pool`select name from marks`)], [])
  await pool.end()
})

test('eager transactions of many callers never share a connection', async () => {
  const pool = createPool(4)
  const text = 'x'.repeat(200_000)
  const round = async (number: number) => {
    const results = await Promise.all([
      pool.begin('eager', async (tx) => {
        const [first] = await tx`select pg_backend_pid() as pid, length(${text}) as length`
        await new Promise((resolve) => setTimeout(resolve, number % 3))
        await tx`create temporary table mine (name text) on commit drop`
        const writing =
          tx`insert into mine values (${text}) returning pg_backend_pid() as pid`.execute()
        const [[second]] = await Promise.all([writing, tx.commit()])
        return first?.pid === second?.pid
      }),
      // Would see the table if it ran inside of the transaction.
      pool`select to_regclass('pg_temp.mine') is null and length(${text}) > 0 as alone`.then(
        ([row]) => row?.alone,
      ),
    ])
    assert.deepEqual(results, [true, true])
  }
  for (let turn = 0; turn < 5; turn++)
    await Promise.all(Array.from({ length: 16 }, (_, n) => round(n)))
  await pool.end()
})

test('a queue that is never empty does not grow with every query', async () => {
  const folder = new URL('.', import.meta.resolve('postgres'))
  const { default: createQueue } = (await import(new URL('queue.js', folder).href)) as {
    default: () => { push: (x: number) => void; shift: () => number; length: number }
  }
  const queue = createQueue()
  for (let n = 0; n < 4; n++) queue.push(n)
  const before = process.memoryUsage().heapUsed
  for (let n = 4; n < 4_000_004; n++) {
    queue.push(n)
    if (queue.shift() !== n - 4) assert.fail('out of order')
  }
  assert.equal(queue.length, 4)
  // Four million places of eight bytes, had it kept them.
  assert.ok(process.memoryUsage().heapUsed - before < 24_000_000)
})
