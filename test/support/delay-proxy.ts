import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A way to a PostgreSQL on which every message takes its time. */
export type DelayProxy = {
  /** The same database, by the slow way. */
  readonly url: string
  /** From now on nothing comes through, in either direction, and nobody is told. */
  readonly freeze: () => void
  readonly thaw: () => void
  readonly close: () => Promise<void>
}

/**
 * Stands between a server and its database and holds back every chunk, in both directions, for a random
 * time: what was read before a lock is then old when it is used. The order within a connection stays.
 */
export async function openDelayProxy(url: string, delayMsMax: number): Promise<DelayProxy> {
  const target = new URL(url)
  const host = decodeURIComponent(target.hostname)
  const sockets = new Set<Socket>()
  let isFrozen = false
  const listener = createServer((client) => {
    const server = host.startsWith('/')
      ? createConnection(`${host}/.s.PGSQL.${target.port}`)
      : createConnection(Number(target.port), host)
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from)
      let last: Promise<unknown> = Promise.resolve()
      const later = (act: () => void) => {
        last = last.then(() => sleep(Math.random() * delayMsMax)).then(act)
      }
      from.setNoDelay(true)
      from.on('data', (chunk) => later(() => void (to.writable && to.write(chunk))))
      from.on('end', () => later(() => to.end()))
      from.on('error', () => to.destroy())
      from.on('close', () => sockets.delete(from))
      if (isFrozen) from.pause()
    }
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const slow = new URL(`postgres://127.0.0.1:${address.port}${target.pathname}`)
  slow.username = target.username
  slow.password = target.password
  return {
    url: slow.href,
    freeze: () => {
      isFrozen = true
      for (const socket of sockets) socket.pause()
    },
    thaw: () => {
      isFrozen = false
      for (const socket of sockets) socket.resume()
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}
