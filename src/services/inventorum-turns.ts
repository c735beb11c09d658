import { createBatches } from './batches.ts'
import type { ShopCaller } from './inventorum-commands.ts'

/** What became of one command of a batch. */
export type Outcome<Result> = { readonly result: Result } | { readonly error: unknown }

/**
 * Commands in one commit, and commands waiting in this process, at most. A commit takes about as long as
 * answering its commands does: with half of 64 callers in each, neither waits for the other.
 */
const BATCH_MAX = 32
const WAITING_MAX = 2_000

/**
 * Commands of one shop take turns: those that arrive while a commit is under way share the next. A
 * refused command does not disturb its neighbours. Refuses `overloaded` before anything was begun.
 */
export function createTurns<Command extends { readonly caller: ShopCaller }, Result>(
  run: (batch: readonly Command[], onWriting: () => void) => Promise<readonly Outcome<Result>[]>,
): (command: Command) => Promise<Result> {
  const batches = createBatches<Command, Outcome<Result>>({
    run,
    keyOf: ({ caller }) => caller.merchant.id.toString(),
    alone: () => false,
    batchMax: BATCH_MAX,
    queueMax: WAITING_MAX,
  })
  return async (command) => {
    const outcome = await batches.submit(command)
    if ('error' in outcome) throw outcome.error
    return outcome.result
  }
}

/** Runs what may refuse; the refusal is its outcome. */
export function attempt<Result>(work: () => Result): Outcome<Result> {
  try {
    return { result: work() }
  } catch (error) {
    return { error }
  }
}
