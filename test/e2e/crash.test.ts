import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashRounds } from '../support/crash.ts'

test('ten kills of server and database under load lose nothing and double nothing', async () => {
  const report = await crashRounds(10)
  assert.ok(report.acknowledged > 100, `only ${report.acknowledged} changes were acknowledged`)
  assert.equal(report.lost, 0, 'every acknowledged change is there')
  assert.equal(report.doubled, 0, 'none is there twice')
  assert.ok(report.verified, 'scrip verify passes')
})
