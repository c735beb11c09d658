import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verify } from '../../src/verify.ts'
import { startTestApp } from '../support/app.ts'
import { fuzzWorld } from '../support/fuzz-doors.ts'
import { prepareDoors } from '../support/fuzz-prepare.ts'
import { fuzzServer } from '../support/fuzz-server.ts'

/** `npm run bench:fuzz` does the same for as long as one likes. */
const REQUESTS = 3_000

test(`${REQUESTS} broken requests to all protocols: never a 5xx, never a hang, and the books are whole`, async () => {
  const server = await startTestApp({ world: fuzzWorld })
  try {
    const ids = await prepareDoors(server.http, server.owner)
    const { requests, statuses, findings } = await fuzzServer(server.http, {
      requests: REQUESTS,
      seed: 20_311_204,
      ids,
    })
    assert.deepEqual(findings, [])
    assert.equal(requests, REQUESTS)
    // Some get in, and most do not: otherwise the requests would be testing nothing.
    const good = (statuses.get(200) ?? 0) + (statuses.get(201) ?? 0)
    assert.ok(good > REQUESTS / 50 && good < REQUESTS / 2, JSON.stringify([...statuses]))
    assert.ok((statuses.get(400) ?? 0) > REQUESTS / 10, JSON.stringify([...statuses]))
    assert.equal((await verify(server.owner)).broken, undefined)
  } finally {
    await server.close()
  }
})
