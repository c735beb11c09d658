import type { Logger } from 'pino'

/** Something done again and again in the background; `stop` waits for a run that is under way. */
export type Worker = { readonly stop: () => Promise<void> }

/** Runs `work` every so often, never twice at once; a failure is logged and the next run tries again. */
export function every(
  seconds: number,
  name: string,
  log: Logger,
  work: () => Promise<void>,
): Worker {
  let running: Promise<void> = Promise.resolve()
  let stopped = false
  let timer: NodeJS.Timeout
  const run = async (): Promise<void> => {
    try {
      await work()
    } catch (error) {
      log.warn({ err: error, worker: name }, 'a background run failed and will be tried again')
    }
    if (!stopped) schedule()
  }
  const schedule = (): void => {
    timer = setTimeout(() => {
      running = run()
    }, seconds * 1_000)
    timer.unref()
  }
  schedule()
  return {
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
