import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { pino } from 'pino'
import { empty, send } from './answer.ts'
import { createMetrics } from './metrics.ts'
import { createListener } from './server.ts'

/** Clients that leave in the middle of a request, which a server must survive for ever. */

const log = pino({ level: 'silent' })
const metrics = () => createMetrics({ queued: () => 0, poolInUse: () => 0, poolMax: 1 })

describe('a client that leaves', { timeout: 30_000 }, () => {
  const app = createListener(log, metrics())
  /** Resolves the next time somebody waits in the hook that looks up who is calling. */
  let arrived = Promise.withResolvers<void>()
  let admitted = Promise.withResolvers<void>()
  let ended = Promise.withResolvers<string>()
  let port = 0
  before(async () => {
    await app.register(async (scope) => {
      scope.addHook('onRequest', async (request) => {
        if (request.method !== 'POST') return
        arrived.resolve()
        await admitted.promise
      })
      scope.setErrorHandler((error, _request, reply) => {
        ended.resolve(error instanceof Error ? error.message : '')
        return send(reply, empty(400))
      })
      scope.post('/', async () => {
        ended.resolve('handled')
        return ''
      })
      scope.get('/', (_request, reply) => send(reply, empty(200)))
    })
    port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
  })
  after(() => app.close())

  const leave = async (text: string): Promise<string> => {
    arrived = Promise.withResolvers()
    admitted = Promise.withResolvers()
    ended = Promise.withResolvers()
    const socket = connect(port, '127.0.0.1')
    socket.write(text)
    await arrived.promise
    socket.resetAndDestroy()
    await once(socket, 'close')
    // The server has heard of it when another connection, made later, is answered.
    await fetch(`http://127.0.0.1:${port}/`)
    admitted.resolve()
    return await ended.promise
  }
  const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 10\r\n\r\n'

  test('before its body came, while it was being admitted, is an error and no endless wait', async () => {
    assert.equal(await leave(`${head}abc`), 'cut off')
    assert.equal(await leave(`${head}abcdefghij`), 'cut off')
  })

  test('leaves no mark: after ever so many the server still answers', async () => {
    // More than may be under way at once would be refused if those who left still counted.
    for (let round = 0; round < 60; round++) {
      admitted.resolve()
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          const socket = connect(port, '127.0.0.1')
          socket.on('error', () => {})
          socket.end(`${head}abc`)
          socket.resume()
          await once(socket, 'close')
        }),
      )
    }
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200)
  })
})
