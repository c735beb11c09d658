import { closeSync, existsSync, mkdtempSync, openSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of sockets by a name that is short enough for a socket's address. */
export type SocketFolder = {
  readonly path: string
  close(): void
}

/** 108 bytes on Linux and 104 on macOS, less `/.s.PGSQL.5432` and the end mark. */
const BYTES_MAX = 88

/**
 * Gives a folder a name under which this process can connect to its sockets: its own path, or, where
 * that is too long (or has a character that postgres.js reads as a list of hosts), a detour to it.
 */
export function openSocketFolder(folder: string): SocketFolder {
  if (Buffer.byteLength(folder) <= BYTES_MAX && !/[,:]/.test(folder)) {
    return { path: folder, close: () => {} }
  }
  if (existsSync('/proc/self/fd')) {
    const fd = openSync(folder, 'r')
    return { path: `/proc/self/fd/${fd}`, close: once(() => closeSync(fd)) }
  }
  const detour = mkdtempSync(join(tmpdir(), 'scrip-'))
  symlinkSync(folder, join(detour, 's'))
  return {
    path: join(detour, 's'),
    close: once(() => rmSync(detour, { recursive: true, force: true })),
  }
}

/** A number that was closed twice could by then be somebody else's file. */
function once(close: () => void): () => void {
  let isOpen = true
  return () => {
    if (isOpen) close()
    isOpen = false
  }
}
