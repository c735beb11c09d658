import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  createBox,
  isAlive,
  killNeighbour,
  openNeighbour,
  stopNeighbour,
  until,
  using,
} from '../../test/support/neighbour.ts'
import { chooseAccount } from './account.ts'
import { openEmbedded } from './embedded.ts'

const NEEDS_PROC = existsSync('/proc/self/cwd') ? false : 'needs /proc'

const box = await createBox()

test('a killed process leaves a healthy server, which the next start joins', async () => {
  const dataDirectory = box.newDataFolder()
  const neighbour = await openNeighbour(dataDirectory)
  await killNeighbour(neighbour)
  const next = await openEmbedded({ dataDirectory })
  assert.deepEqual([next.started, next.pid], [false, neighbour.pid])
  await next.stop()
  await until('it is gone', () => !isAlive(neighbour.pid))
})

test('no row that was acknowledged is lost when process and server are killed under writes', async () => {
  const dataDirectory = box.newDataFolder()
  const work = `
    const sql = postgres({ ...embedded.connection, max: 4, onnotice: () => {} })
    await sql\`create table if not exists rows (id bigserial primary key, text text)\`
    const write = async () => {
      for (;;) {
        const [row] = await sql\`insert into rows (text) values (repeat('x', 100)) returning id\`
        process.stdout.write(row.id + '\\n')
      }
    }
    write(); write(); write(); write()`
  for (let round = 1; round <= 3; round++) {
    const neighbour = await openNeighbour(dataDirectory, { work })
    assert.equal(neighbour.started, true)
    await until('rows are written', () => neighbour.lines.length > 200 * round)
    process.kill(-neighbour.pid, 'SIGKILL')
    await killNeighbour(neighbour)

    const next = await openEmbedded({ dataDirectory })
    assert.equal(next.started, true)
    const kept = await using(next, (sql) => sql<{ id: string }[]>`select id from rows`)
    const ids = new Set(kept.map(({ id }) => id))
    assert.deepEqual(
      neighbour.lines.filter((id) => !ids.has(id)),
      [],
    )
    await next.stop()
  }
})

test('whoever loses the server has it back without doing anything', async () => {
  const dataDirectory = box.newDataFolder()
  const told: string[] = []
  const embedded = await openEmbedded({ dataDirectory, log: (line) => told.push(line) })
  const neighbour = await openNeighbour(dataDirectory)
  const lost = embedded.pid
  process.kill(-lost, 'SIGKILL')
  await until('there is a new server', () => embedded.pid !== lost)
  assert.deepEqual(await using(embedded, async (sql) => [...(await sql`select 1 as one`)]), [
    { one: 1 },
  ])
  assert.ok(told.some((line) => line.includes('lost the embedded PostgreSQL')))
  await embedded.stop()
  await stopNeighbour(neighbour)
  await until('it is gone', () => !isAlive(embedded.pid))
})

test('a session that is busy for long after its server was killed does not block the next start', {
  skip: NEEDS_PROC,
}, async () => {
  const dataDirectory = box.newDataFolder()
  const neighbour = await openNeighbour(dataDirectory, {
    work: `
      const sql = postgres({ ...embedded.connection, max: 2, onnotice: () => {} })
      sql\`select count(*) from generate_series(1, 3000000000)\`.catch(() => {})
      for (;;) {
        const busy = await sql\`select from pg_stat_activity
          where query like '%generate_series%' and pid <> pg_backend_pid() and state = 'active'\`
        if (busy.length > 0) console.log('busy')
      }`,
  })
  await until('the query runs', () => neighbour.lines.length > 0)
  process.kill(neighbour.pid, 'SIGKILL') // The postmaster alone.
  await killNeighbour(neighbour)
  const next = await openEmbedded({ dataDirectory })
  assert.equal(next.started, true)
  await next.stop()
})

test('a lock file whose number now belongs to some other program is no obstacle', async () => {
  const dataDirectory = box.newDataFolder()
  const first = await openEmbedded({ dataDirectory })
  const cluster = join(dataDirectory, 'postgres')
  const account = await chooseAccount(await stat(cluster))
  const pidFile = await readFile(join(cluster, 'postmaster.pid'), 'utf8')
  process.kill(-first.pid, 'SIGKILL')
  await first.stop()
  await until('the server is gone', () => !isAlive(first.pid))

  const stranger = spawn('sleep', ['60'], account ? { uid: account.uid, gid: account.gid } : {})
  for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
    await writeFile(
      join(cluster, name),
      pidFile.replace(String(first.pid), String(stranger.pid)).replace('ready', 'stopping'),
    )
    if (account !== undefined) await chown(join(cluster, name), account.uid, account.gid)
  }
  const second = await openEmbedded({ dataDirectory })
  assert.equal(second.started, true)
  assert.equal(isAlive(stranger.pid ?? 0), true)
  stranger.kill()
  await second.stop()
})
