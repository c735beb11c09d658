import type { Logger } from 'pino'
import type { Imports } from '../services/imports.ts'
import { readImport } from './reader.ts'

/** How often jobs are looked for that another process accepted, or left when it died. */
const LOOK_SECONDS = 1

/**
 * Works on imports in the background: at once when this process accepts one, and every second in case
 * another did. Never twice at the same time, so one file is read at a time.
 */
export function startImportRunner(
  imports: Imports,
  log: Logger,
): { readonly stop: () => Promise<void> } {
  let running: Promise<void> | undefined
  let again = false
  const stopping = new AbortController()

  const work = async (): Promise<void> => {
    do {
      again = false
      try {
        await imports.run(readImport, stopping.signal)
      } catch (error) {
        log.warn({ err: error }, 'imports could not be looked for and will be tried again')
      }
    } while (again && !stopping.signal.aborted)
  }
  const wake = (): void => {
    again = true
    if (stopping.signal.aborted) return
    running ??= work().finally(() => {
      running = undefined
    })
  }
  const timer = setInterval(wake, LOOK_SECONDS * 1_000).unref()
  imports.onSubmitted(wake)
  return {
    async stop() {
      stopping.abort()
      clearInterval(timer)
      await running
    },
  }
}
