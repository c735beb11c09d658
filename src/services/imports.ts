import { transact } from '../db/transact.ts'
import { refuse } from '../errors.ts'
import type { Deps } from './deps.ts'
import type { ImportJob, ImportSubmission } from './imports-commands.ts'
import { type ImportRow, importColumns, toImportJob } from './imports-rows.ts'
import { runImports } from './imports-run.ts'
import { undoImport } from './imports-undo.ts'

/** Unfinished jobs of one merchant; beyond it a sender has to wait. */
const UNFINISHED_MAX = 100
/** 192 bits: whoever has the address of a file may read it, and it holds codes. */
const OPAQUE_BYTES = 24
/** Faults of one page of a list; the worst file there can be has four million bytes of them. */
const PAGE_FAULT_BYTES_MAX = 32n * 1024n * 1024n
/** Any fixed number; with the merchant's id it makes those who send for one merchant take turns. */
const SUBMIT_LOCK = 1_229_803_602

export type Imports = ReturnType<typeof createImports>

/** Imports of gift cards from files, as jobs (specs/inventorum.md 9). */
export function createImports(deps: Deps) {
  const { db, now, randomBytes } = deps
  const listeners = new Set<() => void>()
  return {
    /** Keeps a file to be imported; whoever works on jobs hears of it. Refuses `overloaded`. */
    async submit({ merchantId, userId, file, fileName }: ImportSubmission): Promise<ImportJob> {
      const opaque = randomBytes(OPAQUE_BYTES).toString('base64url')
      const job = await transact(db, async (tx) => {
        // In turn, so that the order of ids is the order in which jobs become visible.
        await tx`select pg_advisory_xact_lock(${SUBMIT_LOCK}::int4, hashint8(${merchantId}::int8))`
        const [waiting] = await tx<{ count: bigint }[]>`
          select count(*) from imports
          where merchant_id = ${merchantId} and state in ('queued', 'running')`
        if (Number(waiting?.count ?? 0n) >= UNFINISHED_MAX) refuse({ code: 'overloaded' })
        const at = now()
        const [row] = await tx<[ImportRow]>`
          insert into imports (merchant_id, user_id, file, file_name, opaque, created_at, changed_at)
          values (${merchantId}, ${userId}, ${file}, ${fileName}, ${opaque}, ${at}::timestamptz, ${at}::timestamptz)
          returning ${importColumns(tx)}`
        return toImportJob(row)
      })
      for (const listener of listeners) listener()
      return job
    },

    async find(merchantId: bigint, id: bigint): Promise<ImportJob | undefined> {
      const [row] = await db<ImportRow[]>`
        select ${importColumns(db)} from imports where merchant_id = ${merchantId} and id = ${id}`
      return row && toImportJob(row)
    },

    async count(merchantId: bigint): Promise<number> {
      const [row] = await db<{ count: bigint }[]>`
        select count(*) from imports where merchant_id = ${merchantId}`
      return Number(row?.count ?? 0n)
    },

    /** Newest first. Refuses `overloaded` when a page would not fit in memory: a shorter one will. */
    async list(
      merchantId: bigint,
      { offset, limit }: { readonly offset: number; readonly limit: number },
    ): Promise<readonly ImportJob[]> {
      const [page] = await db<{ bytes: bigint | null }[]>`
        select sum(octet_length(faults))::int8 as bytes from (
          select faults from imports where merchant_id = ${merchantId}
          order by id desc offset ${offset} limit ${limit}) p`
      if ((page?.bytes ?? 0n) > PAGE_FAULT_BYTES_MAX) refuse({ code: 'overloaded' })
      const rows = await db<ImportRow[]>`
        select ${importColumns(db)} from imports where merchant_id = ${merchantId}
        order by id desc offset ${offset} limit ${limit}`
      return rows.map(toImportJob)
    },

    /** A file by its address; the name must match too. */
    async findFile(
      merchantId: bigint,
      opaque: string,
      fileName: string,
    ): Promise<Buffer | undefined> {
      const [row] = await db<{ file: Buffer }[]>`
        select file from imports
        where merchant_id = ${merchantId} and opaque = ${opaque} and file_name = ${fileName}`
      return row?.file
    },

    undo: undoImport(deps),

    /** Works on all jobs that nobody else works on; how a file is read is the caller's. */
    run: runImports(deps),

    /** Calls back when this process accepted a job. */
    onSubmitted(listener: () => void): void {
      listeners.add(listener)
    },
  }
}
