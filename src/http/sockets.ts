import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** How long a stop waits for requests that are under way. */
const FINISH_MS_MAX = 5_000
/** How often connections are looked at, and how often nothing may have moved: for a minute or so. */
const LOOK_MS = 15_000
const LOOKS_MAX = 4

export type Sockets = {
  /** Somebody has sent a request on this one. */
  readonly heard: (socket: Socket) => void
  /**
   * Hangs up on whoever never asked for anything (browsers and health checks open connections like
   * that), and after a while on everybody: a server that is closing waits for its last connection.
   */
  readonly finish: () => void
}

/**
 * Follows the connections of a server, so that it can come to its end, and closes those on which nothing
 * moves, also of whoever does not read answers. A timer for each would cost a twentieth of all speed.
 */
export function followSockets(
  server: Server,
  { isTls, lookMs = LOOK_MS }: { readonly isTls: boolean; readonly lookMs?: number },
): Sockets {
  const all = new Map<Socket, { moved: number; looks: number }>()
  const silent = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    all.set(socket, { moved: 0, looks: 0 })
    socket.once('close', () => all.delete(socket))
  })
  const looking = setInterval(() => {
    for (const [socket, seen] of all) {
      const moved = socket.bytesRead + socket.bytesWritten
      seen.looks = moved === seen.moved ? seen.looks + 1 : 0
      seen.moved = moved
      if (seen.looks >= LOOKS_MAX) socket.destroy()
    }
  }, lookMs)
  looking.unref()
  server.once('close', () => clearInterval(looking))
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
        for (const socket of all.keys()) socket.destroy()
      }, FINISH_MS_MAX)
      server.once('close', () => clearTimeout(cut))
    },
  }
}
