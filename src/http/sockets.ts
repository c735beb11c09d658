import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** How long a stop waits for requests that are under way. */
const FINISH_MS_MAX = 5_000

export type Sockets = {
  /** Somebody has sent a request on this one. */
  readonly heard: (socket: Socket) => void
  /**
   * Hangs up on whoever never asked for anything (browsers and health checks open connections like
   * that), and after a while on everybody: a server that is closing waits for its last connection.
   */
  readonly finish: () => void
}

/** Follows the connections of a server, so that it can come to its end. */
export function followSockets(server: Server, isTls: boolean): Sockets {
  const all = new Set<Socket>()
  const silent = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    all.add(socket)
    socket.once('close', () => all.delete(socket))
  })
  // With TLS a request comes by another object than its connection does.
  server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  return {
    heard: (socket) => silent.delete(socket),
    finish: () => {
      for (const socket of silent) socket.destroy()
      const cut = setTimeout(() => {
        for (const socket of all) socket.destroy()
      }, FINISH_MS_MAX)
      server.once('close', () => clearTimeout(cut))
    },
  }
}
