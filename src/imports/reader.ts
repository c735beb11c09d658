import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { createZone } from '../money/zone.ts'
import type { ImportPlan, ReadImport, ReadTask } from '../services/imports-commands.ts'
import { FileError } from './package.ts'
import { fileFault, IMPORT_LIMITS, planImport } from './plan.ts'
import { readFirstSheet } from './xlsx.ts'

/**
 * Two hundred megabytes hold any file within the limits several times over; a file that needs more is
 * built to. Such a file ends its thread, not the server.
 */
const MEMORY = {
  maxOldGenerationSizeMb: 160,
  maxYoungGenerationSizeMb: 32,
  stackSizeMb: 4,
} as const
const TIMEOUT_MS = 60_000

/** Reads a file in a thread of its own, with bounded memory and time, so that requests go on. */
export const readImport: ReadImport = (task, signal) => {
  const { promise, resolve, reject } = Promise.withResolvers<ImportPlan>()
  const worker = new Worker(fileURLToPath(import.meta.url), {
    workerData: task,
    resourceLimits: MEMORY,
    // Hostile bytes are read in there: it needs no secret of ours.
    env: {},
    execArgv: [],
  })
  const timer = setTimeout(() => resolve(refusal), TIMEOUT_MS)
  const abort = (): void => reject(new Error('reading was stopped'))
  signal.addEventListener('abort', abort)
  worker.once('message', resolve)
  // Out of memory, or a defect that this very file brings out: it cannot be imported either way.
  worker.once('error', () => resolve(refusal))
  worker.once('exit', () => resolve(refusal))
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    return worker.terminate()
  })
}

const refusal: ImportPlan = { faults: [fileFault('not_a_workbook')] }

/** The whole of reading a file, without a thread. */
export async function readImportHere(task: ReadTask): Promise<ImportPlan> {
  try {
    const rows = await readFirstSheet(Buffer.from(task.bytes), IMPORT_LIMITS)
    return planImport(
      rows,
      { zone: createZone(task.timeZone), taxTypes: task.taxTypes },
      task.sentAt,
    )
  } catch (error) {
    if (error instanceof FileError) return { faults: [fileFault(error.fault)] }
    throw error
  }
}

if (!isMainThread && parentPort !== null && isReadTask(workerData))
  parentPort.postMessage(await readImportHere(workerData))

function isReadTask(data: unknown): data is ReadTask {
  return typeof data === 'object' && data !== null && 'bytes' in data && 'sentAt' in data
}
