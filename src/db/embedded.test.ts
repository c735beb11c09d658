import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import postgres from 'postgres'
import {
  createBox,
  isAlive,
  openNeighbour,
  stopNeighbour,
  until,
  using,
} from '../../test/support/neighbour.ts'
import { openEmbedded } from './embedded.ts'

const box = await createBox()

test('the first start makes a durable, socket-only database, and a restart keeps what is in it', async () => {
  const dataDirectory = box.newDataFolder()
  const first = await openEmbedded({ dataDirectory })
  assert.equal(first.started, true)
  await using(first, async (sql) => {
    const settings = await sql`
      select name, setting from pg_settings
      where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums',
        'listen_addresses', 'TimeZone', 'server_encoding') order by name`
    assert.deepEqual(Object.fromEntries(settings.map(({ name, setting }) => [name, setting])), {
      TimeZone: 'UTC',
      data_checksums: 'on',
      fsync: 'on',
      full_page_writes: 'on',
      listen_addresses: '',
      server_encoding: 'UTF8',
      synchronous_commit: 'on',
    })
    assert.deepEqual(
      [...(await sql`select current_database() as database, current_user as user`)],
      [{ database: 'scrip', user: 'postgres' }],
    )
    await sql`create table kept (id int primary key)`
    await sql`insert into kept values (7)`
  })
  await first.stop()
  await until('it is gone', () => !isAlive(first.pid))
  assert.equal((await stat(join(dataDirectory, 'postgres'))).mode & 0o777, 0o700)

  const second = await openEmbedded({ dataDirectory })
  assert.equal(second.started, true)
  assert.deepEqual(await using(second, async (sql) => [...(await sql`select id from kept`)]), [
    { id: 7 },
  ])
  await second.stop()
  await second.stop() // A second time does nothing.
})

test('values never reach the log: not in failed statements, not in their details', async () => {
  const dataDirectory = box.newDataFolder()
  const embedded = await openEmbedded({ dataDirectory })
  await using(embedded, async (sql) => {
    await sql`create table codes (code text primary key)`
    await sql`insert into codes values (${'CASH-1'})`
    await assert.rejects(sql`insert into codes values (${'CASH-1'})`, { code: '23505' })
    await assert.rejects(sql`select 'CASH-2'::int`, { code: '22P02' })
    await assert.rejects(sql.unsafe(`selec 'CASH-3'`), { code: '42601' })
  })
  await embedded.stop()
  const log = await readFile(join(dataDirectory, 'postgres.log'), 'utf8')
  assert.match(log, /database system is ready/)
  assert.doesNotMatch(log, /CASH/)
})

test('a second process joins, and only the last one to leave stops the server', async () => {
  const dataDirectory = box.newDataFolder()
  const first = await openEmbedded({ dataDirectory })
  const neighbour = await openNeighbour(dataDirectory)
  assert.deepEqual([neighbour.started, neighbour.pid], [false, first.pid])
  await first.stop()
  assert.equal(isAlive(first.pid), true)
  await stopNeighbour(neighbour)
  await until('it is gone', () => !isAlive(first.pid))
})

test('a session of any other program keeps the server running', async () => {
  const dataDirectory = box.newDataFolder()
  const first = await openEmbedded({ dataDirectory })
  const other = postgres({ ...first.connection, max: 1 })
  await other`select 1`
  await first.stop()
  assert.deepEqual([...(await other`select 1 as one`)], [{ one: 1 }])
  await other.end()
  const second = await openEmbedded({ dataDirectory })
  assert.deepEqual([second.started, second.pid], [false, first.pid])
  await second.stop()
  await until('it is gone', () => !isAlive(first.pid))
})

test('of several first starts at once, exactly one makes and starts the server', async () => {
  const dataDirectory = box.newDataFolder()
  const [own, ...neighbours] = await Promise.all([
    openEmbedded({ dataDirectory }),
    openNeighbour(dataDirectory),
    openNeighbour(dataDirectory),
  ])
  assert.equal([own, ...neighbours].filter(({ started }) => started).length, 1)
  assert.equal(new Set([own, ...neighbours].map(({ pid }) => pid)).size, 1)
  await Promise.all([own.stop(), ...neighbours.map(stopNeighbour)])
  await until('the server stops', () => !isAlive(own.pid))
  assert.deepEqual((await readdir(dataDirectory)).toSorted(), ['postgres', 'postgres.log'])
})

test('processes that come and go at the same time always find a running server', async () => {
  const dataDirectory = box.newDataFolder()
  const visit = async () => {
    for (let round = 0; round < 6; round++) {
      const embedded = await openEmbedded({ dataDirectory, settings: { fsync: 'off' } })
      await using(embedded, (sql) => sql`select 1`)
      await embedded.stop()
    }
  }
  await Promise.all([visit(), visit(), visit()])
  const last = await openEmbedded({ dataDirectory })
  await last.stop()
  await until('it is gone', () => !isAlive(last.pid))
})

test('an initialisation that was cut short is no obstacle, and its remains are removed later', async () => {
  const dataDirectory = box.newDataFolder()
  const fresh = join(dataDirectory, '.postgres-new-aaaaaa')
  const old = join(dataDirectory, '.postgres-new-bbbbbb')
  for (const folder of [fresh, old]) {
    await mkdir(join(folder, 'base'), { recursive: true })
    await writeFile(join(folder, 'PG_VERSION'), '18\n')
  }
  execFileSync('touch', ['-t', '202001010000', old])
  const embedded = await openEmbedded({ dataDirectory })
  assert.equal(embedded.started, true)
  await embedded.stop()
  assert.deepEqual([existsSync(fresh), existsSync(old)], [true, false])
})

test('paths too long or too odd for a socket address work', async () => {
  for (const dataDirectory of [
    join(box.newDataFolder(), 'a-long-name-'.repeat(12), 'and-another-'.repeat(12)),
    join(box.newDataFolder(), 'a,b:c d%20\'"ü'),
  ]) {
    const embedded = await openEmbedded({ dataDirectory })
    const neighbour = await openNeighbour(dataDirectory)
    assert.deepEqual([neighbour.started, neighbour.pid], [false, embedded.pid])
    const rows = await using(embedded, (sql) => sql`select 1 as one`)
    assert.deepEqual([...rows], [{ one: 1 }])
    await stopNeighbour(neighbour)
    await embedded.stop()
    await until('it is gone', () => !isAlive(embedded.pid))
  }
})

test('a cluster of another major version is refused and left as it is', async () => {
  const dataDirectory = box.newDataFolder()
  const cluster = join(dataDirectory, 'postgres')
  await mkdir(cluster, { recursive: true, mode: 0o700 })
  await writeFile(join(cluster, 'PG_VERSION'), '13\n')
  await assert.rejects(openEmbedded({ dataDirectory }), {
    message: /was made by PostgreSQL 13 and cannot be opened by PostgreSQL 18: nothing was changed/,
  })
  assert.deepEqual(await readdir(cluster), ['PG_VERSION'])
  assert.deepEqual(await readdir(dataDirectory), ['postgres'])
})

test('a folder that holds something else is refused and left as it is', async () => {
  const dataDirectory = box.newDataFolder()
  const cluster = join(dataDirectory, 'postgres')
  await mkdir(cluster, { recursive: true })
  await writeFile(join(cluster, 'letter.txt'), 'dear diary')
  await assert.rejects(openEmbedded({ dataDirectory }), /is not a PostgreSQL database/)
  assert.deepEqual(await readdir(cluster), ['letter.txt'])

  const file = join(dataDirectory, 'postgres', 'letter.txt')
  await assert.rejects(openEmbedded({ dataDirectory: file }), /Cannot use the data folder/)
})

test('a server that cannot start says why, in one line', async () => {
  const dataDirectory = box.newDataFolder()
  await assert.rejects(openEmbedded({ dataDirectory, settings: { shared_buffers: 'plenty' } }), {
    message: /^PostgreSQL did not start: invalid value for parameter "shared_buffers": "plenty".*$/,
  })
  const repaired = await openEmbedded({ dataDirectory })
  await repaired.stop()
})
