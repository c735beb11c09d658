import { isUndone } from '../db/transact.ts'
import { DomainError, refuse } from '../errors.ts'
import { takeTurns, type Unit } from '../ledger/turns.ts'

/** How commands are gathered; `T` is what one is answered with. */
export type BatchOptions<C, T> = {
  /**
   * Does several commands as one unit of work, and answers each. It says when there is time to tell the
   * callers of the last unit, best while much is written (see `takeTurns`).
   */
  readonly run: (commands: readonly C[], onWriting: () => void) => Promise<readonly T[]>
  /** Commands that may share a unit of work have the same key; one unit of a key runs at a time. */
  readonly keyOf: (command: C) => string
  /** Whether it must be a unit of work of its own. */
  readonly alone: (command: C) => boolean
  readonly batchMax: number
  /** Commands waiting at most, over all keys. */
  readonly queueMax: number
}

export type Batches<C, T> = {
  /** Answers after the commit; refuses `overloaded` before anything was begun. */
  readonly submit: (command: C) => Promise<T>
  /** Waits for what was submitted, then refuses more. */
  readonly close: () => Promise<void>
}

type Waiting<C, T> = {
  readonly command: C
  readonly resolve: (result: T) => void
  readonly reject: (error: unknown) => void
}

/**
 * Many callers, one unit of work: while one commits, what arrives for the same key waits and becomes the
 * next, so that there is no timer and an idle server adds no latency. If a unit fails as a whole, its
 * commands are tried once more one by one, so that a bad one hurts nobody else.
 */
export function createBatches<C, T>({
  run,
  keyOf,
  alone,
  batchMax,
  queueMax,
}: BatchOptions<C, T>): Batches<C, T> {
  const queues = new Map<string, Waiting<C, T>[]>()
  const idle = new Set<() => void>()
  let queued = 0
  let closed = false

  /** Runs a unit; who calls what this returns tells all callers what became of it. */
  async function settle(
    batch: readonly Waiting<C, T>[],
    onWriting = () => {},
  ): Promise<() => void> {
    try {
      const results = await run(
        batch.map(({ command }) => command),
        onWriting,
      )
      return () =>
        batch.forEach(({ resolve, reject }, index) => {
          const result = results[index]
          if (result === undefined) reject(new Error('a command without a result'))
          else resolve(result)
        })
    } catch (error) {
      // Busy for all is busy for each: waiting for the same lock again, one by one, helps nobody.
      // After a lost connection nobody knows whether the commit came through: again could mean twice.
      const apart = batch.length > 1 && !(error instanceof DomainError) && isUndone(error)
      if (apart) for (const waiting of batch) (await settle([waiting]))()
      else for (const { reject } of batch) reject(error)
      return () => {}
    }
  }

  /** What is next: in order, and nothing beside a command that must be alone. */
  function next(key: string, queue: Waiting<C, T>[]): Unit | undefined {
    if (queue.length === 0) {
      queues.delete(key)
      return undefined
    }
    const lone = queue.findIndex(({ command }) => alone(command))
    const batch = queue.splice(
      0,
      lone === 0 ? 1 : Math.min(lone < 0 ? queue.length : lone, batchMax),
    )
    return async (onWriting) => {
      const tell = await settle(batch, onWriting)
      queued -= batch.length
      return tell
    }
  }

  async function drain(key: string, queue: Waiting<C, T>[]): Promise<void> {
    await takeTurns(() => next(key, queue))
    if (queues.size === 0) for (const wake of idle) wake()
  }

  return {
    submit: (command) =>
      new Promise((resolve, reject) => {
        if (closed || queued >= queueMax) refuse({ code: 'overloaded' })
        queued += 1
        const key = keyOf(command)
        const waiting = { command, resolve, reject }
        const queue = queues.get(key)
        if (queue) {
          queue.push(waiting)
          return
        }
        const started = [waiting]
        queues.set(key, started)
        drain(key, started).catch(reject)
      }),
    close: async () => {
      closed = true
      if (queues.size > 0) await new Promise<void>((resolve) => idle.add(resolve))
    },
  }
}
