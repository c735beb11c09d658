import { setImmediate } from 'node:timers/promises'

/**
 * One read for everybody who asks the same within one turn of the event loop. Nobody joins a read that
 * has been sent: whoever has just written something sees it.
 */
export function createCoalesced<T>() {
  const waiting = new Map<string, Promise<T>>()
  return (key: string, read: () => Promise<T>): Promise<T> => {
    const joined = waiting.get(key)
    if (joined) return joined
    const asked = setImmediate().then(() => {
      waiting.delete(key)
      return read()
    })
    waiting.set(key, asked)
    return asked
  }
}
