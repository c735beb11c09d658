import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCoalesced } from './coalesced.ts'

test('who asks the same in one turn shares a read, who asks later gets a new one', async () => {
  const together = createCoalesced<number>()
  let reads = 0
  const read = async () => {
    reads += 1
    return reads
  }
  assert.deepEqual(
    await Promise.all([together('a', read), together('a', read), together('b', read)]),
    [1, 1, 2],
  )
  assert.equal(await together('a', read), 3)
})

test('nobody joins a read that has been sent', async () => {
  const together = createCoalesced<string>()
  const gate = Promise.withResolvers<string>()
  const sent = Promise.withResolvers<void>()
  const early = together('a', () => {
    sent.resolve()
    return gate.promise
  })
  await sent.promise
  const late = together('a', async () => 'new')
  assert.equal(await late, 'new')
  gate.resolve('old')
  assert.equal(await early, 'old')
})

test('a read that fails fails for those who shared it, and is asked again', async () => {
  const together = createCoalesced<number>()
  const fail = async () => {
    throw new Error('gone')
  }
  const results = await Promise.allSettled([together('a', fail), together('a', fail)])
  assert.ok(results.every(({ status }) => status === 'rejected'))
  assert.equal(await together('a', async () => 1), 1)
})
