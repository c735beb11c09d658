import type { Decimal } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import type { Zone } from '../money/zone.ts'

/** What an import is made of, between the file, the job and the cards (specs/inventorum.md 9). */

/** A file to be imported, and for whom. */
export type ImportSubmission = {
  readonly merchantId: bigint
  /** The credential that sent it. */
  readonly userId: bigint
  readonly file: Buffer
  /** The name it is kept under, free of anything but letters, digits and `._-`. */
  readonly fileName: string
}

/** What an account brings to its import. */
export type ImportAccount = {
  readonly zone: Zone
  readonly taxTypes: readonly ImportTaxType[]
}
export type ImportTaxType = { readonly id: bigint; readonly rate: Decimal }

/** A card that an import will issue if nothing stands against the whole file. */
export type PlannedCard = {
  readonly code: string
  readonly name: string
  readonly validUntil: Instant
  /** Ledger units. */
  readonly units: bigint
  readonly taxTypeId: bigint
}

/** A fault by the cell's address, or by `source_file` or `redeem_code`; in the order to be told. */
export type ImportFault = readonly [place: string, text: string]

/** Codes of the file that are taken, in file order, as Python prints a list (specs/inventorum.md 9.4). */
export const duplicateFault = (codes: readonly string[]): ImportFault => [
  'redeem_code',
  `Duplicate redeem codes [${codes.map((code) => `'${code}'`).join(', ')}].`,
]

/**
 * Codes that stand in a file more than once or are taken already, each once, as first written and in file
 * order. `taken` are folded.
 */
export function offendingCodes(
  codes: readonly string[],
  taken: ReadonlySet<string>,
): readonly string[] {
  // Codes are ASCII by now: folding them depends on no locale.
  const byFolded = Map.groupBy(codes, (code) => code.toLowerCase())
  return [...byFolded].flatMap(([folded, [first = '', ...more]]) =>
    more.length > 0 || taken.has(folded) ? [first] : [],
  )
}

/** All cards, or every fault and no card. */
export type ImportPlan =
  | { readonly cards: readonly PlannedCard[] }
  | { readonly faults: readonly ImportFault[] }

/** A file that was sent at an instant, for an account; plain data, so that a thread can have it. */
export type ReadTask = {
  readonly bytes: Uint8Array
  readonly timeZone: string
  readonly taxTypes: readonly ImportTaxType[]
  readonly sentAt: Instant
}

/** Reads a file; rejects only when it is told to stop, or on a defect. */
export type ReadImport = (task: ReadTask, signal: AbortSignal) => Promise<ImportPlan>

export type ImportState = 'queued' | 'running' | 'done' | 'failed' | 'undone'

export type ImportJob = {
  readonly merchantId: bigint
  readonly id: bigint
  readonly state: ImportState
  readonly fileName: string
  readonly opaque: string
  /** Cards made, once it is done. */
  readonly imported: number | undefined
  /** Why it failed. */
  readonly faults: readonly ImportFault[] | undefined
  readonly createdAt: Instant
  readonly changedAt: Instant
  readonly completedAt: Instant | undefined
}
