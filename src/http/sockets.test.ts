import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { followSockets } from './sockets.ts'

test('connections on which nothing moves are closed: silent ones, idle ones, and who does not read', async () => {
  const long = Buffer.alloc(64 * 1024 * 1024)
  const server = createServer((request, response) => response.end(request.url === '/' ? '' : long))
  followSockets(server, { isTls: false, lookMs: 20 })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number } // It listens on a port.
  const say = (text: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(text)
    return socket
  }
  const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
  const asking = say(request('/'))
  const busy = setInterval(() => asking.write(request('/')), 10)
  const idle = [say(''), say('GET / HT'), say(request('/'))]
  const deaf = say(request('/long'))
  for (const socket of [asking, ...idle]) socket.resume()
  await Promise.all(idle.map((socket) => once(socket, 'close')))
  while ((await countOf(server)) > 1) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.equal(asking.destroyed, false)
  clearInterval(busy)
  await once(asking, 'close')
  deaf.destroy()
  server.close()
})

const countOf = (server: ReturnType<typeof createServer>): Promise<number> =>
  new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
